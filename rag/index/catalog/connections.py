"""The catalog: one SQLite file that says what is live, what failed and what made it.

Builds. A build is one whole index of the folder under one fingerprint (embedding model, chunk size, …). One build is
live; a second may be under construction beside it and becomes live in one transaction.

Vectors are kept here too, by the hash of the text that was embedded: the same text is never embedded twice, and a lost
vector view is rebuilt without the model.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog.database import (
    Connection,
    describe_missing_index,
    explain_damage,
    list_columns,
    open_database,
    roll_back,
    translate_errors,
)
from rag.index.catalog.meta import FORMAT, Meta
from rag.index.catalog.reading import CatalogView

if TYPE_CHECKING:
    from rag.index.catalog.writing import CatalogWriter

_File = tuple[int, int]
"""Device and inode."""


class Catalog:
    """Opens, creates and hands out connections. Reading and writing are `CatalogView` and `CatalogWriter`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._file: _File | None = None  # the file that the idle connections are to
        self._is_closed = False

    def create(self) -> None:
        """Make an empty catalog if there is none. Raises IndexUnusableError for one that this version can't use."""
        from rag.index.catalog.schema import SCHEMA, TABLES  # a reader starts faster without these and the writer

        with translate_errors(self.path), contextlib.closing(open_database(self.path, create=True)) as connection:
            if self._read_format(connection):
                self._check_format(connection)
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            for table in TABLES:
                for statement in table.add_statements(list_columns(connection, table.name)):
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

    def restore(self) -> bool:
        """Make good what the catalog can by itself; False if it must be made anew. About a second for each GB.

        Rows of documents and vectors that are damaged stay: `checking.remove_damaged` sees to them.
        """
        from rag.index.catalog.checking import restore_structure

        try:
            with translate_errors(self.path), contextlib.closing(open_database(self.path)) as connection:
                return restore_structure(connection)
        except IndexDamagedError:
            return False

    @contextlib.contextmanager
    def view(self) -> Iterator[CatalogView]:
        """A consistent snapshot: whatever is committed meanwhile is not seen."""
        with translate_errors(self.path):
            connection, file = self._take_connection()
            try:
                connection.execute("BEGIN")
                yield CatalogView(connection)
            finally:
                self._give_back(connection, file)

    def read_sweeps(self) -> int:
        """How often a writer began to clear away what is dead, as it is now."""
        with self.view() as view:
            return view.sweeps

    @contextlib.contextmanager
    def writer(self) -> Iterator[CatalogWriter]:
        """The one connection that writes; the caller holds the index's lock."""
        from rag.index.catalog.writing import CatalogWriter

        with translate_errors(self.path), contextlib.closing(open_database(self.path)) as connection:
            self._check_format(connection)
            yield CatalogWriter(connection)

    def close(self) -> None:
        """Close the connections that are idle now, and each other one when it is given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take_connection(self) -> tuple[Connection, _File | None]:
        """A connection to the file that is there now, which may not be the one of before."""
        file = _identify_file(self.path)
        with self._lock:
            outdated = self._idle if file != self._file else []
            if outdated:
                self._idle = []
            self._file = file
            connection = self._idle.pop() if self._idle else None
        for other in outdated:
            other.close()
        if connection is None:
            connection = open_database(self.path)
            self._check_format(connection)
        return connection, file

    def _give_back(self, connection: Connection, file: _File | None) -> None:
        roll_back(connection)
        with self._lock:
            keep = not self._is_closed and file == self._file
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _check_format(self, connection: Connection) -> None:
        found = self._read_format(connection)
        if found == 0:
            raise IndexUnusableError(describe_missing_index(self.path.parent))
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


def _identify_file(path: Path) -> _File | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino)
