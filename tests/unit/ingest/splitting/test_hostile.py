"""Text made to cost more than its length. Split wrongly, each of these takes minutes where it is as long as a book."""

from __future__ import annotations

import pytest

from ingest.splitting.blocks import HEADING, split_blocks
from ingest.splitting.pieces import split_pieces
from tests.growth import check_linear


@pytest.mark.parametrize(
    ("before", "again", "after"),
    [("", ".", ""), ("", "\n", ""), ("a.\n", " \n", ""), ("# a", " ", "b"), ("|--", " ", "x\n")],
)
def test_pieces_cover_a_hostile_text(before, again, after):
    def split(times):
        text = f"{before}{again * times}{after}" * 3
        pieces = [piece for block in split_blocks(text, "markdown") for piece in split_pieces(text, block)]
        assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
        assert (pieces[0].start, pieces[-1].end) == (0, len(text))

    check_linear(split, 2_000)


@pytest.mark.parametrize(
    ("line", "title"), [("# a ##  ", "a"), ("# C#", "C#"), ("## ##", ""), ("#  a b", "a b"), ("# ", "")]
)
def test_a_headings_title_is_what_stands_between_its_marks(line, title):
    assert [(block.kind, block.title) for block in split_blocks(line, "markdown")] == [(HEADING, title)]
