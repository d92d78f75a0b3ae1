"""Makes one ranking of two: by scores, not by ranks, each in its own unit of surprise.

A lexical score counts in standard deviations of what BM25 would give if the question's terms were strewn by chance; a
cosine in the spread that the embedding model's similarities have. How much a cosine counts follows from how well the
model knows the language of the question; how much a lexical score, from how much of the question the best one matched.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.index.lexical.entry import QuestionTerm

# Weight of a cosine, by coverage of the question by the model's vocabulary: from the first, where it knows nothing, to
# the sum. Tuned on SQuAD, SQuAD 2, 10-Q filings and JaQuAD (the table is in `bench/RESULTS.md`).
_UNKNOWN_WEIGHT = 0.2
_KNOWN_WEIGHT = 2.5

_MATCH_WEIGHT = 1.8
"""Of a lexical score when the best one matches every term; tuned on 36 sets (the table is in `bench/RESULTS.md`)."""

FULL_MATCH = 1.57
"""BM25 of one occurrence in a text of average length, in units of the term's idf."""


Place = tuple[str, int]
"""Source and ordinal."""

_NOWHERE: Place = ("", 0)


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk with its combined score and the two it was made of; None where a search didn't return it."""

    id: int
    score: float
    dense: float | None
    lexical: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """What one unit of each search's score is worth for this question."""

    dense: float
    lexical: float


def make_scale(
    terms: Sequence[QuestionTerm], chunk_count: int, spread: float, coverage: float, best_lexical: float
) -> Scale:
    """`spread` is the standard deviation of the model's cosines, `coverage` that of `rag.ranking.coverage`."""
    cosine_weight = _UNKNOWN_WEIGHT + _KNOWN_WEIGHT * coverage
    lexical_weight = _MATCH_WEIGHT * compute_matched_share(terms, best_lexical)
    return Scale(
        cosine_weight / max(spread, 1e-6), lexical_weight / max(_compute_chance_deviation(terms, chunk_count), 1e-6)
    )


def compute_matched_share(terms: Sequence[QuestionTerm], bm25: float) -> float:
    """How much of the question a text with that score has, 0…1: a share of the idf of all terms."""
    total = sum(term.idf for term in terms)
    return min(1.0, bm25 / (FULL_MATCH * total)) if total else 0.0


def _compute_chance_deviation(terms: Sequence[QuestionTerm], chunk_count: int) -> float:
    """Of BM25, if each term fell on its number of chunks independently of the others.

    An occurrence counts the term's idf: the part for frequency and length, 0 to 2.2, would scale all scores alike.
    """
    shares = [min(1.0, term.chunks / max(chunk_count, 1)) for term in terms]
    return math.sqrt(sum(term.idf**2 * p * (1 - p) for term, p in zip(terms, shares, strict=True)))


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float], scale: Scale) -> list[Fused]:
    """In no order. What one search didn't return gets that search's lowest score, the most it can have had."""
    lowest_dense, lowest_lexical = min(dense.values(), default=0.0), min(lexical.values(), default=0.0)

    def combine(chunk_id: int) -> Fused:
        cosine, bm25 = dense.get(chunk_id), lexical.get(chunk_id)
        score = scale.dense * (lowest_dense if cosine is None else cosine)
        score += scale.lexical * (lowest_lexical if bm25 is None else bm25)
        return Fused(chunk_id, score, cosine, bm25)

    return [combine(chunk_id) for chunk_id in dense.keys() | lexical.keys()]


def find_ties(scored: Sequence[Fused]) -> list[int]:
    """Ids of the chunks that share their score with another."""
    counts = Counter(fused.score for fused in scored)
    return [fused.id for fused in scored if counts[fused.score] > 1]


def rank(scored: Sequence[Fused], places: Mapping[int, Place]) -> list[Fused]:
    """Best first; what ties by its place in the folder, for ids tell of the index's history."""
    return sorted(scored, key=lambda fused: (-fused.score, places.get(fused.id, _NOWHERE)))
