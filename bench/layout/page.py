"""A labelled page, and texts to draw on it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

from bench.layout.drawing import Drawing, make_pdf, write_lines


@dataclass(frozen=True)
class LabelledPage:
    name: str
    data: bytes
    expected: str
    """Its text as Markdown; cells that stand apart are separated by tabs."""
    number: int = 1
    """The page of the file that is looked at."""
    title: str = ""
    """What the document is expected to be called; empty where that doesn't matter."""


WORDS = (
    "harbour river stone winter garden letter market window silver meadow candle forest bridge morning barley "
    "copper island thunder orchard lantern valley sparrow timber anchor willow hammer cellar ribbon saddle basket"
)


def tell(subject: str, count: int, letters: int) -> list[str]:
    """Lines of prose of at most so many letters, each one different."""
    words = cycle(WORDS.split()[len(subject) :] + WORDS.split())
    lines = []
    for number in range(count):
        line = f"{subject} {'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number // 26 or ''}"
        while len(longer := f"{line} {next(words)}") <= letters:
            line = longer
        lines.append(line)
    return lines


def join_blocks(*blocks: str | list[str]) -> str:
    return "\n\n".join(block if isinstance(block, str) else "\n".join(block) for block in blocks)


def make_page(name: str, drawing: Drawing, *blocks: str | list[str], rotate: int = 0, title: str = "") -> LabelledPage:
    return LabelledPage(name, make_pdf([drawing], rotate=rotate), join_blocks(*blocks), title=title)


def draw_text_pages(count: int, *, letters: int = 60, lines: int = 20) -> list[tuple[Drawing, list[str]]]:
    """Pages of prose that differ from one another."""
    texts = [tell(f"Page {chr(97 + n % 26)}{chr(97 + n // 26)}", lines, letters) for n in range(count)]
    return [(write_lines(72, 700, text), text) for text in texts]
