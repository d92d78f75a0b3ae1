"""The question path: retrieve, quote, ask the model, cite; and what to say when there is no passage or no model.

What the documents say comes first, word for word, within a tenth of a second; a model's words are added to it. A
follow-up is first made a question that stands alone; from then on that is the question.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rag.answering.asking import explain_end, halve_passages, stream_words
from rag.answering.beside import Beside, look_beside
from rag.answering.citations import add_citations, cite_sources, find_unknown_markers
from rag.answering.events import (
    AnswerReport,
    Citations,
    Done,
    Event,
    Judged,
    Notice,
    Outcome,
    Private,
    Quoted,
    Retrieved,
    Rewritten,
    Routed,
    Shown,
    Token,
    Withdrawn,
)
from rag.answering.followup import Turn, make_standalone
from rag.answering.prompt import (
    Around,
    answer_budget,
    build_messages,
    choose_passages,
    count_tokens,
    has_room,
    is_small,
    prompt_budget,
)
from rag.answering.quoting import Compare, Quotes, quote_answer
from rag.answering.remarks import name_language, say_not_found, say_unproved, say_unread, say_unsure
from rag.answering.several import ReadDates
from rag.answering.steps import log_answer
from rag.answering.substance import Assessment, assess
from rag.chat.routing.router import Choice, Inquiry, Model, Plan, QuestionRouter, make_plan
from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.logs.steps import begin_request, read_request
from rag.ranking.question import is_about_unknown
from rag.settings import Settings
from rag.text.asked import MAX_QUESTION_CHARACTERS, check_question
from rag.types import Citation, Restriction, Retrieval, ScoredChunk

if TYPE_CHECKING:
    from rag.answering.checking import CheckedClaim

_PROMPT_ATTEMPTS = 4
"""How often a model is asked in all. Each time the passages are halved, so that 8 tokens for every one that was
expected still end in an answer."""

_BOUND = 0.3
"""How much of the question must stand where a model's answer is from, for it to need no remark.
Tuned on answers of small models to the everyday collections: bench/RESULTS.md, "Answering and chat"."""


class FindPassages(Protocol):  # what an answer needs of `Retriever.retrieve`
    def __call__(self, question: str, *, only: Restriction | None = None) -> Retrieval: ...


Router = Model | QuestionRouter
"""One model, or several of which each question gets the one that fits."""


async def answer(
    question: str,
    *,
    retrieve: FindPassages,
    router: Router,
    settings: Settings,
    only: Restriction | None = None,
    turns: Sequence[Turn] = (),
    around: Around | None = None,
    compare: Compare | None = None,
    read_dates: ReadDates | None = None,
    insist: bool = False,
    is_private: bool = False,
    wishes: str = "",
) -> AsyncGenerator[Event, None]:
    """Answer a question, as events; `rag.answering.events` says in which order they come.

    `only` says which documents may be found. `turns` are those of the conversation so far, the last one last. `around`
    gives what stands around a passage in its document, for the model to read too; `compare` tells how close sentences
    are to the question, for the quotes; `read_dates` gives each document's day, to tell which is newer. `insist` asks
    the model even if retrieval is all but certain that the documents don't have the answer, or if several things may be
    meant. `is_private` says that it was made from something private, so that no model on another machine may read it.
    `wishes` are the asking program's instructions for the model, on form and tone. Closing the iterator stops the model
    at once.

    Raises QuestionError for an empty or endless question, and what `retrieve` raises; a model that fails raises
    nothing: what it wrote is kept, or quotes take its place, and a Notice says why.
    """
    record = _Record(check_question(question), is_private, wishes)
    if not read_request():
        begin_request()
    record.question = await _make_standalone(record, turns, router)
    if record.question != record.asked:
        yield Rewritten(record.question)
    record.retrieval = retrieval = await asyncio.to_thread(retrieve, record.question, only=only)
    record.mark("retrieve")
    yield Retrieved(retrieval)
    asked = f"{record.asked}\n{wishes}"
    inquiry = Inquiry.of_hits(record.question, retrieval.hits, asked=asked, is_private=record.is_private)
    record.plan = await asyncio.to_thread(make_plan, router, inquiry)
    if record.plan.private:
        yield Private(record.plan.private)
    if not retrieval.hits:
        yield record.judge("not_found", _explain_nothing_found(settings, only))
        yield record.cite(())
    else:
        yield record.quote(await asyncio.to_thread(quote_answer, record.question, retrieval.hits, compare=compare))
        record.beside = await asyncio.to_thread(look_beside, retrieval, compare, read_dates)
        if (retrieval.verdict != "no" and not record.beside.asks_back) or insist:
            async with aclosing(_ask_models(record, settings, around)) as events:
                async for event in events:
                    yield event
        if record.text and not record.failure:
            async for event in _take_worth(record):
                yield event
        is_ready = any(choice.model.state.is_ready for choice in record.plan.choices)
        yield _add_remark(record, _judge(record, only, may_insist=not insist and is_ready), may_insist=is_ready)
        yield record.cite(await asyncio.to_thread(cite_sources, record.text, record.shown))
    report = record.make_report()
    log_answer(report)
    yield Done(report)


async def answer_report(
    question: str,
    *,
    retrieve: FindPassages,
    router: Router,
    settings: Settings,
    around: Around | None = None,
    compare: Compare | None = None,
) -> AnswerReport:
    """The whole answer at once, for those who don't show it as it comes."""
    events = answer(question, retrieve=retrieve, router=router, settings=settings, around=around, compare=compare)
    async with aclosing(events):
        return [event.report async for event in events if isinstance(event, Done)][-1]


@dataclass(slots=True)
class _Record:
    """What has been said of one answer, and when."""

    asked: str
    is_private: bool = False
    """Whether it was made from something private."""
    wishes: str = ""
    question: str = ""
    """The question that was asked, made to stand alone."""
    retrieval: Retrieval = field(default_factory=lambda: Retrieval("", "hybrid", (), "no", 0.0))
    plan: Plan = field(default_factory=lambda: Plan(()))
    shown: tuple[ScoredChunk, ...] = ()
    """The passages as the model was given them."""
    quotes: Quotes = field(default_factory=lambda: Quotes("", (), ()))
    text: str = ""
    """The model's words."""
    worth: Assessment | None = None
    """What the model's whole answer is worth; None without one."""
    claims: tuple[CheckedClaim, ...] = ()
    """The sentences of what is shown of it."""
    beside: Beside = field(default_factory=Beside)
    judged: Judged = field(default_factory=lambda: Judged("not_found", ""))
    citations: tuple[Citation, ...] = ()
    model_id: str | None = None
    route: str = "quotes"
    routed: Routed = field(default_factory=lambda: Routed("", "", ""))
    failure: str = ""
    finish: str = "stop"
    milliseconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def send_to(self, routed: Routed, route: str) -> Routed:
        self.model_id, self.route, self.routed = routed.model, route, routed
        return routed

    def mark(self, name: str) -> None:
        """Note the time since the question was asked; only the first time counts."""
        self.milliseconds.setdefault(name, round((time.perf_counter() - self.began) * 1000, 1))

    def quote(self, quotes: Quotes) -> Quoted:
        self.mark("quotes")
        self.quotes = quotes
        return Quoted(quotes.text, quotes.markers, quotes.citations)

    def say(self, text: str) -> Token:
        self.mark("first_token")
        self.text += text
        return Token(text)

    def withdraw(self) -> Withdrawn:
        self.text = ""
        return Withdrawn()

    def judge(self, outcome: Outcome, remark: str = "", *, may_insist: bool = False) -> Judged:
        self.judged = Judged(outcome, remark, may_insist)
        return self.judged

    def cite(self, citations: tuple[Citation, ...]) -> Citations:
        """The model's citations, and those of quotes whose passages it didn't cite."""
        self.citations = add_citations(citations, self.quotes.citations)
        return Citations(self.citations)

    def make_report(self) -> AnswerReport:
        """The report, at the end of the answer. Where no model said a word, the quotes count as the first one."""
        self.milliseconds.setdefault("first_token", self.milliseconds.get("quotes", self.milliseconds["retrieve"]))
        self.mark("total")
        return AnswerReport(
            question=self.asked,
            searched_for=self.question,
            answer=self._compose(),
            answerable=self.retrieval.answerable and bool(self.retrieval.hits),
            citations=self.citations,
            model=self.model_id,
            route=self.route,
            milliseconds=self.milliseconds,
            failure=self.failure,
            verdict=self.retrieval.verdict,
            outcome=self.judged.outcome,
            quotes=self.quotes.text,
            remark=self.judged.remark,
            finish=self.finish,
            place=self.routed.place if self.model_id else "",
            why=self.routed.why if self.model_id else "",
            private=self.plan.private,
            worth=self.worth,
            claims=self.claims,
            several=self.beside.several,
            unanswered=self.beside.missing_part,
        )

    def _compose(self) -> str:
        """All that there is to read; the remark introduces the quotes where nothing was found, else it comes last."""
        said = self.text or self.quotes.text
        parts = (self.judged.remark, said) if self.judged.outcome == "not_found" else (said, self.judged.remark)
        return "\n\n".join(filter(None, parts))


async def _make_standalone(record: _Record, turns: Sequence[Turn], router: Router) -> str:
    """The question that is searched for. One that is made from something private is private, and so are its words."""
    question = record.asked
    if not turns:
        return question
    said = tuple(text for turn in turns for text in (turn.question, turn.answer))
    is_private = record.is_private or any(turn.is_private for turn in turns)
    plan = await asyncio.to_thread(make_plan, router, Inquiry(question, said, (), is_private))
    ready = next((choice.model for choice in plan.choices if choice.model.state.is_ready), None)
    may_rewrite = ready is not None and not is_small(ready.state.model_id)  # what a small one writes is seldom taken
    rewritten = await make_standalone(question, turns, ready.stream if ready and may_rewrite else None)
    # Carrying over an earlier question may have made it longer than the answer's prompt has room for.
    if rewritten == question or len(rewritten) > MAX_QUESTION_CHARACTERS:
        return question
    record.is_private = bool(plan.private)
    return rewritten


async def _ask_models(record: _Record, settings: Settings, around: Around | None) -> AsyncGenerator[Event, None]:
    """The words of the first model that has some; none when there is no model or all fail before their first one."""
    why = ""
    failed: ModelUnavailableError | None = None
    for choice in record.plan.choices:
        try:
            async with aclosing(_stream_answer(record, choice, why or choice.why, settings, around)) as events:
                async for event in events:
                    yield event
            failed = None
        except ModelUnavailableError as exc:
            failed = exc
            why = f"{choice.name} {choice.place} failed: {_find_cause(exc)}"
        if record.text or not failed:
            break
    if failed or not record.plan.choices:
        yield _explain_failure(record, failed)
    if unknown := find_unknown_markers(record.text, record.shown):
        yield Notice(f"The answer refers to {', '.join(f'[{n}]' for n in unknown)}, which is none of its passages.")


def _explain_failure(record: _Record, failed: ModelUnavailableError | None) -> Notice:
    """What is said when a model's answer broke off, or no model began one."""
    private, refused = record.plan.private, record.plan.refused
    if failed is None and refused:
        failed = ModelUnavailableError(f"{refused} was not asked. Ask one that is on it.")
    failed = failed or ModelUnavailableError("There is no such model. Set BASE_URL to one.")
    kept = f"{private[:1].upper()}{private[1:]}, so only a model on this machine may read it. " if private else ""
    record.failure = f"{kept}{failed}"
    if record.text:
        return Notice(f"{failed} The answer above is incomplete.")
    record.model_id, record.route = None, "quotes"
    return Notice(
        f"{record.failure} Instead of an answer, you get quotes from your documents.",
        f"{kept}{_find_cause(failed)}. So these are quotes from your documents.",
    )


def _find_cause(exc: ModelUnavailableError) -> str:
    return str(exc).partition(". ")[0].rstrip(".")


async def _stream_answer(
    record: _Record, choice: Choice, why: str, settings: Settings, around: Around | None
) -> AsyncGenerator[Event, None]:
    """One model's words; it is asked again with fewer passages when it can read less than was thought.

    Raises ModelUnavailableError if it isn't ready or fails, and PromptTooLongError if it would have to do without
    passages that the next model has room for.
    """
    model, state = choice.model, await choice.model.refresh()
    if not state.is_ready:
        raise ModelUnavailableError(f"{state.detail} {state.fix}".strip())
    budget = prompt_budget(state.context_length, settings.max_tokens) - count_tokens(record.wishes)
    hits = record.retrieval.hits
    if not choice.may_shorten and not has_room(record.question, hits, budget, state.model_id):
        raise PromptTooLongError(f"The passages are more than the model {state.model_id} can read at once.")
    yield record.send_to(Routed(state.model_id, state.place or choice.place, why), state.route)
    reasons: list[str] = []
    for attempt in range(1, _PROMPT_ATTEMPTS + 1):
        record.shown = await asyncio.to_thread(choose_passages, record.question, hits, budget, around, state.model_id)
        yield Shown(record.shown)
        language = name_language(record.retrieval) if is_small(state.model_id) else ""
        messages = build_messages(record.question, record.shown, language, record.wishes)
        answer_tokens = answer_budget(model.state.context_length, settings.max_tokens)
        try:
            async with aclosing(stream_words(model, messages, record.shown, answer_tokens, reasons.append)) as pieces:
                async for piece in pieces:
                    yield record.say(piece) if piece else record.withdraw()
            break
        except PromptTooLongError:
            if attempt == _PROMPT_ATTEMPTS or record.text or not choice.may_shorten:
                raise
            budget = min(
                prompt_budget(model.state.context_length, settings.max_tokens) - count_tokens(record.wishes),
                halve_passages(record.question, messages, budget),
            )
            yield Notice("The model can read less at once than expected; it is asked again with fewer passages.")
    record.finish = next(iter(reasons), "stop")
    if end := explain_end(record.finish, answer_tokens):
        yield Notice(end)


async def _take_worth(record: _Record) -> AsyncGenerator[Event, None]:
    """Replace the model's words by what of them is an answer: nothing of a refusal, all with markers of a good one."""
    from rag.answering.checking import check_claims  # here, since there may be no model's words to check

    record.worth = worth = await asyncio.to_thread(assess, record.question, record.text, record.shown)
    if worth.kind != "answer":
        yield record.withdraw()
    elif worth.text != record.text:
        yield record.withdraw()
        yield record.say(worth.text)
    record.claims = await asyncio.to_thread(check_claims, record.question, record.text, record.shown)


def _judge(record: _Record, only: Restriction | None, *, may_insist: bool) -> Judged:
    """How the answer looks: from retrieval's verdict, the model's refusal, and whether its claims stand in passages."""
    retrieval, worth = record.retrieval, record.worth
    is_refused = worth is not None and worth.kind == "refusal"
    is_missing = retrieval.verdict == "unsure" and (is_refused or is_about_unknown(retrieval))
    if not record.text and (retrieval.verdict == "no" or is_missing):
        is_asked = record.model_id is not None
        return record.judge("not_found", say_not_found(retrieval, only), may_insist=may_insist and not is_asked)
    if is_refused:
        return record.judge("unsure", say_unread(retrieval))
    if record.text and worth and worth.supported is not True:  # a bare "yes" says nothing that a passage could have
        return record.judge("unsure", say_unproved(retrieval))
    if record.text and worth and worth.binding is not None:
        is_proved = retrieval.answerable and worth.binding >= _BOUND
    else:
        is_proved = retrieval.verdict == "yes"
    return record.judge("answered") if is_proved else record.judge("unsure", say_unsure(retrieval))


def _add_remark(record: _Record, judged: Judged, *, may_insist: bool) -> Judged:
    """The same, with what is said beside it; where it isn't known what is meant, that is all that is said."""
    beside = record.beside
    if judged.outcome == "not_found" or not beside.remark:
        return judged
    if beside.asks_back and not record.text:
        return record.judge("unsure", beside.remark, may_insist=may_insist)
    return record.judge(judged.outcome, f"{judged.remark} {beside.remark}".strip(), may_insist=judged.may_insist)


def _explain_nothing_found(settings: Settings, only: Restriction | None) -> str:
    where = f"in the {only.description} below" if only else "below"
    return (
        f"No text was found for this {where} {settings.corpus_dir}. "
        "Put documents there, and ask again once they are read."
    )
