"""Tables that are drawn by words alone: their columns are known by alignment, so that each cell keeps its place.

A row without a value in one column has an empty cell there, and a cell of several lines is one. Of tables with two
columns, which may be a list with its numbers, only the further lines of cells are joined.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.loaders.pdf.line import Line
from rag.text.tables import NUMBER

# _COLUMNS, _ROWS, _FILLED and _APART were tuned on the pages of bench/layout (bench/RESULTS.md, Loaders).
# The others change no page there; they were set by reading real reports.
_COLUMNS = 2
"""Fewest columns of a table."""
_ROWS = 3
"""Fewest rows with several cells."""
_FILLED = 0.5
"""The least share of a table's cells that hold something."""
_FORMULAS = 0.2
"""The share of cells with signs of formulas from which on the lines are one: its parts are drawn at many heights."""
_CELL_LETTERS = 80
"""Longest line of a cell; longer ones are text in columns. With 60, more lines of cells stand apart from their rows on
38 pages of twenty real reports, and fewer on 7."""
_BETWEEN = 4
"""Most lines with one cell between two rows."""
_INDENT = 3.0
"""How far from the table's left edge such a line may begin, in letter sizes."""
_LOOK_BACK = 8
"""Over how many lines a cell is looked for that belongs to the same row."""
_SAME_ROW_PT = 2.0
"""How far the cells of a row may stand above one another, in points."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_APART = 1.25
"""How much larger the step to the next row is than that to a cell's next line, where they differ."""


def align_tables(lines: list[Line]) -> list[Line]:
    """The lines; the rows of tables with an empty cell where they have none in a column."""
    if sum("\t" in line.text for line in lines) < _ROWS:
        return lines
    rows = join_rows(lines)
    joined = [line for line, _ in rows]
    blocks: list[tuple[int, list[Line]]] = []
    at = 0
    while at < len(rows):
        end = _find_end(joined, at)
        is_table = end - at >= _ROWS and not _are_blocks(rows[at:end])
        table = _align(joined[at:end]) if is_table else []
        if table:
            blocks.append((rows[at][1][0], table))
        else:  # in the order in which the file has them
            blocks += [(number, [lines[number]]) for _, numbers in rows[at:end] for number in numbers]
        at = end
    return [line for _, block in sorted(blocks, key=lambda block: block[0]) for line in block]


def _are_blocks(rows: Sequence[tuple[Line, tuple[int, ...]]]) -> bool:
    """Whether the lines are two blocks side by side, such as addresses: the file draws one after the other."""
    return all(len(numbers) > 1 for _, numbers in rows) and max(line.text.count("\t") for line, _ in rows) < 2


def join_rows(lines: Sequence[Line]) -> list[tuple[Line, tuple[int, ...]]]:
    """The lines with their numbers, those that a PDF drew after the second line of a cell joined with their row."""
    result: list[tuple[Line, tuple[int, ...]]] = []
    for number, line in enumerate(lines):
        at = _find_row([row for row, _ in result[-_LOOK_BACK:]], line)
        if at is None:
            result.append((line, (number,)))
            continue
        row, numbers = result[at]
        cuts, ends = (*row.cuts, line.left, *line.cuts), (*row.ends, row.right, *line.ends)
        joined = replace(row, text=f"{row.text}\t{line.text}", right=line.right, cuts=cuts, ends=ends)
        result[at] = (joined, (*numbers, number))
    return result


def _find_row(lines: Sequence[Line], cell: Line) -> int | None:
    """The index, from the end, of the line that ends left of the cell, at its height.

    Lines between them must be lower and have no cells: they are further lines of a cell.
    """
    for at in range(-1, -1 - len(lines), -1):
        line = lines[at]
        if abs(line.bottom - cell.bottom) <= _SAME_ROW_PT:
            is_beside = line.right + line.size < cell.left and cell.is_alike(line)
            return at if is_beside and is_placed(line) and is_placed(cell) else None
        if line.bottom > cell.bottom or "\t" in line.text or len(line.text) > _CELL_LETTERS:
            return None
    return None


def is_placed(line: Line) -> bool:
    """Whether it is known where each of its cells stands."""
    return line.text.count("\t") == len(line.cuts) == len(line.ends)


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    left: float
    right: float


def split_cells(line: Line) -> list[Cell]:
    places = zip((line.left, *line.cuts), (*line.ends, line.right), strict=True)
    return [Cell(text, left, right) for text, (left, right) in zip(line.text.split("\t"), places, strict=True)]


def _find_end(lines: Sequence[Line], start: int) -> int:
    """The index after the last row of the table that begins there; after the first line if none begins."""
    end = start + 1
    if not _has_cells(lines[start]):
        return end
    for at in range(end, len(lines)):
        above, line = lines[at - 1], lines[at]
        if not line.is_near_below(above.bottom) or not is_placed(line) or at - end >= _BETWEEN:
            break
        if any(len(cell) > _CELL_LETTERS for cell in line.text.split("\t")):
            break
        if _has_cells(line) or _continues(line, lines[start:end]):
            end = at + 1
        elif abs(line.left - lines[start].left) > _INDENT * line.size:
            break
    return end


def _has_cells(line: Line) -> bool:
    return "\t" in line.text and is_placed(line)


def _continues(line: Line, rows: Sequence[Line]) -> bool:
    """Whether a line without cells begins where a cell after the first does: it may be a cell's second line."""
    return any(abs(cut - line.left) < line.size / 2 for row in rows for cut in row.cuts)


def _align(lines: list[Line]) -> list[Line]:
    """The table's rows; nothing if the lines are no table."""
    rows = [split_cells(line) for line in lines]
    columns = find_columns([row for row in rows if len(row) > 1])
    placed = [_place(row, columns) for row in rows]
    if not columns or not _is_table([row for row in placed if row]):
        return []
    if all(len(row) == len(columns) for row in placed):
        return lines
    grid = _join_cells(lines, placed)
    written = [
        line if not row or (at and _is_pair(row)) else _write(line, row, columns) for at, (line, row) in enumerate(grid)
    ]
    return _draw_together(written) if len(grid) < len(lines) else written


def _is_pair(row: _Row) -> bool:
    """Whether the row is a label and its value, to the right of others that this row lacks."""
    first = min(row)
    return first > 1 and sorted(row) == [first, first + 1] and not any(map(str.isdigit, row[first].text))


def _draw_together(rows: list[Line]) -> list[Line]:
    """The rows in equal steps, so that none is taken for a paragraph of its own."""
    step = min(above.bottom - row.bottom for above, row in pairwise(rows)) if len(rows) > 1 else 0.0
    return [replace(row, bottom=rows[0].bottom - at * min(step, row.size)) for at, row in enumerate(rows)]


Place = tuple[float, float]
_Row = dict[int, Cell]
"""A row's cells by their columns; none if they are in no columns, or a cell spans several."""


def find_columns(rows: Sequence[Sequence[Cell]]) -> list[Place]:
    """From where to where each column goes; none if they are too few, or if rows have two cells in one."""
    most = max(map(len, rows), default=0)
    full = [row for row in rows if len(row) == most]
    for model in (rows, full):
        columns: list[Place] = []
        for cell in sorted((cell for row in model for cell in row), key=lambda cell: cell.left):
            if columns and cell.left <= columns[-1][1]:
                columns[-1] = (columns[-1][0], max(columns[-1][1], cell.right))
            else:
                columns.append((cell.left, cell.right))
        columns = _join_labels(columns, rows)
        if len(columns) >= max(_COLUMNS, most) and (model is rows or len(model) >= _ROWS):
            return columns
    return []


def _join_labels(columns: list[Place], rows: Sequence[Sequence[Cell]]) -> list[Place]:
    """The columns, the first two as one if no row has both: names of rows, some of them indented."""
    for row in rows:
        if len(columns) < 2 or (row[0].left <= columns[0][1] and row[1].left <= columns[1][1]):
            return columns
    return [(columns[0][0], columns[1][1]), *columns[2:]]


def _place(row: Sequence[Cell], columns: Sequence[Place]) -> _Row:
    placed: _Row = {}
    for cell in row:
        met = [at for at, (low, high) in enumerate(columns) if cell.left <= high and cell.right >= low]
        if len(met) != 1 or met[0] in placed:
            return {}
        placed[met[0]] = cell
    return placed


def _is_table(rows: Sequence[_Row]) -> bool:
    """Whether several rows have cells in each column, and most columns have one in each row."""
    several = [row for row in rows if len(row) > 1]
    used = [sum(at in row for row in several) for at in range(max((max(row) for row in rows), default=0) + 1)]
    if len(several) < _ROWS or len(used) < _COLUMNS or min(used) < _ROWS - 1:
        return False
    cells = [cell.text for row in several for cell in row.values()]
    if sum(_is_of_formula(cell) for cell in cells) >= _FORMULAS * len(cells):
        return False
    return sum(used) >= _FILLED * len(used) * len(several)


def _is_of_formula(cell: str) -> bool:
    if cell.isascii():
        return "=" in cell
    return any(unicodedata.category(letter) == "Sm" and letter not in "+<>~|" for letter in cell)


def _join_cells(lines: Sequence[Line], rows: Sequence[_Row]) -> list[tuple[Line, _Row]]:
    """The rows, each with the further lines of its cells."""
    width = 1 + max(max(row) for row in rows if row)
    steps = [0.0, *(above.bottom - line.bottom for above, line in pairwise(lines))]
    are_apart = _are_apart(rows, steps, width)
    names = [row[0].text for row in rows if 0 in row]
    has_capitals = 2 * sum(name[:1].islower() for name in names) < len(names)

    def begins_name(above: _Row, row: _Row) -> bool:
        """Whether the line above has the first words of the row's name, which goes on in small letters."""
        is_alone = set(above) == {0} and not any(map(str.isdigit, above[0].text))
        return has_capitals and is_alone and len(row) > 1 and 0 in row and row[0].text[:1].islower()

    least = min(steps[1:])
    joined: list[tuple[Line, _Row]] = []
    for at, (line, row) in enumerate(zip(lines, rows, strict=True)):
        above = joined[-1][1] if joined else {}
        is_near = steps[at] < _APART * least
        is_head = len(joined) == 1 and _is_head(above, row, rows[at + 1 :])
        is_further = is_near and bool(row) and len(above) > 1 and (are_apart or is_head or _goes_on(above, row, width))
        if is_further:
            joined[-1] = (joined[-1][0], _add_lines(above, row))
        elif is_near and ((len(joined) == 1 and _is_head_above(above, row, rows[at + 1 :])) or begins_name(above, row)):
            joined[-1] = (line, _add_lines(above, row))
        else:
            joined.append((line, row))
    return joined


def _are_apart(rows: Sequence[_Row], steps: Sequence[float], width: int) -> bool:
    """Whether larger steps divide the rows: those begin with their first cell, and further lines have few cells."""
    least = min(steps[1:])
    begins = [not at or step >= _APART * least for at, step in enumerate(steps)]
    if sum(begins) < _ROWS or all(begins[1:]):
        return False
    return all(
        0 in row or not at if begin else len(row) < width
        for at, (row, begin) in enumerate(zip(rows, begins, strict=True))
    )


def _goes_on(above: _Row, row: _Row, width: int) -> bool:
    """Whether a line just below a row has further words of its cells, in small letters: of its name alone, or not."""
    is_of_name = set(row) == {0}
    if (0 in row and not is_of_name) or not set(row) <= set(above) or (len(row) == width - 1 > 1):
        return False
    return all(cell.text[:1].islower() for cell in row.values())


def _is_head(above: _Row, row: _Row, below: Sequence[_Row]) -> bool:
    """Whether a line just below the first one has further words of the columns' names: values are below them."""
    if 0 in row or not set(row) <= set(above) or _has_values(above):
        return False
    return sum(0 in other and _has_values(other) for other in below) >= _ROWS - 1


def _has_values(row: _Row) -> bool:
    return any(NUMBER.fullmatch(cell.text) for cell in row.values())


def _is_name(cell: str) -> bool:
    """Whether it has no figures but those of years."""
    return not any(map(str.isdigit, _YEAR.sub("", cell)))


def _is_head_above(above: _Row, row: _Row, below: Sequence[_Row]) -> bool:
    """Whether both are the head: names over names, with that of the rows' own names in the lower line alone."""
    are_names = all(_is_name(cell.text) for cell in row.values())
    label = find_label(below)
    is_part = bool(above) and label not in above and label in row and set(above) <= set(row)
    return is_part and are_names and not _has_values(above) and any(map(_has_values, below))


def find_label(rows: Sequence[Mapping[int, Cell]]) -> int:
    """The column of the rows' names: the first one unless that has numbers and another has none."""
    columns = range(1 + max((max(row) for row in rows if row), default=0))
    numbers = {at for row in rows for at, cell in row.items() if NUMBER.fullmatch(cell.text)}
    return next((at for at in columns if at not in numbers), 0)


def _add_lines(above: _Row, row: _Row) -> _Row:
    joined = dict(above)
    for at, cell in row.items():
        other = joined.get(at)
        joined[at] = (
            replace(other, text=f"{other.text} {cell.text}", right=max(other.right, cell.right)) if other else cell
        )
    return joined


def _write(line: Line, row: _Row, columns: Sequence[Place]) -> Line:
    """The row as a line. Behind its last cell nothing is said of those that are empty."""
    if len(row) == 1:
        return replace(line, text=next(iter(row.values())).text)
    cells = [row.get(at) or Cell("", *columns[at]) for at in range(max(row) + 1)]
    return replace(
        line,
        text="\t".join(cell.text for cell in cells),
        left=cells[0].left,
        right=cells[-1].right,
        cuts=tuple(cell.left for cell in cells[1:]),
        ends=tuple(cell.right for cell in cells[:-1]),
    )
