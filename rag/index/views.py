"""The views as one process has them: opened once, and anew when another process wrote.

They are the lexical index and the vectors in Chroma. In memory it keeps all vectors of a small index, and counts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from rag.errors import IndexDamagedError, IndexUnusableError, advise_repair
from rag.index.catalog.database import Catalog
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Meta
from rag.index.integrity.files import (
    BEING_MADE,
    MappedSizes,
    require_sound_files,
    require_whole_segments,
    stamp_vectors,
)
from rag.index.layout import Layout
from rag.index.vectors import VectorStore, unpack_vectors
from rag.private import make_temporary_folder
from rag.types import Restriction

if TYPE_CHECKING:
    import tempfile

    import numpy as np

    from rag.index.lexical.index import LexicalIndex

Key = TypeVar("Key")
Value = TypeVar("Value")

_ROUNDING = 1.1e-3
"""By which the difference of two products is less wrong: half precision leaves a vector's length off by 1 in 2,048."""
_MOST_RESTRICTED = 20_000
"""Chunks whose vectors are remembered for questions with a restriction: 30 MB."""
_NO_LENGTH = 1e-9
"""Taken for the length of a vector that has none: that of a text without a token."""


@dataclass(frozen=True, slots=True)
class KeyedVectors(Generic[Key]):
    """Vectors in memory, each with the key that it is found by; searched one by one."""

    keys: Sequence[Key]
    vectors: np.ndarray | None
    """Shape (n, dimensions); None without a vector."""

    @classmethod
    def unpack(cls, rows: Sequence[tuple[Key, bytes]]) -> KeyedVectors[Key]:
        """Take (key, packed vector) pairs as the catalog has them."""
        return cls([key for key, _ in rows], unpack_vectors([packed for _, packed in rows]) if rows else None)

    def rank(self, vector: np.ndarray, limit: int) -> list[tuple[Key, float]]:
        """(key, cosine), best first: the `limit` best, and what ties with the last of them.

        `vector` is normalised. In double precision, row by row, so that a cosine doesn't depend on the other rows.
        """
        import numpy as np

        if self.vectors is None:
            return []
        # Not as one product by BLAS: its threads wait for one another, 17 ms of a busy processor where this takes .3.
        rough = np.vecdot(self.vectors, vector)
        candidates = np.arange(len(rough))
        if len(rough) > limit:
            last = np.partition(rough, -limit)[-limit]
            candidates = np.flatnonzero(rough >= last - _ROUNDING)
        chosen = self.vectors[candidates].astype(np.float64)
        lengths = np.maximum(np.sqrt((chosen**2).sum(axis=1)), _NO_LENGTH)
        cosines = (chosen * vector.astype(np.float64)).sum(axis=1) / lengths
        order = np.argsort(-cosines, kind="stable").tolist()
        least = cosines[order[min(limit, len(order)) - 1]]
        return [(self.keys[candidates[at]], float(cosines[at])) for at in order if cosines[at] >= least]


class Remembered(Generic[Value]):
    """Holds the value of one key, the last that was asked for. Two threads may make the same value twice."""

    def __init__(self) -> None:
        self._entry: tuple[Hashable, Value] | None = None

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of the key, made by `make` unless the last one asked for had the same key."""
        entry = self._entry
        if entry is None or entry[0] != key:
            entry = self._entry = (key, make())
        return entry[1]


class RememberedVectors:
    """The vectors of the chunks that questions were restricted to, by restriction: who asks in a folder asks on there.

    Those that weren't asked for the longest are forgotten first, and all when the index changes.
    """

    def __init__(self, most_chunks: int) -> None:
        self._most_chunks = most_chunks
        self._lock = threading.Lock()
        self._state: Hashable = None
        self._known: OrderedDict[Restriction, KeyedVectors[int]] = OrderedDict()

    def get(self, state: Hashable, only: Restriction, make: Callable[[], KeyedVectors[int]]) -> KeyedVectors[int]:
        """The vectors within `only` in that state of the index, made by `make` unless they are remembered."""
        with self._lock:
            known = self._known.get(only) if self._state == state else None
        if known is None:
            known = make()
        with self._lock:
            if self._state != state:
                self._state = state
                self._known.clear()
            self._known[only] = known
            self._known.move_to_end(only)
            while sum(len(vectors.keys) for vectors in self._known.values()) > self._most_chunks:
                self._known.popitem(last=False)
        return known


@dataclass(slots=True)
class _OpenLexical:
    """A build's lexical index, and the state of the catalog that it was last brought up to."""

    catalog_id: int
    build_id: int
    generation: int
    index: LexicalIndex
    sizes: MappedSizes


class OpenViews:
    """Shared by all threads of a process. A `meta` is what the caller's snapshot of the catalog tells of itself."""

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
        self.totals = Remembered[tuple[int, int, int]]()
        """Documents, chunks, and chunks with a vector."""
        self.chunk_count = Remembered[int]()
        """The second of the totals, which is all that a question needs: at a million chunks seconds sooner."""
        self.chunk_vectors = Remembered[KeyedVectors[int]]()
        """All vectors of a small index, by the ids of their chunks."""
        self.restricted_vectors = RememberedVectors(_MOST_RESTRICTED)
        self._layout = layout
        self._catalog = catalog
        self._lock = threading.Lock()
        self._store = self._make_store(None)
        self._is_writing = False
        self._lexical: _OpenLexical | None = None
        self._copies: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        with self._lock:
            self._store.close()
            if self._lexical is not None:
                self._lexical.index.close()
            self._lexical = None
        if self._copies is not None:
            self._copies.cleanup()

    # ---- words

    def open_lexical(self, view: CatalogView, build_id: int, meta: Mapping[Meta, int]) -> LexicalIndex:
        """The build's lexical index, as new as the snapshot or newer.

        Raises IndexDamagedError where it isn't as it was left.
        """
        identity, generation = meta[Meta.IDENTITY], meta[Meta.GENERATION]
        with self._lock:
            known = self._take_sound_lexical()
            if known is None or (known.catalog_id, known.build_id) != (identity, build_id):
                index, sizes = self._load_lexical(view, self._layout.locate_lexical(build_id))
                self._lexical = known = _OpenLexical(identity, build_id, generation, index, sizes)
            elif known.generation != generation:
                opened = self._make_writable(self._layout.locate_lexical(build_id))
                known.index.reload()
                known.sizes = MappedSizes(self._layout, opened)
                known.generation = generation
            return known.index

    def _take_sound_lexical(self) -> _OpenLexical | None:
        """What is open; dropped, and IndexDamagedError raised, if one of its files was cut short."""
        known, self._lexical = self._lexical, None
        if known is not None:
            known.sizes.require_unchanged()
        self._lexical = known
        return known

    def _load_lexical(self, view: CatalogView, folder: Path) -> tuple[LexicalIndex, MappedSizes]:
        from rag.index.lexical.index import LexicalIndex

        if not (folder / "meta.json").is_file():  # it would be made anew, and empty
            raise self._explain_missing(folder)
        digests = view.read_file_digests()
        require_whole_segments(self._layout, digests)
        require_sound_files(self._layout, digests, folder, "lexical")
        opened = self._make_writable(folder)
        return LexicalIndex(opened), MappedSizes(self._layout, opened)

    def _make_writable(self, folder: Path) -> Path:
        """The folder, or a copy of it where nobody can write: tantivy makes a lock file even to read."""
        if os.access(folder, os.W_OK):
            return folder
        if self._copies is None:
            self._copies = make_temporary_folder()
        try:
            return Path(shutil.copytree(folder, Path(self._copies.name) / folder.name, dirs_exist_ok=True))
        except FileNotFoundError as exc:  # it went with its build; who reads asks again
            raise self._explain_missing(folder) from exc

    def _explain_missing(self, folder: Path) -> IndexDamagedError:
        return IndexDamagedError(f"{folder} is missing. {advise_repair(self._layout.folder)}", "lexical")

    # ---- vectors

    @contextlib.contextmanager
    def use_store(self, meta: Mapping[Meta, int]) -> Iterator[VectorStore]:
        """The vectors, reopened if another process wrote some since."""
        generation = _combine_generations(meta)
        with self._lock:
            if self._store.generation != generation and not self._is_writing:
                self._replace_store(self._make_store(generation))
            store = self._store
            store.users += 1
        try:
            yield store
        finally:
            with self._lock:
                store.users -= 1
                if store is not self._store and not store.users:
                    store.close()

    @contextlib.contextmanager
    def share_writers_store(self, db: CatalogView) -> Iterator[None]:
        """While this process writes, its own readers share the writer's store, which is always up to date."""
        with self.use_store(db.read_meta()):
            self._is_writing = True
        generation = None
        try:
            yield
            generation = _combine_generations(db.read_meta())
        finally:
            with self._lock:
                self._store.generation = generation
                self._is_writing = False

    @property
    def writers_store(self) -> VectorStore:
        """The store for the writer alone, which nobody replaces while it writes."""
        return self._store

    def empty_store(self) -> None:
        """Begin with an empty folder; for the writer. Readers of this process end their searches in the old one."""
        with self._lock:
            self._replace_store(self._make_store(self._store.generation))
        self._store.delete_files()

    def _replace_store(self, store: VectorStore) -> None:
        # One that is in use is closed by its last user: dropped unclosed, Chroma would keep its memory and files.
        if not self._store.users:
            self._store.close()
        self._store = store

    def _make_store(self, generation: int | None) -> VectorStore:
        return VectorStore(self._layout.vectors, generation, self._check_vectors)

    def _check_vectors(self) -> None:
        """Before Chroma is let at its files: raises if they aren't as the last writer left them."""
        folder = self._layout.vectors
        with self._catalog.reading() as connection:
            view = CatalogView(connection)
            known, digests = view.read_meta()[Meta.VECTORS_STAMP], view.read_file_digests()
        if known == BEING_MADE and not self._is_writing:
            raise IndexUnusableError(f"The vectors in {folder} are being made anew.")
        if known not in (BEING_MADE, stamp_vectors(folder)):
            raise IndexDamagedError(
                f"The vectors in {folder} are not as they were left. {advise_repair(self._layout.folder)}", "vectors"
            )
        require_sound_files(self._layout, digests, folder, "vectors")


def _combine_generations(meta: Mapping[Meta, int]) -> int:
    """A number that differs between any two states of the vectors, and between catalogs."""
    return meta[Meta.IDENTITY] + meta[Meta.VECTOR_GENERATION]
