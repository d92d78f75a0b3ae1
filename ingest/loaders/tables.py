"""Tables as lines of tab-separated cells: merged cells hold for all that they cover, heads of several rows become one.

A title that spans the whole table is a line by itself. All loaders whose formats know merged cells write them by this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import cast

from rag.text.tables import NUMBER, is_data, names_columns

_LINES_A_BLOCK, _CHARACTERS_A_BLOCK = 2_000, 300_000
_LONGEST_REPEATED = 100
"""Characters of a merged cell that is repeated; a longer text stands once, in the first cell that it covers."""
_WIDEST_REPEATED = 6
"""Columns over which a cell is repeated; forms are drawn on grids of many narrow columns."""
_MOST_HEAD_ROWS = 5
_FREE_REPEATS, _REPEATS_A_CHARACTER = 100_000, 10
"""Characters that repeated cells may add to a table, and those they may add for each of its own: a hostile table says
that each cell covers all rows and columns."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as its format gives it, with the columns and rows that it covers."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class _Row:
    """A row of the grid: for each place its text, the columns of the cell that covers it, and whether it begins here.

    Where it doesn't, it came from the left or from above.
    """

    texts: list[str]
    columns: list[int]
    own: list[bool]

    @property
    def is_merged(self) -> bool:
        return any(columns > 1 for columns in self.columns)


def write_table(
    rows: Iterable[Sequence[Cell | str]], *, width: int = 16_384, has_covered: bool = False, head_rows: int = 0
) -> Iterator[str]:
    """A line for each row; a row without text gives an empty line.

    No cell covers more than `width` columns. `has_covered` says that covered places have cells of their own, as in
    sheets. `head_rows` counts the rows that the format itself calls the head; 0 if it doesn't tell.
    """
    filler = _Filler(width, has_covered)
    for texts in _join_heads(map(filler.fill, rows), head_rows):
        line = "\t".join(texts)
        yield line if line.strip("\t") else ""


def measure_width(rows: Iterable[Sequence[Cell]]) -> int:
    """Columns of the widest row. One of a single cell doesn't count: pages write a hundred columns for "all"."""
    return max((sum(cell.columns for cell in row) for row in rows if len(row) > 1), default=1)


class _Filler:
    """Lays out one row after the other; knows which cells reach down into the next."""

    def __init__(self, width: int, has_covered: bool) -> None:
        self._width = width
        self._has_covered = has_covered
        self._above: dict[int, tuple[str, int, int]] = {}
        """By column: text, columns and further rows of the cell that reaches down."""
        self._spare = _FREE_REPEATS

    def fill(self, cells: Sequence[Cell | str]) -> _Row:
        """The places of the row from left to right."""
        if not self._above and Cell not in map(type, cells):
            return _Row([*cast("Sequence[str]", cells)], [], [])
        above, self._above = self._above, {}
        waiting = deque(Cell(cell) if isinstance(cell, str) else cell for cell in cells)
        if not above and waiting[0].text and sum(bool(cell.text) for cell in waiting) == 1:
            return self._take_title(waiting[0])
        row = _Row([], [], [])
        last = max(above, default=-1)
        while waiting or len(row.texts) <= last:
            column = len(row.texts)
            if column in above:
                self._carry(row, *above[column])
                if self._has_covered and waiting:
                    waiting.popleft()
            else:
                self._place(row, waiting.popleft() if waiting else Cell(""), waiting)
        return row

    def _take_title(self, cell: Cell) -> _Row:
        """The row of a text that stands there alone; it isn't said again for what it covers."""
        if cell.rows > 1:
            self._above = dict.fromkeys(range(min(cell.columns, self._width)), ("", 1, cell.rows - 1))
        return _Row([cell.text], [1], [True])

    def _carry(self, row: _Row, text: str, columns: int, rows: int) -> None:
        self._spare -= len(text) + 1
        if rows > 1 and self._spare > 0:
            self._above[len(row.texts)] = (text, columns, rows - 1)
        _add_place(row, text, columns, False)

    def _place(self, row: _Row, cell: Cell, waiting: deque[Cell]) -> None:
        self._spare += _REPEATS_A_CHARACTER * (len(cell.text) + 1)
        columns = min(cell.columns, self._width) if self._spare > 0 else 1
        is_label = len(cell.text) <= _LONGEST_REPEATED
        for number in range(columns):
            text = cell.text if number == 0 or (is_label and columns <= _WIDEST_REPEATED) else ""
            if cell.rows > 1 and self._spare > 0:
                self._above[len(row.texts)] = (text if is_label else "", columns, cell.rows - 1)
            _add_place(row, text, columns, number == 0)
            self._spare -= (len(text) + 1) if number else 0
            if number and self._has_covered and waiting:
                waiting.popleft()


def _add_place(row: _Row, text: str, columns: int, is_own: bool) -> None:
    row.texts.append(text)
    row.columns.append(columns)
    row.own.append(is_own)


def _join_heads(rows: Iterable[_Row], head_rows: int) -> Iterator[list[str]]:
    """The rows' texts, those of a head of several rows joined by column. After an empty row there may be a new head."""
    head: list[_Row] = []
    may_begin = True
    for number, row in enumerate(rows):
        if head and not head[-1].own:  # some formats leave out the empty cells at a row's end
            head[-1].texts.extend([""] * (len(row.texts) - len(head[-1].texts)))
        if head and len(head) < _MOST_HEAD_ROWS and (number < head_rows or _continues_head(head, row)):
            head.append(row)
            continue
        if len(head) == 1 and _stands_above_head(head[0], row):
            yield [" ".join(filter(None, head[0].texts))]
            may_begin = True
            head = []
        if head:
            yield from _close_head(head)
            head = []
        if may_begin and _may_open_head(row, is_declared=number + 1 < head_rows):
            head.append(row)
            may_begin = False
        else:
            yield row.texts
            may_begin = not any(row.texts) or (may_begin and _count_texts(row) < 2)
    if head:
        yield from _close_head(head)


def _stands_above_head(top: _Row, row: _Row) -> bool:
    """Whether the row above is but a title with a word beside it, as pivot tables have: the row names all columns."""
    texts = _count_texts(top)
    are_names = all(row.texts) and not any(NUMBER.fullmatch(text) for text in row.texts)
    return are_names and not top.is_merged and bool(top.texts[0]) and 2 * texts < _count_texts(row)


def _close_head(head: list[_Row]) -> Iterator[list[str]]:
    """The head as one row. A last row that leaves columns of a group without a name was none of it."""
    last = len(head) - 1 if len(head) > 1 and _has_gap(head[-2], head[-1]) else len(head)
    yield _join_columns(head[:last])
    yield from (row.texts for row in head[last:])


def _count_texts(row: _Row) -> int:
    return sum(bool(text) for text in row.texts) if not row.own else sum(map(bool, _list_own(row)))


def _list_own(row: _Row) -> list[str]:
    """For each place the text of the cell that begins there."""
    return [text if is_own else "" for text, is_own in zip(row.texts, row.own, strict=True)] if row.own else row.texts


def _may_open_head(row: _Row, *, is_declared: bool) -> bool:
    """Whether the row can be the first of a head of several rows: a single text at the left is a title."""
    texts = _count_texts(row)
    is_title = texts == 1 and bool(row.texts[0])
    return texts > 0 and not is_title and (is_declared or any(_find_groups(row)))


def _find_groups(row: _Row) -> list[bool]:
    """For each column, whether it lies under a cell that names several: a merged one, or one with empty ones behind."""
    if row.is_merged:
        return [columns > 1 for columns in row.columns]
    groups: list[bool] = []
    has_text = False
    for text, after in zip(row.texts, [*row.texts[1:], "-"], strict=True):
        groups.append(not after if text else has_text)
        has_text = has_text or bool(text)
    return groups


def _continues_head(head: Sequence[_Row], row: _Row) -> bool:
    """Whether the row divides the columns that the row above groups, or is one more under a name that reaches down.

    It divides them if it has texts of its own only there and where the row above is empty. If nothing else sets it
    apart from a row of values, it must say the same in several groups ("in, out, in, out"). It may leave out some
    columns if it groups them itself.
    """
    top, groups, own = head[-1], _find_groups(head[-1]), _list_own(row)
    if _completes_head(head, row):
        return True
    if own[:1] != [""] and own[:1] and (groups[0] is False) and is_data([text for text in own if text]):
        return False
    places = list(zip(_find_named(head), groups, own, strict=False))
    below = [text for _, is_group, text in places if is_group and text]
    has_stray = any(text and is_named and not is_group for is_named, is_group, text in places)
    is_open = _has_gap(top, row) and not _groups_its_gaps(top, row)
    is_apart = not all(groups) or len(set(below)) < len(below)
    return bool(below) and not has_stray and not is_open and is_apart


def _find_named(head: Sequence[_Row]) -> list[bool]:
    """For each column, whether a name stands over it alone."""
    rows = [
        [bool(text) and not group for text, group in zip(row.texts, _find_groups(row), strict=True)] for row in head
    ]
    return [any(column) for column in zip_longest(*rows, fillvalue=False)]


def _has_gap(top: _Row, row: _Row) -> bool:
    """Whether the row leaves out a column of a group that is one by empty cells; a merged cell names it well enough."""
    places = zip(_find_groups(top), _list_own(row), strict=False)
    return not top.is_merged and any(is_group and not text for is_group, text in places)


def _groups_its_gaps(top: _Row, row: _Row) -> bool:
    """Whether each column that the row leaves out follows a name of its own, in the same group; and none is a value."""
    own = _list_own(row)
    if any(NUMBER.fullmatch(text) for text in own if text):
        return False
    places = list(zip(top.texts, _find_groups(top), own, strict=False))
    return all(text or not (is_group and named) for named, is_group, text in places)


def _completes_head(head: Sequence[_Row], row: _Row) -> bool:
    """Whether the row names each column under a first name that reaches down to it.

    Its cell is merged, or it is empty below that name, and the row above groups columns; or the name of the first
    column stands in this row alone. Values are none.
    """
    own = _list_own(row)
    if len(own) < 2 or any(NUMBER.fullmatch(text) for text in own if text) or not all(own[1:]):
        return False
    firsts = [other.texts[0] for other in head]
    reaches_down = bool(row.own) and not row.own[0] and row.texts[0] == firsts[0] != ""
    is_third = len(head) > 1 and any(_find_groups(head[-1]))
    is_named_once = (firsts[0] != "" and not own[0]) or (not any(firsts) and own[0] != "")
    return reaches_down or (is_third and is_named_once)


def _join_columns(head: Sequence[_Row]) -> list[str]:
    """One row that names each column by all that stands above it; what covers several rows is said once."""
    reach = [_spread_names(row) for row in head[:-1]] + [head[-1].texts]
    width = max(map(len, reach))
    columns = ([texts[at] for texts in reach if at < len(texts)] for at in range(width))
    return [" ".join(dict.fromkeys(text for text in texts if text)) for texts in columns]


def _spread_names(row: _Row) -> list[str]:
    """The row's texts, each repeated over the columns that it groups."""
    names: list[str] = []
    for text, is_group, columns in zip(row.texts, _find_groups(row), row.columns or [1] * len(row.texts), strict=True):
        names.append(names[-1] if not text and is_group and names and (columns > 1 or not row.is_merged) else text)
    return names


def group_lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines in blocks, so that a long table is never held whole; a block that continues one begins with its head.

    Empty lines at the beginning are left out, and only one is kept of several.
    """
    block: list[str] = []
    start = repeated = size = 0
    for line in lines:
        if not line:
            block += [""] if len(block) > repeated and block[-1] else []
            continue
        if block and not block[-1]:
            start = len(block)
        block.append(line)
        size += len(line)
        if len(block) - repeated >= _LINES_A_BLOCK or size >= _CHARACTERS_A_BLOCK:
            yield "\n".join(block)
            block = _find_head(block[start:])
            start, repeated, size = 0, len(block), 0
    if len(block) > repeated:
        yield "\n".join(block).rstrip("\n")


def _find_head(lines: Sequence[str]) -> list[str]:
    """The line that names the columns of a table, which titles may stand above; none if no line does."""
    rows = [line for line in lines if "\t" in line][:50]
    cells = [row.split("\t") for row in rows]
    return rows[:1] if rows and names_columns(cells[0], cells[1:]) else []
