"""Whether the corpus can answer at all: a calibrated probability from what both searches saw. Pure."""

from __future__ import annotations

from rag.ranking.calibration import load_calibrations
from rag.ranking.signals import Signals

THRESHOLD = 0.5
"""Where both kinds of error are equally frequent on the sets of the fit."""

PARTIAL_THRESHOLD = 0.06
"""For the search by words alone where both were wanted. It declines under 1 % of the answerable questions of the sets
of the fit (the table is in `bench/RESULTS.md`)."""

DOUBT = (0.05, 0.95)
"""Between them the sentence is asked for: tuned on the sets of the fit (the table is in `bench/RESULTS.md`)."""


def compute_confidence(measured: Signals, fingerprint: str) -> float:
    """The probability that the corpus holds the answer; `fingerprint` of the embedding model, empty without one."""
    known = load_calibrations()
    model = known.find_model(fingerprint)
    if model is None:
        return known.words_alone.compute_probability(measured)
    return (model.with_sentence if measured.sentence_cosine else model.first).compute_probability(measured)


def is_in_doubt(measured: Signals, fingerprint: str) -> bool:
    """Whether the sentence's cosine, which costs as much as the question's, can still turn the verdict."""
    is_calibrated = load_calibrations().find_model(fingerprint) is not None
    return is_calibrated and DOUBT[0] < compute_confidence(measured, fingerprint) < DOUBT[1]


def is_answerable(probability: float, *, is_partial: bool = False) -> bool:
    """`is_partial` while the vectors are still to come: words alone can't tell that something isn't there."""
    return probability >= (PARTIAL_THRESHOLD if is_partial else THRESHOLD)
