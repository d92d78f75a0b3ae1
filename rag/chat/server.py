"""A server that speaks the OpenAI protocol: what it offers, how it is reached, and why it refuses. Owns openai.

Whatever goes wrong becomes a ModelUnavailableError, whose sentences say what happened and what to do about it. They
stand in two tables: faults, which openai's error class tells, and refusals, which the server's words or status tell.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.types import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream, OpenAI
    from openai.types.chat import ChatCompletionChunk

ChunkStream: TypeAlias = "AsyncStream[ChatCompletionChunk]"

_CONNECT_LIMIT_S = 5.0
_PROBE_LIMIT_S = 10.0

_LISTED_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "maxInputTokens")
"""Where vLLM, LM Studio, OpenRouter and others put a model's context length in ``/v1/models``."""
_NO_LIST_STATUSES = (404, 405, 501)
"""What a server answers that has no list of models."""
_MOST_NAMED = 12
"""As many models are named in a sentence."""

Fault = Literal[
    "address",
    "protocol",
    "slow",
    "unreachable",
    "silent",
    "absent",
    "broken",
    "nonsense",
    "unfinished",
    "used up",
    "mute",
]
_FAULTS: dict[Fault, str] = {
    "address": "BASE_URL is {details!r}, which is no address of a server. Correct it.",
    "protocol": "{url} answers, but not as an OpenAI-compatible server does; correct BASE_URL.",
    "slow": "The model {model} at {url} gave no sign of an answer in time. "
    "Ask again, choose a smaller model, or lower RAG_TOP_K.",
    "unreachable": f"{{url}} did not accept a connection within {_CONNECT_LIMIT_S:.0f} seconds. "
    "Check that the server runs and that no firewall is in the way.",
    "silent": "{url} took the request and sent nothing back in time. Ask again, or restart that server.",
    "absent": "Nothing answers at {url} ({details.__cause__}). Start the server there, or correct BASE_URL.",
    "broken": "The connection to {url} broke in the middle of the answer. "
    "See that the server still runs, then ask again.",
    "nonsense": "{url} sent something that is no answer ({details}).",
    "unfinished": "The model {model} stopped in the middle of its answer: {url} broke off.",
    "used up": "The model {model} used up its tokens before its first word. Set RAG_MAX_TOKENS higher.",
    "mute": "The model {model} ended its answer without a word. "
    "Check in the log of the server at {url} that the model is loaded.",
}


class ModelMissingError(ModelUnavailableError):
    """The server doesn't know the model; it is still to be asked which ones it knows."""


class ServerError(Exception):
    """An error that a server wrapped into an answer."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Fits an error with one of these statuses, or one that says this."""

    sentences: str
    statuses: tuple[int, ...] = ()
    says: str | None = None
    """A regular expression."""
    error: type[ModelUnavailableError] = ModelUnavailableError

    def fits(self, status: int | None, said: str) -> bool:
        return status in self.statuses or bool(self.says is not None and re.search(self.says, said, re.IGNORECASE))


_REFUSALS = (
    _Refusal(
        "The prompt is longer than the model {model} can read. Lower RAG_TOP_K or RAG_MAX_TOKENS.",
        says=r"context[ _](?:length|window|size)|maximum context|exceeds?\b.{0,60}\bcontext|too many tokens"
        r"|prompt is too long",
        error=PromptTooLongError,
    ),
    _Refusal("{url} does not accept the key. Set API_KEY.", statuses=(401, 403)),
    _Refusal("The model {model} is not loaded at {url}. Load it there.", says="not loaded"),
    _Refusal("{url} has no model {model}.", statuses=(404,), error=ModelMissingError),
    _Refusal("The model {model} at {url} refused: {said}.", says=""),
)
"""The first that fits; the last one always does."""
_LIMIT = re.compile(
    r"(?:context (?:length|window|size)(?: of| is|:)?|n_ctx[\"']?\s*[:=])\D{0,12}(\d{3,8})", re.IGNORECASE
)


def probe(base_url: str, api_key: str, model: str) -> Endpoint:
    """Ask a server what it offers and choose `model` there: by its exact name, or as an alias of a full one.

    Blocks for a few milliseconds on the same machine and at most some seconds. Raises ModelUnavailableError.
    """
    urls = _list_urls(base_url)
    for url in urls:
        endpoint = Endpoint(url, api_key, model)
        offered = _list_models(endpoint)
        if offered is not None:
            return _choose_model(endpoint, offered)
    # No list of models is no fault: several small servers have none.
    return Endpoint(urls[0], api_key, model)


def pick_model(model: str, offered: Sequence[str]) -> str | None:
    """The offered id for a name: the same, else the newest version of ``name-…:N``, ``name:N``; None without one."""
    if model in offered:
        return model
    folded = model.casefold()
    same = [name for name in offered if name.casefold() == folded]
    full = [name for name in offered if re.match(rf"{re.escape(folded)}(?:-[^:]*)?:", name.casefold())]
    return next(iter(same + sorted(full, key=_read_version, reverse=True)), None)


def is_loopback(url: str) -> bool:
    """Whether the URL means this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connect(endpoint: Endpoint, limit_s: float) -> AsyncOpenAI:
    """A client that waits for `limit_s` between two signs of life and repeats no request."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    timeout = Timeout(limit_s, connect=_CONNECT_LIMIT_S)
    transport = DefaultAsyncHttpxClient(timeout=timeout, **_choose_transport(endpoint.base_url))
    return AsyncOpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0, timeout=timeout, http_client=transport
    )


def warm_up(endpoint: Endpoint) -> None:
    """Have openai import now what it would import at the first question, which then needn't wait for it."""
    _ = connect(endpoint, _CONNECT_LIMIT_S).chat.completions  # imported when it is first read


@contextmanager
def translate_errors(endpoint: Endpoint) -> Iterator[None]:
    """Turns openai's errors into ours; what fits nothing stays what it is."""
    import openai

    try:
        yield
    except (TimeoutError, ValueError, openai.APIError, ServerError) as exc:
        raise _translate(endpoint, exc) from exc


def make_error(fault: Fault, endpoint: Endpoint, details: object = "") -> ModelUnavailableError:
    """What is to be raised, with the sentences for that fault."""
    sentences = _FAULTS[fault].format(url=endpoint.base_url, model=endpoint.model_id, details=details)
    return ModelUnavailableError(sentences)


async def explain_missing(endpoint: Endpoint) -> ModelUnavailableError:
    """For a model that isn't there; names those that are."""
    try:
        offered = await asyncio.to_thread(_list_models, endpoint)
    except ModelUnavailableError:
        offered = None
    return _make_missing(endpoint, list(offered or ()))


def _connect_to_probe(endpoint: Endpoint) -> OpenAI:
    from openai import DefaultHttpxClient, OpenAI, Timeout

    timeout = Timeout(_PROBE_LIMIT_S, connect=_CONNECT_LIMIT_S)
    transport = DefaultHttpxClient(timeout=timeout, **_choose_transport(endpoint.base_url))
    return OpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0, timeout=timeout, http_client=transport
    )


def _choose_transport(base_url: str) -> dict[str, Any]:
    """A proxy from the environment would carry questions for this machine out of it; and http needs no certificates."""
    plain = urlsplit(base_url).scheme == "http"
    return {"trust_env": not is_loopback(base_url)} | ({"verify": False} if plain else {})


def _list_urls(base_url: str) -> list[str]:
    """Where to ask, with ``/v1`` first; a URL that names its own version or path is also tried as it is."""
    url = base_url.strip().rstrip("/")
    if not _is_url(url):
        raise make_error("address", Endpoint(url, "", ""), url)
    if re.search(r"/v\d+[a-z\d]*$", url):
        return [url]
    return [f"{url}/v1"] + ([url] if urlsplit(url).path else [])


def _is_url(url: str) -> bool:
    try:
        return urlsplit(url).port != 0 and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _list_models(endpoint: Endpoint) -> dict[str, int | None] | None:
    """Model ids with their context lengths; None where the server has no such list."""
    from openai import APIStatusError

    with translate_errors(endpoint), _connect_to_probe(endpoint) as client:
        try:
            page: Any = client.models.list()
        except APIStatusError as exc:
            if exc.status_code in _NO_LIST_STATUSES:
                return None
            raise
        models = getattr(page, "data", None)
        if not isinstance(models, list):
            raise make_error("protocol", endpoint)
        named = (model for model in models if getattr(model, "id", None))
        return {model.id: _find_context_length(model.model_extra or {}) for model in named}


def _find_context_length(extra: dict[str, Any]) -> int | None:
    return next((extra[name] for name in _LISTED_CONTEXT if isinstance(extra.get(name), int) and extra[name] > 0), None)


def _choose_model(asked: Endpoint, offered: dict[str, int | None]) -> Endpoint:
    """The endpoint with the model that stands for the one asked for; a server's only model does in any case."""
    names = list(offered)
    picked = pick_model(asked.model_id, names)
    note = ""
    if picked is None and len(names) == 1:
        (picked,) = names
        note = f"{asked.base_url} has no model {asked.model_id}; the only one that it offers answers instead: {picked}."
    if picked is None:
        raise _make_missing(asked, names)
    return Endpoint(asked.base_url, asked.api_key, picked, offered[picked], note)


def _make_missing(endpoint: Endpoint, offered: Sequence[str]) -> ModelUnavailableError:
    named = ", ".join(offered[:_MOST_NAMED])
    more = f" and {len(offered) - _MOST_NAMED} more" if len(offered) > _MOST_NAMED else ""
    fix = f"Set MODEL to one that it offers: {named}{more}." if offered else "It offers none at all: load one there."
    return ModelUnavailableError(f"{endpoint.base_url} has no model {endpoint.model_id}. {fix}")


def _read_version(name: str) -> int:
    tail = name.rpartition(":")[2]
    return int(tail) if re.fullmatch(r"\d{1,9}", tail) else -1


def _translate(endpoint: Endpoint, exc: Exception) -> ModelUnavailableError:
    fault = _find_fault(exc)
    return make_error(fault, endpoint, exc) if fault else _make_refusal(endpoint, exc)


def _find_fault(exc: Exception) -> Fault | None:
    """None for what the server said, which is a refusal."""
    import openai

    is_connecting = "connect" in type(exc.__cause__).__name__.lower()
    if isinstance(exc, TimeoutError):
        return "slow"
    if isinstance(exc, openai.APITimeoutError):
        return "unreachable" if is_connecting else "silent"
    if isinstance(exc, openai.APIConnectionError):
        return "absent" if is_connecting else "broken"
    # openai passes on what the JSON decoder says of a server that talks nonsense.
    return "nonsense" if isinstance(exc, ValueError) else None


def _make_refusal(endpoint: Endpoint, exc: Exception) -> ModelUnavailableError:
    said = " ".join(str(getattr(exc, "message", exc)).split())[:400]
    status = getattr(exc, "status_code", None)
    refusal = next(refusal for refusal in _REFUSALS if refusal.fits(status, said))
    sentences = refusal.sentences.format(url=endpoint.base_url, model=endpoint.model_id, said=said.rstrip("."))
    if refusal.error is PromptTooLongError:
        limit = _LIMIT.search(said)
        return PromptTooLongError(sentences, int(limit[1]) if limit else None)
    return refusal.error(sentences)
