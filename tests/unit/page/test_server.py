"""What the server closes, and what of a chat it lets go."""

from __future__ import annotations

import asyncio
import gc
import sys

import chainlit as cl
from chainlit.chat_context import chat_contexts
from chainlit.context import init_http_context

from page.server import forget_messages, keep_generators_closing


def test_a_generator_that_is_dropped_is_closed_in_a_task_of_the_loop():
    closed_in_task = []

    async def stream():
        try:
            yield "token"
        finally:
            await asyncio.sleep(0)
            closed_in_task.append(asyncio.current_task() is not None)

    async def drop():
        sys.set_asyncgen_hooks(firstiter=None, finalizer=None)  # as Chainlit's runner leaves it
        keep_generators_closing(asyncio.get_running_loop())
        stopped = stream()
        assert await anext(stopped) == "token"
        del stopped
        gc.collect()
        for _ in range(100):  # turns of the loop; the closing takes a few
            await asyncio.sleep(0)

    asyncio.run(drop())
    assert closed_in_task == [True]


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
