"""Puts the parts of the question path together, in one place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rag.index import Index
from rag.retriever import Retriever
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.embeddings import Embedder


class QuestionEmbedder:
    """The embedding model whose vectors are live, which need not be the setting's; opened when first asked."""

    def __init__(self, index: Index, settings: Settings) -> None:
        self._index = index
        self._default = settings.embed_model
        self._lock = threading.Lock()
        self._opened: tuple[str, Embedder] | None = None

    def __call__(self) -> Embedder:
        name = self._index.read(lambda snapshot: snapshot.embed_model) or self._default
        with self._lock:
            if self._opened is None or self._opened[0] != name:
                from rag.embeddings import Embedder

                self._opened = (name, Embedder.open(name, self._index.models_dir))
            return self._opened[1]


def open_retriever(index: Index, settings: Settings) -> Retriever:
    return Retriever(index, QuestionEmbedder(index, settings), settings.top_k)
