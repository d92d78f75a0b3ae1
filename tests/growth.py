"""Whether the time that a function takes grows as its input does, or as its square."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

_TIMES = 8
"""How many times longer the long input is. Linear time grows as much, quadratic time as much as its square."""

_MOST_GROWTH = 3 * _TIMES

_ATTEMPTS = 5

# What other programs do hardly changes a thread's own time; Windows counts that in steps that are too long for this.
_clock = time.perf_counter if sys.platform == "win32" else time.thread_time


def check_linear(run: Callable[[int], object], size: int) -> None:
    """Fail where an input of eight times the size takes far more than eight times the time.

    No speed of a machine is assumed. The best of several attempts counts: a busy machine makes some of them slow, and
    a function of quadratic time fails them all.
    """
    run(size)  # what is only done once, such as imports, is no part of either
    grown = []
    for _ in range(_ATTEMPTS):
        short = min(_measure(run, size) for _ in range(3))
        grown.append(_measure(run, _TIMES * size) / max(short, 1e-6))
        if grown[-1] < _MOST_GROWTH:
            return
    raise AssertionError(f"{_TIMES} times the input took {min(grown):.0f} times the time")


def _measure(run: Callable[[int], object], size: int) -> float:
    was_enabled = gc.isenabled()
    gc.disable()  # a full collection takes longer than what is measured, whenever it comes
    try:
        began = _clock()
        run(size)
        return _clock() - began
    finally:
        if was_enabled:
            gc.enable()
