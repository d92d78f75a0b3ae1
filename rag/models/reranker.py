"""Question and passage, read together, to a score: a cross-encoder that `rag.models.onnx` keeps and runs.

It reads each pair anew, so it is some hundred times slower than comparing vectors: only the first candidates of a
search are given to it, and only for as long as there is time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rag.models.cache import open_export
from rag.models.manifest import Manifest
from rag.models.onnx import OnnxModel
from rag.models.source import RERANKING, Say, locate

if TYPE_CHECKING:
    from tokenizers import Encoding

S = TypeVar("S", bound=Sized)


class Reranker:
    """A model that runs. May be used by several threads at once; they share the processors."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.fingerprint = manifest.fingerprint
        self.max_tokens = manifest.max_tokens
        """Of question and passage together, special tokens included; what is longer is cut, the longer one first."""
        self.precision = manifest.precision
        self.agreement = manifest.agreement
        self._prefix = manifest.prefixes.query
        self._model = OnnxModel(folder, manifest.max_tokens, manifest.dimensions)

    @classmethod
    def open(cls, model_name: str, models_dir: Path, progress: Say | None = None) -> Reranker:
        """Open the cached export, or make it first (10 to 20 seconds for a small model), telling `progress`.

        Raises EmbeddingModelError if the model can't be found, is no cross-encoder, or can't be exported.
        """
        reranker = cls(*open_export(locate(model_name, RERANKING), models_dir, progress))
        reranker.score("warm", ["up"], 1e9)  # the first run takes longer and would spoil the first forecast
        return reranker

    def score(self, question: str, passages: Sequence[str], budget_ms: float) -> list[float] | None:
        """Relevance of each passage, in order, on the model's own scale: higher is better.

        None as soon as the time can be seen not to suffice. The clock is looked at whenever each processor has scored
        one pair, not within that.
        """
        deadline = time.perf_counter() + budget_ms / 1e3
        pairs = [self._model.encode(self._prefix + question, passage) for passage in passages]
        return run_until(deadline, self._score_pairs, pairs, at_once=self._model.processors)

    def close(self) -> None:
        """End the model's threads, once what they run is done. It can't be used any more."""
        self._model.close()

    def _score_pairs(self, pairs: Sequence[Encoding]) -> list[float]:
        return [float(row[0]) for row in self._model.run_all(lambda pair: pair, pairs)]


def run_until(
    deadline: float,
    run: Callable[[Sequence[S]], list[float]],
    work: Sequence[S],
    *,
    at_once: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float] | None:
    """The result of `run` for all of the work, some `at_once`, in order; None if it won't be done by the deadline.

    How long the rest will take is told from the pace so far, by the length of what is done and what is not.
    """
    sizes = [len(item) for item in work]
    began = clock()
    found: list[float] = []
    while len(found) < len(work):
        done, now = sum(sizes[: len(found)]), clock()
        left_s = (now - began) * (sum(sizes) - done) / done if done else 0.0
        if now + left_s > deadline:
            return None
        found += run(work[len(found) : len(found) + at_once])
    return found
