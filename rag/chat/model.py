"""From messages to a stream of text, by any server that speaks the OpenAI protocol.

Every request streams, because only a dropped stream makes a server stop generating, and names its `max_tokens` and
`temperature`, because Foundry Local reserves 2048 tokens and samples when they are left out. A server that dislikes
one of these, or a system message, is asked again without it, and never asked with it again. A service of Foundry Local
that has unloaded the model is told to load it. Nothing else is retried here: what to do after a failure is the router's
decision.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rag.chat.complaints import Change, Request, find_change
from rag.chat.foundry_service import load, may_be_foundry
from rag.chat.limits import AnswerLimits, Patience
from rag.chat.server import (
    ChunkStream,
    Fault,
    ModelMissingError,
    ModelUnloadedError,
    RequestRefusedError,
    ServerError,
    connect,
    explain_missing,
    make_error,
    translate_errors,
)
from rag.chat.speech import SpokenText
from rag.errors import ModelUnavailableError
from rag.types import Endpoint


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """What one event from the server holds; any part may be empty."""

    text: str = ""
    thought: str = ""
    """What the model thinks, where the server keeps that apart from the answer."""
    reason: str = ""
    """Why the answer ends here; empty if it goes on."""


@dataclass(slots=True)
class Habits:
    """What was found out about one model at one server, from its answers and refusals."""

    changes: tuple[Change, ...] = ()
    """How a request has to differ from ours."""
    muses: bool = False
    """Whether its thoughts come without a beginning."""


_FAULTS_BY_REASON: dict[str, Fault] = {
    "length": "used up",
    "content_filter": "filtered",
    "tool_calls": "calling",
    "function_call": "calling",
}
"""What went wrong where an answer ended for that reason without a word."""


class ChatModel:
    """One model at one endpoint. It serves several streams at once, and one event loop after another.

    `habits` are those that it was found to have before; new ones are added there. Make it in a thread: the first one
    imports openai, which takes a second.
    """

    def __init__(
        self, endpoint: Endpoint, limits: AnswerLimits, *, temperature: float = 0.0, habits: Habits | None = None
    ) -> None:
        self.endpoint = endpoint
        self._limits = limits
        self._temperature = temperature
        self._habits = habits or Habits()
        self._completions = connect(endpoint, limits).chat.completions

    async def stream(
        self,
        messages: Sequence[dict[str, str]],
        max_tokens: int,
        on_finish: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[str, None]:
        """The answer piece by piece, without the model's thoughts; closing the iterator makes the server stop.

        An empty piece takes back all before it: they were thoughts, as was seen at their end. `on_finish` is told the
        reason of the answer's end: ``stop``, ``length`` where `max_tokens` cut it off, or another that the server
        gives. Raises PromptTooLongError, or ModelUnavailableError for all else that keeps the answer from its end.
        """
        limits = self._limits.narrow(max_tokens)
        spoken, reason = SpokenText(limits.characters, muses=self._habits.muses), ""
        try:
            async with aclosing(self._read_pieces(messages, limits)) as pieces:
                async for piece in pieces:
                    for text in spoken.take(piece.text, piece.thought):
                        yield text
                    # Some servers never close the stream: the reason is its end. Others never come to an end.
                    reason = piece.reason or ("length" if spoken.is_full else "")
                    if reason:
                        break
        except ModelMissingError as exc:
            raise await explain_missing(self.endpoint, exc.complaint) from exc
        for text in spoken.end(reason):
            yield text
        self._habits.muses |= spoken.has_mused
        if not reason and spoken.has_begun:
            raise make_error("unfinished", self.endpoint)
        if not spoken.has_begun:
            raise make_error(_FAULTS_BY_REASON.get(reason, "mute"), self.endpoint)
        if on_finish:
            on_finish(reason)

    async def _read_pieces(
        self, messages: Sequence[dict[str, str]], limits: AnswerLimits
    ) -> AsyncGenerator[AnswerPiece, None]:
        """What the server writes, once the request holds nothing any more that it refuses."""
        request: Request = {
            "model": self.endpoint.model_id,
            "messages": list(messages),
            "max_tokens": limits.tokens,
            "temperature": self._temperature,
            "stream": True,
        }
        for change in self._habits.changes:
            request = change.apply(request)
        untried: list[Change] = []
        may_load = True
        while True:
            try:
                async with aclosing(self._send(request, limits)) as pieces:
                    async for piece in pieces:
                        self._learn(untried)
                        yield piece
                return
            except ModelUnloadedError as exc:
                if not (may_load and may_be_foundry(self.endpoint)):
                    raise
                may_load = False
                await self._load(exc)
            except RequestRefusedError as exc:
                disliked = find_change(request, exc.complaint)
                if disliked is None:
                    raise
                request = disliked.apply(request)
                untried.append(disliked)

    async def _load(self, refusal: ModelUnloadedError) -> None:
        """Have the service load the model. Raises the refusal if it can't be told to."""
        try:
            await load(self.endpoint)
        except ModelUnavailableError:
            raise refusal from None

    def _learn(self, changes: list[Change]) -> None:
        """Keep the changes without which the server refused, now that it has answered."""
        self._habits.changes += tuple(change for change in changes if change not in self._habits.changes)
        changes.clear()

    async def _send(self, request: Request, limits: AnswerLimits) -> AsyncGenerator[AnswerPiece, None]:
        """What the server answers to one request, with our errors instead of openai's."""
        patience = Patience(limits)
        try:
            with translate_errors(self.endpoint):
                async with self._open(request, patience) as chunks:
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
    async def _open(self, request: Request, patience: Patience) -> AsyncIterator[ChunkStream]:
        with patience.wait():
            stream: Any = await self._completions.create(**request)
        try:
            yield stream
        finally:
            await stream.close()


# What the server sends


async def _read_piece(stream: ChunkStream) -> AnswerPiece | None:
    """The next piece that says something; None at the end."""
    from rag.chat.transport import has_said_done, note_piece

    response = stream.response
    if "text/event-stream" not in response.headers.get("content-type", "text/event-stream"):
        return None if response.is_closed else _read_whole_answer(await response.aread())
    # Not "async for", which would leave a generator behind.
    while (chunk := await anext(stream, None)) is not None:
        if (piece := _read_chunk(chunk)) != AnswerPiece():
            note_piece(response)
            return piece
    # Some servers give no reason for an answer's end.
    return AnswerPiece(reason="stop") if has_said_done(response) else None


_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thought")
"""Where servers put thoughts that they keep apart, and what they call such a part of a content."""
_DEEPEST = 6
"""How far parts of a content may hold others."""


def _read_chunk(chunk: Any) -> AnswerPiece:  # noqa: ANN401 (openai passes on whatever the server sent)
    """What an event says. Raises ValueError for one that isn't of the protocol's form."""
    try:
        choice = next(iter(chunk.choices or ()), None)
        if choice is None:
            return AnswerPiece()
        delta = choice.delta
        if delta is None:
            return _read_message((choice.model_extra or {}).get("message") or {}, choice.finish_reason)
        return _read_message(
            {**(delta.model_extra or {}), "content": delta.content or delta.refusal}, choice.finish_reason
        )
    except (AttributeError, TypeError) as exc:
        raise ValueError("an event of no known form") from exc


def _read_message(message: dict[str, Any], reason: object) -> AnswerPiece:
    """What a message says, or the part of one; a refusal in the model's words is its answer."""
    text, thought = _read_content(message.get("content") or message.get("refusal"))
    apart = next(filter(None, (message.get(name) for name in _THOUGHTS)), "")
    return AnswerPiece(text, thought + "".join(_read_content(apart)), _require_text(reason))


def _read_content(content: object, depth: int = _DEEPEST) -> tuple[str, str]:
    """Text and thoughts of a content: a text, a part with its type, or a list of those."""
    if depth == 0 or not isinstance(content, (list, dict)):
        return _require_text(content), ""
    if isinstance(content, list):
        read = [_read_content(part, depth - 1) for part in content]
        return "".join(text for text, _ in read), "".join(thought for _, thought in read)
    kind = str(content.get("type") or "")
    inner = next((content[name] for name in ("text", "content", "value", *_THOUGHTS, kind) if content.get(name)), "")
    text, thought = _read_content(inner, depth - 1)
    is_thought = kind in _THOUGHTS or any(content.get(name) for name in _THOUGHTS)
    return ("", thought + text) if is_thought else (text, thought)


def _require_text(value: object) -> str:
    if not isinstance(value or "", str):
        raise TypeError
    return str(value or "")


def _read_whole_answer(body: bytes) -> AnswerPiece:
    """The answer of a server that sends it at once. Raises ServerError for an error under a status of 200."""
    try:
        choice = json.loads(body)["choices"][0]
        return _read_message(choice["message"], choice.get("finish_reason") or "stop")
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
