"""Catalog, Chroma and tantivy as one: what readers see, what damage does, what the next writer makes of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ingest.sync import SyncOptions, sync_corpus
from rag.errors import DiskFullError, IndexUnusableError
from rag.index import vectors as vector_store
from rag.index.catalog.database import Catalog
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import FORMAT, FileState, NewDocument
from rag.index.index import Index
from rag.index.integrity.repair import Repair
from rag.index.layout import Layout
from rag.index.views import OpenViews
from rag.types import Chunk, Document
from tests.tiny import (
    chunks_of,
    found_by_vector,
    found_by_words,
    problems_of,
    settle,
    tiny_pipeline,
)

ROOT = Path(__file__).parents[3]
MANY = 120  # vectors, more than Chroma gathers before it writes its graph to disk (here, not in earnest)


@pytest.fixture(scope="module", autouse=True)
def early_graph():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(vector_store._HNSW, "sync_threshold", 100)
        patch.setattr("rag.index.snapshot._REMEMBERED_CHUNKS", 0)  # through Chroma, as in an index of any size
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory, early_graph):
    """A corpus and its index, with a graph on disk. Not to be changed: copy it."""
    root = tmp_path_factory.mktemp("made")
    (root / "corpus").mkdir()
    (root / "corpus" / "many.txt").write_text("\n\n".join(f"passage number{n}" for n in range(MANY)))
    (root / "corpus" / "few.txt").write_text("amber birch\n\ncedar delta")
    with contextlib.closing(Index(root / "index")) as index:
        sync_corpus(index, tiny_pipeline(root / "corpus", root / "index"))
    return root


@pytest.fixture
def place(made, tmp_path):
    """A copy of it, times of files included."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, symlinks=True)
    settle(tmp_path / "corpus")
    return tmp_path


@pytest.fixture
def index(place):
    with contextlib.closing(Index(place / "index")) as index:
        yield index


def catalog_of(index):
    return index.folder / "catalog.sqlite3"


def sync(index, **options):
    return sync_corpus(index, tiny_pipeline(index.folder.parent / "corpus", index.folder), SyncOptions(**options))


def assert_whole(index):
    assert len(chunks_of(index)) == MANY + 2
    assert found_by_words(index, "number77") == {"many.txt"}
    assert found_by_vector(index, "passage number77") == {"many.txt"}
    assert found_by_vector(index, "cedar delta") == {"few.txt"}
    assert problems_of(index) == []


def test_the_graph_of_this_fixture_is_on_disk(index):
    assert any(path.stat().st_size for path in (index.folder / "chroma").rglob("link_lists.bin"))
    assert_whole(index)


def test_searching_gives_the_next_sync_no_reason_to_check(index):
    for _ in range(3):
        with contextlib.closing(Index(index.folder)) as reader:
            assert found_by_vector(reader, "amber birch") == {"few.txt"}
            assert found_by_words(reader, "amber") == {"few.txt"}
        report = sync(index)
        assert (report.notes, report.unchanged) == ((), 2)


def damage(path, how):
    data = path.read_bytes()
    if how == "deleted":
        path.unlink()
    else:
        forms = {"emptied": b"", "cut in half": data[: len(data) // 2], "overwritten": b"\xff\x7f" * (len(data) // 2)}
        path.write_bytes(forms[how])


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("header.bin", "cut in half"),  # three of these crash Chroma where no exception can be caught
        ("data_level0.bin", "overwritten"),
        ("length.bin", "overwritten"),
        ("data_level0.bin", "cut in half"),  # and this gives nonsense in silence
        ("link_lists.bin", "emptied"),
        ("link_lists.bin", "deleted"),
        ("chroma.sqlite3", "deleted"),
        ("chroma.sqlite3", "emptied"),
        ("chroma.sqlite3", "cut in half"),
        ("chroma.sqlite3", "overwritten"),
    ],
)
def test_a_damaged_file_of_the_vectors_is_searched_around_and_repaired(index, name, how):
    damage(next((index.folder / "chroma").rglob(name)), how)
    assert found_by_vector(index, "passage number77") == {"many.txt"}
    report = sync(index)
    assert "vectors: " in " ".join(report.notes)
    assert report.embedded == 0
    assert_whole(index)


@pytest.mark.parametrize(
    ("ending", "how"),
    [
        ("meta.json", "deleted"),
        ("meta.json", "emptied"),
        (".idx", "overwritten"),
        (".term", "cut in half"),
        (".fast", "overwritten"),
        (".fast", "deleted"),
        (".store", "emptied"),
        (".fieldnorm", "deleted"),
    ],
)
def test_a_damaged_file_of_the_lexical_index_is_repaired(index, ending, how):
    damage(next(path for path in sorted((index.folder / "lexical").rglob("*")) if path.name.endswith(ending)), how)
    report = sync(index)
    assert "lexical index" in " ".join(report.notes)
    assert (report.embedded, report.changed) == (0, 0)
    assert_whole(index)


@pytest.mark.parametrize("view", ["chroma", "lexical"])
def test_a_missing_view_is_made_anew(index, view):
    assert_whole(index)
    shutil.rmtree(index.folder / view)
    report = sync(index)
    assert report.notes
    assert report.embedded == 0
    assert_whole(index)


def test_what_a_reader_found_damaged_is_made_anew_by_the_next_sync(index):
    sync(index)
    path = next(path for path in (index.folder / "lexical").rglob("meta.json"))
    text, stat = path.read_bytes(), path.stat()
    path.write_bytes(b"}" * len(text))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # so that nothing but a reader can notice
    assert sync(index).notes == ()
    woken = threading.Event()
    index.call_when_damaged(woken.set)
    assert found_by_words(index, "number77") == set()
    assert woken.is_set()
    assert sync(index).notes
    assert_whole(index)


CUT_WHILE_OPEN = """
import os, sys
from pathlib import Path
from rag.index.index import Index
from tests.tiny import found_by_words

index = Index(Path(sys.argv[1]))
print(found_by_words(index, "number77"))
for path in (index.folder / "lexical").rglob("*"):
    if path.name.endswith(sys.argv[2]):
        os.truncate(path, 10)
print(found_by_words(index, "number77"), found_by_words(index, "number78"))
"""


@pytest.mark.parametrize("ending", [".store", ".idx", ".term", ".fast"])
def test_a_lexical_file_cut_short_while_it_is_mapped_does_not_end_the_process(index, ending):
    command = [sys.executable, "-c", CUT_WHILE_OPEN, str(index.folder), ending]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, "{'many.txt'}\nset() set()\n")
    assert "was cut short. Run pagewise ingest" in done.stderr
    assert "lexical index" in " ".join(sync(index).notes)
    assert_whole(index)


@pytest.mark.parametrize("left", [(), ("catalog.sqlite3-wal",)])
def test_a_missing_catalog_begins_a_new_index(index, left):
    index.close()
    for path in index.folder.glob("catalog.sqlite3*"):
        path.unlink()
    for name in left:
        (index.folder / name).write_bytes(b"an old log")
    with contextlib.closing(Index(index.folder)) as again:
        assert sync(again).added == 2
        assert_whole(again)


@pytest.mark.parametrize(
    "damage_catalog",
    [lambda data: b"", lambda data: b"\0" * 50_000, lambda data: data[:5_000], lambda data: b"text " * 1_000],
    ids=["emptied", "zeros", "cut", "text"],
)
def test_a_damaged_catalog_is_set_aside(index, damage_catalog):
    index.close()
    path = catalog_of(index)
    path.write_bytes(damage_catalog(path.read_bytes()))
    with contextlib.closing(Index(index.folder)) as again:
        assert sync(again).added == 2
        assert_whole(again)


def test_damage_deep_inside_the_catalog_is_found_at_work_and_healed_at_once(index):
    index.close()
    data = bytearray(catalog_of(index).read_bytes())
    for start in range(3 * 4_096, len(data) - 4_096, 4_096):  # all but the schema and the first tables
        data[start : start + 64] = b"\xff" * 64
    catalog_of(index).write_bytes(data)
    (index.folder.parent / "corpus" / "new.txt").write_text("ember fjord")
    with contextlib.closing(Index(index.folder)) as again:
        report = sync(again)
        assert (report.added, report.chunks) == (3, MANY + 3)
        assert "set aside" in " ".join(report.notes)
        assert problems_of(again) == []


def test_a_reader_goes_over_to_the_new_catalog(index):
    assert_whole(index)
    with contextlib.closing(Index(index.folder)) as other:
        for path in index.folder.glob("catalog.sqlite3*"):
            path.unlink()
        (index.folder.parent / "corpus" / "many.txt").unlink()
        sync(other)
        assert found_by_words(index, "number77") == set()
        assert found_by_vector(index, "passage number77") == set()
        assert found_by_vector(index, "cedar delta") == {"few.txt"}


def set_format(index, number):
    connection = sqlite3.connect(catalog_of(index))
    connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (number,))
    connection.commit()
    connection.close()


def test_a_newer_catalog_is_refused_and_left_alone(index):
    set_format(index, FORMAT + 1)
    with pytest.raises(IndexUnusableError, match="newer version"):
        sync(index)
    set_format(index, FORMAT)
    assert_whole(index)


@pytest.mark.parametrize("number", [1, FORMAT - 1])
def test_an_index_of_an_older_format_says_what_to_do_and_is_made_anew(index, number):
    set_format(index, number)
    for ask in (index.status, lambda: found_by_words(index, "number77"), index.find_damage):
        with pytest.raises(IndexUnusableError, match=f"older format {number}. Run pagewise ingest to rebuild it"):
            ask()
    report = sync(index)
    assert f"The catalog had the older format {number}; it was set aside as" in " ".join(report.notes)
    assert (report.added, report.embedded) == (2, MANY + 2)
    assert_whole(index)
    assert index.find_damage() == []


def test_an_index_that_never_was_says_what_to_do(tmp_path):
    with pytest.raises(IndexUnusableError, match="Run pagewise ingest"):
        Index(tmp_path / "index").status()


def test_an_exception_inside_a_batch_undoes_it_and_its_ids_are_not_confused(index):
    class Stopped(Exception):
        pass

    def stop_inside():
        with index.writing() as writer:
            build = writer.find_live_build()
            document = writer.view(build).read_known_files()["few.txt"].document_id
            with writer.batch(build) as batch:
                batch.copy(document, "copy.txt", FileState(1, 1, 1), None)
                batch.lexical.commit()  # as if the catalog's own commit were what failed
                raise Stopped

    with pytest.raises(Stopped):
        stop_inside()
    (index.folder.parent / "corpus" / "new.txt").write_text("ember fjord\n\ngrove heron")
    report = sync(index)
    assert "2 chunks cleared away" in " ".join(report.notes)
    assert found_by_words(index, "amber") == {"few.txt"}
    assert problems_of(index) == []


def test_a_chunk_is_read_as_it_was_written_and_the_documents_whole_title_is_listed(tmp_path):
    # Else its text is embedded as another one by the next sync than by this one.
    chunk = Chunk("rules.md", 0, "Each tenant waters the garden.", "The rules for the …", "Garden")
    document = NewDocument(Document(chunk.source, (), "The rules for the house at the road"), FileState(1, 1, 1), b"1")
    with contextlib.closing(Index(tmp_path)) as index, index.writing() as writer:
        build = writer.open_build({"embed_model": "none"}, None)
        with writer.batch(build) as batch:
            batch.put(document, [(chunk, None)], None)
        view = writer.view(build)
        assert [stored.chunk for stored in view.read_chunks(list(view.read_chunk_ids())).values()] == [chunk]
        assert [view.list_documents()[0].title, view.list_entries()[0].title, view.list_files()[0].title] == (
            [document.header.title] * 3
        )


def test_a_full_disk_stops_with_what_to_do_and_the_next_run_goes_on(index, monkeypatch):
    before = chunks_of(index)
    (index.folder.parent / "corpus" / "few.txt").write_text("heron")

    def full(self, *arguments):
        raise IndexUnusableError("The lexical index cannot be used (No space left on device (os error 28)).")

    with monkeypatch.context() as patch:
        patch.setattr("rag.index.lexical.index.LexicalIndex.commit", full)
        with pytest.raises(DiskFullError, match="Free some space"):
            sync(index)
    assert chunks_of(index) == before
    assert sync(index).changed == 1
    assert found_by_words(index, "heron") == {"few.txt"}
    assert problems_of(index) == []


def test_a_store_that_another_process_outdated_is_closed_when_its_last_search_ends(index):
    def read_meta():
        with catalog.reading() as connection:
            return CatalogView(connection).read_meta()

    catalog = Catalog(catalog_of(index))
    views = OpenViews(Layout(index.folder), catalog)
    with contextlib.closing(catalog), contextlib.closing(views):
        with views.use_store(read_meta()) as old:
            models = old.list_model_ids()
            (index.folder.parent / "corpus" / "new.txt").write_text("ember fjord")
            sync(index)
            with views.use_store(read_meta()) as new:
                assert new is not old
                assert new.list_model_ids() == models
            assert old._client is not None
        assert old._client is None


def test_a_reader_asks_again_when_a_sweep_took_what_its_snapshot_listed(index):
    asked = []

    def search(snapshot):
        asked.append(snapshot.generation)
        if len(asked) == 1:
            (index.folder.parent / "corpus" / "few.txt").write_text("heron grove")
            with contextlib.closing(Index(index.folder)) as other:
                sync(other)
        return {
            stored.chunk.text
            for stored in snapshot.read_chunks([hit.id for hit in snapshot.search_words("amber heron", 9)]).values()
        }

    assert index.read(search) == {"heron grove"}
    assert len(asked) == 2


def test_an_index_that_changes_during_each_search_gives_no_unchecked_result(index):
    numbers = itertools.count()

    def sweep_meanwhile(snapshot):
        (index.folder.parent / "corpus" / "few.txt").write_text(f"ember {next(numbers)}")
        with contextlib.closing(Index(index.folder)) as other:
            sync(other)
        return "unchecked"

    with pytest.raises(IndexUnusableError, match="changes faster than it can be read"):
        index.read(sweep_meanwhile)


def test_a_vector_of_another_model_is_our_own_mistake_and_not_damage(index):
    with pytest.raises(ValueError, match=r"shape \(5,\)"):
        index.read(lambda snapshot: snapshot.search_vectors(np.ones(5, np.float32), 3))
    assert index.looks_sound()


def test_leftovers_of_dropped_builds_and_models_are_cleared_away(index, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Repair, "clear_leftovers", lambda self: _raise())
        with pytest.raises(KeyboardInterrupt):
            sync(index, rebuild=True)
    with index.writing() as writer:
        assert "cut short" in writer.notes[0]
        assert writer.find_problems() == []
    assert len(list((index.folder / "lexical").iterdir())) == 1
    assert_whole(index)


def _raise():
    raise KeyboardInterrupt
