"""Word (DOCX): headings, lists, tables, text boxes, equations, notes and comments, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_attribute, get_tag
from ingest.loaders.office.numbering import BULLET, Numbering
from ingest.loaders.office.ooxml import Package, write_formula
from ingest.loaders.office.symbols import read_letters, read_symbol
from ingest.loaders.reading import (
    LAYOUT_CELL,
    Reading,
    ReadOptions,
    join_blocks,
    join_cell,
    make_one_line,
    make_single_page,
)
from ingest.loaders.tables import Cell, measure_width, write_table

if TYPE_CHECKING:
    from lxml.etree import _Element


def load_docx(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A document without pages: Word computes them when it prints."""
    package = Package(Archive(data))
    part = package.find_main_part("word/document.xml")
    story = _Story(package, part)
    blocks = [*story.read_blocks(package.read_xml(part)), *story.read_headers_and_footers()]
    header = package.read_header(source)
    title = header.title or story.title or next((b.lstrip("# ") for b in blocks[:30] if b.startswith("#")), "")
    return make_single_page(replace(header, title=title), join_blocks(blocks))


class _Story:
    """Reads one part; notes and comments are looked up in the others."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._relations = package.read_relations(part)
        self._levels, self._lists, self._titles = _read_styles(package.find_xml(package.find_related(part, "styles")))
        self._numbering = Numbering(
            package.find_xml(package.find_related(part, "numbering")),
            {style: place.list_id for style, place in self._lists.items()},
        )
        self._notes = {
            kind: _read_entries(package.find_xml(package.find_related(part, kind + "s")))
            for kind in ("footnote", "endnote", "comment")
        }
        self.title = ""

    def read_blocks(self, container: _Element) -> Iterator[str]:
        """Paragraphs, list items and tables below `container`, as Markdown blocks in reading order."""
        for element in container:
            name = get_tag(element)
            if name == "p":
                yield from self._read_paragraph(element)
            elif name == "tbl":
                yield from self._read_table(element)
            elif name == "oMathPara":
                yield write_formula(element)
            elif name in ("body", "sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml", "txbxContent"):
                yield from self.read_blocks(element)
            elif name == "AlternateContent":
                yield from self.read_blocks(_choose_alternative(element))

    def _read_paragraph(self, paragraph: _Element) -> Iterator[str]:
        open_ = _OpenParagraph()
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t\xa0]+", " ", self._read_inline(paragraph, open_))).strip()
        style, level, place = self._read_look(paragraph)
        is_gone = not text and (place is None or _is_unseen(paragraph))
        mark = "" if place is None or is_gone else self._numbering.count(place.list_id, place.level or 0)
        if text and style in self._titles and not self.title:
            self.title = make_one_line(text)
        if mark == BULLET:
            mark = "" if level or not text else "  " * min((place and place.level) or 0, 5) + BULLET
        if text and level:
            yield f"{'#' * level} {make_one_line(f'{mark} {text}')}"
        elif text or (mark and not level):
            yield f"{mark} {make_one_line(text)}".rstrip() if mark else text
        yield from open_.beside

    def _read_look(self, paragraph: _Element) -> tuple[str, int, _ListPlace | None]:
        """The paragraph's style, its heading level (0 for none) and its place in a list (None outside of lists)."""
        style, level, place = "", 0, _ListPlace()
        properties = next((child for child in paragraph if get_tag(child) == "pPr"), None)
        for child in properties if properties is not None else ():
            name = get_tag(child)
            if name == "pStyle":
                style = get_attribute(child, "val")
            elif name == "outlineLvl" and get_attribute(child, "val").isdigit():
                level = int(get_attribute(child, "val")) + 1
            elif name == "numPr":
                place = _read_list_place(child)
        level = level if 1 <= level <= 6 else self._levels.get(style, 0)
        return style, level, self._complete_place(place, style)

    def _complete_place(self, place: _ListPlace, style: str) -> _ListPlace | None:
        """The place in a list, with what the style says where the paragraph itself says nothing; None for no list."""
        inherited = self._lists.get(style, _ListPlace())
        list_id = place.list_id or inherited.list_id
        level = place.level
        if level is None and not place.list_id:
            level = self._numbering.find_level(list_id, style)
            level = inherited.level if level is None else level
        is_listed = list_id != _NO_LIST and (list_id or level is not None)
        return _ListPlace(list_id, level) if is_listed else None

    def _read_inline(self, element: _Element, paragraph: _OpenParagraph) -> str:
        """The text of a paragraph's parts. What stands apart, such as notes, is put beside it."""
        parts: list[str] = []
        is_hidden = False
        for child in element:
            name = get_tag(child)
            if name == "rPr":
                is_hidden = any(get_tag(mark) == "vanish" and _is_set(mark) for mark in child)
            elif name == "fldChar":
                parts.append(paragraph.pass_field(child))
            elif name in _BESIDE:
                paragraph.beside.extend(self._read_beside(child, name))
            elif name not in _LEFT_OUT:
                text = _read_leaf(child, name)
                if text is None:
                    text = self._read_inline(
                        _choose_alternative(child) if name == "AlternateContent" else child, paragraph
                    )
                parts.append("" if is_hidden or paragraph.is_in_shown_field else text)
        return "".join(parts)

    def _read_beside(self, element: _Element, name: str) -> Iterator[str]:
        if name == "txbxContent":
            yield from self.read_blocks(element)
        elif name == "drawing":
            yield from self._read_drawing(element)
        else:
            yield from self._read_note(name.removesuffix("Reference"), get_attribute(element, "id"))

    def _read_drawing(self, drawing: _Element) -> Iterator[str]:
        alt = next((get_attribute(child, "descr") for child in drawing.iter() if get_tag(child) == "docPr"), "")
        yield make_one_line(alt)
        yield self._package.read_graphic(drawing, self._relations)
        for box in _find_outermost(drawing, "txbxContent"):
            yield from self.read_blocks(box)

    def _read_note(self, kind: str, identifier: str) -> Iterator[str]:
        entry = self._notes[kind].pop(identifier, None)
        if entry is not None:
            text = make_one_line(" ".join(self.read_blocks(entry)))
            author = get_attribute(entry, "author")
            yield f"({author}: {text})" if kind == "comment" and author else f"({text})" if text else ""

    def _read_table(self, table: _Element) -> Iterator[str]:
        rows = list(_find_children(table, "tr"))
        places = [list(_find_children(row, "tc")) for row in rows]
        cells = [[list(self.read_blocks(place)) for place in row] for row in places]
        is_layout = max(map(len, cells), default=0) < 2 or any(
            sum(map(len, cell)) > LAYOUT_CELL for row in cells for cell in row
        )
        if is_layout:
            yield from (block for row in cells for cell in row for block in cell)
            return
        texts = [[join_cell(cell) for cell in row] for row in cells]
        merged = _merge_cells(places, texts, [_read_number(row, "trPr", "gridBefore", 0) for row in rows])
        head_rows = sum(1 for _ in takewhile(lambda row: _find_property(row, "trPr", "tblHeader") is not None, rows))
        yield "\n".join(line for line in write_table(merged, width=measure_width(merged), head_rows=head_rows) if line)

    def read_headers_and_footers(self) -> Iterator[str]:
        """Each distinct header and footer once. They come after the text, since a letterhead names the sender."""
        seen = set()
        for kind, part in self._relations.values():
            root = self._package.find_xml(part) if kind in ("header", "footer") else None
            text = "\n".join(self.read_blocks(root)) if root is not None else ""
            if len(text) > 3 and text not in seen:
                seen.add(text)
                yield text


_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_BESIDE = frozenset("txbxContent drawing footnoteReference endnoteReference commentReference".split())
_LEFT_OUT = frozenset("pPr rPr del moveFrom delText instrText Fallback fldData sdtPr sdtEndPr tblPr rt".split())


def _choose_alternative(alternate: _Element) -> _Element:
    """The content for new readers: Word writes a text box twice, for new and for old ones."""
    return next((child for child in alternate if get_tag(child) == "Choice"), alternate)


def _find_outermost(element: _Element, name: str) -> Iterator[_Element]:
    """Elements of that name that aren't within another one: whoever reads the outer one meets the inner ones."""
    for child in element:
        if get_tag(child) == name:
            yield child
        else:
            yield from _find_outermost(child, name)


def _find_children(element: _Element, name: str) -> Iterator[_Element]:
    """Children of that name, also within content controls and the like."""
    for child in element:
        if get_tag(child) == name:
            yield child
        elif get_tag(child) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _find_children(child, name)


def _find_property(element: _Element, properties: str, name: str) -> _Element | None:
    """The property of that name of a table's row (in ``trPr``) or cell (in ``tcPr``)."""
    holder = next((child for child in element if get_tag(child) == properties), ())
    return next((child for child in holder if get_tag(child) == name), None)


def _read_number(element: _Element, properties: str, name: str, default: int) -> int:
    found = _find_property(element, properties, name)
    value = get_attribute(found, "val") if found is not None else ""
    return int(value) if value.isdecimal() and len(value) < 4 else default


def _merge_cells(places: list[list[_Element]], texts: list[list[str]], gaps: list[int]) -> list[list[Cell]]:
    """The cells of each row. One that goes on in the rows below counts these rows, and is left out there."""
    merged: list[list[Cell]] = []
    origins: dict[int, tuple[int, int]] = {}
    for row, row_texts, gap in zip(places, texts, gaps, strict=True):
        cells = [Cell("", gap)] if gap else []
        merged.append(cells)
        column = gap
        for place, text in zip(row, row_texts, strict=True):
            columns = max(1, _read_number(place, "tcPr", "gridSpan", 1))
            mark = _find_property(place, "tcPr", "vMerge")
            if mark is not None and get_attribute(mark, "val") != "restart" and column in origins:
                above, at = origins[column]
                merged[above][at] = replace(merged[above][at], rows=len(merged) - above)
            else:
                origins[column] = (len(merged) - 1, len(cells))
                cells.append(Cell(text, columns))
            column += columns
    return merged


_NO_LIST = "0"
"""Word's way to take a paragraph out of its style's list."""


@dataclass(frozen=True, slots=True)
class _ListPlace:
    """Where a paragraph stands in a list, as far as its own properties or its style say."""

    list_id: str = ""
    level: int | None = None
    """Counted from 0."""


def _read_list_place(properties: _Element) -> _ListPlace:
    values = {get_tag(child): get_attribute(child, "val") for child in properties}
    list_id, level = values.get("numId", ""), values.get("ilvl", "")
    return _ListPlace(list_id, int(level) if re.fullmatch(r"\d{1,2}", level, re.ASCII) else None)


def _is_unseen(paragraph: _Element) -> bool:
    """Whether a paragraph without text is deleted or hidden as a whole, so that nobody counts it."""
    properties = next((child for child in paragraph if get_tag(child) == "pPr"), ())
    marks = (child for mark in properties if get_tag(mark) == "rPr" for child in mark)
    return any(get_tag(child) in ("del", "moveFrom", "vanish") for child in marks)


@dataclass(slots=True)
class _OpenParagraph:
    """A paragraph while its parts are read."""

    beside: list[str] = field(default_factory=list)
    """What stands apart, such as notes, and follows it."""
    _fields: list[str] = field(default_factory=list)
    """The fields that are open, outermost first: whether each is ``plain``, ``shown`` by its value, or ``hidden``."""

    @property
    def is_in_shown_field(self) -> bool:
        """Whether the text is a form field's result, whose value was given already."""
        return "hidden" in self._fields

    def pass_field(self, mark: _Element) -> str:
        """Go past a mark where a field begins, or its result, or where it ends; the text is a form field's value."""
        kind = get_attribute(mark, "fldCharType")
        if kind == "begin":
            value = _read_form_value(mark)
            self._fields.append("shown" if value else "plain")
            return value
        if kind == "separate" and self._fields and self._fields[-1] == "shown":
            self._fields[-1] = "hidden"
        elif kind == "end" and self._fields:
            self._fields.pop()
        return ""


_OFF = ("0", "false", "off")


def _is_set(mark: _Element) -> bool:
    """Whether a property that a style may set is set here, and not taken back."""
    return get_attribute(mark, "val") not in _OFF


def _read_form_value(mark: _Element) -> str:
    """What a check box or a drop-down list of a form shows; empty for other fields, whose result is text."""
    for control in (child for data in mark if get_tag(data) == "ffData" for child in data):
        values = {get_tag(child): get_attribute(child, "val") for child in control}
        if get_tag(control) == "checkBox":
            checked = values.get("checked", values.get("default", "0"))
            return "☐" if checked in _OFF else "☒"
        if get_tag(control) == "ddList":
            entries = [get_attribute(child, "val") for child in control if get_tag(child) == "listEntry"]
            chosen = values.get("result", values.get("default", "0"))
            return next((entry for at, entry in enumerate(entries) if str(at) == chosen), "")
    return ""


def _read_leaf(element: _Element, name: str) -> str | None:
    """The text of an element that is letters, a sign or a formula; None if it has parts of its own."""
    if name == "t":
        text = element.text or ""
        return text if text.isascii() else read_letters(text, _find_font(element))
    if name in _MARKS:
        return _MARKS[name]
    if name == "sym":
        return read_symbol(get_attribute(element, "font"), get_attribute(element, "char"))
    return write_formula(element) if name in ("oMath", "oMathPara") else None


def _find_font(text: _Element) -> str:
    """The font that the text's run names itself."""
    run = text.getparent()
    properties = next((child for child in run if get_tag(child) == "rPr"), ()) if run is not None else ()
    return next((get_attribute(child, "ascii") for child in properties if get_tag(child) == "rFonts"), "")


def _read_entries(root: _Element | None) -> dict[str, _Element]:
    """Notes or comments by their id, without the separators that Word keeps among them."""
    if root is None:
        return {}
    return {get_attribute(entry, "id"): entry for entry in root if get_attribute(entry, "type") in ("", "normal")}


def _read_styles(root: _Element | None) -> tuple[dict[str, int], dict[str, _ListPlace], set[str]]:
    """The heading levels and the places in lists by style, inherited ones included, and the styles of titles."""
    levels: dict[str, int] = {}
    lists: dict[str, _ListPlace] = {}
    titles: set[str] = {"Title"}
    bases: dict[str, str] = {}
    for style in root if root is not None else ():
        identifier = get_attribute(style, "styleId")
        for child in style.iter():
            name, value = get_tag(child), get_attribute(child, "val")
            level = _find_style_level(name, value)
            if level:
                levels.setdefault(identifier, level)
            if name == "name" and value.lower() == "title":
                titles.add(identifier)
            elif name == "basedOn":
                bases[identifier] = value
            elif name == "numPr":
                lists[identifier] = _read_list_place(child)
    for style_id in bases:
        _fill_inherited(style_id, bases, levels)
        _fill_inherited(style_id, bases, lists)
    return levels, lists, titles


def _find_style_level(name: str, value: str) -> int:
    """The heading level that a style's property gives it; 0 for none."""
    if name == "name":
        found = re.match(r"heading (\d)$|title$", value, re.IGNORECASE)
        return min(6, int(found[1] or 1)) if found else 0
    return int(value) + 1 if name == "outlineLvl" and value.isdigit() and int(value) < 6 else 0


_Value = TypeVar("_Value")


def _fill_inherited(style: str, bases: dict[str, str], values: dict[str, _Value]) -> None:
    at = style
    for _ in range(20):  # styles may be based on each other in a ring
        if at in values:
            values.setdefault(style, values[at])
            return
        at = bases.get(at, "")
