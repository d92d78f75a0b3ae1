from __future__ import annotations

import pytest

from rag.answering.spots import Marked, Spot, find_spots
from rag.types import Chunk, ScoredChunk, StoredChunk

KETTLE = (
    "If a code stays on, unplug the kettle for one minute. The guarantee lasts for 36 months from the date of purchase"
    " and does not cover damage by limescale."
)
GUARANTEE = "The guarantee lasts for 36 months from the date of purchase and does not cover damage by limescale."
LEAVE = "Staff have 28 days of leave. Six unused days may be carried over."
HITS = [
    ScoredChunk(StoredChunk(1, Chunk("kettle.pdf", 0, KETTLE), "en"), 1.0),
    ScoredChunk(StoredChunk(2, Chunk("staff.md", 0, LEAVE), "en"), 0.9),
]


@pytest.mark.parametrize(
    ("claim", "cited", "quotes", "lacks"),
    [
        ("Limescale is not covered.", (1,), [GUARANTEE], ()),
        ("Unplug the kettle for one minute.", (1,), ["If a code stays on, unplug the kettle for one minute."], ()),
        ("The guarantee lasts for 12 months.", (1,), [""], ("12",)),
        ("It was made by Wanda in Paris.", (1,), [""], ("Wanda", "Paris")),
        ("The handle can be painted blue.", (1,), [""], ()),
        ("Die Garantie gilt 36 Monate ab dem Kauf.", (1,), [GUARANTEE], ()),
        ("Die Garantie gilt 24 Monate ab dem Kauf.", (1,), [""], ("24",)),
        ("La garantie dure 36 mois à Paris.", (1,), [GUARANTEE], ()),
        ("36 months and 28 days.", (1, 2), [GUARANTEE, "Staff have 28 days of leave."], ()),
        ("", (1,), [""], ()),
    ],
)
def test_a_marker_has_the_sentence_that_says_its_claim_or_none(
    claim: str, cited: tuple[int, ...], quotes: list[str], lacks: tuple[str, ...]
):
    marked = [Marked(number, claim, cited) for number in cited]
    expected = tuple(Spot(number, quote, lacks) for number, quote in zip(cited, quotes, strict=True))
    assert find_spots("What is said?", marked, HITS) == expected
