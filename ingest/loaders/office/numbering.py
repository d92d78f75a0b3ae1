"""Word's automatic numbers ("2.2", "(b)"): it counts and shows them before paragraphs, whose text doesn't have them.

How numbers are written, in figures, letters and otherwise, is the same for OpenDocument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_attribute, get_tag

if TYPE_CHECKING:
    from lxml.etree import _Element

BULLET = "-"
_LEVELS = 9
LONGEST_LABEL = 60
"""Characters of a number; a hostile one would be written before each of thousands of paragraphs."""
_MOST_COUNTED = 1_000_000
"""Larger numbers aren't written: letters and Roman numerals grow in proportion to them."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How paragraphs of one level of a list are numbered."""

    start: int = 1
    format: str = "decimal"
    text: str = ""
    """What is shown, with ``%1`` for the number of the outermost level."""
    is_legal: bool = False
    """Whether all numbers are shown in figures, whatever their own levels say."""
    restarts_after: int | None = None
    """The number of levels of which one begins the count anew; None for all above."""


@dataclass(frozen=True, slots=True)
class _List:
    """A list by its ``numId``: the definition that it counts with, and what it changes of that."""

    definition: str
    levels: dict[int, _Level]
    starts: dict[int, int]
    """Where a level begins anew when this list is first met."""


class Numbering:
    """Counts as Word does. Lists of one definition count together; each paragraph must be given in reading order."""

    def __init__(self, root: _Element | None, style_lists: dict[str, str]) -> None:
        """`style_lists` holds the ``numId`` of each style that has one: a list may be defined by its style."""
        self._lists: dict[str, _List] = {}
        self._style_levels: dict[tuple[str, str], int] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._met: set[str] = set()
        if root is not None:
            self._read_lists(root, style_lists)

    def find_level(self, list_id: str, style: str) -> int | None:
        """The level, counted from 0, that a list gives to the paragraphs of a style; None if it says nothing of it."""
        found = self._lists.get(list_id)
        return self._style_levels.get((found.definition, style)) if found else None

    def count(self, list_id: str, level: int) -> str:
        """What stands before the next paragraph of that list; `BULLET` if that is no number, or the list is unknown."""
        found = self._lists.get(list_id)
        if found is None or level not in found.levels:
            return BULLET
        counts = self._counts.setdefault(found.definition, {})
        if list_id not in self._met:
            self._met.add(list_id)
            for restarted in found.starts:
                counts.pop(restarted, None)
        own = found.levels[level]
        counts[level] = counts[level] + 1 if level in counts else found.starts.get(level, own.start)
        for below in [other for other in counts if other > level]:
            restart = found.levels.get(below, own).restarts_after
            if restart is None or level < restart:
                del counts[below]
        return _write_label(found, level, counts)

    def _read_lists(self, root: _Element, style_lists: dict[str, str]) -> None:
        definitions = {
            get_attribute(child, "abstractNumId"): child for child in root if get_tag(child) == "abstractNum"
        }
        numbers = {get_attribute(child, "numId"): child for child in root if get_tag(child) == "num"}
        targets = {number: _read_child(element, "abstractNumId") for number, element in numbers.items()}
        for identifier, definition in definitions.items():
            for child in definition:
                if get_tag(child) == "lvl" and (style := _read_child(child, "pStyle")):
                    self._style_levels[identifier, style] = read_number(get_attribute(child, "ilvl"), 0)
        levels: dict[str, dict[int, _Level]] = {}
        for number, element in numbers.items():
            identifier = targets[number]
            if identifier in definitions and (linked := _read_child(definitions[identifier], "numStyleLink")):
                identifier = targets.get(style_lists.get(linked, ""), identifier)
            if identifier in definitions and identifier not in levels:
                levels[identifier] = _read_levels(definitions[identifier])
            self._lists[number] = _read_overrides(element, identifier, levels.get(identifier, {}))


def _read_levels(parent: _Element) -> dict[int, _Level]:
    return {
        read_number(get_attribute(child, "ilvl"), 0): _read_level(child) for child in parent if get_tag(child) == "lvl"
    }


def _read_level(element: _Element) -> _Level:
    values = {get_tag(child): get_attribute(child, "val") for child in element}
    restart = values.get("lvlRestart")
    return _Level(
        read_number(values.get("start", ""), 0),
        _find_format(element),
        values.get("lvlText", "")[:LONGEST_LABEL],
        "isLgl" in values and values["isLgl"] not in ("0", "false"),
        None if restart is None else read_number(restart, _LEVELS),
    )


def _find_format(level: _Element) -> str:
    """The level's format; ``001`` for numbers with zeros before them.

    Word writes a newer format as a choice, with one for old readers behind it.
    """
    element = next((child for child in level.iter() if get_tag(child) == "numFmt"), None)
    if element is None:
        return "decimal"
    name = get_attribute(element, "val")
    return get_attribute(element, "format").split(",")[0].strip() if name == "custom" else _ZEROS.get(name, name)


def _read_overrides(number: _Element, definition: str, levels: dict[int, _Level]) -> _List:
    levels, starts = dict(levels), {}
    for override in number:
        if get_tag(override) != "lvlOverride":
            continue
        level = read_number(get_attribute(override, "ilvl"), 0)
        for child in override:
            if get_tag(child) == "lvl":
                levels[level] = _read_level(child)
            elif get_tag(child) == "startOverride":
                starts[level] = read_number(get_attribute(child, "val"), 1)
    return _List(definition, levels, starts)


def _read_child(element: _Element, name: str) -> str:
    return next((get_attribute(child, "val") for child in element if get_tag(child) == name), "")


def read_number(text: str, otherwise: int) -> int:
    """The whole number that an attribute holds, of at most nine figures; `otherwise` if it holds none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _write_label(found: _List, level: int, counts: dict[int, int]) -> str:
    own = found.levels[level]
    if own.format == "bullet":
        return BULLET

    def write(place: re.Match[str]) -> str:
        at = int(place[1]) - 1
        other = found.levels.get(at, replace(own, format="decimal", start=1))
        number = counts.get(at, found.starts.get(at, other.start))
        keeps_form = not own.is_legal or other.format == "none" or other.format.startswith("0")  # Word keeps the zeros
        return write_number(number, other.format if keeps_form else "decimal")

    label = re.sub(r"%([1-9])", write, own.text)[:LONGEST_LABEL].strip()
    return label if any(letter.isalnum() for letter in label) else BULLET


def write_number(number: int, form: str) -> str:
    """The number in one of Word's formats, or in letters that go on with "aa", "ab"; in figures if it has no such."""
    if form in ("none", "bullet"):
        return ""
    if form in _ALPHABETS and 0 < number <= _MOST_COUNTED:
        letters = _ALPHABETS[form]
        times, at = divmod(number - 1, len(letters))
        return letters[at] * (times + 1) if times < 30 else str(number)
    if form.endswith("LetterInTurn") and 0 < number <= _MOST_COUNTED:
        return _write_letters(number) if form.startswith("lower") else _write_letters(number).upper()
    if form.endswith("Roman") and 0 < number < 4_000:
        return _write_roman(number) if form == "upperRoman" else _write_roman(number).lower()
    if form in _CHINESE and 0 < number < 100:
        tens, ones = divmod(number, 10)
        return ("" if tens < 2 else _DIGITS[tens]) + "十" * (tens > 0) + (_DIGITS[ones] if ones else "")
    if re.fullmatch("0{1,9}1", form):
        return f"{number:0{len(form)}}"
    if form == "decimalEnclosedCircle" and 0 < number <= 20:
        return chr(0x245F + number)
    return f"{number}{_find_ordinal_ending(number)}" if form == "ordinal" else str(number)


def _write_letters(number: int) -> str:
    text = ""
    while number:
        number, at = divmod(number - 1, len(_LATIN))
        text = _LATIN[at] + text
    return text


def _write_roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        text += letters * times
    return text


def _find_ordinal_ending(number: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 // 10 != 1 else "th"


_LATIN, _CYRILLIC = "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщыэюя"
_ALPHABETS = {
    "lowerLetter": _LATIN,
    "upperLetter": _LATIN.upper(),
    "russianLower": _CYRILLIC,
    "russianUpper": _CYRILLIC.upper(),
}
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_ZEROS = {"decimalZero": "01"}
_DIGITS = "〇一二三四五六七八九"
_CHINESE = frozenset("chineseCounting chineseCountingThousand japaneseCounting taiwaneseCounting".split())
