"""XML without entities, network or endless depth; RSS, JATS and other XML as text. Owner of lxml's XML parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.reading import Reading, ReadOptions, single_page
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DEEPEST = 200
"""Levels. lxml allows 256, Python's recursion about 1,000; office files nest up to 60."""


def parse_xml(data: bytes, *, recover: bool = False) -> _Element:
    """The root element. Entities are not resolved, nothing is fetched, depth and node sizes are bounded.

    `recover` skips what is malformed. Raises LoadError if nothing can be read.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if not recover:
            return parse_xml(data, recover=True)
        raise LoadError(f"it has damaged XML ({str(error)[:120]})") from error
    if root is None:
        raise LoadError("it has damaged XML")
    return root


def local(element: _Element) -> str:
    """The tag without its namespace; empty for comments and entities."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: _Element, name: str) -> str:
    """The attribute's value whatever its namespace; empty if absent."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""


def one_line(text: str) -> str:
    return " ".join(text.split())


def inner_text(element: _Element) -> str:
    """All text below the element, as one line."""
    return one_line("".join(element.itertext()))


def load_xml(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Text of the elements in order; titles become headings by how deep they lie."""
    root = parse_xml(data)
    if local(root) in ("rss", "feed", "RDF"):
        from ingest.loaders.web.feed import load_feed

        return load_feed(source, root)
    if local(root) == "html":
        from ingest.loaders.web.html import load_html

        return load_html(source, data, options)
    blocks = list(_blocks(root, 1))
    title = next((text.lstrip("# ") for text in blocks[:40] if text.startswith("#")), "")
    return single_page(Document(source, (), title=title, author=_author(root)), "\n\n".join(blocks))


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


def _blocks(element: _Element, depth: int) -> Iterator[str]:
    """Depth counts the sections above."""
    name = local(element)
    if depth > _DEEPEST or not name or name in ("script", "style"):
        return
    if name in _HEADINGS and (text := inner_text(element)):
        yield "#" * min(depth, 6) + " " + text
    elif name in _ROWS and len(element):
        yield "\t".join(inner_text(cell) for cell in element)
    elif _is_paragraph(element):
        yield _paragraph(element)
    else:
        deeper = depth + 1 if _SECTION_MARK.match(name) and depth < 6 else depth
        yield from _children(element, deeper)


def _children(element: _Element, depth: int) -> Iterator[str]:
    rows: list[str] = []
    for child in element:
        for text in _blocks(child, depth):
            if local(child) in _ROWS:
                rows.append(text)
                continue
            if rows:
                yield "\n".join(rows)
                rows = []
            yield text
        if child.tail and child.tail.strip():
            yield one_line(child.tail)
    if rows:
        yield "\n".join(rows)


def _is_paragraph(element: _Element) -> bool:
    """Text of its own, or nothing but inline elements below."""
    if element.text and element.text.strip():
        return True
    if any(child.tail and child.tail.strip() for child in element):
        return True
    return all(local(child) in _INLINE for child in element)


def _paragraph(element: _Element) -> str:
    text = inner_text(element)
    if text:
        return text
    values = [one_line(str(value)) for value in element.attrib.values()]
    return " ".join(value for value in values if re.search(r"\w\w", value) and "://" not in value)


def _author(root: _Element) -> str:
    for element in root.iter():
        name = local(element)
        if name == "contrib" and attribute(element, "contrib-type") == "author":
            name_element = next((child for child in element.iter() if local(child) == "name"), element)
            return one_line(" ".join(reversed([inner_text(part) for part in name_element])))
        if name in ("author", "creator") and len(inner_text(element)) < 200:
            return inner_text(element)
    return ""
