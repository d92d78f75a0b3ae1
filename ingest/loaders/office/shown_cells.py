"""What XLSX sheets show instead of stored values: formatted numbers, and formulas whose result isn't stored.

The values are calamine's. The sheet's own XML tells the styles of its cells, and what calamine doesn't: formulas, and
moments more exact than a millisecond.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import cast

from ingest.loaders.elements import get_tag
from ingest.loaders.office.format_codes import BUILT_IN
from ingest.loaders.office.number_formats import NumberFormat, read_format
from ingest.loaders.office.ooxml import Package
from ingest.loaders.office.row_styles import RawCell, RowStyles
from ingest.loaders.office.shown_values import ShownValues, StyledCell, choose_shows, show_row
from ingest.loaders.reading import make_one_line

# Each part is bounded: an opening bracket that nothing closes must not make the search look on to the file's end.
_TAG = rb"<(?:\w{1,20}:)?"
_ATTRIBUTES = rb"[^<>]{0,300}"
_CELL = re.compile(  # one with a style, a formula or an error
    _TAG + rb'c\b(?=[^<>]{0,300}?\sr="([A-Z]{1,3})(\d{1,7})")'
    rb'(?=[^<>]{0,300}?(?:\ss="(\d{1,7})"|\st="e"|>\s{0,20}' + _TAG + rb"f\b))"
    rb'(?:(?=[^<>]{0,300}?\st="(\w{1,20})"))?[^<>]{0,300}>'
    rb"(?:\s{0,20}" + _TAG + rb"f\b(?:[^<>]{0,500}/>|[^<>]{0,500}>([^<]{0,9000})</(?:\w{1,20}:)?f>))?"
    rb"(?:\s{0,20}" + _TAG + rb"v>([^<]{0,100})</)?"
)
_UNNUMBERED = re.compile(_TAG + rb"c\b(?!" + _ATTRIBUTES + rb'\sr=")')
_ROW_OR_CELL = re.compile(_TAG + rb"(row|c)\b(" + _ATTRIBUTES + rb")")
_REFERENCE = re.compile(rb'\sr="[A-Z]{0,3}(\d{1,7})"')
_NO_RESULT = _TAG + rb"v\s?/>|" + _TAG + rb"v></|</(?:\w{1,20}:)?c>"
_FORMULA_ALONE, _FORMULA_OPEN = (
    re.compile(rb"</(?:\w{1,20}:)?f>\s{0,20}(?:" + shown + rb")")
    for shown in (_NO_RESULT, _NO_RESULT + rb"|" + _TAG + rb"v>0</")
)
_LONGEST_FORMULA = 500
_NOT_AVAILABLE = b">#N/A<"
"""The error that calamine takes for an empty cell."""
_SAMPLE = 20_000
"""Bytes of a sheet that tell whether its program leaves references out."""


class ShownCells:
    """What the sheets of one workbook show by their formats."""

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        root = package.find_xml(main)
        properties = [child for child in root if get_tag(child) == "workbookPr"] if root is not None else []
        self._is_1904 = any(child.get("date1904") in ("1", "true") for child in properties)
        calculation = [child for child in root if get_tag(child) == "calcPr"] if root is not None else []
        self._computes_on_load = any(child.get("fullCalcOnLoad") in ("1", "true") for child in calculation)
        """Whether results count for nothing: programs that don't compute write zeros."""
        self._formats = _read_formats(package, main)
        self._show_number = lru_cache(maxsize=50_000)(self._format_number)

    def read_sheet(self, part: str) -> bytes:
        """The part's bytes; empty for one that isn't XML, as in XLSB, and for one that shows nothing but its values."""
        content = (self._package.archive.get(part) or b"") if part.endswith(".xml") else b""
        if not self._formats and not self.tells_more(content):
            return b""
        return _number_cells(content) if _UNNUMBERED.search(content, 0, content.rfind(b">", 0, _SAMPLE)) else content

    def tells_more(self, sheet: bytes) -> bool:
        """Whether cells that have no value for calamine show something: formulas without a stored result, as programs
        write that don't compute, and an error."""
        if _NOT_AVAILABLE in sheet:
            return True
        has_formulas = b"</f>" in sheet or b":f>" in sheet  # far quicker to see than whether one stands alone
        sign = _FORMULA_OPEN if self._computes_on_load else _FORMULA_ALONE
        return has_formulas and sign.search(sheet) is not None

    def show_rows(self, rows: Iterable[list[object]], sheet: bytes, first: int, width: int) -> Iterator[list[str]]:
        """The rows of values as they are shown; `first` is their first column, `width` the number of their columns."""
        shown = ShownValues(is_1904=self._is_1904, may_be_negative=b"<v>-" in sheet)
        styles = RowStyles(sheet, lambda cells: choose_shows(self._find_formats(cells, first), shown, width))
        at, shows = next(styles.rows, (-1, None))
        for number, row in enumerate(rows):
            while -1 < at < number:
                at, shows = next(styles.rows, (-1, None))
            if at != number or not shows:
                yield show_row(row)
                continue
            texts = [show(value) for show, value in zip(shows, row, strict=False)]
            yield self._fill_open(texts, styles.row_xml, first) if None in texts else cast("list[str]", texts)

    def _fill_open(self, texts: Sequence[str | None], row_xml: bytes, first: int) -> list[str]:
        """The texts, with those that are None told by the row's XML."""
        told = {column: shown for _, cells in self.find_cells(row_xml) for column, shown in cells.items()}
        return [str(told.get(first + at, "")) if text is None else text for at, text in enumerate(texts)]

    def _find_formats(self, cells: Sequence[RawCell], first: int) -> Iterator[StyledCell]:
        for letters, style, kind in cells:
            if kind in (b"", b"n", b"s", b"str", b"inlineStr"):
                place, is_text = _read_column(letters) - first, kind not in (b"", b"n")
                yield StyledCell(place, self._formats.get(style), is_text)

    def find_cells(self, sheet: bytes) -> Iterator[tuple[int, dict[int, str | NumberFormat]]]:
        """The rows, counted from 0, with what is shown by column; for a text it is the format that shows it."""
        row = -1
        shown: dict[int, str | NumberFormat] = {}
        for found in _CELL.finditer(sheet):
            letters, number, style, kind, formula, value = found.groups()
            text = self._show_cell(style, kind, formula, value)
            if text is None:
                continue
            if shown and int(number) - 1 != row:
                yield row, shown
                shown = {}
            row = int(number) - 1
            shown[_read_column(letters)] = text
        if shown:
            yield row, shown

    def _show_cell(
        self, style: bytes | None, kind: bytes | None, formula: bytes | None, value: bytes | None
    ) -> str | NumberFormat | None:
        """What the cell shows; None if it is its value."""
        is_number, style = kind in (None, b"n"), style or b""
        if kind == b"e":
            return (value or b"").decode("utf-8", "replace") or None
        is_open = self._computes_on_load and value == b"0" and formula
        if is_number and value and not is_open:
            return self._show_number(style, value) if style in self._formats else None
        if is_number and formula:
            return "=" + make_one_line(html.unescape(formula.decode("utf-8", "replace")))[:_LONGEST_FORMULA]
        shown = self._formats.get(style)
        return shown if shown and shown.decorates_text and kind in (b"s", b"str", b"inlineStr") else None

    def _format_number(self, style: bytes, value: bytes) -> str | None:
        try:
            return self._formats[style].show(float(value), is_1904=self._is_1904)
        except ValueError:
            return None


def _read_formats(package: Package, main: str) -> dict[bytes, NumberFormat]:
    """The formats by the number of the cells' style; styles that show values as they are, are left out."""
    root = package.find_xml(package.find_related(main, "styles"))
    codes = dict(BUILT_IN)
    styles: list[int] = []
    for element in root.iter() if root is not None else ():
        name, number = get_tag(element), element.get("numFmtId", "")
        if name == "numFmt" and number.isdecimal():
            codes[int(number)] = element.get("formatCode", "")
        elif name == "cellXfs":
            numbers = (child.get("numFmtId", "") for child in element)
            styles = [int(number) if number.isdecimal() else 0 for number in numbers]
    formats = {str(index).encode(): read_format(codes[code]) for index, code in enumerate(styles) if code in codes}
    return {style: shown for style, shown in formats.items() if not shown.is_plain}


def _number_cells(sheet: bytes) -> bytes:
    """The sheet with the references that its rows and cells may leave out: each stands behind the one before."""
    row = column = 0

    def add_reference(found: re.Match[bytes]) -> bytes:
        nonlocal row, column
        named = _REFERENCE.search(found[2])
        if found[1] == b"row":
            row, column = int(named[1]) if named else row + 1, 0
            return found[0]
        column += 1
        tag = sheet[found.start() : found.end(1)]
        return found[0] if named else tag + b' r="%b%d"' % (_write_column(column), row) + found[2]

    return _ROW_OR_CELL.sub(add_reference, sheet)


def _write_column(column: int) -> bytes:
    """``AB`` for 28."""
    letters = b""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = bytes([0x41 + letter]) + letters
    return letters


@lru_cache(maxsize=20_000)
def _read_column(letters: bytes) -> int:
    """The column of ``AB``, counted from 0."""
    column = 0
    for letter in letters:
        column = 26 * column + (letter & 0x1F)
    return column - 1
