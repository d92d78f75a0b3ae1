"""Writing the index: batches that become live in one transaction, sweeping, recovery, builds side by side.

Order within a batch: chunks into the lexical index and commit; then the vectors that come along, into Chroma; then the
catalog's transaction, which is the moment of change; then, later, the sweep of what is dead. A crash leaves the old
state or the new one, and perhaps surplus in a view, which the mark ``unclean`` makes the next writer clear away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rag.index.catalog.reading import BuildView
from rag.index.catalog.records import Build, FileState, Meta, NewChunk, NewDocument
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.damage import RepairMark, find_reasons_to_check
from rag.index.integrity.files import make_file_digests, stamp_lexical
from rag.index.integrity.repair import Repair, describe_removed
from rag.index.layout import Layout
from rag.index.lexical.index import LexicalIndex
from rag.index.vectors import hash_text
from rag.index.views import OpenViews
from rag.index.writing.lexical import LexicalWriter, make_entry, translate_lexical_errors
from rag.index.writing.vectors import VectorWriter
from rag.types import Chunk

if TYPE_CHECKING:
    import numpy as np

LabelledChunk = tuple[Chunk, str | None]
"""A chunk and its printed page label."""

_PART = 2_000  # chunks taken in at a time


class Batch:
    """Documents and chunks in, out, or from one path to another. `IndexWriter.batch` makes the changes live."""

    def __init__(self, db: CatalogWriter, build: Build, lexical: LexicalIndex) -> None:
        self.lexical = lexical
        self.changed = False
        self.added = 0
        """Chunks brought in, moved and copied ones included."""
        self.dead_ids: list[int] = []
        self.dead_hashes: list[bytes] = []
        self.unembedded: dict[bytes, str] = {}
        """Texts of this batch that no vector is known for, by their hash."""
        self.vectors: np.ndarray | None = None
        """The vectors of all `unembedded` texts, in their order, if they are to be live together with the batch."""
        self._db = db
        self._build = build

    @property
    def has_model(self) -> bool:
        """Whether the build's embedding model is known, so that `put_vectors` may be called."""
        return self._build.model_id is not None

    def put(self, document: NewDocument, chunks: Iterable[LabelledChunk], replaces: int | None) -> int:
        """Put a document in the place of the one with the id `replaces`; returns its number of chunks."""
        if replaces is not None:
            self.remove(replaces)
        document_id = self._db.put_document(self._build.id, document)
        left, count, title = iter(chunks), 0, ""
        while part := list(islice(left, _PART)):
            self._put_chunks(document_id, document.header.language, part)
            count += len(part)
            title = part[0][0].title
        self._db.finish_document(document_id, count, title)
        self.added += count
        self.changed = True
        return count

    def _put_chunks(self, document_id: int, language: str, part: Sequence[LabelledChunk]) -> None:
        entries, texts = [], {}
        for chunk, label in part:
            hash_ = hash_text(chunk.embed_text)
            chunk_id = self._db.put_chunk(document_id, NewChunk(chunk, label, hash_))
            entries.append(make_entry(chunk_id, chunk, language))
            texts[hash_] = chunk.embed_text
        self.lexical.add(entries)
        self._note_unembedded(texts)

    def copy(self, document_id: int, source: str, state: FileState, replaces: int | None) -> int:
        """Put known content under another path, unread; returns its number of chunks."""
        if replaces is not None and replaces != document_id:
            self.remove(replaces)
        new_id = self._db.copy_document(document_id, self._build.id, source, state)
        copies = self._db.view_build(self._build).read_document_chunks(new_id)
        self.lexical.add(make_entry(stored.id, stored.chunk, stored.language) for stored in copies)
        self._note_unembedded({hash_text(stored.chunk.embed_text): stored.chunk.embed_text for stored in copies})
        self.added += len(copies)
        self.changed = True
        return len(copies)

    def remove(self, document_id: int) -> None:
        """Take a document out, with its chunks."""
        ids, hashes = self._db.remove_document(document_id)
        self.dead_ids += ids
        self.dead_hashes += hashes
        self.changed = True

    def set_state(self, document_id: int, state: FileState) -> None:
        """Note that the file was touched; its content is the same."""
        self._db.set_state(document_id, state)

    def put_vectors(self, vectors: np.ndarray) -> None:
        """Bring the vectors of all `unembedded` texts along, in their order; no chunk may be put in after that."""
        assert self.has_model
        self.vectors = vectors

    def _note_unembedded(self, texts: Mapping[bytes, str]) -> None:
        model_id = self._build.model_id
        known = self._db.find_known_hashes(model_id, list(texts)) if model_id is not None else set()
        self.unembedded |= {hash_: text for hash_, text in texts.items() if hash_ not in known}


class IndexWriter:
    """The one writer. Made by `Index.writing`."""

    def __init__(self, db: CatalogWriter, layout: Layout, views: OpenViews, mark: RepairMark, notes: list[str]) -> None:
        self.notes = notes
        """What had to be repaired, in sentences for the user."""
        self._db = db
        self._layout = layout
        self._mark = mark
        self._lexical = LexicalWriter(db, layout, notes)
        self._vectors = VectorWriter(db, views)
        self._repair = Repair(db, layout, self._lexical, self._vectors)
        self._dead_ids: dict[int, list[int]] = {}
        self._dead_hashes: list[bytes] = []
        self._is_touched = False

    # ---- builds

    def open_build(self, fingerprint: Mapping[str, Any], embedding: str | None, *, anew: bool = False) -> Build:
        """The build to bring up to date: the live one if it was made so, else one beside it (begun or resumed).

        `embedding` is the embedding model's own fingerprint, None while it isn't known. `anew` begins another build
        even if nothing changed. An index without any build gets its first, live at once.
        """
        live = self._db.find_live_build()
        fitting = [
            build
            for build in self._db.list_builds()
            if build.fingerprint == fingerprint and build.has_vectors_of(embedding)
        ]
        if live is not None and live in fitting and not anew:
            self._drop_builds(keep=live.id)
            return live
        begun = next((build for build in fitting if build != live), None)
        return begun or self._add_build(fingerprint, is_live=live is None)

    def _add_build(self, fingerprint: Mapping[str, Any], *, is_live: bool) -> Build:
        self._touch()
        with self._db.transaction():
            build = self._db.add_build(fingerprint)
            if is_live:
                self._db.set_meta(Meta.LIVE_BUILD, build.id)
        self._lexical.open_or_remake(build)  # so that it is there even if the folder is empty
        return build

    def find_live_build(self) -> Build | None:
        """The build that readers search; None before the first `open_build`."""
        return self._db.find_live_build()

    def view(self, build: Build) -> BuildView:
        """What the build holds now; the view's ``build`` is up to date too."""
        now = self._db.find_build(build.id)
        assert now is not None
        return self._db.view_build(now)

    def activate(self, build: Build) -> None:
        """Make the build the live one and drop all others."""
        live = self._db.find_live_build()
        if live is None or live.id != build.id:
            self._touch()
            with self._db.transaction():
                self._db.set_meta(Meta.LIVE_BUILD, build.id)
                self._db.increase(Meta.GENERATION, Meta.VECTOR_GENERATION)
        self._drop_builds(keep=build.id)

    def _drop_builds(self, keep: int) -> None:
        others = [build for build in self._db.list_builds() if build.id != keep]
        if not others:
            return
        self._touch()
        self._db.begin_sweep()
        with self._db.transaction():
            for build in others:
                self._db.drop_build(build.id)
        for build in others:
            self._lexical.close(build.id)
            self._dead_ids.pop(build.id, None)
        self._repair.clear_leftovers()

    def set_model(self, build: Build, embedding: str) -> None:
        """Tell which embedding model the build's vectors are from, by its fingerprint."""
        if self.view(build).build.embedding != embedding:
            with self._db.transaction():
                self._db.set_build_model(build.id, embedding)
                self._db.increase(Meta.VECTOR_GENERATION)

    @property
    def corpus_inode(self) -> int:
        """The number on its disk of the folder that had the documents; 0 while that isn't known."""
        return self._db.read_meta()[Meta.CORPUS_INODE]

    def note_corpus(self, inode: int) -> None:
        """Note which folder has the documents."""
        if self.corpus_inode != inode:
            with self._db.transaction():
                self._db.set_meta(Meta.CORPUS_INODE, inode)

    def read_mounts(self) -> set[str]:
        """The folders of the corpus that were mount points, or links to folders, when they were last looked at."""
        return self._db.read_mounts()

    def note_mounts(self, mounts: set[str]) -> None:
        """Note which folders of the corpus are mount points, or links to folders."""
        if self.read_mounts() != mounts:
            with self._db.transaction():
                self._db.set_mounts(mounts)

    # ---- changes

    @contextlib.contextmanager
    def batch(self, build: Build) -> Iterator[Batch]:
        """Changes that become visible together. An exception inside undoes them all."""
        self._touch()
        build = self.view(build).build
        batch = Batch(self._db, build, self._lexical.open_or_remake(build))
        self._db.begin()
        try:
            with translate_lexical_errors(self._layout.folder):
                yield batch
                batch.lexical.commit()
            with self._add_vectors_of(batch, build.model_id):
                if batch.changed:
                    self._db.increase(Meta.GENERATION)
                self._db.commit()
        except BaseException:
            # The lexical index may hold chunks whose ids the catalog will give out again: no other batch may
            # follow before the two are compared. The mark "unclean" stays, so the next writer does that.
            self._db.roll_back()
            raise
        self._dead_ids.setdefault(build.id, []).extend(batch.dead_ids)
        self._dead_hashes.extend(batch.dead_hashes)

    @contextlib.contextmanager
    def _add_vectors_of(self, batch: Batch, model_id: int | None) -> Iterator[None]:
        """Add the vectors that come along with a batch, whose transaction ends within the ``with`` block."""
        if batch.vectors is None or model_id is None:
            yield
            return
        hashes = list(batch.unembedded)
        with self._vectors.adding(model_id, hashes, batch.vectors):
            self._vectors.keep(model_id, hashes, batch.vectors)
            yield

    def add_vectors(self, build: Build, hashes: Sequence[bytes], vectors: np.ndarray) -> None:
        """Make chunks with these texts findable by the dense search."""
        self._touch()
        model_id = self.view(build).build.model_id
        assert model_id is not None
        self._vectors.add(model_id, hashes, vectors)

    def sweep(self) -> None:
        """Clear dead chunks out of the views. Readers that are at work meanwhile ask again."""
        if not any(self._dead_ids.values()) and not self._dead_hashes:
            return
        self._db.begin_sweep()
        for build in self._db.list_builds():
            if ids := self._dead_ids.get(build.id):
                self._lexical.change(build, remove=ids)
        self._vectors.remove(self._db.select_unused_hashes(self._dead_hashes))
        self._dead_ids, self._dead_hashes = {}, []

    def close(self) -> None:
        """Sweep, and note that everything is in order."""
        if not self._is_touched:
            return self.abandon()
        try:
            self.sweep()
        finally:
            self.abandon()
        digests = make_file_digests(self._layout, self._db.read_file_digests())
        with self._db.transaction():
            self._db.set_meta(Meta.UNCLEAN, 0)
            self._db.set_meta(Meta.LEXICAL_STAMP, stamp_lexical(self._layout.lexical))
            self._db.set_file_digests(digests)

    def abandon(self) -> None:
        """Leave everything as it is, for the next writer to check."""
        self._lexical.close_all()

    def _touch(self) -> None:
        """Before the first change: note that a writer is at work."""
        if not self._is_touched:
            with self._db.transaction():
                self._db.set_meta(Meta.UNCLEAN, 1)
            self._is_touched = True

    # ---- repair

    def find_problems(self) -> list[str]:
        """How both views differ from the catalog, chunk by chunk; empty if they are equal to it."""
        return self._repair.find_problems()

    def recover(self) -> None:
        """Make good what a crash, another program or the disk did to the index."""
        if not self._db.list_builds():
            self._mark.remove()
            self._repair.empty_views()
            return
        reasons = find_reasons_to_check(self._layout, self._mark, self._db)
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
