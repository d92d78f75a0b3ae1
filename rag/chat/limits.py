"""What one answer may take, whatever the server does: characters, bytes and seconds.

The server is asked for no more than `AnswerLimits.tokens`; the rest holds for one that doesn't keep to it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The limits of every answer; one that reaches any of them ends there, and what was written stays."""

    tokens: int
    """The setting RAG_MAX_TOKENS, or less where the model can hold less."""
    token_characters: int = 8
    """Characters for each token, thoughts included. English has 4 to 5, and words beyond 8 are two tokens or more;
    only an answer that is about to reach its tokens can reach it."""
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
        """The same for an answer of at most as many tokens."""
        return dataclasses.replace(self, tokens=min(self.tokens, tokens))


class Patience:
    """The clock of one answer. Make it when the request is sent, in the event loop that waits for it."""

    def __init__(self, limits: AnswerLimits) -> None:
        self._limits = limits
        self._clock = asyncio.get_running_loop().time
        self._begin = self._clock()
        self._has_heard = False

    def wait(self) -> asyncio.Timeout:
        """To be entered around each wait; raises TimeoutError when it or the whole answer has taken too long."""
        silence = (
            self._clock() + self._limits.silence_s if self._has_heard else self._begin + self._limits.first_piece_s
        )
        return asyncio.timeout_at(min(silence, self._begin + self._limits.total_s))

    def note_piece(self) -> None:
        self._has_heard = True

    def explain(self) -> tuple[Literal["slow", "stalled", "endless"], float]:
        """After a TimeoutError: what took too long, and its limit in seconds."""
        if self._clock() >= self._begin + self._limits.total_s:
            return "endless", self._limits.total_s
        return ("stalled", self._limits.silence_s) if self._has_heard else ("slow", self._limits.first_piece_s)
