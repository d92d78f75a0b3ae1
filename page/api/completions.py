"""What is sent for ``POST /v1/chat/completions``: one object, or a stream of pieces. Pure."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.answering.prompt import count_tokens

DONE = "data: [DONE]\n\n"
"""The end of a stream."""


def make_event(value: Mapping[str, Any], name: str = "") -> str:
    """A server-sent event with a JSON object."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n"


def make_id(kind: str) -> str:
    return f"{kind}{secrets.token_hex(12)}"


def count_usage(read: str, written: str) -> dict[str, int]:
    """How many tokens were read and written, as the program estimates them: most servers don't tell."""
    tokens = count_tokens(read), count_tokens(written)
    return {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}


@dataclass(frozen=True, slots=True)
class Completion:
    """The frame that all pieces of one completion share."""

    model: str
    id: str = field(default_factory=lambda: make_id("chatcmpl-"))
    created: int = field(default_factory=lambda: int(time.time()))

    def make_whole(self, text: str, usage: Mapping[str, int], reason: str, **more: object) -> dict[str, Any]:
        """The object that isn't streamed; `more` are further fields of its message."""
        message = {"role": "assistant", "content": text, "refusal": None, **more}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {**self._frame("chat.completion"), "choices": [choice], "usage": dict(usage)}

    def make_piece(self, delta: Mapping[str, object], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": reason}
        return {**self._frame("chat.completion.chunk"), "choices": [choice]}

    def make_usage(self, usage: Mapping[str, int]) -> dict[str, Any]:
        """The piece after the last, for callers who want it."""
        return {**self._frame("chat.completion.chunk"), "choices": [], "usage": dict(usage)}

    def _frame(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}
