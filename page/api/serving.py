"""`python -m rag serve` and `mcp`: the documents for programs, on a server without a page, or by stdio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from page.access.gate import API_ADDRESSES, DOCUMENT_PATH, Address, Gate
from page.access.hosts import (
    KnownHostsOnly,
    Scope,
    allow_origins,
    is_loopback,
    list_names,
    list_origins,
    require_free_port,
    require_password,
)
from page.access.login import LimitTries, distrust_callers, holds_key
from page.access.tagging import TagRequests
from page.addresses.browser import BROWSER_ROUTES
from page.addresses.documents import DOCUMENT_ROUTES
from page.api.description import make_api_routes
from page.api.tools import make_tools
from page.backend import Backend
from page.stopping import STOP_S
from rag import cli
from rag.settings import Settings

LARGEST_UPLOAD = 500_000_000
"""Bytes of a document that a program may send; larger ones are put into the folder."""


def serve(settings: Settings, host: str, port: int) -> int:
    """Follow the folder and answer programs until the process is told to end. Raises RagError if that can't begin."""
    require_password(host, settings)
    cli.keep_log(settings)
    if settings.password:
        distrust_callers()
    server = make_server(settings, host)
    require_free_port(host, port)
    shown = f"[{host}]" if ":" in host else host
    cli.say(f"Documents: {settings.corpus_dir.resolve()}. OpenAI's API: http://{shown}:{port}/v1 (model: corpus).")
    uvicorn.run(server, host=host, port=port, log_level="warning", timeout_graceful_shutdown=STOP_S)
    return 0


def make_server(settings: Settings, host: str) -> FastAPI:
    """The server, whose backend starts with it. Raises SettingsError for names that can be none."""

    async def find_backend() -> Backend:
        backend: Backend = await asyncio.shield(server.state.backend)
        return backend

    tools = make_tools(find_backend, settings)
    tool_routes = tools.streamable_http_app().routes

    @asynccontextmanager
    async def run_backend(server: FastAPI) -> AsyncIterator[None]:
        async with _opening(settings) as server.state.backend, tools.session_manager.run():
            yield

    async def has_key(scope: Scope) -> bool:
        return bool(holds_key(scope, settings.password))

    routes = [*DOCUMENT_ROUTES, *BROWSER_ROUTES, *make_api_routes(), *tool_routes]
    server = FastAPI(routes=routes, lifespan=run_backend, openapi_url=None)
    server.state.settings = settings
    addresses = {
        **API_ADDRESSES,
        DOCUMENT_PATH: Address(frozenset({"GET", "HEAD"})),
    }
    # The middleware that is added last is the first to see a request.
    server.add_middleware(
        Gate, is_logged_in=has_key if settings.password else None, largest_upload=LARGEST_UPLOAD, addresses=addresses
    )
    server.add_middleware(LimitTries, password=settings.password)
    origins = list_origins(settings)
    names, any_address = list_names(host, settings), not is_loopback(host)
    server.add_middleware(KnownHostsOnly, names=names, any_address=any_address, origins=origins)
    allow_origins(server, origins)
    server.add_middleware(TagRequests)
    return server


def serve_tools(settings: Settings) -> int:
    """Follow the folder and answer the one assistant that started this process, until its input ends."""

    cli.keep_log(settings)

    async def run() -> None:
        async with _opening(settings) as backend:
            await make_tools(lambda: asyncio.shield(backend), settings).run_stdio_async()

    asyncio.run(run())
    return 0


@asynccontextmanager
async def _opening(settings: Settings) -> AsyncIterator[asyncio.Future[Backend]]:
    """The backend, which is built in the background and closed at the end."""
    backend = asyncio.ensure_future(asyncio.to_thread(_open_backend, settings))
    try:
        yield backend
    finally:
        await asyncio.to_thread((await backend).close)


def _open_backend(settings: Settings) -> Backend:
    backend = Backend(settings)
    backend.start()
    return backend
