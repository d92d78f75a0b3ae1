"""Whether an answer belongs to what was asked: whether the sentence that it is from is about the question. Pure.

A passage about the wifi has a price as well, and a weak model that is asked for the password gives the price. The claim
stands in the passage, so nothing speaks against it; but the sentence that it is from has little of the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.support import find_claims, find_language, name_place
from rag.ranking.question import is_common
from rag.text.sentences import split_sentences
from rag.text.terms import question_terms, text_terms
from rag.types import ScoredChunk

_WORD = re.compile(r"[^\W_]+")
_ABOVE = 0.6
"""What a term of the question counts if it stands in the sentence before."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, list item or row, as terms."""

    own: frozenset[str]
    around: frozenset[str]
    """Its own, and those of its table's head, of the headings above it and of its file's name."""
    above: frozenset[str]
    """Those of the sentence before."""


def rate_binding(question: str, answer: str, hits: Sequence[ScoredChunk]) -> float:
    """How much of the question stands where the answer is from, 0 to 1; the rarer a word among the passages, the more.

    Of several claims the best counts, and of several sentences that have as much of a claim.
    """
    units = [_list_units(hit.chunk.text, name_place(hit), find_language(hit)) for hit in hits]
    weights = _weigh_terms(question, hits, [unit for listed in units for unit in listed])
    rated = [
        sum(
            weight * (1.0 if term in unit.around else _ABOVE * (term in unit.above)) for term, weight in weights.items()
        )
        for claim in find_claims(answer)
        for unit in _find_origins(claim.text, frozenset(weights), hits, _choose(units, claim.numbers))
    ]
    return max(rated, default=0.0)


def _choose(units: Sequence[Sequence[_Unit]], numbers: Sequence[int]) -> Iterator[tuple[int, Sequence[_Unit]]]:
    """The places of the cited passages, or of all if none is cited, each with its units."""
    cited = [number - 1 for number in numbers if 1 <= number <= len(units)] or range(len(units))
    return ((place, units[place]) for place in cited)


def _weigh_terms(question: str, hits: Sequence[ScoredChunk], units: Sequence[_Unit]) -> dict[str, float]:
    """The question's terms with their weights, 1 in all; a word that no passage has weighs the most.

    That isn't so of words that any text may have: how, often, must.
    """
    languages = tuple(dict.fromkeys(find_language(hit) for hit in hits))
    common = (word for word in _WORD.findall(question) if is_common(word, languages))
    idle = {term for word in common for term in _list_terms(word, languages)}
    counts = {term: sum(term in unit.around for unit in units) for term in question_terms(question, languages)}
    weights = {
        term: math.log(1 + (len(units) + 1) / (count + 0.5))
        for term, count in counts.items()
        if count or term not in idle
    }
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def _list_terms(word: str, languages: Sequence[str]) -> frozenset[str]:
    return frozenset().union(*(text_terms(word, language) for language in languages))


def _find_origins(
    claim: str, asked: frozenset[str], hits: Sequence[ScoredChunk], cited: Iterator[tuple[int, Sequence[_Unit]]]
) -> Iterator[_Unit]:
    """In each cited passage the units that have most of what the claim adds to the question."""
    for place, units in cited:
        added = frozenset(text_terms(claim, find_language(hits[place]))) - asked
        most = max((len(added & unit.own) for unit in units), default=0)
        yield from (unit for unit in units if most and len(added & unit.own) == most)


@lru_cache(maxsize=64)
def _list_units(text: str, place: str, language: str) -> tuple[_Unit, ...]:
    named = frozenset(text_terms(place, language))
    units: list[_Unit] = []
    for sentence in split_sentences(text, language):
        own = frozenset(text_terms(text[sentence.start : sentence.end], language))
        head = frozenset(text_terms(text[slice(*sentence.header)], language)) if sentence.header else frozenset()
        units.append(_Unit(own, own | head | named, units[-1].own if units else frozenset()))
    return tuple(units)
