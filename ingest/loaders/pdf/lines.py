"""What pdfium tells of a PDF's pages: lines with their places; and its text, mended."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.loaders.pdf.annotations import AnnotationReader
from ingest.loaders.pdf.buttons import GroupValues
from ingest.loaders.pdf.filled import place_values
from ingest.loaders.pdf.glyphs import UNKNOWN, GlyphReader
from ingest.loaders.pdf.gutters import Gap, split_close_cells
from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.signs import join_signs

if TYPE_CHECKING:
    import pypdfium2 as pdfium

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_CELL_GAP = 1.2
"""A space, in letter sizes, from which on it separates cells. Justified text was seen to stretch spaces to 0.8."""
_UNIT_SIZE = 1.5
"""A letter size up to this one is a unit that a matrix scales, so the letter itself is measured."""
_SIZE_OF_HEIGHT = 1.3
"""The letter size of a measured letter, in heights of the letter."""
_LEVEL = 0.35
"""How far, in letter sizes, letters of one line may reach below one another."""
_TOUCHING = 0.2
"""A gap, in letter sizes, that is none: TeX puts .16 behind an exponent, a space has .25 and more."""
_SMALL, _RISE = 0.85, 0.15
"""Figures smaller than this share of the number before them, and so much of its size higher, are raised."""
_UPRIGHT, _UPWARDS, _DOWNWARDS = "upright", "upwards", "downwards"
"""Where most of a page's text runs to."""
_FIGURES = re.compile(r"\d[\d.,]*\d")
_RAISED = 0xE8F0
"""Raised figures are these characters until their line has been cut into cells."""
_FOOTNOTES = {
    _RAISED + 10 * follows + figure: sign if follows else f"\u00a0{sign}"
    for figure, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")
    for follows in (False, True)
}
_SPACES = re.compile(" +")
_LONE_UNKNOWN = re.compile(rf"(?<!\w){UNKNOWN}(?![\w{UNKNOWN}])")
"""An unknown letter by itself: a list's mark."""
_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a line at a page's edge stands."""

    bottom: float
    is_outermost: bool
    """The page's first or last line."""


@dataclass(slots=True)
class PageLines:
    """A page on its way to Markdown."""

    number: int
    label: str | None
    lines: list[Line]
    extra: str = ""
    """Text that isn't on the page itself: comments, field values without a place there."""
    edges: dict[str, Edge] = field(default_factory=dict)
    """The lines at its top and bottom, which may be running heads, by the keys that `headings.make_key` gives them."""
    is_unreadable: bool = False
    """Whether lines are left out because their fonts don't tell their letters."""


class TextReader:
    """Takes the lines from pdfium's pages."""

    def __init__(
        self, pdf: pdfium.PdfDocument, glyphs: GlyphReader | None = None, values: GroupValues | None = None
    ) -> None:
        import pypdfium2.raw as raw

        self._pdf = pdf
        self._annotations = AnnotationReader(values or GroupValues(b""))
        self._glyphs = glyphs
        self._char_box = raw.FPDFText_GetCharBox
        self._box = tuple(ctypes.c_double() for _ in range(4))
        self._pointers = tuple(map(ctypes.byref, self._box))
        self._name = ctypes.create_string_buffer(128)
        self._turn = _UPRIGHT
        self._sideways = 0
        """Letters of lines that run up the page, less those of lines that run down."""

    def read_pages(self) -> Iterator[PageLines]:
        """All pages in order. One that pdfium can't read has no lines, but keeps its number."""
        import pypdfium2 as pdfium

        for index in range(len(self._pdf)):
            try:
                yield self._read_page(index)
            except pdfium.PdfiumError:
                yield PageLines(index + 1, None, [])

    def _read_page(self, index: int) -> PageLines:
        label = self._pdf.get_page_label(index) or None
        page = self._pdf[index]
        try:
            text_page = page.get_textpage()
            try:
                lines, is_unreadable = self._read_turned_lines(text_page, index)
                lines, extra = place_values(lines, self._annotations.read(page, text_page, index))
            finally:
                text_page.close()
        finally:
            page.close()
        label = label if label != str(index + 1) else None
        return PageLines(index + 1, label, lines, extra, is_unreadable=is_unreadable)

    def _read_turned_lines(self, text_page: pdfium.PdfTextPage, index: int) -> tuple[list[Line], bool]:
        """The page's lines; of one whose text runs up or down, such as a wide table's, as if it were turned upright."""
        self._turn, self._sideways = _UPRIGHT, 0
        lines, is_unreadable = self._read_lines(text_page, index)
        if 2 * abs(self._sideways) > sum(len(line.text) for line in lines):
            self._turn = _UPWARDS if self._sideways > 0 else _DOWNWARDS
            lines, is_unreadable = self._read_lines(text_page, index)
        return lines, is_unreadable

    def _read_lines(self, text_page: pdfium.PdfTextPage, index: int) -> tuple[list[Line], bool]:
        """The page's lines, and whether some are left out because nothing tells their letters."""
        text = text_page.get_text_range()
        if not text.isascii():
            text = _BEYOND_16_BITS.sub("\\g<0>\x1f", text)  # pdfium counts such letters as two
        text, ligatures = self._glyphs.mark(text_page, text, index) if self._glyphs else (text, {})
        if raised := self._find_raised(text_page, text):
            letters = list(text)
            for at in raised:
                letters[at] = chr(_RAISED + int(text[at]) + 10 * (at - 1 in raised))
            text, ligatures = "".join(letters), ligatures | _FOOTNOTES
        text = _LONE_UNKNOWN.sub(" ", text)
        is_unreadable = False
        start = 0
        lines: list[Line] = []
        spaces: list[list[Gap]] = []
        for raw_line in text.split("\n"):
            line = raw_line.rstrip("\r ")
            begin = start + len(line) - len(line.lstrip())
            end = start + len(line)
            start += len(raw_line) + 1
            if _is_unreadable(line):
                is_unreadable = True
            elif begin < end:
                read, gaps = self._read_line(text_page, text, begin, end)
                read = replace(read, text=read.text.translate(ligatures)) if ligatures else read
                if lines and _goes_on(lines[-1], read):
                    lines[-1] = _join(lines[-1], read)
                    spaces[-1] += gaps
                else:
                    lines.append(read)
                    spaces.append(gaps)
        return split_close_cells(*join_signs(lines, spaces)), is_unreadable

    def _find_raised(self, text_page: pdfium.PdfTextPage, text: str) -> set[int]:
        """Where figures stand that are smaller than a number before them and higher: a footnote's, or an exponent's."""
        import pypdfium2.raw as raw

        def measure(at: int) -> float:
            return float(raw.FPDFText_GetFontSize(text_page.raw, at))

        raised: set[int] = set()
        for found in _FIGURES.finditer(text):
            size = measure(found.start())
            at = found.end() - 1
            while at > found.start() and measure(at) < _SMALL * size and text[at].isdigit():
                raised.add(at)
                at -= 1
            if at < found.end() - 1:
                base, high = (self._measure_letter(text_page, place)[2] for place in (found.start(), found.end() - 1))
                if high - base < _RISE * size:
                    raised -= set(range(at + 1, found.end()))
        return raised

    def _read_line(self, text_page: pdfium.PdfTextPage, text: str, begin: int, end: int) -> tuple[Line, list[Gap]]:
        """The line, and its gaps between words."""
        import pypdfium2.raw as raw

        size = float(raw.FPDFText_GetFontSize(text_page.raw, begin))
        left, _, bottom, top = self._measure_letter(text_page, begin)
        if size <= _UNIT_SIZE:  # a size of 1 scaled by a matrix: measure the letter instead
            size = max(1.0, (top - bottom) * _SIZE_OF_HEIGHT)
        _, right, last, _ = self._measure_letter(text_page, end - 1)
        if abs(last - bottom) > abs(right - left):
            self._sideways += end - begin if last > bottom else begin - end
        spaces: list[Gap] = []
        off_level: list[tuple[float, float]] = []
        cells = "".join(self._split_cells(text_page, text, begin, end, size, bottom, spaces, off_level))
        gaps = [gap for gap in spaces if gap[1] - gap[0] > _CELL_GAP * size]
        ends, cuts = zip(*gaps, strict=True) if gaps else ((), ())
        is_bold = self._is_bold(text_page, begin)
        return Line(cells, left, right, bottom, size, is_bold, cuts, ends, tuple(off_level)), spaces

    def _split_cells(
        self,
        text_page: pdfium.PdfTextPage,
        text: str,
        begin: int,
        end: int,
        size: float,
        bottom: float,
        spaces: list[Gap],
        off_level: list[tuple[float, float]],
    ) -> Iterator[str]:
        """The words with a space or, where cells stand apart, a tab between; `spaces` takes from where to where.

        `off_level` takes the places of cells whose letters don't stand on the line's `bottom`.
        """
        at = begin
        for found in _SPACES.finditer(text[begin:end]):
            stop, next_word = begin + found.start(), begin + found.end()
            place, _, foot, _ = self._measure_letter(text_page, next_word)
            before = self._measure_letter(text_page, stop - 1)[1]
            is_apart = place - before > _CELL_GAP * size
            spaces.append((before, place))
            if is_apart and abs(foot - bottom) > _LEVEL * size and text[next_word].isalnum():
                off_level.append((place, foot))
            yield text[at:stop] + ("\t" if is_apart else " ")
            at = next_word
        yield text[at:end]

    def _measure_letter(self, text_page: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
        """Left, right, bottom, top in points."""
        left, right, bottom, top = self._box
        self._char_box(text_page.raw, index, *self._pointers)
        if self._turn is _UPRIGHT:
            return left.value, right.value, bottom.value, top.value
        if self._turn is _UPWARDS:
            return bottom.value, top.value, -right.value, -left.value
        return -top.value, -bottom.value, left.value, right.value

    def _is_bold(self, text_page: pdfium.PdfTextPage, index: int) -> bool:
        import pypdfium2.raw as raw

        flags = ctypes.c_int()
        raw.FPDFText_GetFontInfo(text_page.raw, index, self._name, 128, flags)
        name = self._name.value.lower()
        return b"bold" in name or b"black" in name or b"heavy" in name


def _goes_on(line: Line, following: Line) -> bool:
    """Whether the line goes on in what pdfium takes for another one: it ends lines beside an exponent, as in "km²)".

    A raised figure behind a figure is a footnote's, and would make another number of it.
    """
    if line.text[-1].isdigit() and following.text[0].isdigit():
        return False
    is_level = abs(line.bottom - following.bottom) < _LEVEL * line.size
    return is_level and -_TOUCHING * line.size < following.left - line.right < _TOUCHING * line.size


def _join(line: Line, following: Line) -> Line:
    return replace(
        line,
        text=line.text + following.text,
        right=following.right,
        cuts=line.cuts + following.cuts,
        ends=line.ends + following.ends,
        off_level=line.off_level + following.off_level,
    )


def _is_unreadable(line: str) -> bool:
    """Whether more than half of the line's letters are unknown."""
    return 2 * line.count(UNKNOWN) > len(line) - line.count(" ")


_LIGATURES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]+")
_STRAY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\uf000-\uf0ff]")
_BROKEN_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]++)(?:[\ufffe\x02]\n?|\u00ad\n)([^\W\d_]*)")


def mend_text(text: str) -> str:
    """The text with broken words joined and ligatures spelt out, without soft hyphens and stray characters."""
    if "\ufffe" in text or "\x02" in text or "\u00ad" in text:
        text = _BROKEN_WORD.sub(_make_joiner(text), text)
        text = re.sub("[\ufffe\x02]", "-", text).replace("\u00ad", "")
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _STRAY.sub("", text.replace("\uf0b7", "•").replace("\uf0a7", "▪"))


def _make_joiner(text: str) -> Callable[[re.Match[str]], str]:
    """A function that joins the parts of a broken word.

    It keeps the hyphen if the text has the word so elsewhere, or if the second part begins with a capital.
    """
    lower = text.lower()

    def join(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        hyphenated = f"{first}-{second}"
        keeps = not second or second[0].isupper() or hyphenated.lower() in lower
        return hyphenated if keeps else first + second

    return join
