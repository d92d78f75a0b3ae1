"""Files that can't be read, and files that change while they are read."""

from __future__ import annotations

import contextlib
import os

import pytest

from ingest.sync import SyncOptions, sync_corpus
from rag.errors import SettingsError
from rag.index.index import Index
from tests.tiny import TinyPipeline, chunks_of, found_by_words, tiny_pipeline


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

    class Pipeline(TinyPipeline):
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

    class Pipeline(TinyPipeline):
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
    report = sync_corpus(filled.index, filled.pipeline(), SyncOptions(settle_s=60))
    assert (report.unsettled, report.changed) == (1, 0)
    assert found_by_words(filled.index, "amber") == {"a.txt"}
    report = sync_corpus(
        filled.index, filled.pipeline(), SyncOptions(settle_s=1e-6, is_busy=lambda source: source == "a.txt")
    )
    assert report.unsettled == 1
    assert filled.sync()["changed"] == 1


def test_one_folder_as_corpus_and_index_is_a_wrong_setting(place):
    place.put("a.txt", "amber")
    with contextlib.closing(Index(place.corpus)) as index, pytest.raises(SettingsError, match="--index"):
        sync_corpus(index, tiny_pipeline(place.corpus, place.corpus))
