"""Heads whose upper names stand over several columns. Every letter of the pages is six points wide."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.layout.drawing import Drawing, make_pdf, write
from bench.layout.judging import read_texts

_PORTS = [
    ("Tornby", "737", "361", "914", "807"),
    ("Skovsund", "656", "204", "113", "848"),
    ("Ruds", "38", "2", "9", "26"),
]
_STEP = 100.0
"""From the middle of a column to that of the next, in points."""


def _draw(
    heads: Sequence[Sequence[tuple[float, str]]], rows: Sequence[Sequence[str]], align: str = "middle"
) -> Drawing:
    """A table below its head; of each name of that the column in whose middle, or at whose beginning, it stands."""
    drawing: Drawing = []
    top = 700.0
    for names in heads:
        for place, name in names:
            drawing += _place(place, top, name, align)
        top -= 14
    for row in rows:
        for at, cell in enumerate(row):
            drawing += _place(at, top, cell, "left" if not at else align)
        top -= 14
    return drawing


def _place(column: float, top: float, text: str, align: str) -> Drawing:
    left = 80 + _STEP * column - {"left": 0, "middle": 3, "right": 6}[align] * len(text)
    return write(left, top, text) if text else []


_QUARTERS = [(1, "Day"), (2, "Week"), (3, "Day"), (4, "Week")]
_JOINED = "Port\t2023 Day\t2023 Week\t2024 Day\t2024 Week"


@pytest.mark.parametrize(
    ("heads", "rows", "align", "joined"),
    [
        ([[(1.5, "2023"), (3.5, "2024")], [(0, "Port"), *_QUARTERS]], _PORTS, "middle", _JOINED),
        ([[(0, "Port"), (1.5, "2023"), (3.5, "2024")], _QUARTERS], _PORTS, "middle", _JOINED),
        ([[(1.5, "2023"), (3.5, "2024")], [(0, "Port")], _QUARTERS], _PORTS, "middle", _JOINED),
        ([[(1, "2023"), (3, "2024")], [(0, "Port"), *_QUARTERS]], _PORTS, "left", _JOINED),
        (
            [[(1.3, "2023"), (3.3, "2024")], [(0.2, "Port"), *((at - 0.3, name) for at, name in _QUARTERS)]],
            _PORTS,
            "right",
            _JOINED,
        ),
        (
            [[(0, "Port"), (1, "Dues"), (2, "Open"), (4, "Warden")], [(2, "From"), (3, "Until")]],
            [("Tornby", "737", "May", "June", "Ida"), ("Skovsund", "656", "April", "July", "Ole")],
            "left",
            "Port\tDues\tOpen From\tOpen Until\tWarden",
        ),
        (
            [[(2.5, "Ships")], [(1.5, "2023"), (3.5, "2024")], [(0, "Port"), *_QUARTERS]],
            _PORTS,
            "middle",
            "Port\tShips 2023 Day\tShips 2023 Week\tShips 2024 Day\tShips 2024 Week",
        ),
        (
            [[(0, "Port"), (2, "Passengers by boat"), (4, "Cars")], [(1, "In"), (2, "Out"), (3, "Both")]],
            _PORTS,
            "middle",
            "Port\tPassengers by boat In\tPassengers by boat Out\tPassengers by boat Both\tCars",
        ),
        (
            [[(1.5, "Old wing"), (3.5, "New wing")], [(0, "Room"), (1, "Door"), (2, "Lock"), (3, "Door"), (4, "Lock")]],
            [("Vault", "ash", "dial", "elm", "key"),
             ("Hall", "oak", "bolt", "fir", "code"), ("Den", "tin", "bar", "box", "pin")],
            "middle",
            "Room\tOld wing Door\tOld wing Lock\tNew wing Door\tNew wing Lock",
        ),
    ],
)  # fmt: skip
def test_each_column_has_all_names_above_it(heads, rows, align, joined):
    text = read_texts(make_pdf([_draw(heads, rows, align)]))[1].replace("\n\n", "\n").split("\n")
    assert text == [joined, *map("\t".join, rows)]


_FISH = [("737", "361", "Ling", "914", "807"), ("656", "204", "Cod", "113", "848"), ("38", "2", "Tusk", "9", "26")]


@pytest.mark.parametrize(
    ("heads", "rows", "joined"),
    [
        (
            [[(0.5, "Winter"), (3.5, "Summer")], [(0.0, "Dues"), (1, "Tax"), (2, "Fish"), (3, "Dues"), (4, "Tax")]],
            _FISH,
            "Winter Dues\tWinter Tax\tFish\tSummer Dues\tSummer Tax",
        ),
        (
            [[(0, "Winter"), (2, "Summer")], [(0, "2023"), (1, "Fish"), (2, "2024")]],
            [("737", "Ling", "914"), ("656", "Cod", "113"), ("38", "Tusk", "9")],
            "Winter 2023\tFish\tSummer 2024",
        ),
    ],
)
def test_names_are_joined_where_the_rows_have_theirs_in_the_middle(heads, rows, joined):
    drawing = [part for at, row in enumerate([*heads, *rows]) for part in _draw_centred(700 - 14 * at, row)]
    assert read_texts(make_pdf([drawing]))[1].split("\n") == [joined, *map("\t".join, rows)]


def _draw_centred(bottom: float, row: Sequence[str] | Sequence[tuple[float, str]]) -> Drawing:
    cells = [cell if isinstance(cell, tuple) else (at, cell) for at, cell in enumerate(row)]
    return [part for column, text in cells for part in _place(column, bottom, text, "middle")]


def test_no_line_is_lost_above_a_head_of_years_whose_columns_it_crosses():
    heads = [[(0.4, "measured in October"), (3.2, "measured in late March")], [(0.0, "2021"), (1, "2022"), (2, "2023"),
             (3, "2024")]]  # fmt: skip
    rows = [("737", "361", "914", "807"), ("656", "204", "113", "848"), ("38", "2", "9", "26")]
    lines: list[Sequence[str] | Sequence[tuple[float, str]]] = [*heads, *rows]
    drawing = [part for at, row in enumerate(lines) for part in _draw_centred(700 - 14 * at, row)]
    text = read_texts(make_pdf([drawing]))[1]
    assert "measured in October" in text
    assert "2021\t2022\t2023\t2024" in text


def test_a_title_in_the_middle_and_names_of_two_lines_are_no_groups():
    names = [(0.0, "Port"), (1, "Dues"), (2, "Berth"), (3, "Cars"), (4, "Boats")]
    drawing = write(80 + 2 * _STEP - 30, 730, "Ships 2023") + _draw([names], _PORTS)
    assert read_texts(make_pdf([drawing]))[1].split("\n")[-4:-3] == ["Port\tDues\tBerth\tCars\tBoats"]
    drawing = _draw([[(1, "Net"), (2, "Gross")], names], _PORTS)
    assert "Net Berth" not in read_texts(make_pdf([drawing]))[1]


def test_a_head_of_groups_stands_on_each_page():
    heads = [[(1.5, "2023"), (3.5, "2024")], [(0.0, "Port"), *_QUARTERS]]
    ports = [(f"Port {n}", f"{n}7", f"{n}1", f"{n}4", f"{n}5") for n in range(10, 40)]
    pages = read_texts(make_pdf([_draw(heads, ports[:20]), _draw([], ports[20:])]))[1:]
    assert [page.split("\n")[0] for page in pages] == [_JOINED] * 2


def test_cells_of_a_ruled_table_are_told_apart_by_the_gaps_below_one_another():
    rows = [("Harbour", "Krumm", "Rye", "120"), ("Hill", "Ofenglut", "Rye", "67"), ("Quay", "Mehlwurm", "Oats", "140")]
    drawing = [part for at, row in enumerate(rows) for left, cell in zip((80, 131, 188, 260), row, strict=True)
               for part in write(left, 700 - 14 * at, cell)]  # fmt: skip
    assert read_texts(make_pdf([drawing]))[1].split("\n") == ["\t".join(row) for row in rows]
