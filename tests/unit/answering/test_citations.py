from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.citations import cite_sources, find_quote, find_unknown_markers
from rag.types import Chunk, ScoredChunk, StoredChunk

BOILER = "The tank holds 1.8 litres. Descale the boiler every 90 days. Use citric powder, never vinegar."
LEAVE = "# Leave\n\nEmployees get 27 days of paid vacation.\nTravel expenses are due within 14 days."


def some_hits(*texts: str) -> list[ScoredChunk]:
    return [
        ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, text, section="S", page=i + 1), "en", "iv", "page"), 1.0)
        for i, text in enumerate(texts)
    ]


HITS = some_hits(BOILER, LEAVE)


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("Every 90 days [1].", [1]),
        ("Every 90 days.[1] And 27 days. [2]", [1, 2]),
        ("Both [2][1].", [2, 1]),
        ("Both [1, 2].", [1, 2]),
        ("Both [1;2] and [ 1 ].", [1, 2]),
        ("全角【2】", [2]),
        ("Again [1] and [1].", [1]),
        ("Nothing [0] [3] [999] [1000] [x] [] [1.", []),
        ("", []),
        ("[" + "9" * 5000 + "]", []),
    ],
)
def test_markers_become_citations_in_the_order_of_first_use(answer: str, numbers: list[int]):
    assert [citation.number for citation in cite_sources(answer, HITS)] == numbers


def test_a_citation_carries_all_that_is_needed_to_find_its_place():
    (citation,) = cite_sources("Every 90 days [1].", HITS)
    assert (citation.source, citation.page, citation.section, citation.label) == ("0.md", 1, "S", "iv")
    assert citation.text == BOILER


@pytest.mark.parametrize(
    ("answer", "quote"),
    [
        ("Descale it every 90 days [1].", "Descale the boiler every 90 days."),
        ("Descale it every 90 days.[1] The rest is silence.", "Descale the boiler every 90 days."),
        ("Vinegar must not be used. [1]", "Use citric powder, never vinegar."),
        ("It has 1.8 litres [1].", "The tank holds 1.8 litres."),
        ("Employees have 27 days of vacation [2].", "Employees get 27 days of paid vacation."),
    ],
)
def test_the_quote_is_the_sentence_that_supports_the_claim(answer: str, quote: str):
    assert [citation.quote for citation in cite_sources(answer, HITS)] == [quote]


def test_claims_at_several_markers_of_one_passage_are_quoted_together():
    (citation,) = cite_sources("Descale the boiler every 90 days [1]. Use citric powder [1].", HITS)
    assert citation.quote == "Descale the boiler every 90 days. Use citric powder, never vinegar."


def test_japanese_is_quoted_by_the_sentence():
    (hit,) = some_hits("東京は日本の首都です。人口は約1400万人です。")
    assert find_quote(hit.chunk.text, "人口は1400万人", "ja") == "人口は約1400万人です。"


def test_markers_without_a_passage_are_reported_once_each():
    assert find_unknown_markers("a [1] b [7] c [3, 7] d [0]", HITS) == (0, 3, 7)


texts = st.text(alphabet=st.sampled_from("abcd .!?\n|-#。あい[]12,"), max_size=120)


@given(answer=texts, passages=st.lists(texts, max_size=4))
def test_citations_point_at_a_real_passage_and_quote_it_word_for_word(answer: str, passages: list[str]):
    hits = some_hits(*passages)
    for citation in cite_sources(answer, hits):
        assert 1 <= citation.number <= len(hits)
        assert citation.quote in hits[citation.number - 1].chunk.text


@given(passage=st.text(max_size=200), claim=st.text(max_size=80))
def test_a_quote_is_always_a_piece_of_its_passage(passage: str, claim: str):
    quote = find_quote(passage, claim)
    assert quote in passage
    assert bool(quote) == bool(passage.strip()) or "|" in passage
