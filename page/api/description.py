"""All addresses for programs, and their description in OpenAPI's form."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from page.access.prefix import read_prefix
from page.api.documents import document_routes
from page.api.routes import openai_routes

_ABOUT = """Your documents for programs. `/v1` speaks OpenAI's protocol: the model `corpus` answers from the documents
and cites them. Where a password is set, it is the API key."""


def make_api_routes() -> list[BaseRoute]:
    """The routes, for any server that keeps the backend in its state."""
    routes = [*openai_routes.routes, *document_routes.routes]
    described: dict[str, Any] = {}

    async def describe(_: Request) -> JSONResponse:
        if not described:
            servers = [{"url": read_prefix() or "/"}]
            described.update(
                get_openapi(title="Pagewise", version="1", description=_ABOUT, routes=routes, servers=servers)
            )
        return JSONResponse(described)

    return [Route("/openapi.json", describe), *routes]
