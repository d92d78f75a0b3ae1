"""The report of one answer, and the record that it is made from while the answer is given."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from rag.types import Citation, Retrieval, ScoredChunk


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """The whole answer and how it came about."""

    question: str
    """The question as the user asked it."""
    answer: str
    answerable: bool
    citations: tuple[Citation, ...]
    model: str | None
    """The model's full id; None where the answer is made of quotes."""
    route: str
    """``local``, ``endpoint`` or ``quotes``."""
    milliseconds: dict[str, float] = field(default_factory=dict)
    """``retrieve``, ``first_token`` (from the question on) and ``total``."""
    searched_for: str = ""
    """The question that stands alone: `question` itself unless it was a follow-up."""
    failure: str = ""
    """Why the model gave no answer or only a part of one; empty where it did, or where it wasn't to be asked."""

    def to_dict(self) -> dict[str, Any]:
        """As `ask --json` prints it."""
        shown = ("number", "source", "page", "quote")
        citations = [{name: getattr(citation, name) for name in shown} for citation in self.citations]
        return asdict(self) | {"citations": citations}


class AnswerRecord:
    """What has been said so far, and when; `make_report` is its end."""

    def __init__(self, question: str) -> None:
        self.asked = question
        self.question = question
        """The same, made to stand alone."""
        self.text = ""
        self.citations: tuple[Citation, ...] = ()
        self.shown: tuple[ScoredChunk, ...] = ()
        """The passages that the model was given."""
        self.model_id: str | None = None
        self.route = "quotes"
        self.failure = ""
        self._milliseconds: dict[str, float] = {}
        self._begin = time.perf_counter()

    def mark(self, name: str) -> None:
        """Note the time since the question was asked; only the first time counts."""
        self._milliseconds.setdefault(name, round((time.perf_counter() - self._begin) * 1000, 1))

    def write(self, text: str) -> None:
        self.mark("first_token")
        self.text += text

    def make_report(self, retrieval: Retrieval) -> AnswerReport:
        """At the end of the answer. Without a word of it, its end is its first token."""
        self.mark("first_token")
        self.mark("total")
        return AnswerReport(
            question=self.asked,
            searched_for=self.question,
            answer=self.text,
            answerable=retrieval.answerable and bool(retrieval.hits),
            citations=self.citations,
            model=self.model_id,
            route=self.route,
            milliseconds=self._milliseconds,
            failure=self.failure,
        )
