"""The binary workbooks of Excel, XLS and XLSB, built by hand: their cells read as Excel shows them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError
from tests import files

Cell = str | float | tuple[str | float, str]
"""A text, a number, or one of them with its number format."""
_CODES = ["0.0%", "00000", "d\\.m\\.yyyy", "[h]:mm", '#,##0.00 "€"', '"Lot "@', "hh:mm", "#,##0;(#,##0)"]


def _split(cell: Cell) -> tuple[str | float, int]:
    value, code = cell if isinstance(cell, tuple) else (cell, "")
    return value, _CODES.index(code) + 1 if code else 0


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _xls(
    rows: Sequence[Sequence[Cell]], *, merged: Sequence[tuple[int, int, int, int]] = (), is_1904: bool = False
) -> bytes:
    """`merged` has first and last row, first and last column."""
    bound = b"\x04\0\x00Fees"
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
            if isinstance(value, str):
                body += _record(0x204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
            else:
                body += _record(0x203, place + struct.pack("<d", value))
    body += _record(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<4H", *area) for area in merged))
    assert len(head) == start, bound
    return files.compound_file(Workbook=head + body + chart + _record(0x0A, b""))


def _wide(kind: int, body: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb(
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
            sheet += (
                _wide(6, place + _text(value)) if isinstance(value, str) else _wide(5, place + struct.pack("<d", value))
            )
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


_WORKBOOKS = pytest.mark.parametrize(("name", "make"), [("a.xls", _xls), ("a.xlsb", _xlsb)])


def _read(name: str, data: bytes) -> str:
    return "\n\n".join(page.text for page in read(name, data, ReadOptions())[1].pages)


@_WORKBOOKS
@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ((0.3125, "0.0%"), "31.3%"),
        ((1067.0, "00000"), "01067"),
        ((36891.0, "d\\.m\\.yyyy"), "31.12.2000"),
        ((1.75, "[h]:mm"), "42:00"),
        ((-3.5, '#,##0.00 "€"'), "-3.50 €"),
        ((98765.4321, '#,##0.00 "€"'), "98,765.43 €"),
        (("B7", '"Lot "@'), "Lot B7"),
        ((0.625, "hh:mm"), "15:00"),
        ((-4200.0, "#,##0;(#,##0)"), "(4,200)"),
        (0.125, "0.125"),
    ],
)
def test_a_cell_reads_as_excel_shows_it(name, make, cell, shown):
    assert _read(name, make([["Berth", "Fee"], ["North", cell]])) == f"# Fees\n\nBerth\tFee\nNorth\t{shown}"


@_WORKBOOKS
def test_dates_that_count_from_1904(name, make):
    assert _read(name, make([["a", (35429.0, "d\\.m\\.yyyy")]], is_1904=True)) == "# Fees\n\na\t31.12.2000"


@_WORKBOOKS
def test_a_merged_cell_holds_for_its_rows(name, make):
    rows = [["Pier", "Fee"], ["East", (0.5, "0.0%")], ["", (0.25, "0.0%")]]
    assert _read(name, make(rows, merged=[(1, 2, 0, 0)])) == "# Fees\n\nPier\tFee\nEast\t50.0%\nEast\t25.0%"


def test_a_damaged_workbook_is_refused_or_read_as_far_as_it_goes():
    data = _xls([["Berth", (0.5, "0.0%")], ["North", (7.0, "00000")]])
    whole, read_anyway = _read("a.xls", data), 0
    for at in range(1_536, 3_000, 61):
        try:
            read_anyway += _read("a.xls", data[:at] + b"\xff\xff" + data[at + 2 :]) != whole
        except LoadError:
            continue
    assert read_anyway
