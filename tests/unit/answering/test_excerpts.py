"""What the list of hits shows of a passage."""

from __future__ import annotations

import pytest

from rag.answering.excerpts import make_excerpt
from rag.text.tables import show_rows
from rag.types import Chunk, ScoredChunk, StoredChunk


def _hit(text: str) -> ScoredChunk:
    return ScoredChunk(StoredChunk(1, Chunk("rents.csv", 0, text)), 1.0)


def test_the_row_that_answers_stands_below_its_head():
    rows = [f"Flat {n}\t{n}00 EUR\tTenant {n}" for n in range(10, 60)]
    lines = make_excerpt("What is the rent of flat 47?", _hit("\n".join(["Flat\tRent\tWho", *rows])))
    assert lines[:3] == ["| Flat | Rent | Who |", "…", "| Flat 47 | 4700 EUR | Tenant 47 |"]
    assert sum(map(len, lines)) < 600
    assert lines[-1].endswith(" |")


def test_a_short_passage_is_shown_whole_and_its_lines_are_joined():
    text = "# Rents\n\nThey are due\non the first.\n\nFlat\tRent\n12\t900\n\nAsk Ida."
    shown = ["# Rents They are due on the first.", "| Flat | Rent |", "| 12 | 900 |", "Ask Ida."]
    assert make_excerpt("When are rents due?", _hit(text)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\tIn\tOut\nPier\t1\t", "|  | In | Out |\n| Pier | 1 |  |"),
        ("a|b\tc", "| a\\|b | c |"),
        ("if x:\n\tgo()\n\tstop()\t# why", "if x:\n\tgo()\n\tstop()\t# why"),
        ("no cells\nat all", "no cells\nat all"),
    ],
)
def test_lines_of_cells_are_rows(text, shown):
    assert show_rows(text) == shown
