"""The index: catalog, vectors and words in one folder, read on a snapshot, replaced atomically.

The catalog is the truth; the other two are views that may hold more than is live, never less. So a reader takes the
catalog's snapshot first and searches the views afterwards: everything that the snapshot lists is there, unless a sweep
of dead chunks began meanwhile, which `Index.read` notices and then asks again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import IndexMissingError, IndexUnusableError
from rag.index.catalog.database import Catalog
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import FORMAT, Failure
from rag.index.integrity.damage import RepairMark, find_reasons_to_check
from rag.index.layout import Layout
from rag.index.lock import lock_for_writing
from rag.index.snapshot import Snapshot
from rag.index.views import OpenViews
from rag.private import identify_file

if TYPE_CHECKING:
    from rag.index.integrity.check import Damage
    from rag.index.writing.writer import IndexWriter

T = TypeVar("T")

_READ_TRIES = 10  # each retry means that a sweep began during a search of a few milliseconds


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What `python -m ingest status` and the page tell of the index."""

    documents: int
    chunks: int
    vectors: int
    """Chunks that the dense search can find; the rest follows in the background."""
    failures: tuple[Failure, ...]
    fingerprint: dict[str, Any]
    generation: int
    bytes: int
    rebuilding: bool
    """A new build is under construction beside this one."""


class Index:
    """The index in one folder. Any number of threads may read; `writing` gives the one writer of all processes."""

    def __init__(self, folder: Path) -> None:
        """The folder need not exist; the first writer makes it."""
        self.folder = folder
        self._layout = Layout(folder)
        self._catalog = Catalog(self._layout.catalog)
        self._mark = RepairMark(self._layout.repair_mark)
        self._views = OpenViews(self._layout, self._catalog)

    def close(self) -> None:
        """Let go of the files. Who is reading meanwhile may read to the end."""
        self._catalog.close()
        self._views.close()

    @property
    def models_dir(self) -> Path:
        """Where the embedding and reranking models lie."""
        return self._layout.models

    @property
    def uploads_dir(self) -> Path:
        """Where each process of the page has a folder for what was uploaded."""
        return self._layout.uploads

    def tidy(self) -> None:
        """Leave the index to its user alone, and clear away what processes left that were killed."""
        self._layout.tidy()

    # ---- reading

    @property
    def exists(self) -> bool:
        """Whether anything was ever indexed here."""
        return self._catalog.path.is_file()

    def identify(self) -> tuple[int, int] | None:
        """Which catalog is there, as a value that changes when another takes its place; None without one."""
        return identify_file(self._catalog.path)

    def require(self) -> None:
        """Raises IndexMissingError if nothing was ever indexed here."""
        if not self.exists:
            raise IndexMissingError(self.folder)

    def is_current_format(self) -> bool:
        """Whether there is a catalog that this version reads."""
        try:
            return self.exists and self._catalog.read_format() == FORMAT
        except IndexUnusableError:
            return False

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` on one consistent snapshot; it runs again if dead chunks were swept away meanwhile.

        Raises IndexUnusableError if that happens each time.
        """
        for _ in range(_READ_TRIES):
            with self._catalog.reading() as connection:
                snapshot = Snapshot(connection, self._catalog, self._views, self._mark)
                try:
                    result = fn(snapshot)
                except IndexUnusableError:
                    if self._catalog.read_sweeps() == snapshot.sweeps:
                        raise
                    continue
            if self._catalog.read_sweeps() == snapshot.sweeps:
                return result
        raise IndexUnusableError(
            f"The index in {self.folder} changes faster than it can be read. Try again in a moment, "
            "or when what changes the documents is done."
        )

    def status(self) -> IndexStatus:
        """Raises IndexMissingError if nothing was ever indexed here."""
        self.require()
        return self.read(self._describe)

    def _describe(self, snapshot: Snapshot) -> IndexStatus:
        documents, chunks, vectors = snapshot.count_all()
        build = snapshot.build
        return IndexStatus(
            documents=documents,
            chunks=chunks,
            vectors=vectors,
            failures=tuple(snapshot.list_failures()),
            fingerprint={**build.fingerprint, "embedding": build.embedding} if build.id else {},
            generation=snapshot.generation,
            bytes=self._layout.measure_bytes(),
            rebuilding=snapshot.is_being_rebuilt,
        )

    # ---- writing

    @contextlib.contextmanager
    def writing(self, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None) -> Iterator[IndexWriter]:
        """Become the writer. Raises IndexLockedError, naming the holder, if there is one after `wait_s` seconds."""
        from rag.index.catalog.writing import CatalogWriter  # a reader starts faster without these
        from rag.index.integrity.repair import set_aside_unusable
        from rag.index.writing.writer import IndexWriter

        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise IndexUnusableError(
                f"The index folder {self.folder} cannot be made ({exc.strerror or exc}). "
                "Choose another with --index or RAG_INDEX_DIR."
            ) from exc
        with lock_for_writing(self.folder, wait_s=wait_s, on_wait=on_wait):
            notes = set_aside_unusable(self._catalog, self._mark)
            self._catalog.create()
            with self._catalog.writing() as connection:
                db = CatalogWriter(connection)
                with self._views.share_writers_store(db):
                    writer = IndexWriter(db, self._layout, self._views, self._mark, notes)
                    try:
                        writer.recover()
                        yield writer
                    except BaseException:
                        writer.abandon()
                        raise
                    writer.close()

    # ---- damage

    def looks_sound(self) -> bool:
        """Whether there is an index that this version reads and that nothing gives a reason to check; cheap.

        So the last writer came to its end, nobody else changed the folder, and no part was found damaged.
        """
        try:
            with self._catalog.reading() as connection:
                return not find_reasons_to_check(self._layout, self._mark, CatalogView(connection))
        except IndexUnusableError:
            return False

    def find_damage(self, must_stop: Callable[[], bool] = lambda: False) -> list[Damage] | None:
        """Hold everything against what was written: seconds for each GB. `must_stop` is asked several times a second.

        None if it was stopped, or a writer was at work or did not come to its end. Raises IndexUnusableError.
        """
        from rag.index.integrity.check import Inspection

        return Inspection(self._layout, self._catalog, self._views, must_stop).run() if self.exists else []

    def request_repair(self, part: str, reason: str) -> None:
        """Have the next writer make a part anew: ``catalog``, ``lexical`` or ``vectors``. `reason` is for the log."""
        self._mark.request(part, reason)

    def call_when_damaged(self, call: Callable[[], None]) -> None:
        """From now on, call this when a reader of this object finds a part damaged; a sync repairs it."""
        self._mark.on_request = call
