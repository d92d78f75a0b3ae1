from __future__ import annotations

from rag.models.reranker import run_until


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
