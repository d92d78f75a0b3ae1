"""Cells that stand close together, as in ruled tables: their gaps are hardly wider than spaces but form columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.loaders.pdf.line import Line

Gap = tuple[float, float]
"""From where to where nothing stands between two words."""

_ROWS = 3
"""Fewest rows that have a gap at the same place."""
_SHARE = 0.7
"""The least share of such rows among those that reach over that place; longer names of rows may cross it."""
_LOOSE = 0.5
"""The least gap between two cells, in letter sizes."""
_GUTTERS = 2
"""Fewest gutters where no wide gap tells that the lines are a table: a list's points have one behind them."""
_SURE = 0.9
"""A gap that is wide enough where no wider one tells that the lines are a table; justified text has some of 0.8."""
_WIDER = 1.6
"""How much wider than the narrowest space of the rows it must be at least: letters of one width have wide spaces."""
_CORRIDOR = 0.35
"""The least width of what is free in all these rows, in letter sizes."""
_CELL_LETTERS = 60
"""Longest line of a cell; longer ones are text."""
_WHITE = re.compile(r"[ \t]")


def split_close_cells(lines: Sequence[Line], spaces: Sequence[Sequence[Gap]]) -> list[Line]:
    """The lines with tabs between such cells; `spaces` has for each line its gaps between words."""
    result = list(lines)
    may_be_rows = [_has_loose(line, gaps) for line, gaps in zip(lines, spaces, strict=True)]
    start = 0
    while start < len(lines):
        end = start + 1
        while may_be_rows[start] and end < len(lines) and may_be_rows[end] and _follows(lines[end - 1], lines[end]):
            end += 1
        if end - start >= _ROWS:
            _split_rows(result, spaces, start, end)
        start = end
    return result


def _has_loose(line: Line, spaces: Sequence[Gap]) -> bool:
    least = _LOOSE * line.size
    return any(place - before >= least for before, place in spaces)


def _follows(above: Line, line: Line) -> bool:
    return above.is_alike(line) and line.is_near_below(above.bottom)


def _split_rows(lines: list[Line], spaces: Sequence[Sequence[Gap]], start: int, end: int) -> None:
    size = lines[start].size
    wide = _find_least_width(spaces[start:end], size)
    is_table = 2 * sum("\t" in line.text for line in lines[start:end]) >= end - start
    least = max(_LOOSE * size, wide) if is_table else _SURE * size
    gaps = [[gap for gap in row if gap[1] - gap[0] >= least] for row in spaces[start:end]]
    rows = [(line.left, line.right) for line in lines[start:end]]
    for at, row in enumerate(gaps, start):
        known = lines[at].text.count("\t")
        if len(row) == known:
            continue
        cells = [gap for gap in row if gap[1] not in lines[at].cuts and _is_gutter(gap, gaps, rows, _CORRIDOR * size)]
        if cells and (is_table or len(cells) + known >= _GUTTERS):
            lines[at] = _split_line(lines[at], spaces[at], cells)


def _find_least_width(spaces: Sequence[Sequence[Gap]], size: float) -> float:
    """The width from which on a gap isn't a mere space, as the narrowest one tells; none has more than `_SURE`."""
    narrowest = min(place - before for row in spaces for before, place in row)
    return _WIDER * narrowest if narrowest < _SURE * size else 0.0


def _is_gutter(gap: Gap, gaps: Sequence[Sequence[Gap]], rows: Sequence[Gap], corridor: float) -> bool:
    """Whether enough rows have a gap there, with something free in all of them."""
    low, high = gap
    having = reaching = 0
    middle = (low + high) / 2
    for row, (left, right) in zip(gaps, rows, strict=True):
        if not left < middle < right:
            continue
        reaching += 1
        for before, place in row:
            if min(high, place) - max(low, before) >= corridor:
                low, high = max(low, before), min(high, place)
                having += 1
                break
    return having >= _ROWS and having >= _SHARE * reaching


def _split_line(line: Line, spaces: Sequence[Gap], cells: Sequence[Gap]) -> Line:
    """The line with tabs at these gaps, beside those that it has; as it is if its parts are too long for cells."""
    words = _WHITE.split(line.text)
    if not any(map(str.isalnum, words[0])):  # a list's or a note's mark
        cells = [gap for gap in cells if gap != spaces[0]]
    cuts = {*zip(line.ends, line.cuts, strict=True), *cells}
    text = words[0]
    for gap, word in zip(spaces, words[1:], strict=True):
        text += ("\t" if gap in cuts else " ") + word
    if max(map(len, text.split("\t"))) > _CELL_LETTERS:
        return line
    ends, lefts = zip(*sorted(cuts), strict=True) if cuts else ((), ())
    return replace(line, text=text, ends=ends, cuts=lefts)
