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
    evidence = replace(EVIDENCE, terms=terms)
    looks, every_word = [Closeness(10, 10, 0, 0), Closeness(4, 4, 0, 0)], Words(known_count=2)
    good = measure_signals(evidence, {1: 0.8, 2: 0.2}, {1: 16.0}, looks, every_word)
    good = replace(good, sentence_cosine=11.0)
    no_word = Words(unknown_count=2)
    poor = measure_signals(replace(evidence, terms=[TERMS[2]]), {1: 0.2, 2: 0.15}, {}, [], no_word)
    assert choose_verdict(judge(good, model), by_words=not model) == "yes"
    # Words alone can hardly tell that nothing is there.
    assert choose_verdict(judge(poor, model), by_words=not model) == ("no" if model else "unsure")


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

    assert judge_with(Words(known_count=3)) > judge_with(Words(unknown_count=3)) + 0.2


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


def test_no_is_said_only_where_it_is_nearly_certain():
    assert [choose_verdict(p) for p in (SURE, SURE - 1e-9, HOPELESS, HOPELESS - 1e-9)] == [
        "yes",
        "unsure",
        "unsure",
        "no",
    ]
    assert choose_verdict(HOPELESS_BY_WORDS, by_words=True) == "unsure"


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


# As the weights in the order of the signals gave them, before they had names.
@pytest.mark.parametrize(
    ("values", "size", "model", "probability"),
    [
        ((5.3, 1.3, 5.6, None, 0.77, 0.46, 0.53, 0.36, 0.04, 1, 0.5, 1), 0.0, fingerprint(), 0.397167805099441),
        ((5.67, 1.48, 5.2, None, 0.78, 0.86, 0.82, 0.41, 0.06, 2, 0.25, 2), 0.4, fingerprint(), 0.27795504690984624),
        ((5.59, 2.95, 3.19, None, 0.64, 0.3, 0.56, 0.22, 0.82, 0, 1.0, 0), 1.0, fingerprint(), 0.5870346122034049),
        ((4.41, 2.14, 3.75, 4.29, 0.86, 0.6, 0.81, 0.35, 0.53, 1, 0.5, 1), 0.0, fingerprint(), 0.4806296992723052),
        ((5.86, 2.85, 4.45, 4.75, 0.59, 0.75, 0.54, 0.21, 0.5, 1, 0.5, 1), 0.4, fingerprint(), 0.5160539797897247),
        ((6.92, 1.58, 6.92, 4.35, 0.71, 0.73, 0.58, 0.34, 0.04, 2, 0.25, 2), 1.0, fingerprint(), 0.3397900418382157),
        ((4.31, 2.12, 6.16, None, 0.67, 0.45, 0.75, 0.56, 0.07, 0, 1.0, 0), 0.0, "", 0.5578818382691786),
        ((7.78, 1.95, 5.66, None, 0.85, 0.65, 1.0, 0.58, 0.28, 1, 0.5, 1), 0.4, "", 0.4227847653548407),
        ((7.55, 1.69, 6.76, None, 0.81, 0.55, 0.61, 0.2, 0.74, 1, 0.5, 1), 1.0, "", 0.28034519024079),
        ((5.56, 2.74, 3.32, 5.35, 0.77, 0.82, 0.91, 0.6, 0.28, 1, 0.5, 1), 0.0, "", 0.4627118591094862),
        ((7.95, 2.37, 4.52, 4.69, 0.54, 0.31, 0.83, 0.01, 0.83, 0, 1.0, 0), 0.4, "", 0.5961276597994285),
        ((5.05, 1.01, 4.68, 5.11, 0.78, 0.87, 0.85, 0.36, 0.62, 2, 0.25, 2), 1.0, "", 0.3141841225236165),
    ],
)
def test_named_weights_give_the_probabilities_of_the_fit(values, size, model, probability):
    assert judge(Signals(*[*values, size]), model) == pytest.approx(probability, rel=1e-12)
