"""Addresses that Chainlit's server lacks or does more at than we want: the files that are attached to a message."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

from chainlit.session import WebsocketSession
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from page.access.gate import UPLOAD_PATH
from page.addresses.browser import BROWSER_ROUTES
from page.addresses.documents import DOCUMENT_ROUTES
from page.errors import say_error
from page.models.routes import MODEL_ROUTES
from page.own_pages import get_language
from rag.private import open_privately

_ANY_KIND = "application/octet-stream"


async def take_upload(request: Request) -> Response:
    """Keep a file for the message that it comes with; what is no file, or an empty one, is refused with a sentence.

    Chainlit's own route would read the file whole into memory. Here the body is kept on disk beyond a megabyte while it
    arrives; the gate counts it.
    """
    session = WebsocketSession.get_by_id(request.query_params.get("session_id", ""))
    if session is None:
        return _refuse_upload(request, 404, "This page has lost its chat. Reload it and attach the file again.")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            return await _keep_upload(request, form.get("file"), session)
    except ClientDisconnect:
        return _refuse_upload(request, 400, "The file did not arrive whole.")
    except OSError as error:
        return _refuse_upload(request, 507, f"The server can't keep the file ({error.strerror or error}).")


async def _keep_upload(request: Request, file: object, session: WebsocketSession) -> Response:
    """Copy the file to where Chainlit looks for it, and answer with the id by which the message will name it."""
    if not isinstance(file, UploadFile) or not file.filename:
        return _refuse_upload(request, 400, "No file came with this request.")
    if not file.size:
        return _refuse_upload(request, 400, "The file is empty.")
    file_id = str(uuid.uuid4())
    path = Path(session.files_dir) / file_id
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(_copy, file.file, path)
    # Of a PDF Chainlit would show a page in the chat, and fetch it before it is one of the documents.
    kind = (file.content_type or _ANY_KIND).replace("application/pdf", _ANY_KIND)
    session.files[file_id] = {"id": file_id, "path": path, "name": file.filename, "type": kind, "size": file.size}
    return JSONResponse({"id": file_id})


def _copy(file: BinaryIO, path: Path) -> None:
    with open(path, "xb", opener=open_privately) as target:
        shutil.copyfileobj(file, target)


def _refuse_upload(request: Request, status: int, sentence: str) -> Response:
    """A refusal in the form that Chainlit's page shows beside the file's name."""
    return JSONResponse({"detail": say_error(get_language(request), sentence)}, status)


async def accept_session(_: Request) -> Response:
    """The page tells its session, for a server of many processes; ours is one."""
    return JSONResponse({})


ROUTES = (
    *DOCUMENT_ROUTES,
    *MODEL_ROUTES,
    *BROWSER_ROUTES,
    Route("/set-session-cookie", accept_session, methods=["POST"]),
    Route(UPLOAD_PATH, take_upload, methods=["POST"]),
)
