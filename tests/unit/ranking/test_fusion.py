import math

import numpy as np
import pytest

from rag.index.lexical.entry import DocumentContext, QuestionTerm, term_key
from rag.ranking.fusion import (
    FULL_MATCH,
    Closeness,
    Scale,
    add_definition,
    add_relevance,
    add_sentences,
    find_codes,
    find_occurrences,
    fuse,
    make_scale,
    measure_closeness,
)

COMMON, RARE = QuestionTerm("the", 900, 0.1), QuestionTerm("boiler", 3, 5.7)


def rank(worth: list[float]) -> list[int]:
    """The places of passages, best first."""
    return sorted(range(len(worth)), key=lambda place: -worth[place])


def test_what_both_searches_found_comes_before_what_one_found():
    fused = fuse({1: 0.5, 2: 0.4, 3: 0.1}, {2: 9.0, 4: 8.0, 5: 1.0}, Scale(10, 1))
    best = max(fused.values(), key=lambda one: one.score)
    assert (best.id, best.dense, best.lexical) == (2, 0.4, 9.0)


def test_what_a_search_did_not_return_counts_as_its_lowest():
    fused = fuse({1: 0.5, 2: 0.2}, {3: 4.0, 4: 1.0}, Scale(10, 1))
    assert {id_: one.score for id_, one in fused.items()} == {1: 6.0, 2: 3.0, 3: 6.0, 4: 3.0}


def test_the_only_note_with_a_word_of_the_question_comes_before_an_unrelated_one():
    cosines, words = {1: 0.45, 2: 0.5}, {1: 3.0}
    complete, cut = (fuse(cosines, words, Scale(10, 1), has_all_words=whole) for whole in (True, False))
    assert {id_: one.score for id_, one in complete.items()} == {1: 7.5, 2: 5.0}
    assert cut[1].score < cut[2].score  # where the list is cut, the other may have had as much


@pytest.mark.parametrize(
    ("dense", "lexical", "order"), [({}, {7: 2.0, 8: 3.0}, [8, 7]), ({7: 0.1, 8: 0.3}, {}, [8, 7]), ({}, {}, [])]
)
def test_one_search_alone_keeps_its_order(dense, lexical, order):
    fused = fuse(dense, lexical, Scale(1, 1))
    assert sorted(fused, key=lambda id_: -fused[id_].score) == order


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


@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_a_word_that_each_of_a_few_passages_has_gives_scores_as_in_a_large_folder(chunks):
    everywhere = QuestionTerm("boiler", chunks, math.log(1 + 0.5 / (chunks + 0.5)))
    best = FULL_MATCH * everywhere.idf
    assert 1 < best * make_scale([everywhere], chunks, 0.07, 1, best).lexical < 30


APPLE, TAX, RATE = map(term_key, ("apple", "tax", "rate"))
IDF = {APPLE: 3.0, TAX: 2.0, RATE: 1.0}
CONTEXT = DocumentContext(frozenset({APPLE, RATE}), frozenset({APPLE, TAX}))


def keys(words: list[str]) -> np.ndarray:
    return np.array(list(map(term_key, words)), np.uint32)


def look(words: list[str], context: DocumentContext | None = None, is_first: bool = False) -> Closeness:
    return measure_closeness(
        find_occurrences({7: keys(words)}, IDF).get(7, ()), context or DocumentContext(), IDF, is_first=is_first
    )


def test_occurrences_are_told_apart_by_passage_and_in_order():
    passages = {3: keys(["x", "tax", "apple"]), 5: keys([]), 4: keys(["y"]), 9: keys(["rate", "tax", "rate"])}
    assert find_occurrences(passages, IDF) == {3: [(1, TAX), (2, APPLE)], 9: [(0, RATE), (1, TAX), (2, RATE)]}


@pytest.mark.parametrize(("passages", "wanted"), [({}, [TAX]), ({1: keys(["tax"])}, []), ({1: keys([])}, [TAX])])
def test_nothing_to_look_for_or_in_gives_no_occurrences(passages, wanted):
    assert find_occurrences(passages, wanted) == {}


def test_terms_that_the_passage_lacks_are_looked_for_in_its_document():
    close = look(["the", "rate"], CONTEXT)
    assert (close.present, close.name, close.opening) == (1.0, 3.0, 2.0)


def test_terms_that_the_passage_has_are_not_counted_twice():
    close = look(["apple", "tax", "rate"], CONTEXT)
    assert (close.present, close.name, close.opening) == (6.0, 0, 0)


def test_a_first_passage_has_been_matched_by_its_name_already():
    first, later = (look(["x"], CONTEXT, is_first) for is_first in (True, False))
    assert 0 < first.name < later.name


def test_what_the_question_names_counts_for_all_passages_of_the_document_with_that_name():
    def find_bonus(words, context, in_names):
        places = find_occurrences({7: keys(words)}, IDF).get(7, [])
        return measure_closeness(places, context, IDF, is_first=False, in_names=in_names).bonus

    of_the_year, other = DocumentContext(frozenset({APPLE})), DocumentContext()
    # Another document's passage mentions the name, and that of the document with the name doesn't.
    assert find_bonus(["x"], of_the_year, {APPLE: 2.0}) > find_bonus(["apple"], other, {APPLE: 2.0})
    for words in (["x"], ["apple"]):
        gained = find_bonus(words, of_the_year, {APPLE: 2.0}) - find_bonus(words, of_the_year, {})
        assert gained == pytest.approx(2.2 * 2.0)


@pytest.mark.parametrize(("gap", "window"), [(0, 5.0), (13, 5.0), (14, 3.0), (40, 3.0)])
def test_only_terms_within_fifteen_places_count_as_close(gap, window):
    passage = ["apple", *["x"] * gap, "tax"]
    assert look(passage).window == window


def test_a_repeated_term_counts_once_in_a_window():
    assert look(["tax"] * 10).window == 2.0


def test_closer_terms_and_a_fitting_document_give_a_higher_bonus():
    near = look(["apple", "tax"])
    far = look(["apple", *["x"] * 30, "tax"])
    fitting = look(["tax"], CONTEXT)
    other = look(["tax"])
    assert near.bonus > far.bonus
    assert fitting.bonus > other.bonus


# Scores of the first order and logits of a cross-encoder: how far behind which passage is, and how much better read.


def test_what_a_model_says_counts_beside_the_first_order():
    scores = [20.0, 19.5, 12.0]
    assert rank(add_relevance(scores, [-9.0, 6.0, 7.0], obeyed=False)) == [1, 2, 0]
    assert rank(add_relevance(scores, [-3.0, -3.5, 0.0], obeyed=False)) == [0, 1, 2]


def test_a_great_lead_outweighs_a_model_that_is_not_sure_and_not_one_that_is():
    assert rank(add_relevance([30.0, 20.0], [-2.0, 3.0], obeyed=False)) == [0, 1]
    assert rank(add_relevance([21.0, 20.0], [-2.0, 3.0], obeyed=False)) == [1, 0]


def test_only_differences_of_a_model_s_scores_count():
    scores, relevance = [8.0, 7.0, 6.9, 2.0], [-10.0, -8.0, -9.0, -4.0]
    moved = [value + 12 for value in relevance]
    assert rank(add_relevance(scores, relevance, obeyed=False)) == rank(add_relevance(scores, moved, obeyed=False))


def test_a_model_of_unknown_scale_is_obeyed():
    assert rank(add_relevance([50.0, 1.0, 0.0], [0.001, 0.002, 0.0], obeyed=True)) == [1, 0, 2]


def test_a_much_closer_sentence_outweighs_a_small_lead_and_not_a_great_one():
    cosines = [0.1, 0.6, 0.1]
    assert rank(add_sentences([20.0, 15.0, 14.0], cosines, cosine_weight=30.0)) == [1, 0, 2]
    assert rank(add_sentences([31.0, 15.0, 14.0], cosines, cosine_weight=30.0)) == [0, 1, 2]


def test_sentences_say_nothing_where_a_cosine_says_nothing():
    assert rank(add_sentences([2.0, 1.9], [0.0, 1.0], cosine_weight=0.0)) == [0, 1]


@pytest.mark.parametrize(
    ("text", "is_code"),
    [("f75", True), ("hx-20447", True), ("10472", True), ("2024", False), ("boiler", False), ("8月", False)],
)
def test_codes_are_told_from_words_and_years(text, is_code):
    term = QuestionTerm(text, 1, 2.0)
    assert find_codes([term]) == (frozenset({term.key}) if is_code else frozenset())


def test_a_code_counts_more_than_a_word_as_rare():
    places = find_occurrences({7: keys(["apple", "x"])}, IDF)[7]
    word, code = (
        measure_closeness(places, DocumentContext(), IDF, is_first=True, codes=codes)
        for codes in (frozenset(), frozenset({APPLE, TAX}))
    )
    assert code.bonus == pytest.approx(word.bonus + 2 * IDF[APPLE])


def test_a_definition_gains():
    assert add_definition(3.0) > 3.0
