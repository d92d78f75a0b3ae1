import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.lexical.entry import QuestionTerm
from rag.models.source import PACKAGE_DIGESTS
from rag.ranking.abstention import THRESHOLD, compute_confidence, is_answerable, is_in_doubt
from rag.ranking.closeness import Closeness
from rag.ranking.signals import Evidence, Signals, measure_signals
from rag.settings import DEFAULT_EMBED_MODEL

TERMS = [QuestionTerm("nikola", 2, 6.0), QuestionTerm("born", 20, 4.0), QuestionTerm("zeppelin", 0, 7.0)]
EVIDENCE = Evidence(TERMS, 1000, 0.07, 1.0)
FULL, NOTHING = Closeness(17.0, 17.0, 0, 0), Closeness(0, 0, 0, 0)
MODEL = json.dumps([DEFAULT_EMBED_MODEL, PACKAGE_DIGESTS["model.safetensors"], "int8", "", "", "export 1"])


def test_signals_say_what_the_searches_saw():
    measured = measure_signals(EVIDENCE, {1: 0.7, 2: 0.35, 3: 0.14}, {1: 17 * 1.57, 4: 3.0}, [FULL, NOTHING])
    assert measured.cosine == pytest.approx(10)
    assert measured.cosine_deep == pytest.approx(2)
    assert measured.bm25 == pytest.approx(1)
    assert (measured.window, measured.second, measured.unseen) == (1.0, 0.0, 1)


@pytest.mark.parametrize("model", [MODEL, ""])
def test_a_perfect_match_is_answerable_and_nothing_at_all_is_not(model):
    terms = TERMS[:2]
    evidence = replace(EVIDENCE, terms=terms)
    good = measure_signals(evidence, {1: 0.8, 2: 0.2}, {1: 16.0}, [Closeness(10, 10, 0, 0), Closeness(4, 4, 0, 0)])
    good = replace(good, sentence_cosine=11.0)
    poor = measure_signals(replace(evidence, terms=[TERMS[2]]), {1: 0.2, 2: 0.15}, {}, [])
    assert is_answerable(compute_confidence(good, model))
    assert not is_answerable(compute_confidence(poor, model))


def test_a_joined_term_that_is_nowhere_says_nothing_beside_its_parts():
    joined = replace(EVIDENCE, terms=[*TERMS, QuestionTerm("nikola_born", 0, 7.0)])
    lists = {1: 0.5}, {1: 10.0}, [FULL]
    assert measure_signals(joined, *lists) == measure_signals(EVIDENCE, *lists)


def test_more_unseen_words_make_an_answer_less_likely():
    measured = measure_signals(EVIDENCE, {1: 0.5}, {1: 10.0}, [FULL])
    assert compute_confidence(replace(measured, unseen=3), MODEL) < compute_confidence(
        replace(measured, unseen=0), MODEL
    )


@pytest.mark.parametrize("sentence_cosine", [0.0, 6.0])
def test_a_word_that_is_missing_says_less_in_a_small_corpus(sentence_cosine):
    measured = measure_signals(EVIDENCE, {1: 0.5}, {1: 10.0}, [FULL])

    def log_odds(unseen: int, size: float) -> float:
        p = compute_confidence(replace(measured, unseen=unseen, size=size, sentence_cosine=sentence_cosine), MODEL)
        return math.log(p / (1 - p))

    def loss(size: float) -> float:
        return log_odds(0, size) - log_odds(3, size)

    assert loss(0.0) < loss(1.0)


@pytest.mark.parametrize(("chunks", "size"), [(0, 0.0), (10, 0.0), (2_000, 1.0), (1_000_000, 1.0)])
def test_the_size_of_a_corpus_keeps_to_what_was_fitted(chunks, size):
    assert measure_signals(replace(EVIDENCE, chunk_count=chunks), {}, {}, []).size == pytest.approx(size)


def test_the_sentence_is_asked_for_only_where_it_can_turn_the_verdict():
    clear = measure_signals(replace(EVIDENCE, terms=TERMS[:2]), {1: 0.8, 2: 0.2}, {1: 16.0}, [FULL])
    nothing = measure_signals(replace(EVIDENCE, terms=[TERMS[2]]), {1: 0.2}, {}, [])
    unsure = measure_signals(EVIDENCE, {1: 0.4, 2: 0.2}, {1: 14.0}, [Closeness(10.0, 10.0, 0, 0)])
    assert [is_in_doubt(measured, MODEL) for measured in (clear, unsure, nothing)] == [False, True, False]
    assert not is_in_doubt(unsure, "another-model")


def test_a_sentence_close_to_the_question_makes_an_answer_likelier():
    unsure = measure_signals(EVIDENCE, {1: 0.4, 2: 0.2}, {1: 14.0}, [Closeness(10.0, 10.0, 0, 0)])
    far, near = (compute_confidence(replace(unsure, sentence_cosine=cosine), MODEL) for cosine in (2.0, 9.0))
    assert near > far + 0.2


def test_an_unknown_model_is_judged_by_the_lexical_search_alone():
    measured = measure_signals(EVIDENCE, {1: 0.9}, {1: 10.0}, [FULL])
    assert compute_confidence(measured, "another-model") == compute_confidence(
        replace(measured, cosine=0.0), "another-model"
    )


@given(st.lists(st.floats(-1e3, 1e3), min_size=10, max_size=10), st.floats(0, 1), st.sampled_from([MODEL, ""]))
def test_the_confidence_is_a_probability(values, size, model):
    assert 0 <= compute_confidence(Signals(*[*values, size]), model) <= 1


def test_the_threshold_itself_is_answerable():
    assert is_answerable(THRESHOLD)
    assert not is_answerable(THRESHOLD - 1e-9)


def test_while_vectors_are_to_come_less_is_declined():
    assert is_answerable(0.1, is_partial=True)
    assert not is_answerable(0.1)
    assert not is_answerable(0.01, is_partial=True)


def test_no_hits_give_signals_all_the_same():
    assert measure_signals(replace(EVIDENCE, terms=[]), {}, {}, []).bm25 == 0
