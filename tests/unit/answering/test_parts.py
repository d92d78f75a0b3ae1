from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.parts import find_missing_part
from rag.types import Chunk, ScoredChunk, StoredChunk

KETTLE = "The kettle costs 49 euros. It draws 2,200 watts. The guarantee covers 36 months."
HITS = [ScoredChunk(StoredChunk(1, Chunk("kettle.md", 0, KETTLE), "en"), 1.0)]


def compare(part: str, sentences: Sequence[str]) -> list[float]:
    """A model that knows that power is counted in watts."""
    return [9.0 if "power" in part and "watts" in one else 1.0 for one in sentences]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What does the kettle cost and who sells it?", "who sells it"),
        ("Who sells it, and what does the kettle cost?", "Who sells it"),
        ("What does the kettle cost? What colour is it?", "What colour is it"),
        ("What does the kettle cost and how long is the guarantee?", ""),
        ("What does the kettle cost and how much power does it need?", ""),
        ("Who sells the salt and pepper mill?", ""),
        ("Who sells umbrellas and where are ladders?", ""),
        ("Was kostet der Kocher und wer verkauft ihn?", ""),
    ],
)
def test_the_part_is_told_of_which_the_passages_have_nothing(question: str, missing: str):
    assert find_missing_part(question, HITS, compare) == missing


def test_without_a_model_nothing_is_said_to_be_missing():
    assert find_missing_part("What does the kettle cost and who sells it?", HITS) == ""
