"""The catalog's file: made, opened, handed out, and its errors told so that a user can act. Sole owner of sqlite3.

The catalog is one SQLite file that says what is live, what failed and what made it. A build is one whole index of the
folder under one fingerprint (embedding model, chunk size, …). One build is live; a second may be under construction
beside it and becomes live in one transaction.

Vectors are kept here too, by the hash of the text that was embedded: the same text is never embedded twice, and a lost
vector view is made anew without the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import (
    DiskFaultError,
    DiskFullError,
    IndexAccessError,
    IndexDamagedError,
    IndexMissingError,
    IndexUnusableError,
    advise_repair,
)
from rag.index.catalog.records import FORMAT, Meta
from rag.private import identify_file

Connection = sqlite3.Connection

MANY = "(?, …)"
"""In a statement for `run_over_parts`: stands for as many values as there are."""
DIGEST_FUNCTION = "content_digest"
"""In a statement: 40 bits of BLAKE2b over any number of blobs. Damage goes unnoticed once in 10¹² times."""

_DIGEST_BYTES = 5  # so that SQLite can sum up those of eight million chunks
_MOST_VALUES = 500  # in one statement; SQLite's own limit is far higher, but plans are cached per length
_BUSY_TIMEOUT_S = 30.0
_UNDECODABLE = "Could not decode to UTF-8"  # what Python's module says of a damaged text


class MalformedValueError(ValueError):
    """A value of the catalog can't be what was written. The message says which."""


class Catalog:
    """Makes the catalog and hands out connections to it; any number of threads may read, one process writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[tuple[tuple[int, int] | None, Connection]] = []
        """Connections for the next readers, each with the device and inode of the file that it is to."""
        self._is_closed = False

    def create(self) -> None:
        """Make an empty catalog if there is none. Raises IndexUnusableError for one that this version can't use."""
        from rag.index.catalog.schema import SCHEMA  # a reader starts faster without it

        with translate_errors(self.path), contextlib.closing(open_database(self.path, create=True)) as connection:
            if self._read_format(connection):
                self._check_format(connection)
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            identity = int.from_bytes(os.urandom(7), "big")
            connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (Meta.IDENTITY, identity))
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (Meta.FORMAT, FORMAT))
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")

    def read_format(self) -> int:
        """The stored format version; 0 for an empty file. Raises IndexDamagedError if it is no database."""
        with translate_errors(self.path), contextlib.closing(open_database(self.path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return self._read_format(connection)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent snapshot: whatever is committed meanwhile is not seen."""
        with translate_errors(self.path):
            file = identify_file(self.path)
            connection = None
            with self._lock:
                while connection is None and self._idle:
                    held, connection = self._idle.pop()
                    if held != file:  # another file has taken the catalog's place
                        connection.close()
                        connection = None
            if connection is None:
                connection = open_database(self.path)
                self._check_format(connection)
            try:
                connection.execute("BEGIN")
                yield connection
                connection.rollback()
            except BaseException:
                connection.close()
                raise
            with self._lock:
                if not self._is_closed:
                    self._idle.append((file, connection))
                    return
            connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one connection that writes; the caller holds the index's lock."""
        with translate_errors(self.path), contextlib.closing(open_database(self.path)) as connection:
            self._check_format(connection)
            yield connection

    def read_sweeps(self) -> int:
        """How often a writer began to clear away what is dead, as it is now."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT value FROM meta WHERE key = ? AND typeof(value) = 'integer'", (Meta.SWEEPS,)
            ).fetchone()
            return 0 if row is None else int(row[0])

    def close(self) -> None:
        """Close the connections that are idle now, and each other one when it is given back."""
        with self._lock:
            self._is_closed = True
            while self._idle:
                self._idle.pop()[1].close()

    def _check_format(self, connection: Connection) -> None:
        found = self._read_format(connection)
        if found == 0:
            raise IndexMissingError(self.path.parent)
        if found > FORMAT:
            raise IndexUnusableError(
                f"{self.path} was written by a newer version (format {found}, this one reads {FORMAT}). "
                "Update this program, or use another folder with --index or RAG_INDEX_DIR."
            )
        if found < FORMAT:
            raise IndexUnusableError(f"{self.path} has the older format {found}. Run pagewise ingest to rebuild it.")

    def _read_format(self, connection: Connection) -> int:
        """Raises IndexDamagedError where the file's head tells another format than its content."""
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found != FORMAT and list_columns(connection, "meta"):
            noted = connection.execute("SELECT value FROM meta WHERE key = ?", (Meta.FORMAT,)).fetchone()
            if noted is not None and noted[0] == FORMAT:
                raise explain_damage(self.path, f"its head tells format {found}, its content {FORMAT}")
        return found


# ---- connections


def open_database(path: Path, *, create: bool = False) -> Connection:
    """A connection without implicit transactions; a database that nobody can write to is opened as it stands."""
    mode = "mode=rwc" if create else "immutable=1" if _is_read_only(path) else "mode=rw"
    connection = sqlite3.connect(
        f"file:{urllib.parse.quote(str(path))}?{mode}",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        if mode != "immutable=1":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.create_function(DIGEST_FUNCTION, -1, _compute_digest, deterministic=True)
        # FULL: what the views hold must never be ahead of a catalog that forgot it after a power cut.
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_read_only(path: Path) -> bool:
    """Whether nobody can write here. SQLite needs to write beside a WAL database even to read it."""
    wal = Path(f"{path}-wal")
    return not os.access(path.parent, os.W_OK) and not (wal.is_file() and wal.stat().st_size)


def _compute_digest(*values: bytes | None) -> int:
    """What `DIGEST_FUNCTION` gives."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for value in values:
        digest.update(b"-" if value is None else b"%d:%b" % (len(value), value))
    return int.from_bytes(digest.digest(), "big")


def remake_indices(connection: Connection) -> bool:
    """Make all indices anew from the rows, which may be whole where an index is damaged; False if the rows aren't."""
    try:
        connection.execute("REINDEX")
    except sqlite3.DatabaseError:
        return False
    return True


def list_columns(connection: Connection, table: str) -> list[str]:
    """The names of a table's columns, in order; empty if there is no such table."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def run_over_parts(
    connection: Connection, statement: str, values: Sequence[Any], others: Sequence[Any] = ()
) -> list[Any]:
    """Run a statement on any number of `values`, so many at a time; returns all rows.

    The values take the place of `MANY`, which comes before the question marks of the `others`.
    """
    rows: list[Any] = []
    for start in range(0, len(values), _MOST_VALUES):
        part = values[start : start + _MOST_VALUES]
        marks = f"({','.join('?' * len(part))})"
        rows += connection.execute(statement.replace(MANY, marks), (*part, *others)).fetchall()
    return rows


# ---- errors


@contextlib.contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours where its code says what a user can do. All others stay as they are."""
    try:
        yield
    except MalformedValueError as exc:
        raise explain_damage(path, str(exc)) from exc
    except sqlite3.Error as exc:
        explain = _find_explanation(path, exc)
        if explain is None:
            raise
        raise explain(path, str(exc)) from exc


def _find_explanation(path: Path, exc: sqlite3.Error) -> _Explain | None:
    code = getattr(exc, "sqlite_errorcode", None)
    if code is None:  # Python's own errors: only this one is about what the file holds
        return explain_damage if _UNDECODABLE in str(exc) else None
    if code == sqlite3.SQLITE_ERROR:  # a wrong statement, or a right one that meets tables which aren't ours
        return None if _has_our_tables(path) else explain_damage
    return _EXPLANATIONS.get(code) or _EXPLANATIONS.get(code & 0xFF)


def _has_our_tables(path: Path) -> bool:
    from rag.index.catalog.schema import TABLES

    try:
        with contextlib.closing(open_database(path)) as connection:
            return all(set(table.columns) <= set(list_columns(connection, table.name)) for table in TABLES)
    except sqlite3.Error:
        return False


def explain_damage(path: Path, reason: str) -> IndexUnusableError:
    """The error for a catalog whose content can't be what was written."""
    return IndexDamagedError(f"{path} is damaged ({reason}). {advise_repair(path.parent)}", "catalog")


def _explain_rights(path: Path, reason: str) -> IndexUnusableError:
    return IndexAccessError(path, reason)


def _explain_missing(path: Path, reason: str) -> IndexUnusableError:
    return _explain_rights(path, reason) if path.exists() else IndexMissingError(path.parent)


def _explain_lock(path: Path, reason: str) -> IndexUnusableError:
    return IndexUnusableError(
        f"{path} stayed locked for {_BUSY_TIMEOUT_S:.0f} s by another process ({reason}). "
        "Stop that process and try again."
    )


def _explain_full_disk(path: Path, reason: str) -> IndexUnusableError:
    return DiskFullError(path.parent, reason)


def _explain_disk_fault(path: Path, reason: str) -> IndexUnusableError:
    # A file that was deleted while it was open fails like a broken disk.
    return DiskFaultError(path.parent, reason) if path.exists() else _explain_missing(path, reason)


_Explain = Callable[[Path, str], IndexUnusableError]
_EXPLANATIONS: dict[int, _Explain] = {
    sqlite3.SQLITE_FULL: _explain_full_disk,
    sqlite3.SQLITE_IOERR_SHMSIZE: _explain_full_disk,  # no room for the file that its readers share
    sqlite3.SQLITE_IOERR: _explain_disk_fault,
    sqlite3.SQLITE_IOERR_SHORT_READ: explain_damage,  # the file was cut off
    sqlite3.SQLITE_CORRUPT: explain_damage,
    sqlite3.SQLITE_NOTADB: explain_damage,
    sqlite3.SQLITE_BUSY: _explain_lock,
    sqlite3.SQLITE_LOCKED: _explain_lock,
    sqlite3.SQLITE_PERM: _explain_rights,
    sqlite3.SQLITE_READONLY: _explain_rights,
    sqlite3.SQLITE_READONLY_DBMOVED: _explain_missing,
    sqlite3.SQLITE_CANTOPEN: _explain_missing,
}
"""What SQLite's codes mean for a user: an extended code where one tells more, else the primary code."""
