from __future__ import annotations

import threading

import pytest

from rag.chat.idle import IdleWatch


class Memory:
    """Notes what is unloaded; the first tries fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.tries: list[str] = []
        self.is_free = threading.Event()

    def unload(self, model_id: str) -> bool:
        self.tries.append(model_id)
        if len(self.tries) > self.failures:
            self.is_free.set()
        return self.is_free.is_set()


def test_a_model_that_nobody_asks_is_unloaded_once():
    memory = Memory()
    watch = IdleWatch(0.05, memory.unload)
    with watch.using("tiny:1"), watch.using("tiny:1"):
        assert not memory.is_free.wait(0.2)
    assert memory.is_free.wait(30)
    assert memory.tries == ["tiny:1"]


def test_one_that_is_never_asked_counts_from_its_start():
    memory = Memory()
    IdleWatch(0.05, memory.unload).note_use("tiny:1")
    assert memory.is_free.wait(30)


def test_what_cannot_be_freed_is_tried_again():
    memory = Memory(failures=2)
    IdleWatch(0.01, memory.unload).note_use("tiny:1")
    assert memory.is_free.wait(30)
    assert memory.tries == ["tiny:1"] * 3


@pytest.mark.parametrize(("limit_s", "model_id"), [(0, "tiny:1"), (0.01, "")])
def test_without_a_limit_or_a_model_of_ours_nothing_is_unloaded(limit_s: float, model_id: str):
    memory = Memory()
    IdleWatch(limit_s, memory.unload).note_use(model_id)
    assert not memory.is_free.wait(0.05)


def test_after_closing_nothing_is_unloaded():
    memory = Memory()
    watch = IdleWatch(0.05, memory.unload)
    watch.note_use("tiny:1")
    watch.close()
    watch.note_use("tiny:1")
    assert not memory.is_free.wait(0.2)
