"""What a loader is given and what it returns. A leaf of the loaders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rag.types import Document, Page

LOADERS_VERSION = 2
"""Raised when loaders give different text for the same bytes, so that the index is read anew."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a loader may need beside the bytes."""

    passwords: tuple[str, ...] = ()
    """Tried in order on encrypted files."""
    ocr_languages: str = ""
    """Tesseract's names joined by ``+`` (``eng+deu``); empty lets the engine choose its default."""
    ocr_seconds: float = 600.0
    """For all pages of one document together."""
    more_time: Callable[[float], None] = lambda seconds: None
    """Tells whoever keeps the time that the next step may take so long."""
    max_text_bytes: int = 400_000_000
    """A loader that expands (archives, attachments) stops there."""
    depth: int = 0
    """How many containers (mails, archives) this file lies in."""


@dataclass(slots=True)
class Reading:
    """A document being read: the header at once, its pages one by one, so that no one holds the whole text."""

    header: Document
    """With ``pages=()``."""
    pages: Iterator[Page]
    notes: list[str] = field(default_factory=list)
    """Complete once `pages` is exhausted."""
    empty_kind: str = "empty"
    """What it is when there is no text at all: ``empty`` or ``scanned``."""


Loader = Callable[[str, bytes, ReadOptions], Reading]


def make_single_page(header: Document, text: str) -> Reading:
    """A document without pages: all its text counts as page 1."""
    return Reading(header, iter((Page(1, text),)))


def number_pages(texts: Iterable[str]) -> Iterator[Page]:
    """Pages counted from 1; empty ones keep their number."""
    return (Page(number, text) for number, text in enumerate(texts, start=1))
