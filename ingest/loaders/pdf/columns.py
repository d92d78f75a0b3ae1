"""Lines in the order in which people read them: columns one after the other, the cells of a table's head row by row."""

from __future__ import annotations

from dataclasses import replace

from ingest.loaders.pdf.lines import Line

_COLUMN_LINES = 6
"""Lines from which on a gap at one place parts two columns."""
_COLUMN_LETTERS = 20
"""Fewest letters of a line of a column."""
_PROSE_SHARE = 0.8
"""Share of letters and spaces in a line of a column; a table's cells have figures."""
_CUT_SLACK = 1.0
"""How far the second column's lines may begin from one another, in letter sizes."""
_CUT_SLACK_PT = 2
"""The same for lines that only one column still has, in points."""
_CELL_LETTERS = 30
"""Longest text that can be a cell of a table's head."""
_CELLS = 3
"""Fewest cells."""
_SAME_ROW_PT = 2
"""How far the cells of a row may stand above one another, in points."""
_HEAD_ROWS = 6
"""Most rows of a table's head."""
_ROW_CELLS = 2
"""Cells that a row has on average; with fewer it is text in columns."""


def order_columns(lines: list[Line]) -> list[Line]:
    """Text in two columns that a PDF draws line by line across both: first the left one, then the right one."""
    result: list[Line] = []
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and _is_across(lines[end], lines[at]):
            end += 1
        if end - at >= _COLUMN_LINES:
            end = _extend_run(lines, at, end)
            result.extend(_separate_columns(lines[at:end]))
        else:
            end = max(end, at + 1)
            result.extend(lines[at:end])
        at = end
    return result


def _is_across(line: Line, first: Line) -> bool:
    """Prose, a gap, prose; the gap where the first line of the run has it."""
    if len(line.cuts) != 1 or abs(line.cuts[0] - first.cuts[0]) > _CUT_SLACK * line.size:
        return False
    return all(
        len(part) >= _COLUMN_LETTERS
        and sum(letter.isalpha() or letter == " " for letter in part) > _PROSE_SHARE * len(part)
        for part in line.text.split("\t")
    )


def _extend_run(lines: list[Line], start: int, end: int) -> int:
    """Also the lines that only one of the columns still has."""
    cut = lines[start].cuts[0]
    while (
        end < len(lines) and not lines[end].cuts and (lines[end].right < cut or lines[end].left >= cut - _CUT_SLACK_PT)
    ):
        end += 1
    return end


def _separate_columns(lines: list[Line]) -> list[Line]:
    cut = lines[0].cuts[0]
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        if line.cuts:
            before, after = line.text.split("\t")
            left.append(replace(line, text=before, right=cut - line.size, cuts=()))
            right.append(replace(line, text=after, left=line.cuts[0], cuts=()))
        else:
            (left if line.left < cut - _CUT_SLACK_PT else right).append(line)
    return left + right


def order_rows(lines: list[Line]) -> list[Line]:
    """Cells that a PDF draws column by column (``June 25,`` over ``2022``, then the next column) as rows."""
    result: list[Line] = []
    run: list[Line] = []
    for line in lines:
        if len(line.text) <= _CELL_LETTERS and "\t" not in line.text:
            run.append(line)
            continue
        result.extend(_arrange_in_rows(run))
        run = []
        result.append(line)
    return result + _arrange_in_rows(run)


def _arrange_in_rows(run: list[Line]) -> list[Line]:
    if len(run) < _CELLS:
        return run
    rows: list[list[Line]] = []
    for line in sorted(run, key=lambda line: -line.bottom):
        if rows and abs(rows[-1][0].bottom - line.bottom) < _SAME_ROW_PT:
            rows[-1].append(line)
        else:
            rows.append([line])
    if len(rows) * _ROW_CELLS > len(run) or len(rows) > _HEAD_ROWS:  # text in columns, not a table's head
        return run
    return [_join_row(sorted(row, key=lambda line: line.left)) for row in rows]


def _join_row(cells: list[Line]) -> Line:
    text = "\t".join(cell.text for cell in cells)
    return replace(cells[0], text=text, right=max(cell.right for cell in cells))
