"""Lines of a PDF's pages become Markdown: put in reading order, without running heads, joined to paragraphs."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from statistics import median
from unicodedata import east_asian_width

from ingest.loaders.pdf.grids import align_tables
from ingest.loaders.pdf.headings import Sizes, find_edges, find_outline_headings, remove_running_heads
from ingest.loaders.pdf.heads import join_heads
from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.lines import PageLines, mend_text
from ingest.loaders.pdf.middled import join_middled
from ingest.loaders.pdf.tables import Table, carry_head

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_WINDOW = 6
"""On how many pages before and after a running head is looked for; it changes with the chapter."""
_SHORT = 4
"""A line with fewer characters never begins a paragraph: it is an exponent or a bullet, raised above its line."""
_RISE_PT = 1.0
"""How far a line may stand above the one before in the same paragraph, in points: it may follow an index."""
_PARAGRAPH_STEP = 1.4
"""The largest step from line to line within a paragraph, in usual steps of the page."""
_SIZE_CHANGE = 0.12
"""The least change of the letter size that begins a paragraph, as a share of it."""
_DROP_CAP = 2.0
"""The least size of a paragraph's large first letter, in letter sizes of the line beside it."""
_COLUMN_LINES = 6
"""How many lines with gaps at the same places make columns."""
_COLUMN_LETTERS = 20
"""The fewest letters of a line in a column; letters of full width, as the Chinese ones, count twice."""
_LETTER_SHARE = 0.8
"""The least share of letters and spaces in a line of a column; a table's cells have figures."""
_PROSE_SHARE = 0.7
"""The least share of such lines among those that all columns have; paragraphs end with short ones."""
_CUT_SLACK = 1.0
"""How far the lines of a column may begin from one another, in letter sizes."""
_CELL_LETTERS = 30
"""Longest text that can be a cell of a table's head."""
_CELLS = 3
"""Fewest cells of a table's head."""
_SAME_ROW_PT = 2
"""How far the cells of a row may stand above one another, in points."""
_HEAD_ROWS = 6
"""Most rows of a table's head."""
_ROW_CELLS = 2
"""How many cells a row must have on average; with fewer it is text in columns."""


def compose(pages: Iterable[PageLines], outline: dict[int, list[tuple[int, str]]]) -> Iterator[tuple[PageLines, str]]:
    """Each page with its Markdown, given out `_WINDOW` pages after it was read.

    `outline` holds the levels and titles of its entries by page number; without one, headings are told by their look.
    """
    seen: set[str] = set()
    sizes = Sizes()
    table: Table | None = None
    for page, around in _add_neighbours(_order_pages(pages, sizes)):
        lines, table = carry_head(remove_running_heads(page, around, seen), table)
        headings = find_outline_headings(lines, outline[page.number]) if page.number in outline else {}
        if not outline:
            headings = sizes.find_headings(lines)
        text = mend_text(_join_lines(lines, headings))
        yield page, f"{text}\n\n{page.extra}".strip() if page.extra else text


def _order_pages(pages: Iterable[PageLines], sizes: Sizes) -> Iterator[PageLines]:
    """The pages with their lines in reading order and their edges found; `sizes` learns from each."""
    for page in pages:
        page.lines = align_tables(join_heads(order_rows(order_columns(join_middled(_join_drop_caps(page.lines))))))
        page.edges = find_edges(page.lines)
        sizes.add(page.lines)
        yield page


def _add_neighbours(pages: Iterable[PageLines]) -> Iterator[tuple[PageLines, list[PageLines]]]:
    """Each page with those up to `_WINDOW` pages before and after it."""
    window: deque[PageLines] = deque()
    at = 0
    for page in pages:
        window.append(page)
        if len(window) > 2 * _WINDOW + 1:
            window.popleft()
            at -= 1
        if len(window) - at > _WINDOW:
            yield window[at], [other for other in window if other is not window[at]]
            at += 1
    while at < len(window):
        yield window[at], [other for other in window if other is not window[at]]
        at += 1


def order_columns(lines: list[Line]) -> list[Line]:
    """The lines with text in columns, which a PDF may draw line by line across all of them, column by column."""
    result: list[Line] = []
    at = 0
    while at < len(lines):
        if not lines[at].cuts:
            result.append(lines[at])
            at += 1
            continue
        end = _find_run_end(lines, at)
        run = lines[at:end]
        result.extend(_separate_columns(run) if _is_prose(run) else run)
        at = end
    return result


def _find_run_end(lines: list[Line], start: int) -> int:
    """The index after the last line with the same gaps, and after lines below it that only some columns have."""
    first = lines[start]
    end = start
    while end < len(lines) and _has_same_cuts(lines[end], first):
        end += 1
    if end - start >= _COLUMN_LINES:
        while end < len(lines) and _is_within_columns(lines[end], first.cuts):
            end += 1
    return max(end, start + 1)


def _has_same_cuts(line: Line, first: Line) -> bool:
    if len(line.cuts) != len(first.cuts) or line.text.count("\t") != len(line.cuts):
        return False
    return all(abs(cut - other) <= _CUT_SLACK * line.size for cut, other in zip(line.cuts, first.cuts, strict=True))


def _is_within_columns(line: Line, cuts: tuple[float, ...]) -> bool:
    """Whether the line's parts begin where columns do, each in one of its own, and the last one ends within its own."""
    if line.text.count("\t") != len(line.cuts):
        return False
    columns = [_find_column(left, line.size, cuts) for left in (line.left, *line.cuts)]
    begins = all(
        column and cut <= cuts[column - 1] + _CUT_SLACK * line.size
        for cut, column in zip(line.cuts, columns[1:], strict=True)
    )
    ends = columns[-1] == len(cuts) or line.right < cuts[columns[-1]]
    return begins and ends and len(set(columns)) == len(columns)


def _find_column(left: float, size: float, cuts: tuple[float, ...]) -> int:
    """The number of the column, counted from 0, in which a part with its left edge there stands."""
    return bisect_right(cuts, left + _CUT_SLACK * size)


def _is_prose(run: list[Line]) -> bool:
    if len(run) < _COLUMN_LINES:
        return False
    across = [line for line in run if len(line.cuts) == len(run[0].cuts)]
    prose = sum(all(map(_reads_like_prose, line.text.split("\t"))) for line in across)
    return prose >= _PROSE_SHARE * len(across)


def _reads_like_prose(text: str) -> bool:
    letters = sum(letter.isalpha() or letter == " " for letter in text)
    return _measure_width(text) >= _COLUMN_LETTERS and letters > _LETTER_SHARE * len(text)


def _measure_width(text: str) -> int:
    """The text's width in letters; those of full width count twice."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _separate_columns(run: list[Line]) -> list[Line]:
    cuts = run[0].cuts
    columns: list[list[Line]] = [[] for _ in range(len(cuts) + 1)]
    for line in run:
        rights = (*(cut - line.size for cut in line.cuts), line.right)
        for text, left, right in zip(line.text.split("\t"), (line.left, *line.cuts), rights, strict=True):
            part = replace(line, text=text, left=left, right=right, cuts=(), ends=())
            columns[_find_column(left, line.size, cuts)].append(part)
    return [line for column in columns for line in column]


def order_rows(lines: list[Line]) -> list[Line]:
    """The lines with cells that a PDF draws column by column (``June 25,`` over ``2022``, then the next) as rows."""
    result: list[Line] = []
    run: list[Line] = []
    for line in lines:
        if len(line.text) <= _CELL_LETTERS and "\t" not in line.text and _measure_width(line.text) <= _CELL_LETTERS:
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
    cuts, ends = tuple(cell.left for cell in cells[1:]), tuple(cell.right for cell in cells[:-1])
    return replace(cells[0], text=text, right=max(cell.right for cell in cells), cuts=cuts, ends=ends)


def _join_drop_caps(lines: list[Line]) -> list[Line]:
    """The lines with a paragraph's large first letter joined to its word."""
    if all(len(line.text) > 1 for line in lines):
        return lines
    result: list[Line] = []
    for line in lines:
        if result and _is_drop_cap(result[-1], line):
            line = replace(line, text=result.pop().text + line.text)
        result.append(line)
    return result


def _is_drop_cap(letter: Line, beside: Line) -> bool:
    """Whether the letter is the large first one of the line beside it; A and I are words of their own in English."""
    return (
        len(letter.text) == 1
        and letter.size >= _DROP_CAP * beside.size
        and letter.text.isupper()
        and letter.text not in "AI"
        and beside.text[:1].islower()
        and beside.left >= letter.left
    )


def _join_lines(lines: list[Line], headings: dict[int, int]) -> str:
    """The lines under one another, an empty one where a gap, a heading or another letter size begins a paragraph."""
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if a.bottom > b.bottom]
    usual = median(steps) if steps else 0.0
    parts: list[str] = []
    for index, line in enumerate(lines):
        if index in headings:
            is_same = headings.get(index - 1) == headings[index]
            is_continued = is_same and _is_near(lines, index, usual)
            text = line.text.replace("\t", " ")
            parts.append(f" {text}" if is_continued else f"\n\n{'#' * headings[index]} {text}")
        elif index and (index - 1 in headings or not _is_near(lines, index, usual)):
            parts.append("\n\n" + line.text)
        else:
            parts.append("\n" + line.text)
    return "".join(parts).strip("\n")


def _is_near(lines: list[Line], index: int, usual: float) -> bool:
    """Whether the line continues the paragraph of the one above it; `usual` is the page's usual step between lines."""
    above, line = lines[index - 1], lines[index]
    if min(len(line.text), len(above.text)) < _SHORT:
        return True
    step = above.bottom - line.bottom
    return -_RISE_PT <= step <= usual * _PARAGRAPH_STEP and abs(above.size - line.size) < _SIZE_CHANGE * max(
        above.size, 1.0
    )
