"""Whether the numbers and dates of a claim stand where it comes from: of the same unit and the same thing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.answering.numbers import Number, find_numbers, list_claimed, list_values
from rag.text.dates import NamedDay, find_days
from rag.text.scripts import DENSE
from rag.text.units import MeasureUnit, find_unit, list_rates

_NEAR_WORDS = 3
"""Words on each side of a number that say what it is the number of."""
_LEAD = 2
"""So many of them more has another number of the sentence, if the claim gives it to the wrong thing."""
_WORD = re.compile(rf"[{DENSE}]|[^\W_{DENSE}]+")


def find_wrong_numbers(claim: str, sentences: str, read: str, whole: str) -> Iterator[str]:
    """The claim's dates and numbers that its source doesn't have, or has of something else, as the claim writes them.

    `sentences` are those that it comes from, `read` the same with what stands over them, `whole` all of the passages.
    """
    days, known = find_days(claim), find_days(read) or find_days(whole)
    for day in days:
        written = claim[day.start : day.end]
        has_day = any(day.agrees(other) for other in known) if known else list_claimed(written) <= list_values(whole)
        if not has_day:
            yield written
    numbers = [number for number in find_numbers(claim) if _is_claimed(claim, number, days)]
    for number in numbers:
        if not _is_held(claim, number, read) or _belongs_elsewhere(claim, number, sentences):
            yield claim[number.start : number.end]
    rates, known_rates = list_rates(claim), list_rates(sentences)
    if numbers and rates and known_rates and not rates & known_rates:
        yield claim[numbers[0].start : numbers[0].end]


def _is_claimed(claim: str, number: Number, days: list[NamedDay]) -> bool:
    """Whether it is a number for certain, and no part of a date."""
    is_in_day = any(day.start <= number.start < day.end for day in days)
    return not is_in_day and (number.is_certain or find_unit(claim, number.start, number.end) is not None)


def _is_held(claim: str, number: Number, read: str) -> bool:
    """Whether the text has the number, and not of another unit alone; or the same amount in another unit."""
    unit = find_unit(claim, number.start, number.end)
    same = [find_unit(read, one.start, one.end) for one in find_numbers(read) if one.value == number.value]
    is_other = unit is not None and bool(same) and all(_contradict(unit, other) for other in same)
    has_value = number.value in list_values(read)
    return (has_value and not is_other) or (unit is not None and _has_amount(read, number, unit))


def _contradict(unit: MeasureUnit, other: MeasureUnit | None) -> bool:
    return other is not None and other.name != unit.name and other.dimension == unit.dimension


def _has_amount(read: str, number: Number, unit: MeasureUnit) -> bool:
    """Whether the text has as much in another unit: two years are 24 months. Money isn't changed."""
    amount = _read_amount(number.value) * unit.size
    for other in find_numbers(read) if unit.dimension != "money" else ():
        counted = find_unit(read, other.start, other.end)
        if counted and counted.dimension == unit.dimension:
            value = _read_amount(other.value) * counted.size
            if amount > 0 and abs(amount - value) < 1e-9 * amount:
                return True
    return False


def _read_amount(value: str) -> float:
    """The number; 0 for a time of day or a version."""
    return float(value) if re.fullmatch(r"\d{1,15}(?:\.\d{1,9})?", value) else 0.0


def _belongs_elsewhere(claim: str, number: Number, sentences: str) -> bool:
    """Whether the words around the claim's number stand around another number of its source instead."""
    mine = _list_near(claim, number)
    rated = [(len(mine & _list_near(sentences, one)), one.value == number.value) for one in find_numbers(sentences)]
    own = max((count for count, is_same in rated if is_same), default=0)
    unit = find_unit(claim, number.start, number.end)
    if unit and _has_amount(sentences, number, unit):
        return False
    return any(count >= own + _LEAD for count, is_same in rated if not is_same)


def _list_near(text: str, number: Number) -> frozenset[str]:
    before = [match[0].casefold() for match in _WORD.finditer(text[: number.start])][-_NEAR_WORDS:]
    behind = [match[0].casefold() for match in _WORD.finditer(text[number.end :])][:_NEAR_WORDS]
    return frozenset({f"<{word}" for word in before} | {f">{word}" for word in behind})
