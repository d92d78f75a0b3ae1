"""Pages with tables, forms and what else has cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.layout.drawing import (
    Drawing,
    draw_rule,
    make_pdf,
    write,
    write_across,
    write_lines,
)
from bench.layout.page import WORDS, LabelledPage, join_blocks, make_page, tell


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
        ["\tJune 25, 2022\tJune 26, 2021", *cells[1:]],
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
        ["\t".join(row) for row in items],
    )
    form = [("Name:", "Ann Miller"), ("Street:", "4 Mill Lane"), ("Town:", "Leeds"), ("Born:", "1.2.1990")]
    yield make_page("a form", write_across((72, 200), 720, form, step=18), ["\t".join(row) for row in form])
    chapters = [(f"Chapter {n} {'.' * 40}", f"{n * 12}") for n in range(1, 8)]
    yield make_page("a table of contents", write_across((72, 480), 720, chapters), ["\t".join(row) for row in chapters])


def make_word_table_pages() -> Iterator[LabelledPage]:
    """Tables whose columns are known by alignment alone. Lines of a cell are divided by ``/``."""
    berths = ["Berth|Length|Fee|Deposit", "North 1|8.5|1,240.00|90.00", "North 2|12|980.50|1,100.00"]
    yield _make_grid("numbers set to the right", berths, (72, -284, -384, -494))
    ships = ["Ship|Master|Cargo|Tons", "Alma||coal|120", "Berta|Hansen||80", "Clara|Jansen|salt", "Dora|||45"]
    yield _make_grid("empty cells", ships, (72, 180, 300, 400))
    trams = ["|Monday|Tuesday|Friday", "Ferry|9:00||17:00", "Tram||8:15|18:30", "Bus|7:45|9:10"]
    yield _make_grid("a table without a name for its rows", trams, (72, 220, 320, 420))
    ports = ["Port|Ships/in 2019|Ships/in 2020|Mean/wait (h)", "Kiel|120|98|3.5", "Husum|45|51|1.25", "Emden|23|21|6"]
    yield _make_grid("a head of two lines", ports, (72, -270, -370, -490))
    tools = [
        "Tool|Use|Price",
        "Adze|shaping of timber/that is still wet|36.00",
        "Auger|boring of holes|12.50",
        "Caulking/iron|driving oakum/into the seams/of the deck|7.25",
    ]
    yield _make_grid("cells of several lines", tools, (72, 180, 400), step=20)
    close = [
        "Tool|Use|Price",
        "Adze|shaping of timber/that is wet|36.00",
        "Auger|boring|12.50",
        "Mallet|all blows|9.00",
    ]
    yield _make_grid("cells of several lines without space between rows", close, (72, 180, 400))
    iron = ["Tool|Use|Price", "Adze|shaping of timber|36.00", "Auger|boring|12.50", "Caulking/iron|seams/of decks|7.25"]
    yield _make_grid("a name of two lines without space between rows", iron, (72, 180, 400))
    bottom = ["/Port|Ships/in 2019|Ships/in 2020", "Kiel|120|98", "Husum|45|51", "Emden|23|21"]
    yield _make_grid("a head of two lines, set to the bottom", bottom, (72, 220, 320))
    duties = ["Duty|Person|Deputy", "Cash book|Anna Berg|Ole Lund", "Keys|Ole Lund", "Garden||Ida Holm", "Post|Ida|Ole"]
    yield _make_grid("a table of words with empty cells", duties, (72, 220, 350))
    parts = ["Code|Name|Weight|Price", *(f"K{n}|Part {n}|{'' if n % 4 == 2 else f'{n} kg'}|{n}.50" for n in range(70))]
    pages = [_draw_grid(rows, (72, 180, 300, 400)) for rows in (parts[:45], parts[45:])]
    expected = join_blocks([row.replace("|", "\t") for row in (parts[0], *parts[45:])])
    yield LabelledPage("empty cells on a second page", make_pdf(pages), expected, 2)


def _make_grid(name: str, rows: Sequence[str], places: Sequence[float], *, step: float = 12) -> LabelledPage:
    """A table drawn cell by cell. A place below 0 is where a column ends."""
    expected = ["\t".join(cell.replace("/", " ").strip() for cell in row.split("|")) for row in rows]
    return make_page(f"word table: {name}", _draw_grid(rows, places, step=step), expected)


def _draw_grid(rows: Sequence[str], places: Sequence[float], *, step: float = 12) -> Drawing:
    drawing: Drawing = []
    top = 720.0
    for row in rows:
        cells = [cell.split("/") for cell in row.split("|")]
        for place, lines in zip(places, cells, strict=False):
            for at, line in enumerate(lines):
                drawing += write(place if place >= 0 else -place - 6 * len(line), top - 12 * at, line) if line else []
        top -= step + 12 * (max(map(len, cells)) - 1)
    return drawing


def _make_table(name: str, rows: list[tuple[str, str]]) -> LabelledPage:
    return make_page(name, write_across((50, 330), 720, rows), ["\t".join(row) for row in rows])
