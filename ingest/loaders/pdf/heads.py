"""Heads of several rows whose upper names stand over several columns: one row that names each column by all above it.

Known by the places of the names: a name is set to the middle of its columns, or begins where the first of them does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

from ingest.loaders.pdf.grids import Cell, Place, find_columns, find_label, is_placed, split_cells
from ingest.loaders.pdf.line import Line
from rag.text.tables import is_data

_COLUMNS = 3
"""Fewest columns of a table whose head groups them."""
_MOST_COLUMNS = 14
"""Most columns: the ways to group them grow with their number."""
_NAME_LETTERS = 40
_BETWEEN = 3
"""Lines without cells that may stand between two rows: a remark, the name of a group, a long name's first line."""
_REMARK = re.compile(r"\(.+\)")
"""What stands between a head and its rows and names no column: ``(in millions)``."""
_SAME_LEVEL = 0.4
"""How far the names of one row may stand above one another, in letter sizes."""
_EXACT = 0.5
"""How far a name may stand from the middle, or the left edge, of what it names, in letter sizes."""
_AS_EXACT = 0.15
"""How much farther it may stand from the middle of more columns than of fewer, and name those all."""
_SPREAD = 0.3
"""How differently the names may stand beside the middles of their columns, as a share of the columns' distance: values
that are set to the right all stand beside it by as much."""
_TITLE_STEP = 1.1
"""A text in the middle of the whole table is its title if it stands farther above it than a row does, times this."""


def join_heads(lines: list[Line]) -> list[Line]:
    """The lines, with each head whose upper names group columns as one row."""
    if sum("\t" in line.text for line in lines) < _COLUMNS:
        return lines
    result: list[Line] = []
    done = 0
    for first, end in _find_bodies(lines):
        rows = [line for line in lines[first:end] if "\t" in line.text]
        head = _read_head(_take_zone(lines[done:first], rows), rows)
        if head is not None:
            result += [line for line in lines[done:first] if not any(line is used for used in head.lines)]
            result.append(head.write())
            done = first
    return result + lines[done:]


def _find_bodies(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """From where to where the rows of each table go, below its head."""
    start = 0
    while start < len(lines):
        end = _find_end(lines, start)
        if end - start > 1:
            first = _find_first(lines[start:end])
            if first is not None:
                yield start + first, end
        start = end


def _find_end(lines: Sequence[Line], start: int) -> int:
    """The index after the last of the lines with cells that follow one another there, with few others between them."""
    end = start + 1
    if "\t" not in lines[start].text:
        return end
    for at in range(end, len(lines)):
        if not lines[at].is_near_below(lines[at - 1].bottom) or at - end >= _BETWEEN:
            break
        if "\t" in lines[at].text:
            end = at + 1
    return end


def _find_first(lines: Sequence[Line]) -> int | None:
    """The first row of values; of a table of words the first one with all cells, or that below it."""
    values = next((at for at, line in enumerate(lines) if _has_values(line)), None)
    if values is not None:
        return values
    most = max(line.text.count("\t") for line in lines)
    full = [at for at, line in enumerate(lines) if line.text.count("\t") == most]
    if len(full) <= _COLUMNS:
        return None
    cells = lines[full[0]].text.split("\t")
    return full[0] + (len(set(cells)) < len(cells))  # "Room, Floor, Wall, Floor, Wall" is the head's last row


def _take_zone(above: Sequence[Line], rows: Sequence[Line]) -> list[Line]:
    """The lines above the rows that may be their head, from below."""
    first = rows[0]
    zone: list[Line] = []
    highest = first
    for line in reversed(above):
        is_near = first.bottom < line.bottom <= highest.bottom or highest.is_near_below(line.bottom)
        if not (is_placed(line) and is_near and line.is_alike(first) and all(map(_is_name, line.text.split("\t")))):
            break
        highest = max(highest, line, key=lambda line: line.bottom)
        if not _REMARK.fullmatch(line.text):
            zone.append(line)
    return zone


def _is_name(cell: str) -> bool:
    return len(cell) <= _NAME_LETTERS


@dataclass(slots=True)
class _Head:
    """A head while its rows are read from below."""

    columns: list[Place]
    names: list[list[str]]
    """The names of each column, the uppermost first."""
    model: Line
    """The first row, above which the head is written."""
    step: float
    """From that row to the next."""
    label: int = 0
    """The column with the rows' own names, which nothing groups; it needn't be the first."""
    is_closed: list[bool] = field(default_factory=list)
    """Whether each column's name stands beside those that group others: nothing groups it."""
    lines: list[Line] = field(default_factory=list)
    has_groups: bool = False
    """Whether the row that was read last groups columns."""

    def copy(self) -> _Head:
        names = [[*names] for names in self.names]
        return replace(self, columns=[*self.columns], names=names, is_closed=[*self.is_closed], lines=[*self.lines])

    def repeats_names(self) -> bool:
        """Whether the lowest names are the same in several groups."""
        lowest = [names[-1] for names in self.names if names]
        return len(set(lowest)) < len(lowest)

    def write(self) -> Line:
        """The head as a line with a cell for each column."""
        left, right = zip(*self.columns, strict=True)
        text = "\t".join(" ".join(names) for names in self.names)
        bottom, last = self.model.bottom + min(self.step, self.model.size), self.lines[0]
        return replace(
            last, text=text, left=left[0], right=right[-1], bottom=bottom, cuts=tuple(left[1:]), ends=tuple(right[:-1])
        )

    def list_open(self) -> list[int]:
        """The columns that a name may group: named themselves, and not with the rows' names."""
        return [at for at, names in enumerate(self.names) if at != self.label and names and not self.is_closed[at]]

    def add_level(self, lines: Sequence[Line]) -> bool:
        """Take one more row of names; False if they can't be of the head."""
        cells = sorted((cell for line in lines for cell in split_cells(line)), key=lambda cell: cell.left)
        self.has_groups = False
        groups: list[Cell] = []
        named: list[tuple[int, Cell]] = []
        if not self.lines and len(cells) == len(self.columns):  # names in the middle may stand beside their numbers
            named, cells = [*enumerate(cells)], []
        for cell in cells:
            met = [at for at, (low, high) in enumerate(self.columns) if cell.left <= high and cell.right >= low]
            if len(met) == 1 and not self.names[met[0]] and all(at != met[0] for at, _ in named):
                named.append((met[0], cell))
            else:
                groups.append(cell)
        if groups and not self.lines:
            return False
        if groups and not self._add_groups(groups, named, max(line.bottom for line in lines)):
            return False
        for at, cell in named:
            self.names[at] = [cell.text]
            self.is_closed[at] = bool(self.lines)
            low, high = self.columns[at]
            self.columns[at] = (min(low, cell.left), max(high, cell.right))
        self.lines += lines
        return True

    def _add_groups(self, groups: Sequence[Cell], named: Sequence[tuple[int, Cell]], bottom: float) -> bool:
        is_apart = bool(named) or any(self.is_closed)
        if len(groups) == 1 and not is_apart and self._is_title(groups[0], bottom):
            return False
        runs = self._find_runs(groups, is_apart=is_apart)
        if runs is None:
            return False
        for cell, run in zip(groups, runs, strict=True):
            for at in run:
                self.names[at].insert(0, cell.text)
        self.has_groups = any(len(run) > 1 for run in runs)
        return True

    def _is_title(self, cell: Cell, bottom: float) -> bool:
        """Whether the text stands in the middle of the whole table, and apart from it."""
        middle = (self.columns[0][0] + self.columns[-1][1]) / 2
        is_apart = bottom - max(line.bottom for line in self.lines) > _TITLE_STEP * self.step
        return is_apart and abs((cell.left + cell.right) / 2 - middle) < 2 * self.model.size

    def _find_runs(self, groups: Sequence[Cell], *, is_apart: bool) -> list[list[int]] | None:
        """For each name the columns that it stands over; None if it can't be told."""
        columns = self.list_open()
        return (
            self._repeat(groups, columns)
            or (self._match(groups, columns, fewest=2) if len(groups) == 1 else None)
            or self._cover(groups, columns)
            or (self._begin(groups, columns) if is_apart else None)
            or self._match(groups, columns)
        )

    def _repeat(self, groups: Sequence[Cell], columns: list[int]) -> list[list[int]] | None:
        """Groups of equal size whose columns have the same names in each: ``In, Out, In, Out``."""
        size = len(columns) // len(groups)
        if size < 2 or size * len(groups) != len(columns) or len(groups) < 2:
            return None
        runs = [columns[at : at + size] for at in range(0, len(columns), size)]
        if any([self.names[at] for at in run] != [self.names[at] for at in runs[0]] for run in runs):
            return None
        return runs if all(map(self._stands_over, groups, runs)) else None

    def _cover(self, groups: Sequence[Cell], columns: list[int]) -> list[list[int]] | None:
        """Groups that together cover all columns, each with its name in the middle."""
        if len(groups) > len(columns) - 1:
            return None
        pitch = min((self.columns[b][0] - self.columns[a][0] for a, b in pairwise(columns)), default=0.0)
        best: tuple[float, list[list[int]]] | None = None
        for cuts in combinations(range(1, len(columns)), len(groups) - 1):
            runs = [columns[a:b] for a, b in pairwise((0, *cuts, len(columns)))]
            beside = [self._measure_middle(cell, run) for cell, run in zip(groups, runs, strict=True)]
            spread, common = max(beside) - min(beside), abs(sum(beside) / len(beside))
            is_even = spread <= _SPREAD * pitch and common <= pitch / 2
            if is_even and all(map(_is_unbroken, runs)) and all(map(self._stands_over, groups, runs)):
                best = min(best or (spread + common, runs), (spread + common, runs))
        return best[1] if best else None

    def _begin(self, groups: Sequence[Cell], columns: list[int]) -> list[list[int]] | None:
        """Groups that begin where their first column does, and go on to the next: all other columns have their name."""
        starts = []
        for cell in groups:
            near = [at for at in columns if abs(self.columns[at][0] - cell.left) <= _EXACT * self.model.size]
            starts += near[:1]
        if len(starts) < len(groups) or starts[0] != columns[0] or len(set(starts)) < len(starts):
            return None
        ends = [*starts[1:], columns[-1] + 1]
        return [
            [at for at in columns if start <= at < end and columns.index(at) - columns.index(start) == at - start]
            for start, end in zip(starts, ends, strict=True)
        ]

    def _match(self, groups: Sequence[Cell], columns: list[int], *, fewest: int = 1) -> list[list[int]] | None:
        """For each name the columns that it stands in the middle of, or the one with which it begins or ends."""
        runs: list[list[int]] = []
        for cell in groups:
            found = [
                (self._measure_fit(cell, run), run)
                for first in range(len(columns))
                for last in range(first + fewest - 1, len(columns))
                if _is_unbroken(run := columns[first : last + 1]) and self._stands_over(cell, run)
            ]
            least = min((misfit for misfit, _ in found), default=float("inf"))
            if least > _EXACT * self.model.size:
                return None
            run = max((run for misfit, run in found if misfit - least <= _AS_EXACT * self.model.size), key=len)
            if runs and run[0] <= runs[-1][-1]:
                return None
            runs.append(run)
        return runs

    def _measure_fit(self, cell: Cell, run: Sequence[int]) -> float:
        """How far the name stands from the run's middle; of a single column also from its edges."""
        low, high = self.columns[run[0]][0], self.columns[run[-1]][1]
        edges = [abs(cell.left - low), abs(cell.right - high)] if len(run) == 1 else []
        return min([abs(self._measure_middle(cell, run)), *edges])

    def _measure_middle(self, cell: Cell, run: Sequence[int]) -> float:
        return (cell.left + cell.right - self.columns[run[0]][0] - self.columns[run[-1]][1]) / 2

    def _stands_over(self, cell: Cell, run: Sequence[int]) -> bool:
        """Whether the name's middle is over the columns, and it reaches over no other."""
        low, high = self.columns[run[0]][0], self.columns[run[-1]][1]
        before = self.columns[run[0] - 1][1] if run[0] else 0.0
        after = self.columns[run[-1] + 1][0] if run[-1] + 1 < len(self.columns) else cell.right + 1
        return low <= (cell.left + cell.right) / 2 <= high and before < cell.left and cell.right < after


def _is_unbroken(run: Sequence[int]) -> bool:
    return run[-1] - run[0] == len(run) - 1


def _read_head(zone: Sequence[Line], rows: Sequence[Line]) -> _Head | None:
    """The head that the lines above the rows are; None if no name of it groups columns."""
    cells = [split_cells(line) for line in rows if is_placed(line)]
    most = max(map(len, cells), default=0)
    full = [row for row in cells if len(row) == most]
    if len(zone) < 2 or len(full) < 2 or not _COLUMNS <= most <= _MOST_COLUMNS:
        return None
    columns = find_columns(full)
    if len(columns) != most:
        return None
    step = rows[0].bottom - rows[1].bottom if len(rows) > 1 else rows[0].size
    label = find_label([dict(enumerate(row)) for row in full])
    head = _Head(columns, [[] for _ in columns], rows[0], step, label, [False] * len(columns))
    found: _Head | None = None
    for level in _list_levels(zone):
        if not head.add_level(level):
            break
        found = head.copy() if head.has_groups else found
    is_sure = found is not None and (_has_values(rows[0]) or any(found.is_closed) or found.repeats_names())
    return found if is_sure else None


def _list_levels(zone: Sequence[Line]) -> list[list[Line]]:
    """The lines by their height, from below."""
    levels: list[list[Line]] = []
    for line in sorted(zone, key=lambda line: line.bottom):
        if levels and line.bottom - levels[-1][0].bottom <= _SAME_LEVEL * line.size:
            levels[-1].append(line)
        else:
            levels.append([line])
    return levels


def _has_values(line: Line) -> bool:
    """Whether the line has numbers that can't be names; such are years, and ``30, 60, 30, 60``."""
    cells = line.text.split("\t")
    return is_data(["row", *cells]) and not _repeats(cells) and not _repeats(cells[1:])


def _repeats(cells: Sequence[str]) -> bool:
    """Whether the cells are the same several once more, or more often."""
    sizes = (size for size in range(2, len(cells) // 2 + 1) if len(cells) % size == 0)
    return any(len(set(cells[:size])) == size and [*cells] == [*cells[:size]] * (len(cells) // size) for size in sizes)
