"""The documents for programs, part two: search, the list of documents, their text, and what the index is doing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import StreamingResponse

from page.api.asked import SearchCall
from page.api.completions import make_event
from page.api.failures import CallError, CallRoute, FailureBody
from page.api.reading import MissingDocumentError, describe_documents, read_text
from page.api.routes import wait_for_backend
from page.errors import say_error
from page.filtering.filters import read_restriction
from page.own_pages import get_language
from page.texts import say
from page.uploads import find_corpus_file
from rag.answering.excerpts import describe_hits
from rag.private import make_temporary_folder, open_privately
from rag.text.asked import check_question
from rag.text.hostile import show_name

document_routes = APIRouter(
    route_class=CallRoute,
    responses={status: {"model": FailureBody} for status in (400, 401, 404, 413, 429, 500, 503)},
)

_LOOK_EVERY_S = 0.5
"""How soon a change of the index is told."""
_GONE_WITHIN_S = 20.0
"""How long a deleted file is waited for until the index lacks it."""


@document_routes.post("/search")
async def search(request: Request, call: SearchCall) -> dict[str, Any]:
    """The passages that fit a question best, with scores and the verdict whether they answer it."""
    backend = await wait_for_backend(request)
    question, only = check_question(call.question), read_restriction(call.model_dump())
    backend.index.require()
    found = await asyncio.to_thread(backend.retriever.retrieve, question, mode=call.mode, top_k=call.top_k, only=only)
    return describe_hits(found)


@document_routes.get("/documents")
async def list_documents(request: Request) -> dict[str, Any]:
    """What is indexed, and the files that could not be."""
    return await asyncio.to_thread(describe_documents, await wait_for_backend(request))


@document_routes.get("/documents/{source:path}")
async def read_document(
    request: Request, source: str, page: Annotated[int | None, Query(ge=1)] = None
) -> dict[str, Any]:
    """A document's text as search and model read it, or that of one page."""
    return await asyncio.to_thread(read_text, await wait_for_backend(request), source, page)


@document_routes.post("/documents", status_code=201)
async def add_document(request: Request, file: UploadFile) -> dict[str, Any]:
    """Put a file into the folder of documents; it is read within seconds. What can't be read isn't kept."""
    backend, language = await wait_for_backend(request), get_language(request)
    if not file.filename or not file.size:
        sentence = "The file is empty." if file.filename else "No file came with this request."
        raise CallError(400, say_error(language, sentence), param="file")
    with make_temporary_folder() as folder:
        content = Path(folder) / "upload"
        with open(content, "xb", opener=open_privately) as target:
            await asyncio.to_thread(shutil.copyfileobj, file.file, target)
        added = await asyncio.to_thread(backend.add_document, file.filename, content, language)
    if not added.is_kept:
        told = say(language, "document.unread", name=show_name(added.source), reason=added.reason)
        raise CallError(400, f"{told} {say(language, 'document.unkept')}", param="file")
    return {"source": added.source, "is_read": await asyncio.to_thread(backend.has_document, added.source)}


@document_routes.delete("/documents/{source:path}")
async def delete_document(request: Request, source: str) -> dict[str, Any]:
    """Delete a document's file from the folder, for good."""
    backend = await wait_for_backend(request)
    path = find_corpus_file(backend.settings.corpus_dir, source)
    if path is None or not await asyncio.to_thread(backend.has_document, source):
        raise MissingDocumentError(f"There is no document {source!r}.")
    await asyncio.to_thread(path.unlink)
    backend.watcher.wake()
    deadline = asyncio.get_running_loop().time() + _GONE_WITHIN_S
    while (is_there := await asyncio.to_thread(backend.has_document, source)) and (
        asyncio.get_running_loop().time() < deadline
    ):
        await asyncio.sleep(0.1)
    return {"source": source, "deleted": True, "is_indexed": is_there}


@document_routes.get("/events")
async def stream_status(request: Request) -> StreamingResponse:
    """What the index and the model are doing, as server-sent events: once, and again whenever it changes."""
    backend = await wait_for_backend(request)

    async def tell() -> AsyncIterator[str]:
        told = ""
        while True:
            status = await asyncio.to_thread(backend.make_status)
            now = json.dumps(status, ensure_ascii=False)
            if now != told:
                told = now
                yield make_event(status, "status")
            await asyncio.sleep(_LOOK_EVERY_S)

    return StreamingResponse(tell(), media_type="text/event-stream")
