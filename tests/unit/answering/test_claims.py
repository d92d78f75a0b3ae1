from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.claims.__main__ import judge, measure_auroc
from bench.claims.made import FALSE_KINDS, LANGUAGES, make_pairs
from rag.answering.checking import check_claims
from rag.answering.claims import judge_claim
from rag.types import Chunk, ScoredChunk, StoredChunk

LEASE = (
    "The monthly rent is 940 euros. The deposit of 2,820 euros is kept by Selby Bank. The lease runs for two years from"
    " 1 March 2024. Pets are not allowed, and smoking is forbidden on the stairs."
)
FEES = "The fee rises from 120 to 135 pounds a year. The chair is Ida Kemp; the treasurer is Rolf Tanner."


def hit(text: str, source: str = "a.md", language: str = "en") -> ScoredChunk:
    return ScoredChunk(StoredChunk(1, Chunk(source, 0, text), language), 1.0)


@pytest.fixture(scope="module")
def judged():
    return [(pair, judge(pair)) for pair in make_pairs() if pair.is_held_back]


def test_true_claims_score_above_altered_ones_by_which_nothing_was_chosen(judged):
    true = [one.score for pair, one in judged if pair.is_true]
    assert {pair.language for pair, _ in judged} == set(LANGUAGES)
    for kind in FALSE_KINDS:
        assert measure_auroc(true, [one.score for pair, one in judged if pair.kind == kind]) >= 0.9


def test_every_altered_number_and_unit_is_found_and_what_is_said_word_for_word_is_supported(judged):
    assert {one.verdict for pair, one in judged if pair.kind in ("number", "unit")} == {"not"}
    assert {one.verdict for pair, one in judged if pair.kind == "word for word"} == {"supported"}


@pytest.mark.parametrize(
    ("claim", "numbers"),
    [
        ("The monthly rent is 940 euros.", ()),
        ("The monthly rent is €940.", ()),
        ("The monthly rent is 940 dollars.", ("940",)),
        ("The monthly rent is 2,820 euros.", ("2,820",)),
        ("The lease runs for 24 months.", ()),
        ("The lease runs for 24 weeks.", ("24",)),
        ("The lease begins on 2024-03-01.", ()),
        ("The lease begins in March.", ()),
        ("The lease begins on 1 May 2024.", ("1 May 2024",)),
    ],
)
def test_a_number_has_to_count_the_same_and_a_date_to_be_the_same_day(claim: str, numbers: tuple[str, ...]):
    judgement = judge_claim(claim, [hit(LEASE)])
    assert judgement.numbers == numbers
    assert (judgement.verdict == "not") == bool(numbers)


@pytest.mark.parametrize(
    ("claim", "is_denied"),
    [
        ("Pets are not allowed.", False),
        ("Pets are forbidden.", False),
        ("Pets are allowed.", True),
        ("Smoking is not forbidden on the stairs.", True),
        ("Smoking is not permitted on the stairs.", False),
    ],
)
def test_a_claim_denies_where_its_clause_denies(claim: str, is_denied: bool):
    assert judge_claim(claim, [hit(LEASE)]).is_denied is is_denied


@pytest.mark.parametrize(
    ("claim", "words", "verdict"),
    [
        ("The fee falls from 120 to 135 pounds a year.", ("falls",), "not"),
        ("The fee rises from 135 to 120 pounds a year.", (), "not"),
        ("The chair is Rolf Tanner; the treasurer is Rolf Tanner.", ("Rolf", "Tanner"), "partly"),
        ("The chair is Ida Brook; the treasurer is Rolf Tanner.", ("Brook",), "not"),
        ("The chair Ida paints boats.", ("paints", "boats"), "not"),
    ],
)
def test_what_a_claim_changes_of_a_sentence_is_found(claim: str, words: tuple[str, ...], verdict: str):
    judgement = judge_claim(claim, [hit(FEES)])
    assert (judgement.words, judgement.verdict) == (words, verdict)


def test_each_sentence_of_an_answer_has_its_verdict_its_passages_and_the_sentence_that_says_it():
    answer = "Yes. The rent is 940 euros a month [1]. The fee is 135 pounds. The deposit is 900 euros [1]."
    rent, fee, deposit = (claim.to_dict() for claim in check_claims("?", answer, [hit(LEASE), hit(FEES)]))
    assert rent["verdict"] == "supported"
    assert rent["passages"] == [1]
    assert rent["quote"] == "The monthly rent is 940 euros."
    assert (fee["verdict"], fee["passages"]) == ("supported", [2])
    assert (deposit["verdict"], deposit["quote"]) == ("not", "")
    assert deposit["missing"] == {"numbers": ["900"], "words": []}


def test_vectors_help_where_it_is_said_in_other_words_but_not_against_a_number():
    def compare(claim: str, texts: Sequence[str]) -> list[float]:
        return [9.0] * len(texts)

    claim = "The lease lasts exactly two summers."
    alone, helped = (judge_claim(claim, [hit(LEASE)], compare=one) for one in (None, compare))
    assert helped.score > alone.score
    assert judge_claim("The rent is 950 euros.", [hit(LEASE)], compare=compare).verdict == "not"
