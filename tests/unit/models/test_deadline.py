from __future__ import annotations

from rag.models.deadline import run_until


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

    def within(self, seconds, work, steps=(2, 4), at_once=2):
        return run_until(self.now + seconds, self.run, work, steps=steps, at_once=at_once, clock=self.clock)


def test_all_is_done_in_order_and_a_few_at_once():
    worker = Worker()
    assert worker.within(15, ["a", "bb", "ccc", "dddd", "eeeee"]) == [2, 4, 6, 8, 10]
    assert worker.batches == [["a", "bb"], ["ccc", "dddd"], ["eeeee"]]


def test_the_first_batch_tells_how_much_will_fit_and_no_more_is_done():
    worker = Worker()
    assert worker.within(19, ["aa"] * 10) == [4] * 4
    assert worker.batches == [["aa", "aa"]] * 2
    assert Worker().within(20, ["aa"] * 10) == [4] * 10


def test_where_the_least_step_is_longer_than_the_time_nothing_is_found():
    worker = Worker()
    assert worker.within(19, ["aa"] * 10, steps=(10,)) == []
    assert worker.batches == [["aa", "aa"]]


def test_longer_work_that_is_still_to_do_is_foreseen():
    assert Worker().within(21, ["a", "a", "a" * 10, "a" * 10]) == [2, 2]
    assert Worker().within(22, ["a", "a", "a" * 10, "a" * 10]) == [2, 2, 20, 20]


def test_a_step_never_takes_more_than_itself():
    worker = Worker()
    assert worker.within(6, ["a"] * 9, steps=(5,)) == [2] * 5
    assert worker.batches == [["a", "a"], ["a", "a"], ["a"]]


def test_work_that_becomes_slower_ends_at_the_step_that_was_passed():
    worker = Worker()
    pace = iter([1, 1, 50])

    def run(batch):
        worker.now += next(pace)
        return [0.0] * len(batch)

    within = worker.now + 10
    assert run_until(within, run, ["a"] * 8, steps=(3, 7), at_once=2, clock=worker.clock) == [0.0] * 3
    assert worker.now == 152


def test_without_time_nothing_is_begun():
    worker = Worker()
    assert worker.within(-1, ["a"]) == []
    assert worker.batches == []


def test_no_work_has_no_results_and_needs_no_time():
    assert Worker().within(-1, []) == []
