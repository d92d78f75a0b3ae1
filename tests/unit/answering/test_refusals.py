"""refusals.tsv: answers of models and sentences of documents in 14 languages, labelled by hand. The words were chosen
on every second line of each label, from the first; the others were held back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answering.refusals import REFUSAL, is_refusal
from tests.growth import check_linear

ROWS = [line.split("\t") for line in (Path(__file__).parent / "refusals.tsv").read_text("utf-8").splitlines()]
HALVES = [
    [row for label in ("refusal", "answer") for row in [r for r in ROWS if r[0] == label][half::2]] for half in (0, 1)
]
LANGUAGES = sorted({language for _, language, _ in ROWS})


def _count(rows: list[list[str]]) -> tuple[int, int, int]:
    """Refusals found, answers taken for refusals, refusals missed."""
    told = [(label == "refusal", is_refusal(text)) for label, _, text in rows]
    return told.count((True, True)), told.count((False, True)), told.count((True, False))


@pytest.mark.parametrize("half", [0, 1], ids=["tuned on", "held back"])
def test_refusals_are_told_from_answers(half: int):
    found, mistaken, missed = _count(HALVES[half])
    assert found / (found + mistaken) >= 0.97
    assert found / (found + missed) >= 0.97


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_known(language: str):
    found, mistaken, missed = _count([row for row in ROWS if row[1] == language])
    assert found >= 4
    assert mistaken + missed <= 1


def test_the_list_is_large_and_half_of_it_are_answers():
    assert len(ROWS) >= 250
    assert 0.4 < sum(label == "answer" for label, _, _ in ROWS) / len(ROWS) < 0.6


@pytest.mark.parametrize(
    "answer", [REFUSAL, f"{REFUSAL}.", f" {REFUSAL.lower()} [1]", f"Answer: {REFUSAL}", f"**{REFUSAL}**"]
)
def test_the_refusal_that_the_prompt_asks_for_is_one(answer: str):
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[1]",
        "The context states that dogs are not allowed [1].",
        "The documents say no pets are allowed [1].",
        "The keys were not found in the drawer [1].",
        "Das Dokument sagt, dass Hunde nicht erlaubt sind [1].",
        "Le texte dit que les chiens ne sont pas admis [1].",
        "Use the code in the box: not found, E404 [2].",
        "The documents do not only mention the fee; the deposit is 500 euros [1].",
        "The contract does not say who pays, the fee is 30 euros [1].",
    ],
)
def test_what_says_something_is_no_refusal(answer: str):
    assert not is_refusal(answer)


def test_a_long_answer_takes_time_by_its_length():
    check_linear(lambda times: is_refusal("The documents do not " * times + "not " * 2 * times), 50)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("I could not locate any details about the deposit in what I was given.", True),
        ("There's nothing about that in the files.", True),
        ("The passages are silent on this point.", True),
        ("Hierzu liegen mir keine Informationen vor.", True),
        ("Désolé, je ne dispose pas de cette information.", True),
        ("Cette question reste sans réponse dans les passages.", True),
        ("No hay ninguna referencia al horario en los fragmentos.", True),
        ("Det kan desværre ikke besvares.", True),
        ("В тексте отсутствует информация о собаке.", True),
        ("На основании приведённых текстов ответить невозможно.", True),
        ("자료에서 확인되지 않습니다.", True),
        ("There is nothing about the boiler that you can repair yourself.", False),
        ("The alarm is silent at night.", False),
        ("Ohne Termin liegt keine Genehmigung vor.", False),
        ("Le gîte ne dispose pas d'un lave-linge.", False),
        ("Brevet kan ikke returneres.", False),
        ("Отсутствие члена кооператива не освобождает от взноса.", False),
    ],
)
def test_what_is_missing_in_the_passages_is_told_from_what_is_missing_elsewhere(answer: str, expected: bool):
    assert is_refusal(answer) == expected
