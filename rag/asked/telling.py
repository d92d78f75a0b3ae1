"""An answer of the program's own: text with markers, and the events in which it is given. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.answering.citations import make_citation
from rag.answering.events import AnswerReport, Citations, Done, Event, Judged, Outcome, Retrieved, Told
from rag.text.hostile import show_name
from rag.text.tables import split_cells
from rag.types import Citation, Retrieval, ScoredChunk, StoredChunk


@dataclass
class Telling:
    """What is told, written line by line; each passage that it refers to has one number."""

    kind: str
    question: str
    outcome: Outcome = "answered"
    text: str = ""
    markers: list[int] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)
    """The same for programs: a row for each document."""
    counts: dict[str, Any] = field(default_factory=dict)
    hits: list[ScoredChunk] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def add_line(self, text: str = "") -> None:
        self.text += f"\n{text}" if self.text else text

    def cite(self, stored: StoredChunk | None, quote: str = "") -> None:
        """Put the passage's marker behind what was written last; nothing without a passage."""
        if stored is None:
            return
        ids = [hit.stored.id for hit in self.hits]
        if stored.id not in ids:
            ids.append(stored.id)
            self.hits.append(ScoredChunk(stored, 0.0))
        number = ids.index(stored.id) + 1
        if number > len(self.citations):
            self.citations.append(make_citation(number, stored, quote))
        self.text += " "
        self.markers.append(len(self.text))
        self.text += f"[{number}]"

    @property
    def retrieval(self) -> Retrieval:
        """The passages that the markers stand for, in the form of a search that found them."""
        return Retrieval(self.question, "catalog", tuple(self.hits), "yes", 1.0)

    def tell(self) -> Told:
        return Told(self.text, tuple(self.markers), tuple(self.citations))

    def give(self) -> Iterator[Event]:
        """All of it as the events of an answer."""
        yield Retrieved(self.retrieval)
        yield self.tell()
        yield from self.end()

    def end(self) -> Iterator[Event]:
        yield Judged(self.outcome, "")
        yield Citations(tuple(self.citations))
        yield Done(self.make_report())

    def make_report(self) -> AnswerReport:
        total = round((time.perf_counter() - self.began) * 1e3, 1)
        return AnswerReport(
            question=self.question,
            searched_for=self.question,
            answer=self.text,
            answerable=self.outcome == "answered",
            citations=tuple(self.citations),
            model=None,
            route="catalog",
            milliseconds={"retrieve": total, "first_token": total, "total": total},
            verdict="yes" if self.outcome == "answered" else "no",
            outcome=self.outcome,
            quotes=self.text,
            kind=self.kind,
            table=tuple(self.table),
            counts=self.counts,
        )


def show_line(text: str) -> str:
    """A sentence, item or row of a document in one line, as words without a table's strokes."""
    cells = split_cells(text) if "\t" in text or text.lstrip().startswith("|") else [text]
    return " · ".join(filter(None, (" ".join(cell.strip("| ").split()) for cell in cells)))


def write_cell(text: str) -> str:
    """A text as a cell of a row."""
    return " ".join(text.split()).replace("|", "\\|")


def write_head(cells: Sequence[str]) -> tuple[str, str]:
    """The first two lines of a table."""
    return f"| {' | '.join(cells)} |", f"|{' --- |' * len(cells)}"


def name_document(source: str, title: str = "") -> str:
    """A document's path, with its title where that says more."""
    shown = show_name(source)
    plain = "".join(filter(str.isalnum, title.casefold()))
    known = "".join(filter(str.isalnum, source.casefold()))
    return f"{shown}: {' '.join(title.split())}" if plain and plain not in known else shown
