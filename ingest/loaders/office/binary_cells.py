"""The styles and merged cells of binary workbooks: XLS by [MS-XLS], XLSB by [MS-XLSB]. calamine gives the values alone.

Formulas are stored with results in both; one without can't be shown, because what is stored of it is compiled.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.loaders.office.format_codes import BUILT_IN
from ingest.loaders.office.number_formats import NumberFormat, read_format
from ingest.loaders.office.ooxml import Package
from ingest.loaders.office.shown_values import Show, ShownValues, StyledCell, choose_shows, show_value
from rag.errors import LoadError

_Record = tuple[int, bytes]
_StyledPlace = tuple[int, int, bool]
"""Column, style, and whether the value is a text."""
Area = tuple[tuple[int, int], tuple[int, int]]
"""The first row and column, and the last, as calamine gives them."""


@dataclass(slots=True)
class SheetStyles:
    """What a sheet tells beside its values."""

    rows: dict[int, list[_StyledPlace]] = field(default_factory=dict)
    merged: list[Area] = field(default_factory=list)
    _known: dict[_StyledPlace, _StyledPlace] = field(default_factory=dict)
    """Each place once, because millions of cells have few of them."""

    def add_cell(self, row: int, column: int, style: int, is_text: bool) -> None:
        place = (column, style, is_text)
        self.rows.setdefault(row, []).append(self._known.setdefault(place, place))


class BinaryBook:
    """The number formats of a binary workbook, and what its sheets tell."""

    def __init__(
        self, codes: Mapping[int, str], styles: list[int], is_1904: bool, read_sheet: Callable[[int], SheetStyles]
    ) -> None:
        """`styles` has the number of each style's format; `read_sheet` takes the sheet's place in the workbook."""
        found = (codes.get(number) or BUILT_IN.get(number) for number in styles)
        formats = {style: read_format(code) for style, code in enumerate(found) if code}
        self._formats: dict[int, NumberFormat] = {s: shown for s, shown in formats.items() if not shown.is_plain}
        self._shown = ShownValues(is_1904=is_1904, needs_exact=False)
        self.read_sheet = read_sheet

    def show_rows(
        self, rows: Iterator[list[object]], sheet: SheetStyles, first: int, width: int
    ) -> Iterator[list[str]]:
        """The rows of values as they are shown; `first` is their first column, `width` the number of their columns."""
        plans: dict[tuple[_StyledPlace, ...], list[Show]] = {}
        for number, row in enumerate(rows):
            cells = tuple(sheet.rows.get(number, ()))
            shows = plans.get(cells)
            if shows is None:
                if len(plans) * width > _MOST_PLANNED:
                    plans.clear()
                styled = (StyledCell(at - first, self._formats.get(style), is_text) for at, style, is_text in cells)
                shows = plans[cells] = choose_shows(styled, self._shown, width) or [show_value] * width
            yield [show(value) or "" for show, value in zip(shows, row, strict=False)]


_MOST_PLANNED = 300_000
"""Cells of all kinds of rows, by the styles of their cells, that are kept."""


# XLS

_BOF, _EOF, _DATE_MODE, _BOUND_SHEET, _XF, _FORMAT, _MERGED = 0x809, 0x0A, 0x22, 0x85, 0xE0, 0x41E, 0xE5
_NUMBERS, _SEVERAL_NUMBERS = {0x203, 0x27E, 0x06}, 0xBD
_TEXTS = {0xFD, 0x204, 0xD6}
_BIFF8 = 0x600


def open_xls(data: bytes) -> BinaryBook | None:
    """What the workbook's stream tells; None if there is none, as in files of before Excel 5."""
    import olefile

    if not data.startswith(olefile.MAGIC):
        return None
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            name = next((name for name in ("Workbook", "Book") if ole.exists(name)), "")
            stream: bytes = ole.openstream(name).read() if name else b""
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise LoadError(f"it is a damaged spreadsheet ({error})") from error
    return _open_xls_stream(stream)


def _open_xls_stream(stream: bytes) -> BinaryBook:
    codes: dict[int, str] = {}
    styles, starts = [], []
    is_1904, is_biff8 = False, True
    for kind, body in _read_records(stream, 0):
        if kind == _BOF:
            is_biff8 = body[:2] == struct.pack("<H", _BIFF8)
        elif kind == _DATE_MODE:
            is_1904 = body[:1] == b"\1"
        elif kind == _BOUND_SHEET:
            starts.append(int.from_bytes(body[:4], "little"))
        elif kind == _XF:
            styles.append(int.from_bytes(body[2:4], "little"))
        elif kind == _FORMAT:
            codes[int.from_bytes(body[:2], "little")] = _read_code(body[2:], is_biff8)

    def read_sheet(at: int) -> SheetStyles:
        return _read_xls_sheet(stream, starts[at]) if at < len(starts) else SheetStyles()

    return BinaryBook(codes, styles, is_1904, read_sheet)


def _read_records(stream: bytes, at: int) -> Iterator[_Record]:
    """The records of the part that begins there, without those of charts within it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + size]
        elif depth < 1:
            return
        at += 4 + size


def _read_code(body: bytes, is_biff8: bool) -> str:
    if not is_biff8:
        return body[1 : 1 + body[0]].decode("cp1252", "replace") if body else ""
    if len(body) < 3:
        return ""
    length, is_wide = int.from_bytes(body[:2], "little"), body[2] & 1
    return body[3 : 3 + length * (1 + is_wide)].decode("utf-16-le" if is_wide else "latin-1", "replace")


def _read_xls_sheet(stream: bytes, start: int) -> SheetStyles:
    sheet = SheetStyles()
    for kind, body in _read_records(stream, start):
        if kind == _MERGED:
            for top, bottom, left, right in struct.iter_unpack("<4H", body[2 : 2 + (len(body) - 2) // 8 * 8]):
                sheet.merged.append(((top, left), (bottom, right)))
        elif (kind in _NUMBERS or kind in _TEXTS or kind == _SEVERAL_NUMBERS) and len(body) >= 6:
            row, column, style = struct.unpack_from("<3H", body)
            if kind != _SEVERAL_NUMBERS:
                sheet.add_cell(row, column, style, kind in _TEXTS)
                continue
            for place, (style, _) in enumerate(struct.iter_unpack("<HI", body[4 : 4 + (len(body) - 6) // 6 * 6])):
                sheet.add_cell(row, column + place, style, False)
    return sheet


# XLSB

_ROW, _XLSB_NUMBERS, _XLSB_TEXTS = 0, {2, 5, 9}, {6, 7, 8, 62}
_FMT, _XLSB_XF, _BEGIN_CELL_XFS, _END_CELL_XFS = 44, 47, 617, 618
_BOOK_PROPERTIES, _BUNDLE_SHEET, _MERGE_CELL = 153, 156, 176


def open_xlsb(package: Package, main: str) -> BinaryBook:
    """What the package's styles and sheets tell."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    part = 0
    for kind, body in _read_wide_records(package.archive.get(package.find_related(main, "styles") or "") or b""):
        part = kind if kind in (_BEGIN_CELL_XFS, _END_CELL_XFS) else part
        if kind == _FMT:
            codes[int.from_bytes(body[:2], "little")] = _read_wide_text(body, 2)
        elif kind == _XLSB_XF and part == _BEGIN_CELL_XFS:
            styles.append(int.from_bytes(body[2:4], "little"))
    relations = package.read_relations(main)
    book = list(_read_wide_records(package.archive.get(main) or b""))
    is_1904 = any(kind == _BOOK_PROPERTIES and body[:1] and body[0] & 1 for kind, body in book)
    ids = [_read_wide_text(body, 8) for kind, body in book if kind == _BUNDLE_SHEET]
    parts = [relations.get(name, ("", ""))[1] for name in ids]

    def read_sheet(at: int) -> SheetStyles:
        return _read_xlsb_sheet((package.archive.get(parts[at]) or b"") if at < len(parts) else b"")

    return BinaryBook(codes, styles, is_1904, read_sheet)


def _read_wide_records(part: bytes) -> Iterator[_Record]:
    at = 0
    while at < len(part):
        kind, at = _read_count(part, at, 2)
        size, at = _read_count(part, at, 4)
        yield kind, part[at : at + size]
        at += size


def _read_count(part: bytes, at: int, longest: int) -> tuple[int, int]:
    """A number of which each byte gives seven bits, and where it ends."""
    value = 0
    for place in range(longest):
        if at + place >= len(part):
            break
        byte = part[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    return value, at + longest


def _read_wide_text(body: bytes, at: int) -> str:
    length = min(int.from_bytes(body[at : at + 4], "little"), len(body))
    return body[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace")


def _read_xlsb_sheet(part: bytes) -> SheetStyles:
    sheet = SheetStyles()
    row = 0
    for kind, body in _read_wide_records(part):
        if kind == _ROW:
            row = int.from_bytes(body[:4], "little")
        elif (kind in _XLSB_NUMBERS or kind in _XLSB_TEXTS) and len(body) >= 8:
            column, style = struct.unpack_from("<II", body)
            sheet.add_cell(row, column, style & 0xFFFFFF, kind in _XLSB_TEXTS)
        elif kind == _MERGE_CELL and len(body) >= 16:
            top, bottom, left, right = struct.unpack_from("<4I", body)
            sheet.merged.append(((top, left), (bottom, right)))
    return sheet
