"""What DOCX, PPTX and XLSX share: parts and their relations, properties, charts, diagrams and formulas."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_inner_text, get_tag, parse_xml
from ingest.loaders.reading import make_one_line
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element


class Package:
    """An Office Open XML file: parts by name, each with relations to others."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def read_xml(self, part: str) -> _Element:
        """The part's root. Raises LoadError if the part is absent or damaged."""
        return parse_xml(self.archive.read(part))

    def find_xml(self, part: str | None) -> _Element | None:
        """The root of a lesser part, without which the document is still read; None if it is absent or damaged."""
        try:
            return self.read_xml(part) if part else None
        except LoadError:
            return None

    def read_relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The type's last word, and the target, by each relation's id; external ones, never fetched, are left out."""
        folder, name = posixpath.split(part)
        root = self.find_xml(posixpath.join(folder, "_rels", name + ".rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in root if root is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/" + folder, relation.get("Target", ""))).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
        return found

    def find_related(self, part: str, kind: str) -> str | None:
        """The first part that is related by that kind; None if there is none."""
        return next((target for type_, target in self.read_relations(part).values() if type_ == kind), None)

    def find_main_part(self, usual: str) -> str:
        """The part at its usual place, else the one that the package itself names."""
        return usual if usual in self.archive else self.find_related("", "officeDocument") or usual

    def read_header(self, source: str) -> Document:
        """Title, author, dates and language from the properties."""
        part = self.find_related("", "core-properties") or "docProps/core.xml"
        root = self.find_xml(part)
        fields = {get_tag(element): get_inner_text(element) for element in root} if root is not None else {}
        return Document(
            source,
            (),
            title=fields.get("title", ""),
            author=fields.get("creator", ""),
            created=fields.get("created", ""),
            modified=fields.get("modified", ""),
            language=fields.get("language", "")[:2].lower(),
        )

    def read_graphic(self, element: _Element, relations: dict[str, tuple[str, str]]) -> str:
        """The text of a chart or diagram in a drawing; empty for pictures."""
        for child in element.iter():
            name = get_tag(child)
            if name == "chart" and (part := relations.get(get_relation_id(child), ("", ""))[1]):
                return read_chart(self.find_xml(part))
            if name == "relIds" and (part := relations.get(get_relation_id(child, "dm"), ("", ""))[1]):
                return read_drawing_text(self.find_xml(part))
        return ""


def get_relation_id(element: _Element, name: str = "id") -> str:
    """The element's ``r:id``; slides and sheets have an ``id`` without namespace beside it."""
    for key, value in element.attrib.items():
        namespace, _, local_name = str(key).rpartition("}")
        if local_name == name and namespace.endswith("relationships"):
            return str(value)
    return ""


def read_drawing_text(root: _Element | None) -> str:
    """The paragraphs of DrawingML text (``a:p``), a line for each."""
    return "\n".join(_find_drawing_paragraphs(root)) if root is not None else ""


def _find_drawing_paragraphs(root: _Element) -> Iterator[str]:
    for paragraph in root.iter():
        if get_tag(paragraph) == "p" and (text := read_drawing_paragraph(paragraph)):
            yield text


def read_drawing_paragraph(paragraph: _Element) -> str:
    """The text of one ``a:p`` on one line."""
    parts = []
    for element in paragraph.iter():
        name = get_tag(element)
        if name == "t":
            parts.append(element.text or "")
        elif name in ("br", "tab"):
            parts.append(" ")
    return make_one_line("".join(parts))


def read_chart(root: _Element | None) -> str:
    """The chart's title, then a row for each category with the values of all series."""
    if root is None:
        return ""
    title = next((read_drawing_text(element) for element in root.iter() if get_tag(element) == "title"), "").replace(
        "\n", " "
    )
    series = [element for element in root.iter() if get_tag(element) == "ser"]
    names = [_read_points(entry, "tx") for entry in series]
    labels = next((points for entry in series if (points := _read_points(entry, "cat"))), [])
    values = [_read_points(entry, "val") or _read_points(entry, "yVal") for entry in series]
    rows = ["\t".join(["", *(" ".join(name) for name in names)])] if any(names) else []
    for number, label in enumerate(labels):
        rows.append("\t".join([label, *(column[number] if number < len(column) else "" for column in values)]))
    return "\n".join(part for part in (title, *rows) if part.strip())


def _read_points(entry: _Element, name: str) -> list[str]:
    holder = next((child for child in entry if get_tag(child) == name), None)
    return (
        [make_one_line(value.text or "") for value in holder.iter() if get_tag(value) == "v"]
        if holder is not None
        else []
    )


def write_formula(element: _Element) -> str:
    """An equation (``m:oMath``) on one line: fractions as ``a/b``, powers as ``x^2``, roots as ``√(x)``."""
    name = get_tag(element)
    if name == "t":
        return element.text or ""
    if name == "d":
        return "(" + ", ".join(write_formula(child) for child in element if get_tag(child) == "e") + ")"
    if name not in _FORMULA_PARTS:
        return "".join(write_formula(child) for child in element if not get_tag(child).endswith("Pr"))
    # Written once each: parts nest, and twice at every level would be 2^depth times.
    parts = {get_tag(child): write_formula(child) for child in element if get_tag(child) in _FORMULA_PARTS[name]}
    if name == "f":
        return f"{_parenthesise(parts.get('num', ''))}/{_parenthesise(parts.get('den', ''))}"
    if name == "rad":
        return f"√({parts.get('e', '')})"
    below = f"_{_parenthesise(parts['sub'])}" if parts.get("sub") else ""
    above = f"^{_parenthesise(parts['sup'])}" if parts.get("sup") else ""
    return parts.get("e", "") + below + above


_FORMULA_PARTS = {
    "f": ("num", "den"),
    "rad": ("e",),
    "sSup": ("e", "sup"),
    "sSub": ("e", "sub"),
    "sSubSup": ("e", "sub", "sup"),
}
"""The parts that are shown of fractions, roots, powers and indices."""


def _parenthesise(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
