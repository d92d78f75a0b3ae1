"""What a chat keeps on the server, and when it is let go."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

import chainlit as cl
from chainlit.chat_context import chat_contexts
from chainlit.session import WebsocketSession

_BACK_WITHIN_S = 60.0


def discard_uploads(message: cl.Message) -> None:
    """Delete the copies that came with a message, once their documents are in the folder or were refused."""
    for file in message.elements:
        cl.context.session.files.pop(file.id, None)
        with contextlib.suppress(OSError):  # after a stop it may be read still; then it goes with the chat
            Path(file.path or "").unlink()


def forget_messages() -> None:
    """Let go of this chat's messages, which Chainlit would keep for ever: it holds them for apps that hand all of them
    to a model, and ours keeps its own few turns.
    """
    chat_contexts.pop(cl.context.session.id, None)


def release_session() -> None:
    """Let go of what a chat doesn't need after its connection has ended, be the page back later or never.

    Chainlit keeps the chat for an hour, and with it the connection's buffers: 90 kB each. What was attached and not
    sent is deleted, unless the page is back in a minute.
    """
    if session := WebsocketSession.get_by_id(cl.context.session.id):
        session.environ = {name: value for name, value in session.environ.items() if isinstance(value, str)}
        asyncio.get_running_loop().call_later(_BACK_WITHIN_S, _discard_unsent, session, session.socket_id)


def _discard_unsent(session: WebsocketSession, socket_id: str) -> None:
    if session.socket_id == socket_id:  # a page that came back has another
        session.files.clear()
        shutil.rmtree(session.files_dir, ignore_errors=True)
