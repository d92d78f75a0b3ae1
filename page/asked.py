"""What a message of the page asks, and under which filters; and the same question again, for the model. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.answering.followup import Turn

INSIST = "insist"
"""Under which name a message's metadata hold what `Asked.again` gave to the page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what it is asked under."""

    text: str
    """As its user wrote it."""
    filters: Mapping[str, object]
    """The values of the chat's inputs, by their ids."""
    turns: Sequence[Turn] = ()
    standalone: str = ""
    """The question that took its place when it was asked before; empty unless it is asked again."""

    is_private: bool = False
    """Whether that question was made from something private, so that no other machine may get to read it."""

    every: bool = False
    """Whether it is asked again of every document."""

    source: str = ""
    """The one document that it is asked again of; empty for all that the filters allow."""

    repeats: bool = False
    """Whether it is asked again as it was, of another model."""

    @property
    def insists(self) -> bool:
        """Whether it is asked again so that the model reads what retrieval thinks little of."""
        return bool(self.standalone) and not (self.every or self.source or self.repeats)

    @property
    def question(self) -> str:
        return self.standalone or self.text

    def again(
        self, standalone: str, *, is_private: bool, every: bool = False, source: str = "", repeats: bool = False
    ) -> dict[str, Any]:
        """What the page sends back to have the question asked again, whichever server it has by then. JSON values."""
        shown = {"text": self.text, "standalone": standalone or self.text, "filters": dict(self.filters)}
        return {**shown, "private": is_private, "every": every, "source": source, "repeats": repeats}


def read_asked(text: str, metadata: object, filters: Mapping[str, object], turns: Sequence[Turn]) -> Asked:
    """What a message asks: its text, or a question again with the filters and the turns that it had then."""
    again = metadata.get(INSIST) if isinstance(metadata, dict) else None
    if not isinstance(again, dict) or not isinstance(again.get("filters"), dict):
        return Asked(text, filters, turns)
    is_private = bool(again.get("private", True))  # what an older page sends doesn't tell
    standalone, source = str(again.get("standalone") or text), str(again.get("source") or "")
    every, repeats = bool(again.get("every")), bool(again.get("repeats"))
    return Asked(text, again["filters"], (), standalone, is_private, every, source, repeats)
