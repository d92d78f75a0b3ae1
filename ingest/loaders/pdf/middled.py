"""Tables whose cells stand in the middle of their row or rows, as programs often set them.

No cell of such a row need be level with another, so rows aren't known by their lines' heights: the lines of a cell
follow one another closely, and the cells of a row have one middle. A name of several rows stands beside their middle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.loaders.pdf.grids import Cell, Place, is_placed, join_rows, split_cells
from ingest.loaders.pdf.line import Line
from rag.text.tables import NUMBER

_ROWS = 3
"""Fewest rows of such a table, with its head."""
_CELL_LETTERS = 120
"""Longest line of a cell; longer ones are text."""
_LEVEL = 0.35
"""How far letters of one line may stand below one another, in letter sizes."""
_OFF_MIDDLE = 0.45
"""How far from the middle of its row that of a cell may be, in letter sizes."""
_APART = 1.25
"""How much larger the step to the next row is at least than that to a cell's next line."""
_LONGEST_STEP = 1.7
"""The largest step from line to line of a cell, in letter sizes."""
_LETTER_HEIGHT = 0.7
"""How high a letter is above its line, in letter sizes."""
_OFF_GAP = 1.5
"""How far from the middle between two columns the space between two names may be taken to be, in letter sizes."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_STEP = 1.2
"""The usual step from line to line, in letter sizes."""
_DEEP, _DEPTH = frozenset("gjpqy()[]{}|@,;/$Q"), 0.2
"""Letters that reach below their line, and how far they do, in letter sizes."""
_HIGHEST_ROW = 12
"""How far a line may stand above the one that was drawn before it in the same row, in letter sizes."""


@dataclass(slots=True)
class _Part:
    """A cell, or a line of one."""

    lines: list[str]
    left: float
    right: float
    low: float
    """Where its last line stands."""
    high: float
    """Where its first line stands."""
    size: float
    is_bold: bool

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


_Row = dict[int, _Part]
"""The cells of a row by their columns."""


def join_middled(lines: list[Line]) -> list[Line]:
    """The lines, with each row of such a table as one line."""
    if sum(bool(line.cuts) for line in lines) < _ROWS:
        return lines
    result: list[Line] = []
    at = 0
    while at < len(lines):
        if not _is_uneven(lines, at):
            result.append(lines[at])
            at += 1
            continue
        start, end = _find_run(lines, at)
        begun = start - at + len(result)
        run = lines[start:end]
        may_be_table = begun >= 0 and sum(bool(line.cuts) for line in run) >= _ROWS
        rows = (_read_rows(run) or _name_rows(run)) if may_be_table else []
        if rows:
            result[begun:] = rows
        else:
            result += lines[at:end]
        at = end
    return result


def _is_uneven(lines: Sequence[Line], at: int) -> bool:
    """Whether a line has cells at several heights, or the next one is drawn higher and to the right of it."""
    line = lines[at]
    if line.off_level:
        return True
    after = lines[at + 1] if at + 1 < len(lines) else line
    rise = after.bottom - line.bottom
    return _LEVEL * line.size < rise < _HIGHEST_ROW * line.size and after.left > line.right


def _find_run(lines: Sequence[Line], at: int) -> tuple[int, int]:
    """From where to where lines that may be the table's follow one another without a wide space."""
    start, end = at, at + 1
    while start and _may_follow(lines[start - 1], lines[start]):
        start -= 1
    while end < len(lines) and (_may_follow(lines[end - 1], lines[end]) or _names_next(lines, end)):
        end += 1
    return start, end


def _names_next(lines: Sequence[Line], at: int) -> bool:
    """Whether a line is the name of several rows, of which the first follows and stands higher."""
    has_rows = not lines[at].cuts and _is_uneven(lines, at) and at + 1 < len(lines)
    return has_rows and _may_follow(lines[at - 1], lines[at + 1])


def _may_follow(above: Line, line: Line) -> bool:
    if not (is_placed(above) and is_placed(line)) or max(len(above.text), len(line.text)) > 4 * _CELL_LETTERS:
        return False
    step = above.bottom - line.bottom
    return -_HIGHEST_ROW * line.size < step and (step < 0 or line.is_near_below(above.bottom) or step < line.size)


def _read_rows(lines: Sequence[Line]) -> list[Line]:
    """The rows of the table; none if the lines are none, or one whose rows are known by their heights."""
    rows = _read_table(lines, _add_columns(_find_columns(lines), lines))
    return (_read_table(lines, _gather_columns(lines)) if rows is None else rows) or []


def _read_table(lines: Sequence[Line], columns: Sequence[Place]) -> list[Line] | None:
    """The rows of the table with these columns, and the lines before and behind it; none if they are no rows.

    None itself if cells lie in no column or in several, or beside another in theirs.
    """
    first = _find_first(lines, columns) if len(columns) > 1 else None
    last = _find_first(lines[::-1], columns) if first is not None else None
    if first is None or last is None:
        return None
    table = lines[first : len(lines) - last]
    parts: list[list[tuple[int, _Part]]] = []
    for line in table:
        parts.append(list(_place(line, columns)))
        if not parts[-1]:
            return None
    cells = _join_lines([part for line in parts for part in line])
    if not cells:
        return None
    rows = _join_cells(cells)
    if not _are_middled(rows):
        return []
    return [*lines[:first], *_write(rows, columns, table), *lines[len(lines) - last :]]


def _find_columns(lines: Sequence[Line]) -> list[Place]:
    """From where to where each column reaches, by the lines that have the most cells; none if two overlap."""
    most = max(len(line.cuts) for line in lines)
    rows = [split_cells(line) for line in lines if len(line.cuts) == most]
    columns = [
        (min(cell.left for cell in column), max(cell.right for cell in column)) for column in zip(*rows, strict=True)
    ]
    return columns if all(one[1] < other[0] for one, other in pairwise(columns)) else []


def _add_columns(columns: list[Place], lines: Sequence[Line]) -> list[Place]:
    """The columns with those that only lines have which stand beside the ones with the most cells."""
    cells = [cell for line in lines for cell in split_cells(line)]
    beside = sorted((cell.left, cell.right) for cell in cells if not _list_over(cell, columns))
    added: list[tuple[Place, int]] = []
    for left, right in beside:
        if added and left < added[-1][0][1]:
            (low, high), count = added[-1]
            added[-1] = ((low, max(high, right)), count + 1)
        else:
            added.append(((left, right), 1))
    return sorted([*columns, *(place for place, count in added if count > 1)])


def _gather_columns(lines: Sequence[Line]) -> list[Place]:
    """The columns by all cells, the narrowest first: a wider one that reaches over two of them may be two names."""
    columns: list[Place] = []
    for cell in sorted((cell for line in lines for cell in split_cells(line)), key=lambda cell: cell.right - cell.left):
        over = _list_over(cell, columns)
        if not over:
            columns.append((cell.left, cell.right))
        elif len(over) == 1:
            low, high = columns[over[0]]
            wider = Cell("", min(low, cell.left), max(high, cell.right))
            if len(_list_over(wider, columns)) == 1:
                columns[over[0]] = (wider.left, wider.right)
    return sorted(columns)


def _list_over(cell: Cell, columns: Sequence[Place]) -> list[int]:
    return [at for at, (left, right) in enumerate(columns) if cell.left < right and cell.right > left]


def _find_first(lines: Sequence[Line], columns: Sequence[Place]) -> int | None:
    """The index of the first line with several cells of the table, or one that stands beside these."""
    for at, line in enumerate(lines):
        if line.cuts and all(_place(line, columns)):
            rest = range(at - 1, -1, -1)
            return next((n + 1 for n in rest if abs(lines[n].bottom - line.bottom) > 2 * line.size), 0)
    return None


def _place(line: Line, columns: Sequence[Place]) -> Iterator[tuple[int, _Part]]:
    """The line's cells with their columns; nothing if one is in no column or in several."""
    bottoms = dict(line.off_level)
    found: list[tuple[int, _Part]] = []
    cells = split_cells(line)
    if len(cells) > 1:
        cells = [part for cell in cells for part in _divide(cell, columns, line.size)]
    for cell in cells:
        over = _list_over(cell, columns)
        if len(over) != 1 or len(cell.text) > _CELL_LETTERS:
            return
        foot = bottoms.get(cell.left, line.bottom) + (_DEPTH * line.size if cell.text[:1] in _DEEP else 0.0)
        found.append((over[0], _Part([cell.text], cell.left, cell.right, foot, foot, line.size, line.is_bold)))
    yield from found


def _divide(cell: Cell, columns: Sequence[Place], size: float) -> list[Cell]:
    """The two names that stand so close over two columns that they were taken for one cell; or the cell as it is."""
    over = _list_over(cell, columns)
    if len(over) != 2:
        return [cell]
    middle = (columns[over[0]][1] + columns[over[1]][0]) / 2
    letter = (cell.right - cell.left) / len(cell.text)
    spaces = [found.start() for found in re.finditer(" ", cell.text)]
    at = min(spaces, key=lambda space: abs(cell.left + letter * (space + 0.5) - middle), default=0)
    if not at or abs(cell.left + letter * (at + 0.5) - middle) > _OFF_GAP * size:
        return [cell]
    return [Cell(cell.text[:at], cell.left, middle), Cell(cell.text[at + 1 :], middle, cell.right)]


def _join_lines(parts: Sequence[tuple[int, _Part]]) -> list[tuple[int, _Part]]:
    """The cells by column, each with all its lines; none if a line stands beside the one above it."""
    ordered = sorted(parts, key=lambda part: (part[0], -part[1].high))
    steps = [(one.high - other.high) / other.size for (at, one), (column, other) in pairwise(ordered) if at == column]
    longest = min(_APART * min((step for step in steps if step > _LEVEL), default=0.0), _LONGEST_STEP)
    cells: list[tuple[int, _Part]] = []
    for column, part in ordered:
        above = cells[-1][1] if cells and cells[-1][0] == column else None
        if above and above.low - part.high <= longest * part.size:
            if part.left >= above.right or part.right <= above.left:
                return []
            left, right = min(above.left, part.left), max(above.right, part.right)
            cells[-1] = (column, replace(above, lines=above.lines + part.lines, left=left, right=right, low=part.low))
        else:
            cells.append((column, part))
    return cells


def _join_cells(cells: Sequence[tuple[int, _Part]]) -> list[_Row]:
    """The rows from top to bottom: cells that stand beside one another. None if a row has two in one column."""
    rows: list[_Row] = []
    lowest = 0.0
    for column, cell in sorted(cells, key=lambda cell: -cell[1].high):
        if rows and cell.high + (_LETTER_HEIGHT - _LEVEL) * cell.size > lowest:
            if column in rows[-1]:
                return []
            rows[-1][column] = cell
            lowest = min(lowest, cell.low)
        else:
            rows.append({column: cell})
            lowest = cell.low
    return rows


def _are_middled(rows: Sequence[_Row]) -> bool:
    """Whether the cells of each row have one middle, and those of some row stand at several heights.

    Most rows have several cells: otherwise they are lines of cells that weren't found to be some.
    """
    whole = sum(len(row) > 1 for row in rows)
    if whole < _ROWS or 2 * whole <= len(rows):
        return False
    is_uneven = False
    for at, row in enumerate(rows):
        tallest = max(row.values(), key=lambda cell: cell.high - cell.low)
        if any(len(cell.lines) > 1 and any(map(_is_amount, cell.lines)) for cell in row.values()):
            return False
        if at and any(abs(cell.middle - tallest.middle) > _OFF_MIDDLE * cell.size for cell in row.values()):
            return False
        is_uneven |= len(tallest.lines) > 1 and any(
            tallest.high - cell.high > _LEVEL * cell.size for cell in row.values()
        )
    return is_uneven


def _is_amount(text: str) -> bool:
    """Whether it is a number, which has a row of its own, and no year, which a column's name may end with."""
    return NUMBER.fullmatch(text) is not None and _YEAR.fullmatch(text) is None


def _write(rows: Sequence[_Row], columns: Sequence[Place], table: Sequence[Line]) -> Iterator[Line]:
    """The rows as lines in equal steps, so that none is taken for a paragraph of its own."""
    top = max(line.bottom for line in table)
    for at, row in enumerate(rows):
        parts = [row.get(column) for column in range(max(row) + 1)]
        places = [(part.left, part.right) if part else columns[column] for column, part in enumerate(parts)]
        yield replace(
            table[0],
            text="\t".join(" ".join(part.lines) if part else "" for part in parts),
            left=places[0][0],
            right=places[-1][1],
            bottom=top - at * _STEP * table[0].size,
            is_bold=row[min(row)].is_bold,
            cuts=tuple(left for left, _ in places[1:]),
            ends=tuple(right for _, right in places[:-1]),
            off_level=(),
        )


# Names beside several rows


def _name_rows(lines: Sequence[Line]) -> list[Line]:
    """The lines, with each name that stands left of several rows in each of them; none if no names do so."""
    lines = [line for line, _ in join_rows(lines)]
    unnamed = [line for line in lines if line.cuts and not line.off_level]
    edge = max((line.left for line in unnamed), default=0.0)
    heights = [line.bottom for line in lines if line.cuts]
    are_names = [not line.cuts and line.right < edge and min(heights) <= line.bottom <= max(heights) for line in lines]
    known = [at for at, line in enumerate(lines) if are_names[at] or line.cuts]
    if not known or not all(are_names[at] or lines[at].cuts for at in range(known[0], known[-1] + 1)):
        return []
    names = _join_names([line for line, is_name in zip(lines, are_names, strict=True) if is_name])
    rows = sorted((lines[at] for at in known if lines[at].cuts), key=lambda line: -line.bottom)
    named = _spread_names(names, rows) if names and len(rows) >= _ROWS else []
    return [*lines[: known[0]], *named, *lines[known[-1] + 1 :]] if named else []


def _join_names(names: Sequence[Line]) -> list[tuple[float, Line]]:
    """The names from top to bottom with their middles, those of several lines as one."""
    joined: list[tuple[float, float, Line]] = []
    for line in sorted(names, key=lambda line: -line.bottom):
        if joined and joined[-1][1] - line.bottom <= _APART * _STEP * line.size:
            high, _, above = joined[-1]
            joined[-1] = (high, line.bottom, replace(above, text=f"{above.text} {line.text}"))
        else:
            joined.append((line.bottom, line.bottom, line))
    return [((high + low) / 2, name) for high, low, name in joined]


def _spread_names(names: Sequence[tuple[float, Line]], rows: Sequence[Line]) -> list[Line]:
    """The rows with their names; none unless each row without a name of its own has one beside it, or is a head."""
    right = max(name.right for _, name in names)
    result: list[Line] = []
    waiting = list(names)
    at = 0
    while at < len(rows):
        if rows[at].left <= right:
            result.append(rows[at])
            at += 1
            continue
        if not waiting:
            return []
        middle, name = waiting.pop(0)
        end = _find_last_named(middle, rows, at, right)
        if end is not None and not result and not all(map(_has_amounts, rows[at : end + 1])):
            end = None  # rows of a head
        if end is None and not result:  # beside the last line of the head
            end = at = next((n for n, row in enumerate(rows) if _is_beside(middle, row.bottom, row)), len(rows))
            result += rows[:at]
        if end is None or end >= len(rows):
            return []
        result += [_put_name(name, row) for row in rows[at : end + 1]]
        at = end + 1
    return result if not waiting else []


def _find_last_named(middle: float, rows: Sequence[Line], start: int, right: float) -> int | None:
    """The last row of those whose middle is there; None if none are."""
    for end in range(start, len(rows)):
        if rows[end].left <= right:
            return None
        if _is_beside(middle, (rows[start].bottom + rows[end].bottom) / 2, rows[end]):
            return end
    return None


def _has_amounts(row: Line) -> bool:
    return any(map(_is_amount, row.text.split("\t")))


def _is_beside(middle: float, other: float, line: Line) -> bool:
    return abs(middle - other) <= _LEVEL * line.size


def _put_name(name: Line, row: Line) -> Line:
    return replace(
        row,
        text=f"{name.text}\t{row.text}",
        left=name.left,
        cuts=(row.left, *row.cuts),
        ends=(name.right, *row.ends),
    )
