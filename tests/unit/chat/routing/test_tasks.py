from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rag.chat.routing.tasks import TASKS, classify_task, rate_tasks

HERE = Path(__file__).parent


def read(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


FITTED, OTHERS = read("tasks.jsonl"), read("unseen_tasks.jsonl")


def test_the_questions_are_many_and_in_many_languages():
    assert len(FITTED) >= 200
    assert len({row["language"] for row in FITTED}) >= 9
    assert not {row["question"] for row in FITTED} & {row["question"] for row in OTHERS}


def test_the_weights_are_those_of_the_questions():
    assert sum(classify_task(row["question"]) == row["task"] for row in FITTED) >= 0.95 * len(FITTED)


def test_questions_that_the_weights_were_not_fitted_to_are_told_too():
    table = Counter((row["task"], classify_task(row["question"])) for row in OTHERS)
    assert sum(table[task, task] for task in TASKS) >= 0.8 * len(OTHERS), table
    assert table["general", "code"] + table["general", "reasoning"] <= 1, table


@pytest.mark.parametrize("question", ["", "?", "…", "\u200b", "🙂", "x" * 2000])
def test_a_question_that_says_nothing_is_a_general_one(question: str):
    assert classify_task(question) == "general"
    assert sum(rate_tasks(question).values()) == pytest.approx(1)
