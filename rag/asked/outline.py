"""A whole document in its own words, without a model: its headings, and the sentences that say most. Pure.

A sentence says much if its words are those that the document uses again and again (SumBasic: Nenkova and Vanderwende,
2005), and if its passage lies near the middle of all of them, as the vectors have it. What was said once counts less
the second time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answering.numbers import list_values
from rag.answering.quotable import count_words, list_quotables
from rag.text.language import choose_language
from rag.types import StoredChunk

_SHORTEST, _LONGEST = 4, 60
"""Words of a sentence that may be quoted; shorter ones name something, longer ones are lists."""
_FEWEST, _MOST = 3, 8
"""Sentences of an outline."""
_SAME = 0.7
"""Two sentences that share this part of all their terms say the same, if their numbers are the same."""
_SECTIONS = 12


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a document."""

    stored: StoredChunk
    text: str
    terms: frozenset[str]
    begins: bool
    """Whether it is the first one of its passage."""


def list_statements(chunks: Sequence[StoredChunk]) -> list[Statement]:
    """All sentences that may be quoted, in order, each once."""
    statements: list[Statement] = []
    seen: set[str] = set()
    for stored in chunks:
        language = choose_language(stored.chunk.text, stored.language)
        begins = True
        for one in list_quotables(0, stored.chunk, language):
            if one.text in seen or one.is_aside or not _SHORTEST <= count_words(one.text) <= _LONGEST:
                continue
            seen.add(one.text)
            statements.append(Statement(stored, one.text, frozenset(one.terms), begins))
            begins = False
    return statements


def choose_statements(
    statements: Sequence[Statement], closeness: Mapping[int, float], most: int = 0
) -> list[Statement]:
    """Those that say most, in the order of the document. `closeness` tells it of passages, by their ids, 0 to 1."""
    counts = Counter(term for one in statements for term in one.terms)
    weights = {term: count / max(1, len(statements)) for term, count in counts.items() if count > 1 or len(counts) < 50}
    most = most or max(_FEWEST, min(_MOST, 2 + round(math.sqrt(len(statements)))))
    left = list(range(len(statements)))
    chosen: list[int] = []
    while left and len(chosen) < most:

        def rate(place: int) -> float:
            one = statements[place]
            words = sum(weights.get(term, 0.0) for term in one.terms) / (len(one.terms) + 3)
            return words * (0.5 + closeness.get(one.stored.id, 0.5)) * (1.2 if one.begins else 1.0)

        best = max(left, key=lambda place: (rate(place), -place))
        chosen.append(best)
        left.remove(best)
        for term in statements[best].terms & weights.keys():
            weights[term] **= 2
    return [statements[place] for place in sorted(chosen)]


def list_sections(chunks: Sequence[StoredChunk]) -> list[str]:
    """The document's headings in order, the first ones of many; of a path of headings the outermost two."""
    paths = dict.fromkeys(" > ".join(stored.chunk.section.split(" > ")[:2]) for stored in chunks)
    return [path for path in paths if path][:_SECTIONS]


def find_own(statements: Sequence[Statement], others: Sequence[Statement]) -> list[Statement]:
    """The statements that the other document doesn't have: none of its sentences says the same, number for number."""
    return [one for one in statements if not any(_say_the_same(one, other) for other in others)]


def find_common(statements: Sequence[Statement], others: Sequence[Statement]) -> list[Statement]:
    return [one for one in statements if any(_say_the_same(one, other) for other in others)]


def _say_the_same(one: Statement, other: Statement) -> bool:
    if one.text == other.text:
        return True
    shared = len(one.terms & other.terms)
    if shared < _SAME * max(1, len(one.terms | other.terms)):
        return False
    return list_values(one.text) == list_values(other.text)


def pack_parts(chunks: Sequence[StoredChunk], budget: int, count: Mapping[int, int]) -> Iterator[list[StoredChunk]]:
    """The chunks in parts of at most `budget` tokens, of which `count` says how many each chunk has."""
    part: list[StoredChunk] = []
    size = 0
    for stored in chunks:
        if part and size + count[stored.id] > budget:
            yield part
            part, size = [], 0
        part.append(stored)
        size += count[stored.id]
    if part:
        yield part
