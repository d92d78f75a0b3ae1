"""A reply as Chainlit is told to show it, without a server: what is streamed, what stays, what stands below it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from chainlit.chat_context import chat_contexts
from chainlit.context import init_http_context
from chainlit.emitter import BaseChainlitEmitter

from page.addresses.metrics import Metrics
from page.answer import Answer
from page.asked import Asked, read_asked
from page.markdown import link_source
from page.reply import Reply
from page.why import Coverage
from rag.answering.events import AnswerReport, Done, Judged, Retrieved
from rag.answering.followup import Turn
from rag.chat.router import ModelRouter
from rag.chat.routing.guarding import HERE, GuardedModel
from rag.chat.routing.router import Inquiry, QuestionRouter
from rag.chat.state import ModelState
from rag.errors import QuestionError
from rag.settings import Settings
from rag.types import Chunk, Restriction, Retrieval, ScoredChunk, StoredChunk, Verdict

VERDICT = "The search takes it that your documents answer this (90%)."
LOST = "The connection was lost."
QUESTION = "How deep is the soil?"
QUOTE = "The soil on the roof is nine centimetres deep."
READING = "Searched 7 documents, found 1 passage; tiny is reading 1 of them …"
QUOTED = f"{QUOTE} {link_source(1)}"
HIT = ScoredChunk(StoredChunk(1, Chunk("roof.md", 0, QUOTE)), 1.0)
OTHER = ScoredChunk(StoredChunk(2, Chunk("pool.md", 0, "The pool is closed.")), 0.9)


class Browser(BaseChainlitEmitter):
    """Keeps what the page shows, the message and what stands below it, each time that one of them changes."""

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self.messages: dict[str, str] = {}
        self.below: dict[str, Any] = {}
        self.seen: list[tuple[str, str, str]] = []

    @property
    def message(self) -> str:
        [message] = self.messages.values()
        return message

    async def stream_start(self, step_dict: Any) -> None:
        self._show(step_dict["id"], step_dict["output"])

    async def send_token(self, id: str, token: str, is_sequence: bool = False, is_input: bool = False) -> None:
        assert is_sequence
        self._show(id, token)

    async def send_step(self, step_dict: Any) -> None:
        self._show(step_dict["id"], step_dict["output"])

    async def send_element(self, element_dict: Any) -> None:
        if element_dict["name"] == "Sources":
            self.below = element_dict["props"]
            self._keep()

    async def send_window_message(self, data: Any) -> None:
        assert data["pwBelow"]["at"] >= self.below["at"]  # of two the page shows the later one
        self.below = data["pwBelow"]
        self._keep()

    def _show(self, id: str, text: str) -> None:
        self.messages[id] = text
        self._keep()

    def _keep(self) -> None:
        if self.messages:
            now = (self.message, self.below.get("reading", ""), self.below.get("quotes", ""))
            self.seen += [now] * (self.seen[-1:] != [now])


class Router:
    """A model that says its pieces, and after them does what `at_end` does; without pieces there is none."""

    def __init__(self, *pieces: str, at_end: Callable[[], Awaitable[object]] | None = None) -> None:
        self.pieces, self.at_end = pieces, at_end
        is_there = pieces or at_end
        self.state = (
            ModelState("ready", "The model tiny answers.", model_id="tiny")
            if is_there
            else ModelState("failed", "There is no model.", "Start one.")
        )

    def find_private(self, inquiry: Inquiry) -> str:
        return "it goes on from something private" if inquiry.is_private else ""

    async def refresh(self) -> ModelState:
        return self.state

    async def stream(self, messages: Any, max_tokens: int, on_finish: Any = None) -> AsyncGenerator[str, None]:
        for piece in self.pieces:
            yield piece
        if self.at_end:
            await self.at_end()


def make_backend(router: Router, verdict: Verdict = "yes", hits: tuple[ScoredChunk, ...] = (HIT,)) -> Any:
    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        return Retrieval(question, "hybrid", hits, verdict, 0.9)

    return SimpleNamespace(
        retriever=SimpleNamespace(retrieve=retrieve, compare_sentences=None),
        router=router,
        index=SimpleNamespace(read=lambda _: {}),  # no question here is about the collection, and every file was read
        settings=Settings(),
        around=None,
        explain_gap=str,
        measure_coverage=lambda: Coverage(7),
        metrics=Metrics(),
    )


def show(do: Callable[[Reply], Awaitable[None]]) -> tuple[Reply, Browser]:
    """Make a reply, do something with it in a chat, and finish it."""

    async def chat() -> tuple[Reply, Browser]:
        context = init_http_context()
        context.emitter = browser = Browser(context.session)
        reply = Reply()
        try:
            await do(reply)
        finally:
            await reply.finish()
            chat_contexts.pop(context.session.id, None)
        return reply, browser

    return asyncio.run(chat())


def ask(
    *pieces: str,
    question: str = QUESTION,
    turns: Sequence[Turn] = (),
    only: Restriction | None = None,
    verdict: Verdict = "yes",
    hits: tuple[ScoredChunk, ...] = (HIT,),
) -> tuple[Reply, Browser]:
    backend = make_backend(Router(*pieces), verdict, hits)
    return show(lambda reply: reply.stream_answer(backend, Asked(question, {}, turns), only))


def stop(said: str, end: Callable[[Reply, asyncio.Task[None]], object]) -> tuple[Reply, Browser]:
    """End an answer when the model has said its part and hangs."""

    async def talk(reply: Reply) -> None:
        is_said = asyncio.Event()

        async def hang() -> None:
            is_said.set()
            await asyncio.Event().wait()

        backend = make_backend(Router(*filter(None, [said]), at_end=hang))
        task = asyncio.create_task(reply.stream_answer(backend, Asked(QUESTION, {}), None))
        await is_said.wait()
        end(reply, task)
        with pytest.raises(asyncio.CancelledError):
            await task

    return show(talk)


def test_the_quotes_are_there_before_the_model_reads_and_stay_below_its_words():
    reply, browser = ask("Nine centimetres ", "[1].")
    assert reply.text == "Nine centimetres [1]."
    assert browser.seen[:3] == [
        ("", "", QUOTED),
        ("", READING, QUOTED),
        ("Nine centimetres", READING, QUOTED),
    ]
    assert browser.seen[-1] == (f"Nine centimetres {link_source(1)}.", "", QUOTED)
    below = browser.below
    assert (below["look"], below["note"], below["label"], below["insist"]) == (
        "answered",
        "",
        "From your documents",
        None,
    )
    assert below["cited"] == [1]
    assert [card["quote"] for card in below["sources"]] == [QUOTE]
    assert below["madeBy"].startswith("tiny · ")
    assert (below["notices"], below["searchedFor"], below["searchedIn"]) == ([], "", "")
    assert below["written"] == f"Nine centimetres [1].\n\nFrom your documents:\n\n{QUOTE} [1]"


def test_the_sources_are_those_of_the_words_and_then_those_of_the_quotes():
    _, browser = ask("It is closed [2].", hits=(HIT, OTHER))
    assert browser.below["cited"] == [2, 1]
    assert [card["quote"] for card in browser.below["sources"]] == [QUOTE, "The pool is closed."]


def test_each_marker_has_the_sentence_behind_its_own_claim_or_what_speaks_against_it():
    text = "The bed lies in the sun.\n\nThe soil on the roof is nine centimetres deep.\n\nNobody waters it."
    hit = ScoredChunk(StoredChunk(1, Chunk("roof.md", 3, text)), 1.0)
    said = "It is nine centimetres deep [1]. Nobody waters it [1]. It costs 12 euros [1]. Yes `[1]`."
    _, browser = ask(said, hits=(hit,))
    assert browser.below["spots"] == [
        {"number": 1, "quote": "The soil on the roof is nine centimetres deep.", "lacks": []},
        {"number": 1, "quote": "Nobody waters it.", "lacks": []},
        {"number": 1, "quote": "", "lacks": ["12"]},
    ]
    assert browser.below["sources"][0]["reader"] == "/read/roof.md?passage=3"
    assert browser.below["quoted"][0] == "The soil on the roof is nine centimetres deep."
    assert not browser.below["isUncited"]
    why = browser.below["why"]
    assert why["said"][:2] == ["Searched 7 documents by their words and by their meaning.", VERDICT]
    assert [one["isGiven"] for one in why["passages"]] == [True]


def test_an_answer_without_a_citation_and_one_on_a_part_of_the_files_say_so():
    backend = make_backend(Router("Beans need sun."))
    backend.measure_coverage = lambda: Coverage(7, 3, 9)
    _, browser = show(lambda reply: reply.stream_answer(backend, Asked(QUESTION, {}), None))
    assert browser.below["isUncited"]
    assert browser.below["question"] == QUESTION  # which it offers to ask again
    assert "this rests on 3 of 9" in browser.below["notices"][-1]


def test_without_a_model_the_quotes_are_the_answer():
    reply, browser = ask()
    assert reply.text == f"{QUOTE} [1]"
    assert browser.message == QUOTED
    below = browser.below
    assert (below["look"], below["reading"], below["quotes"], below["written"]) == ("answered", "", "", f"{QUOTE} [1]")
    assert below["notices"] == ["There is no model. So these are quotes from your documents."]


def test_an_unsure_answer_stands_first_and_the_remark_below_it():
    reply, browser = ask("Yes [1].", verdict="unsure")
    note = browser.below["note"]
    assert (browser.message, browser.below["look"]) == (f"Yes {link_source(1)}.", "unsure")
    assert note == "The passages don't clearly say this; compare it with the quotes."
    assert browser.below["written"] == f"Yes [1].\n\n{note}\n\nFrom your documents:\n\n{QUOTE} [1]"
    assert reply.text == "Yes [1]."


def test_unsure_quotes_stand_first_and_the_remark_below_them():
    reply, browser = ask(verdict="unsure")
    assert (browser.message, browser.below["quotes"]) == (QUOTED, "")
    assert browser.below["written"] == f"{QUOTE} [1]\n\n{browser.below['note']}"
    assert reply.text == f"{QUOTE} [1]"


def test_what_was_not_found_is_said_first_and_the_model_can_be_asked_all_the_same():
    reply, browser = ask("Nine [1].", verdict="no")
    below = browser.below
    assert browser.message == "Your documents don't seem to answer this. The nearest passages&#58;"
    assert (below["look"], below["note"], below["label"], below["quotes"]) == ("not_found", "", "", QUOTED)
    assert below["written"].startswith("Your documents don't seem to answer this. The nearest passages:\n\nThe soil")
    assert reply.text == f"{QUOTE} [1]"

    asked = read_asked(QUESTION, {"insist": below["insist"]}, {"folder": "elsewhere"}, (Turn("And?"),))
    assert asked == Asked(QUESTION, {}, (), QUESTION)
    backend = make_backend(Router("Nine [1]."), "no")
    reply, browser = show(lambda reply: reply.stream_answer(backend, asked, None))
    assert (browser.message, browser.below["quotes"]) == (f"Nine {link_source(1)}.", QUOTED)
    assert (browser.below["insist"], browser.below["searchedFor"]) == (None, "")


def test_what_is_private_stays_so_in_follow_ups_and_when_the_model_is_asked_anyway():
    backend = make_backend(Router("Nine [1]."), "no")
    backend.router = QuestionRouter(Settings(base_url="http://cloud.example"))
    reply, browser = show(lambda reply: reply.stream_answer(backend, Asked("Who is anna@example.org?", {}), None))
    assert reply.is_private
    asked = read_asked("", {"insist": browser.below["insist"] or Asked("", {}).again("", is_private=True)}, {}, ())
    assert asked.is_private
    reply, _ = show(lambda reply: reply.stream_answer(backend, Asked(QUESTION, {}, (), "", True), None))
    assert reply.is_private
    reply, _ = show(lambda reply: reply.stream_answer(backend, Asked(QUESTION, {}), None))
    assert not reply.is_private


def test_what_no_model_elsewhere_had_to_be_kept_from_is_private_before_one_is_asked_too():
    hidden = ScoredChunk(StoredChunk(1, Chunk("salaries/roof.md", 0, QUOTE)), 1.0)
    backend = make_backend(Router(), hits=(hidden,))
    backend.router = QuestionRouter(Settings(private_folders="salaries"))  # all models are here
    reply, browser = show(lambda reply: reply.stream_answer(backend, Asked(QUESTION, {}), None))
    assert reply.is_private
    again = browser.below["another"]
    assert (again["standalone"], again["repeats"], again["private"]) == (
        QUESTION,
        True,
        False,
    )  # its words tell nothing

    before = (Turn("How deep is the soil on the roof?", "Nine centimetres [1].", is_private=True),)
    asked = Asked("And why?", {"folder": "plans"}, before)
    reply, browser = show(lambda reply: reply.stream_answer(backend, asked, None))
    other = read_asked("And why?", {"insist": browser.below["another"]}, {}, ())
    assert (other.question, other.filters, other.is_private) == (reply.searched_for, {"folder": "plans"}, True)
    assert not other.insists


def test_a_model_elsewhere_writes_nothing_beside_what_is_private():
    model = GuardedModel(ModelRouter(Settings()), "gpt", "http://cloud.example", [HERE])
    backend = make_backend(Router())
    backend.router = QuestionRouter(Settings())
    asked = Asked("Who is anna@example.org?", {})
    _, browser = show(lambda reply: reply.stream_answer(backend, asked, None, model))
    assert "the question holds an e-mail address" in browser.below["notices"][0].lower()
    assert "gpt at cloud.example was not asked" in browser.below["notices"][0]
    assert browser.message == QUOTED


def test_it_is_said_where_the_model_runs_and_why_it_was_that_one():
    answer = Answer()
    report = AnswerReport(QUESTION, "Nine.", True, (), "gpt", "endpoint", {"total": 1500}, place="at example.org")
    answer.take(Done(report))
    assert answer.describe()["madeBy"] == "gpt, leaves this machine: example.org · 1.5 s"
    answer.take(Done(replace(report, why="it asks for code")))
    assert answer.describe()["madeBy"] == "gpt, leaves this machine: example.org, since it asks for code · 1.5 s"


def test_an_answer_speaks_the_language_of_the_browser():
    answer = Answer("de-AT")
    hit = ScoredChunk(StoredChunk(1, Chunk("roof.pdf", 0, QUOTE, page=3)), 1.0, dense=0.5)
    answer.take(Retrieved(Retrieval(QUESTION, "hybrid", (hit,), "yes", 0.9)))
    answer.coverage = Coverage(1, 1_234, 2_000)
    report = AnswerReport(QUESTION, "Nine.", True, (), "gpt", "endpoint", {"total": 1500}, place="on this machine")
    answer.take(Done(report))
    told = answer.describe()
    assert told["madeBy"] == "gpt auf diesem Rechner · 1,5 s"
    assert told["sources"][0]["place"] == "Seite 3"
    assert "1.234 von 2.000" in told["notices"][0]
    assert told["why"]["said"][0] == "1 Dokument nach Wörtern und nach Bedeutung durchsucht."
    assert told["why"]["passages"][0]["fit"][0] == "Bedeutung 0,50"


def test_an_answer_from_whole_documents_has_no_passages_to_explain():
    answer = Answer()
    answer.take(Retrieved(Retrieval(QUESTION, "catalog", (HIT,), "yes", 1.0)))
    answer.take(Done(AnswerReport(QUESTION, "One document.", True, (), None, "catalog", {"total": 1}, kind="one")))
    assert answer.describe()["why"] is None
    assert answer.describe()["madeBy"].startswith("Pagewise")


def test_without_a_model_or_without_passages_there_is_nobody_to_insist_with():
    assert ask(verdict="no")[1].below["insist"] is None
    _, browser = ask("Nine.", verdict="no", hits=())
    assert browser.message.startswith("No text was found for this")
    assert (browser.below["insist"], browser.below["quotes"]) == (None, "")
    in_german = Answer("de")
    in_german.take(Judged("not_found", browser.message))
    assert in_german.show().startswith("Dazu wurde unter corpus kein Text gefunden")


def test_what_is_invisible_is_neither_shown_nor_remembered():
    hidden = Chunk("roof.md", 0, "The so\u200bil on the roof is ni\u00adne centimetres\U000e0041 deep.")
    reply, browser = ask("Ni\u200bne\U000e0041 [1].", hits=(ScoredChunk(StoredChunk(1, hidden), 1.0),))
    assert reply.text == "Nine [1]."
    assert browser.message == f"Nine {link_source(1)}."
    assert browser.below["quotes"] == QUOTED


def test_words_that_are_withdrawn_leave_the_page_and_the_quotes_stay():
    reply, browser = ask("The user asks [1].", "", "Nine centimetres [1].")
    assert reply.text == "Nine centimetres [1]."
    said = list(dict.fromkeys(message for message, _, _ in browser.seen))
    assert said == ["", f"The user asks {link_source(1)}.", f"Nine centimetres {link_source(1)}."]
    assert browser.seen[-1] == (f"Nine centimetres {link_source(1)}.", "", QUOTED)

    reply, browser = ask("There is none [1].", "")
    assert (reply.text, browser.seen[-1]) == (f"{QUOTE} [1]", (QUOTED, "", ""))


def test_a_restriction_and_the_question_of_a_follow_up_are_told():
    before = (Turn("How deep is the soil on the roof?", "Nine centimetres [1]."),)
    reply, browser = ask("As deep as that [1].", question="And why?", turns=before, only=Restriction("plans"))
    assert browser.below["searchedIn"] == "documents in plans"
    assert reply.searched_for == browser.below["searchedFor"] != ""


def test_a_follow_up_is_asked_again_as_it_was_understood_and_under_its_filters():
    before = (Turn("How deep is the soil on the roof?", "Nine centimetres [1]."),)
    backend = make_backend(Router("Nine."), "no")
    first = Asked("And why?", {"folder": "plans"}, before)
    reply, browser = show(lambda reply: reply.stream_answer(backend, first, None))
    asked = read_asked("And why?", {"insist": browser.below["insist"]}, {}, before)
    assert (asked.question, asked.filters, asked.turns) == (reply.searched_for, {"folder": "plans"}, ())
    again, browser = show(lambda reply: reply.stream_answer(backend, asked, None))
    assert again.searched_for == browser.below["searchedFor"] == reply.searched_for


def test_of_several_things_that_may_be_meant_each_is_a_button_that_asks_of_its_document_alone():
    phone = Chunk("phone.txt", 0, "Mobile phone contract with Velora\nThe contract expires on 3 May 2026.")
    gym = Chunk("gym.txt", 0, "Gym contract with Ironhouse\nThe contract expires on 31 December 2025.")
    hits = tuple(ScoredChunk(StoredChunk(number, chunk, "en"), 1.0) for number, chunk in enumerate((phone, gym)))
    question, only = "When does the contract expire?", Restriction(file_type="txt")
    _, browser = ask(question=question, hits=hits, only=only)
    below = browser.below
    assert [one["label"] for one in below["choices"]] == ["phone.txt: 3 May 2026", "gym.txt: 31 December 2025"]
    assert "Which one do you mean?" in below["note"]

    backend, searched = make_backend(Router()), []

    def retrieve(text: str, *, only: Restriction | None = None) -> Retrieval:
        searched.append((text, only))
        return Retrieval(text, "hybrid", hits[1:], "yes", 0.9)

    backend.retriever.retrieve = retrieve
    chosen = read_asked(question, {"insist": below["choices"][1]["ask"]}, {}, ())
    assert not chosen.insists
    _, browser = show(lambda reply: reply.stream_answer(backend, chosen, only))
    assert searched == [(question, Restriction(folder="gym.txt"))]
    assert browser.below["choices"] == []
    assert "31 December 2025" in browser.message


@pytest.mark.parametrize("metadata", [None, {}, {"insist": "yes"}, {"insist": {"standalone": "A?"}}, []])
def test_a_message_that_does_not_insist_asks_its_own_question(metadata: object):
    assert read_asked("B?", metadata, {"type": "pdf"}, ()) == Asked("B?", {"type": "pdf"})


def test_an_answer_that_is_broken_off_keeps_what_was_said_and_says_why_it_ends():
    reply, browser = stop("Nine [1]", lambda reply, task: reply.break_off(LOST))
    assert (reply.text, reply.broken_off) == ("Nine [1]", LOST)
    assert (browser.message, browser.below["quotes"]) == (f"Nine {link_source(1)}", QUOTED)
    assert browser.below["cited"] == [1]
    assert browser.below["notices"] == [LOST]


def test_an_answer_that_is_stopped_says_so_and_keeps_the_quotes():
    _, browser = stop("Nine", lambda reply, task: task.cancel())
    assert browser.below["notices"] == ["Stopped before the answer was complete."]
    assert not browser.below["isUncited"]  # it never came to its citations
    reply, browser = stop("", lambda reply, task: task.cancel())
    assert reply.text == f"{QUOTE} [1]"
    assert browser.seen[-1] == (QUOTED, "", "")
    assert (browser.below["cited"], browser.below["notices"]) == ([1], ["Stopped before the model's first word."])


def test_a_reply_that_is_broken_off_before_its_question_asks_nothing_and_says_why():
    async def talk(reply: Reply) -> None:
        reply.break_off(LOST)
        await reply.stream_answer(make_backend(Router("Nine")), Asked(QUESTION, {}), None)

    reply, browser = show(talk)
    assert reply.text == ""
    assert browser.message == LOST
    assert browser.below["notices"] == []


def test_a_question_that_cannot_be_asked_leaves_no_message():
    async def talk(reply: Reply) -> None:
        with pytest.raises(QuestionError):
            await reply.stream_answer(make_backend(Router("Nine")), Asked("  ", {}), None)

    reply, browser = show(talk)
    assert (reply.text, browser.messages, browser.below) == ("", {}, {})
