"""Files and folders that can't be read, and files that change while they are read."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

import pytest

import ingest.scan
from ingest.sync import SyncOptions, plan_sync, sync_corpus
from rag.errors import CorpusError, SettingsError
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


def test_an_empty_folder_in_the_place_of_the_corpus_removes_nothing(filled):
    """As an empty mount point, after its disk was taken away."""
    filled.corpus.rename(filled.root / "disk")
    filled.corpus.mkdir()
    for attempt in range(2):
        with pytest.raises(CorpusError, match="perhaps its disk is not mounted"):
            sync_corpus(filled.index, filled.pipeline()) if attempt else plan_sync(filled.index, filled.pipeline())
    assert found_by_words(filled.index, "amber") == {"a.txt"}
    filled.corpus.rmdir()
    (filled.root / "disk").rename(filled.corpus)
    assert filled.sync() == {}


@pytest.mark.parametrize("rebuild", [True, False])
def test_a_folder_that_was_made_anew_is_taken_once_it_has_a_file_or_a_rebuild_is_asked_for(filled, rebuild):
    filled.corpus.rename(filled.root / "elsewhere")
    filled.corpus.mkdir()
    if not rebuild:
        filled.put("new.txt", "heron")
    filled.sync(rebuild=rebuild)
    assert filled.report.chunks == (0 if rebuild else 1)
    for path in list(filled.corpus.iterdir()):
        path.unlink()
    filled.sync()
    assert filled.report.chunks == 0


@pytest.fixture
def shut(monkeypatch):
    """A folder that is in it fails to be listed, as a disk or a network does."""
    shut: set[str] = set()
    really_scan = os.scandir

    def scandir(path):
        if str(path) in shut:
            raise OSError(errno.ESTALE, "Stale file handle")
        return really_scan(path)

    monkeypatch.setattr("ingest.scan.os.scandir", scandir)
    return shut


def test_what_is_in_a_folder_that_cannot_be_listed_stays_found(filled, shut):
    shut.add(str(filled.corpus / "tree"))
    filled.put("new.txt", "heron")
    report = sync_corpus(filled.index, filled.pipeline())
    assert (report.added, report.removed, report.moved) == (1, 0, 0)
    assert [(one.source, one.reason) for one in report.failed] == [
        ("tree", "cannot be looked into (Stale file handle)")
    ]
    assert found_by_words(filled.index, "delta") == {"tree/deep/c.txt"}
    assert sync_corpus(filled.index, filled.pipeline()).is_noop
    shut.clear()
    assert filled.sync() == {"removed": 1}  # the failure's own row


def test_a_rebuild_waits_for_a_folder_that_cannot_be_listed(filled, shut):
    shut.add(str(filled.corpus / "tree"))
    filled.chunk_size = 600
    sync_corpus(filled.index, filled.pipeline())
    assert found_by_words(filled.index, "delta") == {"tree/deep/c.txt"}
    shut.clear()
    filled.sync()
    assert not filled.index.status().rebuilding
    assert found_by_words(filled.index, "delta") == {"tree/deep/c.txt"}


def test_a_corpus_that_cannot_be_listed_removes_nothing(filled, shut):
    shut.add(str(filled.corpus))
    with pytest.raises(CorpusError, match="Stale file handle"):
        sync_corpus(filled.index, filled.pipeline())
    assert found_by_words(filled.index, "amber") == {"a.txt"}


@pytest.fixture
def disk(filled, monkeypatch):
    """A folder of the corpus that is a mount point while it has a file; returns how to unmount and mount it."""
    really_stat = ingest.scan.stat_folder

    def stat_folder(path):
        status = list(really_stat(path))
        status[2] += 1 if Path(path) == filled.corpus / "nas" and os.listdir(path) else 0
        return os.stat_result(status)

    def unmount():
        (filled.corpus / "nas").rename(filled.root / "away")
        (filled.corpus / "nas").mkdir()

    def mount():
        (filled.corpus / "nas").rmdir()
        (filled.root / "away").rename(filled.corpus / "nas")

    monkeypatch.setattr(ingest.scan, "stat_folder", stat_folder)
    filled.put("nas/x.txt", "quartz")
    filled.put("nas/deep/y.txt", "basalt")
    filled.sync()
    return unmount, mount


def sync_kept(place):
    return sync_corpus(place.index, place.pipeline())


def test_the_documents_of_an_unmounted_disk_are_kept_until_it_is_mounted_again(filled, disk):
    unmount, mount = disk
    unmount()
    assert plan_sync(filled.index, filled.pipeline()).removed == []
    for _ in range(2):  # the second finds nothing changed
        report = sync_kept(filled)
        assert (report.removed, len(report.kept)) == (0, 1)
        assert "nas: its disk seems to be unmounted; its 2 documents are kept." in report.kept[0]
        assert [failure.source for failure in filled.index.status().failures] == ["nas"]
        assert found_by_words(filled.index, "basalt") == {"nas/deep/y.txt"}
    filled.put("new.txt", "heron")
    assert sync_kept(filled).kept
    mount()
    filled.sync()
    assert (filled.report.kept, filled.index.status().failures) == ((), ())
    assert found_by_words(filled.index, "basalt") == {"nas/deep/y.txt"}


def test_what_a_user_deletes_is_removed_from_a_disk_that_is_mounted_and_with_the_folder_of_one_that_is_not(
    filled, disk
):
    (filled.corpus / "nas/deep/y.txt").unlink()
    (filled.corpus / "nas/deep").rmdir()
    assert filled.sync() == {"removed": 1}
    disk[0]()
    assert sync_kept(filled).removed == 0
    (filled.corpus / "nas").rmdir()
    sync_kept(filled)
    assert found_by_words(filled.index, "quartz") == set()
    assert (filled.report.kept, filled.index.status().failures) == ((), ())
    assert filled.sync() == {}


def test_a_rebuild_takes_the_folder_without_the_disk_as_it_is(filled, disk):
    disk[0]()
    filled.sync(rebuild=True)
    assert found_by_words(filled.index, "basalt") == set()


def test_a_folder_that_never_was_a_mount_point_is_emptied_by_its_user(filled):
    filled.put("plain/x.txt", "quartz")
    filled.sync()
    (filled.corpus / "plain/x.txt").unlink()
    assert filled.sync() == {"removed": 1}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_documents_of_a_link_whose_target_is_gone_are_kept_until_the_link_is_deleted(filled):
    filled.put("real/x.txt", "quartz")
    (filled.corpus / "link").symlink_to("real")
    filled.sync()
    shutil.move(filled.corpus / "real", filled.root / "away")
    report = sync_kept(filled)
    assert report.removed == 1
    assert "what this link leads to is gone; its document is kept" in report.kept[0]
    assert found_by_words(filled.index, "quartz") == {"link/x.txt"}
    (filled.corpus / "link").unlink()
    filled.sync()
    assert found_by_words(filled.index, "quartz") == set()
