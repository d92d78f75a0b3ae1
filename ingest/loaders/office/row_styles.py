"""The styles of a sheet's cells, row by row, told by its XML. Pure.

Most rows of a table have the same styles. So what is found for a row is tried on the next one: it needs a tenth of the
time that looking for each cell does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.loaders.office.shown_values import Show

RawCell = tuple[bytes, bytes, bytes]
"""The letters of a cell's column, its style's number and its type; empty if it has none."""

_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3})\d{1,7}"([^<>]{0,300})>')
_PLACE = re.compile(rb'<c r="[A-Z]{1,3}(\d{1,7})"')
_ANY_CELL = re.compile(rb"<c\b([^<>]{0,300})")
_ATTRIBUTE = re.compile(rb'\s(r|s|t)="([^"]{0,20})"')
_CONTENT = rb"(?:<f[^<]*+(?:</f>)?+)?+(?:<v>[^<]*+</v>|<is><t[^<]*+</t></is>)?+</c>"
_SAMPLE = 20_000
"""Bytes of a sheet that tell how its program writes rows."""
_ROWS_BEFORE_PATTERN, _MOST_PATTERNS, _LONGEST_PATTERN = 8, 20, 500
"""Rows with the same styles after which a pattern of them is made; patterns a sheet; cells that one may have."""
_MOST_PLANNED = 300_000
"""Cells of all kinds of rows that are kept."""


def has_plain_rows(sheet: bytes) -> bool:
    """Whether rows and cells are written without a prefix, as all usual programs do."""
    return b"<row" in sheet[:_SAMPLE] and b":row" not in sheet[:_SAMPLE]


@dataclass(slots=True)
class _Plan:
    """What is known of rows whose cells have the same columns, styles and types."""

    shows: list[Show] | None
    rows: int = 0
    pattern: re.Pattern[bytes] | None = None


class RowStyles:
    """The rows of a sheet with plain rows, each with what shows its values."""

    def __init__(self, sheet: bytes, choose_shows: Callable[[Sequence[RawCell]], list[Show] | None]) -> None:
        self._sheet = sheet
        self._choose_shows = choose_shows
        self._plans: dict[tuple[tuple[bytes, bytes], ...], _Plan] = {}
        self._patterns = self._planned = 0
        self._start = self._end = 0
        self.rows = self._read_rows()
        """The rows' numbers, counted from 0, each with what shows its values; None if they are shown as they are."""

    @property
    def row_xml(self) -> bytes:
        """The XML of the row that was taken last."""
        return self._sheet[self._start : self._end]

    def _read_rows(self) -> Iterator[tuple[int, list[Show] | None]]:
        sheet, start = self._sheet, max(self._sheet.find(b"<row"), 0)
        pattern, shows = None, None
        while (end := sheet.find(b"</row>", start)) >= 0:
            self._start, self._end = start, end
            start = end + 6
            if pattern and (found := pattern.fullmatch(sheet, self._start, end)):
                yield int(found[1]) - 1, shows
            elif place := _PLACE.search(sheet, self._start, end):
                plan = self._find_plan()
                if plan.pattern:
                    pattern, shows = plan.pattern, plan.shows
                yield int(place[1]) - 1, plan.shows

    def _find_plan(self) -> _Plan:
        cells = tuple(_PLAIN_CELL.findall(self._sheet, self._start, self._end))
        if len(cells) != self._sheet.count(b"<c", self._start, self._end):
            return _Plan(self._choose_shows(list(self._read_cells())))
        plan = self._plans.get(cells)
        if plan is None:
            if self._planned > _MOST_PLANNED:
                self._plans.clear()
                self._planned = 0
            plan = self._plans[cells] = _Plan(self._choose_shows([(letters, *_read(rest)) for letters, rest in cells]))
            self._planned += len(cells) + len(plan.shows or ())
        plan.rows += 1
        if plan.rows == _ROWS_BEFORE_PATTERN and self._patterns < _MOST_PATTERNS and len(cells) <= _LONGEST_PATTERN:
            self._patterns += 1
            plan.pattern = _make_pattern(cells)
        return plan

    def _read_cells(self) -> Iterator[RawCell]:
        """The row's cells, in whatever order their attributes stand."""
        for found in _ANY_CELL.finditer(self._sheet, self._start, self._end):
            place = re.match(rb"[A-Z]{1,3}", dict(_ATTRIBUTE.findall(found[1])).get(b"r", b""))
            if place:
                yield place[0], *_read(found[1])


def _read(attributes: bytes) -> tuple[bytes, bytes]:
    """Style and type."""
    found = dict(_ATTRIBUTE.findall(attributes))
    return found.get(b"s", b""), found.get(b"t", b"")


def _make_pattern(cells: Sequence[tuple[bytes, bytes]]) -> re.Pattern[bytes]:
    """What a row with these cells matches, whatever their values; its first group is the row's number."""
    parts = [rb"[^<]*+<row[^<>]*+>"]
    for letters, attributes in cells:
        number = rb"\1" if len(parts) > 1 else rb"(\d{1,7})"
        content = b"" if attributes.endswith(b"/") else _CONTENT
        parts.append(b'<c r="%b%b"%b>%b' % (letters, number, re.escape(attributes), content))
    return re.compile(b"".join(parts))
