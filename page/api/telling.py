"""An answer on its way to a program: asked for, written piece by piece, ended when the program has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from page.api.asked import ChatCall, Conversation, read_text
from page.api.completions import count_usage
from page.api.models import Choice
from page.api.writing import Address, StopCutter, Writing, annotate
from rag.answering.events import AnswerReport, Event, Retrieved
from rag.asked import asking
from rag.chat.routing.router import Inquiry
from rag.errors import ModelUnavailableError
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


class Told:
    """An answer from the documents, as it is told to a program."""

    def __init__(self, make_address: Address, question: str, *, streams: bool) -> None:
        self._writing = Writing(make_address, streams)
        self.retrieval: Retrieval | None = None
        self._question = question

    async def write(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        """The text, piece by piece."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Retrieved):
                    self.retrieval = event.retrieval
                if text := self._writing.take(event):
                    yield text

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
        usage = count_usage("\n".join([self._question, *(hit.chunk.text for hit in hits)]), text)
        annotations = annotate(text, self.citations, self._writing.address)
        return End(self.report.finish if self.report else "stop", usage, {"annotations": annotations})


def ask(
    backend: Backend, conversation: Conversation, choice: Choice, most_tokens: int | None
) -> AsyncGenerator[Event, None]:
    """Ask the documents; `most_tokens` can only shorten the answer that the settings allow."""
    settings = backend.settings
    events = asking.ask(
        conversation.question,
        index=backend.index,
        retrieve=backend.retriever.retrieve,
        router=backend.router,
        settings=replace(settings, max_tokens=min(most_tokens or settings.max_tokens, settings.max_tokens)),
        only=Restriction(folder=choice.folder) if choice.folder else None,
        turns=conversation.turns,
        around=backend.around,
        compare=backend.retriever.compare_sentences,
    )
    return backend.metrics.watch(events)


async def ask_model_alone(backend: Backend, call: ChatCall) -> AsyncGenerator[str, None]:
    """The language model's own answer, of the first model of the route that is ready and may read this.

    Raises ModelUnavailableError if there is none.
    """
    messages = [{"role": message.role, "content": read_text(message)} for message in call.messages]
    said = tuple(message["content"] for message in messages)
    plan = await asyncio.to_thread(backend.router.choose, Inquiry(said[-1], said))
    ready = [choice.model for choice in plan.choices if (await choice.model.refresh()).is_ready]
    if not ready:
        raise ModelUnavailableError(f"{backend.router.state.detail} {backend.router.state.fix}".strip())
    most = min(call.most_tokens or backend.settings.max_tokens, backend.settings.max_tokens)
    async with aclosing(ready[0].stream(messages, most)) as pieces:
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
