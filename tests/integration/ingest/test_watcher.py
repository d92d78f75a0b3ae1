"""The watcher with real files and the real watchdog. What is waited for is an event, a report or a status."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import shutil
import sys
import threading
from typing import Any

import pytest

import ingest.scan
from ingest import watcher as watcher_module
from ingest.sync import sync_corpus
from ingest.watcher import CorpusWatcher
from rag.index.index import Index
from tests.tiny import (
    TinyPipeline,
    chunks_of,
    flip_bit,
    found_by_vector,
    found_by_words,
    problems_of,
    settle,
    tiny_pipeline,
)

PATIENCE_S = 60  # for a busy machine; nothing takes so long


class Watched:
    """A watched folder and the reports of its syncs."""

    def __init__(self, root, pipeline=None):
        self.corpus = root / "corpus"
        self.corpus.mkdir(exist_ok=True)
        self.index = Index(root / "index")
        self.pipeline = pipeline or tiny_pipeline(self.corpus, self.index.folder)
        self.reports: queue.Queue[Any] = queue.Queue()
        self.count = 0
        self.watcher = CorpusWatcher(self.index, self.pipeline, on_report=self.reports.put)

    def start(self):
        self.watcher.start()
        return self.next()

    def next(self):
        report = self.reports.get(timeout=PATIENCE_S)
        self.count += 1
        return report

    def put(self, source, text, *, old=False):
        """`old` files have not just been written, so they are not waited for."""
        path = self.corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1, 1)) if old else None

    def move_in(self, source, text):
        """A file that comes whole, by one event: however slow the machine is, there is no sync in the middle of it."""
        path = self.corpus.parent / source
        path.write_text(text)
        path.rename(self.corpus / source)

    def until(self, condition):
        """Take reports until one leaves the index as it should be."""
        while not condition():
            self.next()

    def close(self):
        self.watcher.close()
        self.index.close()


@pytest.fixture
def watched(tmp_path):
    watched = Watched(tmp_path)
    yield watched
    watched.close()


def test_starting_finds_what_changed_while_nothing_ran(watched):
    watched.put("a.txt", "amber")
    watched.put("b.txt", "birch")
    sync_corpus(watched.index, watched.pipeline)
    (watched.corpus / "a.txt").unlink()
    watched.put("b.txt", "cedar", old=True)
    report = watched.start()
    assert (report.removed, report.changed) == (1, 1)
    assert watched.watcher.status.activity == "idle"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: (c / "new.txt").write_text("heron"), {"amber", "birch", "heron"}),
        (lambda c: (c / "a.txt").write_text("heron"), {"heron", "birch"}),
        (lambda c: (c / "a.txt").unlink(), {"birch"}),
        (lambda c: os.rename(c / "a.txt", c / "z.txt"), {"amber", "birch"}),
        (lambda c: os.rename(c / "tree", c.parent / "outside"), {"amber"}),
        (lambda c: shutil.copytree(c / "tree", c / "tree2" / "deep"), {"amber", "birch"}),
        (lambda c: (c / ".ragignore").write_text("tree\n"), {"amber"}),
        (lambda c: os.truncate(c / "a.txt", 0), {"birch"}),
    ],
    ids=["add", "edit", "delete", "rename", "move a tree out", "copy a tree", "ignore", "truncate"],
)
def test_a_change_is_followed(watched, change, words):
    watched.put("a.txt", "amber")
    watched.put("tree/b.txt", "birch")
    watched.start()
    change(watched.corpus)

    def files():
        return {path.relative_to(watched.corpus).as_posix() for path in watched.corpus.rglob("*.txt")}

    ignored = {"tree/b.txt"} if (watched.corpus / ".ragignore").exists() else set()
    wanted = {source for source in files() - ignored if (watched.corpus / source).read_text()}
    watched.until(
        lambda: (
            {source for source, _, _ in chunks_of(watched.index)} == wanted
            and {text for _, _, text in chunks_of(watched.index)} == words
        )
    )
    assert problems_of(watched.index) == []


def test_reading_files_wakes_nothing(watched):
    watched.put("a.txt", "amber", old=True)
    watched.start()
    (watched.corpus / "a.txt").read_text()
    watched.put(".hidden/x.txt", "x")
    watched.put("a.txt.tmp", "x")
    watched.move_in("b.txt", "birch")  # the events before this one have been seen when its sync is over
    watched.until(lambda: found_by_words(watched.index, "birch"))
    assert watched.count == 2


def test_an_index_inside_the_corpus_does_not_wake_its_own_watcher(tmp_path):
    watched = Watched(tmp_path)
    (watched.corpus / "index").mkdir()  # a new folder in the corpus is an event of the corpus
    watched.index = Index(watched.corpus / "index")
    watched.pipeline = tiny_pipeline(watched.corpus, watched.index.folder)
    watched.watcher = CorpusWatcher(watched.index, watched.pipeline, on_report=watched.reports.put)
    try:
        watched.put("a.txt", "amber", old=True)
        watched.start()
        watched.move_in("b.txt", "birch")
        watched.until(lambda: found_by_words(watched.index, "birch"))
        assert watched.count == 2
        assert {source for source, _, _ in chunks_of(watched.index)} == {"a.txt", "b.txt"}
    finally:
        watched.close()


def test_a_corpus_inside_the_index_folder_is_followed(tmp_path):
    watched = Watched(tmp_path)
    watched.index = Index(tmp_path)
    watched.pipeline = tiny_pipeline(watched.corpus, watched.index.folder)
    watched.watcher = CorpusWatcher(watched.index, watched.pipeline, on_report=watched.reports.put)
    try:
        watched.start()
        watched.put("b.txt", "birch")
        watched.until(lambda: found_by_words(watched.index, "birch"))
    finally:
        watched.close()


def test_a_burst_of_files_is_a_few_syncs(watched):
    watched.start()
    for number in range(2_000):
        watched.put(f"{number % 20}/{number}.txt", f"number{number}")
    watched.until(lambda: len(chunks_of(watched.index)) == 2_000 and watched.watcher.status.report.pending == 0)
    assert watched.count < 40
    assert problems_of(watched.index) == []


def test_a_folder_that_is_never_quiet_is_synced_all_the_same(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LONGEST_WAIT_S", 0.5)
    watched.start()
    done = threading.Event()

    def scribble():
        while not done.wait(0.02):
            watched.put("noise.txt", "noise")

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        watched.put("a.txt", "amber")
        watched.until(lambda: found_by_words(watched.index, "amber"))
    finally:
        done.set()
        thread.join()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells when a file is closed")
def test_a_file_is_not_read_before_its_writer_is_done_with_it(watched):
    watched.start()
    with (watched.corpus / "slow.txt").open("w") as file:
        file.write("first half")
        file.flush()
        watched.put("other.txt", "heron")
        watched.until(lambda: watched.watcher.status.report.unsettled == 1 and found_by_words(watched.index, "heron"))
        settle(watched.corpus)
        watched.watcher.wake()
        assert watched.next().unsettled == 1
        file.write(", second half")
    watched.until(lambda: found_by_words(watched.index, "second"))
    assert [text for source, _, text in chunks_of(watched.index) if source == "slow.txt"] == ["first half, second half"]
    assert watched.pipeline.read.count("slow.txt") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells when a file is closed")
def test_a_file_that_is_never_closed_is_read_in_the_end(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LONGEST_WRITE_S", 0.5)
    watched.start()
    with (watched.corpus / "log.txt").open("w") as file:
        file.write("amber")
        file.flush()
        watched.until(lambda: found_by_words(watched.index, "amber"))


def test_the_folder_may_be_removed_and_made_again(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LOCKED_S", 0.2)
    watched.put("a.txt", "amber")
    watched.start()
    shutil.rmtree(watched.corpus)
    wait_for(lambda: watched.watcher.status.activity == "failed")
    assert "does not exist" in watched.watcher.status.detail
    watched.put("b.txt", "birch")
    watched.until(lambda: found_by_words(watched.index, "birch"))
    assert found_by_words(watched.index, "amber") == set()
    watched.put("c.txt", "cedar")
    watched.until(lambda: found_by_words(watched.index, "cedar"))


def test_the_folder_may_be_replaced_by_another(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    watched.put("a.txt", "amber")
    watched.start()
    other = watched.corpus.with_name("other")
    other.mkdir()
    (other / "b.txt").write_text("birch")
    watched.corpus.rename(watched.corpus.with_name("old"))
    other.rename(watched.corpus)
    watched.until(lambda: found_by_words(watched.index, "birch"))
    watched.put("c.txt", "cedar")
    watched.until(lambda: found_by_words(watched.index, "cedar"))


def delete_catalog(folder):
    for path in folder.glob("catalog.sqlite3*"):
        path.unlink()


def delete_folder(folder):
    shutil.rmtree(folder.rename(folder.with_name("deleted")))  # at once, before it can be made anew


@pytest.mark.parametrize("delete", [delete_folder, delete_catalog], ids=["the whole folder", "the catalog alone"])
def test_an_index_that_was_deleted_is_made_anew_and_the_reason_is_told(watched, monkeypatch, delete):
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    told = []
    parse = watched.pipeline.parse

    def tell_and_parse(jobs):
        told.append((watched.watcher.status.activity, watched.watcher.status.detail))
        return parse(jobs)

    monkeypatch.setattr(watched.pipeline, "parse", tell_and_parse)
    watched.put("a.txt", "amber", old=True)
    watched.put("tree/b.txt", "birch", old=True)
    watched.start()
    for _ in range(2):
        delete(watched.index.folder)
        watched.until(lambda: watched.index.is_current_format() and found_by_words(watched.index, "birch"))
        reason = f"The index in {watched.index.folder} was deleted, so it is made anew from the documents."
        assert told[-1] == ("scan", reason)
        assert watched.watcher.status.detail == ""
        assert found_by_vector(watched.index, "amber") == {"a.txt"}
    watched.put("c.txt", "cedar")
    watched.until(lambda: found_by_words(watched.index, "cedar"))
    assert problems_of(watched.index) == []


def test_an_index_that_is_deleted_while_it_is_written_is_made_anew(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    embed = watched.pipeline.tiny.embed_documents
    deleted = threading.Event()

    def delete_once(texts):
        if not deleted.is_set():
            deleted.set()
            delete_folder(watched.index.folder)
        return embed(texts)

    monkeypatch.setattr(watched.pipeline.tiny, "embed_documents", delete_once)
    for number in range(100):
        watched.put(f"{number}.txt", f"number{number}", old=True)
    watched.watcher.start()
    watched.until(lambda: watched.index.is_current_format() and found_by_vector(watched.index, "number99"))
    assert deleted.is_set()
    assert problems_of(watched.index) == []


def test_a_corpus_whose_disk_is_taken_away_stays_found_and_is_followed_again(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LOCKED_S", 0.2)
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    watched.put("a.txt", "amber", old=True)
    watched.start()
    disk = watched.corpus.with_name("disk")
    watched.corpus.rename(disk)
    watched.corpus.mkdir()
    wait_for(lambda: "perhaps its disk is not mounted" in watched.watcher.status.detail)
    assert found_by_words(watched.index, "amber") == {"a.txt"}
    watched.corpus.rmdir()
    disk.rename(watched.corpus)
    watched.put("b.txt", "birch")
    watched.until(lambda: found_by_words(watched.index, "birch"))
    assert found_by_words(watched.index, "amber") == {"a.txt"}


def test_a_disk_below_the_corpus_that_goes_and_comes_back_without_an_event_is_told_and_followed(watched, monkeypatch):
    really_stat = ingest.scan.stat_folder

    def stat_folder(path):
        status = list(really_stat(path))
        status[2] += 1 if path.endswith("nas") and os.listdir(path) else 0  # the device, while it is mounted
        return os.stat_result(status)

    monkeypatch.setattr(ingest.scan, "stat_folder", stat_folder)
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    monkeypatch.setattr(CorpusWatcher, "_on_event", lambda *_: None)
    watched.put("nas/a.txt", "amber", old=True)
    watched.start()
    nas, disk = watched.corpus / "nas", watched.corpus.with_name("disk")
    nas.rename(disk)
    nas.mkdir()
    wait_for(lambda: "nas: its disk seems to be unmounted; its document is kept" in watched.watcher.status.kept)
    assert found_by_words(watched.index, "amber") == {"nas/a.txt"}
    (disk / "b.txt").write_text("birch")
    nas.rmdir()
    disk.rename(nas)
    watched.until(lambda: found_by_words(watched.index, "birch"))
    wait_for(lambda: not watched.watcher.status.kept)


class Preparing(TinyPipeline):
    """The first start: the embedding model is there only after a while."""

    def __init__(self, settings):
        super().__init__(settings)
        self.is_ready = threading.Event()

    def read_known_embedding(self):
        return super().read_known_embedding() if self.is_ready.is_set() else None

    def await_embedder(self, must_stop):
        while not self.is_ready.wait(0.02):
            if must_stop():
                return None
        return super().await_embedder(must_stop)


@pytest.mark.parametrize("is_unsettled", [False, True])
def test_words_of_a_file_that_comes_while_the_model_is_prepared_are_found_before_it_is(
    tmp_path, monkeypatch, is_unsettled
):
    pipeline = Preparing(tiny_pipeline(tmp_path / "corpus", tmp_path / "index").settings)
    watched = Watched(tmp_path, pipeline)
    watched.put("a.txt", "amber", old=True)
    if is_unsettled:  # it was being written when the first sync looked, and no event follows
        monkeypatch.setattr(CorpusWatcher, "_on_event", lambda *_: None)
        monkeypatch.setattr(watcher_module, "SETTLE_S", 0.5)
        watched.put("b.txt", "birch")
    watched.watcher.start()
    try:
        wait_for(lambda: watched.index.is_current_format() and found_by_words(watched.index, "amber"))
        if not is_unsettled:
            watched.put("b.txt", "birch")
        wait_for(lambda: found_by_words(watched.index, "birch"))
        assert not found_by_vector(watched.index, "birch")
        pipeline.is_ready.set()
        watched.until(lambda: found_by_vector(watched.index, "birch"))
        assert problems_of(watched.index) == []
    finally:
        watched.close()


def wait_for(condition):
    """For states that no report tells of."""
    step = threading.Event()
    for _ in range(PATIENCE_S * 50):
        if condition():
            return
        step.wait(0.02)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    "fails_at", [True, False], ids=["the folder itself", "a subfolder, of which watchdog is silent"]
)
def test_at_the_limit_of_watches_the_folder_is_polled_and_that_is_told(watched, monkeypatch, caplog, fails_at):
    monkeypatch.setattr(watcher_module, "POLL_S", 0.2)
    start = watcher_module._start_observer

    def limited(folder, handler, *, recursive):
        if recursive == fails_at:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return start(folder, handler, recursive=recursive)

    monkeypatch.setattr(watcher_module, "_start_observer", limited)
    watched.put("a.txt", "amber")
    watched.start()
    assert watched.watcher.status.is_polling
    assert "inotify watch limit reached" in caplog.text
    watched.put("b.txt", "birch")
    watched.until(lambda: found_by_words(watched.index, "birch"))


def test_new_files_are_found_by_words_before_older_vectors_are_done(tmp_path):
    release = threading.Event()

    class Slow(TinyPipeline):
        def embed(self, texts):
            release.wait(PATIENCE_S)
            return super().embed(texts)

    pipeline = Slow(tiny_pipeline(tmp_path / "corpus", tmp_path / "index").settings)
    watched = Watched(tmp_path, pipeline)
    try:
        for number in range(300):
            watched.put(f"{number}.txt", f"number{number}", old=True)
        watched.watcher.start()
        wait_for(lambda: watched.watcher.status.activity == "read" and watched.watcher.status.done == 300)
        wait_for(lambda: watched.index.exists and len(chunks_of(watched.index)) == 300)
        assert found_by_words(watched.index, "number7") == {"7.txt"}
        watched.put("new.txt", "heron")
        wait_for(watched.watcher._must_stop)  # the change was noticed while the first texts are being embedded
        release.set()
        watched.until(lambda: found_by_vector(watched.index, "heron"))
        assert watched.pipeline.tiny.texts.index("heron") < 301 - 64
        assert sorted(watched.pipeline.tiny.texts) == sorted([*(f"number{n}" for n in range(300)), "heron"])
    finally:
        release.set()
        watched.close()


def test_closing_keeps_what_is_done_and_the_next_start_goes_on(tmp_path):
    watched = Watched(tmp_path)

    class Closing(TinyPipeline):
        def embed(self, texts):
            watched.watcher._closing.set()
            return super().embed(texts)

    watched.pipeline = Closing(watched.pipeline.settings)
    watched.watcher = CorpusWatcher(watched.index, watched.pipeline, on_report=watched.reports.put)
    for number in range(300):
        watched.put(f"{number}.txt", f"number{number}", old=True)
    report = watched.start()
    assert (report.chunks, report.embedded) == (300, 64)
    watched.close()
    again = Watched(tmp_path)
    assert again.start().embedded == 300 - 64
    assert problems_of(again.index) == []
    again.close()


def test_while_another_process_writes_it_waits_and_says_for_whom(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LOCKED_S", 0.1)
    watched.put("a.txt", "amber")
    with contextlib.closing(Index(watched.index.folder)) as other, other.writing():
        watched.watcher.start()
        wait_for(lambda: watched.watcher.status.activity == "waiting")
        assert str(os.getpid()) in watched.watcher.status.detail
    watched.until(lambda: found_by_words(watched.index, "amber"))


def test_what_a_question_found_damaged_is_repaired_at_once(watched):
    watched.put("a.txt", "amber")
    watched.start()
    shutil.rmtree(watched.index.folder / "lexical")
    reader = Index(watched.index.folder)
    reader.call_when_damaged(watched.watcher.wake)
    assert found_by_words(reader, "amber") == set()
    watched.until(lambda: found_by_words(watched.index, "amber"))
    assert watched.watcher.status.report.notes
    reader.close()


def test_it_outlives_an_error_of_a_sync(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "LOCKED_S", 0.1)
    failed = threading.Event()
    embed = watched.pipeline.tiny.embed_documents

    def fail_once(texts):
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError("of all things")
        return embed(texts)

    monkeypatch.setattr(watched.pipeline.tiny, "embed_documents", fail_once)
    watched.put("a.txt", "amber", old=True)
    watched.start()
    assert found_by_vector(watched.index, "amber") == {"a.txt"}
    assert failed.is_set()


def test_an_index_that_is_idle_is_checked_and_repaired(watched, monkeypatch):
    monkeypatch.setattr(watcher_module, "CHECK_AFTER_S", 0.2)
    watched.put("a.txt", "amber", old=True)
    settle(watched.corpus)  # else the first sync compares by content, opens the index, and repairs it then
    sync_corpus(watched.index, watched.pipeline)
    path = next((watched.index.folder / "lexical").rglob("*.store"))
    flip_bit(path, 5)
    assert watched.start().is_noop
    assert "lexical index: 1 chunk put back" in " ".join(watched.next().notes)
    assert watched.index.find_damage() == []
