"""XML as text: articles (JATS), DITA, office dialects and whatever else has titles and paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_attribute, get_inner_text, get_tag, parse_xml
from ingest.loaders.labels import make_one_line
from ingest.loaders.reading import Reading, ReadOptions, make_single_page
from ingest.loaders.web.feed import load_feed
from ingest.loaders.web.html import load_html
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DEEPEST = 200
"""Levels. lxml allows 256, Python's recursion about 1,000; office files nest up to 60."""


def load_xml(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Text of the elements in order; titles become headings by how deep they lie."""
    root = parse_xml(data)
    if get_tag(root) in ("rss", "feed", "RDF"):
        return load_feed(source, root)
    if get_tag(root) == "html":
        return load_html(source, data, options)
    blocks = list(_read_blocks(root, 1))
    title = next((text.lstrip("# ") for text in blocks[:40] if text.startswith("#")), "")
    return make_single_page(Document(source, (), title=title, author=_find_author(root)), "\n\n".join(blocks))


_HEADINGS = {"title", "article-title", "chapter-title", "head", "heading"}
_INLINE = {
    "italic",
    "bold",
    "sup",
    "sub",
    "xref",
    "ext-link",
    "i",
    "b",
    "em",
    "strong",
    "a",
    "span",
    "emphasis",
    "link",
}
_ROWS = {"tr", "row"}
_SECTION_MARK = re.compile(r"^(sec|section|chapter|article|book|part|div\d?|appendix|app|abstract|ref-list)$")


def _read_blocks(element: _Element, depth: int) -> Iterator[str]:
    """Depth counts the sections above."""
    name = get_tag(element)
    if depth > _DEEPEST or not name or name in ("script", "style"):
        return
    if name in _HEADINGS and (text := get_inner_text(element)):
        yield "#" * min(depth, 6) + " " + text
    elif name in _ROWS and len(element):
        yield "\t".join(get_inner_text(cell) for cell in element)
    elif _is_paragraph(element):
        yield _read_paragraph(element)
    else:
        deeper = depth + 1 if _SECTION_MARK.match(name) and depth < 6 else depth
        yield from _read_children(element, deeper)


def _read_children(element: _Element, depth: int) -> Iterator[str]:
    rows: list[str] = []
    for child in element:
        for text in _read_blocks(child, depth):
            if get_tag(child) in _ROWS:
                rows.append(text)
                continue
            if rows:
                yield "\n".join(rows)
                rows = []
            yield text
        if child.tail and child.tail.strip():
            yield make_one_line(child.tail)
    if rows:
        yield "\n".join(rows)


def _is_paragraph(element: _Element) -> bool:
    """Text of its own, or nothing but inline elements below."""
    if element.text and element.text.strip():
        return True
    if any(child.tail and child.tail.strip() for child in element):
        return True
    return all(get_tag(child) in _INLINE for child in element)


def _read_paragraph(element: _Element) -> str:
    text = get_inner_text(element)
    if text:
        return text
    values = [make_one_line(str(value)) for value in element.attrib.values()]
    return " ".join(value for value in values if re.search(r"\w\w", value) and "://" not in value)


def _find_author(root: _Element) -> str:
    for element in root.iter():
        name = get_tag(element)
        if name == "contrib" and get_attribute(element, "contrib-type") == "author":
            name_element = next((child for child in element.iter() if get_tag(child) == "name"), element)
            return make_one_line(" ".join(reversed([get_inner_text(part) for part in name_element])))
        if name in ("author", "creator") and len(get_inner_text(element)) < 200:
            return get_inner_text(element)
    return ""
