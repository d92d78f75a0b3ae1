"""The numbers of a text, each in one form however it is written: "1,000", "1.000" and "1000", "three" and "3". Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,:]\d+)*")
_GROUPED = re.compile(r"(\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?")
_DATE = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b")
_TIME = re.compile(r"(?<![\d.])(\d{1,2})[.:](\d\d)(?!\d)")
_WORD = re.compile(r"[^\W\d_]+")
_UNIT = re.compile(r"[\s\u00a0\u202f]*([%€$£¥₽°]|[^\W\d_]+)?")
_SIGN_BEFORE = re.compile(r"([€$£¥₽])[\s\u00a0]*$")

# From two on, since "one" is also an article or a pronoun; without what is something else as well (Italian "sei").
_WORDS = {
    "da": "to tre fire fem seks syv otte ni ti elleve tolv",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "en": "two three four five six seven eight nine ten eleven twelve",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
    "it": "due tre quattro cinque - sette otto nove dieci undici dodici",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "no": "to tre fire fem seks sju åtte ni ti elleve tolv",
    "pt": "dois três quatro cinco seis sete oito nove dez onze doze",
    "ru": "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "sv": "två tre fyra fem sex sju åtta nio tio elva tolv",
}
_VALUES = {
    word: str(value) for words in _WORDS.values() for value, word in enumerate(words.split(), start=2) if word != "-"
}
_AMBIGUOUS = frozenset("to ti ni sex six elf once sete".split())
"""Words that are something else in another language; a text may mean the number with them, but needn't."""
_HAN_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2}
_HAN_NUMBER = re.compile(
    "[一二三四五六七八九两兩]?十[一二三四五六七八九]?|[二三四五六七八九两兩](?=[天日月年个個人回次週周時时間间位名歳岁元円])"
)


@dataclass(frozen=True, slots=True)
class Number:
    """``text[start:end]`` and what it is worth."""

    start: int
    end: int
    value: str
    """The number without separators and needless zeros: ``1000``, ``3.9``, ``9:30``."""
    unit: str = ""
    """The word or sign beside it, case-folded; empty without one."""
    is_certain: bool = True
    """Whether it can only be a number."""


def find_numbers(text: str) -> list[Number]:
    """The numbers of a text in order, those in words among them."""
    found = [_make_number(text, match.start(), match.end(), normalise(match[0])) for match in _NUMBER.finditer(text)]
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        if word in _VALUES:
            found.append(_make_number(text, *match.span(), _VALUES[word], word not in _AMBIGUOUS))
    for match in _HAN_NUMBER.finditer(text):
        found.append(_make_number(text, *match.span(), _read_han(match[0]), is_certain=False))
    return sorted(found, key=lambda number: number.start)


def normalise(written: str) -> str:
    """A number's digits without separators of thousands, with a point before decimals, without needless zeros."""
    plain = unicodedata.normalize("NFKC", written)
    if grouped := _GROUPED.fullmatch(plain):
        plain = re.sub(r"\D", "", grouped[1]) + (f".{grouped[4]}" if grouped[4] else "")
    whole, point, decimals = plain.replace(",", ".").partition(".")
    if "." in decimals or ":" in plain:  # a date, a version, a time of day
        return plain
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f"{point}{decimals}" if decimals else "")


def list_values(text: str) -> frozenset[str]:
    """The values of all numbers that the text may have, and of the parts of its dates and times."""
    values = {number.value for number in find_numbers(text)}
    for hours, minutes in _TIME.findall(text):
        values |= {normalise(f"{hours}.{minutes}"), f"{int(hours)}:{minutes}"}
    parts = {part for value in values if ":" in value or value.count(".") > 1 for part in re.findall(r"\d+", value)}
    return frozenset(values | {normalise(part) for part in parts})


def list_claimed(text: str) -> frozenset[str]:
    """The values that whoever writes the text vouches for. A month in figures may be a word in another text."""
    without_dates = _DATE.sub(" ", text)
    dates = {part for date in _DATE.findall(text) for part in _drop_month(date)}
    return frozenset({number.value for number in find_numbers(without_dates) if number.is_certain} | dates)


def _drop_month(date: str) -> list[str]:
    first, _, last = re.findall(r"\d+", date)
    return [normalise(first), normalise(last)]


def _make_number(text: str, start: int, end: int, value: str, is_certain: bool = True) -> Number:
    before = _SIGN_BEFORE.search(text, max(0, start - 3), start)
    behind = _UNIT.match(text, end)
    unit = before[1] if before else (behind[1] or "") if behind else ""
    return Number(start, end, value, unit.casefold(), is_certain)


def _read_han(written: str) -> str:
    tens, ten, ones = written.partition("十")
    if not ten:
        return str(_HAN_DIGITS[written])
    return str((_HAN_DIGITS[tens] if tens else 1) * 10 + (_HAN_DIGITS[ones] if ones else 0))
