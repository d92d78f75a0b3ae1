"""The vectors and the lexical index as one process has them open: opened once, and anew when another process wrote."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexDamagedError, IndexUnusableError, advise_repair
from rag.index.catalog.connections import Catalog
from rag.index.catalog.meta import Meta
from rag.index.catalog.reading import CatalogView
from rag.index.integrity.files import require_sound_files
from rag.index.integrity.stamps import BEING_MADE, stamp_vectors
from rag.index.layout import Layout
from rag.index.vectors import VectorStore
from rag.private import make_temporary_folder

if TYPE_CHECKING:
    import tempfile

    from rag.index.lexical.index import LexicalIndex


@dataclass(slots=True)
class _OpenLexical:
    catalog_id: int
    build_id: int
    generation: int
    index: LexicalIndex


class OpenViews:
    """Shared by all threads of a process."""

    def __init__(self, layout: Layout, catalog: Catalog) -> None:
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

    def open_lexical(self, view: CatalogView, build_id: int) -> LexicalIndex:
        """The build's lexical index, as new as the snapshot or newer."""
        with self._lock:
            known = self._lexical
            if known is None or (known.catalog_id, known.build_id) != (view.identity, build_id):
                self._lexical = known = self._load_lexical(view, build_id)
            elif known.generation != view.generation:
                self._make_writable(self._layout.locate_lexical(build_id))
                known.index.reload()
                known.generation = view.generation
            return known.index

    def _load_lexical(self, view: CatalogView, build_id: int) -> _OpenLexical:
        from rag.index.lexical.index import LexicalIndex

        folder = self._layout.locate_lexical(build_id)
        if not (folder / "meta.json").is_file():  # it would be made anew, and empty
            raise IndexDamagedError(f"{folder} is missing. {advise_repair(self._layout.folder)}", "lexical")
        require_sound_files(self._layout, view.read_file_digests(), folder, "lexical")
        return _OpenLexical(view.identity, build_id, view.generation, LexicalIndex(self._make_writable(folder)))

    def _make_writable(self, folder: Path) -> Path:
        """The folder, or a copy of it where nobody can write: tantivy makes a lock file even to read."""
        if os.access(folder, os.W_OK):
            return folder
        if self._copies is None:
            self._copies = make_temporary_folder()
        return Path(shutil.copytree(folder, Path(self._copies.name) / folder.name, dirs_exist_ok=True))

    # ---- vectors

    @contextlib.contextmanager
    def use_store(self, view: CatalogView) -> Iterator[VectorStore]:
        """The vectors, reopened if another process wrote some since."""
        generation = _combine_generations(view)
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
        with self.use_store(db):
            self._is_writing = True
        generation = None
        try:
            yield
            generation = _combine_generations(db)
        finally:
            with self._lock:
                self._store.generation = generation
                self._is_writing = False

    @property
    def writers_store(self) -> VectorStore:
        """For the writer alone: nobody replaces it while it writes."""
        return self._store

    def empty_store(self) -> None:
        """For the writer: begin with an empty folder. Readers of this process end their searches in the old one."""
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
        """Before Chroma is let at its files: are they as the last writer left them?"""
        folder = self._layout.vectors
        with self._catalog.view() as view:
            known, digests = view.read_meta(Meta.VECTORS_STAMP), view.read_file_digests()
        if known == BEING_MADE and not self._is_writing:
            raise IndexUnusableError(f"The vectors in {folder} are being made anew.")
        if known not in (BEING_MADE, stamp_vectors(folder)):
            raise IndexDamagedError(
                f"The vectors in {folder} are not as they were left. {advise_repair(self._layout.folder)}", "vectors"
            )
        require_sound_files(self._layout, digests, folder, "vectors")


def _combine_generations(view: CatalogView) -> int:
    """Differs between any two states of the vectors, and between catalogs."""
    return view.identity + view.vector_generation
