"""What one answer may take, whatever the server does: characters, bytes and seconds.

The server is asked for no more than `AnswerLimits.tokens`; the rest holds for one that doesn't keep to it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The limits of every answer; one that reaches any of them ends there, and what was written stays."""

    tokens: int
    """The setting RAG_MAX_TOKENS, or less where the model can hold less."""
    token_characters: int = 8
    """Characters for each token, thoughts included. English has 4 to 5, and words beyond 8 are two tokens or more, so
    that only an answer that is about to reach its tokens can reach this limit."""
    first_piece_s: float = 300.0
    """Seconds until the first word or thought.
    A 4-billion-parameter model on two old cores reads a prompt of 2,000 tokens in two to four minutes."""
    silence_s: float = 120.0
    """Seconds between two pieces: some servers pause all answers while they read the prompt of another."""
    token_s: float = 2.0
    """Seconds for each token, beside `first_piece_s`; nobody reads as slowly."""
    unheard_bytes: int = 1_000_000
    """Bytes that may come without a piece of text: one event, or a body that is no stream. The longest answer that the
    settings allow, 32,768 tokens, is about 300 kB even in Japanese with every character escaped."""

    @property
    def characters(self) -> int:
        return self.tokens * self.token_characters

    @property
    def total_s(self) -> float:
        return self.first_piece_s + self.tokens * self.token_s

    def narrow(self, tokens: int) -> AnswerLimits:
        """The same limits for an answer of at most `tokens`."""
        return dataclasses.replace(self, tokens=min(self.tokens, tokens))


class Patience:
    """The clock of one answer, for the task that makes it. Make it when the request is sent.

    It sets a timer now and then instead of one for each piece, as `asyncio.timeout` does: Chainlit's event loop keeps
    those that were cancelled until their time has come, which is thousands of them for each answer.
    """

    def __init__(self, limits: AnswerLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._begin = self._loop.time()
        self._has_heard = False
        self._waiting: asyncio.Task[Any] | None = None
        self._deadline = 0.0
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Enter it around each wait. It raises TimeoutError when that wait, or the whole answer, has taken too long."""
        silence = self._loop.time() + self._limits.silence_s
        self._deadline = min(
            silence if self._has_heard else self._begin + self._limits.first_piece_s,
            self._begin + self._limits.total_s,
        )
        self._set_timer()
        self._waiting = task = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError as exc:
            # Somebody else may have cancelled the task as well, who then goes before.
            if self._is_over and task and not task.uncancel():
                raise TimeoutError from exc
            raise
        finally:
            self._waiting = None

    def note_piece(self) -> None:
        """A piece has come: from now on the silence between pieces counts, and no more the wait for the first."""
        self._has_heard = True

    def explain(self) -> tuple[Literal["slow", "stalled", "endless"], float]:
        """After a TimeoutError: what took too long, and its limit in seconds."""
        if self._loop.time() >= self._begin + self._limits.total_s:
            return "endless", self._limits.total_s
        return ("stalled", self._limits.silence_s) if self._has_heard else ("slow", self._limits.first_piece_s)

    def end(self) -> None:
        """Stop the clock: the answer has ended, or nobody waits for it."""
        if self._timer:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer and self._timer.when() <= self._deadline:
            return  # it rings early and is set again
        self.end()
        self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None:
            return  # the next wait sets it again
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._is_over = True
            self._waiting.cancel()
