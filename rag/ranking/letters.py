"""How many of a question's words a passage has in part: a compound's half, another ending, a word misspelt at its end.

Terms are whole stems, so "Ausflug" finds nothing in "Vereinsausflug", and in languages without spaces a rewording
shares few pairs of characters. Four letters in a row, or a single character, are enough. Pure.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rag.text.scripts import DENSE

_LENGTH = 4
"""Letters of a part. Chosen among 3, 4 and 5 on the everyday collections (the table is in `bench/RESULTS.md`)."""

_MOSTLY = 0.6
"""Share of a word's parts that a passage must have to have the word. Of .34, .5, .6, .75 and .9 it tells absent
questions best (`bench/RESULTS.md`)."""

_REMEMBERED_TEXTS = 1_000
"""Texts whose parts are kept, some 600 parts each."""

_WORDS = re.compile(r"[^\W_]+")
_GAPS = re.compile(r"[\W_]+")
_DENSE_RUN = re.compile(f"[{DENSE}]+")


def compare_letters(question: str, passages: Sequence[str]) -> list[float]:
    """How much of the question each passage has in part; comparable across questions.

    A part counts its idf among the passages, and the sum is counted in standard deviations of what it would be if the
    parts were strewn by chance.
    """
    found = [_list_parts(passage) for passage in passages]
    counts = Counter(part for parts in found for part in parts)
    asked = sorted(part for part in _list_parts(question) if part in counts)  # an order for equal sums
    weights = {part: math.log(1 + (len(found) - counts[part] + 0.5) / (counts[part] + 0.5)) for part in asked}
    shares = {part: counts[part] / len(found) for part in asked}
    deviation = math.sqrt(sum(weights[part] ** 2 * shares[part] * (1 - shares[part]) for part in asked))
    return [sum(weights[part] for part in asked if part in parts) / (deviation or 1.0) for parts in found]


def measure_matched_share(words: Sequence[str], passages: Sequence[str]) -> float:
    """The greatest share of the words that one passage has, each by most of its parts; a half if there are no words."""
    if not words:
        return 0.5
    # Of a dense script's characters one alone says little where there are two.
    parts = [[part for part in _list_parts(word) if len(part) > 1] or [*_list_parts(word)] for word in words]
    texts = [f" {_GAPS.sub(' ', _fold(passage))} " for passage in passages]
    counts = [sum(sum(part in text for part in own) >= _MOSTLY * len(own) for own in parts) for text in texts]
    return max(counts, default=0) / len(words)


@lru_cache(_REMEMBERED_TEXTS)
def _list_parts(text: str) -> frozenset[str]:
    """Every four letters in a row, of which the beginning of a word is one; a character or two of a dense script."""
    parts: set[str] = set()
    for word in _WORDS.findall(_fold(text)):
        for run in _DENSE_RUN.findall(word):
            parts.update(run)
            parts.update(run[place : place + 2] for place in range(len(run) - 1))
        for rest in filter(None, _DENSE_RUN.split(word)):
            marked = f" {rest}"
            parts.update(marked[place : place + _LENGTH] for place in range(max(1, len(marked) - _LENGTH + 1)))
    return frozenset(parts)


def _fold(text: str) -> str:
    """The text without case and accents."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in folded if not unicodedata.combining(c) or ord(c) > 0x3000))
