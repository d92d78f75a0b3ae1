"""Which of several editions a question means: "the latest filing", "the oldest version", in nine languages. Pure.

Documents are editions of one thing if their names differ in nothing but numbers and months. Which is the newest is told
by the dates and versions of their names, else by the first day that each one's head names; where neither tells, none
is. Other words of the question say which thing is meant, so several series may have a newest one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, TypeAlias

from rag.text.dates import MONTH_NAME, NamedDay, find_days, list_months, read_month

Wish: TypeAlias = Literal["newest", "oldest"]

_EACH_BEFORE = 0.5
"""What an edition is worth beside the next newer one: among the editions of two companies, whose names tell nothing of
that, the newest of the company that is asked for may be the second."""

_TIME = (
    r"days?|weeks?|months?|nights?|times?|minutes? of|hours?|date|possible"
    r"|tage?n?|wochen?|monate?n?|quartale?n?|jahre?n?|nächte?|male?|stunden?|minuten?"
    r"|jours?|semaines?|mois|trimestres?|ans?|années?|nuits?|fois|heures?|moment|délai"
    r"|días?|semanas?|mes(?:es)?|trimestres?|años?|noches?|vez|veces|horas?|momento|plazo"
    r"|dage?n?|uger?n?|måneder?n?|kvartal|året?|nat|gange?|timer?"
    r"|д(?:ень|н\w+)|недел\w+|месяц\w*|квартал\w*|год\w*|лет|ноч\w+|раз\w*|час\w*|срок\w*|момент\w*"
)
_NEWEST = re.compile(
    rf"(?<!at )(?<!at the )\blatest\b(?! (?:{_TIME})\b)|\bnewest\b|\bmost (?:recent|current)\b(?! (?:{_TIME})\b)"
    r"|\blast (?=(?:filing|report|version|edition|release|issue|minutes|meeting|invoice|bill|statement|letter)\b)"
    rf"|\b(?:neue?|aktuell|jüng)ste[nrsm]?\b|\bletzte[nrsm]? (?!(?:{_TIME})\b|\d)"
    rf"|\bplus récente?s?\b|\bderni(?:er|ère)s? (?!(?:{_TIME})\b|\d)"
    rf"|\bmás (?:reciente|nuev[oa])s?\b|\búltim[oa]s? (?!(?:{_TIME})\b|\d)"
    rf"|\b(?:nye|sene)ste\b(?! (?:{_TIME})\b)|\bsidste (?!(?:{_TIME})\b|\d)"
    rf"|\b(?:самый |самая |самое |сам\w+ )?(?:новейш|последн|свеж)\w+ (?!(?:{_TIME})\b|\d)|\bсам\w+ нов\w+"
    "|最新|直近の|(?:一番|最も)新しい?|最近一[次期份]"
    r"|최신|(?:가장|제일) (?:최근|새)",
    re.IGNORECASE,
)
_OLDEST = re.compile(
    rf"\boldest\b|\bearliest\b(?! (?:{_TIME})\b)|\bältest\w+|\bfrühest(?!ens)\w+|\bplus ancien(?:ne)?s?\b"
    r"|\bmás (?:antigu|viej)[oa]s?\b|\bældste\b|\btidligste\b|\bсам\w+ (?:стар|ранн)\w+|最古|最早|最旧"
    r"|(?:一番|最も)古い|(?:가장|제일) (?:오래된?|옛)",
    re.IGNORECASE,
)

_MONTH = re.compile(MONTH_NAME)
_NUMBERS = re.compile(r"#(?:[\W_]*#)*")
_VERSION = re.compile(r"\d+(?:\.\d+)+|(?<![^\W_])v(?:ersion)?[ ._-]?\d+|(?<![^\W_])rev(?:ision)?[ ._-]?\d+")
_PART_OF_YEAR = re.compile(r"(?<![^\W_])(?:q|t|kw|w|week|no|nr|issue)[ ._-]?(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_OPENING = 600  # characters
_LONGEST_HEAD = 80
"""Characters of a line that can be a document's head; longer ones are running text, whose days are others'."""


def find_wish(question: str) -> Wish | None:
    """The edition that the question asks for; None if it names none by its age."""
    asked = unicodedata.normalize("NFKC", question)
    if _NEWEST.search(asked):
        return "newest"
    return "oldest" if _OLDEST.search(asked) else None


def remove_wish(question: str) -> str:
    """The question without the words of its wish, which tell one edition from another and nothing of what it is about.

    As it is if nothing else is left.
    """
    rest = _OLDEST.sub(" ", _NEWEST.sub(" ", unicodedata.normalize("NFKC", question)))
    return rest if rest.strip() else question


def weigh_editions(openings: Mapping[str, str], wish: Wish) -> dict[str, float]:
    """What each document is worth as the edition that is wished for, 0…1; those of no series are left out.

    `openings` are the documents' first lines, by their sources.
    """
    series: dict[str, list[str]] = defaultdict(list)
    for source in sorted(openings):
        series[_name_series(source)].append(source)
    worth: dict[str, float] = {}
    for sources in series.values():
        ages = _tell_ages({source: openings[source] for source in sources})
        order = sorted(set(ages.values()), reverse=wish == "newest")
        worth |= {source: _EACH_BEFORE ** order.index(age) for source, age in ages.items() if len(order) > 1}
    return worth


def _name_series(source: str) -> str:
    """The document's name without what tells its editions apart."""
    name = _MONTH.sub("#", _normalise(source))
    return _NUMBERS.sub("#", re.sub(r"\d+", "#", name))


def _tell_ages(openings: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """By what the editions are put in order, the same for all of them: greater is newer. Empty if nothing tells."""
    by_name = {source: _read_name(source) for source in openings}
    if all(by_name.values()) and len(set(by_name.values())) > 1:
        return by_name
    dated = {source: _list_head_days(opening[:_OPENING]) for source, opening in openings.items()}
    if not all(dated.values()):
        return {}
    return {source: (found[0].year or 0, found[0].month, found[0].day or 0) for source, found in dated.items()}


def _list_head_days(opening: str) -> list[NamedDay]:
    heads = (line for line in opening.splitlines() if len(line) <= _LONGEST_HEAD)
    return [day for line in heads for day in find_days(line) if day.year]


def _read_name(source: str) -> tuple[int, ...]:
    """The day, the month, the year with its quarter, or the version that the name tells; empty if it tells none."""
    name = _normalise(source)
    if days := [day for day in find_days(name) if day.year and day.day]:
        return days[-1].year or 0, days[-1].month, days[-1].day or 0
    if months := list_months(name):
        return int(months[-1][:4]), int(months[-1][4:])
    if years := _YEAR.findall(name):
        return (int(years[-1]), *map(int, _PART_OF_YEAR.findall(name)))
    if found := _MONTH.findall(name):
        return (read_month(found[-1]),)
    return tuple(map(int, re.findall(r"\d+", name))) if _VERSION.search(name) else ()


def _normalise(source: str) -> str:
    return unicodedata.normalize("NFKC", source.rpartition(".")[0] or source).casefold()
