"""What is noted of each step: under which id, and what must not stand there."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
import os
import threading
from contextlib import contextmanager

import pytest

from rag.chat.server import make_error
from rag.logs.output import open_log, show_steps
from rag.logs.shared_file import SharedFile
from rag.logs.steps import begin_request, log_step, read_request
from rag.settings import Settings
from rag.types import Endpoint

KEY = 'sk-"quoted"-secret'
ours, theirs = logging.getLogger("rag.somewhere"), logging.getLogger("library")


@contextmanager
def logging_anew():
    """Within the block the root's handlers are those that the block makes; the levels are put back too."""
    root, names = logging.getLogger(), ("rag", "ingest", "page")
    handlers, levels = root.handlers[:], [logging.getLogger(name).level for name in names]
    root.handlers.clear()
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:] = handlers
        for name, level in zip(names, levels, strict=True):
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def clean_logging():
    with logging_anew():
        yield


def read_lines(folder):
    return [json.loads(line) for line in (folder / "logs" / "pagewise.jsonl").read_text("utf-8").splitlines()]


def test_each_task_has_its_own_request_and_the_threads_that_it_waits_for_have_the_same():
    async def ask(given: str) -> list[str]:
        request = begin_request(given)
        await asyncio.sleep(0)
        return [request, read_request(), await asyncio.to_thread(read_request)]

    async def ask_both() -> list[list[str]]:
        return list(await asyncio.gather(ask("from.a-proxy_1"), ask("no id\nof a program")))

    first, second = asyncio.run(ask_both())
    assert first == ["from.a-proxy_1"] * 3
    assert len(set(second)) == 1
    assert len(second[0]) == 12
    assert read_request() == ""


def test_the_file_has_a_line_of_json_for_each_step_of_its_level(tmp_path, clean_logging):
    open_log(tmp_path, "info", [])
    log_step(ours, "searched", hits=6)
    log_step(ours, "answered", level=logging.INFO, model="tiny", why=None)
    ours.warning("The index of %s is gone.", "/papers")
    theirs.info("nothing of note")
    lines = read_lines(tmp_path)
    assert [(line["level"], line["step"]) for line in lines] == [
        ("info", "answered"),
        ("warning", "The index of /papers is gone."),
    ]
    assert (lines[0]["model"], lines[0]["where"], lines[0]["process"]) == ("tiny", "rag.somewhere", os.getpid())
    assert "why" not in lines[0]
    assert (tmp_path / "logs").stat().st_mode & 0o077 == 0 or os.name == "nt"


def test_at_the_level_none_there_is_no_file(tmp_path, clean_logging):
    open_log(tmp_path, "none", [])
    assert not (tmp_path / "logs").exists()


def test_no_key_and_no_words_of_an_exception_or_of_other_code_get_into_the_file(tmp_path, clean_logging):
    open_log(tmp_path, "debug", [KEY, "abc"])
    log_step(ours, "asked", place=f"at {KEY}", plain="abc")
    try:
        try:
            raise KeyError("Mr. Smith's salary")
        except KeyError as exc:
            raise ValueError("Mr. Smith's address") from exc
    except ValueError:
        ours.exception("A message failed")
    theirs.error("can't read: Mr. Smith's salary")
    text = (tmp_path / "logs" / "pagewise.jsonl").read_text("utf-8")
    assert "Smith" not in text
    assert "secret" not in text
    _, failed, other = read_lines(tmp_path)
    assert failed["error"] == ["ValueError", "KeyError"]
    assert failed["at"][0].startswith("test_logs.py:")
    assert other["step"].startswith("a message of test_logs.py, line ")
    assert "abc" in text  # too short to be told from a word


def test_the_terminal_shows_steps_when_asked_to_and_warnings_once(capsys, tmp_path, clean_logging):
    logging.getLogger().addHandler(logging.StreamHandler())
    open_log(tmp_path, "info", [])
    log_step(ours, "answered", level=logging.INFO)
    assert capsys.readouterr().err == ""
    show_steps([KEY])
    begin_request("abc123")
    log_step(ours, "searched", hits=6, best="a b", key=KEY)
    ours.warning("Look here.")
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].endswith('abc123       rag.somewhere: searched hits=6 best="a b" key=[key]')
    assert shown[1:] == ["Look here."]
    begin_request()


def test_a_file_that_was_deleted_is_begun_anew_and_threads_share_it(tmp_path):
    path = tmp_path / "log"
    handler = SharedFile(path)
    path.unlink()
    record = logging.makeLogRecord({"msg": "still here"})
    threads = [threading.Thread(target=handler.handle, args=(record,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    assert path.read_text("utf-8") == "still here\n" * 8


def test_settings_tell_no_key():
    named = {"API_KEY": KEY, "CLOUD_API_KEY": "cloud-secret", "RAG_PASSWORD": "pass-secret", "BASE_URL": "http://h"}
    settings = Settings.load({**named, "AZURE_OPENAI_API_KEY": "azure-secret"})
    assert len(settings.keys) == 4
    for told in (repr(settings), str(settings.list_changed())):
        assert "secret" not in told
    assert settings.list_changed()["API_KEY"] == "…"
    assert Settings.load({"BASE_URL": "http://me:secret@host/v1"}).list_changed() == {"BASE_URL": "http://…@host/v1"}
    endpoint = Endpoint("http://me:secret@host/v1", KEY, "tiny")
    assert "secret" not in f"{endpoint!r} {make_error('mute', endpoint)}".replace("me:secret@host", "host", 1)
    assert Settings().keys == []


class FullDisk(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_on_a_full_disk_says_so_once_until_it_can_be_written_again(tmp_path, capsys, monkeypatch):
    handler = SharedFile(tmp_path / "log")
    handler.stream.close()
    monkeypatch.setattr(handler, "shouldRollover", lambda record: False)  # it would open the file
    written = io.StringIO()
    for stream in (FullDisk(), FullDisk(), written, FullDisk()):
        monkeypatch.setattr(handler, "stream", stream)
        handler.emit(logging.makeLogRecord({"msg": "line"}))
    told = f"No log is kept: {tmp_path / 'log'} can't be written (No space left on device).\n"
    assert capsys.readouterr().err == 2 * told
    assert written.getvalue() == "line\n"
