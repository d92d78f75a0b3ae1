"""The pages that show the same conversation: each sees what is written in it, whichever asked, and may stop it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any, Protocol

import chainlit.socket
from chainlit.context import init_ws_context
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.types import MessagePayload

from page.conversations.database import Database
from page.conversations.history import History
from page.conversations.layer import describe
from page.conversations.records import Conversation
from rag.private import is_running, name_this_process

_LOOK_EVERY_S = 1.0
"""How often it is looked what another server has written."""

_SHARED = frozenset(
    "new_message update_message delete_message stream_start stream_token element remove_element task_start"
    " task_end".split()
)
"""Chainlit's events that tell of the conversation; the others are a page's own."""

BELOW = "pwBelow"
"""Under which name a message to the page's window holds what stands below an answer; that is the conversation's too."""

KEPT = "pwKept"
"""Under which name it holds the id of the answer that is kept of two; so is that."""


class Running(Protocol):
    """An answer that is being written."""

    async def show_again(self) -> None:
        """Show what is written so far to the page that is in context."""


class Answers:
    """The answers that are being written, by their conversations."""

    def __init__(self) -> None:
        self._running: defaultdict[str, set[Running]] = defaultdict(set)

    def add(self, conversation: str, answer: Running) -> None:
        self._running[conversation].add(answer)

    def discard(self, conversation: str, answer: Running) -> None:
        self._running[conversation].discard(answer)
        if not self._running[conversation]:
            del self._running[conversation]

    def find(self, conversation: str) -> list[Any]:  # whatever was added
        return list(self._running.get(conversation, ()))


def name_room(conversation: str) -> str:
    return f"conversation {conversation}"


async def share_events(session: WebsocketSession) -> None:
    """Have this page see what happens in its conversation, and the others what happens here."""
    await sio.enter_room(session.socket_id, name_room(session.thread_id))
    own = session.emit

    def emit(event: str, data: object) -> Any:  # noqa: ANN401 (as Chainlit has it)
        is_shared = event in _SHARED or (isinstance(data, dict) and not data.keys().isdisjoint((BELOW, KEPT)))
        return sio.emit(event, data, to=name_room(session.thread_id)) if is_shared else own(event, data)

    session.emit = emit


async def take_message(sid: str, payload: MessagePayload) -> None:
    """Take a question as Chainlit does, and show it to the other pages of the conversation."""
    session = WebsocketSession.require(sid)
    message = payload["message"] | {"threadId": session.thread_id}
    await sio.emit("new_message", message, to=name_room(session.thread_id), skip_sid=sid)
    await chainlit.socket.message(sid, payload)


async def tell_deleted(conversation: str) -> None:
    """Have the pages that show a conversation leave it."""
    await sio.emit("window_message", {"pwDeleted": conversation}, to=name_room(conversation))


async def follow_other_server(session: WebsocketSession, history: History) -> None:
    """Show the page what another server writes in its conversation, until that is complete or the page leaves."""
    was_written = False
    while WebsocketSession.get(session.socket_id) is session:
        found = await read_kept(history, session.thread_id)
        writers = {answer.writer for answer in found.answers} if found else set()
        is_written = any(writer != name_this_process() and is_running(writer) for writer in writers if writer)
        if found and (is_written or was_written):
            await sio.emit("resume_thread", describe(found), to=session.socket_id)
        if not is_written:
            return
        was_written = True
        await asyncio.sleep(_LOOK_EVERY_S)


async def read_kept(history: History | None, conversation: str | None) -> Conversation | None:
    """All that is kept of a conversation; None if nothing is, or it can't be read just now."""
    if not history or not conversation:
        return None
    return await history.read(lambda database: database.read(conversation), otherwise=None)


async def catch_up(session: WebsocketSession, history: History, shown: Conversation) -> None:
    """Show a page its conversation anew if that is no longer as it was `shown`, until nothing more has changed.

    An answer may be completed, or the conversation deleted, between that a page is shown its conversation and that it
    sees what happens in it.
    """

    def read(database: Database) -> list[Conversation]:
        found = database.read(session.thread_id)
        return [found] if found else []

    while (now := await history.read(read, otherwise=[shown])) != [shown]:
        if not now:
            await sio.emit("window_message", {"pwDeleted": session.thread_id}, to=session.socket_id)
            return
        shown = now[0]
        await sio.emit("resume_thread", describe(shown), to=session.socket_id)


async def show_running(session: WebsocketSession, answers: Answers) -> None:
    """Show a page that has just come what is being written in its conversation."""
    init_ws_context(session)
    for answer in answers.find(session.thread_id):
        await sio.emit("task_start", {}, to=session.socket_id)
        await answer.show_again()
