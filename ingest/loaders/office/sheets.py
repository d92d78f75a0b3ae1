"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS): a page for each sheet, a line for each row. Owner of python_calamine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from ingest.loaders.archive import Archive
from ingest.loaders.elements import get_tag
from ingest.loaders.office.binary_cells import Area, BinaryBook, open_xls, open_xlsb
from ingest.loaders.office.number_formats import NumberFormat
from ingest.loaders.office.odf import read_header, refuse_encrypted
from ingest.loaders.office.ods import read_sheets
from ingest.loaders.office.ooxml import Package, get_relation_id, read_chart, read_drawing_text
from ingest.loaders.office.row_styles import has_plain_rows
from ingest.loaders.office.shown_cells import ShownCells
from ingest.loaders.office.shown_values import show_row
from ingest.loaders.reading import Reading, ReadOptions, make_label, make_one_line
from ingest.loaders.tables import Cell, group_lines, write_table
from rag.errors import LoadError
from rag.types import Document, Page

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_Row = list[Cell | str]


def load_sheets(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A page for each sheet; charts, text boxes and comments follow the rows. A hidden sheet says so in its heading."""
    archive = Archive(data) if data.startswith(b"PK") else None
    if archive is not None and "content.xml" in archive:
        refuse_encrypted(archive)
        header = read_header(source, archive)
        return Reading(replace(header, page_kind="sheet"), _read_ods_pages(archive.read("content.xml")))
    package = Package(archive) if archive is not None else None
    header = package.read_header(source) if package else Document(source, ())
    return Reading(replace(header, page_kind="sheet"), _read_pages(_open(data), package, data))


def _open(data: bytes) -> CalamineWorkbook:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise LoadError("encrypted; put its password into the passwords file") from error
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise LoadError(f"it is a damaged spreadsheet ({str(error)[:120]})") from error


def _write_pages(number: int, title: str, rows: Iterable[_Row], extras: Iterable[str]) -> Iterator[Page]:
    """The sheet's heading, its rows in blocks, then `extras`, which are taken when the rows are exhausted."""
    heading = f"# {title}\n\n"
    for block in group_lines(line.rstrip("\t") for line in write_table(rows, has_covered=True)):
        yield Page(number, heading + block)
        heading = ""
    if extra := "\n\n".join(extras):
        yield Page(number, heading + extra)


def _name_sheet(name: str, *, is_hidden: bool) -> str:
    return make_label(name) + (" (hidden sheet)" if is_hidden else "")


def _read_ods_pages(content: bytes) -> Iterator[Page]:
    for number, (_, rows) in enumerate(groupby(read_sheets(content), key=itemgetter(0)), start=1):
        sheet, first = next(rows)
        title = _name_sheet(sheet.name, is_hidden=sheet.is_hidden)
        cells = (row for _, row in rows)
        yield from _write_pages(number, title, chain([first], cells), sheet.comments)


def _read_pages(workbook: CalamineWorkbook, package: Package | None, data: bytes) -> Iterator[Page]:
    from python_calamine import SheetVisibleEnum

    parts, shown, book = _find_parts(package, data)
    for number, entry in enumerate(workbook.sheets_metadata, start=1):
        part = parts.get(entry.name, "")
        sheet = _find_sheet(workbook, entry.name)
        if book:
            rows = _read_binary_rows(sheet, book, number - 1)
        else:
            rows = _read_rows(sheet, shown, shown.read_sheet(part) if shown else b"")
        extras = _read_sheet_extras(package, part) if package else ()
        title = _name_sheet(entry.name, is_hidden=entry.visible != SheetVisibleEnum.Visible)
        yield from _write_pages(number, title, rows, (text for text in extras if text.strip()))


def _find_sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet | None:
    """None for chart sheets and damaged ones, which have no rows; the others are still read."""
    import python_calamine

    try:
        return workbook.get_sheet_by_name(name)
    except python_calamine.CalamineError:
        return None


def _read_binary_rows(sheet: CalamineSheet | None, book: BinaryBook, at: int) -> Iterator[_Row]:
    if sheet is None:
        return
    styles = book.read_sheet(at)
    start = sheet.start[1] if sheet.start else 16_384
    first = min([start, *(min(cells) for cells in styles.formulas.values())])
    pad = [""] * (start - first) if sheet.start else []
    rows: Iterator[list[str]] = (pad + row for row in book.show_rows(_iterate_rows(sheet), styles, start, sheet.width))
    rows = _show_cells(rows, iter(sorted(styles.formulas.items())), first) if styles.formulas else rows
    yield from _merge_cells(rows, styles.merged, first)


def _read_rows(sheet: CalamineSheet | None, shown: ShownCells | None, content: bytes) -> Iterator[_Row]:
    if sheet is None:
        return
    start = sheet.start[1] if sheet.start else 16_384
    has_more = shown is not None and shown.tells_more(content)
    columns = (min(cells) for _, cells in shown.find_cells(content)) if shown and has_more else ()
    first = min([start, *columns])
    pad = [""] * (start - first) if sheet.start else []
    values = _iterate_rows(sheet)
    if shown and not has_more and has_plain_rows(content):
        rows = shown.show_rows(values, content, first, sheet.width)
    else:
        rows = (pad + show_row(row) for row in values)
        rows = _show_cells(rows, shown.find_cells(content), first) if shown and content else rows
    yield from _merge_cells(rows, sheet.merged_cell_ranges or (), first)


def _iterate_rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    import python_calamine

    try:
        yield from sheet.iter_rows()
    except python_calamine.CalamineError:
        return


def _show_cells(
    rows: Iterable[list[str]], shown: Iterator[tuple[int, Mapping[int, str | NumberFormat]]], first: int
) -> Iterator[list[str]]:
    """The rows with what their cells show, and those rows that have nothing else; `first` is the rows' first column."""
    at, cells = next(shown, (-1, {}))
    number = -1
    for number, row in enumerate(rows):
        while -1 < at < number:
            at, cells = next(shown, (-1, {}))
        if at == number:
            _put_cells(row, cells, first)
            at, cells = next(shown, (-1, {}))
        yield row
    while at > number:
        yield from ([] for _ in range(min(at - number - 1, _MOST_GAP)))
        number, row = at, []
        _put_cells(row, cells, first)
        yield row
        at, cells = next(shown, (-1, {}))


_MOST_GAP = 1_000
"""Empty rows that are counted between two rows behind all values."""


def _put_cells(row: list[str], cells: Mapping[int, str | NumberFormat], first: int) -> None:
    for column, shown in cells.items():
        place = column - first
        if place >= len(row):
            row.extend([""] * (place + 1 - len(row)))
        if place >= 0:
            row[place] = shown if isinstance(shown, str) else shown.show_text(row[place])


def _merge_cells(rows: Iterable[list[str]], merged: Iterable[Area], first: int) -> Iterator[_Row]:
    """The rows with their merged cells, as far as these have text."""
    begins: dict[int, list[tuple[int, int, int]]] = {}
    for (top, left), (bottom, right) in merged:
        begins.setdefault(top, []).append((left - first, right - left + 1, bottom - top + 1))
    for number, row in enumerate(rows):
        if number not in begins:
            yield cast("_Row", row)
            continue
        cells: _Row = [*row]
        for place, columns, height in begins[number]:
            if 0 <= place < len(row) and row[place]:
                cells[place] = Cell(row[place], columns, height)
        yield cells


def _find_parts(package: Package | None, data: bytes) -> tuple[dict[str, str], ShownCells | None, BinaryBook | None]:
    """The sheets' parts by name, and what their cells show, in XML or in a binary workbook."""
    if package is None:
        return {}, None, open_xls(data)
    main = package.find_main_part("xl/workbook.xml")
    if main.endswith(".bin"):
        return {}, None, open_xlsb(package, main)
    root = package.find_xml(main)
    relations = package.read_relations(main)
    parts = {
        sheet.get("name", ""): relations.get(get_relation_id(sheet), ("", ""))[1]
        for sheet in (root.iter() if root is not None else ())
        if get_tag(sheet) == "sheet"
    }
    return parts, ShownCells(package, main), None


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
