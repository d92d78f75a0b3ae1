"""Whether a model answers, found out by having it write one token."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag.chat.limits import AnswerLimits
from rag.chat.model import ChatModel
from rag.chat.probing import probe, run_briefly
from rag.errors import ModelUnavailableError
from rag.types import Endpoint

Stream = Callable[[Sequence[dict[str, str]], int], AsyncGenerator[str, None]]

_ASKED = [{"role": "user", "content": "Say yes."}]


@dataclass(frozen=True, slots=True)
class Trial:
    endpoint: Endpoint
    seconds: float
    """From the request to its end."""


def try_model(base_url: str, api_key: str, model: str) -> Trial:
    """Find the model at that address and have it write one token. Blocks as long as that takes.

    Raises ModelUnavailableError, whose sentences say what is wrong.
    """
    endpoint = probe(base_url, api_key, model)
    began = time.perf_counter()
    run_briefly(write_token(ChatModel(endpoint, AnswerLimits(1)).stream))
    return Trial(endpoint, time.perf_counter() - began)


async def write_token(stream: Stream) -> None:
    """Have a model write one token; one of its thoughts counts too. Raises ModelUnavailableError."""
    try:
        async with aclosing(stream(_ASKED, 1)) as pieces:
            async for _ in pieces:
                pass
    except ModelUnavailableError as exc:
        if "used up its tokens" not in str(exc):
            raise
