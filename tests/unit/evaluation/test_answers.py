import random
import re
import string
from collections import Counter
from dataclasses import replace

import pytest

from rag.answering.events import AnswerReport
from rag.answering.substance import Assessment
from rag.evaluation.answers import answer_figures, judge_words, order_evenly, score_answer
from rag.evaluation.retrieval import Dataset, Question
from rag.types import Citation

ABSENT = Question("2", "How many?", False, frozenset(), ())
QUESTION = Question("1", "Who?", True, frozenset({("a.md", None), ("b.md", None)}), ("the Broncos", "Denver Broncos"))


def score(answer, *sources):
    return score_answer(answer, [Citation(n, source, 7, "") for n, source in enumerate(sources, 1)], QUESTION, "source")


@pytest.mark.parametrize("answer", ["Broncos", "the broncos.", "Denver Broncos [1]", "Denver, Broncos!"])
def test_case_punctuation_articles_and_markers_do_not_count(answer):
    assert (score(answer).exact_match, score(answer).token_f1, score(answer).contains) == (1.0, 1.0, 1.0)


def test_a_sentence_that_holds_the_answer_scores_in_part():
    scored = score("It was the Denver Broncos who won [1].")
    assert scored.exact_match == 0.0
    assert scored.token_f1 == pytest.approx(2 * 2 / (6 + 2))
    assert scored.contains == 1.0


def test_an_answer_beside_the_point_scores_nothing():
    assert (score("Carolina Panthers").token_f1, score("Carolina Panthers").contains) == (0.0, 0.0)


def test_text_without_spaces_is_compared_by_character():
    question = Question("1", "誰", True, frozenset(), ("手塚治虫",))
    scored = score_answer("手塚治虫です", [], question, "source")
    assert scored.token_f1 == pytest.approx(2 * 4 / (6 + 4))
    assert scored.contains == 1.0


def test_citations_are_scored_by_the_places_that_they_name():
    scored = score("x", "a.md", "a.md", "c.md")
    assert (scored.citation_precision, scored.citation_recall) == (0.5, 0.5)
    assert (score("x").citation_precision, score("x").citation_recall) == (None, 0.0)


def squad_tokens(text):
    """As SQuAD's own evaluation script normalises."""
    plain = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()


def squad_f1(answer, accepted):
    found, wanted = squad_tokens(answer), squad_tokens(accepted)
    same = sum((Counter(found) & Counter(wanted)).values())
    if not found or not wanted:
        return float(found == wanted)
    return 2 * (same / len(found)) * (same / len(wanted)) / (same / len(found) + same / len(wanted)) if same else 0.0


def test_exact_match_and_token_f1_are_those_of_squads_script():
    words = ["The", "a", "Broncos", "Denver", "won", "in", "2016", "against", "an", "Panther", "An,", "(Carolina)"]
    rng = random.Random(0)
    for _ in range(200):
        answer, accepted = (" ".join(rng.choices(words, k=rng.randint(1, 6))) for _ in range(2))
        scored = score_answer(answer, [], Question("1", "?", True, frozenset(), (accepted,)), "source")
        assert scored.exact_match == float(squad_tokens(answer) == squad_tokens(accepted))
        assert scored.token_f1 == pytest.approx(squad_f1(answer, accepted))


def worth(kind="answer", text="", **options):
    return Assessment(kind, text, **options)


def report(answer, *citations, failure="", answerable=True, **options):
    """What the model said, unless a failure or other fields say differently."""
    fields = {"model": "tiny:1", "worth": worth(text=answer), "outcome": "answered", **options}
    if failure:
        fields["worth"] = None
    return AnswerReport("?", answer, answerable, citations, route="endpoint", failure=failure, **fields)


def figures_of(tmp_path, replies, *, model="tiny:1", questions=None, **options):
    dataset = Dataset(tmp_path, tuple(questions or (QUESTION, QUESTION)), "source")
    rest = iter(replies)
    return answer_figures(dataset, lambda question: next(rest), model=model, **options)


RIGHT = report("Broncos", Citation(1, "a.md", None, ""))
BROKEN = report("It was", failure="It broke off.")


def test_scores_are_means_over_the_questions_with_answers(tmp_path):
    questions = [QUESTION, ABSENT, QUESTION]
    by_text = {QUESTION.text: iter([RIGHT, report("no idea", answerable=False)]), ABSENT.text: iter([RIGHT])}
    dataset = Dataset(tmp_path, tuple(questions), "source")
    figures = answer_figures(dataset, lambda text: next(by_text[text]), model="tiny:1")
    scores = {
        "exact_match": 0.5,
        "token_f1": 0.5,
        "contains": 0.5,
        "citation_precision": 1.0,
        "citation_recall": 0.25,
    }
    counts = {"questions": 2, "absent": 1, "planned": 3, "asked": 3, "scored": 2, "declined": 1, "failed": 0}
    assert {name: figures[name] for name in scores} == scores
    assert {name: figures[name] for name in counts} == counts
    assert (figures["by"], figures["failure"], figures["partial"]) == ("tiny:1", "", False)


def test_an_answer_that_the_model_failed_at_is_counted_and_not_scored(tmp_path):
    figures = figures_of(tmp_path, [BROKEN, RIGHT])
    assert (figures["scored"], figures["failed"], figures["failure"]) == (1, 1, "It broke off.")
    assert figures["exact_match"] == 1.0


def test_a_model_that_is_gone_is_asked_no_further_and_nothing_is_scored_in_its_place(tmp_path):
    asked = []
    questions = [QUESTION] * 20

    def reply():
        for question in questions:
            asked.append(question)
            yield BROKEN

    figures = figures_of(tmp_path, reply(), questions=questions)
    assert len(asked) == 3
    assert (figures["scored"], figures["failed"], figures["exact_match"]) == (0, 20, None)
    assert figures["groups"]["all"]["answerable"]["failed"] == 1.0


def test_without_a_model_the_quotes_are_scored_as_such(tmp_path):
    quote = report(
        "The Broncos won [1].",
        Citation(1, "a.md", None, ""),
        failure="The model is not here.",
        model=None,
        quotes="The Broncos won [1].",
    )
    figures = figures_of(tmp_path, [quote, replace(quote, outcome="unsure", quotes="Nobody won [1].")], model=None)
    assert (figures["by"], figures["scored"], figures["failed"], figures["contains"]) == ("quotes", 2, 0, 1.0)
    assert figures["groups"]["all"] == {
        "answerable": {"questions": 2, "reader_finds": 0.5, "answered": 0.5, "unsure": 0.5, "not_found": 0.0}
    }


def test_a_limit_asks_questions_spread_over_the_whole_set(tmp_path):
    questions = [Question(str(n), f"{n}?", True, frozenset(), ("x",)) for n in range(10)]
    asked, steps = [], []
    dataset = Dataset(tmp_path, tuple(questions), "source")

    def ask(question):
        asked.append(question)
        return RIGHT

    answer_figures(
        dataset,
        ask,
        model="tiny:1",
        limit=4,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert sorted(asked) == ["0?", "2?", "5?", "7?"]
    assert steps == [(n, 4) for n in range(1, 5)]


def test_every_beginning_of_the_order_has_its_share_of_each_kind():
    sizes = {"table": 60, "yesno": 30, "near": 10}
    kinds = [kind for kind, size in sizes.items() for _ in range(size)]
    questions = [Question(str(n), "?", kind != "near", frozenset(), ("x",), kind) for n, kind in enumerate(kinds)]
    order = order_evenly(questions)
    assert sorted(order, key=lambda question: int(question.id)) == questions
    for count in (10, 25, 50, 73):
        got = Counter(question.kind for question in order[:count])
        assert all(abs(got[kind] - count * size / 100) <= 1 for kind, size in sizes.items())


def test_a_set_without_accepted_answers_has_no_figures(tmp_path):
    figures = figures_of(tmp_path, [], questions=[Question("1", "?", True, frozenset(), ())])
    assert (figures["questions"], figures["scored"], figures["contains"]) == (0, 0, None)
    assert (figures["groups"]["all"], figures["words_per_second"]) == ({}, None)


@pytest.mark.parametrize(
    ("question", "given", "judgement"),
    [
        (QUESTION, report("It was the Denver Broncos [1]."), "right"),
        (QUESTION, report("Carolina Panthers"), "wrong"),
        (QUESTION, report("Broncos", outcome="unsure"), "right"),
        (QUESTION, report("Quotes", worth=worth("refusal", "The passages don't name the Broncos.")), "refused"),
        (QUESTION, report("Quotes", worth=worth("heading", "Denver Broncos")), "bare"),
        (QUESTION, report("Quotes", worth=worth("echo", "Who?")), "bare"),
        (QUESTION, report("Quotes", worth=None), "bare"),
        (QUESTION, report("", worth=worth(text="I think I think", is_looping=True)), "bare"),
        (QUESTION, report("", worth=worth(text="Broncos Broncos", is_looping=True)), "right"),
        (QUESTION, report("Quotes of the Broncos", model=None, worth=None), "unasked"),
        (QUESTION, BROKEN, "failed"),
        (QUESTION, report("Quotes", model=None, failure="Gone."), "failed"),
        (ABSENT, report("Nine."), "invented"),
        (ABSENT, report("Nine.", outcome="unsure"), "marked"),
        (ABSENT, report("Quotes", worth=worth("refusal", "NOT FOUND"), outcome="not_found"), "refused"),
        (ABSENT, report("Quotes", worth=worth("bare", "[1]")), "bare"),
    ],
)
def test_the_models_own_words_are_judged_whatever_is_shown(question, given, judgement):
    assert judge_words(question, given) == judgement


def ask_in_turn(dataset, replies, **options):
    """The figures, if each question is answered by the reply that has its id."""
    by_text = {question.text: replies[question.id] for question in dataset.questions}
    return answer_figures(dataset, lambda text: by_text[text], model="tiny:1", **options)


MIXED = (
    Question("held", "Who won?", True, frozenset(), ("Broncos",), "literal", "en"),
    Question("missed", "Qui?", True, frozenset(), ("Broncos",), "literal", "fr"),
    Question("yes", "Did they win?", True, frozenset(), ("yes",), "yesno", "en"),
    Question("made up", "Who lost at chess?", False, frozenset(), (), "near", "en"),
    Question("told", "Qui a perdu?", False, frozenset(), (), "near", "fr"),
)
REPLIES = {
    "held": report("The Broncos.", quotes="They won."),
    "missed": report("Les Panthers.", quotes="The Broncos won."),
    "yes": report("", worth=worth("refusal", "NOT FOUND"), outcome="unsure", quotes="They won."),
    "made up": report("Nine."),
    "told": report("", worth=worth("refusal", "NOT FOUND"), outcome="not_found"),
}


def test_shares_are_told_apart_by_kind_and_language(tmp_path):
    groups = ask_in_turn(Dataset(tmp_path, MIXED, "source"), REPLIES)["groups"]
    assert groups["all"]["answerable"] == {
        "questions": 3,
        "right": 0.3333,
        "wrong": 0.3333,
        "refused": 0.3333,
        "bare": 0.0,
        "unasked": 0.0,
        "failed": 0.0,
        "reader_finds": 0.6667,
        "answered": 0.6667,
        "unsure": 0.3333,
        "not_found": 0.0,
    }
    near = groups["by_kind"]["near"]["absent"]
    assert (near["invented"], near["refused"], near["reader_warned"]) == (0.5, 0.5, 0.5)
    assert list(groups["by_kind"]) == ["literal", "near", "yesno"]
    assert list(groups["by_kind"]["yesno"]) == ["answerable"]
    french = groups["by_language"]["fr"]
    assert (french["answerable"]["right"], french["answerable"]["reader_finds"]) == (0.0, 1.0)
    assert french["absent"]["reader_warned"] == 1.0


def test_each_question_is_told_with_the_models_words(tmp_path):
    each = ask_in_turn(Dataset(tmp_path, MIXED, "source"), {**REPLIES, "held": BROKEN})["each"]
    told = {one["id"]: (one["judged"], one["worth"], one["said"], one["outcome"]) for one in each}
    assert told["missed"] == ("wrong", "answer", "Les Panthers.", "answered")
    assert told["told"] == ("refused", "refusal", "NOT FOUND", "not_found")
    assert told["held"] == ("failed", None, "", "answered")
    assert [one["failure"] for one in each if one["failure"]] == ["It broke off."]
    assert len(each) == len(MIXED)
    missed = next(one for one in each if one["id"] == "missed")
    assert (missed["accepted"], missed["kind"], missed["language"]) == (["Broncos"], "literal", "fr")
    beside = {"verdict", "quotes", "remark", "milliseconds"}
    assert {name: missed[name] for name in beside} == {name: getattr(REPLIES["missed"], name) for name in beside}


def test_refusals_are_precise_where_nothing_is_and_complete_where_all_of_it_is_refused(tmp_path):
    dataset = Dataset(tmp_path, MIXED, "source")
    assert ask_in_turn(dataset, REPLIES)["refusals"] == {"precision": 0.5, "recall": 0.5}
    unasked = {**REPLIES, "made up": report("", model=None, worth=None, outcome="not_found")}
    assert ask_in_turn(dataset, unasked)["refusals"] == {"precision": 0.5, "recall": 1.0}
    none = {**REPLIES, "yes": RIGHT, "told": RIGHT}
    assert ask_in_turn(dataset, none)["refusals"] == {"precision": None, "recall": 0.0}


def test_the_models_pace_is_taken_where_it_wrote(tmp_path):
    slow = report("one two three four", milliseconds={"first_token": 3000.0, "total": 5000.0})
    quick = report("five six", milliseconds={"first_token": 100.0, "total": 1100.0})
    unasked = report("", model=None, worth=None, milliseconds={"first_token": 5.0, "total": 5.0})
    figures = figures_of(tmp_path, [slow, quick, unasked], questions=[QUESTION] * 3)
    assert figures["first_word_ms"] == {"p50": 100.0, "p95": 3000.0}
    assert figures["words_per_second"] == 2.0


def test_an_interruption_keeps_what_was_measured(tmp_path):
    def reply():
        yield RIGHT
        yield RIGHT
        raise KeyboardInterrupt

    figures = figures_of(tmp_path, reply(), questions=[QUESTION] * 9)
    assert (figures["partial"], figures["asked"], figures["planned"]) == (True, 2, 9)
    assert (figures["scored"], figures["failed"], figures["exact_match"]) == (2, 0, 1.0)
