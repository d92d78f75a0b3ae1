"""Dates and times as a section of a number format shows them. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from ingest.loaders.office.day_names import name_day, name_month
from ingest.loaders.office.format_codes import Section, Token


def show_date(section: Section, value: float, is_1904: bool) -> str:
    """The moment as the section shows it; empty for what is before or behind all dates."""
    decimals = max((len(token.text) - 1 for token in section.tokens if token.kind == "fraction"), default=0)
    is_elapsed = any(token.kind == "elapsed" for token in section.tokens)
    if (value < 0 and not is_elapsed) or abs(value) > _LAST_DAY:
        return ""
    ticks = int(abs(value) * 86_400 * 10 ** min(decimals, 6) + 0.5)
    seconds, part = divmod(ticks, 10 ** min(decimals, 6))
    days, rest = divmod(seconds, 86_400)
    epoch = _EPOCH_1904 if is_1904 else _EPOCH if days > 60 else _EPOCH + 1  # Excel counts a 29 February of 1900
    day = datetime.date.fromordinal(epoch + days)
    has_halves = any(token.kind == "half" for token in section.tokens)
    moment = _Moment(day, seconds, rest, f"{part:0{min(decimals, 6)}d}", section.language, has_halves)
    return ("-" if value < 0 else "") + "".join(map(moment.show, section.tokens))


_LAST_DAY = 2_957_003
"""31 December 9999, counted from 1904."""
_EPOCH, _EPOCH_1904 = datetime.date(1899, 12, 30).toordinal(), datetime.date(1904, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class _Moment:
    day: datetime.date
    seconds: int
    """All seconds since the epoch."""
    rest: int
    """Seconds since midnight."""
    part: str
    """The digits behind the second."""
    language: str
    has_halves: bool

    def show(self, token: Token) -> str:
        if token.kind == "elapsed":
            unit = {"h": 3_600, "m": 60, "s": 1}[token.text[0]]
            return f"{self.seconds // unit:0{len(token.text)}d}"
        if token.kind == "fraction":
            return "." + self.part[: len(token.text) - 1]
        if token.kind == "half":
            names = token.text.split("/")
            return names[self.rest >= 43_200]
        return _RUNS[token.text[0]](self, len(token.text)) if token.kind == "run" else token.text

    def show_hour(self, length: int) -> str:
        hour = self.rest // 3_600
        return f"{(hour + 11) % 12 + 1 if self.has_halves else hour:0{min(length, 2)}d}"

    def show_month(self, length: int) -> str:
        month = self.day.month
        if length < 3:
            return f"{month:0{length}d}"
        name = name_month(month, self.language, is_short=length == 3)
        return name[:1] if length == 5 else name

    def show_day(self, length: int) -> str:
        if length < 3:
            return f"{self.day.day:0{length}d}"
        return name_day(self.day.weekday(), self.language, is_short=length == 3)

    def show_year(self, length: int, added: int = 0) -> str:
        year = self.day.year + added
        return f"{year % 100:02d}" if length < 3 else f"{year:04d}"


_RUNS: dict[str, Callable[[_Moment, int], str]] = {
    "y": _Moment.show_year,
    "e": lambda moment, length: str(moment.day.year),
    "b": lambda moment, length: moment.show_year(length, 543),  # the Buddhist calendar
    "g": lambda moment, length: "",  # the name of an era
    "m": _Moment.show_month,
    "d": _Moment.show_day,
    "a": _Moment.show_day,
    "h": _Moment.show_hour,
    "n": lambda moment, length: f"{moment.rest // 60 % 60:0{length}d}",
    "s": lambda moment, length: f"{moment.rest % 60:0{min(length, 2)}d}",
}
"""How each run of letters is shown: the function takes the run's length."""
