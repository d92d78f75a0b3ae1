"""Catalog, vectors and lexical index as one: read on a snapshot, replace atomically.

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

from rag.errors import IndexUnusableError
from rag.index.catalog.connections import Catalog
from rag.index.catalog.database import describe_missing_index
from rag.index.catalog.meta import FORMAT
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Failure
from rag.index.counts import Counts
from rag.index.integrity.damage import RepairMark, find_reasons_to_check
from rag.index.layout import Layout
from rag.index.lock import lock_for_writing
from rag.index.views import OpenViews

if TYPE_CHECKING:
    from rag.index.integrity.check import Damage
    from rag.index.snapshot import Snapshot
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
        self.folder = folder
        self.layout = Layout(folder)
        self.catalog = Catalog(self.layout.catalog)
        self.repair_mark = RepairMark(self.layout.repair_mark)
        self.views = OpenViews(self.layout, self.catalog)
        self.counts = Counts()

    @property
    def models_dir(self) -> Path:
        return self.layout.models

    @property
    def exists(self) -> bool:
        return self.catalog.path.is_file()

    def is_current_format(self) -> bool:
        """Whether there is a catalog that this version reads."""
        try:
            return self.exists and self.catalog.read_format() == FORMAT
        except IndexUnusableError:
            return False

    def require(self) -> None:
        """Raises IndexUnusableError if nothing was ever indexed here."""
        if not self.exists:
            raise IndexUnusableError(describe_missing_index(self.folder))

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` on one consistent snapshot; it runs again if dead chunks were swept away meanwhile.

        Raises IndexUnusableError if that happens each time.
        """
        from rag.index.snapshot import Snapshot  # what an unchanged folder needn't wait for

        for _ in range(_READ_TRIES):
            with self.catalog.view() as view:
                sweeps = view.sweeps
                try:
                    result = fn(Snapshot(view, self.catalog, self.views, self.counts, self.repair_mark))
                except IndexUnusableError:
                    if self.catalog.read_sweeps() == sweeps:
                        raise
                    continue
            if self.catalog.read_sweeps() == sweeps:
                return result
        raise IndexUnusableError(
            f"The index in {self.folder} changes faster than it can be read. Try again in a moment, "
            "or when what changes the documents is done."
        )

    @contextlib.contextmanager
    def writing(self, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None) -> Iterator[IndexWriter]:
        """Become the writer. Raises IndexLockedError, naming the holder, if there is one after `wait_s` seconds."""
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
            notes = set_aside_unusable(self.catalog, self.repair_mark)
            self.catalog.create()
            with self.catalog.writer() as db, self.views.share_writers_store(db):
                writer = IndexWriter(db, self.layout, self.views, self.repair_mark, notes)
                try:
                    writer.recover()
                    yield writer
                except BaseException:
                    writer.abandon()
                    raise
                writer.close()

    def find_reasons_to_check(self, view: CatalogView) -> dict[str, str]:
        """Parts that are damaged or may be, and why: ``lexical``, ``vectors``, or ``all`` after a crash. Cheap."""
        return find_reasons_to_check(self.layout, self.repair_mark, view)

    def find_damage(self, must_stop: Callable[[], bool] = lambda: False) -> list[Damage] | None:
        """Hold everything against what was written: seconds for each GB. `must_stop` is asked several times a second.

        None if it was stopped, or a writer was at work or did not come to its end. Raises IndexUnusableError.
        """
        from rag.index.integrity.check import Inspection

        return Inspection(self.layout, self.catalog, self.views, must_stop).run() if self.exists else []

    def close(self) -> None:
        self.catalog.close()
        self.views.close()

    def status(self) -> IndexStatus:
        """Raises IndexUnusableError if nothing was ever indexed here."""
        self.require()
        with self.catalog.view() as view:
            build = view.find_live_build()
            documents, chunks, vectors = self.counts.count_all(view, build) if build else (0, 0, 0)
            embedding = {"embedding": view.find_model_fingerprint(build.model_id)} if build else {}
            return IndexStatus(
                documents=documents,
                chunks=chunks,
                vectors=vectors,
                failures=tuple(view.list_failures(build.id)) if build else (),
                fingerprint={**(build.fingerprint if build else {}), **embedding},
                generation=view.generation,
                bytes=self.layout.measure_bytes(),
                rebuilding=len(view.list_builds()) > 1,
            )
