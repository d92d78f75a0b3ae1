"""Tables drawn by words alone, and what looks like one. Every letter of the pages is six points wide."""

from __future__ import annotations

from collections.abc import Sequence

import pypdfium2 as pdfium
import pytest

from bench.layout.drawing import Drawing, make_pdf, write, write_across, write_lines
from bench.layout.judging import PAGES, read_texts
from bench.layout.page import tell
from ingest.loaders.pdf.grids import align_tables
from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.lines import TextReader


def _read(*pages: Drawing) -> list[str]:
    return read_texts(make_pdf(pages))[1:]


def _draw(places: Sequence[float], rows: Sequence[Sequence[str]], *, step: float = 12) -> Drawing:
    """Cells row by row, those of several lines at once."""
    drawing: Drawing = []
    top = 700.0
    for row in rows:
        for place, cell in zip(places, row, strict=True):
            drawing += write_lines(place, top, cell.split("\n")) if cell else []
        top -= step + 12 * max(cell.count("\n") for cell in row)
    return drawing


@pytest.mark.parametrize("row", [("Sum", "", "", "910"), ("Sum", "", "65 l", ""), ("", "", "65 l", "910")])
def test_a_value_stays_below_the_name_of_its_column(row):
    rows = [("Wine", "Year", "Sold", "Left"), ("Riesling", "2019", "40 l", "300"), ("Silvaner", "2021", "25 l", "610")]
    read = _read(_draw((60, 170, 260, 350), [*rows, row]))[0].split("\n")
    assert read == ["\t".join(cells).rstrip("\t") for cells in [*rows, row]]


def test_values_are_told_apart_where_a_column_is_set_to_the_middle():
    rows = [("Room", "Guests", "Rate"), ("Attic", "2", "80.00"), ("Garden room", "", "95.00"), ("Tower", "1", "70.00")]
    drawing: Drawing = []
    for at, (room, guests, rate) in enumerate(rows):
        for middle, cell in ((100, room), (250, guests), (380, rate)):
            drawing += write(middle - 3 * len(cell), 700 - 12 * at, cell) if cell else []
    assert _read(drawing)[0].split("\n") == ["\t".join(row) for row in rows]


def test_rows_that_stand_apart_hold_all_lines_of_their_cells():
    rows = [
        ("Herb", "Sown", "Harvest"),
        ("Dill", "April, in rows\nof 20 cm", "June"),
        ("Winter\nsavory", "May", "August, before\nit blooms"),
        ("Mint", "never", "all summer"),
    ]
    expected = ["\t".join(cell.replace("\n", " ") for cell in row) for row in rows]
    assert _read(_draw((60, 160, 330), rows, step=22))[0].split("\n") == expected


def test_long_lines_of_a_cell_are_one_cell():
    text = "The warden may close the basin when the water is higher than usual\nand tells the crews by radio"
    rows = [("Rule", "Text", "Binding"), *((f"No. {n}", text, "by day") for n in range(1, 5))]
    expected = ["\t".join(cell.replace("\n", " ") for cell in row) for row in rows]
    assert _read(_draw((40, 100, 530), rows, step=22))[0].split("\n") == expected


def test_a_head_over_two_lines_is_one_row_and_stands_on_the_next_page():
    head = ("Lock", "Fall\nin metres", "Gates", "Ships\na day")
    rows = [(f"Lock {n}", f"{n}.5", "" if n % 3 else "2", f"{n * 7}") for n in range(1, 60)]
    pages = _read(_draw((60, 160, 280, 380), [head, *rows[:48]]), _draw((60, 160, 280, 380), rows[48:]))
    assert [page.split("\n")[0] for page in pages] == ["Lock\tFall in metres\tGates\tShips a day"] * 2
    assert pages[1].split("\n")[2] == "Lock 50\t50.5\t\t350"


def test_rows_of_the_same_group_are_no_lines_of_one_cell():
    rows = [
        ("Fruit", "Sort", "Taste"),
        ("Apple", "Boskop", "sour"),
        ("", "Elstar", "sweet"),
        ("Pear", "Conference", "mild"),
    ]
    assert _read(_draw((60, 160, 280), rows))[0].split("\n") == ["\t".join(row) for row in rows]


def test_cells_of_a_table_of_two_columns_hold_all_their_lines():
    rows = [
        ("Herb", "Where it grows"),
        ("Dill", "by the wall, in rows\nof 20 cm"),
        ("Winter\nsavory", "anywhere"),
        ("Mint", "in a pot"),
    ]
    expected = ["\t".join(cell.replace("\n", " ") for cell in row) for row in rows]
    assert _read(_draw((60, 160), rows, step=22))[0].split("\n") == expected
    close = [("Dill", "by the wall, in rows"), ("", "of 20 cm"), ("Savory", "anywhere"), ("Mint", "in a pot")]
    assert _read(_draw((60, 160), close))[0].split("\n") == [expected[1], *("\t".join(row) for row in close[2:])]


def test_two_blocks_side_by_side_are_no_table():
    sender = ["Ann Berg, keeper of the lower dyke", "Dyke 4, second house on the left", "Kiel"]
    receiver = ["Bob Moe", "Main Street 5", "Ulm"]
    sums = [(f"Item {n}", f"{n}.50") for n in range(1, 5)]
    drawing = write_lines(60, 700, sender) + write_lines(330, 700, receiver) + write_across((60, 330), 600, sums)
    read = [line for line in _read(drawing)[0].split("\n") if line]
    assert read == [*sender, *receiver, *("\t".join(row) for row in sums)]


def test_the_name_of_a_row_may_have_two_lines():
    head, row = ("Vessels", "2022", "2023"), ("Tugs", "3", "4")
    first = [head, ("Boats without", "12", "14"), ("a motor", "", ""), row]
    last = [head, ("Boats without", "", ""), ("a motor", "12", "14"), row]
    read = [_read(_draw((60, 200, 280), rows))[0].split("\n") for rows in (first, last)]
    assert read == [["\t".join(head), "Boats without a motor\t12\t14", "\t".join(row)]] * 2
    group = [head, ("Harbour", "", ""), ("Boats", "12", "14"), row]
    assert _read(_draw((60, 200, 280), group))[0].split("\n")[1:3] == ["Harbour", "Boats\t12\t14"]
    small = [head, ("Harbour", "", ""), ("boats", "12", "14"), ("tugs", "1", "2"), ("rafts", "1", "2")]
    assert _read(_draw((60, 200, 280), small))[0].split("\n")[1:3] == ["Harbour", "boats\t12\t14"]


LEFT, RIGHT = tell("Left", 9, 36), tell("Right", 9, 36)
NUMBERED = [("1.", LEFT[0]), ("", LEFT[1]), ("2.", LEFT[2]), ("", LEFT[3]), ("3.", LEFT[4])]
FORM = [("Name:", "Ann Berg", "Town:", "Kiel"), ("Street:", "Dyke 4", "Born:", "1.2.1990"), ("", "", "Sex:", "female")]
THREE = [tell(name, 9, 25) for name in ("One", "Two", "Three")]


@pytest.mark.parametrize(
    ("drawing", "lines"),
    [
        (write_across((50, 330), 700, list(zip(LEFT, RIGHT, strict=True))), [*LEFT, *RIGHT]),
        (write_lines(50, 700, LEFT) + write_lines(330, 700, RIGHT), [*LEFT, *RIGHT]),
        (write_lines(50, 700, LEFT[:4]) + write_lines(330, 700, RIGHT[:4]), [*LEFT[:4], *RIGHT[:4]]),
        (
            [part for at, text in enumerate(THREE) for part in write_lines(40 + 180 * at, 700, text)],
            [line for text in THREE for line in text],
        ),
        (write_across((50, 80), 700, NUMBERED), ["\t".join(filter(None, row)) for row in NUMBERED]),
        (
            write_across((50, 120), 700, [("Term:", LEFT[0]), ("", LEFT[1]), ("Sum:", "12.50"), ("Until:", "May")]),
            [f"Term:\t{LEFT[0]}", LEFT[1], "Sum:\t12.50", "Until:\tMay"],
        ),
        (write_across((50, 130, 300, 380), 700, FORM), ["\t".join(filter(None, row)) for row in FORM]),
    ],
    ids=["columns across", "columns in turn", "short columns", "three columns", "list", "terms", "form of two columns"],
)
def test_what_is_no_table_of_three_columns_is_read_as_before(drawing, lines):
    assert [line for line in _read(drawing)[0].split("\n") if line] == lines


@pytest.mark.parametrize(("sign", "is_table"), [("=", False), ("∂", False), ("+", True), ("€", True)])
def test_parts_of_formulas_are_no_table(sign, is_table):
    places = [[60, 150, 240], [60, 240], [60, 150, 240], [60, 240]]
    lines = [
        Line("\t".join(f"{sign}{at}" for at in row), row[0], row[-1] + 12, 700 - 12 * n, 10, False,
             tuple(row[1:]), tuple(at + 12 for at in row[:-1]))
        for n, row in enumerate(places)
    ]  # fmt: skip
    assert (align_tables(lines) != lines) == is_table


def test_no_word_is_lost_or_said_twice():
    tables = [page for page in PAGES if "table" in page.name]
    for page in tables:
        drawn = sorted(word for word in "\n".join(read_texts(page.data)[1:]).replace("#", "").split())
        lines = [line for read in TextReader(pdfium.PdfDocument(page.data)).read_pages() for line in read.lines]
        assert drawn == sorted(" ".join(line.text for line in lines).split()), page.name


def test_a_line_below_a_line_without_cells_is_no_part_of_it():
    rows = [("Seller", "", "Buyer"), ("(a company)", "", "(a person)")]
    drawing = _draw((60, 160, 330), rows) + write_lines(230, 670, ["3 Quay Street", "0431 7755"], step=7)
    goods = [("Goods", "Mark", "Amount"), ("Rope", "R2", "nine coils"), ("Sails", "S1", "four")]
    drawing += [part for at, row in enumerate(goods) for part in write_across((60, 200, 330), 650 - 9 * at, [row])]
    read = _read(drawing)[0]
    assert "3 Quay Street\n" in read
    assert "0431 7755" in read


def test_a_row_below_dates_is_no_part_of_the_head():
    rows = [
        ("", "May 1, 2022", "May 1, 2023"),
        ("Age of ships", "9.5 years", "8 years"),
        ("Ships", "12", "14"),
        ("Crews", "30", "31"),
    ]
    assert _read(_draw((60, 260, 380), rows))[0].split("\n") == ["\t".join(row) for row in rows]
