from __future__ import annotations

import pytest

from rag.answering.binding import rate_binding
from rag.types import Chunk, ScoredChunk, StoredChunk

HANDBOOK = """# Holiday house

## Prices

The wifi costs 5 euros a week. Bed linen costs 12 euros.

## Contacts

- Caretaker: Mrs Lund, 22 41 80
- Boat hire: 97 30 11"""
RATES = "season\thouse\tboat\nwinter\t410\t95\nsummer\t890\t140"
NOTE = "Third pot from the left."


def hit(id_: int, source: str, text: str) -> ScoredChunk:
    return ScoredChunk(StoredChunk(id_, Chunk(source, 0, text), "en"), 1.0)


HITS = [hit(1, "handbook.md", HANDBOOK), hit(2, "rates.tsv", RATES), hit(3, "Key of the shed.txt", NOTE)]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does bed linen cost?", "It costs 12 euros. [1]"),
        ("Who is the caretaker?", "Mrs Lund. [1]"),
        ("How much is the house in summer?", "The house is 890. [2]"),
        ("How often must the bed linen be paid?", "Bed linen costs 12 euros. [1]"),
        ("Where is the key of the shed?", "In the third pot from the left. [3]"),
        ("Where is the key of the shed?", "In the third pot from the left."),
    ],
)
def test_an_answer_from_the_sentence_that_is_asked_for_is_bound_to_the_question(question: str, answer: str):
    assert rate_binding(question, answer, HITS) >= 0.5


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the wifi password?", "The wifi password is 97 30 11. [1]"),
        ("What does the electricity cost?", "The electricity costs 12 euros. [1]"),
        ("phone number of the doctor", "The doctor's phone number is 22 41 80. [1]"),
        ("How long is the ferry to the island?", "It is 890 long. [2]"),
        ("Who owns the tractor?", "Mrs Lund. [1]"),
    ],
)
def test_an_answer_from_a_sentence_about_something_else_is_not(question: str, answer: str):
    assert rate_binding(question, answer, HITS) < 0.5


def test_nothing_said_or_nothing_to_read_binds_nothing():
    assert rate_binding("What does bed linen cost?", "", HITS) == 0
    assert rate_binding("What does bed linen cost?", "12 euros [1]", []) == 0
