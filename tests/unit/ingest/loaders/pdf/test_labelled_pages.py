from __future__ import annotations

from bench.layout.judging import PAGES, judge

STILL_WRONG = (
    "a word broken across columns",
    "a heading of two lines",
    "word table: a name of two lines without space between rows",
)


def test_the_labelled_pages_are_read_as_expected():
    judged = {page.name: judge(page) for page in PAGES if page.name not in STILL_WRONG}
    assert {name: wrong for name, wrong in judged.items() if wrong} == {}
