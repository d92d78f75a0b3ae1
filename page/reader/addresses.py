"""The reader's addresses: ``/read/NAME?page=4&quote=…`` is a page of its own, the others are what that page fetches.

A document is served if the index holds it, and nothing else of the folder. What the page may load and run is told by a
policy of its own, stricter than the chat's: nothing but our two files, whatever a document says.
"""

from __future__ import annotations

import asyncio
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingest.loaders.encoding import decode
from ingest.passwords import read_passwords
from page.errors import say_error
from page.own_pages import get_language, make_page
from page.reader.passages import (
    Document,
    Target,
    find_document,
    find_passage,
    list_sections,
    write_around,
    write_page,
    write_part,
)
from page.reader.process import DrawingError
from page.texts import say
from page.uploads import find_corpus_file
from rag.errors import RagError
from rag.text.hostile import remove_invisible, show_name

if TYPE_CHECKING:
    from page.backend import Backend

_LONGEST_QUOTE = 4_000
_WIDEST, _NARROWEST = 3_200, 100
_MOST_PASSAGES = 300
"""Passages that are written at a time."""

_LONGEST_ORIGINAL = 1_000_000
"""Bytes of a file that are shown beside what was read of it."""
_TEXTS = frozenset(
    "html xml ipynb json yaml csv tsv vtt srt markdown rst asciidoc org code text eml mbox ics vcf".split()
)


class _Missing(Exception):
    """There is no such document, or it isn't ready to be read; the message is for the reader."""


async def _open(request: Request) -> tuple[Backend, Document, Path]:
    """The document that is asked for. Raises _Missing, in the language of the browser."""
    language = get_language(request)
    try:
        backend: Backend = await asyncio.shield(request.app.state.backend)
    except Exception as error:
        raise _Missing(say(language, "unstarted", reason=say_error(language, str(error)))) from error
    source = request.path_params["source"]
    try:
        document = await asyncio.to_thread(backend.index.read, lambda snapshot: find_document(snapshot, source))
    except RagError as error:
        raise _Missing(say_error(language, str(error))) from error
    path = await asyncio.to_thread(find_corpus_file, backend.settings.corpus_dir, source) if document else None
    if document is None or path is None:
        raise _Missing(await asyncio.to_thread(_explain_missing, backend, source, language))
    return backend, document, path


def _explain_missing(backend: Backend, source: str, language: str) -> str:
    failure = backend.find_failure(source)
    if failure is None:
        return say(language, "document.gone", name=show_name(source))
    reason = remove_invisible(say_error(language, failure.reason))
    return say(language, "document.unread", name=show_name(source), reason=reason)


def _read_number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else None


def _read_target(request: Request) -> Target:
    quote = request.query_params.get("quote", "")[:_LONGEST_QUOTE]
    return Target(_read_number(request, "page") or None, quote, _read_number(request, "passage"))


def is_drawn(document: Document) -> bool:
    """Whether the document has pages that can be drawn."""
    return document.format == "pdf"


async def _ask_drawer(backend: Backend, path: Path, wants: str, **more: object) -> tuple[dict[str, Any], bytes]:
    passwords = await asyncio.to_thread(read_passwords, backend.settings.index_dir)
    return await asyncio.to_thread(backend.drawer.ask, wants, path, passwords, **more)


# The page


async def send_reader(request: Request) -> Response:
    """Answer with the page that shows the document, at the page and the quote that the address names."""
    try:
        backend, document, path = await _open(request)
    except _Missing as error:
        notice = f'<p class="notice" role="alert">{escape(str(error))}</p>'
        return make_page(request, "reader.html", 404, name="", body=notice, data=json.dumps({"kind": "none"}))
    target = _read_target(request)
    passage = await asyncio.to_thread(find_passage, document, target)
    data: dict[str, Any] = {
        "kind": "text",
        "name": show_name(document.source),
        "address": request.scope["path"].removeprefix("/read/"),
        "page": target.page or (passage.page if passage else None) or 1,
        "quote": remove_invisible(target.quote),
        "passage": passage.ordinal if passage and target.is_passage else None,
        "section": remove_invisible(passage.section) if passage else "",
        "pageKind": document.page_kind,
        "isFound": passage is not None,
        "sections": list_sections(document)[:2_000],
        "hasOriginal": document.format in _TEXTS,
        "stamp": path.stat().st_mtime_ns,
    }
    body = ""
    if is_drawn(document):
        around = passage.text if passage else ""
        quote = target.quote or (around if target.passage is not None else "")
        try:
            laid, _ = await _ask_drawer(backend, path, "opening", page=data["page"], quote=quote, around=around)
            data |= {"kind": "pdf", "sizes": laid["sizes"], "layout": _clean_layout(laid)}
        except DrawingError as error:
            data["notice"] = say_error(get_language(request), str(error))
    if data["kind"] == "text":
        part = await asyncio.to_thread(write_around, document, target)
        body = part.html
        data |= {"first": part.first, "last": part.last, "total": part.total}
    # The data stand in an attribute, where nothing of them is markup.
    return make_page(request, "reader.html", name=data["name"], body=body, data=json.dumps(data))


def _clean_layout(laid: dict[str, Any]) -> dict[str, Any]:
    runs = [[*run[:4], remove_invisible(run[4])] for run in laid["runs"]]
    return {**{name: laid[name] for name in ("page", "marks", "letters")}, "runs": runs}


# What it fetches


async def send_picture(request: Request) -> Response:
    """Answer with a picture of a page, as wide as asked for."""
    try:
        backend, _, path = await _open(request)
        width = min(max(_read_number(request, "width") or 1_000, _NARROWEST), _WIDEST)
        page = _read_number(request, "page") or 1
        answer, picture = await _ask_drawer(backend, path, "picture", page=page, width=width)
    except (_Missing, DrawingError) as error:
        return _refuse(request, error)
    # The address changes with the file.
    return Response(picture, media_type=answer["type"], headers={"Cache-Control": "private, max-age=86400"})


async def send_layout(request: Request) -> Response:
    """Answer with the text of a page in runs with their places."""
    try:
        backend, _, path = await _open(request)
        page = _read_number(request, "page") or 1
        laid, _ = await _ask_drawer(backend, path, "layout", page=page, quote="", around="")
    except (_Missing, DrawingError) as error:
        return _refuse(request, error)
    return JSONResponse(_clean_layout(laid))


async def send_outline(request: Request) -> Response:
    """Answer with the outline of a PDF."""
    try:
        backend, _, path = await _open(request)
        answer, _ = await _ask_drawer(backend, path, "outline")
    except (_Missing, DrawingError) as error:
        return _refuse(request, error)
    entries = [{**entry, "title": remove_invisible(entry["title"])} for entry in answer["outline"]]
    return JSONResponse({"outline": entries})


async def send_text(request: Request) -> Response:
    """Answer with the text as search and model read it, as HTML: of a page, or of so many passages."""
    try:
        _, document, _ = await _open(request)
    except _Missing as error:
        return _refuse(request, error)
    first = _read_number(request, "first")
    if first is None:
        part = await asyncio.to_thread(write_page, document, _read_target(request))
    else:
        last = min(_read_number(request, "last") or 0, first + _MOST_PASSAGES)
        part = await asyncio.to_thread(write_part, document, first, last)
    return JSONResponse({"html": part.html, "first": part.first, "last": part.last, "total": part.total})


async def send_original(request: Request) -> Response:
    """Answer with the file itself as text, for formats that are text."""
    try:
        _, document, path = await _open(request)
        if document.format not in _TEXTS:
            raise _Missing(f"{show_name(document.source)} is no text.")
        text = await asyncio.to_thread(_read_original, path)
    except (_Missing, OSError) as error:
        return _refuse(request, error)
    return JSONResponse({"text": text})


def _read_original(path: Path) -> str:
    with path.open("rb") as file:
        return remove_invisible(decode(file.read(_LONGEST_ORIGINAL)))


def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": say_error(get_language(request), str(error))}, 404)


READER_ROUTES = (
    Route("/read/{source:path}", send_reader),
    Route("/reading/picture/{source:path}", send_picture),
    Route("/reading/layout/{source:path}", send_layout),
    Route("/reading/outline/{source:path}", send_outline),
    Route("/reading/text/{source:path}", send_text),
    Route("/reading/original/{source:path}", send_original),
)
