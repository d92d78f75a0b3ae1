from __future__ import annotations

import pytest

from ingest.workers.parsing import clean, shorten_gaps


@pytest.mark.parametrize(
    ("gap", "shown"), [(" " * 2_000, " "), (" \n" * 1_000, "\n\n"), ("\t" * 1_999, "\t" * 1_999), ("\n\n", "\n\n")]
)
def test_endless_white_space_is_shortened(gap, shown):
    assert shorten_gaps(f"a{gap}b") == f"a{shown}b"


def test_what_no_store_takes_is_left_out():
    assert clean("a\0b\ud800c") == "abc"
    assert clean(text := "plain") is text
