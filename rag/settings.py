"""All settings as one frozen value, read once: argument over environment over ``.env`` over default.

A folder of documents may be somebody else's, and so may its ``.env``. So only the one beside this code, in a checkout,
may set everything. Any other may set what sends nothing anywhere: no address, key, model, password or host, and no
folder outside its own.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from rag.logs.steps import LOG_LEVELS

logger = logging.getLogger(__name__)

DEFAULT_EMBED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_RERANK_MODEL = "ms-marco-MiniLM-L12-v2"
LATE_RERANK_MODEL = "answerai-colbert-small-v1"
NO_MODEL = "none"
NO_KEY = "not-required"
ROUTES = ("local", "local-first", "cloud-first", "task")
"""How the model that answers may be chosen."""
SHORTEST_PASSWORD = 8
_CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULT_EMBED_MAX_TOKENS = 256  # what the default model reads of a text; it ignores the rest in silence


def _setting(env: str, help_text: str, *, low: float | None = None, high: float | None = None, **default: Any) -> Any:  # noqa: ANN401 (dataclasses.field is Any)
    return field(metadata={"env": env, "help": help_text, "low": low, "high": high}, **default)


@dataclass(frozen=True)
class Settings:
    """Every setting, its environment variable and its default. Build it with `Settings.load`."""

    corpus_dir: Path = _setting("RAG_CORPUS_DIR", "Folder with your documents.", default=Path("corpus"))
    index_dir: Path = _setting(
        "RAG_INDEX_DIR",
        "Folder of the index; may be deleted at any time, but the page's conversations go with it.",
        default=Path(".rag"),
    )
    embed_model: str = _setting(
        "RAG_EMBED_MODEL",
        "Embedding model: the packaged default, or any sentence-transformers model by name or folder.",
        default=DEFAULT_EMBED_MODEL,
    )
    chunk_size: int = _setting(
        "RAG_CHUNK_SIZE", "Largest chunk, in tokens of the embedding model.", default=220, low=32, high=8192
    )
    chunk_overlap: int = _setting(
        "RAG_CHUNK_OVERLAP",
        "Tokens of whole sentences that a chunk repeats from the one before.",
        default=32,
        low=0,
        high=4096,
    )
    ocr_languages: str = _setting(
        "RAG_OCR_LANGUAGES",
        "Languages of scanned pages, as Tesseract names them: eng+deu; empty for its own default.",
        default="",
    )
    top_k: int = _setting("RAG_TOP_K", "Passages given to the model.", default=6, low=1, high=32)
    rerank_model: str = _setting(
        "RAG_RERANK_MODEL",
        f"Reranking model: {LATE_RERANK_MODEL} or {PACKAGED_RERANK_MODEL} of the extra `rerank`, which read English,"
        " any sentence-transformers cross-encoder by name or folder, or none.",
        default=NO_MODEL,
    )
    # 12 passages of 220 tokens take the packaged model 0.37 s on 2 processors; the rest is for a machine that has other
    # work.
    rerank_ms: int = _setting(
        "RAG_RERANK_MS",
        "Longest time for reranking a question's passages, in milliseconds; what doesn't fit keeps its first order.",
        default=1500,
        low=1,
        high=600_000,
    )
    model: str = _setting("MODEL", "Foundry Local alias, or the model's name at BASE_URL.", default="phi-4-mini")
    base_url: str = _setting(
        "BASE_URL", "An OpenAI-compatible endpoint that already runs, with or without /v1.", default=""
    )
    api_key: str = _setting("API_KEY", "Key for BASE_URL, if it wants one.", default=NO_KEY, repr=False)
    azure_endpoint: str = _setting(
        "AZURE_OPENAI_ENDPOINT", "Address of an Azure OpenAI resource, whose deployment MODEL names.", default=""
    )
    azure_api_key: str = _setting("AZURE_OPENAI_API_KEY", "Key for AZURE_OPENAI_ENDPOINT.", default="", repr=False)
    azure_api_version: str = _setting(
        "AZURE_OPENAI_API_VERSION", "Version of Azure's interface, as its address has it.", default="2024-10-21"
    )
    route: str = _setting(
        "RAG_ROUTE",
        "Which model answers: local, the one above; local-first or cloud-first, that one and CLOUD_MODEL; task, one"
        " by what is asked.",
        default="local",
    )
    cloud_url: str = _setting(
        "CLOUD_BASE_URL",
        "OpenAI-compatible endpoint of the second model; empty for AZURE_OPENAI_ENDPOINT.",
        default="",
    )
    cloud_model: str = _setting("CLOUD_MODEL", "The second model's name there.", default="")
    cloud_api_key: str = _setting("CLOUD_API_KEY", "Key for CLOUD_BASE_URL.", default="", repr=False)
    code_model: str = _setting(
        "RAG_CODE_MODEL", "Model for questions of code on the route task: MODEL, or MODEL@URL.", default=""
    )
    reasoning_model: str = _setting(
        "RAG_REASONING_MODEL", "Model for questions that need reasoning, in the same form.", default=""
    )
    private_folders: str = _setting(
        "RAG_PRIVATE_FOLDERS",
        "Folders of the corpus, or patterns as in .gitignore, separated by commas, whose documents no model on another"
        " machine reads.",
        default="",
    )
    trusted_hosts: str = _setting(
        "RAG_TRUSTED_HOSTS",
        "Hosts, separated by commas, whose models may read private text as if they were on this machine.",
        default="",
    )
    max_tokens: int = _setting("RAG_MAX_TOKENS", "Longest answer, in tokens.", default=500, low=1, high=32768)
    temperature: float = _setting(
        "RAG_TEMPERATURE", "0 gives the same answer each time.", default=0.0, low=0.0, high=2.0
    )
    foundry_dir: str = _setting(
        "RAG_FOUNDRY_DIR", "Folder of Foundry Local's data and downloaded models; empty for its own.", default=""
    )
    idle_minutes: float = _setting(
        "RAG_IDLE_MINUTES",
        "Minutes after which a model of this process that nobody asks gives its memory back; 0 for never.",
        default=0.0,
        low=0.0,
        high=10_080.0,
    )
    foundry_catalog_url: str = _setting(
        "RAG_FOUNDRY_CATALOG_URL",
        "Another model catalog, for a network without internet; empty for the public one.",
        default="",
    )

    history: str = _setting(
        "RAG_HISTORY",
        "on keeps the conversations of the page beside the index; off keeps none and shows none.",
        default="on",
    )
    password: str = _setting(
        "RAG_PASSWORD",
        "Password that the page asks for, eight characters or more; needed to listen beyond this machine.",
        default="",
        repr=False,
    )
    hosts: str = _setting(
        "RAG_HOSTS", "More host names that the page answers to, separated by commas; needs RAG_PASSWORD.", default=""
    )
    public_url: str = _setting(
        "RAG_PUBLIC_URL",
        "Address at which browsers reach this server, for links in answers to programs; empty for the one that the"
        " program called.",
        default="",
    )
    cors_origins: str = _setting(
        "RAG_CORS_ORIGINS",
        "Web sites whose scripts may call the API, separated by commas: http://localhost:3000.",
        default="",
    )
    log_level: str = _setting(
        "RAG_LOG_LEVEL",
        "What servers write to logs/ in the index folder: none, warning, info, or debug, which is each step, and shown"
        " on the terminal too.",
        default="info",
    )

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, *, dotenv: Path | None = None, **arguments: object
    ) -> Settings:
        """Read the settings; arguments that are None count as not given.

        Raises SettingsError for a misspelt ``RAG_`` name or a value of the wrong kind, naming it.
        """
        env = dict(os.environ if environ is None else environ)
        values = {**_read_dotenv(dotenv if dotenv is not None or environ is not None else Path(".env")), **env}
        _refuse_unknown(values)
        chosen: dict[str, Any] = {}
        for spec in fields(cls):
            given = arguments.get(spec.name)
            name = spec.metadata["env"] if given is None else "--" + spec.name.removesuffix("_dir").replace("_", "-")
            raw = values.get(spec.metadata["env"]) if given is None else given
            if raw is not None and raw != "":
                chosen[spec.name] = _convert(name, raw, spec.default, spec.metadata)
        settings = cls(**chosen)
        settings._check()
        return settings

    @property
    def keys(self) -> list[str]:
        """Keys and passwords, which nobody may get to read: not in a log, nor in an error."""
        hidden = (getattr(self, spec.name) for spec in fields(self) if not spec.repr)
        return [key for key in hidden if key and key != NO_KEY]

    def list_changed(self) -> dict[str, str]:
        """The settings that aren't at their default, by their names; of a key or password only that there is one."""
        changed = (spec for spec in fields(self) if getattr(self, spec.name) != spec.default)
        shown = {spec.metadata["env"]: str(getattr(self, spec.name)) if spec.repr else "…" for spec in changed}
        return {name: re.sub(r"(?<=//)[^/@]*@", "…@", value) for name, value in shown.items()}

    @property
    def keeps_history(self) -> bool:
        return self.history == "on"

    def _check(self) -> None:
        if self.log_level not in LOG_LEVELS:
            raise SettingsError(f"RAG_LOG_LEVEL is {self.log_level!r}; it must be one of {', '.join(LOG_LEVELS)}.")
        if self.chunk_overlap >= self.chunk_size:
            raise SettingsError(
                f"RAG_CHUNK_OVERLAP ({self.chunk_overlap}) must be smaller than RAG_CHUNK_SIZE ({self.chunk_size})."
            )
        for name, url in (
            ("BASE_URL", self.base_url),
            ("AZURE_OPENAI_ENDPOINT", self.azure_endpoint),
            ("CLOUD_BASE_URL", self.cloud_url),
            ("RAG_PUBLIC_URL", self.public_url),
        ):
            if url and not url.startswith(("http://", "https://")):
                raise SettingsError(f"{name} is {url!r}; it must start with http:// or https://.")
        if self.azure_endpoint and not self.base_url and not self.azure_api_key:
            raise SettingsError("AZURE_OPENAI_ENDPOINT needs a key. Set AZURE_OPENAI_API_KEY.")
        if self.history not in ("on", "off"):
            raise SettingsError(f"RAG_HISTORY is {self.history!r}; it must be on or off.")
        self._check_route()
        if 0 < len(self.password) < SHORTEST_PASSWORD:
            raise SettingsError(f"RAG_PASSWORD is too short; it must have at least {SHORTEST_PASSWORD} characters.")

    def _check_route(self) -> None:
        if self.route not in ROUTES:
            raise SettingsError(f"RAG_ROUTE is {self.route!r}; it must be one of {', '.join(ROUTES)}.")
        has_cloud = self.cloud_model and (self.cloud_url or self.azure_endpoint)
        if self.route in ("local-first", "cloud-first") and not has_cloud:
            raise SettingsError(f"RAG_ROUTE={self.route} needs a second model. Set CLOUD_BASE_URL and CLOUD_MODEL.")
        if self.route == "task" and not (self.code_model or self.reasoning_model):
            raise SettingsError("RAG_ROUTE=task needs other models. Set RAG_CODE_MODEL or RAG_REASONING_MODEL.")


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    values = {name: value for name, value in dotenv_values(path).items() if value is not None}
    if path.resolve().parent != _CHECKOUT:
        folder = path.parent.resolve()
        refused = [spec.metadata["env"] for spec in fields(Settings) if not _may_come_from(folder, spec, values)]
        values = {name: value for name, value in values.items() if name not in refused}
        if refused:
            _tell_refused(path.resolve(), ", ".join(refused))
    return values


def _may_come_from(folder: Path, spec: Field[Any], values: Mapping[str, str]) -> bool:
    """Whether a folder's ``.env`` may say what it says of a setting."""
    value = values.get(spec.metadata["env"], "")
    if isinstance(spec.default, Path):
        return not value or (folder / Path(value).expanduser()).resolve().is_relative_to(folder)
    return not value or isinstance(spec.default, int | float) or spec.name == "ocr_languages"


@cache  # the settings are read several times by one command
def _tell_refused(path: Path, names: str) -> None:
    logger.warning(
        "Not taken from %s: %s; a folder's own file may not say where questions and documents go,"
        " so set that in the environment.",
        path,
        names,
    )


def _refuse_unknown(values: Mapping[str, str]) -> None:
    known = [spec.metadata["env"] for spec in fields(Settings)]
    for name in values:
        if name.startswith("RAG_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known settings: {', '.join(known)}."
            raise SettingsError(f"Unknown setting {name}. {hint}")


def _convert(name: str, raw: object, default: object, metadata: Mapping[str, Any]) -> object:
    kind: Any = type(default)
    if isinstance(default, Path):
        return Path(str(raw)).expanduser()
    try:
        value = kind(str(raw).strip())
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{name} is {str(raw)!r}; it must be {what}.") from None
    low, high = metadata["low"], metadata["high"]
    if low is not None and not low <= value <= high:
        raise SettingsError(f"{name} is {value}; it must be between {low} and {high}.")
    return value
