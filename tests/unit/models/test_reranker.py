from __future__ import annotations

import numpy as np
import pytest

from rag.models.agreement import compare_by_concordance
from rag.models.manifest import Agreement
from rag.models.reranker import run_until
from rag.models.source import EMBEDDING, RERANKING, locate
from rag.settings import DEFAULT_EMBED_MODEL


class Worker:
    """Doubles lengths, at a second for each unit of length, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.batches: list[list[str]] = []

    def clock(self) -> float:
        return self.now

    def run(self, batch):
        self.batches.append(list(batch))
        self.now += sum(map(len, batch))
        return [2.0 * len(item) for item in batch]

    def within(self, seconds, work, at_once=2):
        return run_until(self.now + seconds, self.run, work, at_once=at_once, clock=self.clock)


def test_all_is_done_in_order_and_a_few_at_once():
    worker = Worker()
    assert worker.within(15, ["a", "bb", "ccc", "dddd", "eeeee"]) == [2, 4, 6, 8, 10]
    assert worker.batches == [["a", "bb"], ["ccc", "dddd"], ["eeeee"]]


def test_the_first_batch_tells_that_the_rest_will_not_fit():
    worker = Worker()
    assert worker.within(19, ["aa"] * 10) is None
    assert worker.batches == [["aa", "aa"]]


def test_longer_work_that_is_still_to_do_is_foreseen():
    assert Worker().within(21, ["a", "a", "a" * 10, "a" * 10]) is None
    assert Worker().within(22, ["a", "a", "a" * 10, "a" * 10]) == [2, 2, 20, 20]


def test_work_that_becomes_slower_is_given_up_later():
    worker = Worker()
    pace = iter([1, 1, 50])

    def run(batch):
        worker.now += next(pace)
        return [0.0] * len(batch)

    assert run_until(worker.now + 10, run, ["a"] * 8, at_once=2, clock=worker.clock) is None
    assert worker.now == 152


def test_without_time_nothing_is_begun():
    worker = Worker()
    assert worker.within(-1, ["a"]) is None
    assert worker.batches == []


def test_no_work_has_no_results_and_needs_no_time():
    assert Worker().within(-1, []) == []


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


def test_one_model_has_an_export_for_each_use(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for name in (str(tmp_path), "acme/some-model", DEFAULT_EMBED_MODEL):
        assert locate(name, EMBEDDING).key != locate(name, RERANKING).key
