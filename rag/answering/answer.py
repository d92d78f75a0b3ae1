"""The question path: retrieve, ask the model, cite; and what to say when there is no passage or no model.

A follow-up is first made a question that stands alone; from then on that is the question.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from rag.answering.citations import cited_sources, unknown_markers
from rag.answering.followup import Turn, standalone_question
from rag.answering.prompt import answer_budget, build_messages, count_message_tokens, fit_hits, prompt_budget
from rag.answering.quoting import quote_answer
from rag.answering.widening import READ_TOKENS, Around, widen
from rag.chat.router import ModelState
from rag.errors import ModelUnavailableError, PromptTooLongError, QuestionError
from rag.settings import Settings
from rag.types import Citation, Restriction, Retrieval, ScoredChunk

MAX_QUESTION_CHARACTERS = 2_000
"""Beyond it the question would leave no room for passages in a context of 4,096 tokens, Japanese being the worst case;
and the embedding model reads about 1,000 characters of it anyway."""

NOT_IN_DOCUMENTS = "Your documents don't seem to answer this."
_NEAREST = "The nearest passages:"
_QUOTES_ONLY = "No model answers at the moment, so these are quotes from your documents."
_PROMPT_ATTEMPTS = 4
"""Each halves the passages, so that 16 tokens for every one that was expected still end in an answer."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The question that is asked in place of a follow-up; comes first, and not for a question that stands alone."""

    question: str


@dataclass(frozen=True, slots=True)
class Retrieved:
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
    """Enough where the model's state is shown anyway; empty where `text` says nothing of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text; it may be a word or a page."""

    text: str


@dataclass(frozen=True, slots=True)
class Citations:
    """What the answer's markers stand for, in the order of first use; comes once, after the text."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class AnswerReport:
    question: str
    """As the user asked it."""
    answer: str
    answerable: bool
    citations: tuple[Citation, ...]
    model: str | None
    """Full id; None where the answer is made of quotes."""
    route: str
    """``local``, ``endpoint`` or ``quotes``."""
    milliseconds: dict[str, float] = field(default_factory=dict)
    """``retrieve``, ``first_token`` (from the question on) and ``total``."""
    searched_for: str = ""
    """The question that stands alone: `question` itself unless it was a follow-up."""
    failure: str = ""
    """Why the model gave no answer or only a part of one; empty where it did, or where it wasn't to be asked."""

    def as_dict(self) -> dict[str, Any]:
        """As `ask --json` prints it."""
        shown = ("number", "source", "page", "quote")
        citations = [{name: getattr(citation, name) for name in shown} for citation in self.citations]
        return asdict(self) | {"citations": citations}


@dataclass(frozen=True, slots=True)
class Done:
    """Always the last event."""

    report: AnswerReport


Event = Rewritten | Retrieved | Shown | Notice | Token | Citations | Done


class Retrieve(Protocol):
    def __call__(self, question: str, *, only: Restriction | None = None) -> Retrieval: ...


class Router(Protocol):
    """What is needed of a `ModelRouter`."""

    @property
    def state(self) -> ModelState: ...
    async def refresh(self) -> ModelState: ...
    def stream(
        self, messages: Sequence[dict[str, str]], max_tokens: int, on_finish: Callable[[str], None] | None = None
    ) -> AsyncGenerator[str, None]: ...


async def answer(
    question: str,
    *,
    retrieve: Retrieve,
    router: Router,
    settings: Settings,
    only: Restriction | None = None,
    turns: Sequence[Turn] = (),
    around: Around | None = None,
) -> AsyncGenerator[Event, None]:
    """Rewritten if it was a follow-up, Retrieved, Shown if a model is asked, Tokens with Notices among them, Citations,
    and Done.

    `only` says which documents may be found. `turns` are those of the conversation so far, the last one last. `around`
    gives what stands around a passage in its document, for the model to read too. Closing it stops the model at once.

    Raises QuestionError for an empty or endless question, and what `retrieve` raises; a model that fails raises
    nothing: what it wrote is kept, or quotes take its place, and a Notice says why.
    """
    record = _Record(checked_question(question))
    record.question = await _standalone(record.asked, turns, router)
    if record.question != record.asked:
        yield Rewritten(record.question)
    retrieval = await asyncio.to_thread(retrieve, record.question, only=only)
    record.mark("retrieve")
    yield Retrieved(retrieval)
    if not retrieval.hits:
        events = _said(_nothing_found(settings, only))
    elif not retrieval.answerable:
        events = _quoted(record.question, retrieval.hits, f"{_not_answered(only)} {_NEAREST}\n\n")
    else:
        events = _written(record, retrieval.hits, router, settings, around)
    async with aclosing(events):
        async for event in events:
            record.note(event)
            yield event
    yield Done(record.report(retrieval))


async def answer_report(
    question: str, *, retrieve: Retrieve, router: Router, settings: Settings, around: Around | None = None
) -> AnswerReport:
    """The whole answer at once, for those who don't show it as it comes."""
    events = answer(question, retrieve=retrieve, router=router, settings=settings, around=around)
    async with aclosing(events):
        return [event.report async for event in events if isinstance(event, Done)][-1]


async def _standalone(question: str, turns: Sequence[Turn], router: Router) -> str:
    rewritten = await standalone_question(question, turns, router.stream if router.state.is_ready else None)
    # Carrying over an earlier question may have made it longer than the answer's prompt has room for.
    return rewritten if len(rewritten) <= MAX_QUESTION_CHARACTERS else question


def checked_question(question: str) -> str:
    """Without control characters and white space around it. Raises QuestionError if it can't be asked."""
    question = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", " ", question).strip()
    if not question:
        raise QuestionError("The question is empty. Write what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read. "
            "Shorten it, and put long text into a document instead."
        )
    return question


async def _written(
    record: _Record, hits: Sequence[ScoredChunk], router: Router, settings: Settings, around: Around | None
) -> AsyncGenerator[Event, None]:
    """The model's answer; quotes when there is no model or it fails before its first word."""
    state = await router.refresh()
    try:
        if not state.is_ready:
            raise ModelUnavailableError(_sentences(state))
        async with aclosing(_streamed(record, hits, router, settings, around)) as events:
            async for event in events:
                yield event
    except ModelUnavailableError as exc:
        record.failure = str(exc)
        if not record.text:
            record.model_id, record.route = None, "quotes"
            yield Notice(f"{exc} Until a model answers, you get quotes from your documents.", _QUOTES_ONLY)
            async for event in _quoted(record.question, hits):
                yield event
            return
        yield Notice(f"{exc} The answer above is incomplete.")
    yield Citations(cited_sources(record.text, record.shown))
    if unknown := unknown_markers(record.text, record.shown):
        yield Notice(f"The answer refers to {', '.join(f'[{n}]' for n in unknown)}, which is none of its passages.")


async def _streamed(
    record: _Record, hits: Sequence[ScoredChunk], router: Router, settings: Settings, around: Around | None
) -> AsyncGenerator[Event, None]:
    """Asks again with fewer passages when the model can read less than was thought."""
    state, budget = router.state, prompt_budget(router.state.context_length, settings.max_tokens)
    record.model_id, record.route = state.model_id, state.route
    reasons: list[str] = []
    for attempt in range(1, _PROMPT_ATTEMPTS + 1):
        record.shown = await _readable(record.question, hits, budget, around)
        yield Shown(record.shown)
        messages = build_messages(record.question, record.shown)
        answer_tokens = answer_budget(router.state.context_length, settings.max_tokens)
        try:
            async with aclosing(router.stream(messages, answer_tokens, reasons.append)) as pieces:
                async for piece in pieces:
                    if text := piece if record.text else piece.lstrip():
                        yield Token(text)
            break
        except PromptTooLongError:
            if attempt == _PROMPT_ATTEMPTS or record.text:
                raise
            budget = min(
                prompt_budget(router.state.context_length, settings.max_tokens),
                _half(record.question, messages, budget),
            )
            yield Notice("The model can read less at once than expected; it is asked again with fewer passages.")
    if "length" in reasons:
        yield Notice(f"The answer was cut off at {answer_tokens} tokens. Set RAG_MAX_TOKENS higher for longer ones.")


async def _readable(
    question: str, hits: Sequence[ScoredChunk], budget_tokens: int, around: Around | None
) -> tuple[ScoredChunk, ...]:
    """The first hits that fit, widened where there is room left."""
    fitting = fit_hits(question, hits, budget_tokens)
    if around is None:
        return fitting
    return await asyncio.to_thread(widen, question, fitting, around, min(budget_tokens, READ_TOKENS))


def _half(question: str, messages: Sequence[dict[str, str]], budget: int) -> int:
    """A budget for half of the passages; the question itself can't be halved."""
    bare = count_message_tokens(build_messages(question, ()))
    return bare + (min(budget, count_message_tokens(messages)) - bare) // 2


async def _quoted(question: str, hits: Sequence[ScoredChunk], before: str = "") -> AsyncGenerator[Event, None]:
    text, citations = await asyncio.to_thread(quote_answer, question, hits)
    yield Token(before + text)
    yield Citations(citations)


async def _said(text: str) -> AsyncGenerator[Event, None]:
    yield Token(text)
    yield Citations(())


def _not_answered(only: Restriction | None) -> str:
    return f"The {only.description} don't seem to answer this." if only else NOT_IN_DOCUMENTS


def _nothing_found(settings: Settings, only: Restriction | None) -> str:
    where = f"in the {only.description} below" if only else "below"
    return (
        f"No text was found for this {where} {settings.corpus_dir}. "
        "Put documents there, and ask again once they are read."
    )


def _sentences(state: ModelState) -> str:
    return f"{state.detail} {state.fix}".strip()


class _Record:
    """What has been said so far, for the report."""

    def __init__(self, question: str) -> None:
        self.asked = question
        self.question = question
        """That stands alone."""
        self.text = ""
        self.shown: tuple[ScoredChunk, ...] = ()
        self.model_id: str | None = None
        self.route = "quotes"
        self.failure = ""
        self._citations: tuple[Citation, ...] = ()
        self._milliseconds: dict[str, float] = {}
        self._begin = time.perf_counter()

    def mark(self, name: str) -> None:
        self._milliseconds.setdefault(name, round((time.perf_counter() - self._begin) * 1000, 1))

    def note(self, event: Event) -> None:
        if isinstance(event, Token):
            self.mark("first_token")
            self.text += event.text
        elif isinstance(event, Citations):
            self._citations = event.citations

    def report(self, retrieval: Retrieval) -> AnswerReport:
        self.mark("first_token")
        self.mark("total")
        return AnswerReport(
            question=self.asked,
            searched_for=self.question,
            answer=self.text,
            answerable=retrieval.answerable and bool(retrieval.hits),
            citations=self._citations,
            model=self.model_id,
            route=self.route,
            milliseconds=self._milliseconds,
            failure=self.failure,
        )
