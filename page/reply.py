"""One answer on the page: its text as it streams, and below it what it rests on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import chainlit as cl
from chainlit.utils import utc_now

from page.afterwards import describe_afterwards, tell_below
from page.answer import Answer
from page.asked import INSIST, Asked
from page.conversations.records import Answered
from page.filtering.filters import describe_restriction
from page.markdown import escape_markdown
from page.models.tuning import tune
from page.texts import ENGLISH
from rag.answering.events import (
    Done,
    Event,
    Notice,
    Progress,
    Quoted,
    Retrieved,
    Routed,
    Shown,
    Token,
    Told,
    Withdrawn,
)
from rag.answering.several import Version
from rag.asked.asking import ask
from rag.chat.routing.guarding import GuardedModel
from rag.chat.routing.router import Inquiry, QuestionRouter
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
    `beside` is the id of the first answer to the question, for a second one.
    """

    def __init__(self, history: History | None = None, language: str = ENGLISH, beside: str = "") -> None:
        self._history = history
        self._backend: Backend | None = None
        self._router: QuestionRouter | None = None
        self._keep_again_at = 0.0
        self._answer = Answer(language)
        self._language = language
        self._asked = Asked("", {})
        self._asks_model = False
        self._beside = beside
        self._message = cl.Message("", created_at=utc_now())
        self._sources = cl.CustomElement(name="Sources", props={}, url=_NO_FILE, for_id=self._message.id)
        self._has_sources = False
        self._show_again_at = 0.0
        self.task: asyncio.Task[None] | None = None
        """What writes the answer; None before and while files are added."""
        self.on_model: Callable[[], None] | None = None
        """Called once, when a model is asked or it is clear that the one to be asked failed."""

    @property
    def id(self) -> str:
        """That of its message."""
        return self._message.id

    @property
    def parent(self) -> str:
        """The id of the run in which its message stands; empty outside of one."""
        return self._message.parent_id or ""

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

    async def stream_answer(
        self, backend: Backend, asked: Asked, only: Restriction | None, model: GuardedModel | None = None
    ) -> None:
        """Show the answer while it is written, by the given model or the router's. Raises RagError if there is none."""
        if self.broken_off:  # while the files of the message were added, which goes on
            return
        self.task, self._backend = asyncio.current_task(), backend
        self._asked = asked
        only = Restriction(folder=asked.source) if asked.source else only
        self._answer.searched_in = remove_invisible(describe_restriction(only, self._language)) if only else ""
        self._answer.searched_for = remove_invisible(asked.standalone) if asked.standalone != asked.text else ""
        tuned = tune(backend, asked.filters, model)
        self._router = tuned.router
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
        self._note_model(event)
        match event:
            case Retrieved(retrieval):
                if reason := backend.explain_gap():
                    self._answer.take(Notice(reason))
                self._answer.coverage = await asyncio.to_thread(backend.measure_coverage)
                self._asks_model = retrieval.verdict != "no" or self._asked.insists
                is_ready = self._router is not None and self._router.state.is_ready
                self._answer.expects_words = self._asks_model and is_ready
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

    def _note_model(self, event: Event) -> None:
        has_failed = isinstance(event, Done) and bool(event.report.failure)
        if self.on_model and (has_failed or isinstance(event, Routed)):
            self.on_model()
            self.on_model = None

    async def await_model(self, name: str, place: str) -> None:
        """Show that a model is made ready, which may take a minute if it is loaded."""
        self.task = asyncio.current_task()
        self._answer.await_model(name, place)
        await self._show_quotes()

    def fail(self, reason: str, *, is_stopped: bool = False) -> None:
        """Say below the answer why there is none."""
        self._answer.is_stopped = is_stopped
        if reason:
            self._answer.take(Notice(reason))

    def break_off(self, reason: str) -> None:
        """Stop searching and writing at once, which closes the model's stream; `reason` is shown below the answer."""
        self._answer.broken_off = reason
        if self.task:
            self.task.cancel()

    async def finish(self) -> None:
        """Show the complete answer with its sources; after a stop or an error, what was said until then."""
        self._answer.end()
        if self.text or self._answer.is_not_found or self.broken_off or self._has_sources:
            await self._note_private()
            shown = await asyncio.to_thread(self._answer.show)
            self._message.content = shown or escape_markdown(self.broken_off)
            await self._message.send()
            await self._send_sources()
            await self._keep(is_complete=True)
            await self._add_afterwards()

    async def _note_private(self) -> None:
        """See whether it is private, though no model elsewhere had to be kept from it: one may be asked later."""
        found, backend, asked = self._answer.retrieval, self._backend, self._asked
        if self.is_private or found is None or backend is None:
            return
        turns = asked.turns if self.searched_for else ()
        said = tuple(text for turn in turns for text in (turn.question, turn.answer))
        is_private = asked.is_private or any(turn.is_private for turn in turns)
        inquiry = Inquiry.of_hits(
            found.question, found.hits, asked="\n".join((asked.text, *said)), is_private=is_private
        )
        self._answer.is_private = bool(await asyncio.to_thread(backend.router.find_private, inquiry))

    async def ask_another(self) -> Asked:
        """What another model is asked, once passages are found: the same question, as it was understood."""
        await self._note_private()
        asked, understood = self._asked, self.searched_for
        return replace(
            asked,
            turns=() if understood else asked.turns,
            standalone=understood or asked.question,
            is_private=self._is_made_privately,
            repeats=not asked.insists,
        )

    @property
    def _is_made_privately(self) -> bool:
        """Whether the question, as it was understood, is private though its words don't tell."""
        return self._asked.is_private or (bool(self.searched_for) and self.is_private)

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
        pair = {"beside": self._beside, "parent": self.parent, "another": self._offer_another()}
        self._sources.props = {"id": self._message.id, "at": time.time(), **asks, **pair, **self._answer.describe()}

    def _offer_another(self) -> dict[str, Any] | None:
        """What has another model asked as well."""
        if self._beside or not self._answer.may_ask_another:
            return None
        asked = self._asked
        kinds: dict[str, Any] = {"every": asked.every, "source": asked.source, "repeats": not asked.insists}
        return asked.again(self.searched_for or asked.standalone, is_private=self._is_made_privately, **kinds)

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
