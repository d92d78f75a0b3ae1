import sys

import pytest

from rag.evaluation.command import make_progress


@pytest.mark.parametrize(
    ("seconds", "done", "total", "line"),
    [
        (9.0, 2, 20, "2 of 20 answers"),
        (30.0, 3, 6, "3 of 6 answers, about 30 s left"),
        (60.0, 4, 40, "4 of 40 answers, about 9 min left"),
        (60.0, 5, 2_000, "5 of 2,000 answers, about 6 h 39 min left"),
        (60.0, 5, 5, "5 of 5 answers"),
    ],
)
def test_the_rest_is_estimated_at_the_pace_so_far(seconds, done, total, line, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    times = iter([100.0, 100.0 + seconds])
    make_progress("answers", lambda: next(times))(done, total)
    assert capsys.readouterr().err.strip() == line


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    times = iter([0.0, 3.0, 4.0])
    show = make_progress("answers", lambda: next(times))
    show(3, 4)
    show(4, 4)
    first, second = capsys.readouterr().err.split("\r")[1:]
    assert len(second.removesuffix("\n")) == len(first)
    assert second.endswith("\n")


def test_what_is_no_terminal_gets_no_progress(capsys):
    make_progress("answers")(3, 9)
    assert capsys.readouterr().err == ""
