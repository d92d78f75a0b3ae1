"""Citation markers: what one is, where a text has them, and how other people's text is kept from having any. Pure.

A marker is ``[2]``, or ``[1, 3]`` as some models write, or the same in ``【…】``. Whatever counts as one is defused
too, and more than that; the property tests hold it true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.text.hostile import INVISIBLE

_OPEN, _CLOSE = r"[\[【]", r"[\]】]"
_MOST_NUMBERS = 16

MARKER = re.compile(rf"{_OPEN}\s*(\d{{1,3}}(?:\s*[,;]\s*\d{{1,3}}){{0,{_MOST_NUMBERS - 1}}})\s*{_CLOSE}")
"""Group 1 holds the numbers; see `read_numbers`. Their count and length are bounded because a model's text isn't."""

UNFINISHED_MARKER = re.compile(rf"{_OPEN}[\d,;\s]*\Z")
"""The end of a text that can still become a marker while more of it arrives."""

_GAP = rf"[\s{INVISIBLE}]*"
_NUMBER = rf"\d(?:[{INVISIBLE}]*\d){{0,2}}"
_LOOK_ALIKE = re.compile(
    rf"[\[【［〔]({_GAP}{_NUMBER}(?:{_GAP}[,;，；、]{_GAP}{_NUMBER})*{_GAP}(?:†[^\[\]【】［］〔〕\n]{{0,80}})?)[\]】］〕]"
)
"""A marker, and whatever a model or a reader could take for one: full-width brackets, any count of numbers, invisible
characters in between, and the ``【3†source】`` that some models were trained to write."""


@dataclass(frozen=True, slots=True)
class Marker:
    """``text[start:end]``, which names at least one number."""

    start: int
    end: int
    numbers: tuple[int, ...]


def find_markers(text: str) -> Iterator[Marker]:
    """The markers of a text in order, whatever their numbers stand for."""
    for match in MARKER.finditer(text):
        yield Marker(match.start(), match.end(), read_numbers(match))


def read_numbers(match: re.Match[str]) -> tuple[int, ...]:
    """The numbers of a match of `MARKER`, as they stand; none where another branch of a longer pattern matched."""
    return tuple(int(number) for number in re.findall(r"\d+", match[1] or ""))


def blot_markers(text: str) -> str:
    """The text with spaces in place of its markers; every other character keeps its place."""
    return MARKER.sub(lambda match: " " * len(match[0]), text)


def defuse_markers(text: str) -> str:
    """The text with round brackets around what could pass for a marker; otherwise as it is.

    It stays without a marker if its invisible characters are taken out later.
    """
    return _LOOK_ALIKE.sub(r"(\1)", text)
