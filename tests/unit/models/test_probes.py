from __future__ import annotations

import numpy as np
import pytest

from rag.models.manifest import Agreement
from rag.models.probes import compare_by_concordance, compare_by_cosine, measure_spread


def test_agreement_is_the_mean_and_the_minimum_of_the_cosines():
    one = np.array([[1, 0], [0, 1]], np.float32)
    other = np.array([[1, 0], [0.8, 0.6]], np.float32)
    assert compare_by_cosine(one, other) == Agreement(0.8, 0.6)


def test_vectors_that_are_no_numbers_agree_with_nothing():
    assert compare_by_cosine(np.array([[np.nan, 1]], np.float32), np.array([[0, 1]], np.float32)) == Agreement(0.0, 0.0)


def test_concordance_is_one_for_equal_scores_alone():
    scores = np.array([[0.1, 0.5, 0.9], [3, -2, 7]], np.float32)
    assert compare_by_concordance(scores, scores) == Agreement(1.0, 1.0)
    # Worked by hand: covariance and both variances are 2/3, the means lie 1 apart, so 2 · 2/3 / (2/3 + 2/3 + 1).
    shifted = compare_by_concordance(np.array([[1, 2, 3]], np.float32), np.array([[2, 3, 4]], np.float32))
    assert shifted.mean == pytest.approx(4 / 7, abs=1e-6)


def test_concordance_of_the_opposite_order_is_negative_and_the_worst_question_counts():
    found = np.array([[1, 2, 3], [1, 2, 3]], np.float32)
    expected = np.array([[1, 2, 3], [3, 2, 1]], np.float32)
    assert compare_by_concordance(found, expected) == Agreement(0.0, -1.0)


def test_equal_scores_for_all_passages_agree_with_themselves_and_with_nothing_else():
    same = np.full((1, 3), 0.5, np.float32)
    assert compare_by_concordance(same, same) == Agreement(1.0, 1.0)
    assert compare_by_concordance(same, same + 1) == Agreement(0.0, 0.0)


def test_scores_that_are_no_numbers_agree_with_nothing():
    found = np.array([[np.nan, 1, 2]], np.float32)
    assert compare_by_concordance(found, np.array([[0, 1, 2]], np.float32)) == Agreement(0.0, 0.0)


def test_the_spread_is_that_of_the_cosines_of_different_texts():
    assert measure_spread(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)) == pytest.approx(np.std([0, 0.6, 0.8]))
