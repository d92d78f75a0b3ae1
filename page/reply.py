"""One answer on the page: its text as it streams, and below it the sources that its markers open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.view import MarkerStream, link_markers, make_cards, make_marker
from rag.answering.answer import answer
from rag.answering.citations import cite_sources
from rag.answering.events import Citations, Done, Event, Notice, Retrieved, Rewritten, Shown, Token
from rag.text.hostile import VisibleStream, remove_invisible
from rag.types import Citation, Restriction, ScoredChunk

if TYPE_CHECKING:
    from page.backend import Backend
    from rag.answering.followup import Turn

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: the browser goes over the whole answer each time."""

_NO_FILE = "#"
"""The address of elements that only our own Sources.jsx shows: without one, Chainlit would write each into a file."""


class Reply:
    """The answer to one question, on the page.

    Call `stream_answer` once, and `finish` whatever became of it. Any other task may end the answer early by
    `break_off`.
    """

    def __init__(self) -> None:
        self._answer = _Answer()
        self._message = cl.Message("")
        self._sources = cl.CustomElement(name="Sources", props={}, url=_NO_FILE)
        self._markers = MarkerStream()
        self._streamed = 0
        self._streamed_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """The answer as far as it is written."""
        return self._answer.text

    @property
    def searched_for(self) -> str:
        """The question that took the place of a follow-up; empty for a question that stood alone."""
        return self._answer.searched_for

    @property
    def broken_off(self) -> str:
        """Why the answer was ended early; empty if it wasn't."""
        return self._answer.broken_off

    async def stream_answer(
        self, backend: Backend, question: str, turns: Sequence[Turn], only: Restriction | None
    ) -> None:
        """Show the answer while it is written. Raises RagError if there can't be one."""
        if self.broken_off:  # while the files of the message were added, which goes on
            return
        self._task = asyncio.current_task()
        self._answer.searched_in = remove_invisible(only.description) if only else ""
        events = answer(
            question,
            retrieve=backend.retriever.retrieve,
            router=backend.router,
            settings=backend.settings,
            only=only,
            turns=turns,
            around=backend.around,
        )
        async with aclosing(events):
            async for event in events:
                self._answer.take(event)
                match event:
                    case Retrieved():
                        if reason := backend.explain_gap():
                            self._answer.take(Notice(reason))
                        await self._send_markers()
                        await self._send_sources()
                    case Shown():
                        await self._send_sources()
                    case Token():
                        await self._stream_text()

    def break_off(self, reason: str) -> None:
        """Stop searching and writing at once, which closes the model's stream; `reason` is shown below the answer."""
        self._answer.broken_off = reason
        if self._task:
            self._task.cancel()

    async def finish(self) -> None:
        """Show the complete text with its sources; after a stop or an error, what was said until then."""
        self._answer.end()
        if self.text or self.broken_off:
            self._message.content = link_markers(self.text, len(self._answer.hits)) or self.broken_off
            await self._message.send()
            await self._send_sources()

    async def _send_markers(self) -> None:
        """Make the markers work from the first token on: Chainlit makes an element's name a link wherever it stands."""
        for number in range(1, len(self._answer.hits) + 1):
            passage = cl.Text(name=make_marker(number), url=_NO_FILE, display="page")
            await passage.send(for_id=self._message.id)

    async def _send_sources(self) -> None:
        self._sources.props = {"id": self._message.id, **self._answer.describe()}
        await self._sources.send(for_id=self._message.id)

    async def _stream_text(self) -> None:
        if time.monotonic() - self._streamed_at < SHOW_EVERY_S:
            return
        self._streamed_at = time.monotonic()
        piece = self.text[self._streamed :]
        self._streamed = len(self.text)
        await self._message.stream_token(self._markers.add(piece, len(self._answer.hits)))


class _Answer:
    """What is known of an answer so far, with nothing in it that a page shouldn't show. Pure."""

    def __init__(self) -> None:
        self.text = ""
        self.hits: tuple[ScoredChunk, ...] = ()
        self.searched_for = ""
        self.searched_in = ""
        """The documents that the question was restricted to; empty if it was asked of all."""
        self.broken_off = ""
        self._visible = VisibleStream()
        self._citations: tuple[Citation, ...] = ()
        self._notices: list[str] = []
        self._made_by = ""

    def take(self, event: Event) -> None:
        match event:
            case Rewritten(question):
                self.searched_for = remove_invisible(question)
            case Retrieved(retrieval):
                self.hits = retrieval.hits
            case Shown(hits):
                self.hits = hits
            case Notice(text, brief):
                self._notices.append(remove_invisible(brief or text))
            case Token(text):
                self.text += self._visible.add(text)
            case Citations(citations):
                self._citations = citations
            case Done(report):
                total = report.milliseconds["total"]
                duration = f"{total / 1000:.1f} s" if total >= 1000 else f"{total:.0f} ms"
                self._made_by = f"{report.model or 'Quotes'} · {duration}"

    def end(self) -> None:
        """Take what was said until now for the whole answer, and find its citations if they haven't come."""
        self.text += self._visible.end()
        if self.text:
            self._citations = self._citations or cite_sources(self.text, self.hits)

    def describe(self) -> dict[str, Any]:
        """The properties that Sources.jsx shows."""
        return {
            "sources": make_cards(self.hits, self._citations),
            "cited": [citation.number for citation in self._citations],
            "searchedFor": self.searched_for,
            "searchedIn": self.searched_in,
            "notices": [*self._notices, *([self.broken_off] if self.text and self.broken_off else [])],
            "madeBy": self._made_by,
        }
