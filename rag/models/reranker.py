"""Question and passage, read together, to a score: a cross-encoder, and the time that a search has for it.

A cross-encoder reads each pair anew, so it is some hundred times slower than comparing vectors: only the first
candidates of a search are given to it, and only for as long as there is time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rag.errors import RagError
from rag.models.cache import open_export
from rag.models.deadline import STEPS, run_until
from rag.models.late_interaction import LateInteraction
from rag.models.manifest import Manifest
from rag.models.onnx import OnnxModel
from rag.models.packaged import (
    LATE_NAMES,
    PACKAGED_LANGUAGE,
    PACKAGED_NAMES,
    PROBE_SCORES,
    check_scores,
    open_packaged_reranker,
)
from rag.models.source import RERANKING, Say, locate
from rag.settings import Settings

logger = logging.getLogger(__name__)

_NO_LIMIT = 1e9
"""Milliseconds."""


class _Scoring(Protocol):
    """A reranking model that runs."""

    def score(self, question: str, passages: Sequence[str], budget_ms: float) -> list[float]:
        """Scores of the first passages, in order, as many as there is time for."""


class PassageReranker:
    """The reranking model as a search asks it: within its time, and opened when it is first asked.

    Opening it may take a download. Whoever can't wait for that, because others ask meanwhile, has it opened
    `in_background`: the first order stands until the model is there. It stands for good, after one warning, if the
    model can't be had.
    """

    def __init__(
        self, settings: Settings, models_dir: Path, *, in_background: bool = False, progress: Say = logger.info
    ) -> None:
        self.is_measured = settings.rerank_model in (*PACKAGED_NAMES, *LATE_NAMES)
        """Whether it is the model whose scale the fusion counts with."""
        self.language = PACKAGED_LANGUAGE if self.is_measured else ""
        """The only language that it knows; empty where that isn't known."""
        self._name, self._budget_ms = settings.rerank_model, settings.rerank_ms
        self._models_dir, self._in_background, self._progress = models_dir, in_background, progress
        self._lock = threading.Lock()
        self._opening: threading.Thread | None = None
        self._model: _Scoring | None = None

    def __call__(self, question: str, passages: Sequence[str]) -> list[float]:
        """Scores, higher is better, of the first passages in order: none where the first order stands.

        They are fewer than the passages where there isn't time for all.
        """
        with self._lock:
            if self._opening is None:
                self._opening = threading.Thread(target=self._open, name="open-reranker", daemon=True)
                self._opening.start()
        if not self._in_background:
            self._opening.join()
        return self._model.score(question, passages, self._budget_ms) if self._model else []

    def _open(self) -> None:
        try:
            if self._name in LATE_NAMES:
                self._model = LateInteraction.open()
            else:
                self._model = Reranker.open(self._name, self._models_dir, self._progress)
        except (RagError, OSError) as exc:
            logger.warning("%s Until the next start, passages keep their first order.", exc)


class Reranker:
    """A reranking model that runs. It may be used by several threads at once; they share the processors."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.fingerprint = manifest.fingerprint
        self.max_tokens = manifest.max_tokens
        """Tokens of question and passage together, special tokens included; where they have more, the longer one is
        cut first."""
        self.precision = manifest.precision
        self.agreement = manifest.agreement
        self._prefix = manifest.prefixes.query
        self._model = OnnxModel(folder, manifest.max_tokens, manifest.dimensions)

    @classmethod
    def open(cls, model_name: str, models_dir: Path, progress: Say | None = None) -> Reranker:
        """Open the cached export, or make it first (10 to 20 seconds for a small model), telling `progress`.

        Raises EmbeddingModelError if the model can't be found, is no cross-encoder, or can't be exported.
        """
        is_packaged = model_name in PACKAGED_NAMES
        if is_packaged:
            reranker = cls(*open_packaged_reranker())
        else:
            reranker = cls(*open_export(locate(model_name, RERANKING), models_dir, progress))
        # The first run takes longer and would spoil the first forecast.
        reranker.score("warm", ["up"], _NO_LIMIT)
        if is_packaged:
            check_scores(
                model_name, lambda question, passages: reranker.score(question, passages, _NO_LIMIT), PROBE_SCORES
            )
        return reranker

    def score(self, question: str, passages: Sequence[str], budget_ms: float) -> list[float]:
        """Relevance of the first passages, in order, on the model's own scale: higher is better.

        Of all of them, or of as many as one of `STEPS`, if the time doesn't suffice: few steps, so that small
        differences of pace don't change an answer. The clock is looked at whenever each processor has scored one pair,
        not within that.
        """
        model, deadline = self._model, time.perf_counter() + budget_ms / 1e3
        pairs = [model.tokenizer.encode(self._prefix + question, passage) for passage in passages]
        return run_until(
            deadline,
            lambda some: [float(row[0]) for row in model.run_all(lambda pair: pair, some)],
            pairs,
            steps=STEPS,
            at_once=model.processors,
        )

    def close(self) -> None:
        """End the model's threads, once what they run is done. It can't be used any more."""
        self._model.close()
