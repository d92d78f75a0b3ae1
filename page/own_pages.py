"""The reader, the library and the search in the browser, which are pages of their own: their HTML, with all texts in
the browser's language.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse

from page.access.prefix import prefix_addresses
from page.texts import find_language, list_texts

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""What our own pages may load: no script or style within the page, and nothing from elsewhere."""


class _Page(Template):
    """A text of ours stands in a page's HTML by its key: ``${browser.search}``."""

    idpattern = r"[a-z]+(?:\.[a-z]+)*"


_ASSETS = Path(__file__).with_name("assets")


def get_language(request: Request) -> str:
    """What the browser says it wants to read, most wanted first: for `find_language` and `say`."""
    return request.headers.get("accept-language", "")


def make_page(
    request: Request, file: str, status: int = 200, *, name: str, body: str = "", **data: str
) -> HTMLResponse:
    """A page of ours from its file in ``assets``: `name` is its title, `body` HTML, `data` are values of attributes."""
    html = fill_page(request, file, name=name, body=body, **data)
    return HTMLResponse(html, status, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def fill_page(request: Request, file: str, *, name: str, body: str = "", **data: str) -> str:
    """The HTML of such a page, for one that may load more than `POLICY` allows."""
    html = prefix_addresses((_ASSETS / file).read_text("utf-8"))
    language = find_language(get_language(request))
    texts = list_texts(language)
    own = {"name": name, "language": language, "texts": json.dumps(texts, ensure_ascii=False), **data}
    return _Page(html).substitute({key: escape(value) for key, value in (texts | own).items()}, body=body)
