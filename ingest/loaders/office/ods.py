"""The rows of OpenDocument spreadsheets, as the program that saved the file showed them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_attribute, get_tag, iterate_xml
from ingest.loaders.office.number_formats import show_general
from ingest.loaders.office.odf import read_count, read_paragraphs
from ingest.loaders.tables import Cell

if TYPE_CHECKING:
    from lxml.etree import _Element

_MOST_REPEATED = 1_000
"""The most characters of a cell or row that is repeated as often as the file says."""
_MOST_REPEATS = 50
"""How often a row or cell with text is repeated at most."""
_MOST_COLUMNS = 16_384


@dataclass(eq=False, slots=True)
class OdsSheet:
    """What is known of a sheet while its rows are read."""

    name: str
    is_hidden: bool
    comments: list[str] = field(default_factory=list)
    """Complete once the rows are exhausted."""


def read_sheets(content: bytes) -> Iterator[tuple[OdsSheet, list[Cell | str]]]:
    """The rows of ``content.xml`` in order, each with its sheet; a sheet begins with an empty row."""
    sheet = OdsSheet("", False)
    hidden: set[str] = set()
    depth = 0
    for event, element in iterate_xml(content, ("table", "table-row", "style")):
        name = get_tag(element)
        if name == "style" and event == "end" and _hides(element):
            hidden.add(get_attribute(element, "name"))
        elif name == "table":
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                sheet = OdsSheet(get_attribute(element, "name"), get_attribute(element, "style-name") in hidden)
                yield sheet, []
        elif name == "table-row" and event == "end" and depth == 1:
            cells = _read_row(element, sheet)
            is_short = sum(len(cell if isinstance(cell, str) else cell.text) for cell in cells) <= _MOST_REPEATED
            repeats = read_count(element, "number-rows-repeated") if cells and is_short else 1
            for _ in range(min(repeats, _MOST_REPEATS)):
                yield sheet, cells
            _forget(element)


def _forget(row: _Element) -> None:
    """Free a row that was read, and what stood before it."""
    parent = row.getparent()
    row.clear()
    while parent is not None and (before := row.getprevious()) is not None:
        parent.remove(before)


def _hides(style: _Element) -> bool:
    return any(get_tag(child) == "table-properties" and get_attribute(child, "display") == "false" for child in style)


def _read_row(row: _Element, sheet: OdsSheet) -> list[Cell | str]:
    """The row's cells, without the empty ones at its end."""
    cells: list[Cell | str] = []
    empty = 0
    for element in row:
        if get_tag(element) not in ("table-cell", "covered-table-cell"):
            continue
        repeats = read_count(element, "number-columns-repeated")
        cell = _read_cell(element, sheet)
        if not cell:
            empty += repeats
        elif len(cells) + empty < _MOST_COLUMNS:
            size = len(cell if isinstance(cell, str) else cell.text)
            cells.extend([""] * empty)
            cells.extend([cell] * min(repeats if size <= _MOST_REPEATED else 1, _MOST_REPEATS))
            empty = 0
    return cells


def _read_cell(element: _Element, sheet: OdsSheet) -> Cell | str:
    comments: list[str] = []
    text = read_paragraphs(element, comments) or _show_value(element)
    sheet.comments.extend(comments)
    columns, rows = (read_count(element, f"number-{kind}-spanned") for kind in ("columns", "rows"))
    return Cell(text, min(columns, _MOST_COLUMNS), rows) if text and columns * rows > 1 else text


_DURATION = re.compile(r"PT(\d{1,9})H(\d{1,2})M([\d.]{1,12})S")


def _show_value(element: _Element) -> str:
    """The value of a cell that has none of the text that shows it; its formula if it has no value either."""
    kind, value = get_attribute(element, "value-type"), get_attribute(element, "value")
    if kind in ("float", "currency", "percentage"):
        try:
            number = float(value)
        except ValueError:
            return value
        shown = show_general(100 * number if kind == "percentage" else number)
        return f"{shown}%" if kind == "percentage" else f"{shown} {get_attribute(element, 'currency')}".strip()
    if kind == "time" and (found := _DURATION.fullmatch(get_attribute(element, "time-value"))):
        return f"{int(found[1])}:{int(found[2]):02d}" + (f":{found[3]}" if float(found[3]) else "")
    if stored := get_attribute(element, f"{kind}-value") if kind else "":
        return stored.removesuffix("T00:00:00")
    formula = get_attribute(element, "formula")
    return (
        re.sub(r"\[\.?([^\[\]]*)\]", lambda m: m[1].replace(":.", ":"), formula[formula.find("=") :]) if formula else ""
    )
