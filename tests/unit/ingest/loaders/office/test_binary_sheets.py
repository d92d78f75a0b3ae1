"""The binary workbooks of Excel, XLS and XLSB, built by hand: their cells read as Excel shows them."""

from __future__ import annotations

import struct

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError
from tests import workbooks

_WORKBOOKS = pytest.mark.parametrize(("name", "make"), [("a.xls", workbooks.xls), ("a.xlsb", workbooks.xlsb)])


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
        (42j, "#N/A"),
        (7j, "#DIV/0!"),
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


_NARROW = {"place": "<HH", "area": "<HHHH", "text": "<BB"}
_WIDE = {"place": "<IH", "area": "<IIHH", "text": "<H"}
_RELATIVE = 0xC000


def _make_tokens(name: str) -> list[tuple[bytes, str]]:
    """Formulas as both kinds of workbooks keep them, with what people write."""
    form = _WIDE if name.endswith("b") else _NARROW

    def place(row: int, column: int) -> bytes:
        return b"\x44" + struct.pack(form["place"], row, column)

    def text(value: str) -> bytes:
        flags = () if name.endswith("b") else (1,)
        return b"\x17" + struct.pack(form["text"], len(value), *flags) + value.encode("utf-16-le")

    area = b"\x25" + struct.pack(form["area"], 1, 29, _RELATIVE + 1, 27)
    best = place(1, 1) + text('a "b"') + b"\x08" + b"\x22\x03" + struct.pack("<H", 1)
    return [
        (area + b"\x19\x10\0\0" + b"\x1e\5\0" + b"\x14" + b"\x05", "=SUM(B2:$AB$30)*5%"),
        (place(2, _RELATIVE) + text("é") + b"\x0b" + b"\x1d\1" + best, '=IF(A3="é",TRUE,$B$2&"a ""b""")'),
        (place(0, 0) + b"\x41" + struct.pack("<H", 999), "(formula without a result)"),
        (text(""), ""),
    ]


@_WORKBOOKS
def test_a_formula_is_shown_if_the_sheet_has_no_results(name, make):
    formulas = _make_tokens(name)
    rows = [["Sum"], *([tokens] for tokens, _ in formulas)]
    assert _read(name, make(rows)).split("\n")[2:] == ["Sum", *(shown for _, shown in formulas if shown)]


def test_a_damaged_workbook_is_refused_or_read_as_far_as_it_goes():
    data = workbooks.xls([["Berth", (0.5, "0.0%")], ["North", (7.0, "00000")]])
    whole, read_anyway = _read("a.xls", data), 0
    for at in range(1_536, 3_000, 61):
        try:
            read_anyway += _read("a.xls", data[:at] + b"\xff\xff" + data[at + 2 :]) != whole
        except LoadError:
            continue
    assert read_anyway
