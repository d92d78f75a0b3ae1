"""What a chunk is packed from: sentences, table rows and lines of code, in any script. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.splitting.blocks import CODE, PROSE, TABLE, Block

# A run of marks is tried from its first alone: tried from each, a page of full stops takes the square of its length.
_SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|[。！？｡]+[」』”）]*|[।॥។៕؟۔]+"
    r"|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•–]|\d{1,3}[.)])[ \t])"
)
_CLAUSE_END = re.compile(r"[,;:—][\s]+|[、，；：]")
_WORD_END = re.compile(r"\s+")
_LINE_END = re.compile(r"\n+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Figs?|Eq|Sec|vs|cf|al|bzw|ca|vgl|Abb|Art|Abs)\.$"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that is kept together: a sentence, a row, a line. Pieces follow one another without a gap."""

    start: int
    end: int
    kind: str
    header: tuple[int, int] | None = None
    """Of a table row: where the header lies that a chunk beginning here must repeat."""
    is_whole: bool = True
    """False for a part of a sentence or row."""
    is_cut: bool = False
    """Whether an edge lies inside a run without spaces, so that its tokens may differ from the whole text's."""


def split_pieces(text: str, block: Block) -> Iterator[Piece]:
    """The block's pieces, which cover it."""
    if block.kind == PROSE:
        yield from _split_spans(text, block.start, block.end, _SENTENCE_END, PROSE)
    elif block.kind == TABLE:
        header = (block.start, block.body) if block.body > block.start else None
        if header:
            yield Piece(*header, TABLE)
        for row in _split_spans(text, block.body, block.end, _LINE_END, TABLE):
            yield Piece(row.start, row.end, TABLE, header)
    elif block.kind == CODE:
        yield from _split_spans(text, block.start, block.end, _LINE_END, CODE)
    else:
        yield Piece(block.start, block.end, block.kind)


def _split_spans(text: str, start: int, end: int, pattern: re.Pattern[str], kind: str) -> Iterator[Piece]:
    """Pieces that end where `pattern` ends, the white space after it included."""
    for found in pattern.finditer(text, start, end):
        stop = found.end()
        if stop <= start:  # within the white space that the piece before took along
            continue
        if found[0][0] == "." and _ABBREVIATION.search(text, max(start, found.start() - 8), found.start() + 1):
            continue
        while stop < end and text[stop].isspace():
            stop += 1
        yield Piece(start, stop, kind)
        start = stop
    if start < end:
        yield Piece(start, end, kind)


def find_last_break(text: str, start: int, end: int) -> int:
    """Where to break in the last half of ``text[start:end]``: a line's end, a clause's, a word's; 0 if none."""
    half = (start + end) // 2
    for pattern in (_LINE_END, _CLAUSE_END, _WORD_END):
        best = 0
        for found in pattern.finditer(text, half, end):
            best = found.end()
        if best > start:
            return best
    return 0


def holds(places: list[int], piece: Piece) -> bool:
    at = bisect_left(places, piece.start)
    return at < len(places) and places[at] < piece.end
