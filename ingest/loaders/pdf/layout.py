"""Lines of PDF pages → Markdown: running heads out, headings and paragraphs found, hyphenation mended. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from statistics import median

_WINDOW = 6
"""Pages before and after that a running head is looked for on; chapters change it."""
_EDGE = 3
"""Lines at the top and at the bottom that may be running heads."""
_MOST_LEVELS = 3
"""Heading levels told apart by letter size."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page. Positions in points from the page's lower left corner."""

    text: str
    """Cells that stand apart are separated by tabs."""
    left: float
    right: float
    bottom: float
    size: float
    is_bold: bool = False
    cuts: tuple[float, ...] = ()
    """Where the cells after the first begin."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a line at a page's edge stands."""

    bottom: float
    is_outermost: bool
    """The page's first or last line."""


@dataclass(slots=True)
class PageLines:
    number: int
    label: str | None
    lines: list[Line]
    extra: str = ""
    """Text that isn't on the page itself: comments, field values."""
    edges: dict[str, _Edge] = field(default_factory=dict)
    """Running-head candidates by their text with digits blotted out."""


def compose(pages: Iterable[PageLines], outline: dict[int, list[tuple[int, str]]]) -> Iterator[tuple[PageLines, str]]:
    """Each page with its Markdown, `_WINDOW` pages behind what is read. `outline`: page → (level, title)."""
    seen: set[str] = set()
    sizes = _Sizes()
    for page, around in _pair_with_neighbours(pages, sizes):
        lines = _remove_running_heads(page, around, seen)
        headings = _outline_headings(lines, outline[page.number]) if page.number in outline else {}
        if not outline:
            headings = sizes.find_headings(lines)
        text = mend_text(_join_lines(lines, headings))
        yield page, f"{text}\n\n{page.extra}".strip() if page.extra else text


def _pair_with_neighbours(pages: Iterable[PageLines], sizes: _Sizes) -> Iterator[tuple[PageLines, list[PageLines]]]:
    window: deque[PageLines] = deque()
    at = 0
    for page in pages:
        page.lines = order_rows(order_columns(page.lines))
        page.edges = _find_edges(page.lines)
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


# Columns --------------------------------------------------------------------------------------------------------------

_COLUMN_LINES = 6
_COLUMN_LETTERS = 20


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
    if len(line.cuts) != 1 or abs(line.cuts[0] - first.cuts[0]) > line.size:
        return False
    return all(
        len(part) >= _COLUMN_LETTERS and sum(letter.isalpha() or letter == " " for letter in part) > 0.8 * len(part)
        for part in line.text.split("\t")
    )


def _extend_run(lines: list[Line], start: int, end: int) -> int:
    """Also the lines that only one of the columns still has."""
    cut = lines[start].cuts[0]
    while end < len(lines) and not lines[end].cuts and (lines[end].right < cut or lines[end].left >= cut - 2):
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
            (left if line.left < cut - 2 else right).append(line)
    return left + right


# Rows -----------------------------------------------------------------------------------------------------------------

_CELL_LETTERS = 30
"""Longest text that can be a cell of a table's head."""


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
    if len(run) < 3:
        return run
    rows: list[list[Line]] = []
    for line in sorted(run, key=lambda line: -line.bottom):
        if rows and abs(rows[-1][0].bottom - line.bottom) < 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    if len(rows) * 2 > len(run) or len(rows) > 6:  # text in columns, not a table's head
        return run
    return [_join_row(sorted(row, key=lambda line: line.left)) for row in rows]


def _join_row(cells: list[Line]) -> Line:
    text = "\t".join(cell.text for cell in cells)
    return replace(cells[0], text=text, right=max(cell.right for cell in cells))


# Running heads --------------------------------------------------------------------------------------------------------


def _find_edges(lines: list[Line]) -> dict[str, _Edge]:
    ordered = sorted(lines, key=lambda line: line.bottom)
    outer = ordered[:_EDGE] + ordered[-_EDGE:]
    ends = (id(ordered[0]), id(ordered[-1])) if ordered else ()
    return {key: _Edge(line.bottom, id(line) in ends) for line in outer if (key := _make_key(line.text))}


_PAGE_NUMBER = re.compile(r"(?:page|seite|p\.?|s\.?)?#(?:(?:of|von|/|-)#)?|[ivxlc]{1,7}")


@lru_cache(maxsize=4096)
def _make_key(text: str) -> str:
    """Empty for lines that can't be running heads: long ones, and numbers that are no page number."""
    if len(text) > 200:
        return ""
    key = re.sub(r"\d+", "#", "".join(text.lower().split()))
    bare = re.sub(r"[-–—|.·•\[\](){}]", "", key)
    if _PAGE_NUMBER.fullmatch(bare):
        return "#"
    return key if len(key) <= 150 and sum(letter.isalpha() for letter in key) >= 3 else ""


def find_running_heads(page: PageLines, around: list[PageLines]) -> set[str]:
    """Blotted texts that stand at the same place of at least two pages nearby."""
    found = set()
    for key, edge in page.edges.items():
        others = sum(1 for other in around if _is_same_place(key, edge, other.edges.get(key)))
        if others >= 2 and others >= len(around) // 4:
            found.add(key)
    return found


_NUMBERED = re.compile(r"#\D{12,}|\D{12,}(?<![,.])#")


def _is_same_place(key: str, edge: _Edge, other: _Edge | None) -> bool:
    """At the same height; or, of a text with a page number, both times the page's last line, wherever its text ends."""
    if other is None:
        return False
    is_end = edge.is_outermost and other.is_outermost and _NUMBERED.fullmatch(key) is not None
    return is_end or abs(edge.bottom - other.bottom) < 8


def _remove_running_heads(page: PageLines, around: list[PageLines], seen: set[str]) -> list[Line]:
    """The lines without running heads; each is kept where it is first met, and where the page has little else."""
    heads = find_running_heads(page, around)
    if not heads:
        return page.lines
    places = {edge.bottom: key for key, edge in page.edges.items() if key in heads}
    kept = []
    for line in page.lines:
        key = places.get(line.bottom)
        if key is None or key != _make_key(line.text) or (key != "#" and key not in seen):
            kept.append(line)
    seen |= heads
    removed = sum(len(line.text) for line in page.lines) - sum(len(line.text) for line in kept)
    return kept if removed <= sum(len(line.text) for line in kept) else page.lines


# Headings -------------------------------------------------------------------------------------------------------------


class _Sizes:
    """Which letter size is the text's, and which larger ones are headings; learned from the pages read so far."""

    def __init__(self) -> None:
        self._keep_letters: Counter[float] = Counter()

    def add(self, lines: list[Line]) -> None:
        for line in lines:
            self._keep_letters[_round_size(line.size)] += len(line.text)

    def find_headings(self, lines: list[Line]) -> dict[int, int]:
        """Index of the line → level, of lines in larger or bold letters that read like a heading."""
        if not self._keep_letters or not lines:
            return {}
        body = self._keep_letters.most_common(1)[0][0]
        total = self._keep_letters.total()
        larger = sorted(
            (s for s, n in self._keep_letters.items() if s >= body * 1.12 and n < total * 0.2), reverse=True
        )
        levels = {size: min(rank, _MOST_LEVELS) for rank, size in enumerate(larger, start=1)}
        left = min(line.left for line in lines)
        found = {}
        for index, line in enumerate(lines):
            level = levels.get(_round_size(line.size), 0)
            is_aside = line.left > left + 4 * line.size
            if not level and line.is_bold and not is_aside and self._stands_alone(lines, index):
                level = min(len(larger), _MOST_LEVELS) + 1
            # A number set apart from a title in large letters is no cell; in the text's own size it may be.
            text = line.text.replace("\t", " ") if _round_size(line.size) in levels else line.text
            if level and _reads_like_heading(text):
                found[index] = level
        return found if sum(len(lines[i].text) for i in found) < sum(len(line.text) for line in lines) * 0.5 else {}

    @staticmethod
    def _stands_alone(lines: list[Line], index: int) -> bool:
        """Not a bold line among bold lines."""
        near = [lines[at] for at in (index - 2, index - 1, index + 1, index + 2) if 0 <= at < len(lines)]
        return sum(1 for line in near if line.is_bold) <= 1 and len(near) > 1


def _round_size(size: float) -> float:
    return round(size * 2) / 2


def _reads_like_heading(text: str) -> bool:
    letters = sum(letter.isalpha() for letter in text)
    return (
        "\t" not in text
        and letters >= 3
        and len(text) <= 120
        and letters * 2 > len(text)
        and text[-1:] not in ",;"
        and not (text[0].islower() and len(text) > 40)
        and not (text.endswith(".") and len(text) > 60)
    )


def _outline_headings(lines: list[Line], entries: list[tuple[int, str]]) -> dict[int, int]:
    """Lines that say what an entry of the outline says, perhaps after a number."""
    wanted = {_keep_letters(title): level for level, title in entries if _keep_letters(title)}
    found = {}
    for index, line in enumerate(lines):
        for key in (_keep_letters(line.text), _keep_letters(line.text.lstrip("0123456789.§ "))):
            if key in wanted:
                found[index] = min(6, wanted.pop(key))
                break
    return found


def _keep_letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


# Text -----------------------------------------------------------------------------------------------------------------


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
    if min(len(line.text), len(above.text)) < 4:  # an exponent, a bullet: raised, but in its line
        return True
    step = above.bottom - line.bottom
    return -1.0 <= step <= usual * 1.4 and abs(above.size - line.size) < 0.12 * max(above.size, 1.0)


_LIGATURES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]+")
_STRAY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\uf000-\uf0ff]")
_BROKEN_WORD = re.compile(r"([^\W\d_]+)(?:[\ufffe\x02]\n?|\u00ad\n)([^\W\d_]*)")


def mend_text(text: str) -> str:
    """Words joined that were broken at a line's end; ligatures spelt out; soft hyphens and strays removed."""
    if "\ufffe" in text or "\x02" in text or "\u00ad" in text:
        text = _BROKEN_WORD.sub(_make_joiner(text), text)
        text = re.sub("[\ufffe\x02]", "-", text).replace("\u00ad", "")
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _STRAY.sub("", text.replace("\uf0b7", "•").replace("\uf0a7", "▪"))


def _make_joiner(text: str) -> Callable[[re.Match[str]], str]:
    """With its hyphen only if the page has the word so elsewhere, or its second part begins with a capital."""
    lower = text.lower()

    def join(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        hyphenated = f"{first}-{second}"
        keeps = not second or second[0].isupper() or hyphenated.lower() in lower
        return hyphenated if keeps else first + second

    return join


_PAGE_AT_END = re.compile(r"[\s|·•–—-]*(?:page\s*)?\d{1,4}\s*(?:(?:of|/)\s*\d+)?\s*$", re.IGNORECASE)
_NO_NAME = re.compile(r"contents|confidential|copyright|allrights|^see|\.$|^page|draft|http|www\.|^notesto|unaudited")
"""Running heads that don't name the document."""


def find_title(pages: list[PageLines]) -> str:
    """What a document without a title calls itself: a running head with words, else its largest line."""
    edges = [_find_edges(page.lines) for page in pages]
    counts = Counter(key for found in edges[1:] for key in found if 12 <= len(key) <= 80 and not _NO_NAME.search(key))
    for key, count in counts.most_common(3):
        if count >= 3 and count * 2 >= len(pages) - 1:
            line = next(line.text for page in pages[1:] for line in page.lines if _make_key(line.text) == key)
            return _PAGE_AT_END.sub("", line).replace("\t", " ")
    first = pages[0].lines if pages else []
    usual = median(line.size for line in first) if first else 0.0
    best = max(first, key=lambda line: line.size, default=None)
    if best is None or best.size < usual * 1.2 or not _reads_like_heading(best.text):
        return ""
    same = [line.text for line in first if abs(line.size - best.size) < 0.1]
    return " ".join(" ".join(same[:3]).split())[:150]
