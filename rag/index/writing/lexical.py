"""Writing the lexical indexes: one for each build, always made from the catalog's chunks."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.errors import IndexDamagedError, IndexUnusableError, explain_system_error
from rag.index.catalog.records import Build, Meta
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.files import require_sound_files, require_whole_segments
from rag.index.layout import Layout
from rag.index.lexical.entry import LexicalEntry
from rag.index.lexical.index import LexicalIndex
from rag.types import Chunk

logger = logging.getLogger(__name__)

_PART = 2_000  # chunks read from the catalog at a time


class LexicalWriter:
    """Opens the index of each build at its first use."""

    def __init__(self, db: CatalogWriter, layout: Layout, notes: list[str]) -> None:
        self._db = db
        self._layout = layout
        self._notes = notes
        self._open: dict[int, LexicalIndex] = {}

    def open(self, build: Build) -> LexicalIndex:
        """The build's index, opened. Raises IndexUnusableError for a damaged one."""
        if build.id not in self._open:
            folder = self._layout.locate_lexical(build.id)
            digests = self._db.read_file_digests()
            require_whole_segments(self._layout, digests)
            require_sound_files(self._layout, digests, folder, "lexical")
            self._open[build.id] = LexicalIndex(folder)
        return self._open[build.id]

    def open_or_remake(self, build: Build) -> LexicalIndex:
        """The build's index, opened; a damaged one is made anew from the catalog."""
        try:
            return self.open(build)
        except IndexUnusableError as exc:
            logger.warning("%s", exc)
            self._notes.append("The lexical index was damaged and is made anew.")
            self.empty(build)
            self.change(build, add=self._db.view_build(build).read_chunk_ids())
            return self.open(build)

    def change(self, build: Build, *, remove: Iterable[int] = (), add: Iterable[int] = ()) -> None:
        """Remove and add chunks by their ids, in one commit; readers open the index anew if something was added."""
        added = sorted(add)
        with translate_lexical_errors(self._layout.folder):
            lexical = self.open(build)
            lexical.remove(remove)
            for start in range(0, len(added), _PART):
                chunks = self._db.view_build(build).read_chunks(added[start : start + _PART])
                lexical.add(make_entry(stored.id, stored.chunk, stored.language) for stored in chunks.values())
            lexical.commit()
        if added:
            with self._db.transaction():
                self._db.increase(Meta.GENERATION)

    def empty(self, build: Build) -> None:
        """Remove the build's index; whoever searches it asks again."""
        self.close(build.id)
        self._db.begin_sweep()
        shutil.rmtree(self._layout.locate_lexical(build.id), ignore_errors=True)

    def compare(self, build: Build) -> tuple[set[int], set[int]]:
        """The ids of chunks that the index lacks, and of those that it has too many."""
        live, held = self._db.view_build(build).read_chunk_ids(), self.open(build).list_ids()
        return live - held, held - live

    def list_idle_folders(self) -> list[Path]:
        """Folders that belong to no build, or to another version of the text analysis."""
        parent = self._layout.lexical
        used = {self._layout.locate_lexical(build.id) for build in self._db.list_builds()}
        return [folder for folder in parent.iterdir() if folder not in used] if parent.is_dir() else []

    def close(self, build_id: int) -> None:
        """Close the build's index, and drop what was not committed."""
        lexical = self._open.pop(build_id, None)
        if lexical is not None:
            lexical.close()

    def close_all(self) -> None:
        """Close all indexes, damaged ones too, and drop what was not committed."""
        for build_id in list(self._open):
            with contextlib.suppress(IndexUnusableError):
                self.close(build_id)


def make_entry(chunk_id: int, chunk: Chunk, language: str) -> LexicalEntry:
    """What the lexical index knows of a chunk; `language` is what its document declares."""
    return LexicalEntry(chunk_id, chunk.source, chunk.ordinal, chunk.title, chunk.section, chunk.text, language)


@contextlib.contextmanager
def translate_lexical_errors(folder: Path) -> Iterator[None]:
    """Take what isn't the system's fault for damage: tantivy doesn't tell, and its index costs little to make anew."""
    try:
        yield
    except IndexUnusableError as exc:
        if type(exc) is not IndexUnusableError:
            raise
        raise explain_system_error(exc, folder) or IndexDamagedError(str(exc), "lexical") from exc
