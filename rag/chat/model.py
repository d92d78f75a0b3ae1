"""From messages to a stream of text, by any server that speaks the OpenAI protocol.

Every request streams, because only a dropped stream makes a server stop generating, and names its `max_tokens` and
`temperature`, because Foundry Local reserves 2048 tokens and samples when they are left out. A server that dislikes
one of these, or a system message, is asked again without it, and never asked with it again. A service of Foundry Local
that has unloaded the model is told to load it. A server that is busy, or still starts, is asked again after a pause,
as long as it has not begun to answer. Nothing else is retried here: what to do after a failure is the router's
decision.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.chat.complaints import Change, Request, find_change
from rag.chat.foundry_service import load, may_be_foundry
from rag.chat.limits import AnswerLimits, Patience
from rag.chat.pieces import AnswerPiece, PieceReader
from rag.chat.server import (
    Fault,
    ModelMissingError,
    ModelUnloadedError,
    RequestRefusedError,
    connect,
    describe_place,
    explain_missing,
    make_error,
    translate_errors,
)
from rag.chat.speech import SpokenText
from rag.errors import ModelUnavailableError
from rag.logs.steps import Value, log_step
from rag.types import Endpoint

if TYPE_CHECKING:
    from rag.chat.transport import MeteredBody


logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Habits:
    """What was found out about one model at one server, from its answers and refusals."""

    changes: tuple[Change, ...] = ()
    """How a request has to differ from ours."""
    muses: bool = False
    """Whether its thoughts come without a beginning."""
    context_length: int | None = None
    """How many tokens it can hold, by its own word; its server's list may say something else."""


_FAULTS_BY_REASON: dict[str, Fault] = {
    "length": "used up",
    "content_filter": "filtered",
    "tool_calls": "calling",
    "error": "unfinished",
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
        *,
        temperature: float | None = None,
    ) -> AsyncGenerator[str, None]:
        """The answer piece by piece, without the model's thoughts; closing the iterator makes the server stop.

        `temperature` takes the place of the settings' one.

        An empty piece takes back all before it: they were thoughts, as was seen at their end. `on_finish` is told the
        reason of the answer's end: ``stop``, ``length`` where `max_tokens` cut it off, or another that the server
        gives. Raises PromptTooLongError, or ModelUnavailableError for all else that keeps the answer from its end.
        """
        limits = self._limits.narrow(max_tokens)
        spoken, reason, calls = SpokenText(limits.characters, muses=self._habits.muses), "", False
        try:
            async with aclosing(self._read_pieces(messages, limits, temperature)) as pieces:
                async for piece in pieces:
                    for text in spoken.take(piece.text, piece.thought):
                        yield text
                    calls |= piece.is_call
                    # Some servers never close the stream: the reason is its end. Others never come to an end.
                    reason = piece.reason or ("length" if spoken.is_full else "")
                    if reason:
                        break
        except ModelMissingError as exc:
            raise await explain_missing(self.endpoint, exc.complaint) from exc
        for text in spoken.end(reason):
            yield text
        self._habits.muses |= spoken.has_mused
        if reason == "stop" and (spoken.is_calling or (calls and not spoken.has_begun)):
            reason = "tool_calls"
        if spoken.has_begun and reason in ("", "error"):
            raise make_error("unfinished", self.endpoint)
        if not spoken.has_begun:
            raise make_error(_FAULTS_BY_REASON.get(reason, "mute"), self.endpoint)
        log_step(logger, "model finished", reason=reason, model=self.endpoint.model_id)
        if on_finish:
            on_finish(reason)

    async def _read_pieces(
        self, messages: Sequence[dict[str, str]], limits: AnswerLimits, temperature: float | None
    ) -> AsyncGenerator[AnswerPiece, None]:
        """What the server writes, once the request holds nothing any more that it refuses."""
        request: Request = {
            "model": self.endpoint.model_id,
            "messages": list(messages),
            "max_tokens": limits.tokens,
            "temperature": self._temperature if temperature is None else temperature,
            "stream": True,
        }
        for change in self._habits.changes:
            request = change.apply(request)
        untried: list[Change] = []
        may_load, pauses = True, iter(_PAUSES_S)
        while True:
            try:
                log_step(logger, "model asked", _describe(self.endpoint, request))
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
                log_step(logger, "model refused", status=exc.complaint.status, is_passing=exc.complaint.is_passing)
                if exc.complaint.is_passing:
                    await _pause(exc, next(pauses, None))
                    continue
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
        patience, reader = Patience(limits), PieceReader()
        try:
            with translate_errors(self.endpoint):
                async with self._open(request, patience) as body:
                    while True:
                        with patience.wait():
                            pieces = await _read_pieces(body, reader)
                        if not pieces:
                            break
                        patience.note_piece()
                        for piece in pieces:
                            yield piece
        except TimeoutError as exc:
            fault, limit_s = patience.explain()
            raise make_error(fault, self.endpoint, limit_s) from exc
        finally:
            patience.end()

    @asynccontextmanager
    async def _open(self, request: Request, patience: Patience) -> AsyncIterator[MeteredBody]:
        with patience.wait():
            stream: Any = await self._completions.create(**request)
        try:
            # Not openai's own reader, which knows one of the forms in which servers answer.
            yield stream.response.stream
        finally:
            await stream.close()


def _describe(endpoint: Endpoint, request: Request) -> dict[str, Value]:
    """What the log says of a request: nothing of its words."""
    messages = request["messages"]
    return {
        "model": endpoint.model_id,
        "place": describe_place(endpoint.base_url),
        "messages": len(messages),
        "characters": sum(len(message["content"]) for message in messages),
        "most_tokens": request.get("max_tokens") or request.get("max_completion_tokens"),
        "parameters": sorted(set(request) - {"model", "messages"}),
    }


_PAUSES_S = (0.5, 1.0, 2.0)
"""How long to wait before a busy server is asked again, each time; the words of the documents stand there meanwhile."""
_LONGEST_PAUSE_S = 5.0
"""A server that asks for more time than that isn't waited for: its reader is told instead."""


async def _pause(refusal: RequestRefusedError, pause_s: float | None) -> None:
    """Wait as long as the server asks for, or else `pause_s`; half as long again at random, so that not all come back
    at once. Raises the refusal if that is too long, or no pause is left.
    """
    wait_s = refusal.complaint.wait_s
    if pause_s is None or (wait_s or 0) > _LONGEST_PAUSE_S:
        raise refusal
    await asyncio.sleep((pause_s if wait_s is None else wait_s) * random.uniform(1, 1.5))


async def _read_pieces(body: MeteredBody, reader: PieceReader) -> list[AnswerPiece]:
    """The next pieces that say something; none at the end."""
    from rag.chat.transport import read_part

    while not reader.is_over:
        if pieces := reader.take(b"" if reader.has_failed else await read_part(body)):
            body.reset()
            return pieces
    return []
