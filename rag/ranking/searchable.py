"""What the ranking asks of the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rag.index.lexical.entry import LexicalHit, QuestionTerm
from rag.index.lexical.index import LexicalIndex
from rag.types import Restriction, StoredChunk


class Searchable(Protocol):
    """One consistent state of the index."""

    @property
    def embed_model(self) -> str | None: ...
    @property
    def embedding(self) -> str | None: ...
    @property
    def chunk_count(self) -> int: ...
    @property
    def has_vectors(self) -> bool: ...
    @property
    def lexical_index(self) -> LexicalIndex | None: ...
    def search_vectors(self, vector: np.ndarray, limit: int, only: Restriction | None) -> list[tuple[int, float]]: ...
    def search_words(
        self, question: str, limit: int, only: Restriction | None, terms: Sequence[QuestionTerm] | None
    ) -> list[LexicalHit]: ...
    def read_places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]: ...
    def read_chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]: ...
