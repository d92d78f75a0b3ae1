"""XML as text: articles (JATS), DITA, whatever else has titles and paragraphs; records; and the feeds RSS and Atom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_attribute, get_inner_text, get_tag, parse_xml
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, make_single_page
from ingest.loaders.web.html import convert_html, load_html
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_DEEPEST = 200
"""How many levels are read. lxml allows 256, Python's recursion about 1,000; office files nest up to 60."""


def load_xml(source: str, data: bytes, options: ReadOptions) -> Reading:
    """Text of the elements in order; titles become headings by how deep they lie. Records keep the names of values."""
    root = parse_xml(data)
    if get_tag(root) in ("rss", "feed", "RDF"):
        return load_feed(source, root)
    if get_tag(root) == "html":
        return load_html(source, data, options)
    if not _is_value(root) and not any(get_tag(element) in _PROSE for element in root.iter()):
        return make_single_page(Document(source, (), author=_find_author(root)), "\n\n".join(_read_records(root)))
    blocks = list(_read_blocks(root, 1))
    title = next((text.lstrip("# ") for text in blocks[:40] if text.startswith("#")), "")
    return make_single_page(Document(source, (), title=title, author=_find_author(root)), "\n\n".join(blocks))


_PROSE = frozenset("p para simpara paragraph sec section chapter body topic svg tr row".split())
"""Elements of texts, drawings and tables; XML without any of them holds data."""
_LONGEST_RECORD = 600
"""Characters of a record that becomes one line, so that its name and its values are quoted together."""


def _read_records(element: _Element, depth: int = 1) -> Iterator[str]:
    """Each element that has values, with their names; then those within it."""
    if depth > _DEEPEST or not get_tag(element):
        return
    leaves = [child for child in element if _is_value(child)]
    values = [*_name_attributes(element), *filter(None, map(_name_value, leaves))]
    if values:
        line = "; ".join(values)
        yield line if len(line) <= _LONGEST_RECORD else "\n".join(values)
    for child in element:
        if not _is_value(child):
            yield from _read_records(child, depth + 1)


def _is_value(element: _Element) -> bool:
    """Whether it holds a text, which may have elements within it, or nothing but attributes."""
    return not len(element) or any(text and text.strip() for text in (element.text, *(c.tail for c in element)))


def _name_value(element: _Element) -> str:
    said = filter(None, (get_inner_text(element), ", ".join(_name_attributes(element))))
    text = ", ".join(said)
    return f"{get_tag(element)}: {text}" if text else ""


def _name_attributes(element: _Element) -> list[str]:
    names = ((str(key).rpartition("}")[2], make_one_line(str(value))) for key, value in element.attrib.items())
    return [f"{name}: {value}" for name, value in names if value and name != "schemaLocation"]


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
    """The element's blocks; `depth` counts the sections above it."""
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
    """Whether the element has text of its own, or nothing but inline elements below."""
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
