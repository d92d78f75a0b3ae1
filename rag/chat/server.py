"""A server that speaks the OpenAI protocol: how it is reached, what it offers, and why it refuses. Owns openai.

Whatever goes wrong becomes a ModelUnavailableError, whose sentences say what happened and what to do about it. They
stand in two tables: faults, which openai's error class tells, and refusals, which the server's words or status tell.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from rag.chat.complaints import Complaint, read_complaint, show_words
from rag.chat.limits import AnswerLimits
from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.text.hostile import show_name
from rag.types import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_CONNECT_LIMIT_S = 5.0
"""How long a server may take to accept a connection."""
_LIST_LIMIT_S = 10.0
"""How long it may take to list its models."""
_LISTED_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "maxInputTokens")
"""Where vLLM, LM Studio, OpenRouter and others put a model's context length in ``/v1/models``."""
_NO_LIST_STATUSES = (404, 405, 501)
"""What a server answers that has no list of models."""
_NOTHING_ASKED_STATUSES = (400, 422)
"""What a server answers to a request without messages."""
_MOST_NAMED = 12
"""As many models are named in a sentence."""
_SHORTEST_KEY = 8
"""Characters of a key that is worth hiding where a server repeats it; one like "x" stands in any sentence."""


class ServerGoneError(ModelUnavailableError):
    """The server doesn't answer, or ceased to."""


class RequestRefusedError(ModelUnavailableError):
    """The server refused the request; `complaint` is what it said."""

    def __init__(self, message: str, complaint: Complaint) -> None:
        super().__init__(message)
        self.complaint = complaint


class ModelMissingError(RequestRefusedError):
    """The server doesn't know the model; it is still to be asked which ones it knows."""


class ModelUnloadedError(RequestRefusedError):
    """The server has the model on its disk, but not in its memory."""


class ServerError(Exception):
    """An error that a server wrapped into an answer; `body` is what it sent."""

    def __init__(self, body: object) -> None:
        super().__init__(str(body))
        self.body = body


# How a server is reached


def is_loopback(url: str) -> bool:
    """Whether the URL means this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def show_url(url: str) -> str:
    """The address without a name and password in it."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def describe_place(url: str) -> str:
    """``on this machine``, or ``at`` and the host to which questions and passages go."""
    return "on this machine" if is_loopback(url) else f"at {show_name(urlsplit(url).hostname or url)}"


_IMPORTING = threading.Lock()


def connect(endpoint: Endpoint, limits: AnswerLimits) -> AsyncOpenAI:
    """A client that repeats no request and, once it is connected, waits for ever.

    It keeps no connection, so it serves one event loop after another and needn't be closed. Making it takes some 20 ms,
    and a second to import openai.
    """
    with _IMPORTING:  # each of several models has a thread that connects
        from openai import AsyncAzureOpenAI, AsyncOpenAI, Timeout

        from rag.chat.transport import MeteredClient

    timeout = Timeout(None, connect=_CONNECT_LIMIT_S)
    http_client = MeteredClient(
        limits.unheard_bytes,
        # A proxy from the environment would carry questions for this machine out of it.
        trust_env=not is_loopback(endpoint.base_url),
        # Certificates take a while to load.
        verify=urlsplit(endpoint.base_url).scheme != "http",
    )
    if endpoint.azure_version:
        return AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.azure_version,
            api_key=endpoint.api_key,
            max_retries=0,
            timeout=timeout,
            http_client=http_client,
        )
    return AsyncOpenAI(
        base_url=endpoint.base_url, api_key=endpoint.api_key, max_retries=0, timeout=timeout, http_client=http_client
    )


# What it offers


async def list_models(endpoint: Endpoint) -> dict[str, int | None] | None:
    """Model ids with their context lengths; None where the server has no such list. Takes at most ten seconds."""
    from openai import APIStatusError

    with translate_errors(endpoint):
        try:
            async with asyncio.timeout(_LIST_LIMIT_S):
                reply = await connect(endpoint, AnswerLimits(0)).models.with_raw_response.list()
                # The library's own reading fails with an AttributeError where a web page is sent instead.
                page: Any = reply.http_response.json()
        except TimeoutError as exc:
            raise make_error("silent", endpoint) from exc
        except APIStatusError as exc:
            if exc.status_code in _NO_LIST_STATUSES:
                return None
            raise
    models = page.get("data") if isinstance(page, dict) else None
    if not isinstance(models, list):
        raise make_error("protocol", endpoint)
    named = (model for model in models if isinstance(model, dict) and isinstance(model.get("id"), str))
    return {model["id"]: _find_context_length(model) for model in named}


def _find_context_length(extra: dict[str, Any]) -> int | None:
    return next((extra[name] for name in _LISTED_CONTEXT if isinstance(extra.get(name), int) and extra[name] > 0), None)


async def require_deployment(endpoint: Endpoint) -> None:
    """Raise ModelUnavailableError unless Azure has that deployment, and takes the key; takes at most ten seconds."""
    try:
        with translate_errors(endpoint):
            try:
                async with asyncio.timeout(_LIST_LIMIT_S):
                    client = connect(endpoint, AnswerLimits(0))
                    await client.chat.completions.create(model=endpoint.model_id, messages=[], max_tokens=1)
            except TimeoutError as exc:
                raise make_error("silent", endpoint) from exc
    except ModelMissingError as exc:
        raise await explain_missing(endpoint, exc.complaint) from exc
    except PromptTooLongError:  # so some words about a list that is too short may sound
        return
    except RequestRefusedError as exc:
        if exc.complaint.status not in _NOTHING_ASKED_STATUSES:
            raise


async def explain_missing(endpoint: Endpoint, complaint: Complaint) -> ModelUnavailableError:
    """The error for a model that the server says it doesn't know; it names the models that the server offers now."""
    if endpoint.azure_version:  # it lists models that could be deployed, and no deployments
        return ModelUnavailableError(_fill(_NOT_DEPLOYED, endpoint, complaint.said))
    try:
        offered = await list_models(endpoint) or {}
    except ModelUnavailableError:
        offered = {}
    if endpoint.model_id in offered:
        return ModelUnavailableError(_fill(_REFUSED, endpoint, complaint.said))
    return make_missing(endpoint, list(offered), complaint.said)


def make_missing(endpoint: Endpoint, offered: Sequence[str], said: str = "") -> ModelUnavailableError:
    """The error for a model that isn't among those `offered`; `said` is the server's own reason."""
    named = ", ".join(map(show_name, offered[:_MOST_NAMED]))
    more = f" and {len(offered) - _MOST_NAMED} more" if len(offered) > _MOST_NAMED else ""
    fix = f"Set MODEL to one that it offers: {named}{more}." if offered else "It offers none at all: load one there."
    reason = f" ({said.rstrip('.')})" if said else ""
    return ModelUnavailableError(f"{endpoint.base_url} has no model {show_name(endpoint.model_id)}{reason}. {fix}")


# What goes wrong


@contextmanager
def translate_errors(endpoint: Endpoint) -> Iterator[None]:
    """Turn openai's errors into ours; what fits nothing stays what it is."""
    import openai

    from rag.chat.transport import BodyError, FloodError

    try:
        yield
    except (ValueError, RecursionError, openai.APIError, BodyError, FloodError, ServerError) as exc:
        fault = _find_fault(exc)
        details = exc.__cause__ if fault == "absent" else exc
        raise (make_error(fault, endpoint, details) if fault else _make_refusal(endpoint, exc)) from exc


Fault = Literal[
    "address",
    "protocol",
    "slow",
    "stalled",
    "endless",
    "flood",
    "unreachable",
    "silent",
    "absent",
    "broken",
    "nonsense",
    "unfinished",
    "used up",
    "filtered",
    "calling",
    "mute",
]
_FAULTS: dict[Fault, str] = {
    "address": "{setting} is {details!r}, which is no address of a server. Correct it.",
    "protocol": "{url} answers, but not as an OpenAI-compatible server does; correct {setting}.",
    "slow": "The model {model} at {url} gave no sign of an answer within {details:.0f} seconds. "
    "Ask again, choose a smaller model, or lower RAG_TOP_K.",
    "stalled": "The model {model} at {url} wrote nothing more for {details:.0f} seconds. "
    "Ask again, or restart that server.",
    "endless": "The model {model} at {url} was still writing after {details:.0f} seconds. "
    "Set MODEL to a smaller one, or RAG_MAX_TOKENS lower.",
    "flood": "{url} sent more than a model server does without a word of an answer. "
    "Check that {setting} is the address of one, or restart it.",
    "unreachable": f"{{url}} did not accept a connection within {_CONNECT_LIMIT_S:.0f} seconds. "
    "Check that the server runs and that no firewall is in the way.",
    "silent": "{url} took the request and sent nothing back in time. Ask again, or restart that server.",
    "absent": "Nothing answers at {url} ({details}). Start the server there, or correct {setting}.",
    "broken": "The connection to {url} broke in the middle of the answer. "
    "See that the server still runs, then ask again.",
    "nonsense": "{url} sent something that is no answer ({details}).",
    "unfinished": "The model {model} stopped in the middle of its answer: {url} broke off.",
    "used up": "The model {model} used up its tokens before its first word. Set RAG_MAX_TOKENS higher.",
    "filtered": "The content filter of {url} kept back the whole answer of the model {model}. "
    "Ask in other words, or set MODEL to another one.",
    "calling": "The model {model} at {url} called a tool instead of answering. Ask again, or set MODEL to another one.",
    "mute": "The model {model} ended its answer without a word. "
    "Check in the log of the server at {url} that the model is loaded.",
}
_ERROR_NUMBER = re.compile(r"\A\[\w+ -?\d+\] ")
_GONE: frozenset[Fault] = frozenset({"unreachable", "silent", "absent", "broken", "unfinished"})
"""Faults of a server that isn't there any more; that it lists its models again disproves them."""


def make_error(fault: Fault, endpoint: Endpoint, details: object = "") -> ModelUnavailableError:
    """The error to raise for a fault, with its sentences; an error of the system is told without its number."""
    told = _ERROR_NUMBER.sub("", str(details)) if fault == "absent" else details
    sentences = show_words(_FAULTS[fault].format(**_name_parts(endpoint), details=told))
    return ServerGoneError(sentences) if fault in _GONE else ModelUnavailableError(sentences)


def _find_fault(exc: Exception) -> Fault | None:
    """The fault that an error stands for; None for one that holds the server's own words, which is a refusal."""
    import openai

    from rag.chat.transport import BodyError, FloodError

    is_connecting = "connect" in type(exc.__cause__).__name__.lower()
    if FloodError in (type(exc), type(exc.__cause__)):
        return "flood"
    if isinstance(exc, openai.APITimeoutError):
        return "unreachable"
    if isinstance(exc, BodyError):
        return "broken"
    if isinstance(exc, openai.APIConnectionError):
        return "absent" if is_connecting else "broken"
    # openai passes on what the JSON decoder says of a server that talks nonsense, however deep.
    return "nonsense" if isinstance(exc, (ValueError, RecursionError)) else None


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What the user reads for a complaint that has one of `statuses`, or whose words match `says`."""

    sentences: str
    statuses: tuple[int, ...] = ()
    says: str | None = None
    """A regular expression."""
    error: type[RequestRefusedError] = RequestRefusedError

    def fits(self, complaint: Complaint) -> bool:
        is_said = self.says is not None and re.search(self.says, complaint.said, re.IGNORECASE)
        return complaint.status in self.statuses or bool(is_said)


_TOO_LONG = "The prompt is longer than the model {model} can read. Lower RAG_TOP_K or RAG_MAX_TOKENS."
_REFUSED = "The model {model} at {url} refused: {said}."
_NOT_DEPLOYED = "{url} has no deployment {model} ({said}). Set MODEL to the name of one of its deployments."
_REFUSALS = (
    _Refusal("{url} does not accept the key. Set {key_setting}.", statuses=(401,)),
    _Refusal(
        "{url} does not accept the key ({said}). Set {key_setting}, or MODEL to one that it may use.", statuses=(403,)
    ),
    _Refusal(
        "{url} sends requests on to another address. Set {setting} to that address.", statuses=(301, 302, 303, 307, 308)
    ),
    _Refusal("The model {model} is not loaded at {url}. Load it there.", says="not loaded", error=ModelUnloadedError),
    _Refusal("{url} has no model {model}.", statuses=(404,), error=ModelMissingError),
    _Refusal(_REFUSED, says=""),
)
"""The first one that fits a complaint counts; the last one fits every complaint."""


def _make_refusal(endpoint: Endpoint, exc: Exception) -> ModelUnavailableError:
    complaint = read_complaint(exc, endpoint.api_key if len(endpoint.api_key) >= _SHORTEST_KEY else "")
    if complaint.is_about_length:
        return PromptTooLongError(_fill(_TOO_LONG, endpoint), complaint.find_limit())
    refusal = next(refusal for refusal in _REFUSALS if refusal.fits(complaint))
    return refusal.error(_fill(refusal.sentences, endpoint, complaint.said), complaint)


def _fill(sentences: str, endpoint: Endpoint, said: str = "") -> str:
    return sentences.format(**_name_parts(endpoint), said=said.rstrip("."))


def _name_parts(endpoint: Endpoint) -> dict[str, str]:
    """What sentences say of an endpoint: its address, its model, and the settings that they are from."""
    names = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY") if endpoint.azure_version else ("BASE_URL", "API_KEY")
    model = show_name(endpoint.model_id)
    return {"url": show_url(endpoint.base_url), "model": model, "setting": names[0], "key_setting": names[1]}
