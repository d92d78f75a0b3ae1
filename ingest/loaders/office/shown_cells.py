"""What XLSX sheets show instead of stored values: formatted numbers, and formulas whose result isn't stored.

The sheet's own XML is searched for these cells alone; all other values are calamine's.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import lru_cache

from ingest.loaders.elements import get_tag
from ingest.loaders.office.number_formats import BUILT_IN, NumberFormat, read_format
from ingest.loaders.office.ooxml import Package
from ingest.loaders.reading import make_one_line

# Each part is bounded: an opening bracket that nothing closes must not make the search look on to the file's end.
_CELL = re.compile(
    rb"<(?:\w{1,20}:)?(row|c)\b([^<>]{0,500})>"
    rb"(?:\s{0,20}<(?:\w{1,20}:)?f\b(?:[^<>]{0,500}/>|[^<>]{0,500}>([^<]{0,9000})</(?:\w{1,20}:)?f>))?"
    rb"(?:\s{0,20}<(?:\w{1,20}:)?v>([^<]{0,100})</)?"
)
_ATTRIBUTE = re.compile(rb'\b([rst])="([^"]{0,20})"')
_FORMULA_ALONE = re.compile(
    rb"</(?:\w{1,20}:)?f>\s{0,20}(?:<(?:\w{1,20}:)?v\s?/>|<(?:\w{1,20}:)?v></|</(?:\w{1,20}:)?c>)"
)
_LONGEST_FORMULA = 500


class ShownCells:
    """What the sheets of one workbook show by their formats."""

    def __init__(self, package: Package, main: str) -> None:
        self._package = package
        root = package.find_xml(main)
        properties = [child for child in root if get_tag(child) == "workbookPr"] if root is not None else []
        self._is_1904 = any(child.get("date1904") in ("1", "true") for child in properties)
        self._formats = _read_formats(package, main)
        self._show_number = lru_cache(maxsize=50_000)(self._format_number)

    def read_sheet(self, part: str) -> bytes:
        """The part's bytes; empty for one that isn't XML, as in XLSB, and for one without anything to show otherwise."""
        content = (self._package.archive.get(part) or b"") if part.endswith(".xml") else b""
        return content if self._formats or has_formulas_alone(content) else b""

    def find_cells(self, sheet: bytes) -> Iterator[tuple[int, dict[int, str | NumberFormat]]]:
        """The rows, counted from 0, with what is shown by column; for a text it is the format that shows it."""
        row, count = -1, 0
        shown: dict[int, str | NumberFormat] = {}
        for found in _CELL.finditer(sheet):
            kind, attributes, formula, value = found.groups()
            if kind == b"row":
                if shown:
                    yield row, shown
                named = dict(_ATTRIBUTE.findall(attributes)).get(b"r", b"")
                row, count, shown = int(named) - 1 if named.isdigit() else row + 1, 0, {}
                continue
            if b's="' in attributes or (formula and not value):
                named_by = dict(_ATTRIBUTE.findall(attributes))
                text = self._show_cell(named_by.get(b"s", b""), named_by.get(b"t", b"n"), formula, value)
                if text is not None:
                    shown[_read_column(named_by.get(b"r", b""), count)] = text
            count += 1
        if shown:
            yield row, shown

    def _show_cell(
        self, style: bytes, kind: bytes, formula: bytes | None, value: bytes | None
    ) -> str | NumberFormat | None:
        """What the cell shows; None if it is its value."""
        if kind == b"n" and value:
            return self._show_number(style, value) if style in self._formats else None
        if kind == b"n" and formula:
            return "=" + make_one_line(html.unescape(formula.decode("utf-8", "replace")))[:_LONGEST_FORMULA]
        shown = self._formats.get(style)
        return shown if shown and shown.decorates_text and kind in (b"s", b"str", b"inlineStr") else None

    def _format_number(self, style: bytes, value: bytes) -> str | None:
        try:
            return self._formats[style].show(float(value), is_1904=self._is_1904)
        except ValueError:
            return None


def has_formulas_alone(sheet: bytes) -> bool:
    """Whether the sheet has formulas without a stored result, as programs write that don't compute."""
    return _FORMULA_ALONE.search(sheet) is not None


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


def _read_column(reference: bytes, default: int) -> int:
    """The column of ``AB12``, counted from 0."""
    column = 0
    for letter in reference.rstrip(b"0123456789")[:3]:
        column = 26 * column + (letter & 0x1F)
    return column - 1 if column else default
