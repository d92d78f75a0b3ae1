"""Messages → a stream of text, from any server that speaks the OpenAI protocol.

Every request streams, because only a dropped stream makes a server stop generating, and names its `max_tokens` and
`temperature`, because Foundry Local reserves 2048 tokens and samples when they are left out. Nothing is retried here:
what to do after a failure is the router's decision.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

from rag.chat.server import (
    ChunkStream,
    ModelMissingError,
    ServerError,
    connect,
    explain_missing,
    make_error,
    translate_errors,
    warm_up,
)
from rag.types import Endpoint

FIRST_TOKEN_LIMIT_S = 300.0
"""A 4-billion-parameter model on two old cores reads a prompt of 2,000 tokens in two to four minutes."""

_Pieces = AsyncGenerator[tuple[str, str], None]
"""Text and finish reason as they come; either may be empty, and the reason is at the end."""


class ChatModel:
    """One model at one endpoint, for any event loop and several streams at once.

    Make it in a thread: the first one imports openai, which takes a second.
    """

    def __init__(
        self, endpoint: Endpoint, *, temperature: float = 0.0, first_token_limit_s: float = FIRST_TOKEN_LIMIT_S
    ) -> None:
        self.endpoint = endpoint
        self._temperature = temperature
        self._limit_s = first_token_limit_s
        warm_up(endpoint)

    async def stream(
        self,
        messages: Sequence[dict[str, str]],
        max_tokens: int,
        on_finish: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[str, None]:
        """The answer piece by piece; closing the iterator makes the server stop.

        `on_finish` is told the reason at the end: ``stop``, or ``length`` where `max_tokens` cut the answer off.
        Raises PromptTooLongError, or ModelUnavailableError for everything else that keeps the answer from its end.
        """
        wrote, reason, spoken = False, "", _SpokenPart()
        async with self._open_pieces(messages, max_tokens) as pieces:
            async for piece, reason in pieces:
                text = spoken.take(piece, ended=bool(reason))
                if text:
                    wrote = True
                    yield text
                # Some servers never close the stream: the reason is its end.
                if reason:
                    break
        if not reason and wrote:
            raise make_error("unfinished", self.endpoint)
        if not wrote:
            raise make_error("used up" if reason == "length" else "mute", self.endpoint)
        if on_finish:
            on_finish(reason)

    @asynccontextmanager
    async def _open_pieces(self, messages: Sequence[dict[str, str]], max_tokens: int) -> AsyncIterator[_Pieces]:
        """What the server writes, with our errors instead of openai's."""
        try:
            with translate_errors(self.endpoint):
                async with (
                    self._request(messages, max_tokens) as chunks,
                    aclosing(_limit_first_wait(_read_pieces(chunks), self._limit_s)) as pieces,
                ):
                    yield pieces
        except ModelMissingError as exc:
            raise await explain_missing(self.endpoint) from exc

    @asynccontextmanager
    async def _request(self, messages: Sequence[dict[str, str]], max_tokens: int) -> AsyncIterator[ChunkStream]:
        async with connect(self.endpoint, self._limit_s) as client:
            sent: Any = list(messages)
            stream = await client.chat.completions.create(
                model=self.endpoint.model_id,
                messages=sent,
                max_tokens=max_tokens,
                temperature=self._temperature,
                stream=True,
            )
            try:
                yield stream
            finally:
                await stream.close()


class _SpokenPart:
    """Leaves out what a reasoning model thinks aloud: a ``<think>…</think>`` before the answer."""

    _BEGIN, _END = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["unknown", "thinking", "speaking"] = "unknown"

    def take(self, piece: str, *, ended: bool) -> str:
        """Take the next piece and return what may be shown now.

        Text that could still turn out to be a thought is held back until `ended`.
        """
        self._held += piece
        if self._state == "unknown":
            self._state = self._judge_beginning(self._held.lstrip(), ended)
        if self._state == "thinking" and self._END in self._held:
            self._state, self._held = "speaking", self._held.partition(self._END)[2].lstrip()
        if self._state != "speaking":
            return ""
        text, self._held = self._held, ""
        return text

    def _judge_beginning(self, text: str, ended: bool) -> Literal["unknown", "thinking", "speaking"]:
        if text.startswith(self._BEGIN):
            return "thinking"
        return "unknown" if self._BEGIN.startswith(text) and not ended else "speaking"


async def _read_pieces(stream: ChunkStream) -> _Pieces:
    if "text/event-stream" not in stream.response.headers.get("content-type", "text/event-stream"):
        yield _read_whole_answer(await stream.response.aread())
        return
    async for chunk in stream:
        for choice in (chunk.choices or ())[:1]:
            yield (choice.delta.content if choice.delta else "") or "", choice.finish_reason or ""


def _read_whole_answer(body: bytes) -> tuple[str, str]:
    """What a server sent that doesn't stream: the answer at once, or an error under a status of 200."""
    try:
        reply = json.loads(body)
        choice = reply["choices"][0]
        return choice["message"]["content"] or "", choice.get("finish_reason") or "stop"
    except (ValueError, LookupError, TypeError):
        raise ServerError(_read_error_text(body)) from None


def _read_error_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    try:
        error = json.loads(text)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        pass
    return text[:300] or "an empty answer"


async def _limit_first_wait(pieces: _Pieces, limit_s: float) -> _Pieces:
    """The same pieces; raises TimeoutError if no text comes in time, however many keep-alive events do."""
    async with aclosing(pieces):
        yield await asyncio.wait_for(_find_first(pieces), limit_s)
        async for piece in pieces:
            yield piece


async def _find_first(pieces: _Pieces) -> tuple[str, str]:
    async for text, reason in pieces:
        if text or reason:
            return text, reason
    return "", ""
