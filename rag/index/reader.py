"""Catalog, vectors and lexical index as one: read on a snapshot, replace atomically.

The catalog is the truth; the other two are views that may hold more than is live, never less. So a reader takes the
catalog's snapshot first and searches the views afterwards: everything that the snapshot lists is there, unless a sweep
of dead chunks began meanwhile, which `Index.read` notices and then asks again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog import FORMAT, Build, Catalog, CatalogView, DocumentInfo, Failure, no_index
from rag.index.lock import writer_lock
from rag.index.stamps import lexical_stamp, vectors_stamp
from rag.index.vectors import VectorStore
from rag.types import Restriction, StoredChunk

if TYPE_CHECKING:
    import tempfile

    import numpy as np

    from rag.index.lexical import LexicalIndex, QuestionTerm
    from rag.index.writer import IndexWriter

logger = logging.getLogger(__name__)

T = TypeVar("T")

_Resolve = Callable[[list[tuple[T, float]]], list[tuple[int, float]]]
"""From what a view found to chunk ids, of those that are live and may be found."""

_READ_TRIES = 10  # each retry means that a sweep began during a search of a few milliseconds
_REPAIR_MARK = "repair"
_EXACT_CHUNKS = 20_000
"""A restriction to as many is searched vector by vector: 3.3 µs each, where Chroma would be asked for thousands."""
BEING_MADE = -1
"""In place of the vectors' stamp, while they are made anew."""


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
        self.catalog = Catalog(folder / "catalog.sqlite3")
        self.on_damage: Callable[[], None] = lambda: None
        """Called by a reader that found a view damaged; a sync repairs it."""
        self._lock = threading.Lock()
        self._store = self._new_store(None)
        self._is_writing = False
        self._lexical: tuple[tuple[int, int], int, LexicalIndex] | None = None  # (catalog, build), generation, index
        self._counts: tuple[tuple[int, ...], tuple[int, int, int]] | None = None
        self._chunk_count: tuple[tuple[int, ...], int] | None = None
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        self._told: set[str] = set()

    @property
    def models_dir(self) -> Path:
        return self.folder / "models"

    @property
    def exists(self) -> bool:
        return self.catalog.path.is_file()

    def is_current_format(self) -> bool:
        """Whether there is a catalog that this version reads."""
        try:
            return self.exists and self.catalog.format() == FORMAT
        except IndexUnusableError:
            return False

    def require(self) -> None:
        """Raises IndexUnusableError if nothing was ever indexed here."""
        if not self.exists:
            raise IndexUnusableError(no_index(self.folder))

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run `fn` on one consistent snapshot; it runs again if dead chunks were swept away meanwhile."""
        for attempt in range(_READ_TRIES):
            with self.catalog.view() as view:
                sweeps = view.meta("sweeps")
                snapshot = Snapshot(self, view)
                try:
                    result = fn(snapshot)
                except IndexUnusableError:
                    if attempt == _READ_TRIES - 1 or self.sweeps() == sweeps:
                        raise
                    continue
            if self.sweeps() == sweeps:
                break
        return result

    def status(self) -> IndexStatus:
        self.require()
        with self.catalog.view() as view:
            build = view.live_build()
            rebuilding = len(view.builds()) > 1
            if build is None:
                return IndexStatus(0, 0, 0, (), {}, view.meta("generation"), self._bytes(), rebuilding)
            documents, chunks, vectors = self.counts(view, build)
            return IndexStatus(
                documents=documents,
                chunks=chunks,
                vectors=vectors,
                failures=tuple(view.failures(build.id)),
                fingerprint={**build.fingerprint, "embedding": view.model_fingerprint(build.model_id)},
                generation=view.meta("generation"),
                bytes=self._bytes(),
                rebuilding=rebuilding,
            )

    @contextlib.contextmanager
    def writing(self, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None) -> Iterator[IndexWriter]:
        """Become the writer. Raises IndexLockedError, naming the holder, if there is one after `wait_s` seconds."""
        from rag.index.writer import IndexWriter, set_aside_unusable

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise IndexUnusableError(
                f"The index folder {self.folder} cannot be made ({exc.strerror or exc}). "
                "Choose another with --index or RAG_INDEX_DIR."
            ) from exc
        with writer_lock(self.folder, wait_s=wait_s, on_wait=on_wait):
            notes = set_aside_unusable(self)
            self.catalog.create()
            with self.catalog.writer() as db, self._writing_store(db):
                writer = IndexWriter(self, db, notes)
                try:
                    writer.recover()
                    yield writer
                except BaseException:
                    writer.abandon()
                    raise
                writer.close()

    @contextlib.contextmanager
    def _writing_store(self, db: CatalogView) -> Iterator[None]:
        """While this process writes, its own readers share the writer's store, which is always up to date."""
        with self.store(db):
            self._is_writing = True
        generation = None
        try:
            yield
            generation = _vector_generation(db)
        finally:
            with self._lock:
                self._store.generation = generation
                self._is_writing = False

    def request_repair(self, part: str, reason: str) -> None:
        """Have the next writer make a part anew: ``catalog``, ``lexical`` or ``vectors``."""
        if not os.access(self.folder, os.W_OK):
            logger.warning("%s", reason) if reason not in self._told else None
            self._told.add(reason)
            return
        if part in self.repairs_wanted():
            return
        logger.warning("%s", reason)
        with contextlib.suppress(OSError), self.repair_mark.open("a", encoding="utf-8") as mark:
            mark.write(f"{part}\n")
        self.on_damage()

    def repairs_wanted(self) -> set[str]:
        try:
            return set(self.repair_mark.read_text("utf-8").split())
        except OSError:
            return set()

    def reasons_to_check(self, view: CatalogView) -> dict[str, str]:
        """Parts that are damaged or may be, and why: ``lexical``, ``vectors``, or ``all`` after a crash. Cheap."""
        builds = view.builds()
        if not builds:
            return {}
        reasons = {part: "A part of the index was found damaged" for part in self.repairs_wanted()}
        changed = "The index folder was changed by another program"
        if view.meta("unclean"):
            reasons["all"] = "The last run was cut short"
        elif view.meta("lexical_stamp") != lexical_stamp(self.folder / "lexical"):
            reasons["lexical"] = changed
        if view.meta("vectors_stamp") != vectors_stamp(self.folder / "chroma"):
            reasons["vectors"] = changed
        if not all(self.lexical_folder(build.id).is_dir() for build in builds):
            reasons["lexical"] = "The lexical index was missing or of an older version"
        return reasons

    @property
    def repair_mark(self) -> Path:
        return self.folder / _REPAIR_MARK

    def close(self) -> None:
        self.catalog.close()
        with self._lock:
            self._store.close()
            if self._lexical is not None:
                self._lexical[2].close()
            self._lexical = None
        if self._copies is not None:
            self._copies.cleanup()

    def lexical_folder(self, build_id: int) -> Path:
        """One folder a build and version of the text analysis, so that a new version is simply missing."""
        from rag.index.lexical import LEXICAL_FORMAT
        from rag.text.terms import ANALYZER_VERSION

        return self.folder / "lexical" / f"{build_id}-{LEXICAL_FORMAT}.{ANALYZER_VERSION}"

    def lexical(self, view: CatalogView, build_id: int) -> LexicalIndex:
        """The build's lexical index, as new as the snapshot or newer."""
        from rag.index.lexical import LexicalIndex

        generation, key = view.meta("generation"), (view.meta("identity"), build_id)
        with self._lock:
            if self._lexical is None or self._lexical[0] != key:
                folder = self.lexical_folder(build_id)
                if not (folder / "meta.json").is_file():  # it would be made anew, and empty
                    raise IndexDamagedError(f"{folder} is missing. Run python -m ingest to rebuild it.", "lexical")
                self._lexical = (key, generation, LexicalIndex(self._writable(folder)))
            elif self._lexical[1] != generation:
                self._writable(self.lexical_folder(build_id))
                self._lexical[2].reload()
                self._lexical = (key, generation, self._lexical[2])
            return self._lexical[2]

    def _writable(self, folder: Path) -> Path:
        """The folder, or a copy of it where nobody can write: tantivy makes a lock file even to read."""
        if os.access(folder, os.W_OK):
            return folder
        import tempfile  # 0.01 s, and hardly ever needed

        if self._copies is None:
            self._copies = tempfile.TemporaryDirectory(prefix="pagewise-", ignore_cleanup_errors=True)
        return Path(shutil.copytree(folder, Path(self._copies.name) / folder.name, dirs_exist_ok=True))

    @contextlib.contextmanager
    def store(self, view: CatalogView) -> Iterator[VectorStore]:
        """The vectors, reopened if another process wrote some since."""
        generation = _vector_generation(view)
        with self._lock:
            if self._store.generation != generation and not self._is_writing:
                self._replace(self._new_store(generation))
            store = self._store
            store.users += 1
        try:
            yield store
        finally:
            with self._lock:
                store.users -= 1
                if store is not self._store and not store.users:
                    store.close()

    @property
    def writers_store(self) -> VectorStore:
        """For the writer alone: nobody replaces it while it writes."""
        return self._store

    def empty_store(self) -> None:
        """For the writer: begin with an empty folder. Readers of this process end their searches in the old one."""
        with self._lock:
            old, self._store = self._store, self._new_store(self._store.generation)
            if not old.users:
                old.close()
        self._store.delete_files()

    def _replace(self, store: VectorStore) -> None:
        # One that is in use is closed by its last user: dropped unclosed, Chroma would keep its memory and files.
        if not self._store.users:
            self._store.close()
        self._store = store

    def _new_store(self, generation: int | None) -> VectorStore:
        return VectorStore(self.folder / "chroma", generation, self._check_vectors)

    def _check_vectors(self) -> None:
        """Before Chroma is let at its files: are they as the last writer left them?"""
        with self.catalog.view() as view:
            known = view.meta("vectors_stamp")
        if known == BEING_MADE and not self._is_writing:
            raise IndexUnusableError(f"The vectors in {self.folder / 'chroma'} are being made anew.")
        if known not in (BEING_MADE, vectors_stamp(self.folder / "chroma")):
            raise IndexDamagedError(
                f"The vectors in {self.folder / 'chroma'} are damaged. Run python -m ingest to rebuild them.", "vectors"
            )

    def counts(self, view: CatalogView, build: Build) -> tuple[int, int, int]:
        """Documents, chunks, chunks with a vector; remembered for as long as nothing changes."""
        generations = (view.meta("generation"), view.meta("vector_generation"))
        key = (view.meta("identity"), build.id, build.model_id or 0, *generations)
        if self._counts is None or self._counts[0] != key:
            self._counts = (key, view.counts(build.id, build.model_id))
        return self._counts[1]

    def chunk_count(self, view: CatalogView, build: Build) -> int:
        """All that a question needs of `counts`: seconds less at a million chunks, on the first one after a change."""
        key = (view.meta("identity"), build.id, view.meta("generation"))
        if self._chunk_count is None or self._chunk_count[0] != key:
            self._chunk_count = (key, view.count_chunks(build.id))
        return self._chunk_count[1]

    def sweeps(self) -> int:
        """How often a writer began to clear away what is dead."""
        with self.catalog.view() as view:
            return view.meta("sweeps")

    def _bytes(self) -> int:
        """Size on disk, without the embedding models."""
        models = self.models_dir
        files = (path for path in self.folder.rglob("*") if models not in path.parents)
        return sum(_size(path) for path in files)


class Snapshot:
    """One consistent view of what is live."""

    def __init__(self, index: Index, view: CatalogView) -> None:
        self.view = view
        self._index = index
        self._build = view.live_build()
        self.generation = view.meta("generation")

    @property
    def embed_model(self) -> str | None:
        """Name of the model whose vectors are live; questions must be embedded by it. None for an empty index."""
        return None if self._build is None else str(self._build.fingerprint["embed_model"])

    @property
    def chunk_count(self) -> int:
        return 0 if self._build is None else self._index.chunk_count(self.view, self._build)

    def count(self, only: Restriction) -> int:
        """Chunks of the documents that may be found."""
        return 0 if self._build is None else self.view.count_chunks(self._build.id, only)

    @property
    def has_vectors(self) -> bool:
        """Whether the dense search can find anything."""
        return self._build is not None and self.view.has_vectors(self._build.model_id)

    @property
    def lexical_index(self) -> LexicalIndex | None:
        """For the frequencies of terms; None for an empty index."""
        return None if self._build is None else self._index.lexical(self.view, self._build.id)

    def dense(self, vector: np.ndarray, limit: int, only: Restriction | None = None) -> list[tuple[int, float]]:
        """(chunk id, cosine), best first; chunks whose embedded text is equal share a vector and all come.

        A restriction to few chunks is searched exactly, in the catalog's own vectors; so is everything while the
        vector view can't be used: slower, and nothing is missing.
        """
        build = self._build
        if build is None or build.model_id is None:
            return []
        model_id = build.model_id
        depth = limit
        if only is not None:
            allowed = self.view.count_chunks(build.id, only)
            if allowed <= _EXACT_CHUNKS:
                return _ranked(self.view.chunk_vectors(build.id, model_id, only), vector)[:limit]
            depth = math.ceil(1.5 * limit * self.chunk_count / allowed)
        try:
            with self._index.store(self.view) as store:
                return self._live(lambda n: store.search(model_id, vector, n), self._ids_of_hashes(only), limit, depth)
        except IndexUnusableError as exc:
            self._note_damage(exc)
        ranking = self._search_exactly(model_id, vector)
        return self._live(lambda n: ranking[:n], self._ids_of_hashes(only), limit)

    def _search_exactly(self, model_id: int, vector: np.ndarray) -> list[tuple[bytes, float]]:
        hits = [hit for rows in self.view.all_vectors(model_id) for hit in _ranked(rows, vector)]
        return sorted(hits, key=lambda hit: -hit[1])

    def lexical(
        self,
        question: str,
        limit: int,
        only: Restriction | None = None,
        terms: Sequence[QuestionTerm] | None = None,
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25), best first. A damaged index gives nothing, and is repaired by the next sync.

        `terms` are the question's, if the caller has them already.
        """
        build = self._build
        if build is None:
            return []
        try:
            lexical = self._index.lexical(self.view, build.id)
            return self._live(lambda n: lexical.search(question, n, only, terms), self._live_ids(lexical, only), limit)
        except IndexUnusableError as exc:
            self._note_damage(exc, "lexical")
            return []

    def _note_damage(self, exc: IndexUnusableError, part: str | None = None) -> None:
        """Have it repaired, unless it is at work: then `Index.read` asks again."""
        if self._index.sweeps() != self.view.meta("sweeps"):
            raise exc
        part = exc.part if isinstance(exc, IndexDamagedError) else part
        if part is not None:
            self._index.request_repair(part, str(exc))

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        return {} if self._build is None else self.view.chunks(ids, self._build.id)

    def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Source and ordinal: all that a ranking needs of `chunks`, at a fifth of the cost."""
        return {} if self._build is None else self.view.places(ids, self._build.id)

    def neighbours(self, chunk_id: int, before: int, after: int) -> list[StoredChunk]:
        """The chunk with those around it in its document, in order."""
        return self.view.neighbours(chunk_id, before, after)

    def documents(self) -> list[DocumentInfo]:
        return [] if self._build is None else self.view.documents(self._build.id)

    def sources(self) -> list[str]:
        return [] if self._build is None else self.view.sources(self._build.id)

    def document(self, source: str) -> DocumentInfo | None:
        return None if self._build is None else self.view.document(self._build.id, source)

    def _live(
        self,
        search: Callable[[int], list[tuple[Any, float]]],
        resolve: Callable[[list[tuple[Any, float]]], list[tuple[int, float]]],
        limit: int,
        depth: int | None = None,
    ) -> list[tuple[int, float]]:
        """Search deeper, from `depth` on, while hits that aren't live or allowed take the places of those that are."""
        depth = depth or limit
        while True:
            found = search(depth)
            hits = resolve(found)
            if len(hits) >= limit or len(found) < depth:
                return hits[:limit]
            depth *= 4

    def _ids_of_hashes(self, only: Restriction | None) -> _Resolve[bytes]:
        def resolve(found: list[tuple[bytes, float]]) -> list[tuple[int, float]]:
            assert self._build is not None
            ids = self.view.ids_by_hash([hash_ for hash_, _ in found], self._build.id, only)
            return [(id_, score) for hash_, score in found for id_ in ids.get(hash_, ())]

        return resolve

    def _live_ids(self, lexical: LexicalIndex, only: Restriction | None) -> _Resolve[int]:
        def resolve(found: list[tuple[int, float]]) -> list[tuple[int, float]]:
            assert self._build is not None
            # It holds at least what is live; if it holds no more, all is.
            if len(lexical) == self.chunk_count and not (only and only.is_dated):
                return found
            live = self.view.live_ids([id_ for id_, _ in found], self._build.id, only)
            return [hit for hit in found if hit[0] in live]

        return resolve


def _ranked(rows: Sequence[tuple[T, bytes]], vector: np.ndarray) -> list[tuple[T, float]]:
    """Keys of packed vectors with their cosines, best first."""
    import numpy as np

    if not rows:
        return []
    cosines = unpack_vectors([packed for _, packed in rows]) @ vector
    return [(rows[place][0], float(cosines[place])) for place in np.argsort(-cosines, kind="stable")]


def _vector_generation(view: CatalogView) -> int:
    """Differs between any two states of the vectors, and between catalogs."""
    return view.meta("identity") + view.meta("vector_generation")


def pack_vectors(vectors: np.ndarray) -> np.ndarray:
    """As they are kept, in half precision: an error under 0.001 in a component, none that changes a ranking."""
    return vectors.astype("float16")


def unpack_vectors(rows: Sequence[bytes]) -> np.ndarray:
    import numpy as np

    return np.stack([np.frombuffer(row, np.float16) for row in rows]).astype(np.float32)


def is_same_model(view: CatalogView, build: Build, embedding: str | None) -> bool:
    """Whether the build's vectors are from this model; what isn't known yet doesn't differ."""
    return embedding is None or build.model_id is None or view.model_fingerprint(build.model_id) == embedding


def text_hash(embed_text: str) -> bytes:
    """Identity of a text to embed: 16 bytes of BLAKE2b, so that 2⁶⁴ texts collide less likely than not."""
    return hashlib.blake2b(embed_text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # removed meanwhile
        return 0
