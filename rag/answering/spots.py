"""The spot behind each marker of an answer: the sentence of its passage that says what the marker's claim says. Pure.

A citation (`rag.answering.citations`) is of a passage, and its quote is for all that the answer says of it. Here each
marker has its own. Where no sentence says it there is none, and what speaks against it is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.checking import check_claim
from rag.types import ScoredChunk


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
    """What the claim has and none of the passages that it cites, as it is written in it: numbers, names, words."""


def find_spots(question: str, marked: Sequence[Marked], hits: Sequence[ScoredChunk]) -> tuple[Spot, ...]:
    """One spot for each marker, in order; ``[n]`` is ``hits[n - 1]``."""
    return tuple(_find_spot(question, one, hits) for one in marked)


def _find_spot(question: str, marked: Marked, hits: Sequence[ScoredChunk]) -> Spot:
    checked = check_claim(question, marked.claim, marked.beside or (marked.number,), hits)
    quotes = dict(zip(checked.passages, checked.quotes, strict=True))
    return Spot(marked.number, quotes.get(marked.number, ""), checked.lacks)
