"""Fifty answers at once that are cut off in the middle or fail, on an event loop like Chainlit's.

`test_closing` runs it in a process of its own, since what it looks for is printed while objects are deleted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import nest_asyncio

from rag.answering.answer import answer
from rag.answering.events import Event, Token
from rag.chat.router import ModelRouter
from rag.settings import Settings
from rag.types import Chunk, Restriction, Retrieval, ScoredChunk, StoredChunk
from tests import endpoint
from tests.endpoint import Exchange, Reply, Requests, model_server

AT_ONCE = 50
HITS = (ScoredChunk(StoredChunk(1, Chunk("a.md", 0, "Descale the boiler every 90 days.")), 1.0),)

Ask = Callable[[], AsyncGenerator[Event, None]]


def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
    return Retrieval(question, "hybrid", HITS, "yes", 0.9)


async def leave_after_a_word(ask: Ask, requests: Requests) -> None:
    async with aclosing(ask()) as events:
        async for event in events:
            if isinstance(event, Token):
                return


async def cancel_in_the_middle(ask: Ask, requests: Requests) -> None:
    task = asyncio.ensure_future(read_to_the_end(ask, requests))
    while len(requests) < AT_ONCE and not task.done():
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


async def read_to_the_end(ask: Ask, requests: Requests) -> None:
    async with aclosing(ask()) as events:
        async for _ in events:
            pass


def break_off(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Every")


def talk_nonsense(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Every")
    exchange.send_event("<html>")
    exchange.wait_for_leaving()


def refuse_in_the_middle(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_event('{"error": {"message": "out of memory"}}')
    exchange.wait_for_leaving()


SCENES = (
    (endpoint.talk_slowly, leave_after_a_word),
    (endpoint.talk_slowly, cancel_in_the_middle),
    (endpoint.hang, cancel_in_the_middle),
    (endpoint.begin_and_hang, cancel_in_the_middle),
    (endpoint.talk, read_to_the_end),
    (endpoint.send_endless_line, read_to_the_end),
    (break_off, read_to_the_end),
    (talk_nonsense, read_to_the_end),
    (refuse_in_the_middle, read_to_the_end),
)


def play(reply: Reply, read: Callable[[Ask, Requests], Awaitable[None]]) -> None:
    with model_server(reply) as (url, requests):
        settings = Settings(base_url=url, model="tiny", max_tokens=20)
        router = ModelRouter(settings)
        router.start()
        router.settle(20)

        async def read_all() -> None:
            async def read_one() -> None:
                await read(lambda: answer("How often?", retrieve=retrieve, router=router, settings=settings), requests)

            await asyncio.gather(*(read_one() for _ in range(AT_ONCE)))
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert await asyncio.to_thread(requests.wait_until_left)

        asyncio.run(read_all())
        router.close()


if __name__ == "__main__":
    logging.disable()
    nest_asyncio.apply()
    for scene in SCENES:
        play(*scene)
    print("done")  # noqa: T201 (a command line's own message)
