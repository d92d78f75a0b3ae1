"""What a chat keeps on the server, and what it lets go of."""

from __future__ import annotations

import asyncio

import chainlit as cl
from chainlit.chat_context import chat_contexts
from chainlit.context import init_http_context

from page.sessions import forget_messages


def test_the_messages_of_a_chat_are_let_go_and_those_of_others_stay():
    async def talk(keeps: bool) -> str:
        session = init_http_context().session
        await cl.Message("How deep is the soil on the roof?").send()
        assert len(chat_contexts[session.id]) == 1
        if not keeps:
            forget_messages()
        return session.id

    kept, gone = asyncio.run(talk(keeps=True)), asyncio.run(talk(keeps=False))
    assert kept in chat_contexts
    assert gone not in chat_contexts
    chat_contexts.pop(kept)
