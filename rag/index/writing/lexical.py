"""Writing the lexical indexes: one a build, always made from the catalog's chunks."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.errors import IndexDamagedError, IndexUnusableError, explain_system_error
from rag.index.catalog.meta import Meta
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.files import require_sound_files
from rag.index.layout import Layout
from rag.index.lexical.entry import LexicalEntry
from rag.index.lexical.index import LexicalIndex
from rag.types import StoredChunk

logger = logging.getLogger(__name__)

_PART = 2_000  # chunks read from the catalog at a time


class LexicalWriter:
    """Opens the index of each build at its first use."""

    def __init__(self, db: CatalogWriter, layout: Layout, notes: list[str]) -> None:
        self._db = db
        self._layout = layout
        self._notes = notes
        self._open: dict[int, LexicalIndex] = {}

    def open(self, build_id: int) -> LexicalIndex:
        """Raises IndexUnusableError for a damaged one."""
        if build_id not in self._open:
            folder = self._layout.locate_lexical(build_id)
            require_sound_files(self._layout, self._db.read_file_digests(), folder, "lexical")
            self._open[build_id] = LexicalIndex(folder)
        return self._open[build_id]

    def open_or_remake(self, build_id: int) -> LexicalIndex:
        """A damaged one is made anew from the catalog."""
        try:
            return self.open(build_id)
        except IndexUnusableError as exc:
            logger.warning("%s", exc)
            self._notes.append("The lexical index was damaged and is made anew.")
            self.empty(build_id)
            self.change(build_id, add=self._db.read_chunk_ids(build_id))
            return self.open(build_id)

    def change(self, build_id: int, *, remove: Iterable[int] = (), add: Iterable[int] = ()) -> None:
        """In one commit; readers open the index anew if something was added."""
        added = sorted(add)
        with translate_lexical_errors(self._layout.folder):
            lexical = self.open(build_id)
            lexical.remove(remove)
            for start in range(0, len(added), _PART):
                chunks = self._db.read_chunks(added[start : start + _PART], build_id)
                lexical.add(make_entry(chunk) for chunk in chunks.values())
            lexical.commit()
        if added:
            with self._db.transaction():
                self._db.increase(Meta.GENERATION)

    def empty(self, build_id: int) -> None:
        """Remove the build's index; whoever searches it asks again."""
        self.close(build_id)
        self._db.begin_sweep()
        shutil.rmtree(self._layout.locate_lexical(build_id), ignore_errors=True)

    def compare(self, build_id: int) -> tuple[set[int], set[int]]:
        """Chunks that the index lacks, and that it has too many."""
        live, held = self._db.read_chunk_ids(build_id), self.open(build_id).list_ids()
        return live - held, held - live

    def list_idle_folders(self) -> list[Path]:
        """Folders of no build, or of another version."""
        parent = self._layout.lexical
        used = {self._layout.locate_lexical(build.id) for build in self._db.list_builds()}
        return [folder for folder in parent.iterdir() if folder not in used] if parent.is_dir() else []

    def close(self, build_id: int) -> None:
        """Drop what was not committed."""
        lexical = self._open.pop(build_id, None)
        if lexical is not None:
            lexical.close()

    def close_all(self) -> None:
        """Drop what was not committed, of damaged indexes too."""
        for build_id in list(self._open):
            with contextlib.suppress(IndexUnusableError):
                self.close(build_id)


def make_entry(stored: StoredChunk) -> LexicalEntry:
    """What the lexical index knows of a chunk."""
    chunk = stored.chunk
    return LexicalEntry(stored.id, chunk.source, chunk.ordinal, chunk.title, chunk.section, chunk.text, stored.language)


@contextlib.contextmanager
def translate_lexical_errors(folder: Path) -> Iterator[None]:
    """What isn't the system's fault is taken for damage: Tantivy doesn't tell, and it costs little to make it anew."""
    try:
        yield
    except IndexUnusableError as exc:
        if type(exc) is not IndexUnusableError:
            raise
        raise explain_system_error(exc, folder) or IndexDamagedError(str(exc), "lexical") from exc
