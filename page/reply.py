"""One answer on the page: its text as it streams, and below it the sources that its markers open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

import chainlit as cl

from page.view import MarkerStream, link_markers, make_cards, make_marker
from rag.answering.answer import answer
from rag.answering.citations import cite_sources
from rag.answering.events import Citations, Done, Notice, Retrieved, Rewritten, Shown, Token
from rag.text.hostile import VisibleStream, remove_invisible
from rag.types import Citation, Restriction, ScoredChunk

if TYPE_CHECKING:
    from page.backend import Backend
    from rag.answering.events import AnswerReport
    from rag.answering.followup import Turn

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: the browser goes over the whole answer each time."""

_NO_FILE = "#"
"""The address of elements that only our own Sources.jsx shows: without one, Chainlit would write each into a file."""


class Reply:
    """Made for each question. Call `stream_answer` once, and `finish` whatever became of it; `break_off` ends it early,
    from any other task.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.message = cl.Message("")
        self.sources = cl.CustomElement(name="Sources", props={}, url=_NO_FILE)
        self.visible = VisibleStream()
        self.text = ""
        self.shown = MarkerStream()
        self.shown_length = 0
        self.shown_at = 0.0
        self.hits: tuple[ScoredChunk, ...] = ()
        self.citations: tuple[Citation, ...] = ()
        self.searched_for = ""
        self.searched_in = ""
        self.notices: list[str] = []
        self.broken_off = ""
        self.made_by = ""

    async def stream_answer(
        self, backend: Backend, question: str, turns: Sequence[Turn], only: Restriction | None
    ) -> None:
        """Show the answer while it is written. Raises RagError if there can't be one."""
        if self.broken_off:  # while the files of the message were added, which goes on
            return
        self.task = asyncio.current_task()
        self.searched_in = remove_invisible(only.description) if only else ""
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
                await self._show_event(event)

    def break_off(self, reason: str) -> None:
        """Stop searching and writing at once, which closes the model's stream; `reason` is shown below the answer."""
        self.broken_off = reason
        if self.task:
            self.task.cancel()

    async def finish(self) -> None:
        """Show the complete text with its sources; after a stop or an error, what was said until then."""
        self.text += self.visible.end()
        if self.text or self.broken_off:
            self.citations = self.citations or cite_sources(self.text, self.hits)
            self.message.content = link_markers(self.text, len(self.hits)) or self.broken_off
            await self.message.send()
            await self._send_sources()

    async def _show_event(self, event: object) -> None:
        match event:
            case Rewritten(question):
                self.searched_for = remove_invisible(question)
            case Retrieved(retrieval):
                await self._send_passages(retrieval.hits)
            case Shown(hits):
                self.hits = hits
                await self._send_sources()
            case Notice(text, brief):
                self.notices.append(remove_invisible(brief or text))
            case Token(text):
                self.text += self.visible.add(text)
                await self._stream_text()
            case Citations(citations):
                self.citations = citations
            case Done(report):
                self.made_by = _describe_maker(report)

    async def _stream_text(self) -> None:
        if time.monotonic() - self.shown_at < SHOW_EVERY_S:
            return
        self.shown_at = time.monotonic()
        piece = self.text[self.shown_length :]
        self.shown_length = len(self.text)
        await self.message.stream_token(self.shown.add(piece, len(self.hits)))

    async def _send_passages(self, hits: tuple[ScoredChunk, ...]) -> None:
        """Make the markers work from the first token on: Chainlit makes an element's name a link wherever it stands."""
        self.hits = hits
        for number in range(1, len(hits) + 1):
            passage = cl.Text(name=make_marker(number), url=_NO_FILE, display="page")
            await passage.send(for_id=self.message.id)
        await self._send_sources()

    async def _send_sources(self) -> None:
        """The properties that Sources.jsx shows."""
        self.sources.props = {
            "id": self.message.id,
            "sources": make_cards(self.hits, self.citations),
            "cited": [citation.number for citation in self.citations],
            "searchedFor": self.searched_for,
            "searchedIn": self.searched_in,
            "notices": [*self.notices, *([self.broken_off] if self.text and self.broken_off else [])],
            "madeBy": self.made_by,
        }
        await self.sources.send(for_id=self.message.id)


def _describe_maker(report: AnswerReport) -> str:
    """``phi-4-mini · 2.1 s``"""
    total = report.milliseconds["total"]
    return f"{report.model or 'Quotes'} · {f'{total / 1000:.1f} s' if total >= 1000 else f'{total:.0f} ms'}"
