"""A model that nobody asks gives its memory back. Its service loads it again with the next question."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag.chat.foundry import unload_model


class IdleWatch:
    """Unloads a model of this process `limit_s` seconds after its last use; never if that is 0.

    `unload` takes a model's id and tells whether its memory is free. All methods may be called from any thread.
    """

    def __init__(self, limit_s: float, unload: Callable[[str], bool] = unload_model) -> None:
        self._limit_s = limit_s
        self._unload = unload
        self._lock = threading.Condition()
        self._uses = 0
        self._timer: threading.Timer | None = None
        self._is_closed = False

    @contextmanager
    def using(self, model_id: str) -> Iterator[None]:
        """Within the block the model is in use. An empty id is that of a model that isn't ours to unload."""
        with self._lock:
            self._uses += 1
            self._stop_timer()
        try:
            yield
        finally:
            with self._lock:
                self._uses -= 1
                self._lock.notify_all()
            self.note_use(model_id)

    def note_use(self, model_id: str) -> None:
        """Count from now on."""
        with self._lock:
            self._stop_timer()
            if model_id and self._limit_s and not self._uses and not self._is_closed:
                self._timer = threading.Timer(self._limit_s, self._rest, [model_id])
                self._timer.daemon = True
                self._timer.start()

    def wait_until_unused(self, limit_s: float) -> None:
        """Block until no model is in use, at most so long."""
        with self._lock:
            self._lock.wait_for(lambda: not self._uses, limit_s)

    def close(self) -> None:
        """Unload nothing any more."""
        with self._lock:
            self._is_closed = True
            self._stop_timer()

    def _rest(self, model_id: str) -> None:
        with self._lock:
            is_idle = not self._uses and not self._is_closed
        if is_idle and not self._unload(model_id):
            self.note_use(model_id)  # it could not be freed; try again later

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
