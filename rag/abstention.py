"""Whether the corpus can answer at all: a calibrated probability from what both searches saw. Pure.

A logistic model of a few signals, each made comparable across questions. Its coefficients are data, one set for each
embedding model and one for the lexical search alone; `bench/fit_abstention.py` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from rag.closeness import Closeness
from rag.lexical_index import QuestionTerm

THRESHOLD = 0.5
"""Where both kinds of error are equally frequent on the sets of the fit."""

_FULL_MATCH = 1.57
"""BM25 of one occurrence in a text of average length, in units of the term's idf."""


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
    """Of the sentence of the best passage that has most of the question's terms."""
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


def signals(
    evidence: Evidence, dense: Mapping[int, float], lexical: Mapping[int, float], looks: Sequence[Closeness]
) -> Signals:
    """`dense` and `lexical` are each search's list, best first; `looks` the best passages of the two together."""
    total = sum(term.idf for term in evidence.terms) or 1.0
    cosines = [cosine / evidence.spread for cosine in dense.values()] or [0.0]
    bm25 = next(iter(lexical.values()), 0.0) / _FULL_MATCH
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
        unseen=sum(not term.chunks for term in evidence.terms),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients of the logistic model, in the order of the fields of `Signals`."""

    intercept: float
    weights: tuple[float, ...]


# By the name in the embedding model's fingerprint; the empty one is for searches without vectors, and for models not
# calibrated. Fitted by `bench/fit_abstention.py` on SQuAD with every second article left out (1,500 questions) and a
# Japanese set likewise (1,002): a model that knows the language and one that doesn't.
CALIBRATIONS: Mapping[str, Calibration] = {
    "all-MiniLM-L6-v2": Calibration(-8.167, (-0.384, 0.449, 1.056, 0.482, -6.138, 6.258, 0.990, -2.208, 1.815, -0.598)),
    "": Calibration(-7.578, (0.0, 0.0, 0.0, 0.0, 0.0, 9.141, 1.214, -1.559, 0.752, -0.580)),
}


def confidence(measured: Signals, fingerprint: str) -> float:
    """The probability that the corpus holds the answer; `fingerprint` of the embedding model, empty without one."""
    model = next((name for name in CALIBRATIONS if name and name in fingerprint), "")
    calibration = CALIBRATIONS[model]
    terms = zip(calibration.weights, astuple(measured), strict=True)
    return 1 / (1 + math.exp(-calibration.intercept - sum(weight * signal for weight, signal in terms)))


def is_answerable(probability: float) -> bool:
    return probability >= THRESHOLD
