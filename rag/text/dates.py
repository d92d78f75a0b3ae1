"""Dates as documents and people write them, made ISO 8601 days that compare as text. Pure."""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass

from rag.errors import SettingsError

_ISO = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ].*)?")

MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "ru": "январ феврал март апрел ма[йея] июн июл август сентябр октябр ноябр декабр",
}
"""The names of the months, from January on, as patterns of their beginnings; other languages write figures."""
_SHORT_NAMES = (
    "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "jän febr mär avr mai juin juil août sept okt nov dez".split(),
    "janv févr mrz abr maj juni juli ago set octubre nov déc".split(),
    "ene fév märz april mayo june july aout sept. octob nov dic".split(),
)
"""What people write for the months beside a day and a year, in each row from January on."""
_SHORT = "|".join(dict.fromkeys(name.rstrip(".") for names in _SHORT_NAMES for name in names))
_NAMES = "|".join(dict.fromkeys(name for names in MONTHS.values() for name in names.split()))
MONTH_NAME = rf"(?<![^\W\d_])(?:{_NAMES})[^\W\d_]{{0,2}}(?![^\W\d_])"
"""A month's name in a text in small letters, with an ending."""
_NAMED = rf"(?P<name>{MONTH_NAME})"
_YEAR = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)"
_NUMBER = r"(?<!\d)(?P<number>0?[1-9]|1[0-2])(?!\d)"
_GAP = r"[\s._/-]{0,2}"
_OF_YEAR = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_NAMED}(?:{_GAP}\d{{1,2}}(?:st|nd|rd|th)?)?(?: de| of|,)?{_GAP}{_YEAR}",
        rf"{_YEAR}{_GAP}{_NAMED}",
        rf"{_YEAR}[._/-]{_NUMBER}",
        rf"{_NUMBER}[._/-]{_YEAR}",
        rf"{_YEAR}\s?[年년]\s?{_NUMBER}\s?[月월]",
    )
)
"""A month of a year, in small letters: "march 2024", "marzo de 2024", "2024-03", "3.2024", "2024年3月"."""
_DAY = re.compile(
    rf"(?<!\d)(?:(?P<y1>\d{{4}})(?P<sign>[-/])(?P<m1>\d{{1,2}})(?P=sign)(?P<d1>\d{{1,2}})(?!\d)|(?<!\d[.-])(?P<d2>\d{{1,2}})[./-](?P<m2>\d{{1,2}})[./-](?P<y2>\d{{4}})"
    r"|(?:(?P<y3>\d{4})\s?[年년]\s?)?(?P<m3>\d{1,2})\s?[月월](?:\s?(?P<d3>\d{1,2})\s?[日일号])?"
    rf"|(?<!\d[.,])(?:(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?)?\b(?P<w4>(?:{_NAMES})\w{{0,2}})\b(?:,?\s(?:de\s)?(?P<y4>\d{{4}}))"
    rf"|(?<!\d[.,])(?P<d7>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-](?P<w7>{_SHORT})\b\.?,?[\s-](?P<y7>\d{{4}})"
    rf"|\b(?P<w8>{_SHORT})\b\.?\s(?P<d8>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y8>\d{{4}})"
    rf"|(?<!\d[.,])(?P<d5>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?(?P<w5>(?:{_NAMES})\w{{0,2}})\b"
    rf"|\b(?P<w6>(?:{_NAMES}))\s(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<y6>\d{{4}}))?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamedDay:
    """``text[start:end]``, which names a day or a month; what it leaves open is None."""

    start: int
    end: int
    year: int | None
    month: int
    day: int | None

    def agrees(self, other: NamedDay) -> bool:
        """Whether both can be the same: what both name is equal."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(one == two for one, two in pairs if one is not None and two is not None)


def find_days(text: str) -> list[NamedDay]:
    """The days and months that a text names, in order; day before month where figures don't tell."""
    found = []
    for match in _DAY.finditer(text):
        parts = {name[0]: value for name, value in match.groupdict().items() if value}
        month = read_month(parts["w"]) if "w" in parts else int(parts["m"])
        day, year = (int(parts[name]) if name in parts else None for name in "dy")
        if month > 12 and day is not None and day <= 12:
            month, day = day, month
        if 1 <= month <= 12:
            found.append(NamedDay(match.start(), match.end(), year, month, day))
    return found


def read_month(word: str) -> int:
    """From 1; 0 for no month's name."""
    numbered = ((number, name) for names in MONTHS.values() for number, name in enumerate(names.split(), start=1))
    named = (number for number, name in numbered if re.fullmatch(rf"{name}\w{{0,2}}", word, re.IGNORECASE))
    short = (number for names in _SHORT_NAMES for number, name in enumerate(names, start=1) if name == word.casefold())
    return next(named, 0) or next(short, 0)


def list_months(text: str) -> list[str]:
    """The months of years that the text names, as ``202403``, in nine languages; each once."""
    plain = unicodedata.normalize("NFKC", text.casefold())
    found = (match.groupdict() for pattern in _OF_YEAR for match in pattern.finditer(plain))
    months = (f"{one['year']}{_read_month(one):02}" for one in found)
    return list(dict.fromkeys(months))


def _read_month(found: dict[str, str]) -> int:
    return read_month(found["name"]) if "name" in found else int(found["number"])


def iso_day(text: str) -> str:
    """The day as ``YYYY-MM-DD``, with 01 for a missing month or day; empty for neither ISO 8601 nor a mail's date."""
    found = _ISO.fullmatch(text.strip())
    try:
        if found:
            return datetime.date(int(found[1]), int(found[2] or 1), int(found[3] or 1)).isoformat()
        from email.utils import parsedate_to_datetime  # 8 ms, which no question needs

        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""


def bound(option: str, text: str | None) -> str | None:
    """One end of a period, as a person gave it: a year, month or day. Raises SettingsError that names `option`."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text.strip()) or not iso_day(text):
        raise SettingsError(f"{option} is {text!r}; it must be a year, month or day: 2023, 2023-07 or 2023-07-31.")
    return text.strip()
