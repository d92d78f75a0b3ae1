import numpy as np
import pytest

from rag.index.lexical.entry import DocumentContext, term_key
from rag.ranking.closeness import Closeness, find_occurrences, measure_closeness

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
