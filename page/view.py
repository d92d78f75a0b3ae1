"""What the chat page shows, and what it must not: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from rag.answering.citations import MARKER, UNFINISHED_MARKER, make_citation, read_numbers
from rag.text.hostile import remove_invisible, show_name
from rag.types import Citation, ScoredChunk

JOINER = "\u2060"
"""Invisible; tells the marker ``[1]`` from the same characters elsewhere, since Chainlit links them wherever they
stand, be it in code."""

_BACKTICKS = re.compile(r"`+")
_MARKER_OR_IMAGE = re.compile(rf"{MARKER.pattern}|!(?=\[)", MARKER.flags)
_UNDECIDED = re.compile(rf"(?:!?{UNFINISHED_MARKER.pattern}|!\Z|`+\Z)")
_LONGEST_UNDECIDED = 200
"""Characters that are held back while they can still become a marker; a model's text may have endless ones."""


def make_marker(number: int) -> str:
    """The name of a link to the source `number`."""
    return f"[{number}]{JOINER}"


def link_markers(text: str, passages: int) -> str:
    """The answer with its citations made into links' names: ``[1, 2]`` becomes two, ``argv[1]`` in code stays.

    An image becomes a link to it, since showing it would tell its host that the answer was read.
    """
    pieces: list[str] = []
    end_of_code = 0
    for start, end in _find_code(text):
        pieces += [_link_outside_code(text[end_of_code:start], passages), text[start:end]]
        end_of_code = end
    return "".join([*pieces, _link_outside_code(text[end_of_code:], passages)])


class MarkerStream:
    """Links the markers of an answer that is still being written, piece by piece, as `link_markers` does at its end.

    An end that can still become a marker or code is held back until it is decided. Code that never ends stays code
    here; once the answer is complete, `link_markers` knows better.
    """

    def __init__(self) -> None:
        self._undecided = ""
        self._open_backticks = 0

    def add(self, piece: str, passages: int) -> str:
        """What to add to what is shown; takes time in proportion to the piece, however long the answer is already."""
        text = self._undecided + piece
        undecided = _UNDECIDED.search(text)
        start = undecided.start() if undecided and len(undecided[0]) <= _LONGEST_UNDECIDED else len(text)
        self._undecided = text[start:]
        return "".join(self._link(text[:start], passages))

    def _link(self, text: str, passages: int) -> Iterator[str]:
        at = 0
        for run in _BACKTICKS.finditer(text):
            yield self._link_part(text[at : run.start()], passages)
            yield run[0]
            # Code ends with as many backticks as it began with; others in between belong to it.
            if self._open_backticks in (0, len(run[0])):
                self._open_backticks = 0 if self._open_backticks else len(run[0])
            at = run.end()
        yield self._link_part(text[at:], passages)

    def _link_part(self, text: str, passages: int) -> str:
        return text if self._open_backticks else _link_outside_code(text, passages)


def _find_code(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part between two runs of equally many backticks; one pass over them, from the end."""
    runs = [match.span() for match in _BACKTICKS.finditer(text)]
    closing: list[int | None] = [None] * len(runs)
    latest: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        start, end = runs[index]
        closing[index] = latest.get(end - start)
        latest[end - start] = index
    index = 0
    while index < len(runs):
        closed_by = closing[index]
        if closed_by is not None:
            yield runs[index][0], runs[closed_by][1]
        index = 1 + (index if closed_by is None else closed_by)


def _link_outside_code(text: str, passages: int) -> str:
    def link(match: re.Match[str]) -> str:
        if match[0] == "!":
            return f"!{JOINER}"
        numbers = read_numbers(match)
        is_citation = all(1 <= number <= passages for number in numbers)
        return "".join(map(make_marker, numbers)) if is_citation else match[0]

    return _MARKER_OR_IMAGE.sub(link, text)


def make_cards(hits: Sequence[ScoredChunk], citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """One card for each passage that a marker can open, in order; a cited one knows its quote. JSON values only."""
    cited = {citation.number: citation for citation in citations}
    return [_make_card(cited.get(n) or make_citation(n, hit.stored, "")) for n, hit in enumerate(hits, start=1)]


def _make_card(citation: Citation) -> dict[str, Any]:
    is_pdf = citation.source.lower().endswith(".pdf")
    # The page looks for the quote in the text, so both have to be shown alike.
    parts = citation.text.partition(citation.quote) if citation.quote else (citation.text, "", "")
    before, quoted, after = map(remove_invisible, parts)
    return {
        "number": citation.number,
        "marker": make_marker(citation.number),
        "source": show_name(citation.source),
        "place": remove_invisible(describe_place(citation)),
        "section": remove_invisible(citation.section),
        "quote": quoted,
        "text": before + quoted + after,
        "url": make_address(citation.source),
        "page": citation.page if is_pdf else None,
    }


def escape_markdown(text: str) -> str:
    """The text as Markdown that shows just this text, for sentences with names of files or other programs' words."""
    return re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", remove_invisible(text))


def make_address(source: str) -> str:
    """The address of that document on the page's server."""
    return f"/corpus/{quote(source)}"


def describe_place(citation: Citation) -> str:
    """``page 3``, ``slide 2``, ``page iv (4)`` where the printed number differs; empty for a text without pages."""
    if citation.page is None:
        return ""
    is_relabelled = citation.label not in (None, "", str(citation.page))
    number = f"{citation.label} ({citation.page})" if is_relabelled else str(citation.page)
    return f"{citation.page_kind or 'page'} {number}"


def remove_foreign_links(html: str) -> str:
    """The page without what Chainlit has it fetch from public hosts: a font, a style sheet and a preview picture."""
    return re.sub(r"<(?:link|meta)\b[^>]*https?://[^>]*>", "", html)
