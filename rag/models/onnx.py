"""Models as ONNX files: exported once, opened, run. Sole owner of ONNX Runtime.

A model is exported once (see `rag.models.export`) and kept under ``models/``. From then on ONNX Runtime and
tokenizers alone run it. The export happens in a child process: torch would keep 1 GB of the service for ever, and hold
the interpreter's lock while somebody waits for a page.

Each text, or pair of texts, runs by itself, without padding, in one session that all threads share, one thread a run:
its result can't depend on its neighbours (the activations of a batch would share one quantisation scale), and equal
text gives equal results, run after run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeVar

from rag.errors import EmbeddingModelError
from rag.models.source import KINDS, Source, first_line

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Encoding, Tokenizer

    Vectors: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

Progress: TypeAlias = Callable[[str], None]
T = TypeVar("T")

EXPORT_VERSION = 1
"""Raise it when exported models would give other vectors, so that cached ones are made again."""

MODEL_FILE, TOKENIZER_FILE, _MANIFEST_FILE = "model.onnx", "tokenizer.json", "manifest.json"
ERROR_PREFIX = "Error: "
"""Begins the line with which an exporting process ends in vain; its other lines are progress."""

_ROOT = Path(__file__).resolve().parents[2]
_EXPORTER = "rag.models.export"
_EXPORTER_END_S = 5.0  # it clears away 200 MB when its input ends


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the exported model's results resemble the original's on the probes, 1 where they are equal.

    Cosines of vectors, one a text; concordance of scores, one a question.
    """

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
    """Of a vector; 1 for a model that scores pairs."""
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
        """Changes whenever results may change."""
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


def opened(source: Source, models_dir: Path, progress: Progress | None) -> tuple[Path, Manifest]:
    """The folder and the manifest of a whole export, made first if need be, which is told to `progress`.

    Raises EmbeddingModelError if the model can't be found, isn't what it should be, or can't be exported.
    """
    folder = ensure_exported(source, models_dir, progress or _say_nothing)
    manifest = Manifest.read(folder)
    if manifest is None:
        raise EmbeddingModelError(f"The {source.kind.noun} in {folder} is damaged. Delete that folder and try again.")
    return folder, manifest


def _say_nothing(_: str) -> None:
    pass


# Running


class OnnxModel:
    """One session of one thread per run; as many runs at once as there are processors."""

    def __init__(self, folder: Path, max_tokens: int, dimensions: int) -> None:
        self._session = _open_session(folder / MODEL_FILE)
        self._inputs = [wanted.name for wanted in self._session.get_inputs()]
        self._tokenizer = read_tokenizer(folder / TOKENIZER_FILE)
        # Of a pair, the longer text is cut first, as sentence-transformers does it.
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self._dimensions = dimensions
        self.processors = _processor_count()
        self._pool = ThreadPoolExecutor(self.processors, thread_name_prefix="onnx")

    def encode(self, text: str, pair: str | None = None) -> Encoding:
        return self._tokenizer.encode(text, pair)

    def run(self, encoding: Encoding) -> Vectors:
        """The model's row of numbers; zeros without a token, which a tokenizer without special tokens may give."""
        import numpy as np

        if not encoding.ids:
            return np.zeros(self._dimensions, np.float32)
        columns = {"input_ids": encoding.ids, "token_type_ids": encoding.type_ids}
        (rows,) = self._session.run(None, {name: np.array([columns[name]], np.int64) for name in self._inputs})
        row: Vectors = rows[0]
        return row

    def rows(self, encode: Callable[[T], Encoding], texts: Sequence[T]) -> Vectors:
        """One row a text, in order, on all processors."""
        import numpy as np

        found = np.empty((len(texts), self._dimensions), np.float32)
        for row, numbers in enumerate(self._pool.map(lambda text: self.run(encode(text)), texts)):
            found[row] = numbers
        return found


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
            f"The model in {path.parent} cannot be loaded ({first_line(exc)}). Delete that folder and try again."
        ) from exc


def read_tokenizer(path: Path) -> Tokenizer:
    """Without padding or truncation."""
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


def ensure_exported(source: Source, models_dir: Path, progress: Progress) -> Path:
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
                f"The {source.kind.noun} {source.name} could not be prepared ({_why_ended(code, stderr)})."
                " Try again; it needs 2 GB of free memory, or more for a bigger model."
            )


@contextlib.contextmanager
def _exporter(source: Source, models_dir: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    """The exporting process. It ends when its input does: on our way out, and if we are killed."""
    kind = next(name for name, kind in KINDS.items() if kind == source.kind)
    arguments = ["--child", "--kind", kind, source.argument, str(models_dir.absolute())]
    child = subprocess.Popen(
        # -P: what lies in the current folder must not stand in for a library.
        [sys.executable, "-P", "-m", _EXPORTER, *arguments],
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
