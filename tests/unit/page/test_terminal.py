from __future__ import annotations

import asyncio
import gc
import sys

from page.terminal import keep_generators_closing


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
        await asyncio.sleep(0.01)

    asyncio.run(drop())
    assert closed_in_task == [True]
