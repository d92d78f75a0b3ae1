"""A document as the index holds it, for the reader: its text in parts of HTML, and where a quote stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from page.reader.blocks import Span, write_html
from page.reader.quotes import find_quote_spans
from rag.index.catalog.records import DocumentInfo
from rag.index.snapshot import Snapshot
from rag.text.hostile import remove_invisible
from rag.types import Chunk, StoredChunk

AROUND = 60
"""Passages that are shown before and behind the one that is asked for; more are fetched as they are wanted."""
_CODE = frozenset({"code", "json", "yaml"})
_SENTENCE_END = tuple(".!?:;。！？…”\"')")


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the index with its passages."""

    info: DocumentInfo
    chunks: Sequence[StoredChunk]

    @property
    def source(self) -> str:
        return self.info.source

    @property
    def format(self) -> str:
        return str(self.info.header.get("format", ""))

    @property
    def page_kind(self) -> str:
        return str(self.info.header.get("page_kind", ""))


@dataclass(frozen=True, slots=True)
class Target:
    """What the reader is to open at."""

    page: int | None = None
    quote: str = ""
    passage: int | None = None
    """The passage's number in the document, as it was when the address was made."""

    @property
    def is_passage(self) -> bool:
        """Whether more than a page is meant."""
        return bool(self.quote) or self.passage is not None


@dataclass(frozen=True, slots=True)
class Part:
    """Some passages in a row as HTML."""

    html: str
    first: int
    last: int
    total: int
    is_found: bool = False
    """Whether the quote, or without one the passage, is among them."""


def find_document(snapshot: Snapshot, source: str) -> Document | None:
    """The document with its passages; None if the index holds none of that source."""
    info = snapshot.find_document(source)
    return None if info is None else Document(info, snapshot.read_source_chunks(source))


def find_passage(document: Document, target: Target) -> Chunk | None:
    """The passage that is meant: the numbered one if it has the quote, or else the one that has."""
    chunks = [stored.chunk for stored in document.chunks]
    numbered = [chunk for chunk in chunks if chunk.ordinal == target.passage]
    on_page = [chunk for chunk in chunks if target.page is None or chunk.page == target.page]
    if not target.quote:
        named = numbered or (on_page if target.page is not None else [])
        return named[0] if named else None
    wanted = remove_invisible(target.quote)
    for chunk in (*numbered, *on_page, *chunks):
        if wanted in remove_invisible(chunk.text):
            return chunk
    # It was written a little differently: the addresses of old answers outlive a change of the document.
    return next((chunk for chunk in (*numbered, *on_page) if find_quote_spans(chunk.text, target.quote)), None)


def write_around(document: Document, target: Target) -> Part:
    """The passages around the one that is meant, with the quote marked, or without one the passage."""
    found = find_passage(document, target)
    at = found.ordinal if found else 0
    return write_part(document, at - AROUND, at + AROUND, found, target.quote)


def write_page(document: Document, target: Target) -> Part:
    """The text of one page, with the quote marked."""
    on_page = [stored.chunk.ordinal for stored in document.chunks if stored.chunk.page == target.page]
    if not on_page:
        return Part("", 0, -1, len(document.chunks))
    marked = find_passage(document, target) if target.is_passage else None
    return write_part(document, on_page[0], on_page[-1], marked, target.quote)


def write_part(document: Document, first: int, last: int, marked: Chunk | None = None, quote: str = "") -> Part:
    """The passages from `first` to `last`. In `marked` the quote is marked; without one all of it is set apart."""
    chosen = [stored for stored in document.chunks if first <= stored.chunk.ordinal <= last]
    pages = groupby(chosen, lambda stored: (stored.chunk.page, stored.label))
    html = "".join(
        f"{_write_page_name(document, page, label)}{_write_passages(document, list(of_page), marked, quote)}"
        for (page, label), of_page in pages
    )
    numbers = [stored.chunk.ordinal for stored in chosen] or [0]
    return Part(html, numbers[0], numbers[-1], len(document.chunks), marked is not None)


def _write_page_name(document: Document, page: int | None, label: str | None) -> str:
    if page is None:
        return ""
    kind, name = escape(document.page_kind or "page"), escape(remove_invisible(label or str(page)))
    return f'<p class="page-name" data-kind="{kind}" data-page="{page}">{name}</p>'


def _write_passages(document: Document, stored: Sequence[StoredChunk], marked: Chunk | None, quote: str) -> str:
    """One page's passages as one text, so that what was split is whole again."""
    text, marks = "", []
    whole: Span | None = None
    for one in stored:
        chunk = one.chunk
        fresh = chunk.text[chunk.overlap :]
        text += _choose_gap(text, fresh, document.format)
        start = len(text) - chunk.overlap
        if marked is not None and chunk.ordinal == marked.ordinal:
            whole = (len(text), len(text) + len(fresh))
            spans = find_quote_spans(chunk.text, quote) if quote else []
            # What stands in both was written with the passage before.
            marks = [(max(start + first, 0), start + last) for first, last in spans]
        text += fresh
    if whole and not quote:
        before, inner, after = text[: whole[0]], text[slice(*whole)], text[whole[1] :]
        parts = (
            write_html(before, document.format),
            write_html(inner, document.format),
            write_html(after, document.format),
        )
        return f'{parts[0]}<div class="passage">{parts[1]}</div>{parts[2]}'
    return write_html(text, document.format, marks)


def _choose_gap(before: str, text: str, format_: str) -> str:
    """What stood between two passages: the white space at their edges isn't kept."""
    if not before:
        return ""
    last, first = before.rsplit("\n", 1)[-1], text.split("\n", 1)[0]
    if format_ in _CODE or ("\t" in last and "\t" in first) or (last.startswith("|") and first.startswith("|")):
        return "\n"
    goes_on = first[:1].islower() and not last.rstrip().endswith(_SENTENCE_END)
    return " " if goes_on else "\n\n"


def list_sections(document: Document) -> list[tuple[int, int, str]]:
    """The headings of a document as its passages name them: level from 0, number of the passage, title."""
    entries: list[tuple[int, int, str]] = []
    path: list[str] = []
    for stored in document.chunks:
        names = [name for name in stored.chunk.section.split(" > ") if name]
        same = next(
            (n for n, (one, other) in enumerate(zip(path, names, strict=False)) if one != other),
            min(len(path), len(names)),
        )
        entries += [(level, stored.chunk.ordinal, remove_invisible(names[level])) for level in range(same, len(names))]
        path = names
    return entries
