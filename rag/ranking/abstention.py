"""Whether the corpus can answer at all: a calibrated probability from what both searches saw. Pure.

A logistic model of a few signals, each made comparable across questions. Its coefficients are data, one set for each
embedding model and one for the lexical search alone; `bench/fit_abstention.py` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from rag.index.lexical import QuestionTerm
from rag.ranking.closeness import Closeness
from rag.ranking.fusion import FULL_MATCH

THRESHOLD = 0.5
"""Where both kinds of error are equally frequent on the sets of the fit."""

PARTIAL_THRESHOLD = 0.06
"""For the lexical search alone where both were wanted: under 1 % of answerable questions are declined on the sets of
the fit, and 20 to 40 % of the others answered."""

DOUBT = (0.05, 0.95)
"""Between them the sentence is asked for: for a quarter of the questions of the sets of the fit, where both kinds of
error and the AUROC, to .0003, are as if it were asked for always."""

_SURE = 30.0
"""Log odds beyond which nothing changes."""

_SIZES = (10, 2_000)
"""Chunks of a small corpus and of a large one, for the two sets of coefficients: the range of the sets of the fit."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the two lists."""

    terms: Sequence[QuestionTerm]
    chunk_count: int
    spread: float
    """Standard deviation of the model's cosines."""
    coverage: float
    """Of the question by the model's vocabulary."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the verdict rests on. Cosines count in spreads of the model's; shares are of the idf of all terms."""

    cosine: float
    """The best."""
    cosine_deep: float
    """That of the last candidate: what this question gets for nothing."""
    cosine_known: float
    """The best, as far as the model's vocabulary covers the question (0…1)."""
    sentence_cosine: float
    """Of the sentence of the best passage that has most of the question's terms; 0 until it is asked for."""
    coverage: float
    """Of the question by the model's vocabulary."""
    bm25: float
    """The best, as a share of what a text with every term once would get."""
    bm25_words: float
    """The best, in words as rare as can be."""
    second: float
    """Share of the terms in the second passage."""
    window: float
    """Share in the best stretch of one of the first three passages."""
    unseen: float
    """Number of terms that the corpus doesn't have."""
    size: float
    """Of the corpus: 0 for ten chunks or fewer, 1 for 2,000 or more."""


def signals(
    evidence: Evidence, dense: Mapping[int, float], lexical: Mapping[int, float], looks: Sequence[Closeness]
) -> Signals:
    """`dense` and `lexical` are each search's list, best first; `looks` the best passages of the two together."""
    # What was joined and is nowhere as such says nothing, for its parts are terms too: of Vietnamese questions on a
    # manual 17 % were declined before, 6 % now.
    terms = [term for term in evidence.terms if term.chunks or "_" not in term.text]
    total = sum(term.idf for term in terms) or 1.0
    cosines = [cosine / evidence.spread for cosine in dense.values()] or [0.0]
    bm25 = next(iter(lexical.values()), 0.0) / FULL_MATCH
    return Signals(
        cosine=cosines[0],
        cosine_deep=cosines[-1],
        cosine_known=cosines[0] * evidence.coverage,
        sentence_cosine=0.0,
        coverage=evidence.coverage,
        bm25=bm25 / total,
        bm25_words=bm25 / math.log(2 + evidence.chunk_count),
        second=looks[1].present / total if len(looks) > 1 else 0.0,
        window=max((look.window for look in looks), default=0.0) / total,
        unseen=sum(not term.chunks for term in terms),
        size=_size(evidence.chunk_count),
    )


def _size(chunk_count: int) -> float:
    """By the logarithm, because that is how fast the best of so many chance matches grows."""
    low, high = _SIZES
    return math.log(min(max(chunk_count, low), high) / low) / math.log(high / low)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Of the logistic model, in the order of the fields of `Signals` but for its size."""

    intercept: float
    weights: tuple[float, ...]

    def log_odds(self, values: Sequence[float]) -> float:
        return self.intercept + sum(weight * value for weight, value in zip(self.weights, values, strict=True))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for a small corpus and for a large one; between them the size decides. In a handful of documents a
    word that isn't there, or a cosine that isn't high, says less than in a thousand."""

    small: Coefficients
    large: Coefficients

    def probability(self, measured: Signals) -> float:
        *values, size = astuple(measured)
        small, large = self.small.log_odds(values), self.large.log_odds(values)
        log_odds = small + size * (large - small)
        return 1 / (1 + math.exp(-max(-_SURE, min(_SURE, log_odds))))


# By the name in the embedding model's fingerprint; the empty one is for searches without vectors, and for models not
# calibrated. Fitted by `bench/fit_abstention.py` on SQuAD with every second article left out (1,500 questions), a
# Japanese set likewise (1,002: a language that the model doesn't know), 42 corpora of 5, 20 and 80 paragraphs of SQuAD
# with as many questions of other articles (2,432), and, with a tenth of their weight and not for words alone, 100
# corpora of one and two paragraphs (424): with full weight too much is answered on a handful. Twelve more signals
# (agreement and lead of the two lists, the first passage's share of the terms, …), alone and together, leave the equal
# error rate on the first set at .051 to .055, and so do boosted trees.
CALIBRATIONS: Mapping[str, Calibration] = {
    "all-MiniLM-L6-v2": Calibration(
        small=Coefficients(-7.028, (-0.968, -0.069, 2.223, 0.630, -4.278, 6.642, 0.017, -1.073, 3.663, -0.147)),
        large=Coefficients(-8.834, (-0.077, 0.508, 0.611, 0.474, -5.856, 4.752, 1.386, -0.356, 1.893, -0.758)),
    ),
    "": Calibration(
        small=Coefficients(-6.298, (0.0, 0.0, 0.0, 0.0, 0.0, 8.368, 0.908, -1.047, 5.032, -0.010)),
        large=Coefficients(-8.190, (0.0, 0.0, 0.0, 0.0, 0.0, 8.115, 1.300, -0.951, 1.990, -0.838)),
    ),
}
FIRST_CALIBRATIONS: Mapping[str, Calibration] = {
    "all-MiniLM-L6-v2": Calibration(
        small=Coefficients(-6.737, (-0.475, -0.010, 2.206, 0.0, -3.946, 7.437, -0.133, -2.311, 5.757, -0.114)),
        large=Coefficients(-8.916, (0.248, 0.502, 0.685, 0.0, -5.794, 3.445, 1.536, 0.277, 3.462, -0.708)),
    ),
    "": CALIBRATIONS[""],
}
"""For what is known before the sentence's cosine."""


def confidence(measured: Signals, fingerprint: str) -> float:
    """The probability that the corpus holds the answer; `fingerprint` of the embedding model, empty without one."""
    known = CALIBRATIONS if measured.sentence_cosine else FIRST_CALIBRATIONS
    return known[_calibrated(fingerprint)].probability(measured)


def is_in_doubt(measured: Signals, fingerprint: str) -> bool:
    """Whether the sentence's cosine, which costs as much as the question's, can still turn the verdict."""
    return bool(_calibrated(fingerprint)) and DOUBT[0] < confidence(measured, fingerprint) < DOUBT[1]


def _calibrated(fingerprint: str) -> str:
    return next((name for name in CALIBRATIONS if name and name in fingerprint), "")


def is_answerable(probability: float, *, is_partial: bool = False) -> bool:
    """`is_partial` while the vectors are still to come: words alone can't tell that something isn't there."""
    return probability >= (PARTIAL_THRESHOLD if is_partial else THRESHOLD)
