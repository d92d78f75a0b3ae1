from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from rag.chat.limits import AnswerLimits, Patience

T = TypeVar("T")
LIMITS = AnswerLimits(10, first_piece_s=0.05, silence_s=0.02, token_s=1.0)


def test_a_shorter_answer_keeps_all_other_limits_and_a_longer_one_is_not_to_be_had():
    assert AnswerLimits(500).narrow(80) == AnswerLimits(80)
    assert AnswerLimits(500).narrow(1000) == AnswerLimits(500)
    assert (AnswerLimits(500).characters, AnswerLimits(500).total_s) == (4000, 1300.0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer, so that no time passes and none is lost."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        # asyncio has no public name for what its loop waits with, and typeshed none at all.
        self._really_select = self._selector.select  # type: ignore[attr-defined]
        self._selector.select = self._skip  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now

    def _skip(self, timeout: float | None = None) -> Any:
        self._now += timeout or 0.0
        return self._really_select(0)


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)


def wait(limits: AnswerLimits, *waits_s: float) -> tuple[str, float] | None:
    """What took too long when a piece comes after each wait; None if nothing did."""

    async def hear() -> tuple[str, float] | None:
        patience = Patience(limits)
        for wait_s in waits_s:
            try:
                with patience.wait():
                    await asyncio.sleep(wait_s)
            except TimeoutError:
                return patience.explain()
            patience.note_piece()
        return None

    return run(hear())


@pytest.mark.parametrize(
    ("waits_s", "fault"),
    [
        ((0.0, 0.0, 0.0), None),
        ((9.0,), ("slow", 0.05)),
        ((0.03, 9.0), ("stalled", 0.02)),
        ((0.0, 0.01, 0.01, 0.01, 9.0), ("stalled", 0.02)),
    ],
)
def test_the_first_piece_and_each_silence_have_their_limits(waits_s: tuple[float, ...], fault: object):
    assert wait(LIMITS, *waits_s) == fault


def test_the_whole_has_a_limit_however_often_a_piece_comes():
    assert wait(AnswerLimits(10, first_piece_s=0.1, silence_s=9.0, token_s=0.001), *[0.01] * 1000) == ("endless", 0.11)


def test_time_in_which_nobody_waits_is_no_silence():
    async def read_slowly() -> None:
        patience = Patience(LIMITS)
        for _ in range(3):
            with patience.wait():
                await asyncio.sleep(0)
            patience.note_piece()
            await asyncio.sleep(0.06)

    run(read_slowly())


def test_whoever_cancels_the_task_meanwhile_goes_before():
    async def wait_long() -> None:
        with Patience(LIMITS).wait():
            try:
                await asyncio.sleep(9)
            finally:
                tasks[0].cancel()

    async def cancel() -> None:
        tasks.append(asyncio.create_task(wait_long()))
        await asyncio.wait(tasks)
        assert tasks[0].cancelled()

    tasks: list[asyncio.Task[None]] = []
    run(cancel())


def test_a_thousand_pieces_need_no_more_than_a_few_timers(monkeypatch):
    async def count_timers() -> int:
        loop, made = asyncio.get_running_loop(), 0
        patience, call_at = Patience(AnswerLimits(10)), loop.call_at

        def count(*arguments: Any, **options: Any) -> asyncio.TimerHandle:
            nonlocal made
            made += 1
            return call_at(*arguments, **options)

        monkeypatch.setattr(loop, "call_at", count)
        for _ in range(1000):
            with patience.wait():
                pass
            patience.note_piece()
        patience.end()
        return made

    assert asyncio.run(count_timers()) <= 2
