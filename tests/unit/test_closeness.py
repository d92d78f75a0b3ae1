import pytest

from rag.closeness import closeness
from rag.lexical_index import DocumentContext, QuestionTerm

TERMS = [QuestionTerm("apple", 5, 3.0), QuestionTerm("tax", 9, 2.0), QuestionTerm("rate", 20, 1.0)]
CONTEXT = DocumentContext(frozenset({"apple", "rate"}), frozenset({"apple", "tax"}))


def test_terms_that_the_passage_lacks_are_looked_for_in_its_document():
    close = closeness(["the", "rate"], CONTEXT, TERMS, is_first=False)
    assert (close.present, close.name, close.opening) == (1.0, 3.0, 2.0)


def test_terms_that_the_passage_has_are_not_counted_twice():
    close = closeness(["apple", "tax", "rate"], CONTEXT, TERMS, is_first=False)
    assert (close.present, close.name, close.opening) == (6.0, 0, 0)


def test_a_first_passage_has_been_matched_by_its_name_already():
    first, later = (closeness(["x"], CONTEXT, TERMS, is_first=is_first) for is_first in (True, False))
    assert 0 < first.name < later.name


@pytest.mark.parametrize(("gap", "window"), [(0, 5.0), (13, 5.0), (14, 3.0), (40, 3.0)])
def test_only_terms_within_fifteen_places_count_as_close(gap, window):
    passage = ["apple", *["x"] * gap, "tax"]
    assert closeness(passage, DocumentContext(), TERMS, is_first=False).window == window


def test_a_repeated_term_counts_once_in_a_window():
    assert closeness(["tax"] * 10, DocumentContext(), TERMS, is_first=False).window == 2.0


def test_closer_terms_and_a_fitting_document_give_a_higher_bonus():
    near = closeness(["apple", "tax"], DocumentContext(), TERMS, is_first=False)
    far = closeness(["apple", *["x"] * 30, "tax"], DocumentContext(), TERMS, is_first=False)
    fitting = closeness(["tax"], CONTEXT, TERMS, is_first=False)
    other = closeness(["tax"], DocumentContext(), TERMS, is_first=False)
    assert near.bonus > far.bonus
    assert fitting.bonus > other.bonus
