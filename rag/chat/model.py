"""From messages to a stream of text, by any server that speaks the OpenAI protocol.

Every request streams, because only a dropped stream makes a server stop generating, and names its `max_tokens` and
`temperature`, because Foundry Local reserves 2048 tokens and samples when they are left out. Nothing is retried here:
what to do after a failure is the router's decision.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from rag.chat.limits import AnswerLimits, Patience
from rag.chat.server import (
    ChunkStream,
    ModelMissingError,
    ServerError,
    connect,
    explain_missing,
    make_error,
    translate_errors,
)
from rag.types import Endpoint


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """What one event from the server holds; any part may be empty."""

    text: str = ""
    thought: str = ""
    """What the model thinks, where the server keeps that apart from the answer."""
    reason: str = ""
    """Why the answer ends here; empty if it goes on."""


class ChatModel:
    """One model at one endpoint. It serves several streams at once, and one event loop after another.

    Make it in a thread: the first one imports openai, which takes a second.
    """

    def __init__(self, endpoint: Endpoint, limits: AnswerLimits, *, temperature: float = 0.0) -> None:
        self.endpoint = endpoint
        self._limits = limits
        self._temperature = temperature
        self._completions = connect(endpoint, limits).chat.completions

    async def stream(
        self,
        messages: Sequence[dict[str, str]],
        max_tokens: int,
        on_finish: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[str, None]:
        """The answer piece by piece, without the model's thoughts; closing the iterator makes the server stop.

        `on_finish` is told the reason at the end: ``stop``, or ``length`` where `max_tokens` cut the answer off.
        Raises PromptTooLongError, or ModelUnavailableError for everything else that keeps the answer from its end.
        """
        limits = self._limits.narrow(max_tokens)
        spoken, reason = SpokenText(limits.characters), ""
        try:
            async with aclosing(self._read_pieces(messages, limits)) as pieces:
                async for piece in pieces:
                    if text := spoken.take(piece.text, piece.thought, ended=bool(piece.reason)):
                        yield text
                    # Some servers never close the stream: the reason is its end. Others never come to an end.
                    reason = piece.reason or ("length" if spoken.is_full else "")
                    if reason:
                        break
        except ModelMissingError as exc:
            raise await explain_missing(self.endpoint) from exc
        if not reason and spoken.has_begun:
            raise make_error("unfinished", self.endpoint)
        if not spoken.has_begun:
            raise make_error("used up" if reason == "length" else "mute", self.endpoint)
        if on_finish:
            on_finish(reason)

    async def _read_pieces(
        self, messages: Sequence[dict[str, str]], limits: AnswerLimits
    ) -> AsyncGenerator[AnswerPiece, None]:
        """What the server writes, with our errors instead of openai's."""
        patience = Patience(limits)
        try:
            with translate_errors(self.endpoint):
                async with self._request(messages, limits.tokens, patience) as chunks:
                    while True:
                        with patience.wait():
                            piece = await _read_piece(chunks)
                        if piece is None:
                            break
                        patience.note_piece()
                        yield piece
        except TimeoutError as exc:
            fault, limit_s = patience.explain()
            raise make_error(fault, self.endpoint, limit_s) from exc
        finally:
            patience.end()

    @asynccontextmanager
    async def _request(
        self, messages: Sequence[dict[str, str]], max_tokens: int, patience: Patience
    ) -> AsyncIterator[ChunkStream]:
        sent: Any = list(messages)
        with patience.wait():
            stream = await self._completions.create(
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


_THOUGHT, _THOUGHT_END = "<think>", "</think>"


class SpokenText:
    """What of a model's text is its answer, for some models think aloud before it. Pure.

    It leaves out a ``<think>…</think>`` before the answer and the white space around it, and ends the answer at
    `most_characters`; every character counts, thoughts and white space included.
    """

    def __init__(self, most_characters: int) -> None:
        self._left = most_characters
        self._held = ""
        self._state: Literal["unknown", "thinking", "speaking"] = "unknown"
        self.has_begun = False
        """Whether anything of the answer was returned."""

    @property
    def is_full(self) -> bool:
        return self._left <= 0

    def take(self, text: str, thought: str = "", *, ended: bool) -> str:
        """Take the next piece and return what may be shown now.

        `thought` is what a server keeps apart from the answer. Text that could still turn out to be a thought is held
        back until `ended`.
        """
        self._left -= len(thought)
        text = text[: max(0, self._left)]
        self._left -= len(text)
        if self.has_begun:
            return text
        self._held = (self._held + text).lstrip()
        if self._state == "unknown":
            self._state = self._judge_beginning(ended or self.is_full)
        if self._state == "thinking":
            self._leave_out_thought()
        if self._state != "speaking":
            return ""
        spoken, self._held = self._held, ""
        self.has_begun = bool(spoken)
        return spoken

    def _judge_beginning(self, is_last: bool) -> Literal["unknown", "thinking", "speaking"]:
        if self._held.startswith(_THOUGHT):
            return "thinking"
        return "unknown" if _THOUGHT.startswith(self._held) and not is_last else "speaking"

    def _leave_out_thought(self) -> None:
        """Hold no more of a thought than could be the beginning of its end: so a long one is looked through once."""
        _, end, behind = self._held.partition(_THOUGHT_END)
        if end:
            self._state, self._held = "speaking", behind.lstrip()
        else:
            self._held = self._held[1 - len(_THOUGHT_END) :]


# What the server sends


async def _read_piece(stream: ChunkStream) -> AnswerPiece | None:
    """The next piece that says something; None at the end."""
    from rag.chat.transport import note_piece

    response = stream.response
    if "text/event-stream" not in response.headers.get("content-type", "text/event-stream"):
        return None if response.is_closed else _read_whole_answer(await response.aread())
    # Not "async for", which would leave a generator behind.
    while (chunk := await anext(stream, None)) is not None:
        if (piece := _read_chunk(chunk)) != AnswerPiece():
            note_piece(response)
            return piece
    return None


def _read_chunk(chunk: Any) -> AnswerPiece:  # noqa: ANN401 (openai passes on whatever the server sent)
    """What an event says. Raises ValueError for one that isn't of the protocol's form."""
    try:
        choice = next(iter(chunk.choices or ()), None)
        if choice is None:
            return AnswerPiece()
        content, extra = (choice.delta.content, choice.delta.model_extra or {}) if choice.delta else (None, {})
        thought = extra.get("reasoning_content") or extra.get("reasoning")
        return AnswerPiece(_require_text(content), _require_text(thought), _require_text(choice.finish_reason))
    except (AttributeError, TypeError) as exc:
        raise ValueError("an event of no known form") from exc


def _require_text(value: object) -> str:
    if not isinstance(value or "", str):
        raise TypeError
    return str(value or "")


def _read_whole_answer(body: bytes) -> AnswerPiece:
    """The answer of a server that sends it at once. Raises ServerError for an error under a status of 200."""
    try:
        choice = json.loads(body)["choices"][0]
        return AnswerPiece(_require_text(choice["message"]["content"]), reason=choice.get("finish_reason") or "stop")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ServerError(_read_error_text(body)) from None


def _read_error_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    try:
        error = json.loads(text)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        pass
    return text[:300] or "an empty answer"
