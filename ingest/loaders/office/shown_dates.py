"""Dates and times as a section of a number format shows them. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.loaders.office.day_names import name_day, name_month
from ingest.loaders.office.format_codes import Section, Token


class Moments:
    """Shows moments by a section. The texts of days and of times of day are kept, as tables repeat them."""

    def __init__(self, section: Section) -> None:
        self._language = section.language
        self._decimals = min(max((len(t.text) - 1 for t in section.tokens if t.kind == "fraction"), default=0), 6)
        self._has_halves = any(token.kind == "half" for token in section.tokens)
        self._has_day = any(token.kind == "run" and token.text in ("d", "dd") for token in section.tokens)
        self._is_elapsed = any(token.kind == "elapsed" for token in section.tokens)
        self._step = 1 if any(token.kind == "run" and token.text[0] == "s" for token in section.tokens) else 60
        """Seconds that make a difference in the time of day that is shown."""
        self._parts: list[_Part] = []
        for token in section.tokens:
            source = _name_source(token)
            if self._parts and source in ("", self._parts[-1].source):
                self._parts[-1].tokens.append(token)
            else:
                self._parts.append(_Part(source, [token]))

    def show(self, value: float, is_1904: bool) -> str:
        """The moment as the section shows it; empty for what is before or behind all dates."""
        if (value < 0 and not self._is_elapsed) or abs(value) > _LAST_DAY:
            return ""
        ticks = int(abs(value) * 86_400 * 10**self._decimals + 0.5)
        seconds, fraction = divmod(ticks, 10**self._decimals)
        days, rest = divmod(seconds, 86_400)
        epoch = _EPOCH_1904 if is_1904 else _EPOCH if days > 60 else _EPOCH + 1  # Excel counts a 29 February of 1900
        keys = {
            "": 0, "day": epoch + days, "clock": rest - rest % self._step, "h": seconds // 3_600, "m": seconds // 60,
            "s": seconds, "fraction": fraction,
        }  # fmt: skip
        shown = "".join([part.texts.get(key := keys[part.source]) or self._write(part, key) for part in self._parts])
        return f"-{shown}" if value < 0 else shown

    def _write(self, part: _Part, key: int) -> str:
        """The part's text for a day's ordinal, a second of the day, all hours, minutes or seconds, or part of one."""
        day = datetime.date.fromordinal(key if part.source == "day" else 1)
        moment = _Moment(day, key, f"{key:0{self._decimals}d}", self._language, self._has_halves, self._has_day)
        if len(part.texts) >= _MOST_KEPT:
            part.texts.clear()
        text = part.texts[key] = "".join(map(moment.show, part.tokens))
        return text


_MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens in a row that one number tells, with the texts that were made of it."""

    source: str
    """The number that they show: ``day``, ``clock``, elapsed ``h``, ``m`` or ``s``, ``fraction`` (of it), or none."""
    tokens: list[Token]
    texts: dict[int, str] = field(default_factory=dict)


def _name_source(token: Token) -> str:
    if token.kind == "run":
        return "clock" if token.text[0] in "hns" else "day"
    if token.kind == "elapsed":
        return token.text[0]
    return {"half": "clock", "fraction": "fraction"}.get(token.kind, "")


_LAST_DAY = 2_957_003
"""31 December 9999, counted from 1904."""
_EPOCH, _EPOCH_1904 = datetime.date(1899, 12, 30).toordinal(), datetime.date(1904, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class _Moment:
    day: datetime.date
    count: int
    """Seconds since midnight; for what has elapsed, its hours, minutes or seconds."""
    part: str
    """The digits behind the second."""
    language: str
    has_halves: bool
    has_day: bool

    def show(self, token: Token) -> str:
        if token.kind == "elapsed":
            return f"{self.count:0{len(token.text)}d}"
        if token.kind == "fraction":
            return "." + self.part[: len(token.text) - 1]
        if token.kind == "half":
            names = token.text.split("/")
            return names[self.count >= 43_200]
        return _RUNS[token.text[0]](self, len(token.text)) if token.kind == "run" else token.text

    def show_hour(self, length: int) -> str:
        hour = self.count // 3_600
        return f"{(hour + 11) % 12 + 1 if self.has_halves else hour:0{min(length, 2)}d}"

    def show_month(self, length: int) -> str:
        month = self.day.month
        if length < 3:
            return f"{month:0{length}d}"
        name = name_month(month, self.language, is_short=length == 3, is_of_day=self.has_day)
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
    "n": lambda moment, length: f"{moment.count // 60 % 60:0{length}d}",
    "s": lambda moment, length: f"{moment.count % 60:0{min(length, 2)}d}",
}
"""How each run of letters is shown: the function takes the run's length."""
