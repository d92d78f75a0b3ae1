"""Runs exported models. Sole owner of ONNX Runtime.

A model is exported once (see `rag.models.export`) and kept under ``models/``. From then on ONNX Runtime and
tokenizers alone run it.

Each text, or pair of texts, runs by itself, without padding, in one session that all threads share, one thread a run:
its result can't depend on its neighbours (the activations of a batch would share one quantisation scale), and equal
text gives equal results, run after run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from weakref import WeakValueDictionary

from rag.errors import EmbeddingModelError
from rag.models.manifest import MODEL_FILE, TOKENIZER_FILE
from rag.models.source import get_first_line

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    from tokenizers import Encoding, Tokenizer

    Vectors: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

T = TypeVar("T")


class OnnxModel:
    """An exported model that runs. A run takes one thread; there are as many runs at once as there are processors."""

    def __init__(self, folder: Path, max_tokens: int, dimensions: int, output: str | None = None) -> None:
        """`output` is the graph's output that is wanted; not needed where it has but one."""
        self._loaded = _load(folder, max_tokens)
        self._session = self._loaded.session
        self._outputs = [output] if output else None
        self._inputs = [wanted.name for wanted in self._session.get_inputs()]
        self.tokenizer = self._loaded.tokenizer
        """Makes what `run` takes, cut to the model's tokens."""
        self._dimensions = dimensions
        self.processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        """How many processors this process may use."""
        self._pool = ThreadPoolExecutor(self.processors, thread_name_prefix="onnx")

    def run(self, encoding: Encoding) -> Vectors:
        """The model's row of numbers, or a row for each token where its graph gives that.

        Zeros without a token, which a tokenizer without special tokens may give.
        """
        import numpy as np

        if not encoding.ids:
            return np.zeros(self._dimensions, np.float32)
        columns = {
            "input_ids": encoding.ids,
            "token_type_ids": encoding.type_ids,
            "attention_mask": encoding.attention_mask,
        }
        (rows,) = self._session.run(self._outputs, {name: np.array([columns[name]], np.int64) for name in self._inputs})
        row: Vectors = rows[0]
        return row

    def run_all(self, encode: Callable[[T], Encoding], texts: Sequence[T]) -> Vectors:
        """One row for each text, in order, computed on all processors."""
        import numpy as np

        found = np.empty((len(texts), self._dimensions), np.float32)
        for row, numbers in enumerate(self._pool.map(lambda text: self.run(encode(text)), texts)):
            found[row] = numbers
        return found

    def run_each(self, encodings: Sequence[Encoding]) -> Iterator[Vectors]:
        """What `run` gives for each, in order, computed on all processors."""
        return self._pool.map(self.run, encodings)

    def close(self) -> None:
        """End the threads, once what they run is done. The model can't be used any more."""
        self._pool.shutdown()


def forbid_telemetry() -> None:
    """Keep ONNX Runtime from telling its makers that it was started. Call it before the library is imported.

    Its own function for this comes too late: by then (1.31, Linux and macOS) it has written a number for this device
    below the user's cache folder, a file into the temporary folder, and tried to send both.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@dataclass(frozen=True)
class _Loaded:
    """What all models of an export share."""

    session: onnxruntime.InferenceSession
    tokenizer: Tokenizer


_in_use: WeakValueDictionary[tuple[Path, int, int], _Loaded] = WeakValueDictionary()
"""By the model's file and its state. A page embeds questions and documents by the same model, which has 35 MB."""
_loading = threading.Lock()


def _load(folder: Path, max_tokens: int) -> _Loaded:
    path = folder / MODEL_FILE
    state = path.stat()
    key = (path.resolve(), state.st_ino, state.st_mtime_ns)
    with _loading:
        loaded = _in_use.get(key)
        if loaded is None:
            tokenizer = read_tokenizer(folder / TOKENIZER_FILE)
            # In a pair, the longer text is cut first, as sentence-transformers does it.
            tokenizer.enable_truncation(max_tokens, strategy="longest_first")
            loaded = _in_use[key] = _Loaded(_open_session(path), tokenizer)
    return loaded


def _open_session(path: Path) -> onnxruntime.InferenceSession:
    forbid_telemetry()
    import onnxruntime

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
            f"The model in {path.parent} cannot be loaded ({get_first_line(exc)}). Delete that folder and try again."
        ) from exc


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model's folder, without padding or truncation."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as exc:  # the library raises bare Exception
        raise EmbeddingModelError(
            f"The tokenizer {path} cannot be read ({get_first_line(exc)}). Delete its folder and try again."
        ) from exc
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
