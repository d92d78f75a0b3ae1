"""Where a quote stands in a text that may be written a little differently: other spaces, hyphens, ligatures. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_PIECE_END = re.compile(r"[\n\t|]+|(?<=[.!?。！？])\s+")
_SHORTEST_PIECE = 4
"""Letters of a piece of a quote that is looked for by itself; a shorter one counts if it stands `_NEAR` the last."""
_NEAR = 40
_FEWEST_WORDS = 3
"""Words in a row that are no chance."""
_MOST_WORDS = 4_000
"""Words of a text that are compared one by one."""
_ENOUGH = 0.4
"""The share of a quote's letters that must be found for its place to be told."""

_BEHIND, _BEFORE = frozenset(".!?%)]»”’\"'°€。！？"), frozenset("([«“„‘\"'$€£-")

Span = tuple[int, int]


def find_quote_spans(text: str, quote: str, around: str = "") -> list[Span]:
    """The parts of `text` that are the quote, in order; none if too little of it is there.

    `around` is the passage that the quote is from, which tells it from the same words elsewhere.
    """
    return [_add_signs(text, span, quote) for span in _find_spans(text, quote, around)]


def _find_spans(text: str, quote: str, around: str) -> list[Span]:
    letters, places = _fold(text)
    wanted, _ = _fold(quote)
    if not wanted:
        return []
    whole = _find_nearest(letters, wanted, letters.find(_fold(around)[0]) if around else 0)
    if whole >= 0:
        return _merge([_span(places, whole, whole + len(wanted))])
    found = list(_find_pieces(letters, quote))
    if sum(end - start for start, end in found) < _ENOUGH * len(wanted):
        words = list(_find_words(text, quote))
        measured = sum(len(_fold(text[start:end])[0]) for start, end in words)
        return _merge(words) if measured >= _ENOUGH * len(wanted) else []
    return _merge([_span(places, start, end) for start, end in found])


def _fold(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text in one form, and where each of them stands in it."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for one in unicodedata.normalize("NFKD", character).casefold():
            if one.isalnum():
                letters.append(one)
                places.append(place)
    return "".join(letters), places


def _span(places: Sequence[int], start: int, end: int) -> Span:
    return places[start], places[end - 1] + 1


def _add_signs(text: str, span: Span, quote: str) -> Span:
    """The span with the full stop, percent sign or bracket of the quote that stand directly beside it."""
    start, end = span
    while end < len(text) and text[end] in _BEHIND and text[end] in quote:
        end += 1
    while start and text[start - 1] in _BEFORE and text[start - 1] in quote:
        start -= 1
    return start, end


def _find_nearest(letters: str, wanted: str, begin: int) -> int:
    """Where it stands first from `begin` on, or else anywhere; -1 if it doesn't."""
    found = letters.find(wanted, max(0, begin))
    return found if found >= 0 else letters.find(wanted)


def _find_pieces(letters: str, quote: str) -> Iterator[Span]:
    """The quote's sentences, lines and cells as far as they are there, each behind the one before if it can be."""
    at = 0
    for piece in _PIECE_END.split(quote):
        wanted, _ = _fold(piece)
        is_short = len(wanted) < _SHORTEST_PIECE
        found = letters.find(wanted, at) if is_short else _find_nearest(letters, wanted, at)
        if wanted and found >= 0 and (not is_short or (at and found < at + _NEAR)):
            at = found + len(wanted)
            yield found, at


def _find_words(text: str, quote: str) -> Iterator[Span]:
    """Words of the quote that stand in the text in a row."""
    mine = list(re.finditer(r"\w+", text))[:_MOST_WORDS]
    wanted = [_fold(word)[0] for word in re.findall(r"\w+", quote)]
    matcher = SequenceMatcher(None, [_fold(word[0])[0] for word in mine], wanted, autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.size >= _FEWEST_WORDS:
            yield mine[block.a].start(), mine[block.a + block.size - 1].end()


def _merge(spans: Sequence[Span]) -> list[Span]:
    """The spans in order, those that overlap or touch as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
