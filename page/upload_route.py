"""Takes a file that is attached to a message, in place of Chainlit's own route, which reads it whole into memory."""

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
from rag.private import open_privately


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
        return _refuse(507, f"The server can't keep the file ({error.strerror or error}).")


async def _keep(file: object, session: WebsocketSession) -> Response:
    if not isinstance(file, UploadFile) or not file.filename:
        return _refuse(400, "No file came with this request.")
    if not file.size:
        return _refuse(400, "The file is empty.")
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


def _refuse(status: int, sentence: str) -> Response:
    """In the form that Chainlit's page shows beside the file's name."""
    return JSONResponse({"detail": sentence}, status)


ROUTE = Route(UPLOAD_PATH, take_upload, methods=["POST"])
