"""How the page's server ends: within seconds, whatever it is doing."""

from __future__ import annotations

import asyncio
import logging
import signal

import uvicorn

STOP_S = 5
"""Seconds that running answers have to end in, once the server is told to stop; Docker kills after ten."""


def limit_stop() -> None:
    """Let the server that runs in this process cancel what still runs after `STOP_S`; called when it has started.

    Chainlit makes the server and gives it no limit, so that one answer of a slow model would hold it for minutes. It is
    known by the signal that it heeds.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(server, uvicorn.Server):
        server.config.timeout_graceful_shutdown = STOP_S
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancelling)


def _is_no_cancelling(record: logging.LogRecord) -> bool:
    """Leaves out where each answer was that was cancelled; the server says that it cancels them."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
