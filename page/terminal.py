"""What keeps the terminal of a running server to what its user should read."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator


def quiet_terminal() -> None:
    """Chainlit has every library's logger at INFO on the terminal, and warns of each language without a readme."""
    logging.getLogger().setLevel(logging.WARNING)
    chainlit_logger = logging.getLogger("chainlit")
    chainlit_logger.setLevel(logging.INFO)
    chainlit_logger.addFilter(lambda record: not record.getMessage().startswith("Trans"))


def keep_generators_closing(loop: asyncio.AbstractEventLoop) -> None:
    """Have the running loop close each asynchronous generator that nobody holds any more, as asyncio always does.

    Chainlit replaces asyncio's runner (by nest_asyncio), and with it this is lost: Python then closes them outside of
    any task, and a stream of httpx that is dropped after its last event prints a traceback.
    """

    def close(generator: AsyncGenerator[object, object]) -> None:
        loop.call_soon_threadsafe(lambda: loop.create_task(generator.aclose()))

    sys.set_asyncgen_hooks(finalizer=close)
