"""A passage as the units that can be quoted: sentences, list items, headings, table rows. Pure.

Every unit is a span of the text, so that a quote is always the text as it stands. Lines that wrap inside a paragraph
are one sentence; sentence ends (abbreviations, decimal points, scripts without spaces) are sentencex's business.

This is not how `ingest.splitting` cuts a page. There, pieces have to cover the page and be cheap, and what is one table
or one block of code must be known as a whole; a piece that ends at an abbreviation does no harm. A passage is the text
of one chunk, in which a fence or a table may begin or end outside, and whoever reads a quote sees where it ends.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.text.tables import RULE, names_columns, opens_pipe_table, split_cells

Kind = Literal["sentence", "item", "heading", "row"]

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S")
_ITEM = re.compile(r"\s*(?:[-*+•‣▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+\S")
_LINE = re.compile(r"\s*([-=*_~])(?:\s*\1){2,}\s*$")
_LEADER = re.compile(r"\s*(?:#{1,6}|[-*+•‣▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+")
_LINE_OR_GAP = re.compile(r"[^\r\n]+|\n[^\S\n]*(?=\n)|\r\n(?=\r\n)")  # a gap: an empty line
_LONGEST_SENTENCE = 2_000
"""Characters. A longer sentence is cut into lines: it is text without punctuation, an extracted spreadsheet say."""

_MOST_BETWEEN = 2
"""How many lines without cells may stand between two rows: the name of a group, the first line of a long label."""
_LONGEST_BETWEEN = 100
"""Characters of such a line."""
_MOST_COMPARED = 50
"""Rows that are looked at to tell a table's head."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text[start:end]``, without white space around it; a row keeps its tabs, which are empty cells."""

    start: int
    end: int
    kind: Kind = "sentence"
    header: tuple[int, int] | None = None
    """The span of the header line of the table that a row belongs to; None for all else, and for the header itself."""


def split_sentences(text: str, language: str = "") -> list[Sentence]:
    """The units of the text in order; they don't overlap, and only white space and drawn lines lie between them."""
    return [unit for lines in _group_lines(text) for unit in _split_lines(text, lines, language)]


def begins_item(text: str) -> bool:
    """Whether the text begins as a list item does, with a bullet or a number."""
    return _ITEM.match(text) is not None


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    kind: Kind | None
    """None for an empty line, and for one that is only drawn."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines that belong together: a paragraph, a list item with those that continue it, a heading, a table's row."""

    start: int
    end: int
    kind: Kind
    header: tuple[int, int] | None = None


def _group_lines(text: str) -> Iterator[_Lines]:
    pending: _Lines | None = None
    lines = list(_classify_lines(text))
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.kind is None or line.kind == "row":
            if pending:
                yield pending
            pending = None
            used = _count_table_lines(text, lines, index) if line.kind == "row" else 0
            yield from _head_rows(text, lines[index : index + used])
            index += used or 1
            continue
        if line.kind == "sentence" and pending and pending.kind != "heading":
            pending = _Lines(pending.start, line.end, pending.kind)
        else:
            if pending:
                yield pending
            pending = _Lines(line.start, line.end, line.kind)
        index += 1
    if pending:
        yield pending


def _count_table_lines(text: str, lines: list[_Line], first: int) -> int:
    """How many lines the table has that begins at `first`.

    A short line between two rows, such as the name of a group, belongs to it if the rows have as many cells.
    """
    columns = _count_cells(text, lines[first])
    end = first
    for at in range(first, len(lines)):
        line = lines[at]
        if line.kind == "row":
            if at > end + 1 and _count_cells(text, line) != columns:
                break
            end = at
        elif line.kind != "sentence" or at - end > _MOST_BETWEEN or line.end - line.start > _LONGEST_BETWEEN:
            break
    return end + 1 - first


def _count_cells(text: str, line: _Line) -> int:
    return len(split_cells(text[line.start : line.end]))


def _head_rows(text: str, lines: list[_Line]) -> Iterator[_Lines]:
    """The table's lines without the rule; each row with the head, unless the first row is one of values."""
    rows = [text[line.start : line.end] for line in lines if line.kind == "row"][:_MOST_COMPARED]
    has_rule = len(rows) > 1 and RULE.match(rows[1]) is not None
    cells = [split_cells(row) for row in rows]
    has_head = has_rule or (bool(cells) and names_columns(cells[0], cells[1:]))
    for number, line in enumerate(lines):
        if line.kind == "sentence":
            yield _Lines(line.start, line.end, "sentence")
        elif not RULE.match(text, line.start, line.end):
            yield _Lines(line.start, line.end, "row", (lines[0].start, lines[0].end) if has_head and number else None)


def _classify_lines(text: str) -> Iterator[_Line]:
    """Each line with its kind. Whether one without ``|`` around it is a row is told by the rule below the first."""
    found = list(_LINE_OR_GAP.finditer(text))
    is_in_pipes = is_in_table = False
    for line, below in itertools.zip_longest(found, found[1:]):
        kind = _classify_line(line[0])
        is_in_pipes = (is_in_pipes and "|" in line[0]) or (below is not None and opens_pipe_table(line[0], below[0]))
        if kind and (is_in_pipes or (is_in_table and "\t" in line[0])):
            kind = "row"
        is_in_table = kind == "row"
        yield _Line(line.start(), line.end(), kind)


def _classify_line(line: str) -> Kind | None:
    """What the line is, taken alone; None for an empty line and for one that is only drawn."""
    if not line.strip() or _LINE.match(line):
        return None
    if _is_row(line) or (RULE.match(line) and "|" in line):
        return "row"
    if _HEADING.match(line):
        return "heading"
    return "item" if _ITEM.match(line) else "sentence"


def _is_row(line: str) -> bool:
    """Whether the line is a table's row: Markdown's, or cells set apart by tabs or wide gaps, as in a PDF's text."""
    bare = line.strip()
    is_framed = len(bare) > 1 and bare[0] == bare[-1] == "|"
    return is_framed or "\t" in bare or "   " in bare


def _split_lines(text: str, lines: _Lines, language: str) -> Iterator[Sentence]:
    """The sentences of a paragraph or a list item; a heading and a row are one unit each."""
    if lines.kind in ("heading", "row"):
        yield from _trim_span(text, lines.start, lines.end, lines.kind, lines.header)
        return
    leader = _LEADER.match(text, lines.start, lines.end) if lines.kind == "item" else None
    body = leader.end() if leader else lines.start
    for index, (start, end) in enumerate(_find_sentence_spans(text[body : lines.end], language)):
        first = lines.start if index == 0 else body + start
        yield from _trim_span(text, first, body + end, lines.kind, None)


def _find_sentence_spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    if _is_list_of_lines(text):
        yield from (match.span() for match in re.finditer(r"[^\r\n]+", text))
        return
    for start, end in _find_boundaries(text, language):
        if end - start <= _LONGEST_SENTENCE:
            yield start, end
        else:
            yield from ((start + m.start(), start + m.end()) for m in re.finditer(r"[^\n]+", text[start:end]))


_REST_OF_CODE = re.compile(r"[A-Z0-9][A-Z0-9./-]*(?!\w)", re.ASCII)


def _find_boundaries(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, none of which ends at a point within a code, such as 7L.RM."""
    from sentencex import get_sentence_boundaries

    first: int | None = None
    for found in get_sentence_boundaries(language or "en", text):
        start, end = found["start_index"], found["end_index"]
        first = start if first is None else first
        if text[end - 1 : end] != "." or not _REST_OF_CODE.match(text, end):
            yield first, end
            first = None
    if first is not None:
        yield first, len(text)


def _is_list_of_lines(text: str) -> bool:
    """Whether lines were broken on purpose: nearly all begin with a capital or a number, hardly any ends a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    begun = sum(line[0].isupper() or line[0].isdigit() for line in lines)
    ended = sum(line[-1] in ".,;:!?" for line in lines)
    return len(lines) >= 3 and begun >= 0.8 * len(lines) and ended <= 0.2 * len(lines)


def _trim_span(text: str, start: int, end: int, kind: Kind, header: tuple[int, int] | None) -> Iterator[Sentence]:
    """The unit without the white space around it; nothing if it has no more than that."""
    piece = text[start:end]
    blanks = " \r\n" if kind == "row" else None  # tabs are empty cells
    start += len(piece) - len(piece.lstrip(blanks))
    end -= len(piece) - len(piece.rstrip(blanks))
    if start < end:
        yield Sentence(start, end, kind, header)
