"""Files of several pages: running heads, page numbers, titles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.layout.drawing import (
    Drawing,
    make_pdf,
    write,
    write_lines,
)
from bench.layout.page import LabelledPage, draw_text_pages, join_blocks, make_page


def make_running_head_pages() -> Iterator[LabelledPage]:
    yield _run(
        "a running head and page numbers",
        9,
        lambda n: write(72, 760, "Annual report of Miller") + write(300, 30, f"{n}"),
    )
    yield _run("a page number of pages", 9, lambda n: write(250, 30, f"Page {n} of 9"))
    yield _run(
        "a chapter's running head",
        40,
        lambda n: write(72, 760, f"{n}  Chapter {'First' if n < 16 else 'Second'}"),
        number=24,
    )
    yield _run(
        "left and right running heads",
        9,
        lambda n: write(72 + n % 2 * 200, 760, f"Miller on locks {n}" if n % 2 else f"{n} The second part"),
    )
    yield _run(
        "running heads at uneven heights", 3, lambda n: write(72, 760 + n % 2 * 5, "Annual report of Miller"), number=2
    )
    yield _run("a running head of three letters", 9, lambda n: write(72, 760, "Law"))
    yield _run(
        "a running head in a file of three pages", 3, lambda n: write(72, 760, "Annual report of Miller"), number=2
    )
    yield _run(
        "a chapter of five pages", 40, lambda n: write(72, 760, "Chapter of locks") if 20 <= n <= 24 else [], number=22
    )
    yield _run(
        "running heads of three lines",
        9,
        lambda n: write_lines(72, 770, ("Miller Limited", "Annual report", f"Seen by {n}"), 8),
    )
    yield _run(
        "a footer that follows the text", 9, lambda n: write(72, 400 - 20 * n, f"Financial statements of the year {n}")
    )
    pages = [write_lines(72, 720, [f"{n}1,4{i} kg" for i in range(12)]) for n in range(1, 8)]
    yield LabelledPage(
        "figures at the page's edge", make_pdf(pages), join_blocks([f"41,4{i} kg" for i in range(12)]), 4
    )
    stamps = [write(72, 700, f"This is page {n} of the file") for n in range(1, 10)]
    yield LabelledPage("pages that say the same", make_pdf(stamps), "This is page 5 of the file", 5)
    drawn = draw_text_pages(9)
    line = write(72, 760, "A sentence of two pages")
    twice = [line + drawing if n in (4, 6) else drawing for n, (drawing, _) in enumerate(drawn)]
    yield LabelledPage(
        "a line that two pages have", make_pdf(twice), join_blocks("A sentence of two pages", drawn[4][1]), 5
    )
    few = draw_text_pages(4)
    both = [line + drawing if n in (1, 2) else drawing for n, (drawing, _) in enumerate(few)]
    yield LabelledPage(
        "a line that two pages of four have", make_pdf(both), join_blocks("A sentence of two pages", few[2][1]), 3
    )
    many = draw_text_pages(20)
    three = [line + drawing if n in (8, 10, 12) else drawing for n, (drawing, _) in enumerate(many)]
    expected = join_blocks("A sentence of two pages", many[10][1])
    yield LabelledPage("a line that three pages of twenty have", make_pdf(three), expected, 11)
    falling = [write(72, 760 - 12 * n, "Item and its price") + drawing for n, (drawing, _) in enumerate(few[:3])]
    yield LabelledPage(
        "a line at another height on each page", make_pdf(falling), join_blocks("Item and its price", few[1][1]), 2
    )
    named = [drawing + write(72, 30, f"Acme Inc. | Report 2022 | {n}") for n, (drawing, _) in enumerate(drawn)]
    yield LabelledPage(
        "a document named by its running head", make_pdf(named), join_blocks(drawn[4][1]), 5, "Acme Inc. | Report 2022"
    )


def _run(name: str, count: int, draw: Callable[[int], Drawing], *, number: int = 5) -> LabelledPage:
    """A page of several that have a running head; only the page's text is expected."""
    pages = draw_text_pages(count)
    data = make_pdf([draw(n) + drawing for n, (drawing, _) in enumerate(pages, start=1)])
    return LabelledPage(name, data, join_blocks(pages[number - 1][1]), number)


def make_title_pages() -> Iterator[LabelledPage]:
    """Documents whose title is looked at; their first page is expected as it is drawn."""
    drawn = draw_text_pages(7)
    text = drawn[0][1]
    cover = write(72, 740, "A study of locks", 16)
    heading = "# A study of locks"
    for name, title, foot, count in (
        ("a title above running heads of few letters", "A study of locks", "Locks", 7),
        (
            "a title above long running heads",
            "A study of locks",
            "Every right in this text is kept by the writer and his heirs in all lands of this earth "
            "and in all other places",
            7,
        ),
        ("a title above what two pages of seven have", "A study of locks", "Locks and their smiths", 2),
    ):
        feet = [write(72, 30, foot, 8) if n <= count and n else [] for n in range(7)]
        pages = [drawing + end for (drawing, _), end in zip(drawn, feet, strict=True)]
        yield LabelledPage(name, make_pdf([cover + pages[0], *pages[1:]]), join_blocks(heading, text), 1, title)
    short = [drawing + write(72, 30, "Locks and their smiths", 8) for drawing, _ in drawn[:3]]
    pages = [cover + short[0], *short[1:]]
    blocks = (heading, text, "Locks and their smiths")
    yield LabelledPage("a title in a file of three pages", make_pdf(pages), join_blocks(*blocks), 1, "A study of locks")
    small = write(72, 740, "A study of locks", 11.5) + drawn[0][0]
    yield make_page("a line hardly larger than the text", small, heading, text)
    lines = ["A study of locks", "of all ages", "and all lands", "by Miller", "of Leeds"]
    cover = write_lines(72, 780, lines, 13, step=14) + write_lines(72, 690, text)
    yield make_page("a title page of five large lines", cover, "# " + " ".join(lines), text, title=" ".join(lines[:3]))
