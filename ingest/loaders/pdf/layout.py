"""Lines of PDF pages → Markdown: running heads out, headings and paragraphs found, hyphenation mended. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from statistics import median

from ingest.loaders.pdf.columns import order_columns, order_rows
from ingest.loaders.pdf.headings import Sizes, find_outline_headings
from ingest.loaders.pdf.lines import Line, PageLines
from ingest.loaders.pdf.mending import mend_text
from ingest.loaders.pdf.running_heads import find_edges, remove_running_heads

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_WINDOW = 6
"""Pages before and after that a running head is looked for on; chapters change it."""
_SHORT = 4
"""Characters below which a line never begins a paragraph: an exponent or a bullet, raised, but in its line."""
_RISE_PT = 1.0
"""How far a line of the same paragraph may stand above the one before, in points: a part after an index."""
_PARAGRAPH_STEP = 1.4
"""Largest step from line to line within a paragraph, in usual steps of the page."""
_SIZE_CHANGE = 0.12
"""Least change of the letter size that begins a paragraph, as a share of it."""
_DROP_CAP = 2.0
"""Size of a paragraph's large first letter at least, in letter sizes of the line beside it."""


def compose(pages: Iterable[PageLines], outline: dict[int, list[tuple[int, str]]]) -> Iterator[tuple[PageLines, str]]:
    """Each page with its Markdown, `_WINDOW` pages behind what is read. `outline`: page → (level, title)."""
    seen: set[str] = set()
    sizes = Sizes()
    for page, around in _add_neighbours(pages, sizes):
        lines = remove_running_heads(page, around, seen)
        headings = find_outline_headings(lines, outline[page.number]) if page.number in outline else {}
        if not outline:
            headings = sizes.find_headings(lines)
        text = mend_text(_join_lines(lines, headings))
        yield page, f"{text}\n\n{page.extra}".strip() if page.extra else text


def _add_neighbours(pages: Iterable[PageLines], sizes: Sizes) -> Iterator[tuple[PageLines, list[PageLines]]]:
    window: deque[PageLines] = deque()
    at = 0
    for page in pages:
        page.lines = order_rows(order_columns(_join_drop_caps(page.lines)))
        page.edges = find_edges(page.lines)
        sizes.add(page.lines)
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


def _join_drop_caps(lines: list[Line]) -> list[Line]:
    """A paragraph's large first letter is part of its word."""
    if all(len(line.text) > 1 for line in lines):
        return lines
    result: list[Line] = []
    for line in lines:
        if result and _is_drop_cap(result[-1], line):
            line = replace(line, text=result.pop().text + line.text)
        result.append(line)
    return result


def _is_drop_cap(letter: Line, beside: Line) -> bool:
    """Not where the letter is a word of its own, in English."""
    return (
        len(letter.text) == 1
        and letter.size >= _DROP_CAP * beside.size
        and letter.text.isupper()
        and letter.text not in "AI"
        and beside.text[:1].islower()
        and beside.left >= letter.left
    )


def _join_lines(lines: list[Line], headings: dict[int, int]) -> str:
    """Lines under one another, an empty line where a gap, a heading or another letter size begins a new paragraph."""
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
    above, line = lines[index - 1], lines[index]
    if min(len(line.text), len(above.text)) < _SHORT:
        return True
    step = above.bottom - line.bottom
    return -_RISE_PT <= step <= usual * _PARAGRAPH_STEP and abs(above.size - line.size) < _SIZE_CHANGE * max(
        above.size, 1.0
    )
