"""What the chat page shows, and what it must not: pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from rag.answering.citations import make_citation
from rag.answering.markers import MARKER, UNFINISHED_MARKER, read_numbers
from rag.types import Citation, ScoredChunk

JOINER = "\u2060"
"""Invisible; tells the marker ``[1]`` from the same characters elsewhere, since Chainlit links them wherever they
stand, be it in code."""

_CODE = r"(`+)(?!`).*?(?<!`)\2(?!`)"
_OPEN_CODE = r"`.*"
_MARKER_OR_CODE = re.compile(rf"{MARKER.pattern}|{_CODE}", re.DOTALL)
_MARKER_OR_CODE_SO_FAR = re.compile(rf"{MARKER.pattern}|{_CODE}|{_OPEN_CODE}", re.DOTALL)
_UNDECIDED = re.compile(rf"{UNFINISHED_MARKER.pattern}|`+\Z")


def make_marker(number: int) -> str:
    """What a link to the source `number` is called."""
    return f"[{number}]{JOINER}"


def link_markers(text: str, passages: int, *, is_streaming: bool = False) -> str:
    """The answer with its citations made into links' names: ``[1, 2]`` becomes two, ``argv[1]`` in code stays.

    While it is streaming, an end that can still become a marker or code is left out, so that what was shown of an
    answer begins what is shown of it later.
    """

    def link_marker(match: re.Match[str]) -> str:
        numbers = read_numbers(match)
        is_citation = numbers and all(1 <= number <= passages for number in numbers)
        return "".join(map(make_marker, numbers)) if is_citation else match[0]

    if is_streaming:
        return _MARKER_OR_CODE_SO_FAR.sub(link_marker, _UNDECIDED.sub("", text))
    return _MARKER_OR_CODE.sub(link_marker, text)


def make_cards(hits: Sequence[ScoredChunk], citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """One card for each passage that a marker can open, in order; a cited one knows its quote. JSON values only."""
    cited = {citation.number: citation for citation in citations}
    every = [cited.get(n) or make_citation(n, hit.stored, "") for n, hit in enumerate(hits, start=1)]
    return [_make_card(citation) for citation in every]


def _make_card(citation: Citation) -> dict[str, Any]:
    is_pdf = citation.source.lower().endswith(".pdf")
    return {
        "number": citation.number,
        "marker": make_marker(citation.number),
        "source": citation.source,
        "place": describe_place(citation),
        "section": citation.section,
        "quote": citation.quote,
        "text": citation.text,
        "url": f"/corpus/{quote(citation.source)}",
        "page": citation.page if is_pdf else None,
    }


def describe_place(citation: Citation) -> str:
    """``page 3``, ``slide 2``, ``page iv (4)`` where the printed number differs; empty for a text without pages."""
    if citation.page is None:
        return ""
    is_relabelled = citation.label not in (None, "", str(citation.page))
    number = f"{citation.label} ({citation.page})" if is_relabelled else str(citation.page)
    return f"{citation.page_kind or 'page'} {number}"


def remove_foreign_links(html: str) -> str:
    """Chainlit's page names public hosts for a font, a style sheet and a preview picture; ours needs none of them."""
    return re.sub(r"<(?:link|meta)\b[^>]*https?://[^>]*>", "", html)
