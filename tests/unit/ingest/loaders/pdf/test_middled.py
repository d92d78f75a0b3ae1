"""Cells that stand in the middle of their row, and names in the middle of theirs. Each letter is six points wide."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.layout.drawing import Drawing, make_pdf, write, write_lines
from bench.layout.judging import read_texts

_PLACES = (60, 130, 300, 480)
_FAULTS = [
    ("Code", "Fault", "Remedy", "Minutes"),
    ("F07", "Pump does not\nprime", "Vent the housing;\nfill with water;\nclose again", "25"),
    ("F11", "Display dark", "Replace the fuse", "10"),
    ("F19", "Grinding noise\nwhile it runs", "Grease bearing", "90"),
]
_LANDED = [("Region", "Port", "Cod", "Herring"), ("North", "Kjelvik", "410", "2,300"), ("", "Skarnes", "95", "1,120")]
_MORE = [("", "Vardal", "66", "480"), ("South", "Lyngsund", "12", "3,905"), ("", "Grimsby Bay", "7", "2,214")]


def _draw(rows: Sequence[Sequence[str]], *, step: float = 20) -> Drawing:
    """Cell by cell, each in the middle of its row's height."""
    drawing: Drawing = []
    top = 700.0
    for row in rows:
        height = 12 * max(cell.count("\n") for cell in row)
        for place, cell in zip(_PLACES, row, strict=True):
            first = top - (height - 12 * cell.count("\n")) / 2
            drawing += write_lines(place, first, cell.split("\n")) if cell else []
        top -= step + height
    return drawing


def _draw_named(rows: Sequence[Sequence[str]], names: dict[float, str]) -> Drawing:
    """Rows of 18 points; each name stands at its own height, and is drawn before the rows below its top."""
    drawing: Drawing = []
    for at, row in enumerate(rows):
        for height, name in names.items():
            drawing += write(_PLACES[0], 700 - 18 * height, name) if row[0] == name else []
        for place, cell in zip(_PLACES[1:], row[1:], strict=True):
            drawing += write(place, 700 - 18 * at, cell)
    return drawing


def _read(drawing: Drawing) -> list[str]:
    return read_texts(make_pdf([drawing]))[-1].split("\n")


@pytest.mark.parametrize(
    "rows",
    [
        _FAULTS,
        [*_FAULTS, ("F20", "Leak at the\nfoot", "", "5")],
        [("Code", "Fault", "Remedy as it is told", "Minutes"), *_FAULTS[1:]],  # the last two heads stand close
        [
            ("Code", "Fault", "Remedy as it is told", "Minutes"),
            *((n, "Dry\nand hot", "5", m) for n, _, _, m in _FAULTS[1:]),
        ],
    ],
)
def test_a_row_has_all_lines_of_its_cells(rows):
    assert _read(_draw(rows)) == ["\t".join(cell.replace("\n", " ") for cell in row) for row in rows]


def test_numbers_under_one_another_are_no_lines_of_one_cell():
    rows = [("Pump", "On\nOff", "3\n4", "5"), ("Fan", "On\nOff", "6\n7", "8"), ("Lamp", "On\nOff", "9\n10", "11")]
    assert not any("3 4" in line or "9 10" in line for line in _read(_draw(rows)))


@pytest.mark.parametrize(
    ("heights", "south"),
    [({0: "Region", 2: "North", 4.5: "South"}, "South\tGrimsby Bay\t7\t2,214"), ({0: "Region", 2: "North"}, "")],
)
def test_a_name_beside_several_rows_stands_in_each_of_them(heights, south):
    rows = [*_LANDED, *_MORE]
    read = _read(_draw_named(rows, heights))
    assert ("North\tVardal\t66\t480" in read) == bool(south)
    assert not south or read[-1] == south


def test_a_name_may_stand_beside_the_last_line_of_a_head():
    rows = [("", "Rain", "", "Frost"), ("Station", "2022", "2023", "2022"), ("Innersee", "987", "640", "96")]
    lower = [("Hochfeld", "812", "655", "71"), ("Talboden", "702", "699", "44")]
    drawn = write(_PLACES[0], 682, "Station") + _draw_named([(*rows[0][:3], "Frost"), ("", *rows[1][1:])], {})
    drawn += [part for n, row in enumerate([rows[2], *lower], 2) for part in _draw_row(700 - 18 * n, row)]
    assert _read(drawn)[-3:] == ["\t".join(row) for row in [rows[2], *lower]]
    assert _read(drawn)[0].startswith("Station\t")


def _draw_row(bottom: float, row: Sequence[str]) -> Drawing:
    return [part for place, cell in zip(_PLACES, row, strict=True) for part in write(place, bottom, cell)]
