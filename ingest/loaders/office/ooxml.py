"""What DOCX, PPTX and XLSX share: parts and their relations, properties, charts, diagrams and formulas."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ingest.loaders.archive import Archive
from ingest.loaders.web.xml import inner_text, local, one_line, parse_xml
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element


class Package:
    """An Office Open XML file: parts by name, each with relations to others."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def xml(self, part: str) -> _Element:
        return parse_xml(self.archive.read(part))

    def maybe_xml(self, part: str | None) -> _Element | None:
        """None if the part is absent or damaged: it is one of the lesser ones."""
        try:
            return self.xml(part) if part else None
        except LoadError:
            return None

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id → (last word of its type, target part). External targets are left out: nothing is fetched."""
        folder, name = posixpath.split(part)
        root = self.maybe_xml(posixpath.join(folder, "_rels", name + ".rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in root if root is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/" + folder, relation.get("Target", ""))).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The first part related by that kind."""
        return next((target for type_, target in self.relations(part).values() if type_ == kind), None)

    def main_part(self, usual: str) -> str:
        return usual if usual in self.archive else self.related("", "officeDocument") or usual

    def header(self, source: str) -> Document:
        """Title, author, dates and language from the properties."""
        part = self.related("", "core-properties") or "docProps/core.xml"
        root = self.maybe_xml(part)
        fields = {local(element): inner_text(element) for element in root} if root is not None else {}
        return Document(
            source,
            (),
            title=fields.get("title", ""),
            author=fields.get("creator", ""),
            created=fields.get("created", ""),
            modified=fields.get("modified", ""),
            language=fields.get("language", "")[:2].lower(),
        )

    def graphic(self, element: _Element, relations: dict[str, tuple[str, str]]) -> str:
        """The text of a chart or diagram in a drawing; empty for pictures."""
        for child in element.iter():
            name = local(child)
            if name == "chart" and (part := relations.get(relation_id(child), ("", ""))[1]):
                return chart_text(self.maybe_xml(part))
            if name == "relIds" and (part := relations.get(relation_id(child, "dm"), ("", ""))[1]):
                return drawing_text(self.maybe_xml(part))
        return ""


def relation_id(element: _Element, name: str = "id") -> str:
    """The ``r:id``; slides and sheets have an ``id`` without namespace beside it."""
    for key, value in element.attrib.items():
        namespace, _, local_name = str(key).rpartition("}")
        if local_name == name and namespace.endswith("relationships"):
            return str(value)
    return ""


def drawing_text(root: _Element | None) -> str:
    """Paragraphs of DrawingML text (``a:p``), a line each."""
    return "\n".join(_drawing_paragraphs(root)) if root is not None else ""


def _drawing_paragraphs(root: _Element) -> Iterator[str]:
    for paragraph in root.iter():
        if local(paragraph) == "p" and (text := drawing_paragraph(paragraph)):
            yield text


def drawing_paragraph(paragraph: _Element) -> str:
    parts = []
    for element in paragraph.iter():
        name = local(element)
        if name == "t":
            parts.append(element.text or "")
        elif name in ("br", "tab"):
            parts.append(" ")
    return one_line("".join(parts))


def chart_text(root: _Element | None) -> str:
    """Title, then a row a category with the values of all series."""
    if root is None:
        return ""
    title = next((drawing_text(element) for element in root.iter() if local(element) == "title"), "").replace("\n", " ")
    series = [element for element in root.iter() if local(element) == "ser"]
    names = [_points(entry, "tx") for entry in series]
    labels = next((points for entry in series if (points := _points(entry, "cat"))), [])
    values = [_points(entry, "val") or _points(entry, "yVal") for entry in series]
    rows = ["\t".join(["", *(" ".join(name) for name in names)])] if any(names) else []
    for number, label in enumerate(labels):
        rows.append("\t".join([label, *(column[number] if number < len(column) else "" for column in values)]))
    return "\n".join(part for part in (title, *rows) if part.strip())


def _points(entry: _Element, name: str) -> list[str]:
    holder = next((child for child in entry if local(child) == name), None)
    return [one_line(value.text or "") for value in holder.iter() if local(value) == "v"] if holder is not None else []


def formula(element: _Element) -> str:
    """An equation (``m:oMath``) on one line: fractions as ``a/b``, powers as ``x^2``, roots as ``√(x)``."""
    name = local(element)
    if name == "t":
        return element.text or ""
    parts = {
        local(child): formula(child) for child in element if local(child) in ("num", "den", "e", "sup", "sub", "deg")
    }
    if name == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if name == "rad":
        return f"√({parts.get('e', '')})"
    if name in ("sSup", "sSub", "sSubSup"):
        below = f"_{_grouped(parts['sub'])}" if parts.get("sub") else ""
        above = f"^{_grouped(parts['sup'])}" if parts.get("sup") else ""
        return parts.get("e", "") + below + above
    if name == "d":
        return "(" + ", ".join(formula(child) for child in element if local(child) == "e") + ")"
    return "".join(formula(child) for child in element if not local(child).endswith("Pr"))


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
