from __future__ import annotations

import pytest

from bench.layout.judging import PAGES, judge
from bench.layout.page import LabelledPage

STILL_WRONG = (
    "a word broken across columns",
    "a heading of two lines",
    "word table: a name of two lines without space between rows",
)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in STILL_WRONG], ids=lambda page: page.name)
def test_a_labelled_page_is_read_as_expected(page: LabelledPage):
    assert judge(page) == ""
