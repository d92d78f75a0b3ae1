"""The addresses for programs, on the page's server: their code is loaded when the first of them calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from starlette.routing import Route, Router

from page.access.hosts import App, Receive, Scope, Send

if TYPE_CHECKING:
    from fastapi import FastAPI

    from page.backend import Backend

Connecting = Callable[[], AbstractAsyncContextManager[None]]

_PATHS = ("/v1/{rest:path}", "/search", "/documents", "/documents/{rest:path}", "/events", "/openapi.json", "/mcp")


class _Programs:
    """An ASGI application: what they call, by the routes of `page.api`, which take a second to load."""

    def __init__(self) -> None:
        self._routed: asyncio.Future[App] | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._routed is None:
            self._routed = asyncio.get_running_loop().create_future()
            self._serving = asyncio.create_task(self._serve(scope["app"], self._routed))
        routed = await asyncio.shield(self._routed)
        await routed(scope, receive, send)

    async def _serve(self, server: FastAPI, routed: asyncio.Future[App]) -> None:
        """Keep what assistants are connected to, until the server's event loop ends and with it this task."""
        try:
            app, connecting = await asyncio.to_thread(_load, server)
            async with connecting():
                routed.set_result(app)
                await asyncio.Event().wait()
        except Exception as exc:  # whatever keeps the code from loading is for each who calls
            if not routed.done():
                routed.set_exception(exc)
            raise


def _load(server: FastAPI) -> tuple[App, Connecting]:
    """The application, for a server that keeps the backend in its state, and what keeps assistants connected."""
    from page.api.description import make_api_routes
    from page.api.tools import make_tools

    async def find_backend() -> Backend:
        backend: Backend = await asyncio.shield(server.state.backend)
        return backend

    tools = make_tools(find_backend, server.state.settings)
    return Router([*make_api_routes(), *tools.streamable_http_app().routes]), tools.session_manager.run


def make_program_routes() -> list[Route]:
    programs = _Programs()
    return [Route(path, programs) for path in _PATHS]
