from dataclasses import replace

import pytest

from rag.index.lexical.entry import QuestionTerm
from rag.models.embedder import load_tokenizer
from rag.ranking.fusion import Closeness
from rag.ranking.signals import (
    UNDECIDED,
    Evidence,
    measure_coverage,
    measure_signals,
    measure_vocabulary_coverage,
)
from rag.settings import DEFAULT_EMBED_MODEL

TERMS = [QuestionTerm("nikola", 2, 6.0), QuestionTerm("born", 20, 4.0), QuestionTerm("zeppelin", 0, 7.0)]
EVIDENCE = Evidence(TERMS, 1000, 0.07, 1.0)
FULL, NOTHING = Closeness(17.0, 17.0, 0, 0), Closeness(0, 0, 0, 0)


def test_signals_say_what_the_searches_saw():
    measured = measure_signals(EVIDENCE, {1: 0.7, 2: 0.35, 3: 0.14}, {1: 17 * 1.57, 4: 3.0}, [FULL, NOTHING])
    assert measured.cosine == pytest.approx(10)
    assert measured.cosine_deep == pytest.approx(2)
    assert measured.bm25 == pytest.approx(1)
    assert (measured.window, measured.second, measured.unseen) == (1.0, 0.0, 1)


def test_a_joined_term_that_is_nowhere_says_nothing_beside_its_parts():
    joined = replace(EVIDENCE, terms=[*TERMS, QuestionTerm("nikola_born", 0, 7.0)])
    lists = {1: 0.5}, {1: 10.0}, [FULL]
    assert measure_signals(joined, *lists) == measure_signals(EVIDENCE, *lists)


@pytest.mark.parametrize(("chunks", "size"), [(0, 0.0), (10, 0.0), (2_000, 1.0), (1_000_000, 1.0)])
def test_the_size_of_a_corpus_keeps_to_what_was_fitted(chunks, size):
    assert measure_signals(replace(EVIDENCE, chunk_count=chunks), {}, {}, []).size == pytest.approx(size)


def test_no_hits_give_signals_all_the_same():
    assert measure_signals(replace(EVIDENCE, terms=[]), {}, {}, []).bm25 == 0


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return load_tokenizer(DEFAULT_EMBED_MODEL, tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("question", "low", "high"),
    [
        ("Which committee approved the annual budget?", 0.9, 1.0),
        ("Wie hoch ist die Rückerstattung bei Dienstreisen?", 0.2, 0.8),
        ("Кто утвердил годовой бюджет?", 0.0, 0.1),
        ("年間予算を承認した委員会はどれですか", 0.0, 0.1),
        ("คณะกรรมการใดอนุมัติงบประมาณ", 0.0, 0.1),
        ("12345 + 678", UNDECIDED, UNDECIDED),
        ("", UNDECIDED, UNDECIDED),
    ],
)
def test_the_default_model_knows_english_some_german_and_no_other_scripts(tokenizer, question, low, high):
    assert low <= measure_coverage(tokenizer, question) <= high


def test_whole_words_are_covered_and_letters_are_not():
    assert measure_vocabulary_coverage("boiler", ["boiler"], [(0, 6)]) == 1.0
    assert measure_vocabulary_coverage("boil", list("boil"), [(i, i + 1) for i in range(4)]) == 0.0


def test_pieces_of_one_letter_do_not_count_it_more_than_once():
    assert measure_vocabulary_coverage("é", ["Ã", "©"], [(0, 1), (0, 1)]) == 0.0
