"""Every kind of change to the folder, and what it costs."""

from __future__ import annotations

import os
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.scan import Scan, scan_corpus
from ingest.sync import _Comparison, plan_sync, sync_corpus
from rag.errors import SettingsError
from rag.index.reader import Index
from tests.tiny import (
    TinyEmbedder,
    chunks_of,
    found_by_vector,
    found_by_words,
    passages,
    problems_of,
    settle,
    tiny_pipeline,
)


class Place:
    """A corpus, its index, and syncs whose outcome is compared with the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.corpus = root / "corpus"
        self.corpus.mkdir()
        self.index = Index(root / "index")
        self.embedder = TinyEmbedder()
        self.chunk_size = 220

    def pipeline(self):
        return tiny_pipeline(self.corpus, self.index.folder, chunk_size=self.chunk_size, embedder=self.embedder)

    def put(self, source: str, text: str) -> Path:
        path = self.corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def sync(self, **options):
        """Sync and compare; returns what changed, without what is zero."""
        self.pipe = self.pipeline()
        self.report = sync_corpus(self.index, self.pipe, **options)
        assert chunks_of(self.index) == self.wanted()
        assert problems_of(self.index) == []
        names = ("added", "changed", "removed", "moved", "embedded", "reused")
        return {name: getattr(self.report, name) for name in names if getattr(self.report, name)}

    def wanted(self):
        """What a fresh build would hold."""
        texts = {source: (self.corpus / source).read_text() for source in scan_corpus(self.corpus).files}
        return sorted(
            (source, ordinal, passage)
            for source, text in texts.items()
            if not text.startswith("BAD")
            for ordinal, passage in enumerate(passages(text, self.chunk_size))
        )


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.index.close()


@pytest.fixture
def filled(place):
    place.put("a.txt", "amber\n\nbirch")
    place.put("tree/b.txt", "cedar")
    place.put("tree/deep/c.txt", "delta\n\nember")
    settle(place.corpus)
    assert place.sync() == {"added": 3, "embedded": 5}
    return place


def test_nothing_changed_is_nothing_done(filled):
    assert filled.sync() == {}
    assert (filled.report.unchanged, filled.report.chunks, filled.pipe.read) == (3, 5, [])


def test_an_edit_embeds_only_what_changed(filled):
    filled.put("a.txt", "amber\n\nfjord")
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}
    assert found_by_words(filled.index, "birch") == set()


def test_a_deleted_file_is_gone_from_both_searches(filled):
    (filled.corpus / "a.txt").unlink()
    assert filled.sync() == {"removed": 1}
    assert found_by_words(filled.index, "amber") == found_by_vector(filled.index, "amber") == set()


def test_a_renamed_file_is_neither_read_nor_embedded(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "z.txt")
    assert filled.sync() == {"moved": 1, "reused": 2}
    assert filled.pipe.read == []
    assert found_by_vector(filled.index, "amber") == {"z.txt"}


def test_a_renamed_ending_is_read_anew_because_it_decides_the_format(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "a.md")
    assert filled.sync() == {"added": 1, "removed": 1, "reused": 2}


def test_a_moved_tree_is_neither_read_nor_embedded(filled):
    os.rename(filled.corpus / "tree", filled.corpus / "forest")
    assert filled.sync() == {"moved": 2, "reused": 3}
    assert filled.pipe.read == []


def test_a_change_of_case_alone_is_a_move(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "A.txt")
    assert filled.sync() == {"moved": 1, "reused": 2}
    assert found_by_words(filled.index, "amber") == {"A.txt"}


def test_a_copy_is_neither_read_nor_embedded_and_both_are_found(filled):
    shutil.copyfile(filled.corpus / "a.txt", filled.corpus / "copy.txt")
    assert filled.sync() == {"added": 1, "reused": 2}
    assert filled.pipe.read == []
    assert found_by_vector(filled.index, "amber") == {"a.txt", "copy.txt"}
    (filled.corpus / "a.txt").unlink()
    assert filled.sync() == {"removed": 1}
    assert found_by_vector(filled.index, "amber") == {"copy.txt"}


def test_one_of_two_equal_files_moved_onto_a_third(filled):
    shutil.copyfile(filled.corpus / "a.txt", filled.corpus / "copy.txt")
    filled.sync()
    os.replace(filled.corpus / "copy.txt", filled.corpus / "tree" / "b.txt")
    assert filled.sync() == {"changed": 1, "removed": 1, "reused": 2}


def test_two_files_that_change_places_embed_nothing(filled):
    os.rename(filled.corpus / "a.txt", filled.corpus / "x")
    os.rename(filled.corpus / "tree" / "b.txt", filled.corpus / "a.txt")
    os.rename(filled.corpus / "x", filled.corpus / "tree" / "b.txt")
    assert filled.sync() == {"changed": 2, "reused": 3}


def test_an_edit_saved_as_editors_do_by_replacing_the_file(filled):
    (filled.corpus / "a.txt.tmp").write_text("amber\n\ngrove")
    os.replace(filled.corpus / "a.txt.tmp", filled.corpus / "a.txt")
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}


def test_a_file_replaced_by_one_of_equal_size_and_time_is_noticed(filled):
    path = filled.corpus / "a.txt"
    stat = path.stat()
    filled.put("a.txt", "umber\n\nbirch")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert filled.sync() == {"changed": 1, "embedded": 1, "reused": 1}


def test_a_touched_file_is_not_read_and_soon_costs_nothing(filled):
    os.utime(filled.corpus / "a.txt", (2_000_000_000, 2_000_000_000))  # in the future, moreover
    assert filled.sync() == {}
    assert (filled.report.unchanged, filled.pipe.read) == (3, [])


def test_a_file_emptied_has_no_chunks_and_one_filled_again_has(filled):
    os.truncate(filled.corpus / "a.txt", 0)
    filled.sync()
    assert found_by_words(filled.index, "amber") == set()
    filled.put("a.txt", "heron")
    filled.sync()
    assert found_by_words(filled.index, "heron") == {"a.txt"}


def test_a_folder_in_the_place_of_a_file_and_back(filled):
    (filled.corpus / "a.txt").unlink()
    filled.put("a.txt/inner.txt", "amber\n\nbirch")
    assert filled.sync() == {"moved": 1, "reused": 2}
    shutil.rmtree(filled.corpus / "a.txt")
    filled.put("a.txt", "amber")
    assert filled.sync() == {"added": 1, "removed": 1, "reused": 1}


def test_an_emptied_folder_empties_the_index(filled):
    for path in list(filled.corpus.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert filled.sync() == {"removed": 3}
    assert filled.report.chunks == 0
    assert filled.sync() == {}


def test_a_missing_folder_is_an_error_and_leaves_the_index_alone(filled):
    filled.corpus.rename(filled.root / "elsewhere")
    with pytest.raises(SettingsError, match="does not exist"):
        sync_corpus(filled.index, filled.pipeline())
    assert found_by_words(filled.index, "amber") == {"a.txt"}


def test_rules_to_ignore_files_take_effect_both_ways(filled):
    filled.put(".ragignore", "tree/\n")
    assert filled.sync() == {"removed": 2}
    (filled.corpus / ".ragignore").unlink()
    assert filled.sync() == {"added": 2, "embedded": 3}


@pytest.mark.parametrize(
    "name",
    ["two words.txt", "50% #1.txt", "🐟.txt", unicodedata.normalize("NFD", "é.txt"), "é.txt", "ü" * 125 + ".txt"],
)
def test_odd_names_are_found_moved_and_forgotten(filled, name):
    filled.put(name, "heron")
    assert filled.sync() == {"added": 1, "embedded": 1}
    assert found_by_words(filled.index, "heron") == found_by_vector(filled.index, "heron") == {name}
    os.rename(filled.corpus / name, filled.corpus / "plain.txt")
    assert filled.sync() == {"moved": 1, "reused": 1}
    (filled.corpus / "plain.txt").unlink()
    assert filled.sync() == {"removed": 1}


def test_a_linked_file_stands_under_both_names(filled):
    (filled.corpus / "link.txt").symlink_to("a.txt")
    assert filled.sync() == {"added": 1, "reused": 2}
    filled.put("a.txt", "heron")
    filled.sync()
    assert found_by_words(filled.index, "heron") == {"a.txt", "link.txt"}


# ---- files that fail


def test_a_bad_file_is_a_row_with_its_reason_and_stops_nothing(filled):
    filled.put("bad.txt", "BAD")
    filled.put("good.txt", "heron")
    assert filled.sync() == {"added": 2, "embedded": 1}
    (failure,) = filled.report.failed
    assert (failure.source, failure.reason) == ("bad.txt", "is bad")
    assert filled.index.status().failures == filled.report.failed


def test_a_bad_file_is_tried_again_when_it_changed_or_when_asked_not_else(filled):
    path = filled.put("bad.txt", "BAD")
    os.utime(path, (1, 1))
    filled.sync()
    filled.sync()
    assert filled.pipe.read == []
    filled.sync(retry=True)
    assert filled.pipe.read == ["bad.txt"]
    filled.put("bad.txt", "heron")
    assert filled.sync() == {"changed": 1, "embedded": 1}
    assert filled.report.failed == ()


def test_a_file_that_turned_bad_is_not_found_any_more(filled):
    filled.put("a.txt", "BAD amber")
    filled.sync()
    assert found_by_words(filled.index, "amber") == set()


def test_a_file_that_may_not_be_read_is_a_failure_until_it_may(filled):
    (filled.corpus / "a.txt").chmod(0)
    if os.access(filled.corpus / "a.txt", os.R_OK):
        pytest.skip("nothing is forbidden to this user")
    sync_corpus(filled.index, filled.pipeline())
    assert "Permission denied" in filled.index.status().failures[0].reason
    assert found_by_words(filled.index, "amber") == set()
    (filled.corpus / "a.txt").chmod(0o644)
    filled.sync()
    assert filled.report.failed == ()
    assert found_by_words(filled.index, "amber") == {"a.txt"}


def test_a_file_that_changes_while_it_is_read_is_read_again(place):
    place.put("a.txt", "amber")

    class Pipeline(type(place.pipeline())):
        def parse(self, jobs):
            for result in super().parse(jobs):
                if self.read.count("a.txt") == 1:
                    place.put("a.txt", "birch and more")
                yield result

    pipeline = Pipeline(place.pipeline().settings)
    report = sync_corpus(place.index, pipeline)
    assert pipeline.read == ["a.txt", "a.txt"]
    assert report.unsettled == 0
    assert chunks_of(place.index) == place.wanted() == [("a.txt", 0, "birch and more")]


def test_a_file_that_never_stops_changing_is_taken_as_it_is(place):
    place.put("a.txt", "line")

    class Pipeline(type(place.pipeline())):
        def parse(self, jobs):
            for result in super().parse(jobs):
                place.put("a.txt", "line " * (len(self.read) + 1))
                yield result

    report = sync_corpus(place.index, Pipeline(place.pipeline().settings))
    assert (report.added, report.chunks) == (1, 1)
    assert place.sync() == {"changed": 1, "embedded": 1}


def test_files_still_being_written_are_left_for_the_next_sync(filled):
    for path in filled.corpus.rglob("*.txt"):
        os.utime(path, (1, 1))
    filled.put("a.txt", "half")
    report = sync_corpus(filled.index, filled.pipeline(), settle_s=60)
    assert (report.unsettled, report.changed) == (1, 0)
    assert found_by_words(filled.index, "amber") == {"a.txt"}
    report = sync_corpus(filled.index, filled.pipeline(), settle_s=1e-6, is_busy=lambda source: source == "a.txt")
    assert report.unsettled == 1
    assert filled.sync()["changed"] == 1


# ---- words soon, vectors later


def test_words_are_found_before_vectors_and_a_later_sync_goes_on_with_the_newest(place):
    for number in range(200):
        os.utime(place.put(f"{number:03}.txt", f"common number{number}"), (number, number))
    report = sync_corpus(place.index, place.pipeline(), stop=lambda: bool(place.embedder.texts))
    assert (report.chunks, report.pending) == (200, 200 - report.embedded)
    assert 0 < report.embedded < 200
    assert found_by_words(place.index, "common") == {f"{number:03}.txt" for number in range(200)}
    assert place.embedder.texts[0] == "common number199"
    assert found_by_vector(place.index, "common number199") == {"199.txt"}
    assert place.index.status().vectors == report.embedded
    assert place.sync() == {"embedded": report.pending}
    assert len(set(place.embedder.texts)) == len(place.embedder.texts) == 200


def test_a_small_change_is_found_by_words_and_vectors_at_once(filled):
    filled.put("new.txt", "heron")
    seen = []

    class Watching(TinyEmbedder):
        def embed_documents(self, texts):
            seen.append(found_by_words(filled.index, "heron"))
            return super().embed_documents(texts)

    filled.embedder = Watching()
    assert filled.sync() == {"added": 1, "embedded": 1}
    assert seen == [set()]


# ---- changed settings


def test_another_chunk_size_is_built_beside_and_the_old_index_serves_until_it_is_whole(filled):
    filled.chunk_size = 500
    seen = []

    class Watching(TinyEmbedder):
        def embed_documents(self, texts):
            seen.append((len(chunks_of(filled.index)), found_by_vector(filled.index, "amber")))
            return super().embed_documents(texts)

    filled.embedder = Watching()
    filled.sync()
    assert seen == [(5, {"a.txt"})]
    assert "chunk_size 220 → 500" in " ".join(filled.report.notes)
    assert filled.report.chunks == 3
    assert len(list((filled.index.folder / "lexical").iterdir())) == 1


def test_an_unchanged_text_is_not_embedded_again_by_a_rebuild(filled):
    filled.embedder = TinyEmbedder()
    assert filled.sync(rebuild=True) == {"added": 3, "reused": 5}
    assert sorted(filled.pipe.read) == ["a.txt", "tree/b.txt", "tree/deep/c.txt"]


def test_an_aborted_rebuild_changes_nothing_and_reverted_settings_end_it(filled):
    filled.put("many.txt", "\n\n".join(f"number{n}" for n in range(200)))
    filled.sync()
    before = chunks_of(filled.index)
    filled.chunk_size = 500
    report = sync_corpus(filled.index, filled.pipeline(), stop=lambda: True)
    assert 0 < report.embedded < 100
    assert chunks_of(filled.index) == before
    assert filled.index.status().rebuilding
    filled.chunk_size = 220
    assert filled.sync() == {}
    assert chunks_of(filled.index) == before
    assert not filled.index.status().rebuilding


def test_an_interrupted_rebuild_goes_on_where_it_was(filled):
    filled.put("many.txt", "\n\n".join(f"number{n}" for n in range(200)))
    filled.sync()
    filled.chunk_size = 500
    done = sync_corpus(filled.index, filled.pipeline(), stop=lambda: True).embedded
    assert filled.sync() == {"embedded": 102 - done}
    assert filled.pipe.read == []


def test_a_file_that_changed_just_before_it_was_looked_at_is_looked_at_again(tmp_path):
    (tmp_path / "a.txt").write_text("amber")
    (state,) = scan_corpus(tmp_path).files.values()
    for later_ns, is_trusted in ((1_000_000, False), (10_000_000_000, True)):
        scan = Scan({"a.txt": state}, began_ns=state.ctime_ns + later_ns)
        ((_, kept),) = _Comparison(tmp_path, scan, {}).plan().read
        assert (kept == state) is is_trusted
        assert kept.mtime_ns == state.mtime_ns


def test_a_file_removed_during_a_rebuild_is_gone_from_the_old_index_too(filled):
    filled.chunk_size = 500

    class Stopping(type(filled.pipeline())):
        def parse(self, jobs):
            (filled.corpus / "a.txt").unlink(missing_ok=True)
            yield from super().parse(jobs)

        def embed(self, texts):
            raise KeyboardInterrupt

    pipeline = Stopping(replace(filled.pipeline().settings, chunk_size=500))
    with pytest.raises(KeyboardInterrupt):
        sync_corpus(filled.index, pipeline)
    assert found_by_words(filled.index, "cedar") == {"tree/b.txt"}
    filled.embedder = TinyEmbedder()
    filled.sync()
    assert "a.txt" not in {source for source, _, _ in chunks_of(filled.index)}


def test_another_embedding_model_is_never_mixed_with_the_old(filled):
    filled.embedder = TinyEmbedder("tiny/2")
    assert filled.sync() == {"added": 3, "embedded": 5}
    assert "embedding model" in " ".join(filled.report.notes)
    with filled.index.writing() as writer:
        assert len(writer.store.model_ids()) == 1


def test_a_first_sync_with_a_model_that_is_already_there_is_one_small_change(place):
    place.put("a.txt", "amber")
    assert place.sync() == {"added": 1, "embedded": 1}


def test_a_plan_changes_nothing(filled):
    filled.put("new.txt", "heron")
    os.rename(filled.corpus / "a.txt", filled.corpus / "z.txt")
    plan = plan_sync(filled.index, filled.pipeline())
    assert [source for source, _ in plan.read] == ["new.txt"]
    assert [source for _, source, _ in plan.moved] == ["z.txt"]
    assert found_by_words(filled.index, "heron") == set()
