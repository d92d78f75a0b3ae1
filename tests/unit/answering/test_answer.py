from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rag.answering.answer import answer
from rag.answering.events import (
    AnswerReport,
    Citations,
    Done,
    Event,
    Judged,
    Notice,
    Quoted,
    Retrieved,
    Rewritten,
    Routed,
    Shown,
    Token,
    Withdrawn,
)
from rag.answering.followup import Turn
from rag.answering.prompt import count_message_tokens
from rag.chat.state import ModelState
from rag.errors import IndexUnusableError, ModelUnavailableError, PromptTooLongError, QuestionError
from rag.settings import Settings
from rag.text.asked import MAX_QUESTION_CHARACTERS
from rag.types import Chunk, Restriction, Retrieval, ScoredChunk, StoredChunk, Verdict

READY = ModelState("ready", "The model answers.", model_id="tiny:1", context_length=4096)
OFFLINE = ModelState("failed", "The model is not here.", "Connect to the internet.")
TEXTS = ("The tank holds 1.8 litres.", "Descale the boiler every 90 days.", "Lunch is at noon.")
HITS = tuple(ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, text, page=i + 1)), 1.0) for i, text in enumerate(TEXTS))


class ScriptedRouter:
    """Says its pieces; an exception among them is raised, a list of pieces is for one call only."""

    def __init__(self, *calls: Sequence[str | Exception], state: ModelState = READY, finish: str = "stop") -> None:
        self.calls = list(calls)
        self.state = state
        self.finish = finish
        self.prompts: list[Sequence[dict[str, str]]] = []
        self.closed = False

    async def refresh(self) -> ModelState:
        return self.state

    async def stream(
        self, messages: Sequence[dict[str, str]], max_tokens: int, on_finish: Callable[[str], None] | None = None
    ) -> AsyncGenerator[str, None]:
        self.prompts.append(messages)
        try:
            for piece in self.calls.pop(0):
                if isinstance(piece, Exception):
                    raise piece
                yield piece
            if on_finish:
                on_finish(self.finish)
        finally:
            self.closed = True


def retrieving(hits: tuple[ScoredChunk, ...] = HITS, *, answerable: bool = True) -> Callable[..., Retrieval]:
    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        return Retrieval(question, "hybrid", hits, "yes" if answerable else "no", 0.9 if answerable else 0.1)

    return retrieve


def events_of(
    router: ScriptedRouter, question: str = "How often is the boiler descaled?", **options: Any
) -> list[Event]:
    async def collect() -> list[Event]:
        retrieve = options.pop("retrieve", retrieving())
        return [e async for e in answer(question, retrieve=retrieve, router=router, settings=Settings(), **options)]

    return asyncio.run(collect())


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def notices(events: list[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Notice))


def test_an_answer_is_retrieval_then_tokens_then_citations_then_the_report():
    events = events_of(ScriptedRouter([" Every ", "90 days. [2]"]))
    assert [type(event) for event in events] == [
        Retrieved,
        Quoted,
        Routed,
        Shown,
        Token,
        Token,
        Judged,
        Citations,
        Done,
    ]
    assert events[1].text == "Descale the boiler every 90 days. [2]"
    assert events[3].hits == HITS
    assert events[6] == Judged("answered", "")
    report = events[-1].report
    assert report.answer == "Every 90 days. [2]"
    assert (report.model, report.route, report.answerable) == ("tiny:1", "local", True)
    assert [(c.number, c.source, c.page, c.quote) for c in report.citations] == [(2, "1.md", 2, TEXTS[1])]
    assert (report.verdict, report.outcome, report.quotes) == ("yes", "answered", events[1].text)


def test_what_turns_out_to_be_a_thought_is_neither_said_nor_cited():
    events = events_of(ScriptedRouter(["Lunch [3]?", "", " Every 90 days. [2]"]))
    kinds = [Retrieved, Quoted, Routed, Shown, Token, Withdrawn, Token, Judged, Citations, Done]
    assert [type(event) for event in events] == kinds
    report = events[-1].report
    assert report.answer == "Every 90 days. [2]"
    assert [citation.number for citation in report.citations] == [2]


def test_the_quotes_are_chosen_with_the_help_of_the_embedding_model():
    def compare(question: str, texts: Sequence[str]) -> list[float]:
        return [9.0 * ("noon" in text) for text in texts]

    events = events_of(ScriptedRouter(["At noon [3]."]), "When do we eat?", compare=compare)
    assert [event.text for event in events if isinstance(event, Quoted)] == ["Lunch is at noon. [3]"]


@pytest.mark.parametrize(
    ("reason", "notice"),
    [("content_filter", "The content filter"), ("tool_calls", "called a tool"), ("length", "cut off at")],
)
def test_an_answer_that_ends_before_its_time_says_why(reason: str, notice: str):
    assert notice in notices(events_of(ScriptedRouter(["Every 90 days [2]"], finish=reason)))


def hits_of(files: dict[str, str]) -> tuple[ScoredChunk, ...]:
    return tuple(
        ScoredChunk(StoredChunk(n, Chunk(name, 0, text)), 1.0) for n, (name, text) in enumerate(files.items(), 1)
    )


def test_a_question_that_may_mean_several_things_is_asked_back_and_put_to_the_model_only_by_wish():
    ends = "The contract expires on 3 May 202{}."
    hits = hits_of({f"{name}-contract.txt": ends.format(n) for n, name in enumerate(("phone", "gym", "energy"), 5)})
    router = ScriptedRouter(["It expires on 3 May 2025 [1]."])
    report = events_of(router, "When does it expire?", retrieve=retrieving(hits))[-1].report
    assert (report.model, report.outcome, router.prompts) == (None, "unsure", [])
    assert "3 May 2026 (gym-contract.txt)" in report.remark
    insisted = events_of(router, "When does it expire?", retrieve=retrieving(hits), insist=True)[-1].report
    assert insisted.answer.startswith("It expires on 3 May 2025")
    assert "3 May 2026 (gym-contract.txt)" in insisted.remark


def test_two_versions_of_a_document_stand_below_the_models_answer():
    hits = hits_of(
        {"fees-2023.md": "The membership fee is 120 euros.", "fees-2025.md": "The membership fee is 135 euros."}
    )
    events = events_of(
        ScriptedRouter(["It is 135 euros [2]."]), "What is the membership fee?", retrieve=retrieving(hits)
    )
    report = events[-1].report
    assert report.outcome == "answered"
    assert report.answer.startswith("It is 135 euros [2].")
    assert report.answer.endswith("The newest is fees-2025.md.")


def test_the_report_as_a_dict_has_the_fields_of_the_command_line():
    report = events_of(ScriptedRouter(["Every 90 days [2]"]))[-1].report.to_dict()
    fields = {"question", "searched_for", "answer", "answerable", "citations", "model", "route", "milliseconds"}
    told = {"failure", "verdict", "outcome", "quotes", "remark", "finish", "place", "why", "private", "kind"}
    assert set(report) == fields | told | {"claims", "several", "unanswered"}
    assert report["failure"] == ""
    assert report["searched_for"] == report["question"]
    assert report["citations"] == [{"number": 2, "source": "1.md", "page": 2, "quote": TEXTS[1]}]
    assert [(claim["verdict"], claim["passages"]) for claim in report["claims"]] == [("supported", [2])]
    assert set(report["milliseconds"]) == {"retrieve", "quotes", "first_token", "total"}


def test_while_no_model_runs_the_answer_is_quotes_and_a_notice_says_why_and_what_to_do():
    events = events_of(ScriptedRouter(state=OFFLINE))
    report = events[-1].report
    assert report.answer == "Descale the boiler every 90 days. [2]"
    assert (report.model, report.route) == (None, "quotes")
    assert "not here. Connect to the internet." in notices(events)
    (brief,) = [event.brief for event in events if isinstance(event, Notice)]
    assert brief == "The model is not here. So these are quotes from your documents."


def test_a_model_that_fails_before_its_first_word_is_replaced_by_quotes():
    events = events_of(ScriptedRouter([ModelUnavailableError("Nothing answers.")]))
    report = events[-1].report
    assert "90 days. [2]" in report.answer
    assert (report.model, report.route) == (None, "quotes")
    assert notices(events).startswith("Nothing answers. ")
    assert report.failure == "Nothing answers."


def test_a_model_that_dies_in_mid_answer_leaves_what_it_wrote_and_a_notice():
    events = events_of(ScriptedRouter(["Every 90 days [2], and", ModelUnavailableError("It broke off.")]))
    report = events[-1].report
    assert report.answer == "Every 90 days [2], and"
    assert [citation.number for citation in report.citations] == [2]
    assert (report.route, report.failure) == ("local", "It broke off.")
    assert notices(events) == "It broke off. The answer above is incomplete."


def test_what_the_documents_do_not_answer_is_said_and_the_nearest_passages_are_offered():
    router = ScriptedRouter()
    events = events_of(router, retrieve=retrieving(answerable=False))
    report = events[-1].report
    assert report.answer.startswith("Your documents don't seem to answer this. The nearest passages:")
    assert report.citations
    assert not report.answerable
    assert not router.prompts


def test_an_empty_corpus_is_one_clear_sentence():
    report = events_of(ScriptedRouter(), retrieve=retrieving(()))[-1].report
    assert report.answer.startswith("No text was found for this below corpus.")
    assert (report.citations, report.answerable) == ((), False)


@pytest.mark.parametrize("question", ["", " \n\t", "\x00\x1b"])
def test_an_empty_question_is_refused(question: str):
    with pytest.raises(QuestionError, match="empty"):
        events_of(ScriptedRouter(), question)


def test_a_question_of_a_hundred_thousand_characters_is_refused_with_the_limit():
    with pytest.raises(QuestionError, match=r"has 100,000 characters; at most 2,000"):
        events_of(ScriptedRouter(), "x" * 100_000)


def test_the_longest_question_still_leaves_room_for_passages():
    router = ScriptedRouter(["Yes [1]"])
    assert events_of(router, "猫" * MAX_QUESTION_CHARACTERS)[-1].report.route == "local"
    assert TEXTS[0] in router.prompts[0][1]["content"]


def test_half_a_surrogate_pair_in_a_question_harms_nobody():
    assert events_of(ScriptedRouter(["Yes [1]"]), "boiler \ud83d?")[-1].report.question == "boiler  ?"


def test_an_index_that_fails_raises_its_own_sentence():
    def broken(question: str, *, only: Restriction | None = None) -> Retrieval:
        raise IndexUnusableError("The index is gone.")

    with pytest.raises(IndexUnusableError):
        events_of(ScriptedRouter(), retrieve=broken)


def test_a_restriction_reaches_the_retrieval_and_an_answer_without_passages_tells_it():
    asked: list[Restriction | None] = []

    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        asked.append(only)
        return Retrieval(question, "hybrid", (), "no", 0.0)

    events = events_of(ScriptedRouter(), retrieve=retrieve, only=Restriction("manuals", "pdf"))
    assert asked == [Restriction("manuals", "pdf")]
    assert events[-1].report.answer.startswith("No text was found for this in the pdf files in manuals below corpus.")


def test_what_some_documents_do_not_answer_is_not_said_of_all():
    report = events_of(ScriptedRouter(), retrieve=retrieving(answerable=False), only=Restriction("manuals"))[-1].report
    assert report.answer.startswith("The documents you chose don't seem to answer this. The nearest passages:")


MORE = StoredChunk(9, Chunk("1.md", 1, "Use citric powder for it.", page=2))


def around(hits: Sequence[ScoredChunk]) -> list[list[StoredChunk]]:
    """The second document goes on."""
    return [[hit.stored, MORE] if hit is HITS[1] else [hit.stored] for hit in hits]


def test_the_model_reads_what_stands_around_a_passage_and_may_cite_it_under_its_number():
    router = ScriptedRouter(["With citric powder [2]."])
    events = events_of(router, "What is the boiler descaled with?", around=around)
    assert "[2] 1.md, page 2\nDescale the boiler every 90 days.\nUse citric powder for it." in str(
        router.prompts[0][1]["content"]
    )
    (citation,) = events[-1].report.citations
    assert (citation.number, citation.source, citation.quote) == (2, "1.md", "Use citric powder for it.")
    shown = next(event for event in events if isinstance(event, Shown))
    assert [hit.score for hit in shown.hits] == [hit.score for hit in HITS]
    assert events[0].retrieval.hits == HITS


@pytest.mark.parametrize(
    ("question", "model_id", "end"),
    [
        ("Wie oft muss der Boiler der Kaffeemaschine entkalkt werden?", "qwen2.5-0.5b:1", "\nAnswer in German:"),
        ("Wie oft muss der Boiler der Kaffeemaschine entkalkt werden?", "phi-4-mini:1", "werden?"),
        ("Ogni quanto tempo bisogna decalcificare la caldaia di questa macchina?", "qwen2.5-0.5b:1", "macchina?"),
    ],
)
def test_a_small_model_is_told_the_language_of_the_question_if_it_is_known(question: str, model_id: str, end: str):
    state = ModelState("ready", "The model answers.", model_id=model_id, context_length=4096)
    router = ScriptedRouter(["90"], state=state)
    events_of(router, question)
    assert router.prompts[0][1]["content"].endswith(end)


def test_quotes_are_chosen_from_the_passages_as_they_were_found():
    report = events_of(ScriptedRouter(state=OFFLINE), "Citric powder for the boiler?", around=around)[-1].report
    assert "citric" not in report.answer


BEFORE = (Turn("How often is the boiler descaled?", "Every 90 days [2]."),)


def test_a_follow_up_is_rewritten_by_the_model_shown_searched_for_and_asked():
    router = ScriptedRouter(["Why is the boiler ", "descaled?"], ["Because of lime [2]."])
    events = events_of(router, "Why?", turns=BEFORE)
    assert events[0] == Rewritten("Why is the boiler descaled?")
    assert events[1].retrieval.question == "Why is the boiler descaled?"
    assert router.prompts[1][1]["content"].endswith("Question: Why is the boiler descaled?")
    report = events[-1].report
    assert (report.question, report.searched_for) == ("Why?", "Why is the boiler descaled?")


def test_a_question_that_stands_alone_costs_no_second_call_of_the_model():
    router = ScriptedRouter(["At noon [3]."])
    events = events_of(router, "When is lunch served in the canteen?", turns=BEFORE)
    assert isinstance(events[0], Retrieved)
    assert len(router.prompts) == 1


def test_without_a_model_a_follow_up_carries_the_topic_over():
    report = events_of(ScriptedRouter(state=OFFLINE), "And how often?", turns=BEFORE)[-1].report
    assert "boiler" in report.searched_for
    assert report.answer == "Descale the boiler every 90 days. [2]"


def test_a_small_model_is_not_waited_for_to_rewrite_a_follow_up():
    small = replace(READY, model_id="qwen2.5-0.5b-instruct-generic-cpu:3")
    router = ScriptedRouter(["Every 90 days."], state=small)
    events = events_of(router, "And how often?", turns=BEFORE)
    assert "boiler" in events[0].question
    assert (said(events)[:14], len(router.prompts)) == ("Every 90 days.", 1)


def test_a_model_that_fails_at_the_rewriting_is_still_asked_for_the_answer():
    router = ScriptedRouter([ModelUnavailableError("It broke off.")], ["Because of lime [2]."])
    events = events_of(router, "Why?", turns=BEFORE)
    assert "boiler" in events[0].question
    assert (said(events), notices(events)) == ("Because of lime [2].", "")


def test_an_endless_earlier_question_does_not_make_a_follow_up_too_long():
    long = (Turn("猫" * MAX_QUESTION_CHARACTERS),)
    assert (
        events_of(ScriptedRouter(["Yes [1]"], state=OFFLINE), "なぜ？", turns=long)[-1].report.searched_for == "なぜ？"
    )


def test_closing_while_the_question_is_rewritten_stops_the_model():
    closed, begun = [], asyncio.Event()

    class Hanging(ScriptedRouter):
        async def stream(self, messages, max_tokens, on_finish=None):
            begun.set()
            try:
                await asyncio.Event().wait()
                yield ""
            finally:
                closed.append(True)

    async def stop_early() -> None:
        events = answer("Why?", retrieve=retrieving(), router=Hanging(), settings=Settings(), turns=BEFORE)
        task = asyncio.ensure_future(anext(events))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_early())
    assert closed


def test_a_prompt_that_is_too_long_is_tried_again_with_fewer_passages():
    many = tuple(
        ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, f"Passage {i} says. " + "Some more words. " * 40)), 1.0)
        for i in range(8)
    )
    router = ScriptedRouter([PromptTooLongError("Too long.")], [PromptTooLongError("Too long.")], ["Well [1]"])
    events = events_of(router, retrieve=retrieving(many))
    sizes = [count_message_tokens(messages) for messages in router.prompts]
    assert len(sizes) == 3
    assert sizes[0] > sizes[1] > sizes[2]
    assert "fewer passages" in notices(events)
    assert said(events) == "Well [1]"


def test_a_prompt_that_is_always_too_long_ends_in_quotes():
    router = ScriptedRouter(*[[PromptTooLongError("Too long.")]] * 9)
    events = events_of(router)
    assert events[-1].report.route == "quotes"
    assert len(router.prompts) <= 4


def test_an_answer_cut_off_by_its_limit_says_so():
    assert "cut off at 500 tokens" in notices(events_of(ScriptedRouter(["Every"], finish="length")))


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["Every 90 days [2]. "] * 100, "Every 90 days [2]."),
        (["It costs 1", *["0"] * 2_000], ""),
    ],
)
def test_a_model_that_repeats_itself_without_end_is_stopped(pieces: list[str], shown: str):
    router = ScriptedRouter(pieces, finish="length")
    events = events_of(router)
    written = [event.text for event in events if isinstance(event, Token)]
    assert len("".join(written)) < 400
    assert router.closed
    assert not notices(events)
    worth = events[-1].report.worth
    assert worth is not None
    assert (worth.is_looping, worth.text) == (True, shown)


def test_a_marker_without_a_passage_is_reported():
    events = events_of(ScriptedRouter(["Every 90 days [2][7]."]))
    assert "[7], which is none of its passages" in notices(events)
    assert [citation.number for citation in events[-1].report.citations] == [2]


def test_closing_the_answer_closes_the_models_stream():
    router = ScriptedRouter(["a"] * 100)

    async def stop_early() -> None:
        events = answer("Boiler?", retrieve=retrieving(), router=router, settings=Settings())
        async for event in events:
            if isinstance(event, Token):
                break
        await events.aclose()

    asyncio.run(stop_early())
    assert router.closed


def judged(router: ScriptedRouter, verdict: Verdict, **options: Any) -> tuple[Judged, AnswerReport]:
    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        confidence = {"yes": 0.9, "unsure": 0.5, "no": 0.05}[verdict]
        return Retrieval(
            question, "hybrid", HITS, verdict, confidence, unknown_words=("boiler",), known_words=("days",)
        )

    events = events_of(router, retrieve=retrieve, **options)
    (one,) = [event for event in events if isinstance(event, Judged)]
    return one, events[-1].report


@pytest.mark.parametrize(
    ("words", "verdict", "outcome"),
    [
        ("Every 90 days. [2]", "yes", "answered"),
        ("Every 90 days. [2]", "unsure", "answered"),
        ("Every 30 days. [2]", "yes", "unsure"),
        ("The context does not mention it.", "yes", "unsure"),
        ("The context does not mention it.", "unsure", "not_found"),
        ("[1]", "yes", "answered"),
        ("[1]", "unsure", "unsure"),
        ("The key lies there. [1]", "yes", "unsure"),
        ("Yes.", "yes", "unsure"),
        ("No [2].", "yes", "unsure"),
    ],
)
def test_the_verdict_the_refusal_and_the_passages_together_make_the_look(words: str, verdict: Verdict, outcome: str):
    one, report = judged(ScriptedRouter([words]), verdict)
    assert (one.outcome, report.outcome) == (outcome, outcome)
    assert bool(one.remark) == (outcome != "answered")


@pytest.mark.parametrize("words", ["[1]", "", "1.md", "How often is the boiler descaled?", "I'm sorry, I don't know."])
def test_a_models_answer_is_never_less_than_the_quotes(words: str):
    _, report = judged(ScriptedRouter([words]), "yes")
    assert report.answer.startswith("Descale the boiler every 90 days. [2]")


def test_a_marker_is_set_where_the_model_writes_none():
    events = events_of(ScriptedRouter(["Every 90 days."]))
    assert events[-1].report.answer == "Every 90 days. [2]"


@pytest.mark.parametrize(("verdict", "outcome"), [("yes", "answered"), ("unsure", "unsure"), ("no", "not_found")])
def test_without_a_model_the_answer_stands_above_the_doubt(verdict: Verdict, outcome: str):
    one, report = judged(ScriptedRouter(state=OFFLINE), verdict)
    assert one.outcome == outcome
    assert report.answer.startswith("Descale the boiler") == (verdict != "no")
    assert not one.may_insist


def test_what_no_document_names_is_not_found_though_the_verdict_is_unsure():
    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        return Retrieval(question, "hybrid", HITS, "unsure", 0.15, unknown_words=("capital", "Australia"))

    report = events_of(ScriptedRouter(state=OFFLINE), "capital of Australia", retrieve=retrieve)[-1].report
    assert report.outcome == "not_found"
    assert report.answer.startswith(
        "Your documents don't seem to answer this. Not in your documents: capital, Australia."
    )


def test_a_doubt_names_the_words_that_no_document_has():
    one, _ = judged(ScriptedRouter(state=OFFLINE), "unsure")
    assert one.remark.endswith("Not in your documents: boiler.")


def test_where_nothing_seems_to_be_there_the_model_is_asked_only_if_the_reader_insists():
    one, report = judged(ScriptedRouter(["Every 90 days. [2]"]), "no")
    assert (one.outcome, one.may_insist, report.model) == ("not_found", True, None)
    assert "Not in your documents: boiler. In them: days." in report.answer
    one, report = judged(ScriptedRouter(["Every 90 days. [2]"]), "no", insist=True)
    assert (one.outcome, one.may_insist, report.model) == ("unsure", False, "tiny:1")


@pytest.mark.parametrize(
    ("question", "beginning"),
    [
        ("Wie oft muss der Kessel entkalkt werden?", "Ihre Dokumente scheinen"),
        ("¿Cada cuánto hay que descalcificar la caldera?", "Sus documentos no parecen"),
        ("ボイラーはどのくらいの頻度で掃除しますか", "文書の中に"),
        ("보일러는 얼마나 자주 청소해야 합니까", "문서에 이 질문"),
        ("Как часто нужно чистить котёл?", "Похоже, в ваших"),
    ],
)
def test_what_is_said_of_an_answer_is_said_in_the_questions_language(question: str, beginning: str):
    retrieve = retrieving(answerable=False)
    assert events_of(ScriptedRouter(), question, retrieve=retrieve)[-1].report.remark.startswith(beginning)
