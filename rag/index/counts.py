"""Figures of the live index, which are counted anew only when something changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Build
from rag.index.packing import ChunkVectors

T = TypeVar("T")


class Remembered(Generic[T]):
    """Holds the value of one key, the last that was asked for. Two threads may make the same value twice."""

    def __init__(self) -> None:
        self._entry: tuple[Hashable, T] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of the key, made by `make` unless the last one asked for had the same key."""
        entry = self._entry
        if entry is None or entry[0] != key:
            entry = self._entry = (key, make())
        return entry[1]


class Counts:
    """What is remembered of the live index. Shared by all threads of a process."""

    def __init__(self) -> None:
        self._all = Remembered[tuple[int, int, int]]()
        self._chunks = Remembered[int]()
        self.vectors = Remembered[ChunkVectors]()
        """All of a small index's."""

    def count_all(self, view: CatalogView, build: Build) -> tuple[int, int, int]:
        """Documents, chunks, chunks with a vector."""
        key = (view.identity, build.id, build.model_id, view.generation, view.vector_generation)
        return self._all.get(key, lambda: view.count_all(build.id, build.model_id))

    def count_chunks(self, view: CatalogView, build: Build) -> int:
        """All that a question needs of `count_all`: seconds less at a million chunks, on the first after a change."""
        key = (view.identity, build.id, view.generation)
        return self._chunks.get(key, lambda: view.count_chunks(build.id))
