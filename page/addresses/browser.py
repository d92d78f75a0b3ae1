"""Search that runs wholly in the browser, at ``/browser``: its page, what it computes with, and what it searches.

All of it is downloaded once and kept by the browser. The runtime comes from npm, by the command in `INSTALL`.
"""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from page.access.gate import READER_PATH
from page.errors import say_error
from page.filtering.filters import read_restriction
from page.own_pages import fill_page, get_language
from page.texts import say
from rag.errors import RagError
from rag.index.snapshot import Snapshot
from rag.text.hostile import remove_invisible
from rag.types import Restriction

if TYPE_CHECKING:
    from page.backend import Backend

MOST_PASSAGES = 50_000
"""More would be some 90 MB of text and vectors, and several times that in the browser's memory."""
INSTALL = "npm install --prefix {folder} onnxruntime-web@1.30.0 @huggingface/tokenizers@0.2.0"
_PAGE = Path(__file__).parents[1] / "assets" / "browser"
_RUNTIME = {
    "ort.webgpu.min.mjs": "onnxruntime-web/dist",
    "ort-wasm-simd-threaded.asyncify.mjs": "onnxruntime-web/dist",
    "ort-wasm-simd-threaded.asyncify.wasm": "onnxruntime-web/dist",
    "tokenizers.min.mjs": "@huggingface/tokenizers/dist",
}
_MODEL = ("model.onnx", "model.onnx.data", "tokenizer.json")
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
}
_HEADERS = {
    # Only an isolated page may share memory between threads.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self' blob:;"
        " img-src 'self' data:;"
        " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
}


class _Prefixes(Protocol):
    query: str
    document: str


class _Exported(Protocol):
    """What the page tells of the embedding model."""

    folder: Path
    precision: str
    dimensions: int
    max_tokens: int
    prefixes: _Prefixes


async def send_page(request: Request) -> Response:
    """Answer with the page in the browser's language, or with a file that it loads."""
    if name := request.path_params.get("name"):
        return _send_file(_PAGE / name)
    title = say(get_language(request), "browser.title")
    return HTMLResponse(fill_page(request, "browser/index.html", name=title), headers=_HEADERS)


async def send_runtime(request: Request) -> Response:
    """Answer with a file of the runtime, or with how to get it."""
    name, folder = request.path_params["name"], request.app.state.settings.index_dir.resolve() / "browser"
    if name not in _RUNTIME:
        return Response("There is nothing at this address.", 404)
    path = folder / "node_modules" / _RUNTIME[name] / name
    if not path.is_file():
        return Response(f"The browser's runtime isn't installed. In a terminal: {INSTALL.format(folder=folder)}", 404)
    return _send_file(path)


async def send_model(request: Request) -> Response:
    """Answer with a file of the embedding model; its address has the model's key, so it never changes."""
    key, name = request.path_params["key"], request.path_params["name"]
    backend: Backend = await asyncio.shield(request.app.state.backend)
    _, embedder = await asyncio.to_thread(_open_embedder, backend)
    folder = embedder.folder
    if name not in _MODEL or key != folder.name:
        return Response("There is nothing at this address.", 404)
    return _send_file(folder / name)


async def send_passages(request: Request) -> Response:
    """Answer with all passages and their vectors: the length of the JSON, the JSON, the vectors in half precision."""
    backend: Backend = await asyncio.shield(request.app.state.backend)
    try:
        only = read_restriction({"folder": request.query_params.get("folder", "")})
        has_reader = any(getattr(route, "path", "").startswith(READER_PATH) for route in request.app.routes)
        content = await asyncio.to_thread(_pack, backend, only, has_reader=has_reader)
    except RagError as exc:
        return JSONResponse({"error": say_error(get_language(request), str(exc))}, 503, _HEADERS)
    if content is None:
        choices = await asyncio.to_thread(backend.find_choices)
        folders = [f"?folder={quote(folder, safe='')}" for folder in choices.folders]
        sentence = f"There are more than {MOST_PASSAGES:,} passages, too many for a browser. Choose a folder."
        return JSONResponse({"error": say_error(get_language(request), sentence), "folders": folders}, 413, _HEADERS)
    return Response(content, media_type="application/octet-stream", headers=_HEADERS)


def _open_embedder(backend: Backend) -> tuple[str, _Exported]:
    name, embedder = backend.retriever.open_embedder()
    return name, cast("_Exported", embedder)  # the retriever asks less of its embedders, but has no others


def _pack(backend: Backend, only: Restriction | None, *, has_reader: bool) -> bytes | None:
    """None if there are too many; `has_reader` says whether this server has the page that shows a document."""
    name, embedder = _open_embedder(backend)
    about: dict[str, Any] = {
        "model": name,
        "key": embedder.folder.name,
        "precision": embedder.precision,
        "dimensions": embedder.dimensions,
        "max_tokens": embedder.max_tokens,
        "has_reader": has_reader,
        "prefixes": {"query": embedder.prefixes.query, "document": embedder.prefixes.document},
    }

    def read(snapshot: Snapshot) -> bytes | None:
        if snapshot.count(only) > MOST_PASSAGES:
            return None
        rows = snapshot.read_chunk_vectors(only)
        stored = snapshot.read_chunks([id_ for id_, _ in rows])
        passages = [
            [one.source, one.page, remove_invisible(one.section), remove_invisible(one.text), one.ordinal]
            for one in (stored[id_].chunk for id_, _ in rows)
        ]
        told = json.dumps({**about, "passages": passages}, ensure_ascii=False).encode("utf-8", "replace")
        told += b" " * (-len(told) % 4)
        return b"".join([struct.pack("<I", len(told)), told, *(vector for _, vector in rows)])

    return backend.index.read(read)


def _send_file(path: Path) -> Response:
    if (path.suffix not in _TYPES and path.name not in _MODEL) or not path.is_file():
        return Response("There is nothing at this address.", 404)
    return FileResponse(path, media_type=_TYPES.get(path.suffix, "application/octet-stream"), headers=_HEADERS)


async def _go_to_page(request: Request) -> Response:
    """A relative address holds below a proxy's path too."""
    query = request.url.query
    return RedirectResponse(f"browser/?{query}" if query else "browser/")


BROWSER_ROUTES = (
    Route("/browser", _go_to_page),
    Route("/browser/", send_page),
    Route("/browser/passages", send_passages),
    Route("/browser/runtime/{name}", send_runtime),
    Route("/browser/model/{key}/{name}", send_model),
    Route("/browser/{name}", send_page),
)
