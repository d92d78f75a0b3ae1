"""What a loader is given, what it returns, and how all loaders write titles, blocks and cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rag.text.hostile import remove_invisible
from rag.types import Document, Page

LONGEST_LABEL = 300
"""Characters of a title or an author. Longer ones are text that was put into the wrong field."""
LAYOUT_CELL = 1_500
"""Characters. A table with more text in one cell arranges the page, so its paragraphs are read one by one."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a loader may need beside the document's bytes."""

    passwords: tuple[str, ...] = ()
    """Passwords to try in order on encrypted files."""
    ocr_languages: str = ""
    """Tesseract's names of languages joined by ``+`` (``eng+deu``); empty lets Tesseract choose its default."""
    ocr_seconds: float = 600.0
    """Seconds that OCR may take for all pages of one document together."""
    more_time: Callable[[float], None] = lambda seconds: None
    """Tells whoever limits the time that the next step may take so many seconds."""
    max_text_bytes: int = 400_000_000
    """Where a loader stops that expands archives or attachments."""
    depth: int = 0
    """How many containers, such as mails, this file lies in."""


@dataclass(slots=True)
class Reading:
    """A document being read: its header at once, its pages one by one, so that nobody holds the whole text."""

    header: Document
    """The document without its pages."""
    pages: Iterator[Page]
    notes: list[str] = field(default_factory=list)
    """What to tell the user about the file; complete once `pages` is exhausted."""
    empty_kind: str = "empty"
    """What the document is called if it has no text at all: ``empty`` or ``scanned``."""


Loader = Callable[[str, bytes, ReadOptions], Reading]


def make_single_page(header: Document, text: str) -> Reading:
    """A document without pages: all its text counts as page 1."""
    return Reading(header, iter((Page(1, text),)))


def number_pages(texts: Iterable[str]) -> Iterator[Page]:
    """Pages with these texts, counted from 1; empty ones keep their number."""
    return (Page(number, text) for number, text in enumerate(texts, start=1))


def make_label(text: str, longest: int = LONGEST_LABEL) -> str:
    """A title or name as it may stand in a list: one line of at most `longest` characters, none of them unseen."""
    return make_one_line(remove_invisible(text[: 10 * longest]))[:longest].rstrip()


def make_one_line(text: str) -> str:
    """The words with one space between them."""
    return " ".join(text.split())


def join_blocks(blocks: Iterable[str]) -> str:
    """Paragraphs, list items and tables as Markdown: an empty line between them, but none between list items."""
    text = "\n\n".join(block for block in blocks if block.strip())
    return re.sub(r"(\n *- [^\n]*)\n\n(?= *- )", r"\1\n", re.sub(r"(^|\n)( *- [^\n]*)\n\n(?= *- )", r"\1\2\n", text))


def join_cell(blocks: Iterable[str]) -> str:
    """The paragraphs of a table's cell on one line, without the marks of headings and list items."""
    return make_one_line(" ".join(re.sub(r"^(?:#+|\s*-) ", "", block) for block in blocks))
