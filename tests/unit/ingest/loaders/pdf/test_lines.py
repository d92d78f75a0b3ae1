"""Lines that pdfium ends where none ends."""

from __future__ import annotations

import pytest

from bench.layout.drawing import make_pdf, write
from bench.layout.judging import read_texts


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("The surface has 40km", "\\) and is wet.", "The surface has 40km2) and is wet."),
        ("A field of 40km", "50 people", "A field of 40km2\n50 people"),
    ],
)
def test_a_line_goes_on_behind_an_exponent_but_two_figures_make_no_number(before: str, after: str, text: str):
    """As TeX writes an exponent: smaller letters above the line, the rest of the line close behind."""
    letters = 6 * len(before)
    drawn = [
        f"BT /F1 10 Tf 60 700 Td ({before}) Tj /F1 7 Tf {letters} 5 Td (2) Tj /F1 10 Tf 3.2 -5 Td ({after}) Tj ET",
    ]
    assert read_texts(make_pdf([drawn]))[-1] == text


@pytest.mark.parametrize(("rise", "shown"), [(4, "Sold 273,750\u00a0¹² were kept"), (0, "Sold 273,75012 were kept")])
def test_a_raised_figure_behind_a_number_is_no_figure_of_it(rise: float, shown: str):
    drawn = [*write(60, 660, "Sold 273,750"), *write(132, 660 + rise, "12", 7), *write(145, 660, "were kept")]
    assert read_texts(make_pdf([drawn]))[-1] == shown


@pytest.mark.parametrize("turn", [1, -1], ids=["upwards", "downwards"])
def test_a_wide_table_that_stands_sideways_is_read_as_if_it_were_turned(turn: int):
    rows = [("Wood", "Speed", "Angle"), ("Yew", "950", "45"), ("Boxwood", "2100", "35")]
    drawn = [
        f"BT /F1 10 Tf 0 {turn} {-turn} 0 {300 + turn * 18 * at} {400 + turn * 120 * column} Tm ({text}) Tj ET"
        for at, row in enumerate(rows)
        for column, text in enumerate(row)
    ]
    assert read_texts(make_pdf([drawn]))[-1] == "Wood\tSpeed\tAngle\nYew\t950\t45\nBoxwood\t2100\t35"
