"""Each request of a program gets an id, which its answer has as ``X-Request-ID`` and every line of the log that is
written on its way. A program that sends one of its own finds that.
"""

from __future__ import annotations

import logging
import time

from page.access.hosts import App, Message, Receive, Scope, Send
from rag.logs.steps import begin_request, log_step

logger = logging.getLogger(__name__)

_HEADER = b"x-request-id"
_POLLED = ("/status", "/models")
"""The page asks for them each second or so."""


class TagRequests:
    """ASGI middleware, to be the first to see a request."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = begin_request(dict(scope["headers"]).get(_HEADER, b"").decode("latin-1"))
        began, status = time.perf_counter(), 0

        async def send_tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (_HEADER, request.encode())]}
            await send(message)

        try:
            await self._app(scope, receive, send_tagged)
        finally:
            if scope["path"] not in _POLLED:
                took = round((time.perf_counter() - began) * 1000, 1)
                log_step(logger, "called", method=scope["method"], path=scope["path"], status=status, ms=took)
