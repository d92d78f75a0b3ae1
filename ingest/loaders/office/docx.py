"""Word (DOCX): headings, lists, tables, text boxes, equations, notes and comments, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.office.ooxml import Package, formula
from ingest.loaders.reading import Reading, ReadOptions, single_page
from ingest.loaders.web.xml import attribute, local, one_line

if TYPE_CHECKING:
    from lxml.etree import _Element

_LAYOUT_CELL = 1_500
"""Characters. A cell with more text frames a part of the page; its paragraphs are read one by one."""


def load_docx(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A document without pages: Word computes them when it prints."""
    package = Package(Archive(data))
    part = package.main_part("word/document.xml")
    story = _Story(package, part)
    blocks = [*story.blocks(package.xml(part)), *story.headers_and_footers()]
    header = package.header(source)
    title = header.title or story.title or next((b.lstrip("# ") for b in blocks[:30] if b.startswith("#")), "")
    return single_page(replace(header, title=title), _joined(blocks))


def _joined(blocks: Iterable[str]) -> str:
    """Blocks apart by an empty line, but list items under one another."""
    text = "\n\n".join(block for block in blocks if block.strip())
    return re.sub(r"(\n *- [^\n]*)\n\n(?= *- )", r"\1\n", re.sub(r"(^|\n)( *- [^\n]*)\n\n(?= *- )", r"\1\2\n", text))


class _Story:
    """Reads one part; notes and comments are looked up in the others."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._relations = package.relations(part)
        self._levels, self._lists, self._titles = _styles(package.maybe_xml(package.related(part, "styles")))
        self._notes = {
            kind: _entries(package.maybe_xml(package.related(part, kind + "s")))
            for kind in ("footnote", "endnote", "comment")
        }
        self.title = ""

    def blocks(self, container: _Element) -> Iterator[str]:
        for element in container:
            name = local(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "oMathPara":
                yield formula(element)
            elif name in ("body", "sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml", "txbxContent"):
                yield from self.blocks(element)
            elif name == "AlternateContent":
                yield from self.blocks(_choice(element))

    def _paragraph(self, paragraph: _Element) -> Iterator[str]:
        beside: list[str] = []
        text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t\xa0]+", " ", self._text(paragraph, beside))).strip()
        style, level, list_level = self._look(paragraph)
        if text and style in self._titles and not self.title:
            self.title = one_line(text)
        if text and level:
            yield "#" * level + " " + one_line(text)
        elif text and list_level is not None:
            yield "  " * min(list_level, 5) + "- " + one_line(text)
        elif text:
            yield text
        yield from beside

    def _look(self, paragraph: _Element) -> tuple[str, int, int | None]:
        """Style, heading level (0: none), list level (None: not in a list)."""
        style, level, list_level = "", 0, None
        properties = next((child for child in paragraph if local(child) == "pPr"), None)
        for child in properties if properties is not None else ():
            name = local(child)
            if name == "pStyle":
                style = attribute(child, "val")
            elif name == "outlineLvl" and attribute(child, "val").isdigit():
                level = int(attribute(child, "val")) + 1
            elif name == "numPr":
                list_level = _list_level(child)
        level = level if 1 <= level <= 6 else self._levels.get(style, 0)
        return style, level, list_level if list_level is not None else self._lists.get(style)

    def _text(self, element: _Element, beside: list[str]) -> str:
        """Inline text. What stands apart (text boxes, charts, notes) goes to `beside`, to follow the paragraph."""
        parts: list[str] = []
        for child in element:
            name = local(child)
            if name == "t":
                parts.append(child.text or "")
            elif name in _MARKS:
                parts.append(_MARKS[name])
            elif name in ("oMath", "oMathPara"):
                parts.append(formula(child))
            elif name in _BESIDE:
                beside.extend(self._beside(child, name))
            elif name not in _LEFT_OUT:
                parts.append(self._text(_choice(child) if name == "AlternateContent" else child, beside))
        return "".join(parts)

    def _beside(self, element: _Element, name: str) -> Iterator[str]:
        if name == "txbxContent":
            yield from self.blocks(element)
        elif name == "drawing":
            yield from self._drawing(element)
        else:
            yield from self._note(name.removesuffix("Reference"), attribute(element, "id"))

    def _drawing(self, drawing: _Element) -> Iterator[str]:
        alt = next((attribute(child, "descr") for child in drawing.iter() if local(child) == "docPr"), "")
        yield one_line(alt)
        yield self._package.graphic(drawing, self._relations)
        for box in drawing.iter():
            if local(box) == "txbxContent":
                yield from self.blocks(box)

    def _note(self, kind: str, identifier: str) -> Iterator[str]:
        entry = self._notes[kind].pop(identifier, None)
        if entry is not None:
            text = one_line(" ".join(self.blocks(entry)))
            author = attribute(entry, "author")
            yield f"({author}: {text})" if kind == "comment" and author else f"({text})" if text else ""

    def _table(self, table: _Element) -> Iterator[str]:
        rows = [[list(self.blocks(cell)) for cell in _children(row, "tc")] for row in _children(table, "tr")]
        is_layout = max(map(len, rows), default=0) < 2 or any(
            sum(map(len, cell)) > _LAYOUT_CELL for row in rows for cell in row
        )
        if is_layout:
            yield from (block for row in rows for cell in row for block in cell)
        else:
            lines = ("\t".join(_cell(cell) for cell in row) for row in rows)
            yield "\n".join(line for line in lines if line.strip())

    def headers_and_footers(self) -> Iterator[str]:
        """Each distinct one once, after the text: a letterhead names the sender."""
        seen = set()
        for kind, part in self._relations.values():
            root = self._package.maybe_xml(part) if kind in ("header", "footer") else None
            text = "\n".join(self.blocks(root)) if root is not None else ""
            if len(text) > 3 and text not in seen:
                seen.add(text)
                yield text


_MARKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_BESIDE = frozenset("txbxContent drawing footnoteReference endnoteReference commentReference".split())
_LEFT_OUT = frozenset("pPr rPr del moveFrom delText instrText Fallback fldData sdtPr sdtEndPr tblPr rt".split())


def _choice(alternate: _Element) -> _Element:
    """Word writes the same text box twice, for new and old readers: the first is read."""
    return next((child for child in alternate if local(child) == "Choice"), alternate)


def _children(element: _Element, name: str) -> Iterator[_Element]:
    """Children of that name, also within content controls and the like."""
    for child in element:
        if local(child) == name:
            yield child
        elif local(child) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _children(child, name)


def _cell(blocks: list[str]) -> str:
    return one_line(" ".join(re.sub(r"^(?:#+|\s*-) ", "", block) for block in blocks))


def _list_level(properties: _Element) -> int | None:
    values = {local(child): attribute(child, "val") for child in properties}
    if values.get("numId") == "0":  # Word's way to take a paragraph out of its style's list
        return None
    return int(values["ilvl"]) if values.get("ilvl", "").isdigit() else 0


def _entries(root: _Element | None) -> dict[str, _Element]:
    """Notes or comments by their id; the separators that Word keeps among them left out."""
    if root is None:
        return {}
    return {attribute(entry, "id"): entry for entry in root if attribute(entry, "type") in ("", "normal")}


def _styles(root: _Element | None) -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Heading level by style, list level by style, and the styles of titles; inherited ones included."""
    levels: dict[str, int] = {}
    lists: dict[str, int] = {}
    titles: set[str] = {"Title"}
    bases: dict[str, str] = {}
    for style in root if root is not None else ():
        identifier = attribute(style, "styleId")
        for child in style.iter():
            name, value = local(child), attribute(child, "val")
            level = _style_level(name, value)
            if level:
                levels.setdefault(identifier, level)
            if name == "name" and value.lower() == "title":
                titles.add(identifier)
            elif name == "basedOn":
                bases[identifier] = value
            elif name == "numPr" and (list_level := _list_level(child)) is not None:
                lists[identifier] = list_level
    for inherited in (levels, lists):
        for style_id in bases:
            _inherit(style_id, bases, inherited)
    return levels, lists, titles


def _style_level(name: str, value: str) -> int:
    """The heading level that a style's property gives it; 0 for none."""
    if name == "name":
        found = re.match(r"heading (\d)$|title$", value, re.IGNORECASE)
        return min(6, int(found[1] or 1)) if found else 0
    return int(value) + 1 if name == "outlineLvl" and value.isdigit() and int(value) < 6 else 0


def _inherit(style: str, bases: dict[str, str], values: dict[str, int]) -> None:
    at = style
    for _ in range(20):  # styles may be based on each other in a ring
        if at in values:
            values.setdefault(style, values[at])
            return
        at = bases.get(at, "")
