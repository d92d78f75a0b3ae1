"""Fit the weights of `rag.ranking.abstention` for the embedding model of some indexes, and write them to its file.

    uv run python -m bench.abstention.fit DATASET=INDEX[,DATASET=INDEX …][@WEIGHT] …

Each dataset has questions that its corpus can and cannot answer (form: `rag.evaluation.retrieval`) and an index made
by ``python -m ingest``; those joined by commas count as one (small corpora: `bench.abstention.small_corpora`, far-off
questions: `bench.abstention.far_off`). What is printed of a set comes from weights fitted on all the other sets; the
weights written are those of all of them.
Each set weighs alike, or as WEIGHT says, whatever its size, and so do both kinds of question. ``first`` is the opinion
before the sentence is asked for. The weights of other models stay in the file.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset
from rag.index.index import Index
from rag.models.manifest import read_weights
from rag.ranking.abstention import CALIBRATION_FILE, choose_verdict
from rag.ranking.signals import WEIGHTED
from rag.settings import Settings

VERDICTS = ("yes", "unsure", "no")
_NEED_VECTORS = ("cosine", "cosine_deep", "cosine_known", "sentence_cosine", "coverage")
_ZEROED = {"with_sentence": (), "first": ("sentence_cosine",), "words_alone": _NEED_VECTORS}
"""By the part of the calibration: the signals that it doesn't have."""


def main(arguments: list[str]) -> None:
    groups = [argument.partition("@")[0] for argument in arguments]
    shares = [float(argument.partition("@")[2] or 1) for argument in arguments]
    parts = {part: _fit_part(part, groups, shares) for part in _ZEROED}
    indexes = {Path(pair.split("=")[1]) for group in groups for pair in group.split(",")}
    (weights,) = {_read_model(index) for index in indexes}
    _write(weights, parts)


def _fit_part(part: str, groups: list[str], shares: list[float]) -> dict[str, Any]:
    sets = [_measure_group(group, part) for group in groups]
    for place, (group, (x, y)) in enumerate(zip(groups, sets, strict=True)):
        others = [one for other, one in enumerate(sets) if other != place]
        left_out = _fit(others, [share for other, share in enumerate(shares) if other != place])
        _print_errors(f"{part}, {group.split('=')[0]}", left_out, x, y, part == "words_alone")
    return _describe(_fit(sets, shares))


def _describe(model: LogisticRegression) -> dict[str, Any]:
    """The rows of `_measure` are a small corpus's signals, a large one's, and the size."""
    width, intercept, change = len(WEIGHTED), model.intercept_[0], model.coef_[0][-1]
    small, large = model.coef_[0][:width], model.coef_[0][width : 2 * width]
    return {"small": _describe_weights(intercept, small), "large": _describe_weights(intercept + change, large)}


def _describe_weights(intercept: float, weights: np.ndarray) -> dict[str, Any]:
    named = {name: round(float(weight), 3) for name, weight in zip(WEIGHTED, weights, strict=True)}
    return {"intercept": round(float(intercept), 3), "weights": named}


def _write(weights: tuple[str, str], parts: dict[str, Any]) -> None:
    model, digest = weights
    data = json.loads(CALIBRATION_FILE.read_text("utf-8"))
    kept = [entry for entry in data["models"] if (entry["model"], entry["digest"]) != weights]
    words_alone = parts.pop("words_alone")
    data = {"models": [*kept, {"model": model, "digest": digest, **parts}], "words_alone": words_alone}
    CALIBRATION_FILE.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def _read_model(index: Path) -> tuple[str, str]:
    with closing(Index(index)) as opened:
        weights = read_weights(opened.read(lambda snapshot: snapshot.embedding) or "")
    assert weights, f"{index} has no vectors"
    return weights


def _measure_group(group: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = [pair.partition("=") for pair in group.split(",")]
    sets = [_measure(dataset, index, part) for dataset, _, index in pairs]
    return np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets])


def _measure(dataset: str, index: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    questions = Dataset.load(Path(dataset)).questions
    mode = "lexical" if part == "words_alone" else "hybrid"
    with closing(Index(Path(index))) as opened, closing(open_retriever(opened, Settings())) as retriever:
        rows = [retriever.measure(question.text, mode=mode) for question in questions]
    assert all(rows), "the index is empty"
    signals = np.array([[value or 0.0 for value in astuple(row)] for row in rows if row])
    values, size = signals[:, :-1], signals[:, -1:]
    for name in _ZEROED[part]:
        values[:, WEIGHTED.index(name)] = 0.0
    return np.hstack([values * (1 - size), values * size, size]), np.array([q.answerable for q in questions])


def _fit(sets: list[tuple[np.ndarray, np.ndarray]], shares: list[float]) -> LogisticRegression:
    x, y = np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets])
    alike = [np.where(y, 1 / y.sum(), 1 / (~y).sum()) for _, y in sets]
    weights = np.concatenate([share * weight for share, weight in zip(shares, alike, strict=True)])
    return LogisticRegression(C=10.0, max_iter=10_000).fit(x, y, weights * len(y) / weights.sum())


def _print_errors(name: str, model: LogisticRegression, x: np.ndarray, y: np.ndarray, by_words: bool) -> None:
    p = model.predict_proba(x)[:, 1]
    width, place = len(WEIGHTED), WEIGHTED.index("coverage")
    coverage = x[:, place] + x[:, width + place]  # a row has a small corpus's share of each signal, and a large one's
    verdicts = np.array(
        [choose_verdict(*row) for row in zip(p, [None] * len(p) if by_words else coverage, strict=True)]
    )
    held, absent = (", ".join(f"{v} {(verdicts[mine] == v).mean():.3f}" for v in VERDICTS) for mine in (y, ~y))
    print(f"{name}: AUROC {roc_auc_score(y, p):.4f}; answerable: {held}; absent: {absent}")


if __name__ == "__main__":
    main(sys.argv[1:])
