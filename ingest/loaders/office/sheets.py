"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS): a page for each sheet, a line for each row. Owner of python_calamine."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_tag
from ingest.loaders.office.odf import read_header, refuse_encrypted
from ingest.loaders.office.ooxml import Package, get_relation_id, read_chart, read_drawing_text
from ingest.loaders.reading import Reading, ReadOptions, make_label, make_one_line
from rag.errors import LoadError
from rag.types import Document, Page

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_ROWS_A_BLOCK = 2_000
"""How many rows are handed on together: a long sheet is never held whole as text."""


def load_sheets(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each sheet; charts, text boxes and comments follow the rows."""
    archive = Archive(data) if data.startswith(b"PK") else None
    extras: dict[str, list[str]] = {}
    header = Document(source, ())
    if archive is not None and "content.xml" in archive:
        refuse_encrypted(archive)
        header = read_header(source, archive)
    elif archive is not None:
        package = Package(archive)
        header, extras = package.read_header(source), _read_extras(package)
    return Reading(replace(header, page_kind="sheet"), _read_pages(_open(data), extras))


def _open(data: bytes) -> CalamineWorkbook:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise LoadError("encrypted; put its password into the passwords file") from error
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise LoadError(f"it is a damaged spreadsheet ({str(error)[:120]})") from error


def _read_pages(workbook: CalamineWorkbook, extras: dict[str, list[str]]) -> Iterator[Page]:
    for number, name in enumerate(workbook.sheet_names, start=1):
        title = make_label(name)
        rows = _read_rows(workbook, name)
        first = True
        for block in _group_rows(rows):
            yield Page(number, f"# {title}\n\n{block}" if first else block)
            first = False
        if extra := "\n\n".join(extras.get(name, ())):
            yield Page(number, f"# {title}\n\n{extra}" if first else extra)


def _read_rows(workbook: CalamineWorkbook, name: str) -> Iterator[str]:
    import python_calamine

    try:
        sheet = workbook.get_sheet_by_name(name)
        for row in sheet.iter_rows():
            yield "\t".join(map(_show_value, row)).rstrip("\t")
    except python_calamine.CalamineError:  # chart sheets and damaged ones have no rows; the others are still read
        return


def _group_rows(rows: Iterable[str]) -> Iterator[str]:
    """Rows joined into blocks. A block that continues a long sheet begins with the sheet's first row, its header."""
    block: list[str] = []
    for row in rows:
        if row.strip() or (block and block[-1]):
            block.append(row.strip("\n") if row.strip() else "")
        if len(block) >= _ROWS_A_BLOCK:
            yield "\n".join(block)
            block = [block[0]]
    if len(block) > 1 or (block and block[0]):
        yield "\n".join(block)


def _show_value(value: Any) -> str:  # noqa: ANN401 (calamine's cells: text, number, date, time, truth value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return make_one_line(str(value))


def _read_extras(package: Package) -> dict[str, list[str]]:
    """Text boxes, charts and comments by sheet name."""
    main = package.find_main_part("xl/workbook.xml")
    root = package.find_xml(main)
    relations = package.read_relations(main)
    found: dict[str, list[str]] = {}
    for sheet in root.iter() if root is not None else ():
        if get_tag(sheet) == "sheet":
            part = relations.get(get_relation_id(sheet), ("", ""))[1]
            found[sheet.get("name", "")] = [text for text in _read_sheet_extras(package, part) if text.strip()]
    return found


def _read_sheet_extras(package: Package, sheet: str) -> Iterator[str]:
    for kind, part in package.read_relations(sheet).values() if sheet else ():
        root = package.find_xml(part) if kind in ("drawing", "comments") else None
        if root is None:
            continue
        if kind == "comments":
            entries = (element for element in root.iter() if get_tag(element) == "comment")
            yield "\n".join(make_one_line("".join(entry.itertext())) for entry in entries)
            continue
        yield read_drawing_text(root)
        charts = (target for type_, target in package.read_relations(part).values() if type_ == "chart")
        yield from (read_chart(package.find_xml(chart)) for chart in charts)
