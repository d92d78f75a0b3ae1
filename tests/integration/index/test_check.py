"""Damage that neither size nor time shows: a check finds it and repairs it, down to a single bit."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ingest.check import check_index
from ingest.sync import SyncOptions, sync_corpus
from rag.errors import IndexUnusableError
from rag.index import vectors as vector_store
from rag.index.index import Index
from tests.tiny import chunks_of, flip_bit, found_by_vector, found_by_words, problems_of, settle, tiny_pipeline

MANY = 120  # vectors, more than Chroma gathers here before it writes its graph


@pytest.fixture(autouse=True)
def early_graph(monkeypatch):
    monkeypatch.setitem(vector_store._HNSW, "sync_threshold", 100)
    monkeypatch.setattr("rag.index.snapshot._REMEMBERED_CHUNKS", 0)  # through Chroma, as in a large index


@pytest.fixture
def index(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "many.txt").write_text("\n\n".join(f"passage number{n}" for n in range(MANY)))
    (corpus / "few.txt").write_text("amber birch\n\ncedar delta")
    settle(corpus)
    with closing(Index(tmp_path / "index")) as index:
        sync_corpus(index, make_pipeline(index))
        index.close()
    with closing(Index(tmp_path / "index")) as index:
        yield index


def make_pipeline(index):
    return tiny_pipeline(index.folder.parent / "corpus", index.folder)


def check(index):
    return check_index(index, make_pipeline(index), SyncOptions())


def assert_whole(index):
    assert len(chunks_of(index)) == MANY + 2
    assert found_by_words(index, "number77") == {"many.txt"}
    assert found_by_vector(index, "passage number77") == {"many.txt"}
    assert found_by_vector(index, "cedar delta") == {"few.txt"}
    assert problems_of(index) == []
    assert index.find_damage() == []


def catalog_of(index):
    return index.folder / "catalog.sqlite3"


def find_in_catalog(index, statement):
    """Where in the file the value stands."""
    with closing(sqlite3.connect(catalog_of(index))) as connection:
        value = connection.execute(statement).fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = catalog_of(index).read_bytes()
    return data.index(value if isinstance(value, bytes) else value.encode())


def test_a_sound_index_is_called_sound_and_left_alone(index):
    report = check(index)
    assert (report.damage, report.sync.notes, report.sync.unchanged) == ((), (), 2)


@pytest.mark.parametrize(
    ("statement", "redone"),
    [
        ("SELECT text FROM chunks WHERE text LIKE 'cedar%'", (1, 0)),
        ("SELECT sha256 FROM documents WHERE source = 'few.txt'", (1, 0)),
        ("SELECT hash FROM chunks WHERE text LIKE 'cedar%'", (1, 1)),
        ("SELECT vector FROM vectors LIMIT 1", (0, 1)),
    ],
    ids=["text", "checksum of a file", "hash", "vector"],
)
def test_a_flipped_bit_in_the_catalog_costs_what_it_hit(index, statement, redone):
    """Documents that are read again, and texts that are embedded again."""
    flip_bit(catalog_of(index), find_in_catalog(index, statement))
    report = check(index)
    assert "catalog" in {one.part for one in report.damage}
    assert report.sync.added <= redone[0]
    assert report.sync.embedded <= redone[1]
    assert report.sync.unchanged == 2 - report.sync.added
    assert_whole(index)


def test_a_flipped_bit_in_the_format_is_not_taken_for_a_newer_version(index):
    flip_bit(catalog_of(index), 63)
    report = sync_corpus(index, make_pipeline(index))
    assert report.added == 0
    assert_whole(index)


@pytest.mark.parametrize("ending", ["idx", "term", "store", "fast", "pos", "meta.json"])
def test_a_flipped_bit_in_the_lexical_index_has_it_made_anew(index, ending):
    for path in (index.folder / "lexical").rglob(f"*{ending}"):
        flip_bit(path, path.stat().st_size // 2)
    assert sync_corpus(index, make_pipeline(index)).is_noop
    report = check(index)
    assert [one.part for one in report.damage] == ["lexical"]
    assert "lexical index: 122 chunks put back" in " ".join(report.sync.notes)
    assert_whole(index)


@pytest.mark.parametrize("ending", ["data_level0.bin", "link_lists.bin", "index_metadata.pickle"])
def test_a_flipped_bit_in_the_graph_is_searched_around_and_repaired(index, ending):
    path = next((index.folder / "chroma").rglob(ending))
    flip_bit(path, path.stat().st_size // 2)
    assert found_by_vector(index, "passage number77") == {"many.txt"}
    report = check(index)
    assert "vectors: 122 vectors put back" in " ".join(report.sync.notes)
    assert report.sync.embedded == 0
    assert_whole(index)


def test_a_vector_that_chroma_s_own_database_holds_damaged_is_put_right(index):
    """Of those that came after the graph was written."""
    (index.folder.parent / "corpus" / "new.txt").write_text("ember fjord")
    settle(index.folder.parent / "corpus")
    with closing(Index(index.folder)) as other:
        sync_corpus(other, make_pipeline(other))
    with closing(sqlite3.connect(index.folder / "chroma" / "chroma.sqlite3")) as connection:
        vector = connection.execute("SELECT vector FROM embeddings_queue ORDER BY seq_id DESC").fetchone()[0]
    path = index.folder / "chroma" / "chroma.sqlite3"
    flip_bit(path, path.read_bytes().index(vector) + 2)
    assert sync_corpus(index, make_pipeline(index)).is_noop
    report = check(index)
    assert [one.part for one in report.damage] == ["vectors"]
    assert found_by_vector(index, "ember fjord") == {"new.txt"}
    assert index.find_damage() == []


def test_what_cannot_be_repaired_says_why_and_what_helps(index, monkeypatch):
    path = next((index.folder / "lexical").rglob("*.store"))
    flip_bit(path, 5)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(IndexUnusableError, match=rf"{path.name}.*can't be written.*Make the folder writable"):
        check(index)


def test_damage_that_comes_back_at_once_is_blamed_on_the_disk(index, monkeypatch):
    flip_bit(next((index.folder / "lexical").rglob("*.store")), 5)
    again = index.find_damage()
    monkeypatch.setattr(index, "find_damage", lambda: again)
    with pytest.raises(IndexUnusableError, match="damaged again: the disk that holds"):
        check(index)


def test_a_check_that_is_stopped_or_meets_a_writer_tells_nothing(index):
    assert index.find_damage(must_stop=lambda: True) is None
    with index.writing() as writer:
        writer.open_build({"chunk_size": 500}, None)
        with closing(Index(index.folder)) as other:
            assert other.find_damage() is None
