"""PowerPoint (PPTX): a page for each slide, with its title first, then all it shows, then the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_attribute, get_tag
from ingest.loaders.office.numbering import write_number
from ingest.loaders.office.ooxml import (
    Package,
    get_relation_id,
    read_drawing_paragraph,
    read_drawing_text,
    write_formula,
)
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, number_pages
from ingest.loaders.tables import Cell, write_table
from rag.errors import LoadError

if TYPE_CHECKING:
    from lxml.etree import _Element

_NOT_SHOWN = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
"""Placeholders that repeat on every slide."""


def load_pptx(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each slide, in the order of the show."""
    package = Package(Archive(data))
    main = package.find_main_part("ppt/presentation.xml")
    relations = package.read_relations(main)
    slides = [
        relations.get(get_relation_id(entry), ("", ""))[1]
        for entry in package.read_xml(main).iter()
        if get_tag(entry) == "sldId"
    ]
    return Reading(
        replace(package.read_header(source), page_kind="slide"),
        number_pages(_read_slide(package, part) for part in slides),
    )


def _read_slide(package: Package, part: str) -> str:
    try:
        root = package.read_xml(part)
    except LoadError:  # one broken slide; its number stays
        return ""
    relations = package.read_relations(part)
    shapes = list(_find_shapes(root))
    titles = [shape for shape in shapes if _find_placeholder(shape) in ("title", "ctrTitle")]
    blocks = [f"# {make_one_line(read_drawing_text(shape))}" for shape in titles[:1] if read_drawing_text(shape)]
    blocks += [text for shape in shapes if shape not in titles[:1] for text in _read_shape(package, shape, relations)]
    notes = package.find_xml(package.find_related(part, "notesSlide"))
    for shape in _find_shapes(notes) if notes is not None else ():
        if _find_placeholder(shape) not in _NOT_SHOWN and (text := read_drawing_text(shape)):
            blocks.append(f"Notes: {text}")
    return "\n\n".join(block for block in blocks if block.strip())


def _find_shapes(root: _Element) -> Iterator[_Element]:
    """Shapes in the order in which they are drawn, those of groups in the group's place."""
    for element in root.iter():
        if get_tag(element) in ("sp", "graphicFrame", "pic", "cxnSp") and not _is_in_fallback(element):
            yield element


def _is_in_fallback(element: _Element) -> bool:
    return any(get_tag(above) == "Fallback" for above in element.iterancestors())


def _find_placeholder(shape: _Element) -> str:
    return next((get_attribute(child, "type") for child in shape.iter() if get_tag(child) == "ph"), "")


def _read_shape(package: Package, shape: _Element, relations: dict[str, tuple[str, str]]) -> Iterator[str]:
    if _find_placeholder(shape) in _NOT_SHOWN:
        return
    name = get_tag(shape)
    if name == "graphicFrame":
        tables = [element for element in shape.iter() if get_tag(element) == "tbl"]
        yield "\n".join(line for table in tables for line in _read_table(table) if line)
        yield package.read_graphic(shape, relations)
    elif name == "pic":
        yield next(
            (make_one_line(get_attribute(child, "descr")) for child in shape.iter() if get_tag(child) == "cNvPr"), ""
        )
    else:
        yield "\n".join(_read_paragraphs(shape))


def _read_paragraphs(shape: _Element) -> Iterator[str]:
    counts: dict[int, tuple[str, int]] = {}
    for paragraph in shape.iter():
        if get_tag(paragraph) != "p":
            continue
        formulas = " ".join(write_formula(child) for child in paragraph.iter() if get_tag(child) == "oMath")
        text = (
            f"{read_drawing_paragraph(paragraph)} {formulas}".strip() if formulas else read_drawing_paragraph(paragraph)
        )
        properties = next((child for child in paragraph if get_tag(child) == "pPr"), None)
        named = get_attribute(properties, "lvl") if properties is not None else ""
        level = int(named) if named.isdecimal() and len(named) < 3 else 0
        if text:
            number = _count(properties, level, counts)
            yield "  " * level + f"{number or '-'} {text}" if number or level else text


def _count(properties: _Element | None, level: int, counts: dict[int, tuple[str, int]]) -> str:
    """The number that the program shows before the paragraph; empty without one.

    `counts` has by level the kind and the last number of the list that goes on there.
    """
    numbered = [child for child in properties if get_tag(child) == "buAutoNum"] if properties is not None else []
    for deeper in [other for other in counts if other > level]:
        del counts[deeper]
    if not numbered:
        counts.pop(level, None)
        return ""
    kind, first = get_attribute(numbered[0], "type"), get_attribute(numbered[0], "startAt")
    start = int(first) if first.isdecimal() and len(first) < 6 else 1
    before = counts.get(level)
    number = before[1] + 1 if before and before[0] == f"{kind}{start}" else start
    counts[level] = (f"{kind}{start}", number)
    form = next((form for sign, form in _FORMS if kind.startswith(sign)), "decimal")
    label = write_number(number, form)
    if kind.endswith("ParenBoth"):
        return f"({label})"
    return label if kind.endswith("Plain") else f"{label})" if kind.endswith("ParenR") else f"{label}."


_FORMS = (
    ("alphaLc", "lowerLetter"), ("alphaUc", "upperLetter"), ("romanLc", "lowerRoman"), ("romanUc", "upperRoman"),
)  # fmt: skip
"""How numbers are written, by how the name of their kind begins; the others are in figures."""


def _read_table(table: _Element) -> Iterator[str]:
    rows = [[_read_cell(cell) for cell in row if get_tag(cell) == "tc"] for row in table if get_tag(row) == "tr"]
    return write_table(rows, has_covered=True)


def _read_cell(cell: _Element) -> Cell:
    columns, rows = (get_attribute(cell, name) for name in ("gridSpan", "rowSpan"))
    text = make_one_line(read_drawing_text(cell))
    return Cell(text, *(int(count) if count.isdecimal() and len(count) < 6 else 1 for count in (columns, rows)))
