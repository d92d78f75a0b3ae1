from __future__ import annotations

import contextlib
import sqlite3

import pytest

from rag.errors import DiskFullError, IndexDamagedError, IndexUnusableError
from rag.index.catalog.connections import Catalog
from rag.index.catalog.meta import FORMAT
from rag.index.catalog.records import FileState, NewChunk, NewDocument
from rag.types import Chunk, Document


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    yield catalog
    catalog.close()


def add(writer, build_id, source, *texts):
    document_id = writer.put_document(build_id, NewDocument(Document(source, ()), FileState(1, 2, 3), b"sha"))
    for ordinal, text in enumerate(texts):
        writer.put_chunk(document_id, NewChunk(Chunk(source, ordinal, text), None, text.encode()))
    writer.finish_document(document_id, len(texts))
    return document_id


def test_a_view_is_a_snapshot(catalog):
    with catalog.view() as view, catalog.writer() as writer:
        assert view.list_builds() == []
        with writer.transaction():
            writer.add_build({})
        assert view.list_builds() == []
    with catalog.view() as view:
        assert len(view.list_builds()) == 1


def test_a_transaction_that_fails_changes_nothing(catalog):
    with catalog.writer() as writer:
        with contextlib.suppress(ZeroDivisionError), writer.transaction():
            writer.add_build({"size": 1 / 0 if writer.add_build({}) else 1})
        assert writer.list_builds() == []


def test_a_copy_has_the_same_chunks_under_new_ids(catalog):
    with catalog.writer() as writer, writer.transaction():
        build = writer.add_build({})
        old = add(writer, build.id, "a.txt", "one", "two")
        new = writer.copy_document(old, build.id, "b.txt", FileState(4, 5, 6))
        before, after = writer.read_document_chunks(old), writer.read_document_chunks(new)
        assert [stored.chunk.text for stored in after] == ["one", "two"]
        assert {stored.chunk.source for stored in after} == {"b.txt"}
        assert not {stored.id for stored in before} & {stored.id for stored in after}


def test_sources_are_those_of_the_builds_indexed_documents_in_order(catalog):
    with catalog.writer() as writer, writer.transaction():
        build = writer.add_build({})
        add(writer, build.id, "b.txt", "one")
        add(writer, build.id, "a.txt")
        add(writer, writer.add_build({}).id, "c.txt", "two")
        broken = NewDocument(Document("broken.txt", ()), FileState(1, 2, 3), b"", "It can't be read.")
        writer.put_document(build.id, broken)
        assert writer.list_sources(build.id) == ["a.txt", "b.txt"]


def test_neighbours_stay_within_the_document(catalog):
    with catalog.writer() as writer, writer.transaction():
        build = writer.add_build({})
        add(writer, build.id, "a.txt", "zero")
        middle = writer.read_document_chunks(add(writer, build.id, "b.txt", "one", "two", "three"))[1].id
        add(writer, build.id, "c.txt", "four")
        assert [s.chunk.text for s in writer.read_neighbours(middle, 2, 2)] == ["one", "two", "three"]
        assert [s.chunk.text for s in writer.read_neighbours(middle, 0, 1)] == ["two", "three"]


def test_pending_texts_are_each_named_once_and_the_newest_files_come_first(catalog):
    with catalog.writer() as writer, writer.transaction():
        build = writer.add_build({})
        model_id = writer.set_build_model(build.id, "m")
        for source, mtime_ns in (("old.txt", 1), ("new.txt", 9)):
            document = NewDocument(Document(source, ()), FileState(1, mtime_ns, 1), b"")
            document_id = writer.put_document(build.id, document)
            for ordinal, hash_ in enumerate((source.encode(), b"both")):
                writer.put_chunk(document_id, NewChunk(Chunk(source, ordinal, "text"), None, hash_))
        writer.put_vectors(model_id, [(b"other", b"vector")])
        assert [hash_ for hash_, _ in writer.list_pending(build.id, model_id)] == [b"both", b"new.txt", b"old.txt"]
        writer.put_vectors(model_id, [(b"new.txt", b"v"), (b"both", b"v")])
        assert [hash_ for hash_, _ in writer.list_pending(build.id, model_id)] == [b"old.txt"]


def test_ids_are_not_given_out_again(catalog):
    with catalog.writer() as writer, writer.transaction():
        build = writer.add_build({})
        first = add(writer, build.id, "a.txt", "one")
        ids = {stored.id for stored in writer.read_document_chunks(first)}
        writer.remove_document(first)
        assert not ids & {stored.id for stored in writer.read_document_chunks(add(writer, build.id, "a.txt", "one"))}


def test_a_reader_sees_the_catalog_that_took_the_place_of_another(catalog, tmp_path):
    with catalog.writer() as writer, writer.transaction():
        writer.add_build({"old": True})
    with catalog.view() as view:
        identity = view.identity
    for path in tmp_path.iterdir():
        path.rename(path.with_name(f"aside-{path.name}"))
    Catalog(catalog.path).create()
    with catalog.view() as view:
        assert view.list_builds() == []
        assert view.identity != identity


def test_reading_makes_no_catalog(tmp_path):
    with pytest.raises(IndexUnusableError, match="Run pagewise ingest"), Catalog(tmp_path / "catalog.sqlite3").view():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_newer_catalog_is_refused_with_what_to_do(catalog):
    with sqlite3.connect(catalog.path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (FORMAT + 1,))
    connection.close()
    with pytest.raises(IndexUnusableError, match=r"newer version.*Update this program"), catalog.view():
        pass


@pytest.mark.parametrize("damage", [lambda data: b"no database" * 100, lambda data: data[:100] + b"\xff" * 4_000])
def test_a_damaged_catalog_is_told_from_other_trouble(tmp_path, damage):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    catalog.path.write_bytes(damage(catalog.path.read_bytes()))
    assert not catalog.restore()
    with pytest.raises(IndexDamagedError), catalog.view() as view:
        view.list_builds()


def test_a_full_disk_is_told_from_damage(catalog):
    def fill():
        with catalog.writer() as writer, writer.transaction():
            writer.connection.execute("PRAGMA max_page_count = 1")
            add(writer, writer.add_build({}).id, "a.txt", *("x" * 4_000 for _ in range(50)))

    with pytest.raises(DiskFullError, match="Free some space"):
        fill()
