"""Pages with text in columns."""

from __future__ import annotations

from collections.abc import Iterator

from bench.layout.drawing import (
    write,
    write_across,
    write_lines,
)
from bench.layout.page import LabelledPage, make_page, tell


def make_column_pages() -> Iterator[LabelledPage]:
    left, right = tell("Left", 12, 36), tell("Right", 12, 36)
    yield make_page("one column", write_lines(72, 720, left[:6]) + write_lines(72, 630, left[6:]), left[:6], left[6:])
    yield make_page(
        "two columns, one drawn after the other",
        write_lines(50, 720, left) + write_lines(330, 720, right),
        left,
        right,
    )
    rows = list(zip(left, right, strict=True))
    yield make_page("two columns, drawn across", write_across((50, 330), 720, rows), left, right)
    short = [*rows[:9], *((line, "") for line in left[9:])]
    yield make_page("two columns, the second one shorter", write_across((50, 330), 720, short), left, right[:9])
    spread = [
        part
        for n, (one, other) in enumerate(rows)
        for part in write(50, 720 - 12 * n, one) + write(330 + (n % 2) * 8, 720 - 12 * n, other)
    ]
    yield make_page("two columns, the second one's edge uneven", spread, left, right)
    few = tell("Left", 6, 36), tell("Right", 6, 36)
    yield make_page("two columns of six lines", write_across((50, 330), 720, list(zip(*few, strict=True))), *few)
    three = [tell(name, 10, 25) for name in ("West", "Midst", "East")]
    in_turn = [part for n, text in enumerate(three) for part in write_lines(50 + 180 * n, 720, text)]
    yield make_page("three columns, one drawn after the other", in_turn, *three)
    across = write_across((50, 230, 410), 720, list(zip(*three, strict=True)))
    yield make_page("three columns, drawn across", across, *three)
    wide, narrow = tell("Wide", 10, 50), tell("Slim", 10, 24)
    yield make_page(
        "unequal columns, drawn across",
        write_across((50, 400), 720, list(zip(wide, narrow, strict=True))),
        wide,
        narrow,
    )
    ends = [(one[:12] if n == 4 else one, other[:9] if n == 7 else other) for n, (one, other) in enumerate(rows)]
    yield make_page(
        "columns with the ends of paragraphs",
        write_across((50, 330), 720, ends),
        [one for one, _ in ends],
        [other for _, other in ends],
    )
    title = write(50, 750, "A heading over both columns", 16)
    yield make_page(
        "a heading over two columns",
        title + write_across((50, 330), 710, rows),
        "# A heading over both columns",
        left,
        right,
    )
    dated = [(line[:20] + " 1984, 1985" if n in (3, 8) else line, other) for n, (line, other) in enumerate(rows)]
    yield make_page("columns with years in them", write_across((50, 330), 720, dated), [one for one, _ in dated], right)
    yield make_page(
        "notes at the side",
        write_lines(170, 720, left) + write(60, 720, "Side note", 8) + write(60, 660, "Another", 8),
        left,
        "Side note",
        "Another",
    )
    broken = write_lines(50, 720, [*left[:5], "and here the last word is har-"]) + write_lines(
        330, 720, ["bour at the next column's top", *right[:5]]
    )
    yield make_page(
        "a word broken across columns",
        broken,
        [*left[:5], "and here the last word is harbour at the next column's top", *right[:5]],
    )
