"""The catalog: one SQLite file that says what is live, what failed and what made it. Sole owner of sqlite3.

Builds. A build is one whole index of the folder under one fingerprint (embedding model, chunk size, …). One build is
live; a second may be under construction beside it and becomes live in one transaction.

Vectors are kept here too, by the hash of the text that was embedded: the same text is never embedded twice, and a lost
vector view is rebuilt without the model.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import DiskFullError, IndexDamagedError, IndexUnusableError
from rag.text.dates import iso_day
from rag.types import Chunk, Document, Restriction, StoredChunk

FORMAT = 2
"""Version of the schema. An older catalog is rebuilt, a newer one is refused."""

_IN_LIMIT = 500  # parameters in one statement; SQLite's own limit is far higher, but plans are cached per length
_BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS models (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint TEXT NOT NULL, model INTEGER, started REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, build INTEGER NOT NULL, source TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, sha256 BLOB NOT NULL,
    loader TEXT NOT NULL, header TEXT NOT NULL, language TEXT NOT NULL, page_kind TEXT NOT NULL, title TEXT NOT NULL,
    chunk_count INTEGER NOT NULL, reason TEXT, kind TEXT NOT NULL, since REAL NOT NULL, date TEXT NOT NULL,
    UNIQUE (build, source)
);
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL, ordinal INTEGER NOT NULL, text TEXT NOT NULL,
    section TEXT NOT NULL, page INTEGER, page_end INTEGER, label TEXT, overlap INTEGER NOT NULL, hash BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (document, ordinal);
CREATE INDEX IF NOT EXISTS chunks_by_hash ON chunks (hash, document);
CREATE TABLE IF NOT EXISTS vectors (
    id INTEGER PRIMARY KEY, model INTEGER NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, UNIQUE (model, hash)
);
"""

_DOCUMENT_FIELDS = (
    "build, source, size, mtime_ns, ctime_ns, sha256, loader, header, language, page_kind, title, chunk_count, reason,"
    " kind, since, date"
)
_CHUNK_FIELDS = "document, ordinal, text, section, page, page_end, label, overlap, hash"
# CROSS keeps SQLite from going through all documents of the build to find 100 chunks: .4 ms, not 11, at 100,000 chunks.
_OF_DOCUMENTS = "FROM chunks c CROSS JOIN documents d ON d.id = c.document"
_STORED = (
    "SELECT c.id, d.source, c.ordinal, c.text, d.title, c.section, c.page, c.page_end, c.overlap, d.language, c.label,"
    f" d.page_kind {_OF_DOCUMENTS}"
)


_DATE = "CASE d.date WHEN '' THEN date(d.mtime_ns / 1000000000, 'unixepoch', 'localtime') ELSE d.date END"


class FileState(NamedTuple):  # made for every file at every sync: a dataclass takes four times as long
    """What the file system says of a file; equal states mean equal content (see `ingest.plan` for the exceptions)."""

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def unknown(cls) -> FileState:
        """A state that no file has: it is looked at again."""
        return cls(-1, -1, -1)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A corpus file as the catalog knows it."""

    document_id: int
    state: FileState
    sha256: bytes
    loader: str
    chunk_count: int
    reason: str | None
    """Why it could not be indexed; None if it was."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document on its way in. A failed one has a `reason` and no chunks."""

    header: Document
    state: FileState
    sha256: bytes
    reason: str | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class NewChunk:
    chunk: Chunk
    label: str | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    source: str
    reason: str
    kind: str
    since: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Build:
    id: int
    fingerprint: Mapping[str, Any]
    model_id: int | None
    """None until the embedding model has been opened for the first time."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A live document, for lists and filters."""

    source: str
    title: str
    language: str
    chunk_count: int
    header: Mapping[str, Any] = field(default_factory=dict)


def encode_header(document: Document) -> str:
    """Everything of a document but its pages, as JSON."""
    names = ("title", "author", "created", "modified", "language", "format", "page_kind", "loader")
    header: dict[str, Any] = {name: getattr(document, name) for name in names}
    return json.dumps({**header, "notes": list(document.notes)}, ensure_ascii=False)


def decode_header(source: str, header: str) -> Document:
    values = json.loads(header)
    return Document(source=source, pages=(), **{**values, "notes": tuple(values["notes"])})


class Catalog:
    """Opens, creates and hands out connections. Reading and writing are `CatalogView` and `CatalogWriter`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, int] | None = None  # the file that the idle connections are to
        self._is_closed = False

    def create(self) -> None:
        """Make an empty catalog if there is none. Raises IndexUnusableError for one that this version can't use."""
        with self._translated(), contextlib.closing(self._connect(create=True)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                self._check_format(connection)
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            # So that a reader can tell this catalog from the one that was here before it.
            identity = int.from_bytes(os.urandom(7), "big")
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('identity', ?)", (identity,))
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")

    def format(self) -> int:
        """The stored format version; 0 for an empty file. Raises IndexDamagedError if it is no database."""
        with self._translated(), contextlib.closing(self._connect()) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def is_sound(self) -> bool:
        """Check every page of the file: about a second for each GB."""
        try:
            with self._translated(), contextlib.closing(self._connect()) as connection:
                return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
        except IndexDamagedError:
            return False

    def _check_format(self, connection: sqlite3.Connection) -> None:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found == 0:
            raise IndexUnusableError(no_index(self.path.parent))
        if found > FORMAT:
            raise IndexUnusableError(
                f"{self.path} was written by a newer version (format {found}, this one reads {FORMAT}). "
                "Update this program, or use another folder with --index or RAG_INDEX_DIR."
            )
        if found < FORMAT:
            raise IndexUnusableError(f"{self.path} has the older format {found}. Run python -m ingest to rebuild it.")

    @contextlib.contextmanager
    def view(self) -> Iterator[CatalogView]:
        """A consistent snapshot: whatever is committed meanwhile is not seen."""
        with self._translated():
            connection, file = self._take()
            try:
                connection.execute("BEGIN")
                yield CatalogView(connection)
            finally:
                self._give_back(connection, file)

    def _take(self) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
        """A connection to the file that is there now, which may not be the one of before."""
        file = _identity(self.path)
        with self._lock:
            outdated = self._idle if file != self._file else []
            if outdated:
                self._idle = []
            self._file = file
            connection = self._idle.pop() if self._idle else None
        for other in outdated:
            other.close()
        if connection is None:
            connection = self._connect()
            self._check_format(connection)
        return connection, file

    def _give_back(self, connection: sqlite3.Connection, file: tuple[int, int] | None) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()
            raise
        with self._lock:
            keep = not self._is_closed and file == self._file
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    @contextlib.contextmanager
    def writer(self) -> Iterator[CatalogWriter]:
        """The one connection that writes; the caller holds the index's lock."""
        with self._translated(), contextlib.closing(self._connect()) as connection:
            self._check_format(connection)
            yield CatalogWriter(connection)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connect(self, *, create: bool = False) -> sqlite3.Connection:
        mode = "mode=rwc" if create else "immutable=1" if self._is_read_only() else "mode=rw"
        connection = sqlite3.connect(
            f"file:{urllib.parse.quote(str(self.path))}?{mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            if mode != "immutable=1":
                connection.execute("PRAGMA journal_mode = WAL")
            # FULL: what the views hold must never be ahead of a catalog that forgot it after a power cut.
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _is_read_only(self) -> bool:
        """Whether nobody can write here. SQLite needs to write beside a WAL database even to read it."""
        wal = Path(f"{self.path}-wal")
        return not os.access(self.path.parent, os.W_OK) and not (wal.is_file() and wal.stat().st_size)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _translate(self.path, exc) from exc


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino)


def _translate(path: Path, exc: sqlite3.Error) -> IndexUnusableError:
    text = str(exc)
    if not path.exists():
        return IndexUnusableError(no_index(path.parent))
    if DiskFullError.explains(text):
        return DiskFullError(path.parent, text)
    if "readonly" in text or "unable to open" in text:
        return IndexUnusableError(
            f"{path} cannot be opened or written ({text}). "
            "Check its folder's rights, or choose another with --index or RAG_INDEX_DIR."
        )
    if "locked" in text:
        return IndexUnusableError(
            f"{path} stayed locked for {_BUSY_TIMEOUT_S:.0f} s by another process. Stop that process and try again."
        )
    return IndexDamagedError(f"{path} is damaged ({text}). Run python -m ingest: it rebuilds the index.", "catalog")


def no_index(folder: Path) -> str:
    return f"There is no index in {folder} yet. Run python -m ingest to make it."


class CatalogView:
    """Read access within one snapshot."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._meta: dict[str, int] | None = None

    def meta(self, key: str, default: int = 0) -> int:
        """Read once: within a snapshot nothing changes."""
        if self._meta is None:
            self._meta = {name: int(value) for name, value in self._db.execute("SELECT key, value FROM meta")}
        return self._meta.get(key, default)

    def build(self, build_id: int) -> Build | None:
        row = self._db.execute("SELECT id, fingerprint, model FROM builds WHERE id = ?", (build_id,)).fetchone()
        return None if row is None else Build(row[0], json.loads(row[1]), row[2])

    def live_build(self) -> Build | None:
        return self.build(self.meta("live_build"))

    def builds(self) -> list[Build]:
        rows = self._db.execute("SELECT id, fingerprint, model FROM builds ORDER BY id").fetchall()
        return [Build(row[0], json.loads(row[1]), row[2]) for row in rows]

    def model_fingerprint(self, model_id: int | None) -> str | None:
        row = self._db.execute("SELECT fingerprint FROM models WHERE id = ?", (model_id,)).fetchone()
        return None if row is None else str(row[0])

    def known_files(self, build_id: int) -> dict[str, KnownFile]:
        rows = self._db.execute(
            "SELECT source, id, size, mtime_ns, ctime_ns, sha256, loader, chunk_count, reason FROM documents"
            " WHERE build = ?",
            (build_id,),
        )
        return {row[0]: KnownFile(row[1], FileState(*row[2:5]), *row[5:]) for row in rows}

    def file_states(self, build_id: int) -> Iterator[tuple[str, tuple[int, int, int], str | None]]:
        """(source, state, why it could not be indexed): `known_files` at a fraction of its cost."""
        rows = self._db.execute(
            "SELECT source, size, mtime_ns, ctime_ns, reason FROM documents WHERE build = ?", (build_id,)
        )
        for source, size, mtime_ns, ctime_ns, reason in rows:
            yield source, (size, mtime_ns, ctime_ns), reason

    def documents(self, build_id: int) -> list[DocumentInfo]:
        """Indexed documents, in order of their source."""
        rows = self._db.execute(
            "SELECT source, title, language, chunk_count, header FROM documents"
            " WHERE build = ? AND reason IS NULL ORDER BY source",
            (build_id,),
        )
        return [DocumentInfo(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]

    def sources(self, build_id: int) -> list[str]:
        """Of the indexed documents, in order: `documents` at a fraction of its cost."""
        rows = self._db.execute(
            "SELECT source FROM documents WHERE build = ? AND reason IS NULL ORDER BY source", (build_id,)
        )
        return [row[0] for row in rows]

    def document(self, build_id: int, source: str) -> DocumentInfo | None:
        row = self._db.execute(
            "SELECT source, title, language, chunk_count, header FROM documents"
            " WHERE build = ? AND source = ? AND reason IS NULL",
            (build_id, source),
        ).fetchone()
        return None if row is None else DocumentInfo(row[0], row[1], row[2], row[3], json.loads(row[4]))

    def failures(self, build_id: int) -> list[Failure]:
        rows = self._db.execute(
            "SELECT source, reason, kind, since FROM documents WHERE build = ? AND reason IS NOT NULL ORDER BY source",
            (build_id,),
        )
        return [Failure(*row) for row in rows]

    def all_vectors(self, model_id: int, part: int = 10_000) -> Iterator[list[tuple[bytes, bytes]]]:
        """(hash, vector) of all, in lists of at most `part`."""
        cursor = self._db.execute("SELECT hash, vector FROM vectors WHERE model = ?", (model_id,))
        while rows := cursor.fetchmany(part):
            yield rows

    def counts(self, build_id: int, model_id: int | None) -> tuple[int, int, int]:
        """Indexed documents, their chunks, and how many of the chunks have a vector."""
        documents, chunks = self._db.execute(
            "SELECT count(*), coalesce(sum(chunk_count), 0) FROM documents WHERE build = ? AND reason IS NULL",
            (build_id,),
        ).fetchone()
        # Pending chunks are few or none most of the time, so count those.
        return documents, chunks, chunks - self.pending_count(build_id, model_id)

    def pending_count(self, build_id: int, model_id: int | None) -> int:
        """Chunks of a build without a vector."""
        row = self._db.execute(
            "SELECT count(*) FROM documents d JOIN chunks c ON c.document = d.id WHERE d.build = ? AND NOT EXISTS"
            " (SELECT 1 FROM vectors v WHERE v.model = ? AND v.hash = c.hash)",
            (build_id, model_id or 0),
        ).fetchone()
        return int(row[0])

    def pending(self, build_id: int, model_id: int | None) -> list[tuple[bytes, int]]:
        """(hash, id of a chunk with that text), one for each text without a vector, newest files first."""
        rows = self._db.execute(
            "SELECT c.hash, min(c.id), max(d.mtime_ns) AS newest FROM documents d JOIN chunks c ON c.document = d.id"
            " WHERE d.build = ? AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.model = ? AND v.hash = c.hash)"
            " GROUP BY c.hash ORDER BY newest DESC, min(c.id)",
            (build_id, model_id or 0),
        )
        return [(row[0], row[1]) for row in rows]

    def chunks(self, ids: Sequence[int], build_id: int) -> dict[int, StoredChunk]:
        """Those of `ids` that belong to the build."""
        found: dict[int, StoredChunk] = {}
        for part in _parts(ids):
            rows = self._db.execute(f"{_STORED} WHERE c.id IN ({_marks(part)}) AND d.build = ?", (*part, build_id))
            found |= {row[0]: _stored_chunk(row) for row in rows}
        return found

    def places(self, ids: Sequence[int], build_id: int) -> dict[int, tuple[str, int]]:
        """Source and ordinal of those of `ids` that belong to the build."""
        found: dict[int, tuple[str, int]] = {}
        for part in _parts(ids):
            rows = self._db.execute(
                f"SELECT c.id, d.source, c.ordinal {_OF_DOCUMENTS} WHERE c.id IN ({_marks(part)}) AND d.build = ?",
                (*part, build_id),
            )
            found.update((id_, (source, ordinal)) for id_, source, ordinal in rows)
        return found

    def live_ids(self, ids: Sequence[int], build_id: int, only: Restriction | None = None) -> set[int]:
        """Those of `ids` that belong to the build and may be found: `chunks` without reading any text."""
        found: set[int] = set()
        allowed, values = _allowed(only)
        for part in _parts(ids):
            rows = self._db.execute(
                f"SELECT c.id {_OF_DOCUMENTS} WHERE c.id IN ({_marks(part)}) AND d.build = ?{allowed}",
                (*part, build_id, *values),
            )
            found.update(row[0] for row in rows)
        return found

    def ids_by_hash(
        self, hashes: Sequence[bytes], build_id: int, only: Restriction | None = None
    ) -> dict[bytes, list[int]]:
        """Chunks of the build that carry these texts and may be found."""
        found: dict[bytes, list[int]] = {}
        allowed, values = _allowed(only)
        for part in _parts(hashes):
            rows = self._db.execute(
                f"SELECT c.hash, c.id {_OF_DOCUMENTS} WHERE c.hash IN ({_marks(part)}) AND d.build = ?{allowed}"
                " ORDER BY c.id",
                (*part, build_id, *values),
            )
            for row in rows:
                found.setdefault(row[0], []).append(row[1])
        return found

    def count_chunks(self, build_id: int, only: Restriction | None = None) -> int:
        """Of the build's documents that may be found."""
        allowed, values = _allowed(only)
        row = self._db.execute(
            f"SELECT coalesce(sum(d.chunk_count), 0) FROM documents d WHERE d.build = ? AND d.reason IS NULL{allowed}",
            (build_id, *values),
        ).fetchone()
        return int(row[0])

    def has_vectors(self, model_id: int | None) -> bool:
        row = self._db.execute("SELECT 1 FROM vectors WHERE model = ? LIMIT 1", (model_id or 0,)).fetchone()
        return row is not None

    def chunk_vectors(self, build_id: int, model_id: int, only: Restriction) -> list[tuple[int, bytes]]:
        """(chunk id, vector) of all that may be found."""
        allowed, values = _allowed(only)
        return self._db.execute(
            "SELECT c.id, v.vector FROM documents d CROSS JOIN chunks c ON c.document = d.id"
            " CROSS JOIN vectors v ON v.model = ? AND v.hash = c.hash"
            f" WHERE d.build = ? AND d.reason IS NULL{allowed}",
            (model_id, build_id, *values),
        ).fetchall()

    def neighbours(self, chunk_id: int, before: int, after: int) -> list[StoredChunk]:
        """The chunk with those around it in its document, in order."""
        rows = self._db.execute(
            f"{_STORED} WHERE c.document = (SELECT document FROM chunks WHERE id = ?) AND c.ordinal BETWEEN"
            " (SELECT ordinal - ? FROM chunks WHERE id = ?) AND (SELECT ordinal + ? FROM chunks WHERE id = ?)"
            " ORDER BY c.ordinal",
            (chunk_id, before, chunk_id, after, chunk_id),
        )
        return [_stored_chunk(row) for row in rows]

    def document_chunks(self, document_id: int) -> list[StoredChunk]:
        rows = self._db.execute(f"{_STORED} WHERE c.document = ? ORDER BY c.ordinal", (document_id,))
        return [_stored_chunk(row) for row in rows]

    def chunk_ids(self, build_id: int) -> set[int]:
        rows = self._db.execute(
            "SELECT c.id FROM documents d JOIN chunks c ON c.document = d.id WHERE d.build = ?", (build_id,)
        )
        return {row[0] for row in rows}

    def iterate_chunks(self, build_id: int) -> Iterator[StoredChunk]:
        for row in self._db.execute(f"{_STORED} WHERE d.build = ? ORDER BY c.id", (build_id,)):
            yield _stored_chunk(row)

    def vector_hashes(self, model_id: int) -> set[bytes]:
        return {row[0] for row in self._db.execute("SELECT hash FROM vectors WHERE model = ?", (model_id,))}

    def known_hashes(self, model_id: int, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of the texts that have a vector."""
        found: set[bytes] = set()
        for part in _parts(hashes):
            rows = self._db.execute(
                f"SELECT hash FROM vectors WHERE model = ? AND hash IN ({_marks(part)})", (model_id, *part)
            )
            found.update(row[0] for row in rows)
        return found

    def vectors(self, model_id: int, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for part in _parts(hashes):
            rows = self._db.execute(
                f"SELECT hash, vector FROM vectors WHERE model = ? AND hash IN ({_marks(part)})", (model_id, *part)
            )
            found |= {row[0]: row[1] for row in rows}
        return found


class CatalogWriter(CatalogView):
    """Write access. Every change happens between `begin` and `commit`."""

    def meta(self, key: str, default: int = 0) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else int(row[0])

    def begin(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.begin()
        try:
            yield
            self.commit()
        finally:
            self.rollback()

    def set_meta(self, key: str, value: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def bump(self, key: str) -> None:
        self.set_meta(key, self.meta(key) + 1)

    def add_build(self, fingerprint: Mapping[str, Any]) -> Build:
        text = json.dumps(fingerprint, sort_keys=True)
        cursor = self._db.execute("INSERT INTO builds (fingerprint, started) VALUES (?, ?)", (text, time.time()))
        assert cursor.lastrowid is not None
        return Build(cursor.lastrowid, json.loads(text), None)

    def drop_build(self, build_id: int) -> None:
        self._db.execute("DELETE FROM chunks WHERE document IN (SELECT id FROM documents WHERE build = ?)", (build_id,))
        self._db.execute("DELETE FROM documents WHERE build = ?", (build_id,))
        self._db.execute("DELETE FROM builds WHERE id = ?", (build_id,))

    def set_build_model(self, build_id: int, model_fingerprint: str) -> int:
        """Give the build its embedding model; returns the model's id."""
        self._db.execute("INSERT OR IGNORE INTO models (fingerprint) VALUES (?)", (model_fingerprint,))
        row = self._db.execute("SELECT id FROM models WHERE fingerprint = ?", (model_fingerprint,)).fetchone()
        self._db.execute("UPDATE builds SET model = ? WHERE id = ?", (row[0], build_id))
        return int(row[0])

    def put_document(self, build_id: int, document: NewDocument) -> int:
        """Insert a document without chunks; its old version must have been removed."""
        header = document.header
        cursor = self._db.execute(
            f"INSERT INTO documents ({_DOCUMENT_FIELDS}) VALUES ({_marks(range(16))})",
            (
                build_id,
                header.source,
                document.state.size,
                document.state.mtime_ns,
                document.state.ctime_ns,
                document.sha256,
                header.loader,
                encode_header(header),
                header.language,
                header.page_kind,
                header.title,
                0,
                document.reason,
                document.kind,
                time.time(),
                iso_day(header.modified) or iso_day(header.created),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def put_chunk(self, document_id: int, new: NewChunk) -> int:
        chunk = new.chunk
        cursor = self._db.execute(
            f"INSERT INTO chunks ({_CHUNK_FIELDS}) VALUES ({_marks(range(9))})",
            (
                document_id,
                chunk.ordinal,
                chunk.text,
                chunk.section,
                chunk.page,
                chunk.page_end,
                new.label,
                chunk.overlap,
                new.hash,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def set_chunk_count(self, document_id: int, count: int) -> None:
        self._db.execute("UPDATE documents SET chunk_count = ? WHERE id = ?", (count, document_id))

    def copy_document(self, document_id: int, build_id: int, source: str, state: FileState) -> int:
        """The same content under another path; returns the new document's id. Its chunks get new ids."""
        names = "sha256, loader, header, language, page_kind, title, chunk_count, reason, kind, since, date"
        cursor = self._db.execute(
            f"INSERT INTO documents (build, source, size, mtime_ns, ctime_ns, {names})"
            f" SELECT ?, ?, ?, ?, ?, {names} FROM documents WHERE id = ?",
            (build_id, source, state.size, state.mtime_ns, state.ctime_ns, document_id),
        )
        names = _CHUNK_FIELDS.removeprefix("document, ")
        self._db.execute(
            f"INSERT INTO chunks ({_CHUNK_FIELDS}) SELECT ?, {names} FROM chunks WHERE document = ? ORDER BY ordinal",
            (cursor.lastrowid, document_id),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def set_state(self, document_id: int, state: FileState) -> None:
        self._db.execute(
            "UPDATE documents SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
            (state.size, state.mtime_ns, state.ctime_ns, document_id),
        )

    def remove_document(self, document_id: int) -> tuple[list[int], list[bytes]]:
        """Returns the ids and the hashes of the chunks that are no more."""
        rows = self._db.execute("SELECT id, hash FROM chunks WHERE document = ?", (document_id,)).fetchall()
        self._db.execute("DELETE FROM chunks WHERE document = ?", (document_id,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return [row[0] for row in rows], [row[1] for row in rows]

    def put_vectors(self, model_id: int, vectors: Iterable[tuple[bytes, bytes]]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO vectors (model, hash, vector) VALUES (?, ?, ?)",
            ((model_id, hash_, vector) for hash_, vector in vectors),
        )

    def unused_hashes(self, hashes: Sequence[bytes] | None = None) -> list[bytes]:
        """Of the texts with vectors (all, or these), those that no chunk carries any more."""
        if hashes is None:
            rows = self._db.execute(
                "SELECT DISTINCT hash FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.hash = v.hash)"
            )
            return [row[0] for row in rows]
        used: set[bytes] = set()
        for part in _parts(hashes):
            rows = self._db.execute(f"SELECT DISTINCT hash FROM chunks WHERE hash IN ({_marks(part)})", tuple(part))
            used.update(row[0] for row in rows)
        return [hash_ for hash_ in dict.fromkeys(hashes) if hash_ not in used]

    def remove_vectors(self, hashes: Sequence[bytes]) -> None:
        for part in _parts(hashes):
            self._db.execute(f"DELETE FROM vectors WHERE hash IN ({_marks(part)})", tuple(part))

    def drop_models_except(self, model_ids: Iterable[int]) -> list[int]:
        """Forget models (and their vectors) that no build uses; returns their ids."""
        kept = set(model_ids)
        gone = [row[0] for row in self._db.execute("SELECT id FROM models").fetchall() if row[0] not in kept]
        for model_id in gone:
            self._db.execute("DELETE FROM vectors WHERE model = ?", (model_id,))
            self._db.execute("DELETE FROM models WHERE id = ?", (model_id,))
        return gone


def _stored_chunk(row: tuple[Any, ...]) -> StoredChunk:
    id_, source, ordinal, text, title, section, page, page_end, overlap, language, label, page_kind = row
    chunk = Chunk(source, ordinal, text, title, section, page, page_end, overlap)
    return StoredChunk(id_, chunk, language, label, page_kind)


def _allowed(only: Restriction | None) -> tuple[str, list[str]]:
    """Conditions on a document ``d``, each with AND before it, and their values."""
    if only is None:
        return "", []
    conditions: list[str] = []
    values: list[str] = []
    if folder := (only.folder or "").strip("/"):
        conditions.append("(d.source = ? OR d.source >= ? AND d.source < ?)")
        values += [folder, f"{folder}/", f"{folder}0"]  # "0" is what follows "/"
    if only.file_type:
        conditions.append("lower(substr(d.source, -length(?))) = ?")
        values += [ending := "." + only.file_type.lstrip(".").lower(), ending]
    for relation, limit in ((">=", only.since), ("<=", only.until)):
        if limit is not None:
            conditions.append(f"substr({_DATE}, 1, length(?)) {relation} ?")
            values += [limit, limit]
    return "".join(f" AND {condition}" for condition in conditions), values


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _IN_LIMIT):
        yield values[start : start + _IN_LIMIT]
