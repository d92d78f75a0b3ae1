"""What `answer` yields, in this order: Rewritten for a follow-up, Retrieved, Shown if a model is asked, Tokens with
Notices among them, Citations, and Done.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.answering.report import AnswerReport
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


@dataclass(frozen=True, slots=True)
class Citations:
    """What the answer's markers stand for, in the order of first use; comes once, after the text."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Always the last event."""

    report: AnswerReport


Event = Rewritten | Retrieved | Shown | Notice | Token | Citations | Done
