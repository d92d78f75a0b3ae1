import copy
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.lexical.entry import QuestionTerm
from rag.models.source import PACKAGE_DIGESTS
from rag.ranking.abstention import (
    CALIBRATION_FILE,
    HOPELESS,
    HOPELESS_BY_WORDS,
    HOPELESS_UNFAMILIAR,
    SURE,
    choose_verdict,
    compute_confidence,
    find_calibration,
    is_in_doubt,
    parse_calibrations,
)
from rag.ranking.fusion import Closeness
from rag.ranking.question import Words
from rag.ranking.signals import Evidence, Signals, measure_signals
from rag.settings import DEFAULT_EMBED_MODEL

DIGEST = PACKAGE_DIGESTS["model.safetensors"]

TERMS = [QuestionTerm("nikola", 2, 6.0), QuestionTerm("born", 20, 4.0), QuestionTerm("zeppelin", 0, 7.0)]
EVIDENCE = Evidence(TERMS, 1000, 0.07, 1.0)
FULL, NOTHING = Closeness(17.0, 17.0, 0, 0), Closeness(0, 0, 0, 0)
MODEL = json.dumps([DEFAULT_EMBED_MODEL, DIGEST, "int8", "", "", "export 1"])


def judge(measured, fingerprint):
    return compute_confidence(measured, find_calibration(fingerprint))


@pytest.mark.parametrize("model", [MODEL, ""])
def test_a_perfect_match_is_answerable_and_nothing_at_all_is_not(model):
    terms = TERMS[:2]
    evidence = replace(EVIDENCE, terms=terms, chunk_count=10)
    looks, every_word = [Closeness(10, 10, 0, 0), Closeness(4, 4, 0, 0)], Words(matched_share=1.0)
    good = measure_signals(evidence, {1: 0.8, 2: 0.2}, {1: 16.0}, looks, every_word)
    good = replace(good, sentence_cosine=11.0)
    no_word = Words(unknown_count=3, matched_share=0.0)
    poor = measure_signals(replace(evidence, terms=[TERMS[2]]), {1: 0.2, 2: 0.15}, {}, [], no_word)
    coverage = 1.0 if model else None
    assert choose_verdict(judge(good, model), coverage) == "yes"
    # Words alone can hardly tell that nothing is there.
    assert choose_verdict(judge(poor, model), coverage) == ("no" if model else "unsure")


def test_more_unseen_words_make_an_answer_less_likely():
    measured = measure_signals(EVIDENCE, {1: 0.5}, {1: 10.0}, [FULL])
    assert judge(replace(measured, unseen=3), MODEL) < judge(replace(measured, unseen=0), MODEL)


@pytest.mark.parametrize("sentence_cosine", [None, 6.0])
def test_a_word_that_is_missing_says_less_in_a_small_corpus(sentence_cosine):
    measured = measure_signals(EVIDENCE, {1: 0.5}, {1: 10.0}, [FULL])

    def log_odds(unseen: int, size: float) -> float:
        p = judge(replace(measured, unseen=unseen, size=size, sentence_cosine=sentence_cosine), MODEL)
        return math.log(p / (1 - p))

    def loss(size: float) -> float:
        return log_odds(0, size) - log_odds(3, size)

    assert loss(0.0) < loss(1.0)


def test_words_that_no_document_has_count_in_a_small_corpus_however_well_the_rest_fits():
    def judge_with(words: Words) -> float:
        evidence = replace(EVIDENCE, chunk_count=10)
        signals = measure_signals(evidence, {1: 0.4, 2: 0.2}, {1: 14.0}, [FULL], words)
        return float(judge(signals, MODEL))

    assert judge_with(Words(matched_share=1.0)) > judge_with(Words(unknown_count=3, matched_share=0.0)) + 0.2


def test_the_sentence_is_asked_for_only_where_it_can_turn_the_verdict():
    clear = measure_signals(replace(EVIDENCE, terms=TERMS[:2]), {1: 0.8, 2: 0.2}, {1: 16.0}, [FULL])
    nothing = measure_signals(replace(EVIDENCE, terms=[TERMS[2]]), {1: 0.2}, {}, [])
    unsure = measure_signals(EVIDENCE, {1: 0.4, 2: 0.2}, {1: 14.0}, [Closeness(10.0, 10.0, 0, 0)])
    assert [is_in_doubt(judge(measured, MODEL)) for measured in (clear, unsure, nothing)] == [False, True, False]


def test_a_sentence_close_to_the_question_makes_an_answer_likelier():
    unsure = measure_signals(EVIDENCE, {1: 0.4, 2: 0.2}, {1: 14.0}, [Closeness(10.0, 10.0, 0, 0)])
    far, near = (judge(replace(unsure, sentence_cosine=cosine), MODEL) for cosine in (2.0, 9.0))
    assert near > far + 0.1


def test_an_unknown_model_is_judged_by_the_lexical_search_alone():
    measured = measure_signals(EVIDENCE, {1: 0.9}, {1: 10.0}, [FULL])
    assert judge(measured, "another-model") == judge(replace(measured, cosine=0.0), "another-model")


@given(st.lists(st.floats(-1e3, 1e3), min_size=12, max_size=12), st.floats(0, 1), st.sampled_from([MODEL, ""]))
def test_the_confidence_is_a_probability(values, size, model):
    assert 0 <= judge(Signals(*[*values, size]), model) <= 1


@pytest.mark.parametrize(
    ("coverage", "hopeless"), [(0.9, HOPELESS), (0.5, HOPELESS_UNFAMILIAR), (None, HOPELESS_BY_WORDS)]
)
def test_no_is_said_only_where_it_is_nearly_certain(coverage, hopeless):
    assert [choose_verdict(p, coverage) for p in (SURE, SURE - 1e-9, hopeless, hopeless - 1e-9)] == [
        "yes",
        "unsure",
        "unsure",
        "no",
    ]


def fingerprint(name: str = DEFAULT_EMBED_MODEL, digest: str = DIGEST, precision: str = "int8") -> str:
    return json.dumps([name, digest, precision, "", "", "export 1"])


@pytest.mark.parametrize("precision", ["int8", "int8-unsigned", "fp32"])
def test_the_default_model_is_calibrated_in_any_precision(precision):
    assert find_calibration(fingerprint(precision=precision)) is not None


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("my-all-MiniLM-L6-v2-legal"),
        fingerprint(digest="0" * 64),
        f"{DEFAULT_EMBED_MODEL} {DIGEST}",
        "[1]",
        "",
    ],
)
def test_a_model_of_another_name_or_digest_is_not_calibrated(other):
    assert find_calibration(other) is None
    measured = Signals(9.0, 2.0, 9.0, 8.0, 1.0, 0.5, 0.5, 0.4, 0.5, 1, 0.5, 1, 0.5)
    assert judge(measured, other) == judge(measured, "")


@pytest.mark.parametrize("place", ["first", "with_sentence", "words_alone"])
@pytest.mark.parametrize("change", [{"bm25": None}, {"bm_25": 1.0}, {"size": 1.0}])
def test_a_weight_that_is_missing_or_unknown_is_named(place, change):
    data = copy.deepcopy(json.loads(CALIBRATION_FILE.read_text("utf-8")))
    weights = (data if place == "words_alone" else data["models"][0])[place]["large"]["weights"]
    weights |= change
    for name in [name for name, weight in weights.items() if weight is None]:
        del weights[name]
    with pytest.raises(ValueError, match=rf"{place}, large.*: {next(iter(change))}\."):
        parse_calibrations(data)


@pytest.mark.parametrize(("size", "log_odds"), [(0.0, -1.0 + 2 * 0.5), (1.0, 1.0 + 3 * 0.5), (0.5, 1.25)])
def test_the_size_of_the_corpus_decides_between_the_weights_of_small_and_large_ones(size, log_odds):
    data = copy.deepcopy(json.loads(CALIBRATION_FILE.read_text("utf-8")))
    for part, intercept, weight in (("small", -1.0, 2.0), ("large", 1.0, 3.0)):
        weights = dict.fromkeys(data["words_alone"][part]["weights"], 0.0) | {"matched_share": weight}
        data["words_alone"][part] = {"intercept": intercept, "weights": weights}
    measured = measure_signals(replace(EVIDENCE, chunk_count=10), {}, {}, [], Words(matched_share=0.5))
    probability = parse_calibrations(data).words_alone.compute_probability(replace(measured, size=size))
    assert math.log(probability / (1 - probability)) == pytest.approx(log_odds)
