"""Pages with tables, forms and what else has cells."""

from __future__ import annotations

from collections.abc import Iterator

from bench.layout.drawing import (
    draw_rule,
    write,
    write_across,
    write_lines,
)
from bench.layout.page import WORDS, LabelledPage, make_page


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
    words = [
        (f"{one} of the first kind", f"{other} of the second")
        for one, other in zip(WORDS.split()[:5], WORDS.split()[5:10], strict=True)
    ]
    yield make_page(
        "a table of words in five rows", write_across((50, 330), 720, words), ["\t".join(row) for row in words]
    )
    figures = [(f"Paid in {1990 + n} for all goods", f"{n},123,456 and {n},654,321 euro") for n in range(8)]
    yield make_page(
        "a table of two wide columns with figures",
        write_across((50, 330), 720, figures),
        ["\t".join(row) for row in figures],
    )
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
