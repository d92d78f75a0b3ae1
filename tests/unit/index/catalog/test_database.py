from __future__ import annotations

import contextlib
import sqlite3

import pytest

from rag.errors import DiskFaultError, DiskFullError, IndexAccessError, IndexDamagedError, IndexUnusableError
from rag.index.catalog import database
from rag.index.catalog.checking import restore
from rag.index.catalog.database import MANY, Catalog, open_database, run_over_parts, translate_errors
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import FORMAT, Meta
from rag.index.catalog.writing import CatalogWriter


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    with contextlib.closing(catalog):
        yield catalog


@pytest.fixture
def path(catalog):
    return catalog.path


@pytest.fixture
def connection(path):
    with contextlib.closing(open_database(path)) as connection:
        yield connection


def add_build(connection, name=""):
    writer = CatalogWriter(connection)
    with writer.transaction():
        writer.add_build({"name": name})


def list_builds(catalog):
    with catalog.reading() as connection:
        return CatalogView(connection).list_builds()


def test_a_view_is_a_snapshot(catalog):
    with catalog.reading() as connection, catalog.writing() as writing:
        assert CatalogView(connection).list_builds() == []
        add_build(writing)
        assert CatalogView(connection).list_builds() == []
    assert len(list_builds(catalog)) == 1


def test_a_reader_sees_the_catalog_that_took_the_place_of_another(catalog, tmp_path):
    with catalog.writing() as writing:
        add_build(writing)
    with catalog.reading() as connection:
        identity = CatalogView(connection).read_meta()[Meta.IDENTITY]
    for path in tmp_path.iterdir():
        path.rename(path.with_name(f"aside-{path.name}"))
    Catalog(catalog.path).create()
    with catalog.reading() as connection:
        assert CatalogView(connection).list_builds() == []
        assert CatalogView(connection).read_meta()[Meta.IDENTITY] != identity


def test_reading_makes_no_catalog(tmp_path):
    with pytest.raises(IndexUnusableError, match="Run pagewise ingest"):
        list_builds(Catalog(tmp_path / "catalog.sqlite3"))
    assert list(tmp_path.iterdir()) == []


def test_a_newer_catalog_is_refused_with_what_to_do(catalog):
    with sqlite3.connect(catalog.path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (FORMAT + 1,))
    connection.close()
    with pytest.raises(IndexUnusableError, match=r"newer version.*Update this program"):
        list_builds(catalog)


@pytest.mark.parametrize("damage", [lambda data: b"no database" * 100, lambda data: data[:100] + b"\xff" * 4_000])
def test_a_damaged_catalog_is_told_from_other_trouble(tmp_path, damage):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    catalog.path.write_bytes(damage(catalog.path.read_bytes()))
    assert not restore(catalog)
    with pytest.raises(IndexDamagedError):
        list_builds(catalog)


def test_a_full_disk_is_told_from_damage(catalog):
    def fill():
        with catalog.writing() as connection:
            connection.execute("PRAGMA max_page_count = 1")
            for _ in range(50):
                add_build(connection, "x" * 4_000)

    with pytest.raises(DiskFullError, match="Free some space"):
        fill()


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
