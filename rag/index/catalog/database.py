"""Opens SQLite databases and tells what their errors mean. Sole owner of sqlite3."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import (
    DiskFaultError,
    DiskFullError,
    IndexAccessError,
    IndexDamagedError,
    IndexUnusableError,
    advise_repair,
)

Connection = sqlite3.Connection


class MalformedValueError(ValueError):
    """A value of the catalog can't be what was written. The message says which."""


_UNDECODABLE = "Could not decode to UTF-8"  # of what Python's module says of a damaged text

MANY = "(?, …)"
"""In a statement for `run_over_parts`: stands for as many values as there are."""
_MOST_VALUES = 500  # in one statement; SQLite's own limit is far higher, but plans are cached per length
_BUSY_TIMEOUT_S = 30.0
DIGEST_FUNCTION = "content_digest"
"""In a statement: 40 bits of BLAKE2b over any number of blobs. Damage goes unnoticed once in 10¹² times."""
_DIGEST_BYTES = 5  # so that SQLite can sum up those of eight million chunks


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
        connection.create_function(DIGEST_FUNCTION, -1, compute_digest, deterministic=True)
        # FULL: what the views hold must never be ahead of a catalog that forgot it after a power cut.
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def compute_digest(*values: bytes | None) -> int:
    """What `DIGEST_FUNCTION` gives."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for value in values:
        digest.update(b"-" if value is None else b"%d:%b" % (len(value), value))
    return int.from_bytes(digest.digest(), "big")


def remake_indices(connection: Connection) -> bool:
    """From the rows, which may be whole where an index is damaged. False if the rows don't allow it."""
    try:
        connection.execute("REINDEX")
    except sqlite3.DatabaseError:
        return False
    return True


def roll_back(connection: Connection) -> None:
    """End the transaction, if there is one. A connection that can't is closed, and the error raised."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        connection.close()
        raise


def list_columns(connection: Connection, table: str) -> list[str]:
    """Of a table, in order; empty if there is no such table."""
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
            return all(set(table.list_first_columns()) <= set(list_columns(connection, table.name)) for table in TABLES)
    except sqlite3.Error:
        return False


def _is_read_only(path: Path) -> bool:
    """Whether nobody can write here. SQLite needs to write beside a WAL database even to read it."""
    wal = Path(f"{path}-wal")
    return not os.access(path.parent, os.W_OK) and not (wal.is_file() and wal.stat().st_size)


def explain_damage(path: Path, reason: str) -> IndexUnusableError:
    return IndexDamagedError(f"{path} is damaged ({reason}). {advise_repair(path.parent)}", "catalog")


def _explain_rights(path: Path, reason: str) -> IndexUnusableError:
    return IndexAccessError(path, reason)


def _explain_missing(path: Path, reason: str) -> IndexUnusableError:
    return _explain_rights(path, reason) if path.exists() else IndexUnusableError(describe_missing_index(path.parent))


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


def describe_missing_index(folder: Path) -> str:
    """The message for a folder in which nothing was ever indexed."""
    return f"There is no index in {folder} yet. Run pagewise ingest to make it."


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
