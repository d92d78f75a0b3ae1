"""One answer on the page: its text as it streams, and below it what it rests on."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import chainlit as cl
from chainlit.utils import utc_now

from page.afterwards import describe_afterwards, tell_below
from page.answer import Answer
from page.asked import INSIST, Asked
from page.conversations.database import Answered
from page.filtering.filters import describe_restriction
from page.markdown import escape_markdown
from page.models.tuning import tune
from page.texts import ENGLISH
from rag.answering.events import Event, Notice, Progress, Quoted, Retrieved, Shown, Token, Told, Withdrawn
from rag.answering.several import Version
from rag.asked.asking import ask
from rag.private import name_this_process
from rag.text.hostile import remove_invisible, show_name
from rag.types import Restriction

if TYPE_CHECKING:
    from page.backend import Backend
    from page.conversations.history import History

SHOW_EVERY_S = 0.04
"""Tokens that come faster are shown together: the page goes over the whole answer each time."""
_SHARE_OF_SHOWING = 0.1
"""How much of the time may be spent on that, however long the answer gets."""
_KEEP_EVERY_S = 1.0
"""How much of an answer may be lost if the server is killed."""

_NO_FILE = "#"
"""The address of an element that only our own page shows: without one, Chainlit would write it into a file."""


class Reply:
    """The answer to one question, on the page.

    Call `stream_answer` once, and `finish` whatever became of it. Any other task may end the answer early by
    `break_off`. With a history, the answer is kept there as it comes. `language` is that of the browser.
    """

    def __init__(self, history: History | None = None, language: str = ENGLISH) -> None:
        self._history = history
        self._backend: Backend | None = None
        self._keep_again_at = 0.0
        self._answer = Answer(language)
        self._language = language
        self._asked = Asked("", {})
        self._asks_model = False
        self._message = cl.Message("", created_at=utc_now())
        self._sources = cl.CustomElement(name="Sources", props={}, url=_NO_FILE, for_id=self._message.id)
        self._has_sources = False
        self._show_again_at = 0.0
        self.task: asyncio.Task[None] | None = None
        """What writes the answer; None before and while files are added."""

    @property
    def text(self) -> str:
        """The answer as far as it is written: the model's words, or else the quotes."""
        return self._answer.text

    @property
    def is_private(self) -> bool:
        """Whether no other machine may get to read the answer, nor a question that goes on from it."""
        return self._answer.is_private

    @property
    def searched_for(self) -> str:
        """The question that took the place of a follow-up; empty for a question that stood alone."""
        return self._answer.searched_for

    @property
    def sources(self) -> tuple[str, ...]:
        """The documents that the answer cites, in order."""
        return self._answer.sources

    @property
    def broken_off(self) -> str:
        """Why the answer was ended early; empty if it wasn't."""
        return self._answer.broken_off

    async def stream_answer(self, backend: Backend, asked: Asked, only: Restriction | None) -> None:
        """Show the answer while it is written. Raises RagError if there can't be one."""
        if self.broken_off:  # while the files of the message were added, which goes on
            return
        self.task, self._backend = asyncio.current_task(), backend
        self._asked = asked
        only = Restriction(folder=asked.source) if asked.source else only
        self._answer.searched_in = remove_invisible(describe_restriction(only, self._language)) if only else ""
        self._answer.searched_for = remove_invisible(asked.standalone) if asked.standalone != asked.text else ""
        tuned = tune(backend, asked.filters)
        events = ask(
            asked.question,
            index=backend.index,
            retrieve=tuned.retrieve,
            router=tuned.router,
            settings=tuned.settings,
            only=only,
            turns=asked.turns,
            around=tuned.around,
            compare=backend.retriever.compare_sentences,
            insist=asked.insists,
            is_private=asked.is_private,
            every=asked.every,
        )
        try:
            async with aclosing(events):
                async for event in events:
                    backend.metrics.note_event(event)
                    await self._take(event, backend)
        except asyncio.CancelledError:
            self._answer.is_stopped = True
            raise
        except Exception:
            backend.metrics.note_failure("question")
            raise

    async def _take(self, event: Event, backend: Backend) -> None:
        had_words = bool(self._answer.words)
        self._answer.take(event)
        match event:
            case Retrieved(retrieval):
                if reason := backend.explain_gap():
                    self._answer.take(Notice(reason))
                self._answer.coverage = await asyncio.to_thread(backend.measure_coverage)
                self._asks_model = retrieval.verdict != "no" or self._asked.insists
                self._answer.expects_words = self._asks_model and backend.router.state.is_ready
                if retrieval.mode == "catalog":  # what is told is the answer until a model writes
                    self._asks_model = self._answer.expects_words = False
            case Quoted() if self._asks_model:  # else the whole answer is there in a moment
                await self._show_quotes()
            case Told():
                await self._show_told()
            case Shown() | Progress():
                await self._show_quotes()
            case Token():
                await self._show_words()
                if not had_words and self._answer.words:
                    await self._send_sources()
            case Withdrawn():  # other words follow at once, or the end of the answer
                self._show_again_at = 0.0

    def break_off(self, reason: str) -> None:
        """Stop searching and writing at once, which closes the model's stream; `reason` is shown below the answer."""
        self._answer.broken_off = reason
        if self.task:
            self.task.cancel()

    async def finish(self) -> None:
        """Show the complete answer with its sources; after a stop or an error, what was said until then."""
        self._answer.end()
        if self.text or self._answer.is_not_found or self.broken_off:
            shown = await asyncio.to_thread(self._answer.show)
            self._message.content = shown or escape_markdown(self.broken_off)
            await self._message.send()
            await self._send_sources()
            await self._keep(is_complete=True)
            await self._add_afterwards()

    async def _add_afterwards(self) -> None:
        history, sources = self._history, self._sources
        if self._backend is None:
            return
        sources.props |= await describe_afterwards(
            self._asked.text, sources.props, self._backend, are_changes_told=history is not None
        )
        await tell_below(sources.props)
        if history:
            conversation, kept = self._message.thread_id, dict(sources.to_dict())
            await history.write(lambda database: database.keep_element(conversation, kept))

    async def show_again(self) -> None:
        """Show what there is of the answer to a page that has just come."""
        if self._sources.props:
            await cl.context.emitter.send_step(self._message.to_dict())
            await cl.context.emitter.send_element(self._sources.to_dict())

    async def _show_quotes(self) -> None:
        """Show the answer as it is before a model's first word, and before that what stands below it: both at once."""
        await self._send_sources()
        self._message.content = self._answer.show()
        await self._message.send()
        await self._keep()

    async def _show_told(self) -> None:
        """Show what is told so far, but not more often than the page can take: a table of many rows grows long."""
        began = time.monotonic()
        if began >= self._show_again_at:
            await self._show_quotes()
            now = time.monotonic()
            self._show_again_at = now + max(SHOW_EVERY_S, (now - began) / _SHARE_OF_SHOWING)

    async def _send_sources(self) -> None:
        self._describe()
        if self._has_sources:
            await tell_below(self._sources.props)
        else:
            self._has_sources = True
            await self._sources.send(for_id=self._message.id)

    def _describe(self) -> None:
        again = self._asked.again(self.searched_for, is_private=self.is_private) if self._answer.may_insist else None
        offers = self._answer.may_ask_every
        every = self._asked.again(self.searched_for, is_private=self.is_private, every=True) if offers else None
        asks = {INSIST: again, "every": every, "choices": [self._offer(one) for one in self._answer.choices]}
        self._sources.props = {"id": self._message.id, "at": time.time(), **asks, **self._answer.describe()}

    def _offer(self, one: Version) -> dict[str, Any]:
        """A button that asks the same of one of the documents that may be meant."""
        again = self._asked.again(self.searched_for, is_private=self.is_private, source=one.source)
        return {"label": remove_invisible(f"{show_name(one.source)}: {one.value}"), "ask": again}

    async def _show_words(self) -> None:
        """Show what is written so far, in place of what was shown before: a word may change what another one means."""
        began = time.monotonic()
        if began >= self._show_again_at:
            shown = await asyncio.to_thread(self._answer.show, is_complete=False)
            await self._message.stream_token(shown, is_sequence=True)
            now = time.monotonic()
            self._show_again_at = now + max(SHOW_EVERY_S, (now - began) / _SHARE_OF_SHOWING)
            if now >= self._keep_again_at:
                self._keep_again_at = now + _KEEP_EVERY_S
                await self._keep()

    async def _keep(self, *, is_complete: bool = False) -> None:
        if self._history is None:
            return
        self._describe()
        question, writer = self.searched_for or self._asked.text, "" if is_complete else name_this_process()
        answered = Answered(self._message.id, question, self.text, self.is_private, writer)
        conversation, step, sources = self._message.thread_id, self._message.to_dict(), self._sources.to_dict()
        kept = (conversation, answered, dict(step), dict(sources))
        await self._history.write(lambda database: database.keep_answer(*kept))
