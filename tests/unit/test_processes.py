"""What child processes and their parents share."""

from __future__ import annotations

import tempfile

from rag.processes import StopSwitch, name_signal, read_last_line


def test_a_switch_ends_what_is_waited_for_and_what_will_be_but_not_what_was():
    switch, ended = StopSwitch(), []
    with switch.guard(lambda: ended.append("before")):
        pass
    with switch.guard(lambda: ended.append("now")):
        switch.throw()
        assert ended == ["now"]
    with switch.guard(lambda: ended.append("later")):
        assert ended == ["now", "later"]


def test_an_exit_code_names_its_signal():
    assert [name_signal(code) for code in (-9, 0, 1, -4_000)] == ["SIGKILL", "", "", ""]


def test_the_last_line_of_what_a_process_wrote_is_read_whatever_its_bytes():
    with tempfile.TemporaryFile() as file:
        assert read_last_line(file) == ""
        file.write(b"Traceback\n  line\nMemoryError: \xff\n\n")
        assert read_last_line(file) == "MemoryError: \ufffd"
