"""What the chat page shows, and what it must not: pure functions, but for the prefix that all addresses have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from page.access.prefix import read_prefix
from page.texts import ENGLISH, say
from rag.answering.citations import make_citation
from rag.answering.spots import Spot
from rag.text.hostile import remove_invisible, show_name
from rag.types import Citation, ScoredChunk


def make_cards(
    hits: Sequence[ScoredChunk], citations: Sequence[Citation], language: str = ENGLISH
) -> list[dict[str, Any]]:
    """One card for each passage that a marker can open, in order. JSON values only.

    A cited one knows its quote, and its text, by which a change of its document is noticed later.
    """
    cited = {citation.number: citation for citation in citations}
    return [
        _make_card(cited.get(n) or make_citation(n, hit.stored, ""), hit.chunk.ordinal, language)
        | ({"text": remove_invisible(hit.chunk.text)} if n in cited else {})
        for n, hit in enumerate(hits, start=1)
    ]


def _make_card(citation: Citation, ordinal: int, language: str) -> dict[str, Any]:
    return {
        "number": citation.number,
        "source": show_name(citation.source),
        "place": remove_invisible(describe_place(citation, language)),
        "section": remove_invisible(citation.section),
        "quote": remove_invisible(citation.quote),
        "url": make_address(citation.source),
        "reader": make_reader_address(citation.source, citation.page, ordinal),
    }


def describe_spot(spot: Spot) -> dict[str, Any]:
    """What a marker leads to, as JSON values."""
    return {
        "number": spot.number,
        "quote": remove_invisible(spot.quote),
        "lacks": [remove_invisible(one) for one in spot.lacks],
    }


def make_reader_address(source: str, page: int | None, passage: int) -> str:
    """The address at which the reader opens that passage; ``&quote=`` with what is to be marked may follow."""
    where = f"page={page}&" if page is not None else ""
    return f"{read_prefix()}/read/{quote(source)}?{where}passage={passage}"


def make_address(source: str) -> str:
    """The address of that document on the page's server."""
    return f"{read_prefix()}/corpus/{quote(source)}"


def describe_place(citation: Citation, language: str = ENGLISH) -> str:
    """``page 3``, ``slide 2``, ``page iv (4)`` where the printed number differs; empty for a text without pages."""
    if citation.page is None:
        return ""
    is_relabelled = citation.label not in (None, "", str(citation.page))
    number = f"{citation.label} ({citation.page})" if is_relabelled else str(citation.page)
    return say(language, f"place.{citation.page_kind or 'page'}", number=number)


def remove_foreign_links(html: str) -> str:
    """The page without what Chainlit has it fetch from public hosts: a font, a style sheet and a preview picture."""
    return re.sub(r"<(?:link|meta)\b[^>]*https?://[^>]*>", "", html)
