"""Whether the whole index is what was written. Reads everything, so it is for idle times and for whoever asks for it.

A size and a time don't show a flipped bit. So the catalog's rows are held against their own checksums, the files of the
lexical index and of Chroma's graphs against theirs, and both views, as they answer, against the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog import checking
from rag.index.catalog.database import Catalog
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Build, Meta
from rag.index.integrity.files import find_damaged_files
from rag.index.layout import Layout
from rag.index.vectors import VectorStore, unpack_vectors
from rag.index.views import OpenViews

T = TypeVar("T")

_VECTORS_A_STEP = 2_000
_TOLERANCE = 1e-6  # Chroma normalises vectors and gives them back in single precision
_STATE = (Meta.IDENTITY, Meta.GENERATION, Meta.VECTOR_GENERATION, Meta.SWEEPS, Meta.UNCLEAN, Meta.VECTORS_STAMP)


@dataclass(frozen=True, slots=True)
class Damage:
    """`part` is ``catalog``, ``lexical`` or ``vectors``, `reason` a sentence for the user."""

    part: str
    reason: str


class _Stopped(Exception):
    """`must_stop` said so."""


class Inspection:
    """One look at everything. What another process changes meanwhile is not called damage."""

    def __init__(self, layout: Layout, catalog: Catalog, views: OpenViews, must_stop: Callable[[], bool]) -> None:
        self._layout = layout
        self._catalog = catalog
        self._views = views
        self._must_stop = must_stop

    def run(self) -> list[Damage] | None:
        """What is damaged, each part once.

        None if it was stopped, or a writer was at work or did not come to its end.
        """
        try:
            return self._inspect()
        except _Stopped:
            return None
        except IndexDamagedError as exc:
            return [Damage(exc.part, str(exc))]

    def _inspect(self) -> list[Damage] | None:
        with self._catalog.reading() as connection:
            view = CatalogView(connection)
            if not checking.is_structure_sound(connection):
                return [Damage("catalog", f"{self._layout.catalog} is damaged: its pages contradict each other.")]
            meta = view.read_meta()
            if meta[Meta.UNCLEAN]:
                return None
            found = [damage for damage in self._inspect_parts(view, meta) if damage is not None]
        with self._catalog.reading() as connection:
            now = CatalogView(connection).read_meta()
        return found if all(now[key] == meta[key] for key in _STATE) else None

    def _inspect_parts(self, view: CatalogView, meta: Mapping[Meta, int]) -> Iterator[Damage | None]:
        yield self._inspect_rows(view)
        build = view.find_build(meta[Meta.LIVE_BUILD])
        if build is not None:
            yield self._inspect_lexical(view, build, meta)
            yield self._inspect_vectors(view, build, meta)

    def _inspect_rows(self, view: CatalogView) -> Damage | None:
        documents = sum(len(ids) for ids in self._step(checking.find_damaged_documents(view)))
        vectors = sum(len(ids) for ids in self._step(checking.find_damaged_vectors(view)))
        orphans = checking.count_orphans(view)
        counts = {"documents": documents, "vectors": vectors, "rows without an owner": orphans}
        if not any(counts.values()):
            return None
        told = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
        return Damage("catalog", f"{self._layout.catalog} is damaged: {told} are not what was written.")

    def _inspect_lexical(self, view: CatalogView, build: Build, meta: Mapping[Meta, int]) -> Damage | None:
        if damage := self._inspect_files(view, "lexical", "lexical index"):
            return damage
        try:
            held = self._views.open_lexical(view, build.id, meta).list_ids()
        except IndexUnusableError as exc:
            return Damage("lexical", str(exc))
        if view.view_build(build).read_chunk_ids() <= held:
            return None
        return Damage("lexical", f"The lexical index in {self._layout.lexical} lacks chunks.")

    def _inspect_vectors(self, view: CatalogView, build: Build, meta: Mapping[Meta, int]) -> Damage | None:
        if build.model_id is None:
            return None
        if damage := self._inspect_files(view, "vectors", "vectors"):
            return damage
        try:
            with self._views.use_store(meta) as store:
                is_equal = self._equals_catalog(store, view, build.model_id)
        except IndexDamagedError as exc:
            return Damage("vectors", str(exc))
        return None if is_equal else Damage("vectors", f"{self._layout.vectors} holds other vectors than were written.")

    def _inspect_files(self, view: CatalogView, part: str, what: str) -> Damage | None:
        folder = self._layout.lexical if part == "lexical" else self._layout.vectors
        for name in self._step(find_damaged_files(self._layout, view.read_file_digests(), folder)):
            if name is not None:
                return Damage(part, f"A file of the {what} is damaged: {self._layout.folder / name}.")
        return None

    def _equals_catalog(self, store: VectorStore, view: CatalogView, model_id: int) -> bool:
        import numpy as np

        if store.list_hashes(model_id) != view.read_vector_hashes(model_id) or not store.has_our_settings(model_id):
            return False
        for rows in self._step(view.iterate_vectors(model_id, _VECTORS_A_STEP)):
            held = store.read_vectors(model_id, [hash_ for hash_, _ in rows])
            wanted = unpack_vectors([packed for _, packed in rows])
            if len(held) < len(rows) or not np.allclose(
                np.stack([held[hash_] for hash_, _ in rows]), wanted, rtol=0, atol=_TOLERANCE
            ):
                return False
        return True

    def _step(self, steps: Iterator[T]) -> Iterator[T]:
        for step in steps:
            if self._must_stop():
                raise _Stopped
            yield step
