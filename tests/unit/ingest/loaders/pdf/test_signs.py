"""Signs of currencies that stand apart from their numbers, in tables drawn as spreadsheets and reports draw them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.layout.drawing import Drawing, make_pdf, write
from bench.layout.judging import read_texts

_HEAD = ("Item", "Plan", "Spent", "Left")
_ROWS = [_HEAD, ("Cranes", "1,200", "980", "220"), ("Lights", "45", "61", "(16)"), ("Paint", "", "2,100", "350")]
_WIDTH = 72.0


def _draw(rows: Sequence[Sequence[str]], sign: str, *, is_behind: bool = False, width: float = _WIDTH) -> list[str]:
    """The page's rows: the sign at one side of each cell with a number, the number at the other."""
    drawing: Drawing = []
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            left, right = 60 + width * column, 50 + width * (column + 1)
            is_number = at and column and cell
            sign_width = 6 * len(sign) + 4 if is_behind and is_number else 0
            place = right - sign_width - 6 * len(cell) if column else left
            drawing += write(left, 700 - 14 * at, sign) if is_number and not is_behind else []
            drawing += write(place, 700 - 14 * at, cell) if cell else []
            drawing += write(right - 6 * len(sign), 700 - 14 * at, sign) if is_number and is_behind else []
    return read_texts(make_pdf([drawing]))[-1].split("\n")


def _show(rows: Sequence[Sequence[str]], form: str) -> list[str]:
    return [
        "\t".join([row[0], *(form.format(cell) if cell and at else cell for cell in row[1:])])
        for at, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("sign", "is_behind", "form"),
    [
        ("$", False, "${}"),
        ("£", True, "{} £"),
        ("kr", False, "kr {}"),
        ("CHF", False, "CHF {}"),
        ("USD", True, "{} USD"),
    ],
)
def test_a_sign_at_the_other_side_of_the_cell_belongs_to_its_number_and_an_empty_cell_stays(sign, is_behind, form):
    assert _draw(_ROWS, sign, is_behind=is_behind) == _show(_ROWS, form)


def test_cells_of_ruled_tables_are_told_apart_by_signs_where_they_stand_close():
    assert _draw(_ROWS[:3], "$", width=48) == _show(_ROWS[:3], "${}")


def test_a_dash_with_a_sign_is_a_value():
    rows = [*_ROWS[:2], ("Winch", "-", "310", "—")]
    assert _draw(rows, "$") == _show(rows, "${}")


def test_a_column_of_codes_with_a_name_stays():
    rows = [("Town", "Currency", "Fee"), ("Bergen", "NOK", "1,200"), ("Lund", "SEK", "980"), ("Odense", "DKK", "310")]
    drawing = [
        part
        for at, row in enumerate(rows)
        for n, cell in enumerate(row)
        for part in write(60 + 80 * n, 700 - 14 * at, cell)
    ]
    assert read_texts(make_pdf([drawing]))[-1].split("\n") == ["\t".join(row) for row in rows]
