"""A reply as Chainlit is told to show it, without a server: what is streamed, what stays, what stands below it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from chainlit.chat_context import chat_contexts
from chainlit.context import init_http_context
from chainlit.emitter import BaseChainlitEmitter

from page.markdown import link_source
from page.reply import STOPPED, STOPPED_EARLY, Reply
from rag.answering.followup import Turn
from rag.chat.router import ModelState
from rag.errors import QuestionError
from rag.settings import Settings
from rag.types import Chunk, Restriction, Retrieval, ScoredChunk, StoredChunk

LOST = "The connection was lost."
HIT = ScoredChunk(StoredChunk(1, Chunk("roof.md", 0, "The soil on the roof is nine centimetres deep.")), 1.0)


class Browser(BaseChainlitEmitter):
    """Keeps what the page would show: the last state of each message, and the sources."""

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self.streamed = ""
        self.messages: list[str] = []
        self.sources: dict[str, Any] = {}

    async def stream_start(self, step_dict: Any) -> None:
        self.streamed += step_dict["output"]

    async def send_token(self, id: str, token: str, is_sequence: bool = False, is_input: bool = False) -> None:
        self.streamed = token if is_sequence else self.streamed + token

    async def send_step(self, step_dict: Any) -> None:
        self.messages.append(step_dict["output"])

    async def send_element(self, element_dict: Any) -> None:
        self.sources = element_dict["props"]


class Router:
    """A model that says its pieces, and after them does what `at_end` does."""

    state = ModelState("ready", "The model tiny answers.", model_id="tiny")

    def __init__(self, *pieces: str, at_end: Callable[[], Awaitable[object]] | None = None) -> None:
        self.pieces, self.at_end = pieces, at_end

    async def refresh(self) -> ModelState:
        return self.state

    async def stream(self, messages: Any, max_tokens: int, on_finish: Any = None) -> AsyncGenerator[str, None]:
        for piece in self.pieces:
            yield piece
        if self.at_end:
            await self.at_end()


def make_backend(router: Router) -> Any:
    def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
        return Retrieval(question, "hybrid", (HIT,), "yes", 0.9)

    return SimpleNamespace(
        retriever=SimpleNamespace(retrieve=retrieve, compare_sentences=None),
        router=router,
        settings=Settings(),
        around=None,
        explain_gap=str,
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
    *pieces: str, question: str = "How deep is the soil?", turns: Sequence[Turn] = (), only: Restriction | None = None
) -> tuple[Reply, Browser]:
    backend = make_backend(Router(*pieces))
    return show(lambda reply: reply.stream_answer(backend, question, turns, only))


def test_an_answer_has_linked_markers_and_its_sources_below():
    reply, browser = ask("Nine centimetres ", "[1].")
    assert reply.text == "Nine centimetres [1]."
    assert browser.messages == [f"Nine centimetres {link_source(1)}."]
    assert browser.sources["cited"] == [1]
    assert [card["quote"] for card in browser.sources["sources"]] == [HIT.chunk.text]
    assert browser.sources["madeBy"].startswith("tiny · ")
    assert (browser.sources["notices"], browser.sources["searchedFor"], browser.sources["searchedIn"]) == ([], "", "")


def test_what_is_invisible_is_neither_shown_nor_remembered():
    reply, browser = ask("Ni\u200bne\U000e0041 [1].")
    assert reply.text == "Nine [1]."
    assert browser.messages == [f"Nine {link_source(1)}."]


def test_a_thought_that_was_streamed_is_taken_off_the_page():
    reply, browser = ask("The user asks [1].", "", "Nine centimetres [1].")
    assert reply.text == "Nine centimetres [1]."
    assert browser.messages == [f"Nine centimetres {link_source(1)}."]


def test_a_restriction_and_the_question_of_a_follow_up_are_told():
    before = (Turn("How deep is the soil on the roof?", "Nine centimetres [1]."),)
    reply, browser = ask("As deep as that [1].", question="And why?", turns=before, only=Restriction("plans"))
    assert browser.sources["searchedIn"] == "documents in plans"
    assert reply.searched_for == browser.sources["searchedFor"] != ""


def test_an_answer_that_is_broken_off_keeps_what_was_said_and_says_why_it_ends():
    async def talk(reply: Reply) -> None:
        said = asyncio.Event()

        async def hang() -> None:
            said.set()
            await asyncio.Event().wait()

        backend = make_backend(Router("Nine [1]", at_end=hang))
        task = asyncio.create_task(reply.stream_answer(backend, "How deep is the soil?", (), None))
        await said.wait()
        reply.break_off(LOST)
        with pytest.raises(asyncio.CancelledError):
            await task

    reply, browser = show(talk)
    assert (reply.text, reply.broken_off) == ("Nine [1]", LOST)
    assert browser.messages == [f"Nine {link_source(1)}"]
    assert browser.sources["cited"] == [1]
    assert browser.sources["notices"] == [LOST]


@pytest.mark.parametrize(("said", "shown"), [("Nine", "Nine"), ("", STOPPED)])
def test_an_answer_that_is_stopped_before_it_cites_anything_keeps_what_was_found(said: str, shown: str):
    async def talk(reply: Reply) -> None:
        begun = asyncio.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.Event().wait()

        backend = make_backend(Router(*filter(None, [said]), at_end=hang))
        task = asyncio.create_task(reply.stream_answer(backend, "How deep is the soil?", (), None))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    _, browser = show(talk)
    assert browser.messages == [shown]
    assert list(browser.sources["cited"]) == [1]
    assert browser.sources["notices"] == [STOPPED_EARLY]


def test_a_reply_that_is_broken_off_before_its_question_asks_nothing_and_says_why():
    async def talk(reply: Reply) -> None:
        reply.break_off(LOST)
        await reply.stream_answer(make_backend(Router("Nine")), "How deep is the soil?", (), None)

    reply, browser = show(talk)
    assert reply.text == ""
    assert browser.messages == [LOST]
    assert browser.sources["notices"] == []


def test_a_question_that_cannot_be_asked_leaves_no_message():
    async def talk(reply: Reply) -> None:
        with pytest.raises(QuestionError):
            await reply.stream_answer(make_backend(Router("Nine")), "  ", (), None)

    reply, browser = show(talk)
    assert (reply.text, browser.messages, browser.sources) == ("", [], {})
