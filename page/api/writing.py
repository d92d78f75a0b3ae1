"""The text of an answer as a program reads it, and its citations in the form that OpenAI's API defines for them.

A program can't take back what it was sent, as the page can. So the text only grows: the model's words as they come,
then what is to be said of them, then the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from rag.answering.citations import defuse_markers, find_markers, match_but_for_markers
from rag.answering.events import AnswerReport, Done, Event, Quoted, Token, Told, Withdrawn
from rag.text.hostile import VisibleStream, remove_invisible, show_name
from rag.types import Citation

SOURCES = "Sources:"
"""The line that begins the list below an answer."""

Address = Callable[[Citation], str]
"""The address at which a citation's document can be read."""


class StopCutter:
    """Ends a text that comes in pieces before the stop sequence that is complete first; it isn't shown.

    So much is held back as could be the beginning of one.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""
        self.is_cut = False

    def take(self, text: str) -> str:
        """What can be shown now."""
        if self.is_cut:
            return ""
        self._held += text
        found = [(place + len(stop), place) for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.is_cut = True
            return self._held[: min(found)[1]]
        keep = max((_measure_overlap(self._held, stop) for stop in self._stops), default=0)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def end(self) -> str:
        """What was held back of a text that has ended."""
        return "" if self.is_cut else self._held


def _measure_overlap(text: str, stop: str) -> int:
    """How many characters at the end of the text are the beginning of the stop sequence."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)


@dataclass(slots=True)
class Writing:
    """An answer that is written for a program."""

    address: Address
    streams: bool
    """Whether the words are sent as they come; else all is written at the end."""
    lists_sources: bool = True
    """Whether the sources stand below the text; else only markers that it lacks: the program lists the sources."""
    text: str = ""
    """All that was written so far."""
    report: AnswerReport | None = field(default=None, init=False)

    _visible: VisibleStream = field(default_factory=VisibleStream, init=False)
    _quotes: str = field(default="", init=False)
    """The quotes, in which only our own markers look like some."""
    _is_held: bool = field(default=False, init=False)
    """Whether words that were sent were taken back, so that the others wait for the end."""

    def take(self, event: Event) -> str:
        """What the event adds to the text."""
        match event:
            case Quoted() | Told():
                self._quotes = _defuse_quotes(event)
            case Token(words) if self.streams and not self._is_held:
                return self._add(self._visible.add(words))
            case Withdrawn():
                self._is_held = bool(self.text)
            case Done(report):
                self.report = report
                return self._add(self._end(report))
        return ""

    def _add(self, more: str) -> str:
        self.text += more
        return more

    def _end(self, report: AnswerReport) -> str:
        """What is missing at the end: all of it, or what the model's words lack."""
        whole = remove_invisible(self._replace_quotes(report))
        if whole.startswith(self.text):
            rest = whole[len(self.text) :]
        elif match_but_for_markers(whole.removesuffix(report.remark).rstrip(), self.text):
            rest = f"\n\n{report.remark}" if report.remark else ""
        else:
            rest = f"\n\n{whole}"
        return rest + self._write_below(report, self.text + rest)

    def _replace_quotes(self, report: AnswerReport) -> str:
        return report.answer.replace(report.quotes, self._quotes) if report.quotes else report.answer

    def _write_below(self, report: AnswerReport, above: str) -> str:
        """What a reader needs beside the answer: the quotes, if it is to be compared with them; the sources."""
        is_compared = report.outcome == "unsure" and report.quotes and report.quotes not in report.answer
        quotes = "\n".join(f"> {line}" for line in remove_invisible(self._quotes).splitlines()) if is_compared else ""
        lines = [f"[{one.number}] {name_place(one)} <{self.address(one)}>" for one in report.citations]
        parts = [quotes, "\n".join([SOURCES, *lines]) if lines else ""]
        if not self.lists_sources:
            told = {number for marker in find_markers(above) for number in marker.numbers}
            parts = [quotes, " ".join(f"[{one.number}]" for one in report.citations if one.number not in told)]
        return "".join(f"\n\n{part}" for part in parts if part)


def _defuse_quotes(quoted: Quoted | Told) -> str:
    """The quotes with round brackets around a document's own numbers: its footnotes are none of our sources."""
    ends = [marker.end for marker in find_markers(quoted.text) if marker.start in quoted.markers]
    places = [0, *(place for pair in zip(quoted.markers, ends, strict=True) for place in pair), len(quoted.text)]
    pieces = [quoted.text[start:end] for start, end in pairwise(places)]
    return "".join(piece if number % 2 else defuse_markers(piece) for number, piece in enumerate(pieces))


def cut_sources(text: str) -> str:
    """An answer of ours without its list of sources."""
    return text.partition(f"\n\n{SOURCES}\n")[0]


def name_place(citation: Citation) -> str:
    """The document and its page: ``manual.pdf, page 3``."""
    name = show_name(citation.source)
    return name if citation.page is None else f"{name}, {citation.page_kind or 'page'} {citation.page}"


def make_document_address(base: str, citation: Citation) -> str:
    """The address of a citation's document on the server at `base`, which ends with a slash."""
    page = f"#page={citation.page}" if citation.page is not None else ""
    return f"{base}corpus/{quote(citation.source)}{page}"


def annotate(text: str, citations: Sequence[Citation], address: Address) -> list[dict[str, Any]]:
    """The citations as annotations, one for each marker in the text; places are characters, the end not included."""
    by_number = {citation.number: citation for citation in citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": marker.start,
                "end_index": marker.end,
                "title": name_place(by_number[number]),
                "url": address(by_number[number]),
            },
        }
        for marker in find_markers(text)
        for number in marker.numbers
        if number in by_number
    ]
