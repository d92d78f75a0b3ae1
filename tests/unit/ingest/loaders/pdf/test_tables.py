"""Tables that go on over several pages, with the head of their columns on each."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.loaders.pdf.layout import compose
from ingest.loaders.pdf.line import Line
from ingest.loaders.pdf.lines import PageLines

_COLUMNS = (72, 200, 320, 440)


def _row(*cells: str, bottom: float = 0, columns: Sequence[float] = _COLUMNS, is_bold: bool = False) -> Line:
    return Line("\t".join(cells), columns[0], 500, bottom, 10, is_bold, tuple(columns[1 : len(cells)]))


def _pages(*pages: Sequence[Line]) -> list[str]:
    """The text of pages whose lines follow one another from the top."""
    placed = (
        PageLines(number, None, [Line(r.text, r.left, r.right, 740 - 14 * at, r.size, r.is_bold, r.cuts)
                                 for at, r in enumerate(rows)])
        for number, rows in enumerate(pages, start=1)
    )  # fmt: skip
    return [text for _, text in compose(placed, {})]


def _knots(start: int, end: int) -> list[Line]:
    return [_row(f"Knot {n}", f"K{n}", f"{n * 1.5:.1f} kN", "rope") for n in range(start, end)]


_HEAD = _row("Name", "Code", "Load", "For")


def test_a_head_on_the_first_page_alone_stands_on_those_after_it():
    texts = _pages(
        [_row("Knots"), _HEAD, *_knots(1, 20), _row("page 1")], [_row("continued"), *_knots(20, 40)], _knots(40, 60)
    )
    assert texts[1].splitlines()[:2] == ["continued", "Name\tCode\tLoad\tFor"]
    assert [text.count("Name\tCode") for text in texts] == [1, 1, 1]


def test_a_head_is_carried_over_rows_that_leave_its_last_column_empty():
    knots = [_row(*knot.text.split("\t"), *["wet"][: at % 5 == 0], columns=(*_COLUMNS, 500))
             for at, knot in enumerate(_knots(0, 40))]  # fmt: skip
    head = _row("Name", "Code", "Load", "For", "Remark", columns=(*_COLUMNS, 500))
    texts = _pages([head, *knots[:20]], knots[20:])
    assert [text.splitlines()[0] for text in texts] == ["Name\tCode\tLoad\tFor\tRemark"] * 2


def test_a_head_that_is_repeated_is_no_running_head_and_is_not_doubled():
    texts = _pages(*([_HEAD, *_knots(10 * n, 10 * n + 10)] for n in range(6)))
    assert [text.splitlines()[0] for text in texts] == ["Name\tCode\tLoad\tFor"] * 6
    assert [text.count("Name") for text in texts] == [1] * 6


def test_a_head_of_two_lines_becomes_one_row():
    below = Line("number\tkilonewtons", 200, 400, 0, 10, False, (320,))
    texts = _pages([_HEAD, below, *_knots(1, 20)], _knots(20, 30))
    assert [text.splitlines()[0] for text in texts] == ["Name\tCode number\tLoad kilonewtons\tFor"] * 2


def test_a_row_of_values_is_never_a_head():
    years = [_row(f"Ship {n}", f"{1890 + n}", f"{n} t", "oak") for n in range(60)]
    assert [text.count("Ship 0\t") for text in _pages(years[:20], years[20:40], years[40:])] == [1, 0, 0]
    words = [_row("Anna", "cook", "Oslo", "Monday"), _row("Bo", "mate", "Oslo", "Friday"), *_knots(1, 2)] * 9
    assert _pages(words[:10], words[10:])[1].startswith(words[10].text)


def test_a_table_of_words_has_the_head_that_is_set_apart():
    people = [_row(f"{'abcdefgh'[n % 8]}a", f"{'klm'[n % 3]}o", f"{'xyz'[n % 3]}i", "yes") for n in range(40)]
    assert _pages([_HEAD, *people[:20]], people[20:])[1].startswith("Name\tCode\tLoad\tFor\n")


def test_another_table_or_text_does_not_get_the_head():
    other = [_row("Sail", "Area", columns=(72, 300)), *(_row(f"S{n}", f"{n} m2", columns=(72, 300)) for n in range(9))]
    text = [_row(f"Some words of line {'abcdefgh'[n]}") for n in range(8)]
    ends = [_HEAD, *_knots(1, 20)]
    assert [text.count("Name") for text in _pages(ends, other, ends, text, [*ends, *text], _knots(1, 9))] == [
        1, 0, 1, 0, 1, 0,
    ]  # fmt: skip
