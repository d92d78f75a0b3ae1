"""Dates as documents and people write them, made ISO 8601 days that compare as text. Pure."""

from __future__ import annotations

import datetime
import email.utils
import re

from rag.errors import SettingsError

_ISO = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ].*)?")


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
