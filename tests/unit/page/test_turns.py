"""What of a chat a follow-up goes on from."""

from __future__ import annotations

import pytest

from page.conversations.records import Pair
from page.turns import Said, choose_turns
from rag.answering.followup import Turn

SAID = (
    Said("a1", Turn("How deep?", "Nine.")),
    Said("b1", Turn("How wide?", "Two, says tiny.")),
    Said("c1", Turn("How long?", "Five.")),
    Said("b2", Turn("How wide?", "Three, says large.", is_private=True)),  # asked for last
)


@pytest.mark.parametrize(
    ("kept", "answer"), [("", "Two, says tiny."), ("b1", "Two, says tiny."), ("b2", "Three, says large.")]
)
def test_of_two_answers_the_kept_one_counts_and_else_the_first_in_the_place_of_its_question(kept: str, answer: str):
    turns = choose_turns(SAID, [Pair("b1", "b2", kept)])
    assert [turn.answer for turn in turns] == ["Nine.", answer, "Five."]
    assert turns[1].is_private is (kept == "b2")


def test_of_two_answers_the_other_one_counts_if_the_first_says_nothing():
    said = [Said("a", Turn("How deep?", "")), Said("b", Turn("How deep?", "Nine."))]
    assert [turn.answer for turn in choose_turns(said, [Pair("a", "b")])] == ["Nine."]


def test_a_question_that_is_asked_again_takes_the_place_of_the_one_before():
    said = [*SAID[:2], Said("a2", Turn("How deep?", "Ten."))]
    assert [turn.answer for turn in choose_turns(said, ())] == ["Two, says tiny.", "Ten."]
