"""Puts the parts of the question path together, in one place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.index.index import Index
from rag.ranking.retriever import Retriever
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.models.embedder import Embedder
    from rag.models.reranker import Reranker
    from rag.models.source import Say

logger = logging.getLogger(__name__)


class PassageReranker:
    """The reranking model within its time; opened once, when first asked, which may take a download.

    Whoever can't wait for that, because others ask meanwhile, opens it `in_background`: until it is there, and for
    good if it can't be had, which is one warning, the first order stands.
    """

    def __init__(
        self, settings: Settings, models_dir: Path, *, in_background: bool = False, progress: Say = logger.info
    ) -> None:
        self._name, self._budget_ms = settings.rerank_model, settings.rerank_ms
        self._models_dir, self._in_background, self._progress = models_dir, in_background, progress
        self._lock = threading.Lock()
        self._opening: threading.Thread | None = None
        self._model: Reranker | None = None

    def __call__(self, question: str, passages: Sequence[str]) -> list[float] | None:
        """Scores, higher is better, one a passage in order; None where the first order stands."""
        with self._lock:
            if self._opening is None:
                self._opening = threading.Thread(target=self._open, name="open-reranker", daemon=True)
                self._opening.start()
        if not self._in_background:
            self._opening.join()
        return self._model.score(question, passages, self._budget_ms) if self._model else None

    def _open(self) -> None:
        try:
            from rag.models.reranker import Reranker

            self._model = Reranker.open(self._name, self._models_dir, self._progress)
        except (RagError, OSError) as exc:
            logger.warning("%s Until the next start, passages keep their first order.", exc)


def open_reranker(
    settings: Settings, models_dir: Path, *, in_background: bool = False, progress: Say = logger.info
) -> PassageReranker | None:
    """None without RAG_RERANK_MODEL."""
    if not settings.rerank_model:
        return None
    return PassageReranker(settings, models_dir, in_background=in_background, progress=progress)


def open_retriever(
    index: Index, settings: Settings, *, in_background: bool = False, progress: Say = logger.info
) -> Retriever:
    """Whoever opens it closes it. `in_background` and `progress`: see `PassageReranker`."""
    rerank = open_reranker(settings, index.models_dir, in_background=in_background, progress=progress)
    return Retriever(index, partial(_open_embedder, index.models_dir), settings.top_k, rerank)


def _open_embedder(models_dir: Path, name: str) -> Embedder:
    from rag.models.embedder import Embedder

    return Embedder.open(name, models_dir)
