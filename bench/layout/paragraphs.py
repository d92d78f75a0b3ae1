"""Pages of prose, lists, verse and code, in several scripts."""

from __future__ import annotations

from collections.abc import Iterator

from bench.layout.drawing import (
    NARROW,
    WIDE,
    write,
    write_lines,
    write_scaled,
)
from bench.layout.page import LabelledPage, make_page, tell


def make_paragraph_pages() -> Iterator[LabelledPage]:
    text = tell("Plain", 12, 70)
    yield make_page(
        "tight lines",
        write_lines(72, 720, text[:6], step=9.5) + write_lines(72, 656, text[6:], step=9.5),
        text[:6],
        text[6:],
    )
    yield make_page(
        "double-spaced lines",
        write_lines(72, 740, text[:6], step=24) + write_lines(72, 576, text[6:], step=24),
        text[:6],
        text[6:],
    )
    yield make_page(
        "paragraphs a little apart", write_lines(72, 720, text[:6]) + write_lines(72, 642, text[6:]), text[:6], text[6:]
    )
    uneven = [part for n, line in enumerate(text) for part in write(72, 720 - 12 * n - (n % 3), line)]
    yield make_page("uneven steps between lines", uneven, text)
    note = write_lines(72, 90, ("Note a small print line at the foot", "of the page that goes on"), 8, step=12)
    yield make_page(
        "a footnote in smaller letters",
        write_lines(72, 234, text) + note,
        text,
        ["Note a small print line at the foot", "of the page that goes on"],
    )
    smaller = [part for n, line in enumerate(text) for part in write(72, 720 - 12 * n, line, 10 if n % 2 else 9.5)]
    yield make_page("letter sizes that differ slightly", smaller, text)
    raised = write(72, 720, "The area is four m") + write(181, 724, "2", 6) + write_lines(72, 708, text)
    yield make_page("a raised exponent", raised, ["The area is four m2", *text])
    raised = (
        write(72, 720, text[0])
        + write(72, 708, "as others showed")
        + write(170, 712, "(12)", 6)
        + write_lines(72, 696, text[1:])
    )
    yield make_page("a raised reference", raised, [text[0], "as others showed (12)", *text[1:]])
    bullets = [
        part
        for n, line in enumerate(tell("Point", 5, 50))
        for part in write(72, 720 - 12 * n, "\u2022") + write(86, 720 - 12 * n, line)
    ]
    yield make_page("a list of points", bullets, [f"\u2022 {line}" for line in tell("Point", 5, 50)])
    hanging = [
        part
        for n in range(3)
        for part in write(72, 720 - 24 * n, f"{n + 1}. first line of it") + write(90, 708 - 24 * n, "and a second line")
    ]
    yield make_page(
        "a list with hanging lines",
        hanging,
        [line for n in range(3) for line in (f"{n + 1}. first line of it", "and a second line")],
    )
    justified = [
        part
        for n, line in enumerate(text)
        for part in write(72, 720 - 12 * n, line[:50].rsplit(" ", 1)[0], spread=f"{n % 3 * 1.5} Tw")
    ]
    yield make_page("justified lines with wide gaps", justified, [line[:50].rsplit(" ", 1)[0] for line in text])
    drop = (
        write(72, 700, "O", 34)
        + write_lines(
            96,
            720,
            ("nce upon a time there was a king", "who had three sons and one horse", "and nobody knew why"),
            step=12,
        )
        + write_lines(72, 684, text)
    )
    yield make_page(
        "a drop cap",
        drop,
        ["Once upon a time there was a king", "who had three sons and one horse", "and nobody knew why", *text],
    )
    yield make_page(
        "a word broken at a line's end",
        write_lines(72, 720, ("this is the har-", "bour of the town")),
        "this is the harbour of the town",
    )
    code = ["def add(one, two):", "    total = one + two", "    return total", "", "print(add(1, 2))"]
    drawn = [part for n, line in enumerate(code) if line for part in write(72, 720 - 12 * n, line)]
    yield make_page(
        "a code listing", drawn, ["def add(one, two):", "total = one + two", "return total"], "print(add(1, 2))"
    )
    poem = ["The rose is red", "The grass is green", "The days are short", "The nights between"]
    yield make_page(
        "a poem", write_lines(200, 720, poem, step=14) + write_lines(200, 644, poem[::-1], step=14), poem, poem[::-1]
    )
    yield make_page(
        "short lines under one another",
        write_lines(72, 720, ("Milk", "Bread", "Eggs", "Salt")),
        ["Milk", "Bread", "Eggs", "Salt"],
    )
    caption = ["q 200 0 0 100 72 600 cm 0.8 g 0 0 1 1 re f Q", *write(72, 580, "Figure a: the harbour in winter", 8)]
    yield make_page(
        "a caption under a figure",
        write_lines(72, 740, text[:6]) + caption + write_lines(72, 550, text[6:]),
        text[:6],
        "Figure a: the harbour in winter",
        text[6:],
    )
    scaled = [part for n, line in enumerate(text) for part in write_scaled(72, 720 - 12 * n, line, 10)]
    yield make_page("letters of size 1, scaled", scaled, text)
    row = write_scaled(72, 720, "Name of it", 10) + write_scaled(150, 720, "Amount", 10)
    yield make_page(
        "cells in letters of size 1, scaled",
        row + write_scaled(72, 708, "Hinges", 10) + write_scaled(150, 708, "twelve", 10),
        ["Name of it\tAmount", "Hinges\ttwelve"],
    )
    turned = [part for n, line in enumerate(text) for part in write(72 + 12 * n, 60, line, turned=True)]
    yield make_page("a page turned by 90 degrees", turned, text, rotate=90)
    yield make_page("a page upside down in the file", write_lines(72, 720, text), text, rotate=180)


def make_script_pages() -> Iterator[LabelledPage]:
    hebrew = ["שלום לכל הקוראים", "זהו העמוד הראשון"]
    yield make_page("Hebrew", write_lines(300, 720, [line[::-1] for line in hebrew], font=NARROW), hebrew)
    japanese = ["吾輩は猫である。名前はまだ無い。", "どこで生れたかとんと見当がつかぬ。"]
    yield make_page("Japanese", write_lines(72, 720, japanese, font=WIDE, step=16), japanese)
    chinese = [
        "北京的秋天最美麗天高雲淡風也輕小橋流水",
        "紅葉滿山人如織夕陽西下幾時回古道西風",
        "小橋流水人家旁古道西風瘦馬行天高雲淡",
        "春眠不覺曉處處聞啼鳥夜來風雨聲花落知",
        "床前明月光疑是地上霜舉頭望明月低頭思",
        "白日依山盡黃河入海流欲窮千里目更上一",
    ]
    columns = [
        part
        for n, (one, other) in enumerate(zip(chinese, chinese[::-1], strict=True))
        for part in write(72, 720 - 14 * n, one, font=WIDE) + write(330, 720 - 14 * n, other, font=WIDE)
    ]
    yield make_page("Chinese in two columns", columns, chinese, chinese[::-1])
    greek = ["Η θάλασσα ήταν ήρεμη", "και ο ουρανός γαλανός"]
    yield make_page("Greek", write_lines(72, 720, greek, font=NARROW), greek)
