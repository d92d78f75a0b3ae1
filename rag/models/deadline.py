"""As much of some work as there is time for: how many passages a reranking model reads before its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Sized
from typing import TypeVar

S = TypeVar("S", bound=Sized)

STEPS = (6, 12)
"""How many passages are scored where there isn't time for all."""


def run_until(
    deadline: float,
    run: Callable[[Sequence[S]], list[float]],
    work: Sequence[S],
    *,
    steps: Sequence[int],
    at_once: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """What `run` gives for all of the work, in order, or for the first of it, if no more is done by the deadline.

    Then it is as much as one of the `steps`, which ascend, or nothing. `run` gets so much `at_once`, and the clock is
    read in between. How long the rest will take is told from the pace so far, by the lengths of what is done and of
    what is not.
    """
    sizes = [len(item) for item in work]
    goals = [*(step for step in steps if step < len(work)), len(work)]
    began = clock()
    found: list[float] = []
    while goals and len(found) < goals[-1]:
        done, now = sum(sizes[: len(found)]), clock()
        left_s = (now - began) * (sum(sizes[: goals[-1]]) - done) / done if done else 0.0
        if now + left_s > deadline:
            goals.pop()
        else:
            found += run(work[len(found) : min(len(found) + at_once, goals[-1])])
    return found[: goals[-1]] if goals else []
