"""The time since when something is new, as people name it: "since Monday", "seit 1. Mai". Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from rag.text.dates import MONTHS

WEEKDAYS = {
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "da": "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "ru": "понедельник вторник сред четверг пятниц суббот воскресень",
    "ja": "月曜 火曜 水曜 木曜 金曜 土曜 日曜",
    "ko": "월요일 화요일 수요일 목요일 금요일 토요일 일요일",
    "zh": "一 二 三 四 五 六 日",
}
_TODAY = {
    "en": "today", "de": "heute", "fr": r"aujourd'hui", "es": "hoy", "da": "i dag", "ru": "сегодня",
    "ja": "今日|本日", "ko": "오늘", "zh": "今天|今日",
}  # fmt: skip
_YESTERDAY = {
    "en": "yesterday", "de": "gestern", "fr": "hier", "es": "ayer", "da": "i går", "ru": "вчера(?:шн\\w+)?",
    "ja": "昨日|きのう", "ko": "어제", "zh": "昨天|昨日",
}  # fmt: skip
_THIS = {
    "en": ("this week", "this month", "this year"),
    "de": ("diese(?:r|n)? woche", "diese(?:n|m|r)? monat", "diese(?:s|m)? jahr"),
    "fr": ("cette semaine", "ce mois(?:-ci)?", "cette année"),
    "es": ("esta semana", "este mes", "este año"),
    "da": ("denne uge", "denne måned", "(?:dette|i) år"),
    "ru": ("(?:на |за )?эт(?:ой|у) недел[еию]", "(?:в )?этом месяце", "(?:в )?этом году"),
    "ja": ("今週", "今月", "今年"),
    "ko": ("이번\\s?주", "이번\\s?달", "올해|금년"),
    "zh": ("这周|本周|这个?星期|這週|本週", "这个?月|本月|這個月", "今年"),
}
_LAST = {
    "en": ("last week|(?:the )?past week", "last month|(?:the )?past month", "last year|(?:the )?past year"),
    "de": ("letzte(?:r|n)? woche|vergangene(?:r|n)? woche", "letzte(?:n|m|r)? monat", "letzte(?:s|m|n)? jahr"),
    "fr": ("la semaine (?:dernière|passée)", "le mois (?:dernier|passé)", "l'(?:année|an) (?:dernière|dernier|passée)"),
    "es": ("la semana pasada|la última semana", "el mes pasado|el último mes", "el año pasado|el último año"),
    "da": ("sidste uge|den seneste uge", "sidste måned|den seneste måned", "sidste år"),
    "ru": (
        "(?:на |за )?прошл(?:ой|ую) недел[еию]|(?:за )?последнюю неделю",
        "(?:в )?прошлом месяце|(?:за )?последний месяц",
        "(?:в )?прошлом году",
    ),
    "ja": ("先週", "先月", "去年|昨年"),
    "ko": ("지난\\s?주", "지난\\s?달", "작년|지난\\s?해"),
    "zh": ("上周|上个?星期|上週", "上个?月|上個月", "去年"),
}
_UNITS = {
    "en": ("days?", "weeks?", "months?"),
    "de": ("tage?n?", "wochen?", "monate?n?"),
    "fr": ("jours?", "semaines?", "mois"),
    "es": ("días?|dias?", "semanas?", "mes(?:es)?"),
    "da": ("dage?", "uger?", "måneder?|måned"),
    "ru": ("дн[яейь]+|день", "недел\\w+", "месяц\\w*"),
    "ja": ("日間?", "週間", "[かヶカ]月間?"),
    "ko": ("일(?:간)?", "주(?:일)?(?:간)?", "(?:개월|달)(?:간)?"),
    "zh": ("天|日", "个?星期|周|週", "个月|個月"),
}
_SINCE = {
    "en": "(?:since|from|after|as of|(?:in|during|within|over) the last|in the past|the last|the past|on|in|during)",
    "de": "(?:seit|ab|nach|vom|von|in den letzten|in der|im|am|innerhalb der letzten|während der letzten|den letzten"
    "|in)(?: dem| der| den)?",
    "fr": "(?:depuis|dès|après|à partir de|ces|au cours des|durant les|pendant les|dans les|les|en)(?: le| la| les)?"
    "(?: derniers| dernières)?",
    "es": "(?:desde|a partir de|después de|en|durante|de)(?: el| la| los| las)?(?: últimos| últimas)?",
    "da": "(?:siden|fra|efter|i|inden for|de seneste|i de seneste|i de sidste|de sidste|på)"
    "(?: den| de seneste| de sidste)?",
    "ru": r"(?:с|со|после|за|начиная с|в|на)(?: последние| последних| прошл\w+)?",
    "ja": "(?:この|過去|直近|最近の?|ここ)?",
    "ko": r"(?:지난|최근|과거)?\s?",
    "zh": "(?:自从?|从|自|在)?(?:最近|过去|这|近|上|本|这个)?",
}
_AFTER = {
    "ja": "(?:以降|以来|から|の間|前から)?(?:に)?",
    "ko": "\\s?(?:이후|부터|이래|동안|사이)?(?:로|에)?",
    "zh": "(?:以来|以后|之后|起|开始|内|以內|以内)?",
}
_BEFORE_WEEKDAY = {"zh": "(?:周|星期|礼拜|週)", "ja": "", "ko": ""}
_ENDING = {"ja": "日?", "ru": "\\w*", "es": "", "ko": ""}


class Since(NamedTuple):
    start: int
    end: int
    since: str
    """The first day, as ``YYYY-MM-DD``."""


Reckon = Callable[[re.Match[str], datetime.date], datetime.date]


def find_time(text: str, language: str, today: datetime.date | None = None) -> Since | None:
    """The first time that the text names, with the word before it that says since; None without one.

    A weekday or month without a year is the last one that has begun.
    """
    today = today or datetime.date.today()
    for pattern, reckon in _list_patterns(language):
        found = pattern.search(text)
        if found:
            try:
                return Since(found.start(), found.end(), reckon(found, today).isoformat())
            except (ValueError, OverflowError):  # such as 31 February
                continue
    return None


@cache
def _list_patterns(language: str) -> tuple[tuple[re.Pattern[str], Reckon], ...]:
    before, after = _SINCE[language], _AFTER.get(language, "")
    spaced = language not in ("ja", "zh", "ko")
    gap, edge = (r"\s+", r"\b") if spaced else (r"\s*", "")
    optional = f"(?:{edge}{before}{gap})?" if spaced else before

    def compile_one(body: str) -> re.Pattern[str]:
        return re.compile(f"{optional}{edge}(?:{body}){edge}{after}", re.IGNORECASE)

    patterns: list[tuple[re.Pattern[str], Reckon]] = [
        (compile_one(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"), _reckon_day),
        (compile_one(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})"), _reckon_day),
        (compile_one(r"(?P<y>\d{4})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号])?"), _reckon_day),
        (compile_one(r"(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号])?"), _reckon_day),
        (compile_one(_TODAY[language]), lambda _, day: day),
        (compile_one(_YESTERDAY[language]), lambda _, day: day - datetime.timedelta(1)),
    ]
    starts: tuple[Callable[[datetime.date], datetime.date], ...] = (
        lambda day: day - datetime.timedelta(day.weekday()),
        lambda day: day.replace(day=1),
        lambda day: day.replace(month=1, day=1),
    )
    for body, start in zip(_THIS[language], starts, strict=True):
        patterns.append((compile_one(body), _make_this(start)))
    for body, start in zip(_LAST[language], starts, strict=True):
        patterns.append((compile_one(body), _make_last(start)))
    for body, days in zip(_UNITS[language], (1, 7, 30), strict=True):
        patterns.append((compile_one(rf"(?P<n>\d{{1,3}})\s?(?:{body})"), _make_ago(days)))
    for number, name in enumerate(WEEKDAYS[language].split()):
        body = f"{_BEFORE_WEEKDAY.get(language, '')}{name}{_ENDING.get(language, '')}"
        patterns.append((compile_one(body), _make_weekday(number)))
    for number, name in enumerate(MONTHS.get(language, "").split(), start=1):
        body = (
            rf"(?:(?P<d>\d{{1,2}})\.?\s?(?:de |e |er )?)?{name}{_ENDING.get(language, '')}(?:\s(?:de )?(?P<y>\d{{4}}))?"
        )
        patterns.append((compile_one(body), _make_month(number)))
    return tuple(patterns)


def _reckon_day(found: re.Match[str], today: datetime.date) -> datetime.date:
    parts = found.groupdict()
    return _choose_year(int(parts["m"]), int(parts.get("d") or 1), parts.get("y"), today)


def _choose_year(month: int, day: int, year: str | None, today: datetime.date) -> datetime.date:
    if year:
        return datetime.date(int(year), month, day)
    this = datetime.date(today.year, month, day)
    return this if this <= today else datetime.date(today.year - 1, month, day)


def _make_this(start: Callable[[datetime.date], datetime.date]) -> Reckon:
    return lambda _, today: start(today)


def _make_last(start: Callable[[datetime.date], datetime.date]) -> Reckon:
    return lambda _, today: start(start(today) - datetime.timedelta(1))


def _make_ago(days: int) -> Reckon:
    return lambda found, today: today - datetime.timedelta(days * int(found["n"]))


def _make_weekday(number: int) -> Reckon:
    return lambda _, today: today - datetime.timedelta((today.weekday() - number) % 7)


def _make_month(number: int) -> Reckon:
    return lambda found, today: _choose_year(number, int(found["d"] or 1), found["y"], today)
