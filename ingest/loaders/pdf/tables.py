"""Tables that go on over several pages: each page begins with the head that stands where the table began.

A row under no head, or under another row as if that were one, says nothing. Found by the places of the cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.loaders.pdf.line import Line
from rag.text.tables import NUMBER

_STRAY_LINES = 3
"""Lines that may stand between a table and the page's edge, such as page numbers; and "Table 2, continued"."""
_BETWEEN = 2
"""Lines without cells that may stand between two rows, such as the second line of a long cell."""
_LONGEST_BETWEEN = 100
_MODEL_ROWS = 12
"""Rows by which a table's columns are known."""
_SLACK = 3.0
"""How far from the column's other cells a cell may begin, in letter sizes: numbers are set to the right."""
_HEAD_ROWS = 4
_MOST_EMPTY = 2
"""Columns at a table's right end that most rows leave empty, such as for remarks."""
_NUMBERS_SHARE = 0.7
"""The least share of cells with figures in a column of numbers."""
_LONGEST_NAME = 40
"""Characters of a column's name."""
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that goes on to its page's end, and its head."""

    columns: tuple[tuple[float, float], ...]
    """From where to where the cells of each column begin, in points."""
    has_numbers: tuple[bool, ...]
    """Whether most cells of each column have figures."""
    shapes: tuple[frozenset[str], ...]
    """What the cells of each column that have figures look like."""
    head: tuple[Line, ...] = ()

    def fits(self, line: Line) -> bool:
        """Whether the line has a cell in each column, and at most a few behind them that most rows leave empty."""
        count = line.text.count("\t") + 1
        if not 0 <= count - len(self.columns) <= self._count_empty():
            return False
        slack = _SLACK * line.size
        starts = (line.left, *line.cuts) if len(line.cuts) + 1 == count else (line.left,)
        return all(
            low - slack <= start <= high + slack for start, (low, high) in zip(starts, self.columns, strict=False)
        )

    def is_head(self, line: Line) -> bool:
        """Whether the line names the columns: it has words or years where the rows have figures, and no values itself.

        The first column may have no name.
        """
        cells = line.text.split("\t")
        if len(cells) == len(self.columns) - 1 > 1 and line.left > self.columns[0][1] + line.size:
            cells.insert(0, "")
        more = cells[len(self.columns) :]
        cells = cells[: len(self.columns)]
        if len(cells) != len(self.columns) or self._has_values(cells):
            return False
        if len(more) > self._count_empty() or not all(map(_is_name, more)):
            return False
        return any(is_number and _is_name(cell) for cell, is_number in zip(cells, self.has_numbers, strict=True))

    def _count_empty(self) -> int:
        return _MOST_EMPTY if len(self.columns) > 2 else 0  # two columns may be a list

    def _has_values(self, cells: Sequence[str]) -> bool:
        return any(
            not _YEAR.fullmatch(cell) and (NUMBER.fullmatch(cell) or _find_shape(cell) in shapes)
            for cell, shapes in zip(cells, self.shapes, strict=True)
        )

    def join_head(self) -> tuple[Line, ...]:
        """The head as one row, all names of a column together; as it is if it names several columns at once."""
        if len(self.head) == 1:
            return self.head
        names: list[list[str]] = [[] for _ in self.columns]
        for line in self.head:
            cells = line.text.split("\t")
            places = range(len(names)) if len(cells) == len(names) else self._find_columns(line)
            if len(places) != len(cells):
                return self.head
            for place, cell in zip(places, cells, strict=True):
                names[place] += [cell] if cell else []
        cuts = tuple(low for low, _ in self.columns[1:])
        return (replace(self.head[-1], text="\t".join(map(" ".join, names)), left=self.columns[0][0], cuts=cuts),)

    def _find_columns(self, line: Line) -> list[int]:
        """The columns in which the line's cells begin; none if one lies elsewhere, or two are in one."""
        slack = _SLACK * line.size
        found = []
        for start in (line.left, *line.cuts):
            near = [max(low - start, start - high, 0.0) for low, high in self.columns]
            found.append(near.index(min(near)))
            if min(near) > slack:
                return []
        return found if len(set(found)) == len(found) else []

    def is_part_of_head(self, line: Line) -> bool:
        """Whether the line above or below a head has names for some columns."""
        slack = _SLACK * line.size
        is_within = all(any(low - slack <= cut <= high + slack for low, high in self.columns) for cut in line.cuts)
        return is_within and "\t" in line.text and all(map(_is_part_of_name, line.text.split("\t")))


def _is_name(cell: str) -> bool:
    return not any(letter.isdigit() for letter in cell) or _YEAR.fullmatch(cell) is not None


def _is_part_of_name(cell: str) -> bool:
    return _is_name(cell) and any(map(str.isalpha, cell)) and not cell.endswith(":")


def _find_shape(cell: str) -> str:
    """``a-9`` for ``F-367``: what cells of one kind have in common; empty for one without figures."""
    shape = _FIGURES.sub("9", cell)
    return _LETTERS.sub("a", shape) if "9" in shape else ""


_FIGURES, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")


def heads_rows(line: Line, below: Line) -> bool:
    """Whether a line that looks like a running head names the columns of the row below it."""
    table = _know_columns([below])
    return table is not None and table.fits(line) and table.is_head(line)


def carry_head(lines: list[Line], table: Table | None) -> tuple[list[Line], Table | None]:
    """The page's lines, below the head of a table that goes on from the page before; and the table at their end."""
    at = _find_continued(lines, table) if table else None
    if table is None or at is None:
        return _open_table(lines)
    step = max(1.0, lines[at].bottom - lines[at + 1].bottom) if at + 1 < len(lines) else lines[at].size
    count = len(table.head)
    head = [replace(line, bottom=lines[at].bottom + step * (count - n)) for n, line in enumerate(table.head)]
    rest, last = _open_table(lines[at:])
    goes_on = last is not None and not last.head
    return [*lines[:at], *head, *rest], table if goes_on else last


def _open_table(lines: list[Line]) -> tuple[list[Line], Table | None]:
    """The lines, the head of the last table as one row if it can be; and that table, if it reaches the page's end."""
    table = _find_table(lines)
    if table is None or not table.head:
        return lines, table
    first = next(at for at, line in enumerate(lines) if line is table.head[0])
    joined = table.join_head()
    return [*lines[:first], *joined, *lines[first + len(table.head) :]], replace(table, head=joined)


def _find_continued(lines: list[Line], table: Table) -> int | None:
    """The first row of the table that goes on at the page's top; None if none does, or it has its head again."""
    if not table.head:
        return None
    for at, line in enumerate(lines[: _STRAY_LINES + 1]):
        if table.is_head(line) or line.text == table.head[-1].text:
            return None
        if table.fits(line):
            return at
    return None


def _find_table(lines: list[Line]) -> Table | None:
    """The table at the page's end, with its head if it has one on this page."""
    rows = [line for line in lines[-2 * _MODEL_ROWS :] if "\t" in line.text][-_MODEL_ROWS:]
    table = _know_columns(rows)
    if table is None:
        return None
    end = next((at for at in range(len(lines), 0, -1) if table.fits(lines[at - 1])), 0)
    if not end or len(lines) - end > _STRAY_LINES:
        return None
    return replace(table, head=_find_head(lines[:end], table))


def _know_columns(rows: Sequence[Line]) -> Table | None:
    """The columns of the rows that have the usual number of cells."""
    usual = Counter(line.text.count("\t") for line in rows).most_common(1)
    if not usual:
        return None
    alike = [line for line in rows if line.text.count("\t") == usual[0][0]]
    placed = [line for line in alike if len(line.cuts) == usual[0][0]]
    if not placed:
        return None
    starts = list(zip(*((line.left, *line.cuts) for line in placed), strict=True))
    shapes = list(zip(*(map(_find_shape, line.text.split("\t")) for line in alike), strict=True))
    return Table(
        tuple((min(column), max(column)) for column in starts),
        tuple(sum(map(bool, column)) >= _NUMBERS_SHARE * len(column) for column in shapes),
        tuple(frozenset(column) - {""} for column in shapes),
    )


def _find_head(lines: list[Line], table: Table) -> tuple[Line, ...]:
    """The nearest head above the last line; of a table of words, its first row if that is set apart."""
    between = 0
    first = len(lines) - 1
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if "\t" not in line.text:
            between += 1
            if between > _BETWEEN or len(line.text) > _LONGEST_BETWEEN:
                break
        elif any(table.has_numbers) and table.is_head(line):
            return _take_head(lines, at, table)
        elif table.fits(line) or len(line.text.split("\t")) < len(table.columns):
            between, first = 0, at
        else:
            break
    rows = [line for line in lines[first:] if table.fits(line)]
    return () if any(table.has_numbers) or not _names_columns(rows) else (rows[0],)


def _take_head(lines: list[Line], at: int, table: Table) -> tuple[Line, ...]:
    """The line that names the columns, with what belongs to it above and below it."""
    first = last = at
    while last + 1 < len(lines) and last - first + 1 < _HEAD_ROWS and table.is_part_of_head(lines[last + 1]):
        last += 1
    while first and last - first + 1 < _HEAD_ROWS and table.is_part_of_head(lines[first - 1]):
        first -= 1
    return tuple(lines[first : last + 1])


def _names_columns(rows: list[Line]) -> bool:
    """Whether the first of the rows of words names their columns: it is bold, or has short texts that don't recur."""
    if len(rows) < 3 or not all(map(_is_name, rows[0].text.split("\t"))):
        return False
    if rows[0].is_bold != rows[1].is_bold:
        return rows[0].is_bold
    cells = [line.text.split("\t") for line in rows]
    is_short = len(cells[0]) > 2 and all(len(cell) <= _LONGEST_NAME for cell in cells[0])
    return is_short and not any(cell == other for row in cells[1:] for cell, other in zip(cells[0], row, strict=True))
