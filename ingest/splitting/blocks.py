"""The structure of a page's text: headings, tables, code and prose, as spans that cover it. Pure.

The text is Markdown as our loaders write it: a PDF or a sheet gives tables whose cells are divided by tabs, and lines
that only look like Markdown. On 364 documents a parser of Markdown proper, markdown-it-py, took seven times as long,
missed 180 tables and made 25 headings of formulas and drawn lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.text.tables import RULE, is_data, names_columns, opens_pipe_table

HEADING, TABLE, CODE, PROSE = "heading", "table", "code", "prose"

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]++(.*)$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the text, ``text[start:end]``. Blocks follow one another without a gap."""

    kind: str
    start: int
    end: int
    level: int = 0
    """A heading's level, 1…6; 0 for all else."""
    title: str = ""
    """A heading's text without its marks; empty for all else."""
    body: int = 0
    """Where a table's rows begin, after the header and the rule below it; `start` if the table has no header."""


def split_blocks(text: str, syntax: str) -> Iterator[Block]:
    """The text's blocks in order. Only ``markdown`` has headings and tables."""
    if syntax == "markdown":
        yield from _split_markdown(text)
    elif text:
        yield Block(CODE if syntax == "code" else PROSE, 0, len(text))


def _split_markdown(text: str) -> Iterator[Block]:
    lines = text.splitlines(keepends=True)
    position = index = 0
    prose_from = 0
    while index < len(lines):
        block = _find_special(lines, index, position)
        if block is None:
            position += len(lines[index])
            index += 1
            continue
        found, used = block
        if found.start > prose_from:
            yield Block(PROSE, prose_from, found.start)
        yield found
        index += used
        position = prose_from = found.end
    if position > prose_from:
        yield Block(PROSE, prose_from, position)


def _find_special(lines: list[str], index: int, start: int) -> tuple[Block, int] | None:
    """The block that is not prose and begins at this line, with its number of lines."""
    line = lines[index]
    stripped = line.lstrip()
    if not stripped:
        return None
    if stripped[0] == "#" and (found := _HEADING.match(line.rstrip("\r\n"))):
        return Block(HEADING, start, start + len(line), len(found[1]), _strip_closing_marks(found[2])), 1
    if stripped[0] in "`~" and (fence := _FENCE.match(line)):
        return _take_fence(lines, index, start, fence[1])
    if stripped[0] == "|":
        return _take_table(lines, index, start, "|")
    if index + 1 < len(lines) and opens_pipe_table(line, lines[index + 1]):
        return _take_table(lines, index, start, "")
    if "\t" in line.rstrip() and any("\t" in after for after in lines[index + 1 : index + 3]):
        return _take_rows(lines, index, start)
    return _take_underlined(lines, index, start)


def _strip_closing_marks(title: str) -> str:
    """``Title`` of ``Title ##``; a mark that touches the last word belongs to it (``C#``)."""
    bare = title.rstrip().rstrip("#")
    return bare.rstrip() if bare.endswith((" ", "\t")) or not bare else title.rstrip()


def _take_fence(lines: list[str], index: int, start: int, fence: str) -> tuple[Block, int]:
    used = 1
    while index + used < len(lines):
        line = lines[index + used].strip()
        used += 1
        if line.startswith(fence) and not line.strip(fence[0]):
            break
    return Block(CODE, start, start + sum(map(len, lines[index : index + used]))), used


def _take_table(lines: list[str], index: int, start: int, mark: str) -> tuple[Block, int]:
    """A Markdown table, all of whose lines begin with `mark`: with ``|``, or with anything if it has none around it."""
    used = 1
    while index + used < len(lines) and "|" in lines[index + used] and lines[index + used].lstrip().startswith(mark):
        used += 1
    has_header = used > 2 and RULE.match(lines[index + 1]) is not None
    body = start + (len(lines[index]) + len(lines[index + 1]) if has_header else 0)
    return Block(TABLE, start, start + sum(map(len, lines[index : index + used])), body=body), used


def _take_rows(lines: list[str], index: int, start: int) -> tuple[Block, int]:
    """A table as our loaders write it: lines of cells divided by tabs, with the row titles and gaps between them."""
    used = 1
    ahead = 1
    while index + ahead < len(lines) and ahead - used <= _MOST_BETWEEN:
        line = lines[index + ahead]
        ahead += 1
        if "\t" in line:
            used = ahead
        elif len(line) > _LONGEST_BETWEEN or line.startswith("#"):
            break
    rows = lines[index : index + used]
    body = start + sum(map(len, rows[: _count_header_rows(rows)]))
    return Block(TABLE, start, start + sum(map(len, rows)), body=body), used


_MOST_BETWEEN = 2
"""How many lines without cells a table may have between two rows: a row's title, a gap, a long label's first line."""
_LONGEST_BETWEEN = 100
"""Characters of such a line; a longer one is prose, and the table has ended."""
_MOST_HEADER_ROWS = 5


def _count_header_rows(rows: list[str]) -> int:
    """How many rows name the columns: those before the first row that has a label and a number.

    In a table of words the first row names them, unless its cells are values. 0 if no row does.
    """
    if len(rows) < 3:
        return 0
    cells = [[cell.strip() for cell in row.split("\t")] for row in rows[:_MOST_COMPARED]]
    if is_data(cells[0]) and names_columns(cells[0], cells[1:]):
        return 1
    for count, row in enumerate(cells[: _MOST_HEADER_ROWS + 1]):
        if is_data(row):
            return count
    return int(names_columns(cells[0], cells[1:]))


_MOST_COMPARED = 50
"""Rows that are looked at to tell a table's head."""


def _take_underlined(lines: list[str], index: int, start: int) -> tuple[Block, int] | None:
    """The heading that this line is, if a line of ``=====`` or ``-----`` lies below it and an empty one above it.

    Without the empty line above, it is prose over a rule.
    """
    if index + 1 >= len(lines) or (index and lines[index - 1].strip()):
        return None
    found = _UNDERLINE.match(lines[index + 1].rstrip("\r\n"))
    if not found or lines[index].startswith(("    ", "\t", "-", ">", "*")):
        return None
    end = start + len(lines[index]) + len(lines[index + 1])
    return Block(HEADING, start, end, 1 if found[1][0] == "=" else 2, lines[index].strip()), 2


_LONGEST_TITLE = 1_000
"""How many characters of a heading name what is below it: each chunk measures them again."""


class HeadingPath:
    """The headings that a position lies under, outermost first."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> None:
        self._path = [entry for entry in self._path if entry[0] < level]
        if title:
            self._path.append((level, strip_marks(title[:_LONGEST_TITLE])))

    def list_titles(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._path)


_MARKS = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*\)|[*_`]{1,3}(?=\S)([^*_`]+)(?<=\S)[*_`]{1,3}")


def strip_marks(markdown: str) -> str:
    """The heading's text without links, emphasis and doubled spaces."""
    return " ".join(_MARKS.sub(lambda found: found[1] or found[2] or "", markdown).split())
