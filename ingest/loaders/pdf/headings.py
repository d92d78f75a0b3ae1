"""Which lines of a PDF's pages are running heads, which are headings, and what the document's title is."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from statistics import median

from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.lines import Edge, PageLines, mend_text
from ingest.loaders.pdf.tables import heads_rows

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_EDGE = 3
"""How many lines at the top and at the bottom may be running heads."""
_HEAD_WORD = 3
"""Fewest letters of a running head that is no page number."""
_HEAD_PAGES = 2
"""How many other pages must have a running head at the same place."""
_HEAD_PAGES_SHARE = 0.25
"""The share of the pages around that must have it."""
_SAME_HEIGHT_PT = 8
"""How far its places on those pages may differ in height, in points."""
_HEAD_SHARE = 0.5
"""A page with a larger share of its letters in running heads keeps them: it has little else."""
_MOST_LEVELS = 3
"""How many levels of headings are told apart by their letter size."""
_LARGER = 1.12
"""The least letter size of a heading, in sizes of the text."""
_SIZE_SHARE = 0.2
"""A larger size that has more than this share of the document's letters isn't one of headings."""
_ASIDE = 4
"""How far right of the text's left edge a bold line no longer is a heading, in letter sizes."""
_BOLD_AROUND = 1
"""How many of the two lines above and the two below a bold heading may be bold."""
_HEADING_LETTERS = 120
"""Longest heading."""
_WORD_LETTERS = 3
"""Fewest letters of a heading."""
_LETTER_SHARE = 0.5
"""A heading has more letters than this share of its characters."""
_SMALL_START_LETTERS = 40
"""Longest heading that begins with a small letter."""
_SENTENCE_LETTERS = 60
"""Longest heading that ends with a full stop."""
_NAME_LETTERS = 12
"""Fewest letters of a running head that names the document."""
_LONGEST_NAME = 80
"""Most letters of such a running head."""
_NAMED_PAGES = 3
"""How many of the first pages, without the very first, must have such a running head."""
_TITLE_SIZE = 1.2
"""The least letter size of a title on the first page, in usual sizes of that page."""
_TITLE_LINES = 3
"""Most lines of a title."""


def find_edges(lines: list[Line]) -> dict[str, Edge]:
    """Where the lines at the page's top and bottom stand that may be running heads, by their keys."""
    ordered = sorted(lines, key=lambda line: line.bottom)
    outer = ordered[:_EDGE] + ordered[-_EDGE:]
    ends = (id(ordered[0]), id(ordered[-1])) if ordered else ()
    edges = {key: Edge(line.bottom, id(line) in ends) for line in outer if (key := make_key(line.text))}
    numbered = {key for key in edges if "#" in key and key != "#"}
    if numbered:  # rows that differ by their numbers alone stand on each page of a table, too
        alike = Counter(make_key(line.text) for line in lines)
        rows = {make_key(line.text) for line in outer if alike[make_key(line.text)] > 1 + ("\t" not in line.text)}
        edges = {key: edge for key, edge in edges.items() if key not in numbered or key not in rows}
    return edges


_HAS_WORD = re.compile(rf"(?:[^\W\d_].*?){{{_HEAD_WORD}}}")
_PAGE_NUMBER = re.compile(r"(?:page|seite|p\.?|s\.?)?#(?:(?:of|von|/|-)#)?|[ivxlc]{1,7}")


@lru_cache(maxsize=4096)
def make_key(text: str) -> str:
    """The line without spaces and with ``#`` for each number, so that equal running heads have equal keys.

    A page number is ``#`` alone. Lines that can't be running heads, such as other numbers, have an empty key.
    """
    key = re.sub(r"\d+", "#", "".join(text.lower().split()))
    bare = re.sub(r"[-–—|.·•\[\](){}]", "", key)
    if _PAGE_NUMBER.fullmatch(bare):
        return "#"
    return key if _HAS_WORD.search(key) else ""


def _find_running_heads(page: PageLines, around: list[PageLines]) -> set[str]:
    """The keys of the page's lines that stand at the same place of enough pages around it."""
    found = set()
    for key, edge in page.edges.items():
        others = sum(1 for other in around if _is_same_place(key, edge, other.edges.get(key)))
        if others >= _HEAD_PAGES and others >= int(len(around) * _HEAD_PAGES_SHARE):
            found.add(key)
    return found


_NUMBERED = re.compile(r"#\D{12,}|\D{12,}(?<![,.])#")


def _is_same_place(key: str, edge: Edge, other: Edge | None) -> bool:
    """Whether two edges with the same key are at the same height.

    A text with a page number may also be both pages' outermost line: it stands wherever the page's text ends.
    """
    if other is None:
        return False
    is_end = edge.is_outermost and other.is_outermost and _NUMBERED.fullmatch(key) is not None
    return is_end or abs(edge.bottom - other.bottom) < _SAME_HEIGHT_PT


def remove_running_heads(page: PageLines, around: list[PageLines], seen: set[str]) -> list[Line]:
    """The page's lines without running heads.

    A running head is kept where it is first met, above the rows whose columns it names, and on a page that has little
    else. `seen` holds those met before.
    """
    heads = _find_running_heads(page, around)
    if not heads:
        return page.lines
    places = {edge.bottom: key for key, edge in page.edges.items() if key in heads}
    kept = []
    for line, below in zip(page.lines, [*page.lines[1:], None], strict=True):
        key = places.get(line.bottom)
        is_running = key is not None and key == make_key(line.text) and (key == "#" or key in seen)
        if not is_running or (below and "\t" in line.text and heads_rows(line, below)):
            kept.append(line)
    seen |= heads
    letters = sum(len(line.text) for line in page.lines)
    removed = letters - sum(len(line.text) for line in kept)
    return kept if removed <= letters * _HEAD_SHARE else page.lines


class Sizes:
    """Which letter size is the text's, and which larger ones are headings; learned from the pages read so far."""

    def __init__(self) -> None:
        self._letters: Counter[float] = Counter()

    def add(self, lines: list[Line]) -> None:
        """Count the letters of each size on one more page."""
        for line in lines:
            self._letters[_round_size(line.size)] += len(line.text)

    def find_headings(self, lines: list[Line]) -> dict[int, int]:
        """The level of each heading by its line's index: of lines in larger or bold letters that read like one."""
        if not self._letters or not lines:
            return {}
        body = self._letters.most_common(1)[0][0]
        total = self._letters.total()
        larger = sorted(
            (s for s, n in self._letters.items() if s >= body * _LARGER and n < total * _SIZE_SHARE), reverse=True
        )
        levels = {size: min(rank, _MOST_LEVELS) for rank, size in enumerate(larger, start=1)}
        left = min(line.left for line in lines)
        found = {}
        for index, line in enumerate(lines):
            level = levels.get(_round_size(line.size), 0)
            is_aside = line.left > left + _ASIDE * line.size
            if not level and line.is_bold and not is_aside and self._is_alone(lines, index):
                level = min(len(larger), _MOST_LEVELS) + 1
            # A number set apart from a title in large letters is no cell; in the text's own size it may be.
            text = line.text.replace("\t", " ") if _round_size(line.size) in levels else line.text
            if level and _reads_like_heading(text):
                found[index] = level
        return found

    @staticmethod
    def _is_alone(lines: list[Line], index: int) -> bool:
        """Whether a bold line has few bold lines around it."""
        near = [lines[at] for at in (index - 2, index - 1, index + 1, index + 2) if 0 <= at < len(lines)]
        return sum(1 for line in near if line.is_bold) <= _BOLD_AROUND and len(near) > 1


def _round_size(size: float) -> float:
    """The size to half a point, since a PDF may scale the letters of one size differently."""
    return round(size * 2) / 2


def _reads_like_heading(text: str) -> bool:
    """Whether the text has a heading's length, letters and end."""
    letters = sum(letter.isalpha() for letter in text)
    return (
        "\t" not in text
        and letters >= _WORD_LETTERS
        and len(text) <= _HEADING_LETTERS
        and letters > len(text) * _LETTER_SHARE
        and text[-1:] not in ",;"
        and not (text[0].islower() and len(text) > _SMALL_START_LETTERS)
        and not (text.endswith(".") and len(text) > _SENTENCE_LETTERS)
    )


def find_outline_headings(lines: list[Line], entries: list[tuple[int, str]]) -> dict[int, int]:
    """The level of each line by its index that says what an entry of the outline says, perhaps after a number."""
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


_NO_TITLE = re.compile(
    r"(?i)^(?:untitled.*|\(?anonymous\)?|unspecified|document\d*|title|slide \d+|powerpoint presentation|no title"
    r"|none|null|microsoft (?:word|powerpoint|excel) - .*"
    r"|.*\.(?:docx?|pptx?|xlsx?|pdf|tex|dvi|indd|qxd|rtf|odt|html?|txt|pages|fm|p65)"
    r"|[\W\d_]*|(?:https?|file):.*|[^\s]*[\\/][^\s]*|[a-z0-9]+(?:[-_][a-z0-9]+){2,})$"
)


def clean_title(title: str) -> str:
    """The title, or nothing if it is a file's name, a number or a program's stopgap."""
    title = " ".join(mend_text(title).split())
    return "" if _NO_TITLE.match(title) or not any(letter.isalpha() for letter in title) else title[:300]


_PAGE_AT_END = re.compile(r"[\s|·•–—-]*(?:page\s*)?\d{1,4}\s*(?:(?:of|/)\s*\d+)?\s*$", re.IGNORECASE)
_NO_NAME = re.compile(r"contents|confidential|copyright|allrights|^see|\.$|^page|draft|http|www\.|^notesto|unaudited")
"""Running heads that don't name the document."""


def find_title(pages: list[PageLines]) -> str:
    """What a document without a title calls itself: a running head with words, else its largest line."""
    edges = [find_edges(page.lines) for page in pages]
    counts = Counter(
        key
        for found in edges[1:]
        for key in found
        if _NAME_LETTERS <= len(key) <= _LONGEST_NAME and not _NO_NAME.search(key)
    )
    for key, count in counts.most_common(3):
        if count >= _NAMED_PAGES:
            line = next(line.text for page in pages[1:] for line in page.lines if make_key(line.text) == key)
            return _PAGE_AT_END.sub("", line).replace("\t", " ")
    first = pages[0].lines if pages else []
    usual = median(line.size for line in first) if first else 0.0
    best = max(first, key=lambda line: line.size, default=None)
    if best is None or best.size < usual * _TITLE_SIZE or not _reads_like_heading(best.text):
        return ""
    same = [line.text for line in first if _round_size(line.size) == _round_size(best.size)]
    return " ".join(" ".join(same[:_TITLE_LINES]).split())
