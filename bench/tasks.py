"""Fits the model that tells questions of code, of reasoning and others, and says how good it is on what it didn't see.

``python -m bench.tasks [--write]``. The questions are those of the tests. Left out are, in turn, one in five of what is
asked, in all languages at once, and each language as a whole; the tables say what became of the left-out questions.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag.chat.routing.tasks import BUCKETS, TASKS, WEIGHTS_FILE, find_features

QUESTIONS = Path(__file__).parents[1] / "tests" / "unit" / "chat" / "routing" / "tasks.jsonl"
_STRENGTH = 10.0
"""The inverse of the regularisation."""


def main() -> None:
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    order: Counter[tuple[str, str]] = Counter()
    for row in rows:
        order[row["language"], row["task"]] += 1
        row["fold"] = order[row["language"], row["task"]] % 5
    for name in ("fold", "language"):
        _judge(rows, name)
    if "--write" in sys.argv:
        model = _fit(rows)
        weights = {
            str(bucket): [round(float(value), 2) for value in model.coef_[:, bucket]] for bucket in range(BUCKETS)
        }
        kept = {bucket: values for bucket, values in weights.items() if any(values)}
        stored = {"tasks": TASKS, "bias": [round(float(value), 3) for value in model.intercept_], "weights": kept}
        WEIGHTS_FILE.write_text(json.dumps(stored, separators=(",", ":")) + "\n", "utf-8")


def _judge(rows: Sequence[dict[str, Any]], name: str) -> None:
    table: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    for value in sorted({row[name] for row in rows}, key=str):
        left_out = [row for row in rows if row[name] == value]
        model = _fit([row for row in rows if row[name] != value])
        for row, told in zip(left_out, model.predict(_count(left_out)), strict=True):
            table[row["task"], TASKS[told]] += 1
            right[row["language"]] += row["task"] == TASKS[told]
    asked = Counter(row["language"] for row in rows)
    print(f"left out by {name}: {sum(right.values())} of {len(rows)} right, {sum(right.values()) / len(rows):.3f}")
    print("  " + ", ".join(f"{language} {right[language] / count:.2f}" for language, count in asked.items()))
    for task in TASKS:
        print(f"  {task:>9} told as " + ", ".join(f"{told} {table[task, told]}" for told in TASKS))


def _fit(rows: Sequence[dict[str, Any]]) -> Any:  # noqa: ANN401 (sklearn is without types)
    labels = [TASKS.index(row["task"]) for row in rows]
    return LogisticRegression(C=_STRENGTH, max_iter=500).fit(_count(rows), labels)


def _count(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    values = np.zeros((len(rows), BUCKETS))
    for place, row in enumerate(rows):
        for bucket, value in find_features(row["question"]).items():
            values[place, bucket] = value
    return values


if __name__ == "__main__":
    main()
