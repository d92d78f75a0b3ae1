"""Addresses that Chainlit's server lacks or does more at than we want: the status as JSON, whether it works and what it
has counted, the documents, and the files that are attached to a message.
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chainlit.session import WebsocketSession
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from page.access.gate import UPLOAD_PATH
from rag.private import open_privately

if TYPE_CHECKING:
    from page.backend import Backend


async def send_status(request: Request) -> Response:
    """Answer with what the status line shows; 503 with a sentence if the backend could not be built."""
    try:
        backend: Backend = await asyncio.shield(request.app.state.backend)
    except Exception as error:  # whatever kept the backend from being built is for the user to read
        return Response(f"The service could not start ({error}). The terminal says more.", 503)
    return JSONResponse(await asyncio.to_thread(backend.make_status))


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
    from page.metrics import CONTENT_TYPE

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
        return Response("This is none of your documents, or not any more.", 404)
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


def find_corpus_file(corpus_dir: Path, source: str) -> Path | None:
    """The file with that source; None if there is none or it lies outside the folder, be it by a symbolic link."""
    folder = corpus_dir.resolve()
    try:
        path = (folder / source).resolve()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return path if path.is_relative_to(folder) and path.is_file() else None


async def take_upload(request: Request) -> Response:
    """Keep a file for the message that it comes with; what is no file, or an empty one, is refused with a sentence.

    Chainlit's own route would read the file whole into memory. Here the body is kept on disk beyond a megabyte while it
    arrives; the gate counts it.
    """
    session = WebsocketSession.get_by_id(request.query_params.get("session_id", ""))
    if session is None:
        return _refuse_upload(404, "This page has lost its chat. Reload it and attach the file again.")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            return await _keep_upload(form.get("file"), session)
    except ClientDisconnect:
        return _refuse_upload(400, "The file did not arrive whole.")
    except OSError as error:
        return _refuse_upload(507, f"The server can't keep the file ({error.strerror or error}).")


async def _keep_upload(file: object, session: WebsocketSession) -> Response:
    """Copy the file to where Chainlit looks for it, and answer with the id by which the message will name it."""
    if not isinstance(file, UploadFile) or not file.filename:
        return _refuse_upload(400, "No file came with this request.")
    if not file.size:
        return _refuse_upload(400, "The file is empty.")
    file_id = str(uuid.uuid4())
    path = Path(session.files_dir) / file_id
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(_copy, file.file, path)
    kind = file.content_type or "application/octet-stream"
    session.files[file_id] = {"id": file_id, "path": path, "name": file.filename, "type": kind, "size": file.size}
    return JSONResponse({"id": file_id})


def _copy(file: BinaryIO, path: Path) -> None:
    with open(path, "xb", opener=open_privately) as target:
        shutil.copyfileobj(file, target)


def _refuse_upload(status: int, sentence: str) -> Response:
    """A refusal in the form that Chainlit's page shows beside the file's name."""
    return JSONResponse({"detail": sentence}, status)


async def accept_session(_: Request) -> Response:
    """The page tells its session, for a server of many processes; ours is one."""
    return JSONResponse({})


ROUTES = (
    Route("/status", send_status),
    Route("/health", send_health),
    Route("/ready", send_ready),
    Route("/metrics", send_metrics),
    Route("/corpus/{source:path}", send_document),
    Route("/set-session-cookie", accept_session, methods=["POST"]),
    Route(UPLOAD_PATH, take_upload, methods=["POST"]),
)
