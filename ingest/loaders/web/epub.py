"""EPUB: its chapters in reading order."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_inner_text, get_tag, parse_xml
from ingest.loaders.encoding import decode
from ingest.loaders.reading import Reading, ReadOptions
from ingest.loaders.web.html import convert_html
from rag.errors import LoadError
from rag.types import Document, Page

if TYPE_CHECKING:
    from lxml.etree import _Element


def load_epub(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A document without pages; its chapters come one by one."""
    archive = Archive(data)
    package_path = _find_package(archive)
    package = parse_xml(archive.read(package_path))
    fields = {
        get_tag(element): get_inner_text(element) for element in reversed(list(package.iter())) if len(element) == 0
    }
    header = Document(
        source,
        (),
        title=fields.get("title", ""),
        author=fields.get("creator", ""),
        created=fields.get("date", ""),
        language=fields.get("language", "")[:2].lower(),
    )
    return Reading(header, _read_chapters(archive, package, posixpath.dirname(package_path)))


def _find_package(archive: Archive) -> str:
    container = parse_xml(archive.read("META-INF/container.xml"))
    path = next((str(element.get("full-path")) for element in container.iter() if get_tag(element) == "rootfile"), "")
    return path if path in archive else next((name for name in archive.names if name.endswith(".opf")), path)


def _read_chapters(archive: Archive, package: _Element, folder: str) -> Iterator[Page]:
    paths = {element.get("id"): element.get("href", "") for element in package.iter() if get_tag(element) == "item"}
    spine = [element.get("idref") for element in package.iter() if get_tag(element) == "itemref"]
    locked = _find_locked(archive)
    seen = set()
    for identifier in spine:
        path = posixpath.normpath(posixpath.join(folder, unquote(str(paths.get(identifier, "")))))
        if path in locked:
            raise LoadError("encrypted (a protected e-book); only its own reader opens it")
        if path in archive and path not in seen:
            seen.add(path)
            yield Page(1, convert_html(decode(archive.read(path))))


def _find_locked(archive: Archive) -> set[str]:
    """The encrypted members. Free books have some too, namely fonts, which nobody reads here."""
    content = archive.get("META-INF/encryption.xml")
    references = parse_xml(content).iter() if content else ()
    return {unquote(element.get("URI", "")) for element in references if get_tag(element) == "CipherReference"}
