"""PowerPoint (PPTX): a page a slide, its title first, then text, tables, charts, diagrams and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.office.ooxml import Package, drawing_paragraph, drawing_text, formula, relation_id
from ingest.loaders.reading import Reading, ReadOptions, numbered
from ingest.loaders.web.xml import attribute, local, one_line
from rag.errors import LoadError

if TYPE_CHECKING:
    from lxml.etree import _Element

_NOT_SHOWN = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
"""Placeholders that repeat on every slide."""


def load_pptx(source: str, data: bytes, options: ReadOptions) -> Reading:
    package = Package(Archive(data))
    main = package.main_part("ppt/presentation.xml")
    relations = package.relations(main)
    slides = [
        relations.get(relation_id(entry), ("", ""))[1] for entry in package.xml(main).iter() if local(entry) == "sldId"
    ]
    return Reading(
        replace(package.header(source), page_kind="slide"), numbered(_slide(package, part) for part in slides)
    )


def _slide(package: Package, part: str) -> str:
    try:
        root = package.xml(part)
    except LoadError:  # one broken slide; its number stays
        return ""
    relations = package.relations(part)
    shapes = list(_shapes(root))
    titles = [shape for shape in shapes if _placeholder(shape) in ("title", "ctrTitle")]
    blocks = [f"# {one_line(drawing_text(shape))}" for shape in titles[:1] if drawing_text(shape)]
    blocks += [text for shape in shapes if shape not in titles[:1] for text in _shape(package, shape, relations)]
    notes = package.maybe_xml(package.related(part, "notesSlide"))
    for shape in _shapes(notes) if notes is not None else ():
        if _placeholder(shape) not in _NOT_SHOWN and (text := drawing_text(shape)):
            blocks.append(f"Notes: {text}")
    return "\n\n".join(block for block in blocks if block.strip())


def _shapes(root: _Element) -> Iterator[_Element]:
    """Shapes in the order they are drawn, those of groups in their place."""
    for element in root.iter():
        if local(element) in ("sp", "graphicFrame", "pic", "cxnSp") and not _in_fallback(element):
            yield element


def _in_fallback(element: _Element) -> bool:
    return any(local(above) == "Fallback" for above in element.iterancestors())


def _placeholder(shape: _Element) -> str:
    return next((attribute(child, "type") for child in shape.iter() if local(child) == "ph"), "")


def _shape(package: Package, shape: _Element, relations: dict[str, tuple[str, str]]) -> Iterator[str]:
    if _placeholder(shape) in _NOT_SHOWN:
        return
    name = local(shape)
    if name == "graphicFrame":
        tables = [element for element in shape.iter() if local(element) == "tbl"]
        yield "\n".join(_row(row) for table in tables for row in table if local(row) == "tr")
        yield package.graphic(shape, relations)
    elif name == "pic":
        yield next((one_line(attribute(child, "descr")) for child in shape.iter() if local(child) == "cNvPr"), "")
    else:
        yield "\n".join(_paragraphs(shape))


def _paragraphs(shape: _Element) -> Iterator[str]:
    for paragraph in shape.iter():
        if local(paragraph) != "p":
            continue
        formulas = " ".join(formula(child) for child in paragraph.iter() if local(child) == "oMath")
        text = f"{drawing_paragraph(paragraph)} {formulas}".strip() if formulas else drawing_paragraph(paragraph)
        level = next((attribute(child, "lvl") for child in paragraph if local(child) == "pPr"), "")
        if text:
            yield "  " * int(level) + "- " + text if level.isdigit() and int(level) else text


def _row(row: _Element) -> str:
    return "\t".join(one_line(drawing_text(cell)) for cell in row if local(cell) == "tc")
