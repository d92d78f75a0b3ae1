"""The spot behind each marker of an answer: the sentence of its passage that says what the marker's claim says. Pure.

A citation (`rag.answering.citations`) is of a passage, and its quote is for all that the answer says of it. Here each
marker has its own. Where no sentence says it there is none, and what speaks against it is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.citations import find_quote
from rag.answering.numbers import find_numbers
from rag.answering.support import find_language, list_missing
from rag.text.sentences import split_sentences
from rag.text.terms import text_terms
from rag.types import ScoredChunk

_SAID = 0.34
"""The share of a claim's terms that a sentence must have to be the one that says it."""


_MORE = 2
"""Terms of the claim that a second sentence must add; a single one may be a pronoun."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A marker's number with the claim that it stands behind, and all numbers that this claim cites."""

    number: int
    claim: str
    beside: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """What a marker leads to."""

    number: int
    quote: str
    """The sentence, a piece of the passage; empty if none says it."""
    lacks: tuple[str, ...] = ()
    """Numbers and names of the claim that none of the passages has which it cites, as they are written in it."""


def find_spots(question: str, marked: Sequence[Marked], hits: Sequence[ScoredChunk]) -> tuple[Spot, ...]:
    """One spot for each marker, in order; ``[n]`` is ``hits[n - 1]``."""
    return tuple(_find_spot(question, one, hits) for one in marked)


def _find_spot(question: str, marked: Marked, hits: Sequence[ScoredChunk]) -> Spot:
    cited = [hits[number - 1] for number in marked.beside or (marked.number,) if 1 <= number <= len(hits)]
    lacks = list_missing(question, marked.claim, cited)
    hit = hits[marked.number - 1]
    share = _SAID / max(1, len(cited))  # each of several passages may say a part of it
    return Spot(marked.number, "" if lacks else _find_sentence(marked.claim, hit, share), lacks)


def _find_sentence(claim: str, hit: ScoredChunk, share: float) -> str:
    """The sentence or two of the passage that say it; empty if less than that share of its words stands in any."""
    language = find_language(hit)
    terms = frozenset(text_terms(claim, language))
    two = find_quote(hit.chunk.text, claim, language)
    units = [two[unit.start : unit.end] for unit in split_sentences(two, language)] or [two]
    one = max(units, key=lambda unit: _count_shared(terms, unit, language))
    needs_two = _count_shared(terms, two, language) - _count_shared(terms, one, language) >= _MORE
    quote = two if needs_two else one
    if terms and _count_shared(terms, quote, language) >= share * len(terms):
        return quote
    # In another language than the passage's, only numbers can be found again.
    values = {number.value for number in find_numbers(claim) if number.is_certain}
    text = hit.chunk.text
    sentences = (text[unit.start : unit.end] for unit in split_sentences(text, language)) if values else ()
    return next((one for one in sentences if values <= {number.value for number in find_numbers(one)}), "")


def _count_shared(terms: frozenset[str], text: str, language: str) -> int:
    return len(terms & frozenset(text_terms(text, language)))
