"""What `answer` yields, in this order: Rewritten for a follow-up, Retrieved, Private if it is, Quoted; if a model is
asked, Routed, Shown and Tokens, and all three again if another is asked in its place; then Judged, Citations, and Done,
which has the report of the whole answer. Notices may stand anywhere between. Withdrawn takes the Tokens back.

`rag.asked.asking.ask` yields the same for a question to the passages. For another, Told stands in the place of Quoted
and may come again, and Progress may stand anywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rag.answering.several import Several
from rag.answering.substance import Assessment
from rag.types import Citation, Retrieval, ScoredChunk, Verdict

if TYPE_CHECKING:
    from rag.answering.checking import CheckedClaim

Outcome = Literal["answered", "unsure", "not_found"]
"""How an answer looks to its reader. Of one that is ``not_found`` the quotes are no more than the nearest passages."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The question that is asked in place of a follow-up; a question that stands alone has no such event."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found, be it nothing."""

    retrieval: Retrieval


@dataclass(frozen=True, slots=True)
class Private:
    """No model on another machine is asked, now or for a follow-up; such an event comes only where there is one."""

    why: str
    """A clause: ``the question holds a phone number``."""


@dataclass(frozen=True, slots=True)
class Routed:
    """Which model is asked."""

    model: str
    """Its full id."""
    place: str
    """``on this machine``, or ``at`` and a host."""
    why: str
    """A clause: ``it asks for code``; empty where there was nothing to choose."""


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
class Quoted:
    """What the documents say, word for word, before any model has read a word; comes once, if anything was found."""

    text: str
    """No markup: all but the markers is a document's."""
    markers: tuple[int, ...]
    """Where the markers begin in the text."""
    citations: tuple[Citation, ...]
    """What they stand for."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the program itself says of the documents, for a question that is none to the passages.

    It takes the place of what it told before: a table grows.
    """

    text: str
    """No markup: all but the markers is the program's and the documents' words, with rows and items as in quotes."""
    markers: tuple[int, ...] = ()
    """Where the markers begin in the text."""
    citations: tuple[Citation, ...] = ()
    """What they stand for."""

    @property
    def without_bare_markers(self) -> str:
        """The text without the markers of documents that nothing is quoted of: their names stand before them."""
        bare, text = {citation.number for citation in self.citations if not citation.quote}, self.text
        for start in reversed(self.markers):
            end = text.index("]", start) + 1
            if int(text[start + 1 : end - 1]) in bare:
                text = text[:start].rstrip(" ") + text[end:]
        return text


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading of whole documents is."""

    done: int
    total: int
    source: str
    """The document that is read now."""


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the model's text, which is Markdown; it may be a word or a page."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """All tokens so far were no part of the answer: the model thought aloud or had nothing to say, as was seen late."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How the answer looks, when all of it is there; comes once."""

    outcome: Outcome
    remark: str
    """What the reader is told of it, in the question's language; empty for an answer that needs no word."""
    may_insist: bool = False
    """Whether no model was asked though one could be, since the verdict was ``no``; the reader may want it asked."""


@dataclass(frozen=True, slots=True)
class Citations:
    """What the markers stand for, the model's first, then those of the quotes; comes once, after the text."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """The whole answer and how it came about."""

    question: str
    """The question as the user asked it."""
    answer: str
    """All that there is to read: the model's words, or else the quotes; and what is to be said of them."""
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
    verdict: Verdict = "no"
    """What retrieval thought of the question."""
    outcome: Outcome = "not_found"
    quotes: str = ""
    """The quotes, which stand below the model's words or in their place."""
    remark: str = ""
    """What `answer` tells of itself, which is no claim of a document's."""
    finish: str = "stop"
    """Why the model's words end: ``stop``, or ``length`` or ``content_filter`` if they were cut off."""
    place: str = ""
    """Where the model runs: ``on this machine``, or ``at`` and a host; empty for quotes."""
    why: str = ""
    """Why it was that model, as a clause; empty where there was nothing to choose."""
    private: str = ""
    """Why no model on another machine was asked, as a clause; empty where nothing kept one from it."""
    kind: str = "passages"
    """What was asked for: see `rag.asked.kinds.Kind`."""
    table: tuple[dict[str, Any], ...] = ()
    """The documents that the answer lists, each with what it says of them; empty for one from passages."""
    counts: dict[str, Any] = field(default_factory=dict)
    """What the program counted for the answer; empty for one from passages."""
    worth: Assessment | None = None
    """What the model's words are worth, shown or not; None where it wrote none or failed on the way."""
    claims: tuple[CheckedClaim, ...] = ()
    """Each sentence of the model's answer, held against its passages; empty where quotes are the answer."""
    several: Several | None = None
    """What documents answer differently, be it of the same or of several things; None if they don't."""
    unanswered: str = ""
    """The part of a question of several parts of which the passages hold nothing; empty if there is none."""

    def to_dict(self) -> dict[str, Any]:
        """As `ask --json` prints it: without words that were taken back, and without what passages don't have."""
        shown = ("number", "source", "page", "quote")
        citations = [{name: getattr(citation, name) for name in shown} for citation in self.citations]
        left_out = {"worth", "table", "counts"} if self.kind == "passages" else {"worth"}
        shown_values = {name: value for name, value in asdict(self).items() if name not in left_out}
        told = {"claims": [one.to_dict() for one in self.claims], "several": self.several and self.several.to_dict()}
        return shown_values | {"citations": citations} | told


@dataclass(frozen=True, slots=True)
class Done:
    """Always the last event."""

    report: AnswerReport


Event = (
    Rewritten
    | Retrieved
    | Private
    | Quoted
    | Told
    | Progress
    | Routed
    | Shown
    | Notice
    | Token
    | Withdrawn
    | Judged
    | Citations
    | Done
)
