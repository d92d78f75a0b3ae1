"""A second answer to a question, by another model, beside the first: to one question, or to each of a chat.

The page names models by `Named` alone, and only such as the server knows are asked. Chainlit passes on messages of any
window, so that none of them may bring an address to which questions would go.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import chainlit as cl

from page.conversations.layer import RUN
from page.conversations.records import Pair
from page.server import forget_messages, get_answers, get_history, get_language
from page.texts import say
from page.turns import keep_pair, read_pairs, read_turns, remember_turn
from rag.chat.routing.configured import trim_address
from rag.chat.routing.others import Named
from rag.errors import ModelUnavailableError, RagError
from rag.logs.steps import begin_request
from rag.text.hostile import remove_invisible, show_name

if TYPE_CHECKING:
    from page.asked import Asked
    from page.backend import Backend
    from page.reply import Reply
    from rag.chat.routing.guarding import GuardedModel
    from rag.types import Restriction

logger = logging.getLogger(__name__)

SECOND = "second"
"""Where a chat's session keeps the model that answers each of its questions, too."""


def read_named(given: object) -> Named | None:
    """A model as the page names it; None for none."""
    if not isinstance(given, dict) or not given.get("model"):
        return None
    return Named(str(given["model"]), str(given.get("address") or ""))


async def choose_second(given: object) -> None:
    """Have each question of this chat answered by a second model, too; by one model alone for none."""
    named = read_named(given)
    cl.user_session.set(SECOND, {"model": named.name, "address": named.address} if named else None)
    await show_second()


async def show_second() -> None:
    """Tell this page which second model is chosen."""
    named = read_named(cl.user_session.get(SECOND))
    shown = {"model": named.name, "address": named.address, "name": show_name(named.name)} if named else None
    await cl.send_window_message({"pwSecondIs": shown})


def find_second(backend: Backend) -> Named | None:
    """The second model of this chat; None if there is none, or if it is the one that answers anyway."""
    named = read_named(cl.user_session.get(SECOND))
    router = backend.router
    if named is None or (
        named.name in (router.state.model_id, router.name)
        and trim_address(named.address) == trim_address(router.address)
    ):
        return None
    return named


def begin_second(
    backend: Backend, named: Named, first: Reply, only: Restriction | None, running: set[asyncio.Task[None]]
) -> None:
    """Ask the second model what the first is being asked; the task that does is added to `running`."""

    async def answer() -> None:
        await answer_beside(backend, named, await first.ask_another(), only, first.id, first.parent)

    running.add(asyncio.create_task(answer()))


async def answer_beside(
    backend: Backend, named: Named, asked: Asked, only: Restriction | None, first: str, parent: str
) -> None:
    """Write an answer that stands beside the `first`, in a run within the first's, so that each has its own buttons."""
    from page.reply import Reply

    begin_request()
    conversation, history = cl.context.session.thread_id, get_history()
    async with cl.Step(name=RUN, type="run", parent_id=parent or None, show_input=False):
        reply = Reply(history, get_language(), first)
        get_answers().add(conversation, reply)
        await keep_pair(Pair(first, reply.id))
        try:
            await reply.await_model(named.name, named.place)
            model = await asyncio.to_thread(_require_model, backend, named, get_language())
            await reply.stream_answer(backend, asked, only, model)
        except asyncio.CancelledError:
            reply.fail("", is_stopped=True)
        except RagError as error:
            reply.fail(remove_invisible(str(error)))
        except Exception as error:
            logger.exception("An answer beside another one failed")
            reply.fail(say(get_language(), "went.wrong", reason=remove_invisible(str(error))))
        finally:
            remember_turn(asked.question, reply)
            await reply.finish()
            forget_messages()
            if history or not reply.broken_off:
                get_answers().discard(conversation, reply)


def _require_model(backend: Backend, named: Named, language: str) -> GuardedModel:
    model = backend.router.find_named(named)
    if model is None:
        raise ModelUnavailableError(say(language, "beside.gone", model=show_name(named.name)))
    return model


async def ask_too(backend: Backend, message: dict[str, Any]) -> None:
    """Ask another model what a complete answer of this chat was asked.

    Nothing is asked while something is being written, nor for an answer that has one beside it already.
    """
    from page.asked import INSIST, read_asked
    from page.filtering.panel import find_restriction

    named, first, ask = read_named(message.get("model")), str(message.get("first") or ""), message.get("ask")
    if not (named and first and isinstance(ask, dict)) or get_answers().find(cl.context.session.thread_id):
        return
    if any(pair.first == first for pair in await read_pairs()):
        return
    text = str(ask.get("text") or "")
    turns = await read_turns(before=first) if ask.get("standalone") == text else ()
    asked = replace(read_asked(text, {INSIST: ask}, {}, ()), turns=turns)
    await cl.context.emitter.task_start()
    try:
        only = await find_restriction(backend, asked.filters, get_language())
        await answer_beside(backend, named, asked, only, first, str(message.get("parent") or ""))
    finally:
        await cl.context.emitter.task_end()


def stop_one(identity: object) -> None:
    """End one of the answers that are being written in this chat."""
    for answer in get_answers().find(cl.context.session.thread_id):
        if answer.id == identity and answer.task:
            answer.task.cancel()
