"""What child processes and their parents share."""

from __future__ import annotations

import os
import signal
import sys
import tempfile

import pytest

from rag.processes import (
    StopSwitch,
    end_orderly_on_hangup,
    name_signal,
    read_last_line,
)


def test_a_switch_ends_what_is_waited_for_and_what_will_be_but_not_what_was():
    switch, ended = StopSwitch(), []
    with switch.guard(lambda: ended.append("before")):
        pass
    with switch.guard(lambda: ended.append("now")):
        switch.throw()
        assert ended == ["now"]
    with switch.guard(lambda: ended.append("later")):
        assert ended == ["now", "later"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no hang-up.")
@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_closed_terminal_stops_a_server_as_a_service_does_unless_it_is_ignored(is_ignored):
    taken: list[int] = []
    before = [(number, signal.getsignal(number)) for number in (signal.SIGHUP, signal.SIGTERM)]
    signal.signal(signal.SIGTERM, lambda number, _: taken.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    try:
        end_orderly_on_hangup()
        os.kill(os.getpid(), signal.SIGHUP)
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    assert taken == ([] if is_ignored else [signal.SIGTERM])


def test_an_exit_code_names_its_signal():
    assert [name_signal(code) for code in (-9, 0, 1, -4_000)] == ["SIGKILL", "", "", ""]


def test_the_last_line_of_what_a_process_wrote_is_read_whatever_its_bytes():
    with tempfile.TemporaryFile() as file:
        assert read_last_line(file) == ""
        file.write(b"Traceback\n  line\nMemoryError: \xff\n\n")
        assert read_last_line(file) == "MemoryError: \ufffd"
