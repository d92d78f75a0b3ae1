"""An answer on its way to a program: asked for, written piece by piece, ended when the program has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from page.api.asked import ChatCall, Conversation, read_text
from page.api.completions import count_usage
from page.api.models import Choice
from page.api.open_webui import make_frames
from page.api.writing import Address, StopCutter, Writing, annotate
from rag.answering.events import AnswerReport, Event, Retrieved
from rag.answering.followup import Turn
from rag.asked import asking
from rag.chat.routing.router import Inquiry
from rag.errors import ModelUnavailableError, PrivateTextError
from rag.types import Citation, Restriction, Retrieval

if TYPE_CHECKING:
    from page.backend import Backend


@dataclass(frozen=True, slots=True)
class End:
    """What is told at the end of a completion."""

    reason: str
    usage: dict[str, int]
    more: dict[str, Any]
    """Further fields of the message."""
    frames: Sequence[dict[str, Any]] = ()
    """Events of a program's own that are streamed before the end."""


class Told:
    """An answer from the documents, as it is told to a program."""

    def __init__(
        self,
        backend: Backend,
        make_address: Address,
        conversation: Conversation,
        *,
        streams: bool,
        to_open_webui: bool = False,
    ) -> None:
        self._backend = backend
        self._to_open_webui = to_open_webui
        self._writing = Writing(make_address, streams, lists_sources=not to_open_webui)
        self.retrieval: Retrieval | None = None
        self._conversation = conversation

    async def write(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        """The text, piece by piece. At its end, be it early, it is remembered whether it may be read elsewhere."""
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Retrieved):
                        self.retrieval = event.retrieval
                    if text := self._writing.take(event):
                        yield text
        finally:
            self._note_given()

    def _note_given(self) -> None:
        """Whatever was sent of the answer will come back, as a part of the program's conversation."""
        text, report, given = self._writing.text, self.report, self._backend.given
        if self.retrieval is None or not text:
            return
        question = self._conversation.question
        is_private = any(turn.is_private for turn in self._conversation.turns)
        inquiry = Inquiry.of_hits(self.retrieval.question, self.retrieval.hits, asked=question, is_private=is_private)
        if not self._backend.router.find_private(inquiry):
            given.note_open(text)
        elif report is None:
            given.note_private(text)
        else:
            given.note_private(report.answer.replace(report.remark, ""))  # remarks are the same for many answers
            given.note_private(report.quotes)

    @property
    def report(self) -> AnswerReport | None:
        """The whole answer; None before the end."""
        return self._writing.report

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What the markers stand for; empty before the end."""
        return self.report.citations if self.report else ()

    def finish(self, text: str) -> End:
        """`text` is what was sent, which a stop sequence may have cut."""
        hits = self.retrieval.hits if self.retrieval else ()
        usage = count_usage("\n".join([self._conversation.question, *(hit.chunk.text for hit in hits)]), text)
        reason = self.report.finish if self.report else "stop"
        if self._to_open_webui:
            return End(reason, usage, {}, make_frames(self.citations, hits, self._writing.address))
        claims = [claim.to_dict() for claim in self.report.claims] if self.report else []
        annotations = annotate(text, self.citations, self._writing.address)
        return End(reason, usage, {"annotations": annotations} | ({"claims": claims} if claims else {}))


def recall_private(backend: Backend, conversation: Conversation) -> Conversation:
    """The conversation, whose turns say whether they hold what no model on another machine may read."""

    def recall(turn: Turn) -> Turn:
        is_private = backend.given.is_private(turn.question, is_answer=False) or backend.given.is_private(
            turn.answer, is_answer=True
        )
        return Turn(turn.question, turn.answer, is_private)

    return replace(conversation, turns=tuple(map(recall, conversation.turns)))


def ask(
    backend: Backend,
    conversation: Conversation,
    choice: Choice,
    *,
    most_tokens: int | None,
    temperature: float | None,
) -> AsyncGenerator[Event, None]:
    """Ask the documents; `most_tokens` can only shorten the answer that the settings allow."""
    settings = backend.settings
    events = asking.ask(
        conversation.question,
        index=backend.index,
        retrieve=backend.retriever.retrieve,
        router=backend.router.narrow(choice.model, temperature),
        settings=replace(settings, max_tokens=min(most_tokens or settings.max_tokens, settings.max_tokens)),
        only=Restriction(folder=choice.folder) if choice.folder else None,
        turns=conversation.turns,
        around=backend.around,
        compare=backend.retriever.compare_sentences,
        is_private=backend.given.is_private(conversation.question, is_answer=False),
        wishes=conversation.wishes,
    )
    return backend.metrics.watch(events)


async def ask_model_alone(
    backend: Backend, call: ChatCall, choice: Choice, on_finish: Callable[[str], None]
) -> AsyncGenerator[str, None]:
    """The language model's own answer, if it is ready and may read this.

    Raises ModelUnavailableError if not.
    """
    messages = [{"role": message.role, "content": read_text(message)} for message in call.messages]
    said = tuple(message["content"] for message in messages)
    given = backend.given
    is_private = any(given.is_private(read_text(one), is_answer=one.role == "assistant") for one in call.messages)
    router = backend.router.narrow(choice.model, call.temperature)
    plan = await asyncio.to_thread(router.choose, Inquiry(said[-1], said, (), is_private))
    if plan.private and not plan.choices:
        raise PrivateTextError(
            f"{plan.private[:1].upper()}{plan.private[1:]}, so only a model on this machine may read it, and"
            f" {call.model} runs elsewhere. Begin a new conversation without it, or ask another model."
        )
    ready = [choice.model for choice in plan.choices if (await choice.model.refresh()).is_ready]
    if not ready:
        raise ModelUnavailableError(f"{router.state.detail} {router.state.fix}".strip())
    most = min(call.most_tokens or backend.settings.max_tokens, backend.settings.max_tokens)
    async with aclosing(ready[0].stream(messages, most, on_finish)) as pieces:
        async for piece in pieces:
            if piece:
                yield piece


async def cut(pieces: AsyncGenerator[str, None], cutter: StopCutter) -> AsyncGenerator[str, None]:
    """The text up to the first stop sequence, at which the model is stopped."""
    async with aclosing(pieces):
        async for piece in pieces:
            if text := cutter.take(piece):
                yield text
            if cutter.is_cut:
                return
        if text := cutter.end():
            yield text


async def begin(request: Request, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The pieces, once the first is there: what can't be answered fails here, while there can be a status for it."""

    async def take_first() -> str:
        return await anext(pieces, "")

    first = await wait_unless_left(request, take_first())

    async def tell() -> AsyncGenerator[str, None]:
        async with aclosing(pieces):
            if first:
                yield first
            async for piece in pieces:
                yield piece

    return tell()


async def collect(pieces: AsyncGenerator[str, None]) -> str:
    """The whole text."""
    async with aclosing(pieces):
        return "".join([piece async for piece in pieces])


async def wait_unless_left(request: Request, work: Coroutine[Any, Any, str]) -> str:
    """What the work gives. When the caller leaves, it is ended, and the model with it; that raises ClientDisconnect."""

    async def wait_until_left() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task, leaving = asyncio.ensure_future(work), asyncio.ensure_future(wait_until_left())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for one in (task, leaving):
            one.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)
