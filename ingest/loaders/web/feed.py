"""RSS and Atom: each entry under its title."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_inner_text, get_tag
from ingest.loaders.reading import Reading, make_single_page
from ingest.loaders.web.html import convert_html
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DATES = ("pubDate", "published", "updated", "date", "lastBuildDate")
_BODIES = ("encoded", "content", "description", "summary")


def load_feed(source: str, root: _Element) -> Reading:
    """The channel's description, then each entry under its title."""
    channel = next((child for child in root.iter() if get_tag(child) == "channel"), root)
    title = _find_field(channel, "title")
    parts = [f"# {title}", _find_field(channel, "description", "subtitle")]
    parts.extend(text for entry in root.iter() if get_tag(entry) in ("item", "entry") for text in _read_entry(entry))
    header = Document(
        source,
        (),
        title=title,
        language=_find_field(channel, "language")[:2].lower(),
        modified=_find_field(channel, *_DATES),
    )
    return make_single_page(header, "\n\n".join(part for part in parts if part))


def _read_entry(entry: _Element) -> Iterator[str]:
    yield f"## {_find_field(entry, 'title')}"
    yield " · ".join(text for text in (_find_field(entry, "creator", "author"), _find_field(entry, *_DATES)) if text)
    categories = [get_inner_text(child) for child in entry if get_tag(child) == "category"]
    yield ", ".join(text for text in categories if text)
    bodies = [body for name in _BODIES if (body := _read_body(entry, name))]
    longest = max(bodies, key=len, default="")
    yield longest
    # A summary of its own is kept; one that only begins the body isn't.
    yield from (body for body in bodies if body is not longest and body[:60] not in longest)


def _find_field(element: _Element, *names: str) -> str:
    for name in names:
        for child in element:
            if get_tag(child) == name and (text := get_inner_text(child)):
                return text
    return ""


def _read_body(entry: _Element, name: str) -> str:
    for child in entry:
        if get_tag(child) == name:
            return convert_html("".join(child.itertext())) if "".join(child.itertext()).strip() else ""
    return ""
