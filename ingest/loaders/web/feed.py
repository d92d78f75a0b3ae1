"""RSS and Atom: each entry under its title."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.reading import Reading, single_page
from ingest.loaders.web.html import text_of_html
from ingest.loaders.web.xml import inner_text, local
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DATES = ("pubDate", "published", "updated", "date", "lastBuildDate")
_BODIES = ("encoded", "content", "description", "summary")


def load_feed(source: str, root: _Element) -> Reading:
    channel = next((child for child in root.iter() if local(child) == "channel"), root)
    title = _field(channel, "title")
    parts = [f"# {title}", _field(channel, "description", "subtitle")]
    parts.extend(text for entry in root.iter() if local(entry) in ("item", "entry") for text in _entry(entry))
    header = Document(
        source, (), title=title, language=_field(channel, "language")[:2].lower(), modified=_field(channel, *_DATES)
    )
    return single_page(header, "\n\n".join(part for part in parts if part))


def _entry(entry: _Element) -> Iterator[str]:
    yield f"## {_field(entry, 'title')}"
    yield " · ".join(text for text in (_field(entry, "creator", "author"), _field(entry, *_DATES)) if text)
    categories = [inner_text(child) for child in entry if local(child) == "category"]
    yield ", ".join(text for text in categories if text)
    bodies = [body for name in _BODIES if (body := _body(entry, name))]
    longest = max(bodies, key=len, default="")
    yield longest
    # A summary of its own is kept; one that only begins the body isn't.
    yield from (body for body in bodies if body is not longest and body[:60] not in longest)


def _field(element: _Element, *names: str) -> str:
    for name in names:
        for child in element:
            if local(child) == name and (text := inner_text(child)):
                return text
    return ""


def _body(entry: _Element, name: str) -> str:
    for child in entry:
        if local(child) == name:
            return text_of_html("".join(child.itertext())) if "".join(child.itertext()).strip() else ""
    return ""
