"""Fit the coefficients of `rag.ranking.abstention` for the embedding model of some indexes.

    uv run python -m bench.fit_abstention DATASET=INDEX[,DATASET=INDEX …][@WEIGHT] …

Each dataset has questions that its corpus can and cannot answer (form: `rag.evaluation.retrieval`) and an index made
by ``python -m ingest``; those joined by commas count as one (small corpora: `bench/small_corpora.py`). Half of each
one's questions fit, the other half tests; the coefficients printed are those of all questions. Each weighs alike, or
as WEIGHT says, whatever its size, and so do both kinds of question. ``first`` is the opinion before the sentence is
asked for.
"""

from __future__ import annotations

import sys
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset
from rag.index.reader import Index
from rag.ranking.abstention import Signals
from rag.settings import Settings

_DENSE = 5  # the first signals need vectors
_SENTENCE = [field.name for field in fields(Signals)].index("sentence_cosine")


def main(arguments: list[str]) -> None:
    groups = [argument.partition("@")[0] for argument in arguments]
    shares = [float(argument.partition("@")[2] or 1) for argument in arguments]
    for mode in ("hybrid", "first", "lexical"):
        sets = [_group(group, mode) for group in groups]
        half = _fit([(x[::2], y[::2]) for x, y in sets], shares)
        for group, (x, y) in zip(groups, sets, strict=True):
            _print_errors(group.split("=")[0], half, x[1::2], y[1::2])
        model = _fit(sets, shares)
        width = len(fields(Signals)) - 1
        weights, intercept, change = model.coef_[0], model.intercept_[0], model.coef_[0][-1]
        print(f"{mode}: small=Coefficients({intercept:.3f}, {_tuple(weights[:width])})")
        print(f"{mode}: large=Coefficients({intercept + change:.3f}, {_tuple(weights[width : 2 * width])})")


def _tuple(weights: np.ndarray) -> str:
    return "(" + ", ".join(f"{weight:.3f}" for weight in weights) + ")"


def _group(group: str, mode: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = [pair.partition("=") for pair in group.split(",")]
    parts = [_measured(dataset, index, mode) for dataset, _, index in pairs]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def _measured(dataset: str, index: str, mode: str) -> tuple[np.ndarray, np.ndarray]:
    questions = Dataset.load(Path(dataset)).questions
    retriever = open_retriever(Index(Path(index)), Settings(index_dir=Path(index)))
    searched = "lexical" if mode == "lexical" else "hybrid"
    rows = [retriever.measure(question.text, mode=searched) for question in questions]
    assert all(rows), "the index is empty"
    signals = np.array([astuple(row) for row in rows if row])
    values, size = signals[:, :-1], signals[:, -1:]
    if mode == "lexical":
        values[:, :_DENSE] = 0.0
    if mode == "first":
        values[:, _SENTENCE] = 0.0
    return np.hstack([values * (1 - size), values * size, size]), np.array([q.answerable for q in questions])


def _fit(sets: list[tuple[np.ndarray, np.ndarray]], shares: list[float]) -> LogisticRegression:
    x, y = np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets])
    alike = [np.where(y, 1 / y.sum(), 1 / (~y).sum()) for _, y in sets]
    weights = np.concatenate([share * weight for share, weight in zip(shares, alike, strict=True)])
    return LogisticRegression(C=10.0, max_iter=10_000).fit(x, y, weights * len(y) / weights.sum())


def _print_errors(name: str, model: LogisticRegression, x: np.ndarray, y: np.ndarray) -> None:
    p = model.predict_proba(x)[:, 1]
    answered, declined = (p[~y] >= 0.5).mean(), (p[y] < 0.5).mean()
    print(f"{name}: AUROC {roc_auc_score(y, p):.4f}, false answers {answered:.3f}, false declines {declined:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
