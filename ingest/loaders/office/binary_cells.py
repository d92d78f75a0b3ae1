"""What binary workbooks tell of their cells beside the values, which calamine gives: styles, merged cells, formulas.

XLS is read by [MS-XLS], XLSB by [MS-XLSB]. Both keep a result with every formula, so that programs which don't compute
write an empty or a zero one; such formulas are shown themselves.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.loaders.office.compiled_formulas import ERRORS, FormulaWriter
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
    formulas: dict[int, dict[int, str]] = field(default_factory=dict)
    """The formulas by row and column, if the sheet has the results of none; and errors."""
    _known: dict[_StyledPlace, _StyledPlace] = field(default_factory=dict)
    """Each place once, because millions of cells have few of them."""

    def add_cell(self, row: int, column: int, style: int, is_text: bool) -> None:
        place = (column, style, is_text)
        self.rows.setdefault(row, []).append(self._known.setdefault(place, place))

    def add_error(self, row: int, column: int, number: int) -> None:
        """Keep an error by its number; other numbers are none."""
        if number in ERRORS:
            self.formulas.setdefault(row, {})[column] = ERRORS[number]

    def add_formulas(self, formulas: Sequence[_Formula], writer: FormulaWriter) -> None:
        """Keep the sheet's formulas unless the last one has a result: its program computes, so that all have theirs."""
        for formula in () if formulas and formulas[-1].has_result else formulas:
            text = writer.write(formula.tokens) or "(formula without a result)"
            if not (formula.is_text and "" in _CONSTANT.findall(text)):  # the result may be empty
                self.formulas.setdefault(formula.row, {})[formula.column] = text


_CONSTANT = re.compile(r'"((?:[^"]|"")*+)"')
"""A text within a formula."""


class _Formula(NamedTuple):
    """A formula's place, its tokens, and what is stored as its result: something, an empty text, or a zero."""

    row: int
    column: int
    tokens: bytes
    has_result: bool
    is_text: bool


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
_FORMULA, _SHEETS_MEANT, _NAME, _ERROR = 0x06, 0x17, 0x18, 0x205
_BIFF8 = 0x600
_IS_OPEN = 0x02
"""The flag of a formula that is to be computed when the file is opened."""


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
    styles, starts, sheets, meant, names = [], [], [], [], []
    is_1904, is_biff8 = False, True
    for kind, body in _read_records(stream, 0):
        if kind == _BOF:
            is_biff8 = body[:2] == struct.pack("<H", _BIFF8)
        elif kind == _DATE_MODE:
            is_1904 = body[:1] == b"\1"
        elif kind == _BOUND_SHEET:
            starts.append(int.from_bytes(body[:4], "little"))
            sheets.append(_read_short_text(body, 6, 7))
        elif kind == _SHEETS_MEANT and is_biff8:
            meant += [first for _, first, _ in struct.iter_unpack("<HhH", body[2 : 2 + (len(body) - 2) // 6 * 6])]
        elif kind == _NAME:
            names.append(_read_short_text(body, 3, 14))
        elif kind == _XF:
            styles.append(int.from_bytes(body[2:4], "little"))
        elif kind == _FORMAT:
            codes[int.from_bytes(body[:2], "little")] = _read_code(body[2:], is_biff8)

    writer = FormulaWriter(_quote_sheets(sheets, meant) if is_biff8 else (), names, is_wide=False)

    def read_sheet(at: int) -> SheetStyles:
        return _read_xls_sheet(stream, starts[at], writer if is_biff8 else None) if at < len(starts) else SheetStyles()

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


def _read_short_text(body: bytes, length_at: int, at: int) -> str:
    """The text whose length is one byte at `length_at`; at `at` stands whether its letters have two bytes."""
    if at >= len(body):
        return ""
    is_wide = body[at] & 1
    raw = body[at + 1 : at + 1 + body[length_at] * (1 + is_wide)]
    return raw.decode("utf-16-le" if is_wide else "latin-1", "replace")


def _quote_sheets(sheets: Sequence[str], meant: Iterable[int]) -> list[str]:
    """The sheets' names as formulas have them, in the order of the numbers that these use; a wrong one has a sign."""
    names = (sheets[at] if 0 <= at < len(sheets) else "#REF" for at in meant)
    return [name if name.isidentifier() or name == "#REF" else f"'{name}'" for name in names]


def _read_xls_formula(body: bytes) -> _Formula:
    row, column = struct.unpack_from("<2H", body)
    is_text = body[6:7] == b"\3" and body[12:14] == b"\xff\xff"
    is_zero = not any(body[6:14]) and bool(body[14] & _IS_OPEN)
    size = int.from_bytes(body[20:22], "little")
    return _Formula(row, column, body[22 : 22 + size], not (is_text or is_zero), is_text)


def _read_xls_error(kind: int, body: bytes) -> tuple[int, int, int]:
    """Row, column and number of an error; the number is −1 where the cell has another value."""
    body = body.ljust(14, b"\0")
    row, column = struct.unpack_from("<2H", body)
    if kind == _ERROR:
        return row, column, body[6] if body[7:8] == b"\1" else -1
    return row, column, body[8] if body[6:7] == b"\2" and body[12:14] == b"\xff\xff" else -1


def _read_xls_sheet(stream: bytes, start: int, writer: FormulaWriter | None) -> SheetStyles:
    sheet = SheetStyles()
    formulas: list[_Formula] = []
    for kind, body in _read_records(stream, start):
        if kind == _FORMULA and len(body) > 22 and not (formulas and formulas[-1].has_result):
            formulas.append(_read_xls_formula(body))
        if kind in (_FORMULA, _ERROR):
            sheet.add_error(*_read_xls_error(kind, body))
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
    if writer:
        sheet.add_formulas(formulas, writer)
    return sheet


# XLSB

_ROW, _XLSB_NUMBERS, _XLSB_TEXTS = 0, {2, 5, 9}, {6, 7, 8, 62}
_FMT, _XLSB_XF, _BEGIN_CELL_XFS, _END_CELL_XFS = 44, 47, 617, 618
_BOOK_PROPERTIES, _BUNDLE_SHEET, _MERGE_CELL, _XLSB_NAME, _XLSB_SHEETS_MEANT = 153, 156, 176, 39, 362
_TEXT_FORMULA, _NUMBER_FORMULA, _XLSB_FORMULAS = 8, 9, {8, 9, 10, 11}
_XLSB_ERRORS = {3, 11}


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
    sheets = [
        _read_wide_text(body, 12 + 2 * int.from_bytes(body[8:12], "little"))
        for kind, body in book
        if kind == _BUNDLE_SHEET
    ]
    meant = [
        first
        for kind, body in book
        if kind == _XLSB_SHEETS_MEANT
        for _, first, _ in struct.iter_unpack("<IiI", body[4 : 4 + (len(body) - 4) // 12 * 12])
    ]
    names = [_read_wide_text(body, 9) for kind, body in book if kind == _XLSB_NAME]
    writer = FormulaWriter(_quote_sheets(sheets, meant), names, is_wide=True)

    def read_sheet(at: int) -> SheetStyles:
        return _read_xlsb_sheet((package.archive.get(parts[at]) or b"") if at < len(parts) else b"", writer)

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


def _read_xlsb_formula(row: int, kind: int, body: bytes) -> _Formula:
    column, is_text = int.from_bytes(body[:4], "little"), kind == _TEXT_FORMULA
    length = int.from_bytes(body[8:12], "little")
    at = 12 + 2 * length if is_text else 16
    flags, size = (int.from_bytes(body[start:end], "little") for start, end in ((at, at + 2), (at + 2, at + 6)))
    is_zero = kind == _NUMBER_FORMULA and not any(body[8:16]) and bool(flags & _IS_OPEN)
    return _Formula(row, column, body[at + 6 : at + 6 + size], not is_zero and not (is_text and not length), is_text)


def _read_xlsb_sheet(part: bytes, writer: FormulaWriter) -> SheetStyles:
    sheet = SheetStyles()
    formulas: list[_Formula] = []
    row = 0
    for kind, body in _read_wide_records(part):
        if kind in _XLSB_FORMULAS and len(body) >= 20 and not (formulas and formulas[-1].has_result):
            formulas.append(_read_xlsb_formula(row, kind, body))
        if kind in _XLSB_ERRORS and len(body) >= 9:
            sheet.add_error(row, int.from_bytes(body[:4], "little"), body[8])
        if kind == _ROW:
            row = int.from_bytes(body[:4], "little")
        elif (kind in _XLSB_NUMBERS or kind in _XLSB_TEXTS) and len(body) >= 8:
            column, style = struct.unpack_from("<II", body)
            sheet.add_cell(row, column, style & 0xFFFFFF, kind in _XLSB_TEXTS)
        elif kind == _MERGE_CELL and len(body) >= 16:
            top, bottom, left, right = struct.unpack_from("<4I", body)
            sheet.merged.append(((top, left), (bottom, right)))
    sheet.add_formulas(formulas, writer)
    return sheet
