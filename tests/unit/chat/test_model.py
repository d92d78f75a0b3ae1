from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chat.model import SpokenText


def speak(*pieces: str, most_characters: int = 1000) -> list[str]:
    spoken = SpokenText(most_characters)
    shown = [spoken.take(piece, ended=place == len(pieces)) for place, piece in enumerate(pieces, start=1)]
    return [text for text in shown if text]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["Hello", " you"], ["Hello", " you"]),
        (["<th", "ink>Hm, [3]", " or not</thi", "nk>\n\n", "It is ", "<b>"], ["It is ", "<b>"]),
        (["<think>Hm.</think> Yes."], ["Yes."]),
        (["\n ", " <think>Hm.", "</think>", " \n", "Yes"], ["Yes"]),
        (["<", "b>"], ["<b>"]),
        (["<thin"], ["<thin"]),
        (["<think>Hm."], []),
        ([" ", "\n"], []),
        (["No <think>one</think>"], ["No <think>one</think>"]),
        (["  Well, ", " yes "], ["Well, ", " yes "]),
    ],
)
def test_a_thought_before_the_answer_and_the_space_around_it_are_left_out(pieces: list[str], shown: list[str]):
    assert speak(*pieces) == shown


@given(pieces=st.lists(st.sampled_from(["<think>", "</think>", "<thi", "nk>", "a", " ", "\n", "<"]), max_size=20))
def test_however_a_text_is_cut_into_pieces_the_same_is_shown(pieces: list[str]):
    assert "".join(speak(*pieces, "!")) == "".join(speak("".join(pieces) + "!"))


@given(pieces=st.lists(st.text(max_size=9), max_size=20), most_characters=st.integers(1, 60))
def test_no_more_is_shown_than_the_limit_and_its_end_is_told(pieces: list[str], most_characters: int):
    spoken = SpokenText(most_characters)
    shown = "".join(spoken.take(piece, ended=False) for piece in pieces)
    assert len(shown) <= most_characters
    assert spoken.is_full == (sum(map(len, pieces)) >= most_characters)


def test_thoughts_count_wherever_a_server_puts_them():
    spoken = SpokenText(10)
    assert spoken.take("", "123456", ended=False) == ""
    assert spoken.take("abcdef", ended=False) == "abcd"
    assert spoken.is_full


def test_a_long_thought_is_looked_through_once():
    spoken = SpokenText(10_000_000)
    spoken.take("<think>", ended=False)
    begin = time.perf_counter()
    for _ in range(100_000):
        spoken.take("thought ", ended=False)
    assert time.perf_counter() - begin < 2
    assert spoken.take("</think>Yes", ended=False) == "Yes"
