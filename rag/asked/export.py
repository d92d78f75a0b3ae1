"""The table of every document as files: CSV for spreadsheets, Markdown for people. Pure but for `export_table`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.answering.events import AnswerReport
from rag.asked.telling import write_cell, write_head
from rag.errors import SettingsError

COLUMNS = ("source", "title", "answer", "plain", "quote", "page", "matches", "failed")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Begins what a spreadsheet would compute."""


def write_csv(table: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV, with a head; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in table:
        cells = ["" if row.get(name) is None else str(row[name]) for name in COLUMNS]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) and not _is_number(cell) else cell for cell in cells])
    return out.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_markdown(table: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a table of Markdown."""
    lines = list(write_head(COLUMNS))
    for row in table:
        cells = ("" if row.get(name) is None else write_cell(str(row[name])) for name in COLUMNS)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def export_table(report: AnswerReport, csv_file: Path | None, markdown_file: Path | None) -> None:
    """Write the table into the files that were named. Raises SettingsError if there is none, or it can't be written."""
    for path, write in ((csv_file, write_csv), (markdown_file, write_markdown)):
        if path and report.kind != "every":
            raise SettingsError(f"Nothing was written to {path}: only a question to every document has a table.")
        if path:
            try:
                path.write_text(write(report.table), "utf-8", newline="")
            except OSError as exc:
                raise SettingsError(f"The table can't be written to {path} ({exc.strerror or exc}).") from exc
