"""What a number counts: days, euros, kilograms; told by the words behind or before it, in nine languages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasureUnit:
    """A unit, whatever it is called."""

    name: str
    dimension: str
    """Two units of one dimension say different things of the same number."""
    size: float
    """In the smallest unit of its dimension. A month is a twelfth of a year, which is no number of weeks."""


_UNITS = (
    ("minute", "time", 1, r"min(?:ute[ns]?|uto?s?|utter)?\.?|минут\w*|分(?:間|钟|鐘)?|분"),
    ("hour", "time", 60, r"hours?|hrs?|h|stunden?|heures?|horas?|timer?|час\w{0,2}|時間|小时|小時|시간"),
    ("day", "time", 1440, r"(?:working |business |calendar )?days?|(?:werk|arbeits|kalender)?tage?n?s?|jours?|días?"
     r"|dag(?:e|es)?|день|дня|дней|日(?:間)?|天|일(?:간)?"),
    ("week", "time", 10080, r"weeks?|wochen?|semaines?|semanas?|uger?s?|недел\w+|週間?|周|星期|주(?:간|일)?"),
    ("month", "time", 43_830, r"months?|monate?[ns]?|mois|mes(?:es)?|måned(?:er)?s?|месяц\w*"
     r"|[かヶカケヵ箇]月|个月|個月|개월|달"),
    ("year", "time", 525_960, r"years?|jahre?[ns]?|ans?|années?|años?|års?|год\w?|лет|年間?|년(?:간)?"),
    ("euro", "money", 1, r"€|eur|euros?|евро|ユーロ|欧元|歐元|유로"),
    ("dollar", "money", 1, r"\$|usd|dollars?|dólares|dólar|доллар\w*|ドル|美元|달러"),
    ("pound", "money", 1, r"£|gbp|pounds?|livres sterling|libras|фунт\w*|ポンド|英镑"),
    ("franc", "money", 1, r"chf|franken|francs?|francos?|франк\w*|フラン"),
    ("krone", "money", 1, r"dkk|nok|sek|kr\.?|kroner|kronen|kronor|крон\w*"),
    ("rouble", "money", 1, r"₽|rub|rubel|roubles?|rubles?|руб\w*\.?"),
    ("yen", "money", 1, r"¥|jpy|yen|иен\w*|円|엔"),
    ("yuan", "money", 1, r"cny|rmb|yuan|元|위안"),
    ("won", "money", 1, r"₩|krw|won|원"),
    ("percent", "share", 1, r"%|percent|per cent|prozent|pour cent|por ciento|procent|процент\w*|パーセント|퍼센트"),
    ("milligram", "mass", 1, r"mg|mill?igram\w*"),
    ("gram", "mass", 1e3, r"g|gramm?(?:es?|os?|s)?|gr|грамм\w*|グラム|克|그램"),
    ("kilogram", "mass", 1e6, r"kg|kilos?|kilogram\w*|килограмм\w*|キロ(?:グラム)?|公斤|千克|킬로(?:그램)?"),
    ("ton", "mass", 1e9, r"t|tons?|tonnes?|tonnen|toneladas?|тонн\w*|トン|吨|톤"),
    ("millilitre", "volume", 1, r"ml|mill?ilit\w+"),
    ("litre", "volume", 1e3, r"l|lit(?:re|er)s?|liters?|litros?|литр\w*|リットル|升|리터"),
    ("gallon", "volume", 3785, r"gallons?|gallonen|galones|галлон\w*|ガロン"),
    ("millimetre", "length", 1, r"mm|mill?imet\w+"),
    ("centimetre", "length", 10, r"cm|centimet\w+|zentimeter\w*|centímetros?|сантиметр\w*|センチ\w*|厘米|센티\w*"),
    ("metre", "length", 1e3, r"m|met(?:re|er)s?|mètres?|metros?|метр\w*|メートル|米|미터"),
    ("kilometre", "length", 1e6, r"km|kilomet\w+|kilómetros?|kilomètres?|километр\w*|キロメートル|公里|千米|킬로미터"),
    ("inch", "length", 25.4, r"inch(?:es)?|zoll|pouces?|pulgadas?|tommer|дюйм\w*|インチ"),
    ("foot", "length", 304.8, r"feet|foot|ft|pieds|pies|fod|フィート"),
    ("mile", "length", 1609344, r"miles?|meilen?|millas?|миль|マイル|英里"),
    ("watt", "power", 1, r"w|watts?|vatios?|ватт\w*|ワット|瓦"),
    ("kilowatt", "power", 1e3, r"kw|kilowatts?|kilovatios?|киловатт\w*|キロワット|千瓦"),
    ("celsius", "temperature", 1, r"°\s?c|degrees celsius|grad(?: celsius)?|度"),
    ("fahrenheit", "temperature", 1, r"°\s?f|degrees fahrenheit|fahrenheit"),
)  # fmt: skip
_BEHIND = [
    (MeasureUnit(name, dimension, size), re.compile(rf"[\s\u00a0\u202f-]*(?:{words})(?![a-zà-öø-ÿа-я])", re.IGNORECASE))
    for name, dimension, size, words in _UNITS
]
_BEFORE = {sign: unit for unit, _ in _BEHIND for sign in {"euro": "€", "dollar": "$", "pound": "£", "yen": "¥",
           "rouble": "₽", "won": "₩"}.get(unit.name, "")}  # fmt: skip
_CODES = {"eur": "euro", "usd": "dollar", "gbp": "pound", "chf": "franc", "dkk": "krone"}
_BY_NAME = {unit.name: unit for unit, _ in _BEHIND}
_LONGEST = 24

_PERIODS = {
    "hour": r"hour|stunde|heure|hora|time|час\w?|時間|小时|시간",
    "day": r"day|tag|jour|día|dag|день|日|天|일",
    "night": r"night|nacht|nuit|noche|nat|ночь|泊|晚|박",
    "week": r"week|woche|semaine|semana|uge|неделю|週|周|주",
    "month": r"month|monat|mois|mes|måned|месяц|月|달",
    "year": r"year|annum|jahr|an|année|año|år|год|年|년",
}
_PER = r"(?:per|a|an|each|every|je|pro|im|am|in der|par|chaque|au|al|por|a la|cada|om|pr\.?|hver|в|каждый|за)"
_SPACELESS_PER = {
    "month": r"月額|毎月|每月|매월|매달|月々|1[かヶカ]月(?:につき|あたり)",
    "year": r"年額|毎年|每年|매년|年会費|1年(?:につき|あたり)|年に",
    "week": r"毎週|每周|매주|週に|1週(?:につき|あたり)",
    "day": r"毎日|每天|매일|1日(?:につき|あたり)|日に",
    "night": r"1泊|一泊|每晚|1박",
}
_ADJECTIVES = {
    "day": r"daily|täglich\w*|quotidien\w*|diari\w+|daglig\w*|ежедневн\w+",
    "week": r"weekly|wöchentlich\w*|hebdomadaire\w*|semanal\w*|ugentlig\w*|еженедельн\w+",
    "month": r"monthly|monatlich\w*|monats\w+|mensuel\w*|mensual\w*|månedlig\w*|ежемесячн\w+",
    "year": r"yearly|annual(?:ly)?|jährlich\w*|jahres\w+|annuel\w*|anual\w*|årlig\w*|ежегодн\w+|годов\w+",
}
_RATES = {
    period: re.compile(
        rf"\b{_PER} (?:{words})s?\b(?!\s*\d)|\b(?:{_ADJECTIVES.get(period, '(?!)')})\b"
        rf"|{_SPACELESS_PER.get(period, '(?!)')}",
        re.IGNORECASE,
    )
    for period, words in _PERIODS.items()
}


def find_unit(text: str, start: int, end: int) -> MeasureUnit | None:
    """The unit of the number ``text[start:end]``; None if it has none that is known."""
    behind = text[end : end + _LONGEST]
    for unit, pattern in _BEHIND:
        if pattern.match(behind):
            return unit
    before = text[max(0, start - 5) : start].rstrip()
    if before[-1:] in _BEFORE:
        return _BEFORE[before[-1]]
    return _BY_NAME.get(_CODES.get(before[-3:].casefold(), ""))


def list_rates(text: str) -> frozenset[str]:
    """The periods for which a text says that something is due or done: "a month", "jährlich", 毎週."""
    return frozenset(period for period, pattern in _RATES.items() if pattern.search(text))
