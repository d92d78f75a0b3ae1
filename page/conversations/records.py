"""What is kept of conversations, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
"""A step, element or feedback as Chainlit has it: JSON values."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as a list shows it."""

    id: str
    title: str
    changed: str
    """When it was last changed, as an ISO 8601 date-time."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What is kept of an answer beside its message: for follow-ups, and until it is complete."""

    id: str
    """The id of its message."""
    question: str
    text: str
    is_private: bool
    writer: str = ""
    """The process that writes it, by `rag.private.name_this_process`; empty once it is complete."""
    sources: tuple[str, ...] = ()
    """The documents that it cites, in order, where they were asked for; kept with what stands below it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, by the ids of their messages."""

    first: str
    second: str
    kept: str = ""
    """The one with which the conversation goes on; empty until its reader has chosen."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that is kept of one."""

    id: str
    title: str
    changed: str
    settings: Json
    steps: Sequence[Json]
    elements: Sequence[Json]
    answers: Sequence[Answered]
    pairs: Sequence[Pair] = ()
