"""The addresses for programs, on the page's server: their code is loaded when the first of them calls."""

from __future__ import annotations

import asyncio

from starlette.routing import Route, Router

from page.access.hosts import App, Receive, Scope, Send

_PATHS = ("/v1/{rest:path}", "/search", "/documents", "/documents/{rest:path}", "/events", "/openapi.json")


class _Programs:
    """An ASGI application: what they call, by the routes of `page.api`, which take half a second to load."""

    def __init__(self) -> None:
        self._routed: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._routed is None:
            self._routed = await asyncio.to_thread(_load)
        await self._routed(scope, receive, send)


def _load() -> App:
    from page.api.description import make_api_routes

    return Router(make_api_routes())


def make_program_routes() -> list[Route]:
    programs = _Programs()
    return [Route(path, programs) for path in _PATHS]
