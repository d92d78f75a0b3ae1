"""Fit the weights of `rag.ranking.abstention` for small corpora alone; those for large ones stay as the file has them.

    uv run python -m bench.abstention.fit_small DATASET=INDEX …

Datasets and indexes are those of `bench.abstention.fit`, and the folders of `absent.txt` in `bench.small_folders`.
Within a set the answerable questions, the near misses (``kind`` is ``near``) and the others weigh two, one and one.
What is printed of a set comes from weights fitted on all the other sets; the weights written are those of all of them.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset
from rag.index.index import Index
from rag.ranking.abstention import CALIBRATION_FILE, choose_verdict
from rag.ranking.signals import WEIGHTED
from rag.settings import Settings

_NEED_VECTORS = ("cosine", "cosine_deep", "cosine_known", "sentence_cosine", "coverage")
_ZEROED = {"with_sentence": (), "first": ("sentence_cosine",), "words_alone": _NEED_VECTORS}
"""By the part of the calibration: the signals that it doesn't have."""
_RIDGE = 3.0
"""How much the weights of the standardised signals are kept near 0."""
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """The questions of a set, a row each."""

    x: np.ndarray
    size: np.ndarray
    answerable: np.ndarray
    near: np.ndarray

    def weigh(self) -> np.ndarray:
        """Weights of 4 in all."""
        groups = ((2.0, self.answerable), (1.0, ~self.answerable & self.near), (1.0, ~self.answerable & ~self.near))
        return sum((weight * group / max(1, group.sum()) for weight, group in groups), np.zeros(len(self.size)))


def main(arguments: list[str]) -> None:
    data = json.loads(CALIBRATION_FILE.read_text("utf-8"))
    (model,) = data["models"]
    for part, zeroed in _ZEROED.items():
        entry = data[part] if part in data else model[part]
        sets = [_measure(*argument.partition("=")[::2], zeroed, part) for argument in arguments]
        for place, argument in enumerate(arguments):
            small = fit_small(sets[:place] + sets[place + 1 :], entry["large"])
            _print_errors(f"{part}, {argument.split('=')[0]}", sets[place], small, entry["large"], part)
        entry["small"] = fit_small(sets, entry["large"])
    CALIBRATION_FILE.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def _measure(dataset: str, index: str, zeroed: tuple[str, ...], part: str) -> Measured:
    questions = Dataset.load(Path(dataset)).questions
    mode = "lexical" if part == "words_alone" else "hybrid"
    with closing(Index(Path(index))) as opened, closing(open_retriever(opened, Settings())) as retriever:
        rows = [retriever.measure(question.text, mode=mode) for question in questions]
    assert all(rows), "the index is empty"
    signals = np.array([[value or 0.0 for value in astuple(row)] for row in rows if row])
    signals[:, [WEIGHTED.index(name) for name in zeroed]] = 0.0
    answerable = np.array([question.answerable for question in questions])
    return Measured(signals[:, :-1], signals[:, -1], answerable, np.array([q.kind == "near" for q in questions]))


def fit_small(sets: list[Measured], large: dict[str, Any]) -> dict[str, Any]:
    """The intercept and weights of a small corpus: a logistic model on top of what the large one's say, by Newton."""
    x, y = np.concatenate([one.x for one in sets]), np.concatenate([one.answerable for one in sets])
    weights = np.concatenate([one.weigh() for one in sets])
    weights *= len(y) / weights.sum()
    share = 1 - np.concatenate([one.size for one in sets])
    given = (1 - share) * _compute_log_odds(x, large)
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    rows = np.hstack([(x - mean) / deviation, np.ones((len(x), 1))]) * share[:, None]
    ridge = np.append(np.full(x.shape[1], _RIDGE), 1e-6)
    found = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(given + rows @ found, -30, 30)))
        gradient = rows.T @ (weights * (p - y)) + ridge * found
        found -= np.linalg.solve((rows * (weights * p * (1 - p))[:, None]).T @ rows + np.diag(ridge), gradient)
    slopes = found[:-1] / deviation
    named = {name: round(float(slope), 3) for name, slope in zip(WEIGHTED, slopes, strict=True)}
    return {"intercept": round(float(found[-1] - slopes @ mean), 3), "weights": named}


def _compute_log_odds(x: np.ndarray, coefficients: dict[str, Any]) -> np.ndarray:
    weights = np.array([coefficients["weights"][name] for name in WEIGHTED])
    log_odds: np.ndarray = coefficients["intercept"] + x @ weights
    return log_odds


def _print_errors(name: str, one: Measured, small: dict[str, Any], large: dict[str, Any], part: str) -> None:
    odds = (1 - one.size) * _compute_log_odds(one.x, small) + one.size * _compute_log_odds(one.x, large)
    p = 1 / (1 + np.exp(-odds))
    verdicts = np.array([choose_verdict(probability, by_words=part == "words_alone") for probability in p])
    held, absent = (
        ", ".join(f"{v} {(verdicts[mine] == v).mean():.3f}" for v in ("yes", "unsure", "no"))
        for mine in (one.answerable, ~one.answerable)
    )
    print(f"{name}: AUROC {roc_auc_score(one.answerable, p):.4f}; answerable: {held}; absent: {absent}")


if __name__ == "__main__":
    main(sys.argv[1:])
