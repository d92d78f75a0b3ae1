import random
import re
import string
from collections import Counter

import pytest

from rag.answering.events import AnswerReport
from rag.evaluation.answers import answer_figures, score_answer
from rag.evaluation.retrieval import Dataset, Question
from rag.types import Citation

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


def report(answer, *citations, failure="", answerable=True):
    return AnswerReport("?", answer, answerable, citations, None, "quotes", failure=failure)


def figures_of(tmp_path, replies, *, model="tiny:1", questions=None, **options):
    unanswerable = Question("2", "?", False, frozenset(), ())
    dataset = Dataset(tmp_path, tuple(questions or (QUESTION, unanswerable, QUESTION)), "source")
    rest = iter(replies)
    return answer_figures(dataset, lambda question: next(rest), model=model, **options)


RIGHT = report("Broncos", Citation(1, "a.md", None, ""))
BROKEN = report("It was", failure="It broke off.")


def test_figures_are_means_over_the_questions_with_answers(tmp_path):
    assert figures_of(tmp_path, [RIGHT, report("no idea", answerable=False)]) == {
        "by": "tiny:1",
        "questions": 2,
        "scored": 2,
        "declined": 1,
        "failed": 0,
        "failure": "",
        "exact_match": 0.5,
        "token_f1": 0.5,
        "contains": 0.5,
        "citation_precision": 1.0,
        "citation_recall": 0.25,
    }


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


def test_without_a_model_the_quotes_are_scored_as_such(tmp_path):
    quote = report("The Broncos won [1].", Citation(1, "a.md", None, ""), failure="The model is not here.")
    figures = figures_of(tmp_path, [quote, quote], model=None)
    assert (figures["by"], figures["scored"], figures["failed"], figures["contains"]) == ("quotes", 2, 0, 1.0)


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
    assert asked == ["0?", "2?", "5?", "7?"]
    assert steps == [(n, 4) for n in range(1, 5)]


def test_a_set_without_accepted_answers_has_no_figures(tmp_path):
    figures = figures_of(tmp_path, [], questions=[Question("1", "?", True, frozenset(), ())])
    assert (figures["questions"], figures["scored"], figures["contains"]) == (0, 0, None)
