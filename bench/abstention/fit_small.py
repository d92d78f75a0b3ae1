"""Fit the weights of `rag.ranking.abstention` for small corpora alone; those for large ones stay as the file has them.

    uv run python -m bench.abstention.fit_small DATASET=INDEX[@GROUP] …

Datasets and indexes are those that `bench.abstention.far_off` makes of the everyday collections and of the folders of
`absent.txt` and `cases.txt` in `bench.small_folders`. Within a set the answerable questions, the near misses (``kind``
is ``near``) and the others weigh .9, .5 and 1; questions in another language than their passages are left out, for
they never get ``no``. What is printed is about the questions that aren't another set's (``cross``), by GROUP: each is
judged by weights fitted without its collection, and then without all collections of its language. The weights written
are those of all sets.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset
from rag.index.index import Index
from rag.models.manifest import read_weights
from rag.ranking.abstention import CALIBRATION_FILE, SURE, find_hopeless
from rag.ranking.question import is_foreign
from rag.ranking.signals import WEIGHTED
from rag.settings import Settings

_NEED_VECTORS = ("cosine", "cosine_deep", "cosine_known", "sentence_cosine", "coverage")
_ZEROED = {"with_sentence": (), "first": ("sentence_cosine",), "words_alone": _NEED_VECTORS}
"""By the part of the calibration: the signals that it doesn't have."""
_RIDGE = 3.0
"""How much the weights of the standardised signals are kept near 0."""
_RIDGE_OF_MEANING = 300.0
"""The same of those that only say something in a language that the embedding model knows. It was chosen among 3, 30,
100, 300 and 1,000 by the collections and by the languages that were left out."""
_OF_MEANING = ("cosine", "cosine_deep", "sentence_cosine", "coverage")
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """The questions of a set, a row each."""

    group: str
    language: str
    """What most of its questions are in."""
    x: np.ndarray
    size: np.ndarray
    languages: np.ndarray
    kinds: np.ndarray
    """``answerable`` or the kind of the absent question."""
    foreign: np.ndarray

    @property
    def answerable(self) -> np.ndarray:
        is_answerable: np.ndarray = self.kinds == "answerable"
        return is_answerable

    def weigh(self) -> np.ndarray:
        """The answerable ones weigh so much that as many have .7 as by the weights for large corpora."""
        near = self.kinds == "near"
        weights: np.ndarray = np.zeros(len(self.size))
        for weight, some in ((0.9, self.answerable), (0.5, near), (1.0, ~self.answerable & ~near)):
            weights += weight * some / max(1, some.sum())
        return np.where(self.foreign, 0.0, weights)


def main(arguments: list[str]) -> None:
    data = json.loads(CALIBRATION_FILE.read_text("utf-8"))
    places = [argument.partition("@")[0].partition("=")[::2] for argument in arguments]
    groups = [argument.partition("@")[2] for argument in arguments]
    (weights,) = {_read_model(Path(index)) for _, index in places}
    (model,) = [entry for entry in data["models"] if (entry["model"], entry["digest"]) == weights]
    measured = [_measure(*place, group) for place, group in zip(places, groups, strict=True)]
    for part, zeroed in _ZEROED.items():
        entry = data[part] if part in data else model[part]
        known = ~np.isin(WEIGHTED, zeroed)
        sets = [replace(one, x=np.where(known, one.x, 0.0)) for one in measured]
        for name in ("collection", "language"):
            left_out = [fit_small(_leave_out(sets, one, name), entry["large"]) for one in sets]
            for group in dict.fromkeys(groups):
                print(f"{part}, {group}, without its {name}: {_judge(sets, left_out, entry['large'], group, part)}")
        entry["small"] = fit_small(sets, entry["large"])
    CALIBRATION_FILE.write_text(json.dumps(data, indent=2) + "\n", "utf-8")


def _read_model(index: Path) -> tuple[str, str]:
    with closing(Index(index)) as opened:
        weights = read_weights(opened.read(lambda snapshot: snapshot.embedding) or "")
    assert weights, f"{index} has no vectors"
    return weights


def _measure(dataset: str, index: str, group: str) -> Measured:
    questions = Dataset.load(Path(dataset)).questions
    with closing(Index(Path(index))) as opened, closing(open_retriever(opened, Settings())) as retriever:
        rows = [retriever.measure(question.text) for question in questions]
        foreign = np.array([is_foreign(q.text, retriever.retrieve(q.text).hits) for q in questions])
    assert all(rows), "the index is empty"
    signals = np.array([[value or 0.0 for value in astuple(row)] for row in rows if row])
    own = Counter(question.language for question in questions if question.kind != "cross")
    languages = np.array([question.language for question in questions])
    kinds = np.array(["answerable" if question.answerable else question.kind for question in questions])
    return Measured(group, own.most_common(1)[0][0], signals[:, :-1], signals[:, -1], languages, kinds, foreign)


def _leave_out(sets: Sequence[Measured], left: Measured, name: str) -> list[Measured]:
    return [one for one in sets if one is not left and (name == "collection" or one.language != left.language)]


def fit_small(sets: Sequence[Measured], large: dict[str, Any]) -> dict[str, Any]:
    """The intercept and weights of a small corpus: a logistic model on top of what the large one's say, by Newton."""
    x, y = np.concatenate([one.x for one in sets]), np.concatenate([one.answerable for one in sets])
    weights = np.concatenate([one.weigh() for one in sets])
    weights *= len(y) / weights.sum()
    share = 1 - np.concatenate([one.size for one in sets])
    given = (1 - share) * _compute_log_odds(x, large)
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    rows = np.hstack([(x - mean) / deviation, np.ones((len(x), 1))]) * share[:, None]
    ridge = np.append(np.where(np.isin(WEIGHTED, _OF_MEANING), _RIDGE_OF_MEANING, _RIDGE), 1e-6)
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


def _judge(
    sets: Sequence[Measured], left_out: Sequence[dict[str, Any]], large: dict[str, Any], group: str, part: str
) -> str:
    mine = [(one, small) for one, small in zip(sets, left_out, strict=True) if one.group == group]
    odds = [
        (1 - one.size) * _compute_log_odds(one.x, small) + one.size * _compute_log_odds(one.x, large)
        for one, small in mine
    ]
    p = 1 / (1 + np.exp(-np.concatenate(odds)))
    coverage = np.concatenate([one.x[:, WEIGHTED.index("coverage")] for one, _ in mine])
    hopeless = np.array([find_hopeless(None if part == "words_alone" else share) for share in coverage])
    says_no = (p < hopeless) & ~np.concatenate([one.foreign for one, _ in mine])
    kinds = np.concatenate([one.kinds for one, _ in mine])
    languages = np.concatenate([one.languages for one, _ in mine])
    rows = [*_describe(p, says_no, kinds)]
    for language in ("others", *np.unique(languages)):
        own = languages != "en" if language == "others" else languages == language
        rows += [f"\n    {language}:", *_describe(p[own], says_no[own], kinds[own])]
    return " ".join(rows)


def _describe(p: np.ndarray, says_no: np.ndarray, kinds: np.ndarray) -> Iterator[str]:
    held, absent = kinds == "answerable", (kinds == "far") | (kinds == "near")
    for name, some in (("all", absent), ("far", kinds == "far"), ("near", kinds == "near")):
        if some.any() and held.any():
            yield f"AUROC {name} {roc_auc_score(held[held | some], p[held | some]):.3f}"
    for name in ("answerable", "far", "near"):
        some = kinds == name
        if some.any():
            yield f"{name} no {says_no[some].sum()}, yes {(p[some] >= SURE).sum()} of {some.sum()};"


if __name__ == "__main__":
    main(sys.argv[1:])
