"""Takes a file that is attached to a message, in place of Chainlit's own route, which reads it whole into memory."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

import chainlit as cl
from chainlit.session import WebsocketSession
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from page.access.gate import UPLOAD_PATH
from rag.private import open_privately

_BACK_WITHIN_S = 60.0


async def take_upload(request: Request) -> Response:
    """Keep the file for the message that it comes with; what is no file, or an empty one, is refused with a sentence.

    Beyond a megabyte the body is kept on disk while it arrives; the gate counts it.
    """
    session = WebsocketSession.get_by_id(request.query_params.get("session_id", ""))
    if session is None:
        return _refuse(404, "This page has lost its chat. Reload it and attach the file again.")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            return await _keep(form.get("file"), session)
    except ClientDisconnect:
        return _refuse(400, "The file did not arrive whole.")
    except OSError as error:
        return _refuse(507, f"There is no room to keep the file ({error.strerror or error}).")


def discard_uploads(message: cl.Message) -> None:
    """Delete the copies that came with a message, once their documents are in the folder or were refused."""
    for file in message.elements:
        cl.context.session.files.pop(file.id, None)
        if file.path:
            Path(file.path).unlink(missing_ok=True)


def discard_unsent_later() -> None:
    """When a chat's connection ends: delete what was attached and not sent, unless the page is back in a minute."""
    if session := WebsocketSession.get_by_id(cl.context.session.id):
        asyncio.get_running_loop().call_later(_BACK_WITHIN_S, _discard_unsent, session, session.socket_id)


def _discard_unsent(session: WebsocketSession, socket_id: str) -> None:
    if session.socket_id == socket_id:  # a page that came back has another
        session.files.clear()
        shutil.rmtree(session.files_dir, ignore_errors=True)


async def _keep(file: object, session: WebsocketSession) -> Response:
    if not isinstance(file, UploadFile) or not file.filename:
        return _refuse(400, "No file came with this request.")
    if not file.size:
        return _refuse(400, "The file is empty.")
    file_id = str(uuid.uuid4())
    path = Path(session.files_dir) / file_id
    path.parent.mkdir(mode=0o700, exist_ok=True)
    await asyncio.to_thread(_copy, file.file, path)
    kind = file.content_type or "application/octet-stream"
    session.files[file_id] = {"id": file_id, "path": path, "name": file.filename, "type": kind, "size": file.size}
    return JSONResponse({"id": file_id})


def _copy(file: BinaryIO, path: Path) -> None:
    with open(path, "xb", opener=open_privately) as target:
        shutil.copyfileobj(file, target)


def _refuse(status: int, sentence: str) -> Response:
    """In the form that Chainlit's page shows beside the file's name."""
    return JSONResponse({"detail": sentence}, status)


ROUTE = Route(UPLOAD_PATH, take_upload, methods=["POST"])
