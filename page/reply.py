"""One answer on the page: its text as it streams, and below it the sources that its markers open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.markdown import escape_markdown, show_answer, show_quotes
from page.view import make_cards
from rag.answering.answer import answer
from rag.answering.citations import UNFINISHED_MARKER, cite_sources
from rag.answering.events import Citations, Done, Event, Notice, Retrieved, Rewritten, Shown, Token, Withdrawn
from rag.text.hostile import VisibleStream, remove_invisible
from rag.types import Citation, Restriction, ScoredChunk

if TYPE_CHECKING:
    from page.backend import Backend
    from rag.answering.followup import Turn

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: the page goes over the whole answer each time."""
_SHARE_OF_SHOWING = 0.1
"""How much of the time may be spent on that, however long the answer gets."""

STOPPED = "Stopped before its first word."
STOPPED_EARLY = "It had not cited anything yet; these are the passages that were found."

_LONGEST_MARKER = 200
"""Characters at the end that may become a marker; a model's text may have endless ones."""

_NO_FILE = "#"
"""The address of an element that only our own Sources.jsx shows: without one, Chainlit would write it into a file."""


class Reply:
    """The answer to one question, on the page.

    Call `stream_answer` once, and `finish` whatever became of it. Any other task may end the answer early by
    `break_off`.
    """

    def __init__(self) -> None:
        self._answer = _Answer()
        self._message = cl.Message("")
        self._sources = cl.CustomElement(name="Sources", props={}, url=_NO_FILE)
        self._show_again_at = 0.0
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
            compare=backend.retriever.compare_sentences,
        )
        try:
            async with aclosing(events):
                async for event in events:
                    self._answer.take(event)
                    match event:
                        case Retrieved():
                            if reason := backend.explain_gap():
                                self._answer.take(Notice(reason))
                            await self._send_sources()
                        case Shown():
                            await self._send_sources()
                        case Token():
                            await self._show_text()
                        case Withdrawn():
                            await self._message.stream_token(" ", is_sequence=True)  # nothing isn't sent
        except asyncio.CancelledError:
            self._answer.is_stopped = True
            raise

    def break_off(self, reason: str) -> None:
        """Stop searching and writing at once, which closes the model's stream; `reason` is shown below the answer."""
        self._answer.broken_off = reason
        if self._task:
            self._task.cancel()

    async def finish(self) -> None:
        """Show the complete text with its sources; after a stop or an error, what was said until then."""
        self._answer.end()
        if self.text or self.broken_off or self._answer.was_given:
            shown = await asyncio.to_thread(self._answer.show)
            self._message.content = shown or escape_markdown(self.broken_off or STOPPED)
            await self._message.send()
            await self._send_sources()

    async def _send_sources(self) -> None:
        self._sources.props = {"id": self._message.id, **self._answer.describe()}
        await self._sources.send(for_id=self._message.id)

    async def _show_text(self) -> None:
        """Show what is written so far, in place of what was shown before: a word may change what another one means."""
        began = time.monotonic()
        if began >= self._show_again_at:
            shown = await asyncio.to_thread(self._answer.show, is_complete=False)
            await self._message.stream_token(shown, is_sequence=True)
            now = time.monotonic()
            self._show_again_at = now + max(SHOW_EVERY_S, (now - began) / _SHARE_OF_SHOWING)


class _Answer:
    """What is known of an answer so far, with nothing in it that a page shouldn't show. Pure."""

    def __init__(self) -> None:
        self.text = ""
        self.hits: tuple[ScoredChunk, ...] = ()
        self.searched_for = ""
        self.searched_in = ""
        """The documents that the question was restricted to; empty if it was asked of all."""
        self.broken_off = ""
        self.is_stopped = False
        """Whether it was ended early, by the reader or by `broken_off`."""
        self._visible = VisibleStream()
        self._markers: list[int] | None = None
        """Where the markers of quotes begin in the text; None for a model's text."""
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
            case Token(text, None):
                self.text += self._visible.add(text)
            case Withdrawn():
                self.text, self._visible, self._markers = "", VisibleStream(), None
            case Token(text, markers):
                self._add_quotes(text, markers or ())
            case Citations(citations):
                self._citations = citations
            case Done(report):
                total = report.milliseconds["total"]
                duration = f"{total / 1000:.1f} s" if total >= 1000 else f"{total:.0f} ms"
                self._made_by = f"{report.model or 'Quotes'} · {duration}"

    def _add_quotes(self, text: str, markers: Sequence[int]) -> None:
        """Add a text of quotes; what is taken out of it moves its markers."""
        self._markers = []
        for at, end in pairwise([0, *markers, len(text)]):
            self._markers += [len(self.text)] * bool(at)
            self.text += remove_invisible(text[at:end], self.text[-1:])

    def show(self, is_complete: bool = True) -> str:
        """The text as Markdown for Chainlit; of an incomplete one, without half a marker at its end."""
        if self._markers is not None:
            return show_quotes(self.text, self._markers)
        half = None if is_complete else UNFINISHED_MARKER.search(self.text, max(0, len(self.text) - _LONGEST_MARKER))
        return show_answer(self.text[: half.start()] if half else self.text, len(self.hits))

    @property
    def was_given(self) -> tuple[int, ...]:
        """The numbers of the passages of an answer that was stopped before it cited any of them."""
        return tuple(range(1, len(self.hits) + 1)) if self.is_stopped and not self._citations else ()

    def end(self) -> None:
        """Take what was said until now for the whole answer, and find its citations if they haven't come."""
        self.text += self._visible.end()
        if self.text:
            self._citations = self._citations or cite_sources(self.text, self.hits)

    def describe(self) -> dict[str, Any]:
        """The properties that Sources.jsx shows."""
        ends = (self.broken_off if self.text else "", STOPPED_EARLY if self.was_given else "")
        return {
            "sources": make_cards(self.hits, self._citations),
            "cited": [citation.number for citation in self._citations] or self.was_given,
            "searchedFor": self.searched_for,
            "searchedIn": self.searched_in,
            "notices": [*self._notices, *filter(None, ends)],
            "madeBy": self._made_by,
            "written": self.text,
        }
