"""Writing the index: batches that become live in one transaction, sweeping, recovery, builds side by side.

Order within a batch: chunks into the lexical index and commit; then the catalog's transaction, which is the moment of
change; then, later, the sweep of what is dead. A crash leaves the old state or the new one, and perhaps surplus in a
view, which the mark ``unclean`` makes the next writer clear away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.index.catalog.checking import add_missing_digests
from rag.index.catalog.meta import Meta
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Build
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.damage import RepairMark, find_reasons_to_check
from rag.index.integrity.files import make_file_digests
from rag.index.integrity.repair import Repair, describe_removed
from rag.index.integrity.stamps import stamp_lexical
from rag.index.layout import Layout
from rag.index.vectors import VectorStore
from rag.index.views import OpenViews
from rag.index.writing.batch import Batch
from rag.index.writing.lexical import LexicalWriter, translate_lexical_errors
from rag.index.writing.vectors import VectorWriter

if TYPE_CHECKING:
    import numpy as np


class IndexWriter:
    """The one writer. Made by `Index.writing`."""

    def __init__(self, db: CatalogWriter, layout: Layout, views: OpenViews, mark: RepairMark, notes: list[str]) -> None:
        self.db = db
        self.notes = notes
        """What had to be repaired, in sentences for the user."""
        self._layout = layout
        self._mark = mark
        self._lexical = LexicalWriter(db, layout, notes)
        self._vectors = VectorWriter(db, views)
        self._repair = Repair(db, layout, self._lexical, self._vectors)
        self._dead_ids: dict[int, list[int]] = {}
        self._dead_hashes: list[bytes] = []
        self._is_touched = False

    @property
    def store(self) -> VectorStore:
        return self._vectors.store

    # ---- builds

    def open_build(self, fingerprint: Mapping[str, Any], embedding: str | None, *, anew: bool = False) -> Build:
        """The build to bring up to date: the live one if it was made so, else one beside it (begun or resumed).

        `embedding` is the embedding model's own fingerprint, None while it isn't known. `anew` begins another build
        even if nothing changed. An index without any build gets its first, live at once.
        """
        live = self.db.find_live_build()
        if live is not None and not anew and self._is_made_so(live, fingerprint, embedding):
            self._drop_builds(keep=live.id)
            return live
        for build in self.db.list_builds():
            if (live is None or build.id != live.id) and self._is_made_so(build, fingerprint, embedding):
                return build
        return self._add_build(fingerprint, is_live=live is None)

    def _is_made_so(self, build: Build, fingerprint: Mapping[str, Any], embedding: str | None) -> bool:
        return build.fingerprint == fingerprint and is_same_model(self.db, build, embedding)

    def _add_build(self, fingerprint: Mapping[str, Any], *, is_live: bool) -> Build:
        self._touch()
        with self.db.transaction():
            build = self.db.add_build(fingerprint)
            if is_live:
                self.db.set_meta(Meta.LIVE_BUILD, build.id)
        self._lexical.open_or_remake(build.id)  # so that it is there even if the folder is empty
        return build

    def refresh(self, build: Build) -> Build:
        """The build as it is now."""
        found = self.db.find_build(build.id)
        assert found is not None
        return found

    def activate(self, build: Build) -> None:
        """Make the build the live one and drop all others."""
        if self.db.read_meta(Meta.LIVE_BUILD) != build.id:
            self._touch()
            with self.db.transaction():
                self.db.set_meta(Meta.LIVE_BUILD, build.id)
                self.db.increase(Meta.GENERATION)
                self.db.increase(Meta.VECTOR_GENERATION)
        self._drop_builds(keep=build.id)

    def _drop_builds(self, keep: int) -> None:
        others = [build for build in self.db.list_builds() if build.id != keep]
        if not others:
            return
        self._touch()
        self.db.begin_sweep()
        with self.db.transaction():
            for build in others:
                self.db.drop_build(build.id)
        for build in others:
            self._lexical.close(build.id)
            self._dead_ids.pop(build.id, None)
        self._repair.clear_leftovers()

    def set_model(self, build: Build, model_fingerprint: str) -> int:
        """Tell which embedding model the build's vectors are from; returns its id."""
        known = self.refresh(build)
        if known.model_id is not None and self.db.find_model_fingerprint(known.model_id) == model_fingerprint:
            return known.model_id
        with self.db.transaction():
            model_id = self.db.set_build_model(build.id, model_fingerprint)
            self.db.increase(Meta.VECTOR_GENERATION)
        return model_id

    # ---- changes

    @contextlib.contextmanager
    def batch(self, build: Build) -> Iterator[Batch]:
        """Changes that become visible together. An exception inside undoes them all."""
        self._touch()
        batch = Batch(self.db, self.refresh(build), self._lexical.open_or_remake(build.id), self._vectors)
        with batch.until_done:
            self.db.begin()
            try:
                with translate_lexical_errors(self._layout.folder):
                    yield batch
                    batch.lexical.commit()
                if batch.changed:
                    self.db.increase(Meta.GENERATION)
                self.db.commit()
            except BaseException:
                # The lexical index may hold chunks whose ids the catalog will give out again: no other batch may
                # follow before the two are compared. The mark "unclean" stays, so the next writer does that.
                self.db.roll_back()
                raise
        self._dead_ids.setdefault(build.id, []).extend(batch.dead_ids)
        self._dead_hashes.extend(batch.dead_hashes)

    def add_vectors(self, build: Build, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Make chunks with these texts findable by the dense search."""
        self._touch()
        model_id = self.refresh(build).model_id
        assert model_id is not None
        self._vectors.add(model_id, hashes, vectors)

    def sweep(self) -> None:
        """Clear dead chunks out of the views. Readers that are at work meanwhile ask again."""
        if not any(self._dead_ids.values()) and not self._dead_hashes:
            return
        self.db.begin_sweep()
        for build_id, ids in self._dead_ids.items():
            self._lexical.change(build_id, remove=ids)
        self._vectors.remove(self.db.select_unused_hashes(self._dead_hashes))
        self._dead_ids, self._dead_hashes = {}, []

    def close(self) -> None:
        """Sweep, and note that everything is in order."""
        if not self._is_touched:
            return self.abandon()
        try:
            self.sweep()
        finally:
            self.abandon()
        digests = make_file_digests(self._layout, self.db.read_file_digests())
        with self.db.transaction():
            self.db.set_meta(Meta.UNCLEAN, 0)
            self.db.set_meta(Meta.LEXICAL_STAMP, stamp_lexical(self._layout.lexical))
            self.db.set_file_digests(digests)

    def abandon(self) -> None:
        """Leave everything as it is, for the next writer to check."""
        self._lexical.close_all()

    def _touch(self) -> None:
        if not self._is_touched:
            with self.db.transaction():
                self.db.set_meta(Meta.UNCLEAN, 1)
            self._is_touched = True

    # ---- repair

    def find_problems(self) -> list[str]:
        """How both views differ from the catalog, chunk by chunk; empty if they are equal."""
        return self._repair.find_problems()

    def note_digests(self) -> None:
        """Of everything that an earlier version wrote without; it is taken for sound as it is."""
        self._touch()  # so that `close` notes those of the files
        with self.db.transaction():
            add_missing_digests(self.db)
            self.db.set_meta(Meta.DIGESTED, 1)

    def recover(self) -> None:
        """Make good what a crash, another program or the disk did to the index."""
        if not self.db.read_meta(Meta.DIGESTED):
            self.note_digests()
        if not self.db.list_builds():
            self._mark.remove()
            self._repair.empty_views()
            return
        reasons = find_reasons_to_check(self._layout, self._mark, self.db)
        if not reasons:
            return
        self._touch()
        done = self._remove_damaged_rows() if "catalog" in reasons else []
        done += self._repair.repair_views(
            remake_lexical="lexical" in reasons, remake_vectors="vectors" in reasons, kept=self._dead_hashes
        )
        self._mark.remove()
        why = "; ".join(dict.fromkeys(reasons.values()))
        self.notes.append(f"{why}: " + ("; ".join(done) + "." if done else "checked, and nothing was wrong."))

    def _remove_damaged_rows(self) -> list[str]:
        removed = self._repair.remove_damaged_rows()
        self._dead_hashes += removed.hashes  # swept if they are still unused when all is read anew
        return describe_removed(removed)


def is_same_model(view: CatalogView, build: Build, embedding: str | None) -> bool:
    """Whether the build's vectors are from this model; what isn't known yet doesn't differ."""
    return embedding is None or build.model_id is None or view.find_model_fingerprint(build.model_id) == embedding
