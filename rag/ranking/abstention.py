"""Whether the corpus can answer at all: a calibrated probability from what both searches saw.

The probability is a logistic model's, whose weights stand in `calibration.json`; `fit.py` and `fit_small.py` in
`bench/abstention/` write them. Each embedding model that was calibrated has its own, found by its exact name and
the digest of its weights. A model's precision may differ: a reduced one is kept only if its vectors agree with the
original's. What the weights were fitted on, and what came of it, stands in `bench/RESULTS.md`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rag.models.manifest import read_weights
from rag.ranking.signals import WEIGHTED, Signals
from rag.types import Verdict

CALIBRATION_FILE = Path(__file__).with_name("calibration.json")

SURE = 0.7
"""From this probability on the verdict is ``yes``. It and those below were read off the table of what was left out
(`bench/RESULTS.md`)."""

HOPELESS = 0.12
"""Below it the verdict is ``no``."""

HOPELESS_UNFAMILIAR = 0.15
"""The same in a language that the embedding model hardly knows: there the cosines say little, so that no probability is
as low as elsewhere. Lowered from .19, by which reworded questions of another hand were denied (`competing.txt`)."""

_FAMILIAR = 0.65
"""Coverage from which on the model knows a question's language: 5 % of the English ones have less, German ones have .55
on average."""

HOPELESS_BY_WORDS = 0.05
"""The same where words alone say how likely an answer is: practically never."""

DOUBT = (0.05, 0.95)
"""Between them the sentence is asked for: tuned on the sets of the fit (the table is in `bench/RESULTS.md`)."""

_SURE = 30.0
"""Log odds beyond which nothing changes."""


def compute_confidence(measured: Signals, model: ModelCalibration | None) -> float:
    """The probability that the corpus holds the answer.

    `model` is the calibration of the model that embedded the question; None for a search by words alone, and for a
    model that wasn't calibrated.
    """
    if model is None:
        return load_calibrations().words_alone.compute_probability(measured)
    calibration = model.first if measured.sentence_cosine is None else model.with_sentence
    return calibration.compute_probability(measured)


def is_in_doubt(probability: float) -> bool:
    """Whether the sentence's cosine, which costs as much as the question's, can still turn a calibrated verdict."""
    return DOUBT[0] < probability < DOUBT[1]


def choose_verdict(probability: float, coverage: float | None) -> Verdict:
    """What to tell of a probability that the corpus holds the answer.

    `coverage` is how well the embedding model's vocabulary covers the question; None if the probability is made of
    words alone.
    """
    if probability >= SURE:
        return "yes"
    return "no" if probability < find_hopeless(coverage) else "unsure"


def find_hopeless(coverage: float | None) -> float:
    """The probability below which the verdict is ``no``; `coverage` as for `choose_verdict`."""
    if coverage is None:
        return HOPELESS_BY_WORDS
    return HOPELESS if coverage >= _FAMILIAR else HOPELESS_UNFAMILIAR


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A logistic model: its intercept, and a weight for each name in `WEIGHTED`."""

    intercept: float
    weights: Mapping[str, float]

    def compute_log_odds(self, measured: Signals) -> float:
        """A signal that wasn't measured adds nothing."""
        return self.intercept + sum(self.weights[name] * (getattr(measured, name) or 0.0) for name in WEIGHTED)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients for a small corpus and for a large one; between them the size decides.

    In a handful of documents a word that isn't there, or a cosine that isn't high, says less than in a thousand.
    """

    small: Coefficients
    large: Coefficients

    def compute_probability(self, measured: Signals) -> float:
        small, large = self.small.compute_log_odds(measured), self.large.compute_log_odds(measured)
        log_odds = small + measured.size * (large - small)
        return 1 / (1 + math.exp(-max(-_SURE, min(_SURE, log_odds))))


@dataclass(frozen=True, slots=True)
class ModelCalibration:
    """The calibrations for searches with an embedding model's vectors."""

    first: Calibration
    """Before the best sentence's cosine is known."""
    with_sentence: Calibration


@dataclass(frozen=True, slots=True)
class Calibrations:
    """All that is in the file."""

    models: Mapping[tuple[str, str], ModelCalibration]
    """By the model's name and the digest of its weights."""
    words_alone: Calibration
    """For searches without vectors, and for models that weren't calibrated."""


def find_calibration(fingerprint: str) -> ModelCalibration | None:
    """The calibration of the embedding model with that fingerprint; None if it wasn't calibrated."""
    weights = read_weights(fingerprint)
    return load_calibrations().models.get(weights) if weights else None


@cache
def load_calibrations() -> Calibrations:
    """The calibrations of the package, read when the first verdict is given."""
    return parse_calibrations(json.loads(CALIBRATION_FILE.read_text("utf-8")))


def parse_calibrations(data: Mapping[str, Any]) -> Calibrations:
    """Raises ValueError, naming the set, for weights whose names aren't those of the signals."""
    models = {
        (entry["model"], entry["digest"]): ModelCalibration(
            *(_parse_calibration(f"{entry['model']}, {part}", entry[part]) for part in ("first", "with_sentence"))
        )
        for entry in data["models"]
    }
    return Calibrations(models, _parse_calibration("words_alone", data["words_alone"]))


def _parse_calibration(place: str, data: Mapping[str, Any]) -> Calibration:
    coefficients = []
    for size in ("small", "large"):
        weights = {name: float(weight) for name, weight in data[size]["weights"].items()}
        if wrong := sorted(weights.keys() ^ set(WEIGHTED)):
            raise ValueError(
                f"The calibration ({place}, {size}) lacks a weight, or has one that no signal is named by: "
                f"{', '.join(wrong)}. Write it anew with bench/abstention/fit.py."
            )
        coefficients.append(Coefficients(float(data[size]["intercept"]), weights))
    return Calibration(*coefficients)
