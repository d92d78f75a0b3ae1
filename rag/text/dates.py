"""Dates as documents and people write them, made ISO 8601 days that compare as text. Pure."""

from __future__ import annotations

import datetime
import email.utils
import re
import unicodedata

from rag.errors import SettingsError

_ISO = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ].*)?")

_MONTH_NAMES = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
januar februar marts april maj juni juli august september oktober november december
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре
"""
_MONTHS = {name: number for line in _MONTH_NAMES.split("\n") for number, name in enumerate(line.split(), 1)}
_NAMED = f"(?<![^\\W\\d_])(?P<name>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})(?![^\\W\\d_])"
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


def list_months(text: str) -> list[str]:
    """The months of years that the text names, as ``202403``, in nine languages; each once."""
    plain = unicodedata.normalize("NFKC", text.casefold())
    found = (match.groupdict() for pattern in _OF_YEAR for match in pattern.finditer(plain))
    months = (f"{one['year']}{_read_month(one):02}" for one in found)
    return list(dict.fromkeys(months))


def _read_month(found: dict[str, str]) -> int:
    return _MONTHS[found["name"]] if "name" in found else int(found["number"])


def iso_day(text: str) -> str:
    """The day as ``YYYY-MM-DD``, with 01 for a missing month or day; empty for neither ISO 8601 nor a mail's date."""
    found = _ISO.fullmatch(text.strip())
    try:
        if found:
            return datetime.date(int(found[1]), int(found[2] or 1), int(found[3] or 1)).isoformat()
        return email.utils.parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""


def bound(option: str, text: str | None) -> str | None:
    """One end of a period, as a person gave it: a year, month or day. Raises SettingsError that names `option`."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text.strip()) or not iso_day(text):
        raise SettingsError(f"{option} is {text!r}; it must be a year, month or day: 2023, 2023-07 or 2023-07-31.")
    return text.strip()
