"""XML for all formats that consist of it: parsed safely, and read by names without namespaces. Owner of lxml.etree."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.loaders.reading import make_one_line
from rag.errors import LoadError

if TYPE_CHECKING:
    from lxml.etree import _Element


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
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:  # what comes after would be lost unsaid
            raise LoadError(f"its XML goes beyond what is safe to read ({str(error).split(',')[0]})") from error
        if not recover:
            return parse_xml(data, recover=True)
        raise LoadError(f"it has damaged XML ({str(error)[:120]})") from error
    if root is None:
        raise LoadError("it has damaged XML")
    return root


def iterate_xml(data: bytes, tags: Sequence[str]) -> Iterator[tuple[str, _Element]]:
    """``start`` and ``end`` of the elements with these tags, as they are read; an ended one may be cleared.

    The tags have no namespace. Raises LoadError where nothing more can be read.
    """
    from lxml import etree

    names = tuple(f"{{*}}{tag}" for tag in tags)
    try:
        yield from etree.iterparse(
            io.BytesIO(data), events=("start", "end"), tag=names, resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True, recover=True,
        )  # fmt: skip
    except etree.XMLSyntaxError as error:
        raise LoadError(f"it has damaged XML ({str(error)[:120]})") from error


def get_tag(element: _Element) -> str:
    """The tag without its namespace; empty for comments and entities."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def get_attribute(element: _Element, name: str) -> str:
    """The attribute's value whatever its namespace; empty if absent."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""


def get_inner_text(element: _Element) -> str:
    """All text below the element, as one line."""
    return make_one_line("".join(element.itertext()))
