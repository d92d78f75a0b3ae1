"""What `answer` yields, in this order: Rewritten for a follow-up, Retrieved, Shown if a model is asked, Tokens with
Notices among them, Citations, and Done, which has the report of the whole answer. Withdrawn takes the Tokens back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rag.types import Citation, Retrieval, ScoredChunk


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The question that is asked in place of a follow-up; a question that stands alone has no such event."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found, be it nothing."""

    retrieval: Retrieval


@dataclass(frozen=True, slots=True)
class Shown:
    """The passages as the model is given them, each with its number among the hits; again if it is asked again."""

    hits: tuple[ScoredChunk, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know beside the answer, in plain sentences."""

    text: str
    brief: str = ""
    """The same without what to do about it, for where the model's state says that; empty where it doesn't."""


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text; it may be a word or a page."""

    text: str
    markers: tuple[int, ...] | None = None
    """Where markers begin in a text of quotes, whose other words are a document's and no markup; None for a model's
    text, which is Markdown."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """All tokens so far were no part of the answer: the model thought aloud, as was seen when it came to its end."""


@dataclass(frozen=True, slots=True)
class Citations:
    """What the answer's markers stand for, in the order of first use; comes once, after the text."""

    citations: tuple[Citation, ...]


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


@dataclass(frozen=True, slots=True)
class Done:
    """Always the last event."""

    report: AnswerReport


Event = Rewritten | Retrieved | Shown | Notice | Token | Withdrawn | Citations | Done
