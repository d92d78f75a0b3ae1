"""Puts the parts of a search together, in one place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rag.index.index import Index
from rag.ranking.retriever import Retriever
from rag.settings import NO_MODEL, Settings

if TYPE_CHECKING:
    from rag.models.embedder import Embedder
    from rag.models.source import Say

logger = logging.getLogger(__name__)


def open_retriever(
    index: Index, settings: Settings, *, in_background: bool = False, progress: Say = logger.info
) -> Retriever:
    """A retriever on that index; whoever opens it closes it. Models are opened when they are first needed.

    `in_background` says that no question waits while the reranking model is opened; `progress` is told what takes long
    about that.
    """
    models_dir = index.models_dir

    def open_embedder(name: str) -> Embedder:
        from rag.models.embedder import Embedder

        return Embedder.open(name, models_dir)

    rerank = None
    if settings.rerank_model not in ("", NO_MODEL):
        from rag.models.reranker import PassageReranker

        rerank = PassageReranker(settings, models_dir, in_background=in_background, progress=progress)
    return Retriever(index, open_embedder, settings.top_k, rerank)
