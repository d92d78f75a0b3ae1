"""Pages with tables, forms and what else has cells."""

from __future__ import annotations

from collections.abc import Iterator

from bench.layout.drawing import (
    draw_rule,
    write,
    write_across,
    write_lines,
)
from bench.layout.page import WORDS, LabelledPage, make_page, tell


def make_table_pages() -> Iterator[LabelledPage]:
    rows = [("Item", "2023", "2022"), *((f"Part {n}", f"{n},100", f"{n},200") for n in range(1, 9))]
    cells = ["\t".join(row) for row in rows]
    plain = write_across((72, 300, 400), 720, rows)
    yield make_page("a table without lines", plain, cells)
    ruled = [part for n in range(10) for part in draw_rule(70, 730 - 12 * n, 450)]
    yield make_page("a table with lines", ruled + plain, cells)
    by_column = [
        part
        for left, column in zip((72, 300, 400), zip(*rows[:4], strict=True), strict=True)
        for part in write_lines(left, 720, column)
    ]
    yield make_page("a small table, drawn by columns", by_column, cells[:4])
    head = write_lines(300, 720, ("June 25,", "2022"), step=10) + write_lines(400, 721.4, ("June 26,", "2021"), step=10)
    yield make_page(
        "a table's head, drawn cell by cell",
        head + write_across((72, 300, 400), 690, rows[1:]),
        ["June 25,\tJune 26,", "2022\t2021"],
        cells[1:],
    )
    pair = [(f"Left {n}", f"{n}10", f"Right {n}", f"{n}20") for n in range(1, 9)]
    yield make_page(
        "two tables side by side", write_across((50, 200, 330, 500), 720, pair), ["\t".join(row) for row in pair]
    )
    words = list(zip(tell("This", 5, 38), tell("That", 5, 40), strict=True))
    yield _make_table("a table of words in five rows", words)
    figures = [
        (f"Paid in {1990 + n} for goods of all kinds", f"{n},123,456 and {n},654,321 in all euro") for n in range(8)
    ]
    yield _make_table("a table of wide columns with figures", figures)
    names = list(zip(tell("This", 8, 38), WORDS.split()[:8], strict=True))
    yield _make_table("a table of long names and short words", [(name, f"old {word}") for name, word in names])
    some = [
        (one, other if n % 2 else "none")
        for n, (one, other) in enumerate(zip(tell("This", 8, 38), tell("That", 8, 40), strict=True))
    ]
    yield _make_table("a table of words where half the rows have few", some)
    near = [("Item", "Amount"), ("Apples", "12"), ("Pears", "140"), ("Plums", "7")]
    yield make_page("a table of narrow gaps", write_across((72, 130), 720, near), ["\t".join(row) for row in near])
    signs = write_lines(72, 720, ("Sales", "Costs", "Share"))
    for n, amount in enumerate(("$ 1,200", "$ (900", "12 %")):
        signs += write(300, 720 - 12 * n, amount, spread="8 Tw")
    yield make_page("signs apart from their numbers", signs, ["Sales\t$1,200", "Costs\t$(900", "Share\t12%"])
    invoice = write_lines(72, 740, ("Miller Ltd", "4 Mill Lane", "Leeds")) + write(400, 740, "12 March 2024")
    items = [("Item", "Pieces", "Price"), ("Hinge", "12", "36.00"), ("Screw", "400", "20.00"), ("Sum", "", "56.00")]
    yield make_page(
        "an invoice: address beside date, items, sum",
        invoice + write_across((72, 300, 400), 660, items),
        ["Miller Ltd", "4 Mill Lane", "Leeds"],
        "12 March 2024",
        ["\t".join(cell for cell in row if cell) for row in items],
    )
    form = [("Name:", "Ann Miller"), ("Street:", "4 Mill Lane"), ("Town:", "Leeds"), ("Born:", "1.2.1990")]
    yield make_page("a form", write_across((72, 200), 720, form, step=18), ["\t".join(row) for row in form])
    chapters = [(f"Chapter {n} {'.' * 40}", f"{n * 12}") for n in range(1, 8)]
    yield make_page("a table of contents", write_across((72, 480), 720, chapters), ["\t".join(row) for row in chapters])


def _make_table(name: str, rows: list[tuple[str, str]]) -> LabelledPage:
    return make_page(name, write_across((50, 330), 720, rows), ["\t".join(row) for row in rows])
