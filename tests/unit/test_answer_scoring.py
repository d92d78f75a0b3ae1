import pytest

from rag.answer_scoring import answer_figures, score_answer
from rag.evaluation import Dataset, Question
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


def test_figures_are_means_over_the_questions_with_answers(tmp_path):
    unanswerable = Question("2", "?", False, frozenset(), ())
    dataset = Dataset(tmp_path, (QUESTION, unanswerable, QUESTION), "source")
    replies = iter([("Broncos", [Citation(1, "a.md", None, "")]), ("no idea", [])])
    figures = answer_figures(dataset, lambda question: next(replies))
    assert figures == {
        "exact_match": 0.5,
        "token_f1": 0.5,
        "contains": 0.5,
        "citation_precision": 1.0,
        "citation_recall": 0.25,
    }
