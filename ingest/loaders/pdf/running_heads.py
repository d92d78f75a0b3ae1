"""Running heads and page numbers: what stands at the same place on the pages around."""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.loaders.pdf.lines import Edge, Line, PageLines

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_EDGE = 3
"""Lines at the top and at the bottom that may be running heads."""
_HEAD_WORD = 3
"""Fewest letters of a running head that is no page number."""
_HEAD_PAGES = 2
"""Other pages, at least, that have it at the same place."""
_HEAD_PAGES_SHARE = 0.25
"""Share of the pages around that have it, at least."""
_SAME_HEIGHT_PT = 8
"""How far its places may differ in height, in points."""
_HEAD_SHARE = 0.5
"""A page with a larger share of its letters in running heads keeps them: it has little else."""


def find_edges(lines: list[Line]) -> dict[str, Edge]:
    ordered = sorted(lines, key=lambda line: line.bottom)
    outer = ordered[:_EDGE] + ordered[-_EDGE:]
    ends = (id(ordered[0]), id(ordered[-1])) if ordered else ()
    return {key: Edge(line.bottom, id(line) in ends) for line in outer if (key := make_key(line.text))}


_PAGE_NUMBER = re.compile(r"(?:page|seite|p\.?|s\.?)?#(?:(?:of|von|/|-)#)?|[ivxlc]{1,7}")


@lru_cache(maxsize=4096)
def make_key(text: str) -> str:
    """Empty for lines that can't be running heads: numbers that are no page number."""
    key = re.sub(r"\d+", "#", "".join(text.lower().split()))
    bare = re.sub(r"[-–—|.·•\[\](){}]", "", key)
    if _PAGE_NUMBER.fullmatch(bare):
        return "#"
    return key if sum(letter.isalpha() for letter in key) >= _HEAD_WORD else ""


def find_running_heads(page: PageLines, around: list[PageLines]) -> set[str]:
    """Blotted texts that stand at the same place of at least two pages nearby."""
    found = set()
    for key, edge in page.edges.items():
        others = sum(1 for other in around if _is_same_place(key, edge, other.edges.get(key)))
        if others >= _HEAD_PAGES and others >= int(len(around) * _HEAD_PAGES_SHARE):
            found.add(key)
    return found


_NUMBERED = re.compile(r"#\D{12,}|\D{12,}(?<![,.])#")


def _is_same_place(key: str, edge: Edge, other: Edge | None) -> bool:
    """At the same height; or, of a text with a page number, both times the page's last line, wherever its text ends."""
    if other is None:
        return False
    is_end = edge.is_outermost and other.is_outermost and _NUMBERED.fullmatch(key) is not None
    return is_end or abs(edge.bottom - other.bottom) < _SAME_HEIGHT_PT


def remove_running_heads(page: PageLines, around: list[PageLines], seen: set[str]) -> list[Line]:
    """The lines without running heads; each is kept where it is first met, and where the page has little else."""
    heads = find_running_heads(page, around)
    if not heads:
        return page.lines
    places = {edge.bottom: key for key, edge in page.edges.items() if key in heads}
    kept = []
    for line in page.lines:
        key = places.get(line.bottom)
        if key is None or key != make_key(line.text) or (key != "#" and key not in seen):
            kept.append(line)
    seen |= heads
    letters = sum(len(line.text) for line in page.lines)
    removed = letters - sum(len(line.text) for line in kept)
    return kept if removed <= letters * _HEAD_SHARE else page.lines
