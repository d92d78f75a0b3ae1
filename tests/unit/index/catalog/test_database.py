from __future__ import annotations

import contextlib
import sqlite3

import pytest

from rag.errors import DiskFaultError, DiskFullError, IndexAccessError, IndexDamagedError, IndexUnusableError
from rag.index.catalog import database
from rag.index.catalog.connections import Catalog
from rag.index.catalog.database import MANY, open_database, run_over_parts, translate_errors


@pytest.fixture
def path(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    return catalog.path


@pytest.fixture
def connection(path):
    with contextlib.closing(open_database(path)) as connection:
        yield connection


def sqlite_error(code):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "expected", "advice"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError, "Free some space"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskFullError, "Free some space"),
        (sqlite3.SQLITE_IOERR, DiskFaultError, "Check the disk"),
        (sqlite3.SQLITE_IOERR_READ, DiskFaultError, "Check the disk"),
        (sqlite3.SQLITE_IOERR_SHORT_READ, IndexDamagedError, "makes that part anew"),
        (sqlite3.SQLITE_CORRUPT, IndexDamagedError, "makes that part anew"),
        (sqlite3.SQLITE_CORRUPT_INDEX, IndexDamagedError, "makes that part anew"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, IndexAccessError, "rights"),
        (sqlite3.SQLITE_CANTOPEN, IndexAccessError, "rights"),
    ],
)
def test_an_error_is_told_by_its_code(path, code, expected, advice):
    with pytest.raises(IndexUnusableError, match=advice) as caught, translate_errors(path):
        raise sqlite_error(code)
    assert type(caught.value) is expected


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_DBMOVED])
def test_a_file_that_is_gone_is_no_fault_of_the_disk(path, code):
    path.unlink()
    with pytest.raises(IndexUnusableError, match="There is no index"), translate_errors(path):
        raise sqlite_error(code)


def test_a_wrong_statement_of_ours_stays_what_it_is(path, connection):
    with pytest.raises(sqlite3.OperationalError, match="no such column: wrong"), translate_errors(path):
        connection.execute("SELECT wrong FROM documents")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), translate_errors(path):
        connection.execute("INSERT INTO meta VALUES ('identity', 1)")
    with pytest.raises(sqlite3.ProgrammingError), translate_errors(path):
        connection.execute("SELECT ?", ())


def test_a_locked_catalog_says_so(path, connection, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.05)
    connection.execute("BEGIN IMMEDIATE")
    other = open_database(path)
    with contextlib.closing(other), pytest.raises(IndexUnusableError, match="stayed locked"), translate_errors(path):
        other.execute("BEGIN IMMEDIATE")


def test_a_catalog_that_must_not_be_written_names_the_rights(path, connection):
    connection.execute("PRAGMA query_only = 1")
    with pytest.raises(IndexUnusableError, match="rights"), translate_errors(path):
        connection.execute("DELETE FROM meta")


@pytest.mark.parametrize("count", [0, 1, 500, 1_201])
def test_a_statement_runs_over_any_number_of_values(connection, count):
    connection.execute("BEGIN")  # one transaction, so one wait for the disk
    connection.executemany("INSERT INTO models VALUES (?, ?)", ((n, str(n)) for n in range(1, 1_300)))
    statement = f"SELECT id FROM models WHERE id IN {MANY} AND fingerprint <> ?"
    rows = run_over_parts(connection, statement, range(1, count + 1), ("1",))
    assert [row[0] for row in rows] == list(range(2, count + 1))
