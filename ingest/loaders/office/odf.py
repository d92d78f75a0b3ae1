"""OpenDocument: text (ODT) and presentations (ODP). Spreadsheets are read by `ingest.loaders.office.sheets`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_attribute, get_inner_text, get_tag, parse_xml
from ingest.loaders.office.numbering import BULLET, read_number
from ingest.loaders.office.odf_lists import ListNumbers, OpenList, Styles, find_styles
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
    header, body, styles = _open(source, data)
    blocks = list(_Story(ListNumbers(styles)).read_blocks(body))
    title = header.title or next((block.lstrip("# ") for block in blocks[:30] if block.startswith("#")), "")
    return make_single_page(replace(header, title=title), join_blocks(blocks))


def load_odp(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each slide: its title first, then its boxes, then the speaker's notes."""
    header, body, styles = _open(source, data)
    story = _Story(ListNumbers(styles, joins_neighbours=True))
    slides = [element for element in body.iter() if get_tag(element) == "page"]
    return Reading(
        replace(header, page_kind="slide"), number_pages(join_blocks(story.read_slide(slide)) for slide in slides)
    )


def refuse_encrypted(archive: Archive) -> None:
    """Raises LoadError: no maintained free library opens OpenDocument's own encryption."""
    manifest = archive.get("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest or "encrypted-package" in archive:
        raise LoadError("encrypted; save a copy without password")


def _open(source: str, data: bytes) -> tuple[Document, _Element, Styles]:
    archive = Archive(data)
    refuse_encrypted(archive)
    root = parse_xml(archive.read("content.xml"))
    body = next((element for element in root.iter() if get_tag(element) == "body"), root)
    styles = Styles(find_styles(root, "automatic-styles"), lambda: archive.get("styles.xml"))
    return read_header(source, archive), body, styles


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


_LEFT_OUT = frozenset("tracked-changes forms sequence-decls page-number date time footer header settings".split())
_MARKED = frozenset("p h list table".split())
"""What an item begins with; nothing behind it has the item's number."""
_NOT_INLINE = frozenset("ruby-text desc title tracked-changes number".split())


class _Story:
    """Reads text in its order, and counts its lists and headings on the way."""

    def __init__(self, numbers: ListNumbers) -> None:
        self._numbers = numbers

    def read_slide(self, slide: _Element) -> Iterator[str]:
        """The slide's title, its boxes and its notes."""
        frames = [element for element in slide if get_tag(element) != "notes"]
        titles = [frame for frame in frames if get_attribute(frame, "class") == "title"]
        for frame in titles[:1]:
            yield "# " + get_inner_text(frame) if get_inner_text(frame) else ""
        for frame in frames:
            if frame not in titles[:1]:
                yield from self._read_element(frame, None)
        for notes in slide:
            if get_tag(notes) == "notes":
                yield from (f"Notes: {block}" for block in self.read_blocks(notes) if block.strip())

    def read_blocks(self, container: _Element, around: OpenList | None = None) -> Iterator[str]:
        """Headings, paragraphs, list items and tables as Markdown blocks; `around` is the list that they stand in."""
        for element in container:
            yield from self._read_element(element, around)

    def _read_element(self, element: _Element, around: OpenList | None) -> Iterator[str]:
        name = get_tag(element)
        if name == "h":
            mark = self._numbers.count_heading(element, _find_level(element) - 1) if around is None else ""
            yield self._read_heading(element, mark)
        elif name == "p":
            beside: list[str] = []
            yield self.read_inline(element, beside).strip()
            yield from beside
        elif name == "list":
            yield from self._read_list(element, self._numbers.open_list(element, around))
        elif name == "table":
            yield "\n".join(self._read_rows(element))
        elif name not in _LEFT_OUT:
            yield from self.read_blocks(element, around)

    def _read_heading(self, heading: _Element, mark: str) -> str:
        text = make_one_line(self.read_inline(heading, []))
        return f"{'#' * min(6, _find_level(heading))} {make_one_line(f'{mark} {text}')}" if text else ""

    def _read_list(self, element: _Element, opened: OpenList) -> Iterator[str]:
        for item in element:
            if get_tag(item) not in ("list-item", "list-header"):  # such as the mark of a page's end
                continue
            mark = self._numbers.count_item(item, opened)
            for child in item:
                name = get_tag(child)
                if name == "h" and mark:
                    yield self._read_heading(child, "" if mark == BULLET else mark)
                elif name == "p" and mark:
                    text, *beside = self._read_element(child, opened)
                    yield _mark_item(mark, make_one_line(text), opened.level)
                    yield from beside
                else:
                    yield from self._read_element(child, opened)
                mark = "" if name in _MARKED else mark

    def _read_rows(self, table: _Element) -> Iterator[str]:
        own = [row for row in table.iter() if get_tag(row) == "table-row" and _find_table(row) is table]
        rows = [[cell for element in row for cell in self._read_cell(element)] for row in own]
        head_rows = sum(1 for _ in takewhile(lambda row: get_tag(row.getparent()) == "table-header-rows", own))
        for line in write_table(rows, has_covered=True, head_rows=head_rows):
            if line := line.rstrip("\t"):
                yield line

    def _read_cell(self, element: _Element) -> Iterator[Cell]:
        if get_tag(element) in ("table-cell", "covered-table-cell"):
            text = join_cell(self.read_blocks(element))
            cell = Cell(text, read_count(element, "number-columns-spanned"), read_count(element, "number-rows-spanned"))
            repeats = read_count(element, "number-columns-repeated") if len(text) <= _MOST_REPEATED else 1
            yield from [cell] * min(repeats, _MOST_REPEATS)

    def read_inline(self, element: _Element, beside: list[str]) -> str:
        """The text of a paragraph's parts. Notes, comments and text boxes are added to `beside` and follow it."""
        parts = [re.sub(r"\s+", " ", element.text or "")]
        for child in element:
            name = get_tag(child)
            if name in ("s", "tab"):
                parts.append(" ")
            elif name == "line-break":
                parts.append("\n")
            elif name in ("note", "annotation"):
                beside.append("(" + make_one_line(" ".join(block for block in self.read_blocks(child) if block)) + ")")
            elif name in ("frame", "custom-shape", "text-box", "g"):
                beside.extend(self._read_element(child, None))
            elif name not in _NOT_INLINE:
                parts.append(self.read_inline(child, beside))
            parts.append(re.sub(r"\s+", " ", child.tail or ""))
        return "".join(parts)


def _find_level(heading: _Element) -> int:
    """The heading's level, counted from 1."""
    return max(1, read_number(get_attribute(heading, "outline-level"), 1))


def _mark_item(mark: str, text: str, level: int) -> str:
    """The item behind its number, or its bullet, which tells its level by spaces before it."""
    if mark != BULLET:
        return f"{mark} {text}".rstrip()
    return "  " * min(level, 5) + f"{BULLET} {text}" if text else ""


def _find_table(row: _Element) -> _Element | None:
    return next((above for above in row.iterancestors() if get_tag(above) == "table"), None)


def read_count(element: _Element, name: str) -> int:
    """How often a cell or row stands there, or how many it covers; 1 if the element doesn't say."""
    value = get_attribute(element, name)
    return max(1, int(value)) if value.isdecimal() and len(value) < 8 else 1


def read_paragraphs(cell: _Element, comments: list[str]) -> str:
    """The paragraphs of a sheet's cell on one line; comments on the cell are added to `comments`."""
    story = _Story(_NO_LISTS)
    parts = [story.read_inline(child, comments) for child in cell if get_tag(child) == "p"]
    for child in cell:
        if get_tag(child) == "annotation":
            comments.append(make_one_line(" ".join(story.read_inline(p, []) for p in child if get_tag(p) == "p")))
    return make_one_line(" ".join(parts))


_NO_LISTS = ListNumbers(Styles())
