import pytest

from rag.index.lexical.entry import QuestionTerm
from rag.ranking.fusion import FULL_MATCH, Scale, find_ties, fuse, make_scale, rank

COMMON, RARE = QuestionTerm("the", 900, 0.1), QuestionTerm("boiler", 3, 5.7)


def test_what_both_searches_found_comes_before_what_one_found():
    ranking = rank(fuse({1: 0.5, 2: 0.4, 3: 0.1}, {2: 9.0, 4: 8.0, 5: 1.0}, Scale(10, 1)), {})
    assert ranking[0].id == 2
    assert (ranking[0].dense, ranking[0].lexical) == (0.4, 9.0)


def test_what_a_search_did_not_return_counts_as_its_lowest():
    scores = {fused.id: fused.score for fused in fuse({1: 0.5, 2: 0.2}, {3: 4.0, 4: 1.0}, Scale(10, 1))}
    assert scores == {1: 6.0, 2: 3.0, 3: 6.0, 4: 3.0}


@pytest.mark.parametrize(
    ("dense", "lexical", "order"), [({}, {7: 2.0, 8: 3.0}, [8, 7]), ({7: 0.1, 8: 0.3}, {}, [8, 7]), ({}, {}, [])]
)
def test_one_search_alone_keeps_its_order(dense, lexical, order):
    assert [fused.id for fused in rank(fuse(dense, lexical, Scale(1, 1)), {})] == order


def test_equal_scores_are_ordered_by_their_place_and_never_by_id():
    scored = fuse({5: 0.3, 2: 0.3, 9: 0.3, 1: 0.1}, {}, Scale(1, 1))
    assert set(find_ties(scored)) == {2, 5, 9}
    ranking = rank(scored, {2: ("b.md", 0), 5: ("a.md", 11), 9: ("a.md", 2)})
    assert [fused.id for fused in ranking] == [9, 5, 2, 1]


def test_a_cosine_counts_less_where_the_model_does_not_know_the_language():
    known, unknown = (make_scale([RARE], 1000, 0.07, coverage, 9.0) for coverage in (1.0, 0.0))
    assert known.dense > 4 * unknown.dense
    assert known.lexical == unknown.lexical


def test_a_match_of_rare_words_counts_more_than_one_of_common_words():
    rare, common = make_scale([RARE], 1000, 0.07, 1, 9.0), make_scale([COMMON], 1000, 0.07, 1, 0.2)
    assert rare.lexical * RARE.idf > 3 * common.lexical * COMMON.idf


def test_words_count_as_much_as_the_best_text_has_of_the_question():
    whole = RARE.idf * FULL_MATCH
    half, full, more = (make_scale([RARE], 1000, 0.07, 1, bm25).lexical for bm25 in (whole / 2, whole, 2 * whole))
    assert half == pytest.approx(full / 2)
    assert more == full
    assert make_scale([RARE], 1000, 0.07, 1, 0.0).lexical == 0


def test_a_question_without_known_terms_has_a_finite_scale():
    scale = make_scale([], 0, 0.0, 0.5, 0.0)
    assert scale.dense < float("inf")
    assert scale.lexical < float("inf")
