"""The library's addresses: ``/library`` is a page of its own, those below it are what that page calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from page.errors import say_error
from page.library.listing import SORTS, STATES, Wanted
from page.own_pages import get_language, make_page
from page.texts import say
from rag.errors import RagError, SettingsError

if TYPE_CHECKING:
    from page.library.shelf import Shelf

_MOST_ROWS = 500


async def send_library(request: Request) -> Response:
    """Answer with the page that lists the documents."""
    return make_page(request, "library.html", name=say(get_language(request), "library"))


async def send_list(request: Request) -> Response:
    """Answer with a part of the list: ``search``, ``folder``, ``state``, ``sort``, ``down``, ``offset``, ``limit``."""
    wanted = _read_wanted(request)
    return await _answer(request, lambda shelf: shelf.show(wanted, get_language(request)))


def _read_wanted(request: Request) -> Wanted:
    given = request.query_params
    numbers = {name: int(given[name]) if given.get(name, "").isdecimal() else default for name, default in _DEFAULTS}
    return Wanted(
        search=given.get("search", "")[:500],
        folder=given.get("folder"),
        state=given["state"] if given.get("state") in STATES else "",
        sort=given["sort"] if given.get("sort") in SORTS else "name",
        is_descending=given.get("down") == "1",
        offset=numbers["offset"],
        limit=min(numbers["limit"], _MOST_ROWS),
    )


_DEFAULTS = (("offset", 0), ("limit", 100))


async def remove_file(request: Request) -> Response:
    """Delete the file that the body names as ``source``."""
    source = await _read_text(request, "source")
    return await _answer(request, lambda shelf: shelf.remove(source))


async def retry_files(request: Request) -> Response:
    """Have all files read again that could not be read."""
    return await _answer(request, lambda shelf: shelf.retry())


async def keep_password(request: Request) -> Response:
    """Keep the body's ``password`` for encrypted documents."""
    password = await _read_text(request, "password")
    return await _answer(request, lambda shelf: shelf.keep_password(password))


async def _read_text(request: Request, name: str) -> str:
    """A text of the JSON body; empty if there is none."""
    try:
        body: Any = await request.json()
    except ValueError:
        return ""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


async def _answer(request: Request, act: Callable[[Shelf], dict[str, Any] | None]) -> Response:
    """What the library gives, or the sentence why it can't."""
    try:
        backend = await asyncio.shield(request.app.state.backend)
        return JSONResponse(await asyncio.to_thread(act, backend.shelf) or {})
    except (RagError, SettingsError) as error:
        return JSONResponse({"detail": say_error(get_language(request), str(error))}, 400)
    except Exception as error:  # whatever kept the backend from being built is for the user to read
        return JSONResponse({"detail": say(get_language(request), "went.wrong", reason=error)}, 500)


LIBRARY_ROUTES = (
    Route("/library", send_library),
    Route("/library/list", send_list),
    Route("/library/remove", remove_file, methods=["POST"]),
    Route("/library/retry", retry_files, methods=["POST"]),
    Route("/library/password", keep_password, methods=["POST"]),
)
