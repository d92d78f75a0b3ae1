"""Pages with headings, and with what looks like one."""

from __future__ import annotations

from collections.abc import Iterator

from bench.layout.drawing import (
    BOLD,
    Drawing,
    make_pdf,
    write,
    write_lines,
)
from bench.layout.page import WORDS, LabelledPage, join_blocks, make_page, tell


def make_heading_pages() -> Iterator[LabelledPage]:
    text = tell("Under", 16, 60)
    body = write_lines(72, 690, text[:8])
    yield make_page(
        "a heading in larger letters",
        write(72, 720, "The large heading", 16) + body,
        "# The large heading",
        text[:8],
        title="The large heading",
    )
    yield make_page("a heading a little larger", write(72, 720, "The heading", 11.5) + body, "# The heading", text[:8])
    yield make_page(
        "a line of nearly the text's size",
        write(72, 720, "No heading at all", 11) + body,
        "No heading at all",
        text[:8],
    )
    yield make_page(
        "a bold heading", write(72, 720, "The bold heading", font=BOLD) + body, "# The bold heading", text[:8]
    )
    two = write_lines(72, 720, ("The bold heading", "and its second line"), font=BOLD)
    yield make_page(
        "a bold heading of two lines",
        two + write_lines(72, 680, text[:8]),
        "# The bold heading and its second line",
        text[:8],
    )
    bold = write_lines(72, 720, tell("Bold", 5, 50), font=BOLD) + write_lines(72, 640, text[:8])
    yield make_page("a bold paragraph", bold, tell("Bold", 5, 50), text[:8])
    aside = write(300, 720, "Bold words aside", font=BOLD) + body
    yield make_page("bold words in the middle of the line", aside, "Bold words aside", text[:8])
    indented = write(100, 720, "An indented bold heading", font=BOLD) + body
    yield make_page("a bold heading, indented", indented, "# An indented bold heading", text[:8])
    levels = [(22, "First of all"), (18, "Second of all"), (14, "Third of all"), (12, "Fourth of all")]
    drawing: Drawing = []
    blocks: list[str | list[str]] = []
    for n, (size, heading) in enumerate(levels):
        drawing += write(72, 740 - 130 * n, heading, size) + write_lines(72, 715 - 130 * n, text[4 * n : 4 * n + 4])
        blocks += [f"{'#' * min(n + 1, 3)} {heading}", text[4 * n : 4 * n + 4]]
    yield make_page("headings of four sizes", drawing, *blocks)
    yield make_page(
        "a numbered heading",
        write(72, 720, "Note 8:", 14) + write(160, 720, "Borrowings", 14) + body,
        "# Note 8: Borrowings",
        text[:8],
    )
    long = write_lines(72, 720, ("The heading goes on in", "a second line of the same size"), 16, step=19)
    yield make_page(
        "a heading of two lines",
        long + write_lines(72, 670, text[:8]),
        "# The heading goes on in a second line of the same size",
        text[:8],
        title="The heading goes on in a second line of the same size",
    )
    yield make_page(
        "a letter-spaced heading", write(72, 720, "CONTENTS", 16, spread="6 Tc") + body, "# CONTENTS", text[:8]
    )
    lead = tell("Lead", 8, 50)
    yield make_page("a lead in larger letters", write_lines(72, 720, lead, 12) + write_lines(72, 600, text), lead, text)
    slide = write(72, 700, "A slide with one large line on it", 24) + write(72, 600, "and a small one", 10)
    yield make_page("a slide", slide, "A slide with one large line on it", "and a small one")
    full = write_lines(72, 690, text)
    quote = "and then the large words began with a small letter"
    yield make_page("a large quotation", write(72, 720, quote, 14) + full, quote, text)
    sentence = "This is a large sentence, which ends with a full stop as sentences do."
    yield make_page("a large sentence", write(72, 720, sentence, 12) + full, sentence, text)
    figures = "12.5 t and 7.5 t = 20 t"
    yield make_page("a large line of figures", write(72, 720, figures, 14) + full, figures, text)
    unit = write(72, 720, "kg", 14) + full
    yield make_page("a unit in larger letters", unit, ["kg", *text])
    initial = write(72, 700, "A", 34) + write_lines(96, 720, text[:3]) + write_lines(72, 684, text[3:])
    yield make_page("a drop cap that is a word", initial, ["A", *text])
    many = " ".join(WORDS.split()[:18]).capitalize() + " and so on"
    yield make_page("a long large line", write(10, 720, many, 11.5) + full, many, text)
    outline = make_pdf(
        [write(72, 720, "3.1 Boiler") + body, write_lines(72, 720, text[8:])],
        outline=[(0, "Boiler"), (1, "Nothing"), (1, "Else")],
    )
    yield LabelledPage("a heading that the outline names", outline, join_blocks("# 3.1 Boiler", text[:8]))
