"""Binary workbooks with one sheet, ``Fees``, built by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests import files

Value = str | float | bytes | complex
"""A text, a number, or the tokens of a formula whose result is an empty text, as programs write that don't compute.

An error's number is an imaginary one.
"""
Cell = Value | tuple[Value, str]
"""A value, perhaps with its number format."""
_CODES = ["0.0%", "00000", "d\\.m\\.yyyy", "[h]:mm", '#,##0.00 "€"', '"Lot "@', "hh:mm", "#,##0;(#,##0)"]


def _split(cell: Cell) -> tuple[Value, int]:
    value, code = cell if isinstance(cell, tuple) else (cell, "")
    return value, _CODES.index(code) + 1 if code else 0


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xls(
    rows: Sequence[Sequence[Cell]], *, merged: Sequence[tuple[int, int, int, int]] = (), is_1904: bool = False
) -> bytes:
    """`merged` has first and last row, first and last column."""
    head = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + _record(0x22, struct.pack("<H", is_1904))
    for number, code in enumerate(_CODES):
        head += _record(0x41E, struct.pack("<HHB", 200 + number, len(code), 1) + code.encode("utf-16-le"))
    for number in (0, *range(200, 200 + len(_CODES))):
        head += _record(0xE0, struct.pack("<HH", 0, number).ljust(20, b"\0"))
    start = len(head) + 4 + 6 + 2 + 4 + 4
    head += _record(0x85, struct.pack("<IBB", start, 0, 0) + b"\4\0Fees") + _record(0x0A, b"")
    body = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))
    chart = (
        _record(0x809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 6)) + _record(0x203, bytes(14)) + _record(0x0A, b"")
    )
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            value, style = _split(cell)
            place = struct.pack("<HHH", at, column, style)
            if isinstance(value, bytes):
                body += _record(0x06, place + struct.pack("<Q6xH", 0xFFFF000000000003, len(value)) + value)
            elif isinstance(value, str):
                body += _record(0x204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
            elif isinstance(value, complex):
                body += _record(0x205, place + struct.pack("<BB", int(value.imag), 1))
            else:
                body += _record(0x203, place + struct.pack("<d", value))
    body += _record(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<4H", *area) for area in merged))
    assert len(head) == start
    return files.compound_file(Workbook=head + body + chart + _record(0x0A, b""))


def _wide(kind: int, body: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(
    rows: Sequence[Sequence[Cell]], *, merged: Sequence[tuple[int, int, int, int]] = (), is_1904: bool = False
) -> bytes:
    styles = _wide(278) + _wide(615, struct.pack("<I", len(_CODES)))
    styles += b"".join(_wide(44, struct.pack("<H", 200 + number) + _text(code)) for number, code in enumerate(_CODES))
    styles += (
        _wide(616)
        + _wide(626, struct.pack("<I", 1))
        + _wide(47, struct.pack("<HH", 0xFFFF, 9).ljust(16, b"\0"))
        + _wide(627)
    )
    styles += _wide(617, struct.pack("<I", len(_CODES) + 1))
    for number in (0, *range(200, 200 + len(_CODES))):
        styles += _wide(47, struct.pack("<HH", 0, number).ljust(16, b"\0"))
    styles += _wide(618) + _wide(279)
    sheet = _wide(129) + _wide(148, struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)) + _wide(145)
    for at, row in enumerate(rows):
        sheet += _wide(0, struct.pack("<I", at).ljust(25, b"\0"))
        for column, cell in enumerate(row):
            value, style = _split(cell)
            place = struct.pack("<II", column, style)
            if isinstance(value, bytes):
                sheet += _wide(8, place + _text("") + struct.pack("<HI", 0, len(value)) + value + bytes(4))
            elif isinstance(value, str):
                sheet += _wide(6, place + _text(value))
            elif isinstance(value, complex):
                sheet += _wide(3, place + bytes([int(value.imag)]))
            else:
                sheet += _wide(5, place + struct.pack("<d", value))
    sheet += _wide(146) + _wide(177, struct.pack("<I", len(merged)))
    sheet += b"".join(_wide(176, struct.pack("<4I", *area)) for area in merged) + _wide(178) + _wide(130)
    book = _wide(131) + _wide(153, struct.pack("<III", is_1904, 0, 0)) + _wide(143)
    book += _wide(156, struct.pack("<II", 0, 1) + _text("r1") + _text("Fees")) + _wide(144) + _wide(132)
    kind = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
    return files.zipped({
        "[Content_Types].xml": f'<Types><Override PartName="/xl/workbook.bin" ContentType="{kind}"/></Types>',
        "_rels/.rels": files.relations(r1="officeDocument:xl/workbook.bin"),
        "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": files.relations(r1="worksheet:worksheets/sheet1.bin", r2="styles:styles.bin"),
        "xl/worksheets/sheet1.bin": sheet,
        "xl/styles.bin": styles,
    })  # fmt: skip
