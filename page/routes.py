"""The two addresses that Chainlit's server lacks: the status as JSON, and the documents themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from page.backend import Backend


async def send_status(request: Request) -> Response:
    """Answer with what the status line shows; 503 with a sentence if the backend could not be built."""
    try:
        backend: Backend = await asyncio.shield(request.app.state.backend)
    except Exception as error:  # whatever kept the backend from being built is for the user to read
        return Response(f"The service could not start ({error}). The terminal says more.", 503)
    return JSONResponse(await asyncio.to_thread(backend.make_status))


async def send_document(request: Request) -> Response:
    """A file of the corpus. Only a PDF is shown in the page's own origin; anything else could hold a script."""
    path = find_corpus_file(request.app.state.settings.corpus_dir, request.path_params["source"])
    if path is None:
        return Response("This document is not in the corpus folder any more.", 404)
    if path.suffix.lower() == ".pdf":
        return FileResponse(path, media_type="application/pdf")
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


def find_corpus_file(corpus_dir: Path, source: str) -> Path | None:
    """The file of that name; None for one that isn't there or is outside the folder, be it by a symbolic link."""
    folder = corpus_dir.resolve()
    try:
        path = (folder / source).resolve()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return path if path.is_relative_to(folder) and path.is_file() else None


ROUTES = (Route("/status", send_status), Route("/corpus/{source:path}", send_document))
