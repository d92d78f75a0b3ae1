"""Messages → a stream of text, from anything that speaks the OpenAI protocol. Owns openai.

Every request streams, because only a dropped stream makes a server stop generating, and names its `max_tokens` and
`temperature`, because Foundry Local reserves 2048 tokens and samples when they are left out. Nothing is retried here:
what to do after a failure is the router's decision.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.types import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream, OpenAI
    from openai.types.chat import ChatCompletionChunk

CONNECT_LIMIT_S = 5.0
FIRST_TOKEN_LIMIT_S = 300.0
"""A 4-billion-parameter model on two old cores reads a prompt of 2,000 tokens in two to four minutes."""
_PROBE_LIMIT_S = 10.0

_LISTED_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "maxInputTokens")
"""Where vLLM, LM Studio, OpenRouter and others put a model's context length in ``/v1/models``."""
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|exceeds?\b.{0,60}\bcontext|too many tokens|prompt is too long",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:context (?:length|window|size)(?: of| is|:)?|n_ctx[\"']?\s*[:=])\D{0,12}(\d{3,8})", re.IGNORECASE
)


_Pieces = AsyncGenerator[tuple[str, str], None]


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
        # All that openai imports on first use, so that the first question doesn't have to.
        _ = _async_client(endpoint, first_token_limit_s).chat.completions

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
        async with self._pieces(messages, max_tokens) as pieces:
            async for piece, reason in pieces:
                text = spoken.of(piece, ended=bool(reason))
                if text:
                    wrote = True
                    yield text
                # Some servers never close the stream: the reason is its end.
                if reason:
                    break
        if not (wrote and reason):
            raise ModelUnavailableError(_broken_off(self.endpoint, wrote, reason))
        if on_finish:
            on_finish(reason)

    @asynccontextmanager
    async def _pieces(self, messages: Sequence[dict[str, str]], max_tokens: int) -> AsyncIterator[_Pieces]:
        """Text and finish reason as they come; our errors instead of openai's."""
        try:
            with _translated(self.endpoint):
                async with (
                    self._chunks(messages, max_tokens) as chunks,
                    aclosing(_first_in_time(_texts(chunks), self._limit_s)) as pieces,
                ):
                    yield pieces
        except _ModelMissingError as exc:
            raise ModelUnavailableError(await asyncio.to_thread(_not_found, self.endpoint)) from exc

    @asynccontextmanager
    async def _chunks(
        self, messages: Sequence[dict[str, str]], max_tokens: int
    ) -> AsyncIterator[AsyncStream[ChatCompletionChunk]]:
        async with _async_client(self.endpoint, self._limit_s) as client:
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
    """Leaves out what reasoning models think aloud: a ``<think>…</think>`` before the answer."""

    _BEGIN, _END = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["unknown", "thinking", "speaking"] = "unknown"

    def of(self, piece: str, *, ended: bool) -> str:
        """What may be shown now; text that could still turn out to be a thought is held back until `ended`."""
        self._held += piece
        if self._state == "unknown":
            self._state = self._begun(self._held.lstrip(), ended)
        if self._state == "thinking" and self._END in self._held:
            self._state, self._held = "speaking", self._held.partition(self._END)[2].lstrip()
        if self._state != "speaking":
            return ""
        text, self._held = self._held, ""
        return text

    def _begun(self, text: str, ended: bool) -> Literal["unknown", "thinking", "speaking"]:
        if text.startswith(self._BEGIN):
            return "thinking"
        return "unknown" if self._BEGIN.startswith(text) and not ended else "speaking"


def probe(base_url: str, api_key: str, model: str) -> Endpoint:
    """Ask a server what it offers and choose `model` there: by its exact name, or as an alias of a full one.

    Blocking, a few milliseconds on the same machine and at most some seconds. Raises ModelUnavailableError.
    """
    for url in _candidate_urls(base_url):
        listed = _listed_models(url, api_key)
        if listed is not None:
            return _chosen(url, api_key, model, listed)
    # No list of models is no fault: several small servers have none.
    return Endpoint(_candidate_urls(base_url)[0], api_key, model)


def pick_model(model: str, offered: Sequence[str]) -> str | None:
    """The offered id for a name: the same, else the newest version of ``name-…:N``, ``name:N``; None without one."""
    if model in offered:
        return model
    folded = model.casefold()
    same = [name for name in offered if name.casefold() == folded]
    full = [name for name in offered if re.match(rf"{re.escape(folded)}(?:-[^:]*)?:", name.casefold())]
    return next(iter(same + sorted(full, key=_version, reverse=True)), None)


def is_loopback(url: str) -> bool:
    """Whether the URL means this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _texts(stream: AsyncStream[ChatCompletionChunk]) -> _Pieces:
    """Pieces of text and, at the end, the finish reason; either may be empty."""
    if "text/event-stream" not in stream.response.headers.get("content-type", "text/event-stream"):
        yield _whole_answer(await stream.response.aread())
        return
    async for chunk in stream:
        for choice in (chunk.choices or ())[:1]:
            yield (choice.delta.content if choice.delta else "") or "", choice.finish_reason or ""


def _whole_answer(body: bytes) -> tuple[str, str]:
    """What a server sent that doesn't stream: the answer at once, or an error under a status of 200."""
    try:
        reply = json.loads(body)
        choice = reply["choices"][0]
        return choice["message"]["content"] or "", choice.get("finish_reason") or "stop"
    except (ValueError, LookupError, TypeError):
        raise _ServerError(_error_text(body)) from None


class _ModelMissingError(ModelUnavailableError):
    """The server doesn't know the model; it is still to be asked which ones it knows."""


class _ServerError(Exception):
    """An error that a server wrapped into an answer."""


def _error_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    try:
        error = json.loads(text)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        pass
    return text[:300] or "an empty answer"


async def _first_in_time(texts: _Pieces, limit_s: float) -> _Pieces:
    """Keep-alive events must not hold off the limit, so it counts until the first text and not the first byte."""
    async with aclosing(texts):
        yield await asyncio.wait_for(_first_text(texts), limit_s)
        async for item in texts:
            yield item


async def _first_text(texts: _Pieces) -> tuple[str, str]:
    async for text, reason in texts:
        if text or reason:
            return text, reason
    return "", ""


def _async_client(endpoint: Endpoint, limit_s: float) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    timeout = Timeout(limit_s, connect=CONNECT_LIMIT_S)
    transport = DefaultAsyncHttpxClient(timeout=timeout, **_local_only(endpoint.base_url))
    return AsyncOpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0, timeout=timeout, http_client=transport
    )


def _client(base_url: str, api_key: str) -> OpenAI:
    from openai import DefaultHttpxClient, OpenAI, Timeout

    timeout = Timeout(_PROBE_LIMIT_S, connect=CONNECT_LIMIT_S)
    transport = DefaultHttpxClient(timeout=timeout, **_local_only(base_url))
    return OpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=timeout, http_client=transport)


def _local_only(base_url: str) -> dict[str, Any]:
    """A proxy from the environment would carry questions for this machine out of it; and http needs no certificates."""
    plain = urlsplit(base_url).scheme == "http"
    return {"trust_env": not is_loopback(base_url)} | ({"verify": False} if plain else {})


def _candidate_urls(base_url: str) -> list[str]:
    """With ``/v1`` first; a URL that names its own version or path is also tried as it is."""
    url = base_url.strip().rstrip("/")
    if not _is_url(url):
        raise ModelUnavailableError(f"BASE_URL is {base_url!r}, which is no address of a server. Correct it.")
    if re.search(r"/v\d+[a-z\d]*$", url):
        return [url]
    return [f"{url}/v1"] + ([url] if urlsplit(url).path else [])


def _is_url(url: str) -> bool:
    try:
        return urlsplit(url).port != 0 and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _listed_models(base_url: str, api_key: str) -> dict[str, int | None] | None:
    """Model ids with their context lengths; None where the server has no such list."""
    from openai import APIStatusError

    endpoint = Endpoint(base_url, api_key, "")
    with _translated(endpoint), _client(base_url, api_key) as client:
        try:
            page = client.models.list()
        except APIStatusError as exc:
            if exc.status_code in (404, 405, 501):
                return None
            raise
        return {model.id: _context_length(model.model_extra or {}) for model in _data(page, endpoint)}


def _data(page: Any, endpoint: Endpoint) -> list[Any]:  # noqa: ANN401 (whatever a server sends)
    data = getattr(page, "data", None)
    if not isinstance(data, list):
        raise ModelUnavailableError(
            f"{endpoint.base_url} answers, but not as an OpenAI-compatible server does; correct BASE_URL."
        )
    return [model for model in data if getattr(model, "id", None)]


def _context_length(extra: dict[str, Any]) -> int | None:
    return next((extra[name] for name in _LISTED_CONTEXT if isinstance(extra.get(name), int) and extra[name] > 0), None)


def _chosen(base_url: str, api_key: str, model: str, listed: dict[str, int | None]) -> Endpoint:
    offered = list(listed)
    picked = pick_model(model, offered)
    note = ""
    if picked is None and len(offered) == 1:
        picked = offered[0]
        note = f"{base_url} has no model {model}; the only one that it offers answers instead: {picked}."
    if picked is None:
        raise ModelUnavailableError(f"{base_url} has no model {model}. {_offer(offered)}")
    return Endpoint(base_url, api_key, picked, listed[picked], note)


def _offer(offered: Sequence[str]) -> str:
    if not offered:
        return "It offers none at all: load one there."
    named = ", ".join(offered[:12]) + (f" and {len(offered) - 12} more" if len(offered) > 12 else "")
    return f"Set MODEL to one that it offers: {named}."


def _version(name: str) -> int:
    tail = name.rpartition(":")[2]
    return int(tail) if re.fullmatch(r"\d{1,9}", tail) else -1


def _broken_off(endpoint: Endpoint, wrote: bool, reason: str) -> str:
    if wrote:
        return f"The model {endpoint.model_id} stopped in the middle of its answer: {endpoint.base_url} broke off."
    if reason == "length":
        return f"The model {endpoint.model_id} used up its tokens before its first word. Set RAG_MAX_TOKENS higher."
    return (
        f"The model {endpoint.model_id} ended its answer without a word. "
        f"Check in the log of the server at {endpoint.base_url} that the model is loaded."
    )


@contextmanager
def _translated(endpoint: Endpoint) -> Iterator[None]:
    """Turns openai's errors into ours."""
    import openai

    try:
        yield
    except TimeoutError as exc:
        raise ModelUnavailableError(
            f"The model {endpoint.model_id} at {endpoint.base_url} gave no sign of an answer in time. "
            "Ask again, choose a smaller model, or lower RAG_TOP_K."
        ) from exc
    except openai.APITimeoutError as exc:
        raise ModelUnavailableError(_timed_out(endpoint, exc)) from exc
    except openai.APIConnectionError as exc:
        raise ModelUnavailableError(_unreachable(endpoint, exc)) from exc
    except (openai.APIError, _ServerError) as exc:
        raise _refusal(endpoint, exc) from exc
    except ValueError as exc:
        # openai passes on what the JSON decoder says of a server that talks nonsense.
        raise ModelUnavailableError(f"{endpoint.base_url} sent something that is no answer ({exc}).") from exc


def _timed_out(endpoint: Endpoint, exc: BaseException) -> str:
    if "connect" in type(exc.__cause__).__name__.lower():
        return (
            f"{endpoint.base_url} did not accept a connection within {CONNECT_LIMIT_S:.0f} seconds. "
            "Check that the server runs and that no firewall is in the way."
        )
    return f"{endpoint.base_url} took the request and sent nothing back in time. Ask again, or restart that server."


def _unreachable(endpoint: Endpoint, exc: BaseException) -> str:
    if "connect" in type(exc.__cause__).__name__.lower():
        return f"Nothing answers at {endpoint.base_url} ({exc.__cause__}). Start the server there, or correct BASE_URL."
    return (
        f"The connection to {endpoint.base_url} broke in the middle of the answer. "
        "See that the server still runs, then ask again."
    )


def _refusal(endpoint: Endpoint, exc: Exception) -> ModelUnavailableError:
    """What the server said, with what to do about it."""
    said = " ".join(str(getattr(exc, "message", exc)).split())[:400]
    status = getattr(exc, "status_code", None)
    if _TOO_LONG.search(said):
        limit = _LIMIT.search(said)
        return PromptTooLongError(
            f"The prompt is longer than the model {endpoint.model_id} can read. Lower RAG_TOP_K or RAG_MAX_TOKENS.",
            int(limit.group(1)) if limit else None,
        )
    if status in (401, 403):
        return ModelUnavailableError(f"{endpoint.base_url} does not accept the key. Set API_KEY.")
    if "not loaded" in said.lower():
        return ModelUnavailableError(
            f"The model {endpoint.model_id} is not loaded at {endpoint.base_url}. Load it there."
        )
    if status == 404:
        return _ModelMissingError(f"{endpoint.base_url} has no model {endpoint.model_id}.")
    return ModelUnavailableError(f"The model {endpoint.model_id} at {endpoint.base_url} refused: {said.rstrip('.')}.")


def _not_found(endpoint: Endpoint) -> str:
    try:
        listed = _listed_models(endpoint.base_url, endpoint.api_key) or {}
    except ModelUnavailableError:
        listed = {}
    return f"{endpoint.base_url} has no model {endpoint.model_id}. {_offer(list(listed))}"
