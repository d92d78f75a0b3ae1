"""What each of many made documents answers, without a model: documents and questions of a seed nothing was tuned on."""

from __future__ import annotations

import pytest

from bench.every.__main__ import is_right
from bench.every.made import MadeSet, make_invoices, make_minutes
from rag.answering.values import find_condition, find_dates, find_values
from rag.asked.kinds import find_kind
from rag.asked.lexicon import read_question
from rag.asked.rows import find_core, find_row, read_wanted
from rag.types import Chunk, StoredChunk


def answer_all(made: MadeSet, question: str) -> dict[str, dict[str, object]]:
    core = find_core(read_question(question, find_kind(question).language))
    field, wanted, condition = read_wanted(question, core)
    texts = {name: text.replace("</p>", "\n\n").replace("<p>", "") for name, text in made.files.items()}
    rows = [
        find_row(core, field, wanted, condition, [StoredChunk(1, Chunk(name, 0, text), "en")])
        for name, text in texts.items()
    ]
    return {row.source: row.to_dict() for row in rows if row.answer}


@pytest.mark.parametrize("make", [make_invoices, make_minutes])
def test_most_answers_are_found_and_few_are_wrong(make):
    made = make(7, 8)
    held = right = given = 0
    for question, answers in made.questions:
        found = answer_all(made, question)
        held, given = held + len(answers), given + len(found)
        right += sum(is_right(found.get(source), answer) for source, answer in answers.items())
    assert right / held > 0.9
    assert right / given > 0.9


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("due on 3 May 2026, sent 04.05.2026", ["2026-05-03", "2026-05-04"]),
        ("Fällig am 12. März 2026", ["2026-03-12"]),
        ("vence el 1 de abril de 2026", ["2026-04-01"]),
        ("May 7, 2026", ["2026-05-07"]),
        ("2026年3月9日", ["2026-03-09"]),
        ("12,2026-03-09,2026-03-11", ["2026-03-09", "2026-03-11"]),
        ("31.02.2026 and version 1.2.3", []),
    ],
)
def test_dates_are_read_in_many_forms(text, days):
    assert [value.plain for value in find_dates(text)] == days


def test_amounts_are_told_from_other_numbers():
    text = "Invoice 17 of 3 items: 1.240,50 € plus 20 % tax, EUR 310"
    assert [value.plain for value in find_values(text, "amount")] == ["1240.5", "310"]


@pytest.mark.parametrize(
    ("question", "plain", "holds"),
    [
        ("Which invoices are over 500 euros?", "500.5", True),
        ("Welche Rechnungen liegen unter 500 Euro?", "500.5", False),
        ("which contracts end before 2026-06-01?", "2026-05-31", True),
        ("哪些合同在2026年到期？", "2026-05-31", True),
        ("how many of these contracts expire in 2025?", "2026-05-31", False),
    ],
)
def test_a_condition_is_read_from_the_question(question, plain, holds):
    condition = find_condition(question)
    assert condition
    assert condition.holds(plain) is holds
