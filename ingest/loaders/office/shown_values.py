"""Values as spreadsheets show them: without a format, and by one. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ingest.loaders.office.number_formats import NumberFormat, show_elapsed, show_general
from ingest.loaders.reading import make_one_line

Show = Callable[[Any], str | None]
"""Gives a value's text; None where only the number itself, not the moment that was made of it, tells it exactly."""


class StyledCell(NamedTuple):
    """A cell's place in its row of values, its format unless it is plain, and whether its value is a text."""

    place: int
    shown: NumberFormat | None
    is_text: bool


def show_value(value: object) -> str:
    """The value of a cell without a format."""
    show = _BY_TYPE.get(type(value))
    return show(value) if show else make_one_line(str(value))


def _show_moment(value: datetime.datetime) -> str:
    return value.date().isoformat() if value.time() == datetime.time() else str(value)


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    float: show_general,
    str: make_one_line,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime.datetime: _show_moment,
    datetime.timedelta: show_elapsed,
}


def show_row(row: Iterable[object]) -> list[str]:
    """The values of cells without formats."""
    find = _BY_TYPE.get
    return [find(type(value), show_value)(value) for value in row]


class ShownValues:
    """The texts of one workbook's values, kept by format, because tables repeat them."""

    def __init__(self, *, is_1904: bool, needs_exact: bool = True, may_be_negative: bool = False) -> None:
        """`needs_exact` says that what a millisecond leaves open is to be told by None.

        `may_be_negative` says that a time may come from a number below zero, which calamine doesn't tell.
        """
        self._is_1904 = is_1904
        self._open_kinds: tuple[type, ...] = (datetime.time,) if may_be_negative else ()
        self._needs_exact = needs_exact
        self._shows: dict[NumberFormat, Show] = {}

    def find_show(self, shown: NumberFormat) -> Show:
        """What shows values by this format."""
        if shown not in self._shows:
            find_text = _Texts(shown, self._is_1904, self._needs_exact, self._open_kinds).__getitem__
            self._shows[shown] = _make_quick(shown.quick, find_text) if shown.quick else find_text
        return self._shows[shown]


def _make_quick(show_number: Callable[[float], str], find_text: Show) -> Show:
    """The quick way for numbers, beside which keeping their texts isn't worth its time, and `find_text` for others."""

    def show(value: object) -> str | None:
        return show_number(value) if type(value) is float else find_text(value)

    return show


def choose_shows(cells: Iterable[StyledCell], values: ShownValues, width: int) -> list[Show] | None:
    """What shows each of the values of a row that has `width` of them; None if it has no formats."""
    shows: list[Show] = [show_value] * width
    is_plain = True
    for place, shown, is_text in cells:
        if shown is None or not 0 <= place < width or (is_text and not shown.decorates_text):
            continue
        shows[place] = _make_text_show(shown) if is_text else values.find_show(shown)
        is_plain = False
    return None if is_plain else shows


def _make_text_show(shown: NumberFormat) -> Show:
    return lambda value: shown.show_text(show_value(value))


_MOST_KEPT = 5_000
"""Texts that are kept of one format."""
_DAY = datetime.timedelta(days=1)
_EPOCHS = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}
_FIRST_SURE = datetime.datetime(1900, 3, 1)
"""Before it, Excel counts a day that there never was."""


class _Texts(dict[object, str | None]):
    """The texts by value. A dict that fills itself, because a look-up in it is no call of a function."""

    def __init__(self, shown: NumberFormat, is_1904: bool, needs_exact: bool, open_kinds: tuple[type, ...]) -> None:
        super().__init__()
        self._show, self._is_1904, self._needs_exact = shown.show, is_1904, needs_exact
        self._open_kinds = open_kinds
        self._shows_fractions = shown.shows_fractions

    def __missing__(self, value: object) -> str | None:
        if len(self) >= _MOST_KEPT:
            self.clear()
        text = self[value] = self._write(value)
        return text

    def _write(self, value: object) -> str | None:
        if type(value) is float:
            return self._show(value, is_1904=self._is_1904)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._show(float(value), is_1904=self._is_1904)
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = datetime.datetime.combine(value, datetime.time())
        if not isinstance(value, (datetime.datetime, datetime.time, datetime.timedelta)):
            return show_value(value)
        if self._needs_exact and (self._shows_fractions or isinstance(value, self._open_kinds) or _is_open(value)):
            return None
        return self._show(_count_days(value, self._is_1904), is_1904=self._is_1904)


def _is_open(value: datetime.datetime | datetime.time | datetime.timedelta) -> bool:
    """Whether the millisecond leaves open to which second the moment is nearest, or which day it is."""
    part = value.microseconds if isinstance(value, datetime.timedelta) else value.microsecond
    return part // 1000 in (499, 500, 501) or (isinstance(value, datetime.datetime) and value < _FIRST_SURE)


def _count_days(value: datetime.datetime | datetime.time | datetime.timedelta, is_1904: bool) -> float:
    """The number that the file has for the moment."""
    if isinstance(value, datetime.timedelta):
        return value / _DAY
    if isinstance(value, datetime.time):
        return (datetime.datetime.combine(_EPOCHS[True], value) - _EPOCHS[True]) / _DAY
    days = (value - _EPOCHS[is_1904]) / _DAY
    return days if is_1904 or value >= _FIRST_SURE else days - 1
