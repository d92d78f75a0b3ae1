"""The addresses behind the page's panel of models: which there are, which answers, and what is to be changed.

What they call is loaded when the panel is first opened.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from page.errors import say_error
from page.own_pages import get_language
from rag.errors import QuestionError, RagError
from rag.text.hostile import show_name

if TYPE_CHECKING:
    from page.backend import Backend
    from page.models.known import Downloads
    from page.models.switching import Wanted
    from rag.chat.routing.others import Named

logger = logging.getLogger(__name__)

Answer = Callable[[Request, "Backend"], Awaitable[dict[str, Any]]]


def _answering(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A handler that tells what goes wrong in a sentence."""

    async def handle(request: Request) -> Response:
        backend: Backend = await asyncio.shield(request.app.state.backend)
        try:
            return JSONResponse(await answer(request, backend))
        except RagError as exc:
            return JSONResponse(
                {"detail": say_error(get_language(request), str(exc))}, 400 if isinstance(exc, QuestionError) else 502
            )

    return handle


async def _read_wanted(request: Request) -> Wanted:
    from page.models.switching import read_wanted

    try:
        return read_wanted(json.loads(await request.body()))
    except ValueError:
        raise QuestionError("The request is no JSON.") from None


def _get_downloads(request: Request) -> Downloads:
    from page.models.known import Downloads

    state = request.app.state
    if not hasattr(state, "downloads"):
        state.downloads = Downloads()
    downloads: Downloads = state.downloads
    return downloads


@_answering
async def _send_state(request: Request, backend: Backend) -> dict[str, Any]:
    latest = _get_downloads(request).latest
    return {
        "model": (await asyncio.to_thread(backend.make_status, get_language(request)))["model"],
        "id": backend.router.state.model_id,
        "address": backend.router.address,
        "download": latest.to_dict(get_language(request)) if latest else None,
        "mayEnter": not backend.settings.password,
    }


@_answering
async def _send_known(request: Request, backend: Backend) -> dict[str, Any]:
    from page.models.known import list_known

    known = await list_known(backend.router.local_settings)
    return known | {"failures": [say_error(get_language(request), failure) for failure in known["failures"]]}


@_answering
async def _try(request: Request, backend: Backend) -> dict[str, Any]:
    from page.models.switching import try_wanted

    language = get_language(request)
    text = await asyncio.to_thread(try_wanted, await _read_wanted(request), backend, language)
    return {"text": say_error(language, text)}


@_answering
async def _use(request: Request, backend: Backend) -> dict[str, Any]:
    from page.models.switching import use_wanted

    await asyncio.to_thread(use_wanted, await _read_wanted(request), backend, get_language(request))
    return {}


@_answering
async def _send_named(_: Request, backend: Backend) -> dict[str, Any]:
    """The models that can be asked beside the one that answers, each as the page names it to the server."""
    found = await asyncio.to_thread(backend.router.list_named)
    return {"models": [_describe(named) for named in found]}


@_answering
async def _offer_beside(request: Request, backend: Backend) -> dict[str, Any]:
    from page.models.switching import offer_beside

    wanted = await _read_wanted(request)
    return _describe(await asyncio.to_thread(offer_beside, wanted, backend, get_language(request)))


def _describe(named: Named) -> dict[str, Any]:
    return {"model": named.name, "address": named.address, "name": show_name(named.name)}


@_answering
async def _download(request: Request, backend: Backend) -> dict[str, Any]:
    downloads = _get_downloads(request)
    downloads.begin(backend.router.local_settings, (await _read_wanted(request)).model)
    return {}


@_answering
async def _cancel(request: Request, _: Backend) -> dict[str, Any]:
    await _get_downloads(request).cancel()
    return {}


MODEL_ROUTES = (
    Route("/models", _send_state),
    Route("/models/known", _send_known),
    Route("/models/try", _try, methods=["POST"]),
    Route("/models/use", _use, methods=["POST"]),
    Route("/models/beside", _send_named),
    Route("/models/beside", _offer_beside, methods=["POST"]),
    Route("/models/download", _download, methods=["POST"]),
    Route("/models/cancel", _cancel, methods=["POST"]),
)
