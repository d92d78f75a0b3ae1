"""An answer that nobody waits for ends, wherever it is, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.answering.answer import answer
from rag.answering.followup import Turn
from rag.chat.router import ModelRouter
from rag.settings import Settings
from rag.types import Restriction, Retrieval
from tests import endpoint
from tests.endpoint import Reply, model_server
from tests.integration.answering.cut_off import retrieve

ROOT = Path(__file__).parents[3]


def test_fifty_answers_at_once_that_are_cut_off_print_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.answering.cut_off"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.mark.parametrize("reply", [endpoint.hang, endpoint.begin_and_hang, endpoint.talk_slowly])
@pytest.mark.parametrize("turns", [(), (Turn("How often is the boiler descaled?", "Every 90 days."),)])
def test_cancelling_leaves_the_model_while_it_answers_and_while_it_rewrites(reply: Reply, turns: Sequence[Turn]):
    with model_server(reply) as (url, requests):
        settings = Settings(base_url=url, model="tiny")
        router = ModelRouter(settings)

        async def read() -> None:
            async for _ in answer("Why?", retrieve=retrieve, router=router, settings=settings, turns=turns):
                pass

        async def cancel() -> None:
            task = asyncio.create_task(read())
            while not requests.open_count:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert await asyncio.to_thread(requests.wait_until_left)

        try:
            router.start()
            assert router.settle(20).is_ready
            asyncio.run(cancel())
        finally:
            router.close()


def test_cancelling_while_passages_are_searched_for_asks_no_model():
    is_searching, may_end = threading.Event(), threading.Event()

    def search(question: str, *, only: Restriction | None = None) -> Retrieval:
        is_searching.set()
        assert may_end.wait(20)
        return retrieve(question, only=only)

    with model_server(endpoint.talk_slowly) as (url, requests):
        settings = Settings(base_url=url, model="tiny")
        router = ModelRouter(settings)

        async def cancel() -> None:
            task = asyncio.create_task(anext(answer("Why?", retrieve=search, router=router, settings=settings)))
            await asyncio.to_thread(is_searching.wait, 20)
            task.cancel()
            await asyncio.wait([task], timeout=10)
            assert task.cancelled()
            may_end.set()

        try:
            router.start()
            assert router.settle(20).is_ready
            asyncio.run(cancel())
        finally:
            router.close()
        assert not requests
