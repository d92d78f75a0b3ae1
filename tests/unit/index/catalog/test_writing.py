from __future__ import annotations

import contextlib

import pytest

from rag.index.catalog.database import Catalog
from rag.index.catalog.records import FileState, NewChunk, NewDocument
from rag.index.catalog.writing import CatalogWriter
from rag.types import Chunk, Document


@pytest.fixture
def writer(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.create()
    with catalog.writing() as connection:
        yield CatalogWriter(connection)


def add(writer, build_id, source, *texts):
    document_id = writer.put_document(build_id, NewDocument(Document(source, ()), FileState(1, 2, 3), b"sha"))
    for ordinal, text in enumerate(texts):
        writer.put_chunk(document_id, NewChunk(Chunk(source, ordinal, text), None, text.encode()))
    writer.finish_document(document_id, len(texts), "")
    return document_id


def test_a_transaction_that_fails_changes_nothing(writer):
    with contextlib.suppress(ZeroDivisionError), writer.transaction():
        writer.add_build({"size": 1 / 0 if writer.add_build({}) else 1})
    assert writer.list_builds() == []


def test_a_copy_has_the_same_chunks_under_new_ids(writer):
    with writer.transaction():
        build = writer.add_build({})
        old = add(writer, build.id, "a.txt", "one", "two")
        new = writer.copy_document(old, build.id, "b.txt", FileState(4, 5, 6))
        held = writer.view_build(build)
        before, after = held.read_document_chunks(old), held.read_document_chunks(new)
        assert [stored.chunk.text for stored in after] == ["one", "two"]
        assert {stored.chunk.source for stored in after} == {"b.txt"}
        assert not {stored.id for stored in before} & {stored.id for stored in after}


def test_sources_are_those_of_the_builds_indexed_documents_in_order(writer):
    with writer.transaction():
        build = writer.add_build({})
        add(writer, build.id, "b.txt", "one")
        add(writer, build.id, "a.txt")
        add(writer, writer.add_build({}).id, "c.txt", "two")
        broken = NewDocument(Document("broken.txt", ()), FileState(1, 2, 3), b"", "It can't be read.")
        writer.put_document(build.id, broken)
        assert writer.view_build(build).list_sources() == ["a.txt", "b.txt"]


def test_neighbours_stay_within_the_document(writer):
    with writer.transaction():
        build = writer.add_build({})
        add(writer, build.id, "a.txt", "zero")
        held = writer.view_build(build)
        middle = held.read_document_chunks(add(writer, build.id, "b.txt", "one", "two", "three"))[1].id
        add(writer, build.id, "c.txt", "four")
        assert [s.chunk.text for s in held.read_neighbours(middle, 2, 2)] == ["one", "two", "three"]
        assert [s.chunk.text for s in held.read_neighbours(middle, 0, 1)] == ["two", "three"]


def test_pending_texts_are_each_named_once_and_the_newest_files_come_first(writer):
    with writer.transaction():
        build = writer.add_build({})
        model_id = writer.set_build_model(build.id, "m")
        for source, mtime_ns in (("old.txt", 1), ("new.txt", 9)):
            document = NewDocument(Document(source, ()), FileState(1, mtime_ns, 1), b"")
            document_id = writer.put_document(build.id, document)
            for ordinal, hash_ in enumerate((source.encode(), b"both")):
                writer.put_chunk(document_id, NewChunk(Chunk(source, ordinal, "text"), None, hash_))
        build = writer.find_build(build.id)
        writer.put_vectors(model_id, [(b"other", b"vector")])
        assert [hash_ for hash_, _ in writer.view_build(build).list_pending()] == [b"both", b"new.txt", b"old.txt"]
        writer.put_vectors(model_id, [(b"new.txt", b"v"), (b"both", b"v")])
        assert [hash_ for hash_, _ in writer.view_build(build).list_pending()] == [b"old.txt"]


def test_ids_are_not_given_out_again(writer):
    with writer.transaction():
        build = writer.add_build({})
        first = add(writer, build.id, "a.txt", "one")
        held = writer.view_build(build)
        ids = {stored.id for stored in held.read_document_chunks(first)}
        writer.remove_document(first)
        assert not ids & {stored.id for stored in held.read_document_chunks(add(writer, build.id, "a.txt", "one"))}
