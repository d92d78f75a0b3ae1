"""The weights of the verdict's logistic model, read from `calibration.json`; `bench/abstention/fit.py` writes them.

Each embedding model that was calibrated has its own, found by the model's exact name and the digest of its weights. A
model's precision may differ: a reduced one is kept only if its vectors agree with the original's. What the weights were
fitted on, and what came of it, stands in `bench/RESULTS.md`.
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

CALIBRATION_FILE = Path(__file__).with_name("calibration.json")

_SURE = 30.0
"""Log odds beyond which nothing changes."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Of a logistic model: its intercept, and a weight for each name in `WEIGHTED`."""

    intercept: float
    weights: Mapping[str, float]

    def compute_log_odds(self, measured: Signals) -> float:
        values = (float(getattr(measured, name)) for name in WEIGHTED)
        return self.intercept + sum(self.weights[name] * value for name, value in zip(WEIGHTED, values, strict=True))


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
    """For searches with an embedding model's vectors."""

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

    def find_model(self, fingerprint: str) -> ModelCalibration | None:
        """None for a model that wasn't calibrated, and for the empty fingerprint of a search without vectors."""
        weights = read_weights(fingerprint)
        return self.models.get(weights) if weights else None


@cache
def load_calibrations() -> Calibrations:
    """Those of the package; read when the first verdict is given."""
    return parse_calibrations(json.loads(CALIBRATION_FILE.read_text("utf-8")))


def parse_calibrations(data: Mapping[str, Any]) -> Calibrations:
    """Raises ValueError, naming the set, for weights whose names aren't those of the signals."""
    models = {(entry["model"], entry["digest"]): _parse_model(entry) for entry in data["models"]}
    return Calibrations(models, _parse_calibration("words_alone", data["words_alone"]))


def _parse_model(entry: Mapping[str, Any]) -> ModelCalibration:
    parts = (_parse_calibration(f"{entry['model']}, {part}", entry[part]) for part in ("first", "with_sentence"))
    return ModelCalibration(*parts)


def _parse_calibration(place: str, data: Mapping[str, Any]) -> Calibration:
    return Calibration(*(_parse_coefficients(f"{place}, {size}", data[size]) for size in ("small", "large")))


def _parse_coefficients(place: str, data: Mapping[str, Any]) -> Coefficients:
    weights = {name: float(weight) for name, weight in data["weights"].items()}
    wrong = sorted(weights.keys() ^ set(WEIGHTED))
    if wrong:
        raise ValueError(
            f"The calibration ({place}) lacks a weight, or has one that no signal is named by: {', '.join(wrong)}. "
            "Write it anew with bench/abstention/fit.py."
        )
    return Coefficients(float(data["intercept"]), weights)
