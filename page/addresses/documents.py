"""The addresses of the status, as JSON, of whether all works, of what was counted, and of the documents themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from page.errors import say_error
from page.own_pages import get_language
from page.texts import say
from page.uploads import find_corpus_file
from rag.text.hostile import show_name

if TYPE_CHECKING:
    from page.backend import Backend


async def send_status(request: Request) -> Response:
    """Answer with what the status line shows; 503 with a sentence if the backend could not be built."""
    language = get_language(request)
    try:
        backend: Backend = await asyncio.shield(request.app.state.backend)
    except Exception as error:  # whatever kept the backend from being built is for the user to read
        return Response(say(language, "unstarted", reason=say_error(language, str(error))), 503)
    status = await asyncio.to_thread(backend.make_status, language)
    history = getattr(request.app.state, "history", None)  # a server for programs alone has none
    return JSONResponse(status | {"history": say_error(language, history.problem) if history else ""})


async def send_health(_: Request) -> Response:
    """Answer that the server is alive, whatever its parts do."""
    return JSONResponse({"service": "pagewise", "status": "alive"})


async def send_ready(request: Request) -> Response:
    """Answer whether questions can be asked, and how each part is; 503 if they can't.

    Without a model they can: answers are quotes then.
    """
    built: asyncio.Future[Backend] = request.app.state.backend
    is_built = built.done() and not built.exception()
    parts = {"server": {"ok": is_built}}
    if is_built:
        parts |= await asyncio.to_thread(built.result().describe_parts)
    is_ready = is_built and parts["index"]["ok"]
    return JSONResponse({"ready": is_ready, "parts": parts}, 200 if is_ready else 503)


async def send_metrics(request: Request) -> Response:
    """Answer with what was counted, for Prometheus; 503 until the backend is built."""
    from page.addresses.metrics import CONTENT_TYPE

    built: asyncio.Future[Backend] = request.app.state.backend
    if not built.done() or built.exception():
        return Response("The service has not started yet.", 503)
    return Response(await asyncio.to_thread(built.result().render_metrics), media_type=CONTENT_TYPE)


async def send_document(request: Request) -> Response:
    """Answer with a document, and with nothing else of the folder.

    Only a PDF is shown in the page's own origin, since any other file could hold a script.
    """
    path = await asyncio.to_thread(_find_document, request)
    if path is None:
        return Response(say(get_language(request), "document.gone", name=show_name(request.path_params["source"])), 404)
    if path.suffix.lower() == ".pdf":
        return FileResponse(path, media_type="application/pdf")
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


def _find_document(request: Request) -> Path | None:
    """The file that is asked for, if the index holds it as a document.

    What was left out, is hidden or can't be read isn't served.
    """
    built: asyncio.Future[Backend] = request.app.state.backend
    source = request.path_params["source"]
    if not built.done() or built.exception() or not built.result().has_document(source):
        return None
    return find_corpus_file(request.app.state.settings.corpus_dir, source)


DOCUMENT_ROUTES = (
    Route("/status", send_status),
    Route("/health", send_health),
    Route("/ready", send_ready),
    Route("/metrics", send_metrics),
    Route("/corpus/{source:path}", send_document),
)
