"""OpenDocument: text (ODT) and presentations (ODP). Spreadsheets are read by `ingest.loaders.office.sheets`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_attribute, get_inner_text, get_tag, parse_xml
from ingest.loaders.reading import (
    Reading,
    ReadOptions,
    join_blocks,
    join_cell,
    make_one_line,
    make_single_page,
    number_pages,
)
from ingest.loaders.tables import Cell, write_table
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_MOST_REPEATED = 1_000
"""The most characters of a cell that is repeated: a table in a repeated cell in a repeated cell multiplies."""
_MOST_REPEATS = 50
"""How often a table's cell is repeated at most. Empty cells at a row's end say "16,384 times"."""


def load_odt(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A document without pages: they are computed when it is printed."""
    header, body = _open(source, data)
    blocks = list(_read_blocks(body))
    title = header.title or next((block.lstrip("# ") for block in blocks[:30] if block.startswith("#")), "")
    return make_single_page(replace(header, title=title), join_blocks(blocks))


def load_odp(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each slide: its title first, then its boxes, then the speaker's notes."""
    header, body = _open(source, data)
    slides = [element for element in body.iter() if get_tag(element) == "page"]
    return Reading(
        replace(header, page_kind="slide"), number_pages(join_blocks(_read_slide(slide)) for slide in slides)
    )


def refuse_encrypted(archive: Archive) -> None:
    """Raises LoadError: no maintained free library opens OpenDocument's own encryption."""
    manifest = archive.get("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest or "encrypted-package" in archive:
        raise LoadError("encrypted; save a copy without password")


def _open(source: str, data: bytes) -> tuple[Document, _Element]:
    archive = Archive(data)
    refuse_encrypted(archive)
    root = parse_xml(archive.read("content.xml"))
    body = next((element for element in root.iter() if get_tag(element) == "body"), root)
    return read_header(source, archive), body


def read_header(source: str, archive: Archive) -> Document:
    """Title, author, dates and language from the properties."""
    content = archive.get("meta.xml")
    fields = {get_tag(element): get_inner_text(element) for element in parse_xml(content).iter()} if content else {}
    return Document(
        source,
        (),
        title=fields.get("title", ""),
        author=fields.get("initial-creator") or fields.get("creator", ""),
        created=fields.get("creation-date", ""),
        modified=fields.get("date", ""),
        language=fields.get("language", "")[:2].lower(),
    )


def _read_slide(slide: _Element) -> Iterator[str]:
    frames = [element for element in slide if get_tag(element) != "notes"]
    titles = [frame for frame in frames if get_attribute(frame, "class") == "title"]
    for frame in titles[:1]:
        yield "# " + get_inner_text(frame) if get_inner_text(frame) else ""
    for frame in frames:
        if frame not in titles[:1]:
            yield from _read_element(frame, 0)
    for notes in slide:
        if get_tag(notes) == "notes":
            yield from (f"Notes: {block}" for block in _read_blocks(notes) if block.strip())


def _read_blocks(container: _Element, depth: int = 0) -> Iterator[str]:
    for element in container:
        yield from _read_element(element, depth)


def _read_element(element: _Element, depth: int) -> Iterator[str]:
    """The element's blocks; `depth` counts the lists around it."""
    name = get_tag(element)
    if name == "h":
        level = get_attribute(element, "outline-level")
        yield "#" * min(6, int(level) if level.isdigit() else 1) + " " + make_one_line(_read_inline(element, []))
    elif name == "p":
        beside: list[str] = []
        yield _read_inline(element, beside).strip()
        yield from beside
    elif name == "list":
        yield from _read_list(element, depth)
    elif name == "table":
        yield "\n".join(_read_rows(element))
    elif name not in _LEFT_OUT:
        yield from _read_blocks(element, depth)


_LEFT_OUT = frozenset("tracked-changes forms sequence-decls page-number date time footer header settings".split())


def _read_list(element: _Element, depth: int) -> Iterator[str]:
    for item in element:
        is_first = True
        for child in item:
            for block in _read_element(child, depth + 1):
                is_item = is_first and get_tag(child) in ("p", "h")
                yield "  " * min(depth, 5) + "- " + make_one_line(block.lstrip("# ")) if is_item and block else block
                is_first = False


def _read_rows(table: _Element) -> Iterator[str]:
    own = [row for row in table.iter() if get_tag(row) == "table-row" and _find_table(row) is table]
    rows = [[cell for element in row for cell in _read_cell(element)] for row in own]
    head_rows = sum(1 for _ in takewhile(lambda row: get_tag(row.getparent()) == "table-header-rows", own))
    for line in write_table(rows, has_covered=True, head_rows=head_rows):
        if line := line.rstrip("\t"):
            yield line


def _find_table(row: _Element) -> _Element | None:
    return next((above for above in row.iterancestors() if get_tag(above) == "table"), None)


def _read_cell(element: _Element) -> Iterator[Cell]:
    if get_tag(element) in ("table-cell", "covered-table-cell"):
        text = join_cell(_read_blocks(element))
        cell = Cell(text, read_count(element, "number-columns-spanned"), read_count(element, "number-rows-spanned"))
        repeats = read_count(element, "number-columns-repeated") if len(text) <= _MOST_REPEATED else 1
        yield from [cell] * min(repeats, _MOST_REPEATS)


def read_count(element: _Element, name: str) -> int:
    """How often a cell or row stands there, or how many it covers; 1 if the element doesn't say."""
    value = get_attribute(element, name)
    return max(1, int(value)) if value.isdecimal() and len(value) < 8 else 1


def read_paragraphs(cell: _Element, comments: list[str]) -> str:
    """The paragraphs of a sheet's cell on one line; comments on the cell are added to `comments`."""
    parts = [_read_inline(child, comments) for child in cell if get_tag(child) == "p"]
    for child in cell:
        if get_tag(child) == "annotation":
            comments.append(make_one_line(" ".join(_read_inline(p, []) for p in child if get_tag(p) == "p")))
    return make_one_line(" ".join(parts))


def _read_inline(element: _Element, beside: list[str]) -> str:
    """The text of a paragraph's parts. Notes, comments and text boxes are added to `beside` and follow it."""
    parts = [re.sub(r"\s+", " ", element.text or "")]
    for child in element:
        name = get_tag(child)
        if name in ("s", "tab"):
            parts.append(" ")
        elif name == "line-break":
            parts.append("\n")
        elif name in ("note", "annotation"):
            beside.append("(" + make_one_line(" ".join(block for block in _read_blocks(child) if block)) + ")")
        elif name in ("frame", "custom-shape", "text-box", "g"):
            beside.extend(_read_element(child, 0))
        elif name not in ("ruby-text", "desc", "title", "tracked-changes"):
            parts.append(_read_inline(child, beside))
        parts.append(re.sub(r"\s+", " ", child.tail or ""))
    return "".join(parts)
