"""Writing vectors: into Chroma and into the catalog, which keeps its own copy, with a stamp of Chroma's files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag.index.catalog.records import Meta
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.files import BEING_MADE, stamp_vectors
from rag.index.vectors import VectorStore, pack_vectors, unpack_vectors
from rag.index.views import OpenViews

if TYPE_CHECKING:
    import numpy as np

_PART = 2_000  # vectors read from the catalog at a time


class VectorWriter:
    """Changes Chroma's files and the catalog's vectors under one lock, so that the stamp always fits the files."""

    def __init__(self, db: CatalogWriter, views: OpenViews) -> None:
        self._db = db
        self._views = views

    @property
    def store(self) -> VectorStore:
        return self._views.writers_store

    def list_model_ids(self) -> set[int]:
        """The models that some build uses."""
        return {build.model_id for build in self._db.list_builds() if build.model_id is not None}

    def add(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Keep vectors of texts and make them findable."""
        with self.adding(model_id, hashes, vectors), self._db.transaction():
            self.keep(model_id, hashes, vectors)

    @contextlib.contextmanager
    def adding(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> Iterator[None]:
        """Make vectors of texts findable; `keep` and the end of its transaction belong into the ``with`` block."""
        with self.store.exclusive():
            self.store.add(model_id, hashes, pack_vectors(vectors).astype("float32"))
            yield

    def keep(self, model_id: int, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Within a transaction: put vectors that are being added into the catalog."""
        packed = pack_vectors(vectors)
        self._db.put_vectors(model_id, zip(hashes, (row.tobytes() for row in packed), strict=True))
        self._db.increase(Meta.VECTOR_GENERATION)
        self._note_stamp()

    def _note_stamp(self) -> None:
        self._db.set_meta(Meta.VECTORS_STAMP, stamp_vectors(self.store.folder))

    def remove(self, hashes: Sequence[bytes]) -> None:
        """Forget the vectors of texts, whichever model made them."""
        if not hashes:
            return
        with self.store.exclusive():
            for model_id in self.list_model_ids():
                self.store.remove(model_id, hashes)
            with self._db.transaction():
                self._db.remove_vectors(hashes)
                self._note_stamp()

    def drop_unused_models(self) -> None:
        """Forget the models that no build uses, with their vectors."""
        with self._db.transaction():
            self._db.drop_models_except(self.list_model_ids())
        for model_id in self.list_unknown_models():
            with self.store.exclusive():
                self.store.drop_model(model_id)
                with self._db.transaction():
                    self._note_stamp()

    def list_unknown_models(self) -> set[int]:
        """The models that there is a collection for in Chroma, and that no build uses."""
        return self.store.list_model_ids() - self.list_model_ids()

    # ---- repair

    def is_stamp_current(self) -> bool:
        """Whether Chroma's files are as the last change left them."""
        return self._db.read_meta()[Meta.VECTORS_STAMP] == stamp_vectors(self.store.folder)

    def compare(self, model_id: int) -> tuple[set[bytes], set[bytes]]:
        """The texts whose vectors Chroma lacks, and those that it has too many. Searches once, to see that it can."""
        known, held = self._db.read_vector_hashes(model_id), self.store.list_hashes(model_id)
        probe = next(iter(known & held), None)
        if probe is not None:  # the graph is a file of its own, so the list alone doesn't show that it can be searched
            vector = unpack_vectors(list(self._db.read_vectors(model_id, [probe]).values()))[0]
            self.store.search(model_id, vector, 10)
        return known - held, held - known

    def mend(self, model_id: int) -> tuple[int, int]:
        """Make Chroma equal to the catalog; returns how many vectors it lacked, and how many were too many."""
        missing, surplus = self.compare(model_id)
        if missing or surplus:
            self._db.begin_sweep()
            with self.store.exclusive():
                self.store.remove(model_id, sorted(surplus))
                self._put_back(model_id, sorted(missing))
                with self._db.transaction():
                    self._db.increase(Meta.VECTOR_GENERATION)
                    if self._db.read_meta()[Meta.VECTORS_STAMP] != BEING_MADE:
                        self._note_stamp()
        return len(missing), len(surplus)

    def _put_back(self, model_id: int, hashes: Sequence[bytes]) -> None:
        for start in range(0, len(hashes), _PART):
            stored = self._db.read_vectors(model_id, hashes[start : start + _PART])
            self.store.add(model_id, list(stored), unpack_vectors(list(stored.values())))

    def remake(self) -> int:
        """Fill a new Chroma folder from the catalog; returns how many vectors. Readers search the catalog meanwhile."""
        with self._db.transaction():
            self._db.increase(Meta.SWEEPS, Meta.VECTOR_GENERATION)
            self._db.set_meta(Meta.VECTORS_STAMP, BEING_MADE)
        self._views.empty_store()
        put_back = sum(self.mend(model_id)[0] for model_id in self.list_model_ids())
        with self.store.exclusive(), self._db.transaction():
            self._note_stamp()
            self._db.increase(Meta.VECTOR_GENERATION)
        return put_back

    def empty(self) -> None:
        """Forget all that Chroma holds, where no build is left that could use it."""
        if self.store.folder.exists():
            self._views.empty_store()
        with self._db.transaction():
            self._db.set_meta(Meta.VECTORS_STAMP, 0)
