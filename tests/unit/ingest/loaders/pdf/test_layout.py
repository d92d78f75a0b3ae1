from __future__ import annotations

from typing import Any

import pytest

from ingest.loaders.pdf.headings import clean_title, find_title
from ingest.loaders.pdf.layout import compose, order_columns, order_rows
from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.lines import PageLines, mend_text
from ingest.loaders.pdf.pages import parse_pdf_date


def _line(text: str, bottom: float = 700, *, left: float = 72, size: float = 10, **more: Any) -> Line:
    return Line(text, left, left + 5 * len(text), bottom, size, **more)


def _page(number: int, *lines: Line) -> PageLines:
    return PageLines(number, None, list(lines))


def _texts(*pages: PageLines, outline: dict[int, list[tuple[int, str]]] | None = None) -> list[str]:
    return [text for _, text in compose(pages, outline or {})]


def _body(number: int) -> list[Line]:
    return [_line(f"Text {chr(97 + number)} {n} that says something different", 600 - 12 * n) for n in range(8)]


def test_running_heads_stay_where_they_are_first_met_and_go_elsewhere():
    pages = [_page(n, _line("Annual report", 780), *_body(n), _line(f"Page {n} of 9", 30)) for n in range(1, 10)]
    texts = _texts(*pages)
    assert [n for n, text in enumerate(texts, start=1) if "Annual report" in text] == [1]
    assert not any("of 9" in text for text in texts)
    assert all("something different" in text for text in texts)


def test_a_running_head_that_changes_with_the_chapter_goes_too():
    pages = [_page(n, _line(f"{n}  Chapter {'One' if n < 20 else 'Two'}", 780), *_body(n % 20)) for n in range(1, 40)]
    texts = _texts(*pages)
    assert sum("Chapter One" in text for text in texts) == 1
    assert sum("Chapter Two" in text for text in texts) == 1


def test_a_footer_that_follows_the_text_goes_wherever_it_ends():
    pages = [_page(n, *_body(n), _line(f"Financial statements\tNotes\t{n}", 500 - 30 * n)) for n in range(1, 9)]
    assert sum("Financial statements" in text for text in _texts(*pages)) == 1


@pytest.mark.parametrize("row", ["Invoice {}\tpaid\t{}.00", "Room {} is free"])
def test_rows_that_differ_by_their_numbers_alone_are_no_running_heads(row):
    numbers = [range(100 * page, 100 * page + 12) for page in range(1, 6)]
    pages = [
        _page(at, *(_line(row.format(n, n), 780 - 14 * place) for place, n in enumerate(page)))
        for at, page in enumerate(numbers, start=1)
    ]
    text = "\n".join(_texts(*pages))
    assert all(row.format(n, n) in text for page in numbers for n in page)


def test_numbers_at_the_edge_of_a_table_are_no_running_heads():
    pages = [_page(n, *(_line(f"{n}1,{n}00\t{n}2,300", 700 - 12 * i) for i in range(20))) for n in range(1, 8)]
    assert all(text.count("\n") == 19 for text in _texts(*pages))


def test_pages_that_say_the_same_keep_it():
    pages = [_page(n, _line(f"This is page {n}", 700)) for n in range(1, 10)]
    assert all("This is page" in text for text in _texts(*pages))


def test_larger_letters_are_headings():
    lines = [_line("Introduction", 700, size=16), *_body(1), _line("Details", 400, size=13), _line("Last words.", 380)]
    assert _texts(_page(1, *lines))[0].splitlines()[0] == "# Introduction"
    assert "\n## Details\n" in _texts(_page(1, *lines))[0]


def test_a_number_set_apart_from_its_title_is_part_of_the_heading():
    lines = [_line("Note 8 :\tBorrowings", 700, size=14), *_body(1)]
    assert _texts(_page(1, *lines))[0].startswith("# Note 8 : Borrowings\n")


def test_the_outline_names_the_headings_where_there_is_one():
    lines = [_line("3.1 Boiler", 700), *_body(1)]
    text = _texts(_page(1, *lines), outline={1: [(2, "Boiler")]})[0]
    assert text.startswith("## 3.1 Boiler\n")


def test_a_gap_begins_a_paragraph():
    lines = [_line("One.", 700), _line("Still one.", 688), _line("Still one too.", 676), _line("Two begins.", 640)]
    assert _texts(_page(1, *lines)) == ["One.\nStill one.\nStill one too.\n\nTwo begins."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("con\ufffesectetuer", "consectetuer"),
        ("the Franco\ufffeGerman border", "the Franco-German border"),
        ("well-known and well\ufffeknown", "well-known and well-known"),
        ("soft\u00adware", "software"),
        ("Ha\u00ad\nfen", "Hafen"),
        ("o\ufb03ce \ufb01le", "office file"),
        ("a\x02b", "ab"),
        ("end\ufffe", "end-"),
        ("a" * 60_000 + " so\u00ad\nft", "a" * 60_000 + " soft"),
    ],
)
def test_words_broken_at_line_ends_are_mended(text, expected):
    assert mend_text(text) == expected


def test_columns_drawn_across_are_read_one_after_the_other():
    woven = [
        Line(f"left column line {n} has words\tright column line {n} has too", 50, 550, 700 - 12 * n, 10, False, (300,))
        for n in range(8)
    ]
    texts = [line.text for line in order_columns(woven)]
    assert texts == [f"left column line {n} has words" for n in range(8)] + [
        f"right column line {n} has too" for n in range(8)
    ]


def test_columns_go_on_where_one_has_a_gap_or_the_end_of_a_paragraph():
    def draw(n: int, left: str, right: str) -> Line:
        return Line(f"{left}\t{right}", 50, 550, 700 - 12 * n, 10, False, (300,))

    prose = ("left column line that has words", "right column line that has too")
    alone = Line("right column alone", 301, 400, 700 - 12 * 6, 10)
    lines = [draw(0, *prose), *(draw(n, *prose) for n in range(1, 6)), alone, draw(7, "its end.", prose[1])]
    lines += [draw(n, *prose) for n in range(8, 11)]
    texts = [line.text for line in order_columns(lines)]
    assert texts[:10] == [prose[0]] * 6 + ["its end."] + [prose[0]] * 3
    assert texts[10:] == [prose[1]] * 6 + ["right column alone"] + [prose[1]] * 4


def test_a_line_over_all_columns_and_a_table_below_end_them():
    woven = [
        Line(
            "left column line that has words\tright column line that has too", 50, 550, 700 - 12 * n, 10, False, (300,)
        )
        for n in range(8)
    ]
    across = Line("a line over all columns that goes on to the page's right edge", 50, 550, 590, 10)
    cells = [Line(f"a long name of it {n}\t{n},000", 50, 550, 570 - 12 * n, 10, False, (500,)) for n in range(4)]
    assert order_columns([*woven, across])[-1] == across
    assert order_columns([*woven, *cells])[-4:] == cells


def test_a_table_is_not_taken_for_columns():
    table = [Line(f"Item {n}\t{n}00", 50, 550, 700 - 12 * n, 10, False, (300,)) for n in range(8)]
    assert order_columns(table) == table


def test_a_table_head_drawn_cell_by_cell_becomes_rows():
    cells = [
        _line("June 25,", 700, left=200), _line("2022", 690, left=204),
        _line("June 26,", 700, left=300), _line("2021", 690, left=304),
    ]  # fmt: skip
    assert [line.text for line in order_rows(cells)] == ["June 25,\tJune 26,", "2022\t2021"]


def test_short_lines_under_one_another_stay_lines():
    lines = [_line(text, 700 - 12 * n) for n, text in enumerate(("Milk", "Bread", "Eggs", "Salt"))]
    assert order_rows(lines) == lines


def test_a_document_without_title_is_named_by_its_running_head():
    pages = [_page(n, *_body(n), _line(f"Acme Inc. | Report 2022 | {n}", 30)) for n in range(1, 7)]
    assert find_title(pages) == "Acme Inc. | Report 2022"


def test_else_by_its_largest_line():
    assert find_title([_page(1, _line("A Study of Ducks", 700, size=20), *_body(1))]) == "A Study of Ducks"
    assert find_title([_page(1, *_body(1))]) == ""


@pytest.mark.parametrize(
    "title",
    ["", "untitled", "Microsoft Word - report.doc", "0000320193-22-000070", "report_final.pdf", "(anonymous)", "a/b/c",
     "MEDRPT-2024-PAT-3847_medical_report_scan", "Document1", "PowerPoint Presentation"],
)  # fmt: skip
def test_a_programs_stopgap_is_no_title(title):
    assert clean_title(title) == ""


@pytest.mark.parametrize("title", ["Geometrie und Topologie", "Form 10-Q for Microsoft Corp filed 10/24/2022", "Go"])
def test_a_real_title_stays(title):
    assert clean_title(title) == title


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("D:20220403193102+02'00'", "2022-04-03T19:31:02+02:00"),
        ("D:20220403193102Z", "2022-04-03T19:31:02Z"),
        ("D:202204", "2022-04"),
        ("2022", "2022"),
        ("yesterday", ""),
    ],
)
def test_pdf_dates_become_iso_dates(date, iso):
    assert parse_pdf_date(date) == iso
