from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.chat.routing.personal import find_personal, iter_personal
from tests.growth import check_linear

CASES = [json.loads(line) for line in Path(__file__).with_name("personal.jsonl").read_text("utf-8").splitlines()]
PERSONAL = [case for case in CASES if case["kind"]]
HARMLESS = [case for case in CASES if not case["kind"]]


def miss(cases: Sequence[dict[str, Any]]) -> list[str]:
    return [case["text"] for case in cases if case["kind"] not in {found.kind for found in iter_personal(case["text"])}]


def test_the_cases_are_many_and_in_many_languages():
    assert len(CASES) >= 400
    assert len({case["language"] for case in PERSONAL}) >= 9


@pytest.mark.parametrize("kind", sorted({case["kind"] for case in PERSONAL}))
def test_personal_data_of_each_kind_is_found(kind: str):
    cases = [case for case in PERSONAL if case["kind"] == kind]
    missed = miss(cases)
    assert len(missed) <= 0.02 * len(cases), missed


def test_hardly_any_other_number_is_taken_for_personal():
    wrong = {case["text"]: found for case in HARMLESS if (found := find_personal(case["text"]))}
    assert len(wrong) <= 0.02 * len(HARMLESS), wrong


@pytest.mark.parametrize(
    "text",
    [
        "Ruf\u200b mich an: 0151\u00ad 234\u200b56789",
        "電話は０９０－１２３４－５６７８",
        "هاتف ٠٥٠ ١٢٣ ٤٥٦٧",
        "+49\u202f30\u202f123456",
    ],
)
def test_signs_that_look_or_count_alike_hide_nothing(text: str):
    assert find_personal(text) == "phone number"


@pytest.mark.parametrize("number", ["4111 1111 1111 1112", "DE88 3704 0044 0532 0130 00", "44051401358"])
def test_a_number_whose_check_digit_is_wrong_is_none_without_a_word_that_says_so(number: str):
    assert find_personal(f"Look at {number}.") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("card number 4111 1111 1111 1112", "card number"),
        ("my IBAN is DE88 3704 0044 0532 0130 00", "bank account"),
        ("PESEL 44051401358", "identity number"),
    ],
)
def test_behind_such_a_word_it_needn_t_check(text: str, kind: str):
    assert kind in {found.kind for found in iter_personal(text)}


def test_a_long_text_of_digits_ends_soon_and_is_searched_to_its_end():
    check_linear(lambda times: list(iter_personal("1 " * times + "anna@example.org")), 250)
    check_linear(lambda times: list(iter_personal("a." * times + " 4111111111111111")), 250)
    check_linear(lambda times: list(iter_personal("password " * times)), 250)
    assert find_personal("1 " * 2_000 + "anna@example.org") == "e-mail address"
    assert find_personal("a." * 2_000 + " 4111111111111111") == "card number"
    assert find_personal("password " * 2_000) is None
