"""Which model a server offers for the name that the user gave, found by asking it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from rag.chat.foundry_service import ensure_loaded
from rag.chat.server import is_loopback, list_models, make_error, make_missing, require_deployment, show_url
from rag.text.hostile import show_name
from rag.types import Endpoint

T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}
_OPERATION = re.compile(r"/(?:chat/completions|completions|responses|embeddings|models)/?(?:\?.*)?$")
"""The end of an address that was copied from an example of a request; what stands before it is the base."""
_AZURES_OPERATION = re.compile(r"/openai(?:/.*)?$")
"""What Azure's own pages show behind a resource's address."""
_LISTENER_LIMIT_S = 5.0


def probe(base_url: str, api_key: str, model: str) -> Endpoint:
    """Ask a server what it offers and choose `model` there: by its exact name, or as an alias of a full one.

    A service of Foundry Local is made to load the model. Blocks for a few milliseconds on the same machine, and at most
    some seconds unless a model is loaded. Raises ModelUnavailableError.
    """
    urls = _list_urls(base_url)
    _require_listener(Endpoint(urls[0], api_key, model))
    for url in urls:
        endpoint = Endpoint(url, api_key, model, alias=model)
        offered = run_briefly(list_models(endpoint))
        if offered is not None:
            chosen = _choose_model(endpoint, offered)
            run_briefly(ensure_loaded(chosen))
            return chosen
    # No list of models is no fault: several small servers have none.
    return Endpoint(urls[0], api_key, model, alias=model)


def find_list(base_url: str, api_key: str) -> tuple[str, dict[str, int | None]]:
    """The address below which a server answers, and its models with their context lengths; none where it has no list.

    Blocks, and raises, as `probe` does.
    """
    urls = _list_urls(base_url)
    _require_listener(Endpoint(urls[0], api_key, ""))
    for url in urls:
        offered = run_briefly(list_models(Endpoint(url, api_key, "")))
        if offered is not None:
            return url, offered
    return urls[0], {}


def probe_azure(address: str, api_key: str, version: str, deployment: str) -> Endpoint:
    """The endpoint of a deployment at Azure, once a request without messages has shown that it is there.

    Azure's list has models that could be deployed, and no deployments. A request that asks nothing costs nothing: it is
    refused, in other words for a deployment that isn't there or a wrong key. Raises ModelUnavailableError.
    """
    url = _AZURES_OPERATION.sub("", address.strip().rstrip("/"))
    endpoint = Endpoint(url, api_key, deployment, azure_version=version)
    if not _is_url(url):
        raise make_error("address", endpoint, url)
    run_briefly(require_deployment(endpoint))
    return endpoint


def run_briefly(work: Coroutine[object, object, T]) -> T:
    """Run it in an event loop of its own: `asyncio.run` is replaced by Chainlit with one that leaves its loop open."""
    with asyncio.Runner() as runner:
        return runner.run(work)


_TAIL = r"(?:-(?:instruct|chat))?(?:-[a-z\d]+-[cgn]pu)?"
"""What Foundry Local's ids add to a model's alias: how it was trained, and for which device it is made."""


def pick_model(model: str, offered: Sequence[str]) -> str | None:
    """The offered id that a name stands for: the same, else the newest version of ``name-…:N`` or ``name:N``.

    ``phi-4-mini`` is rather ``Phi-4-mini-instruct-generic-gpu:5`` than ``Phi-4-mini-reasoning-generic-gpu:6``.
    None if nothing that is offered has that name.
    """
    if model in offered:
        return model
    folded = model.casefold()
    same = [name for name in offered if name.casefold() == folded]
    full = [name for name in offered if re.match(rf"{re.escape(folded)}(?:-[^:]*)?:", name.casefold())]
    is_itself = re.compile(rf"{re.escape(folded)}{_TAIL}:")
    full.sort(key=lambda name: (is_itself.match(name.casefold()) is not None, _read_version(name)), reverse=True)
    return next(iter(same + full), None)


def _list_urls(base_url: str) -> list[str]:
    """The addresses to ask, in order: with ``/v1`` first, then as the user wrote it if that names a path.

    A URL that names a version of its own is the only one. Raises ModelUnavailableError for what is no address.
    """
    url = _OPERATION.sub("", base_url.strip().rstrip("/"))
    if not _is_url(url):
        raise make_error("address", Endpoint(url, "", ""), url)
    if re.search(r"/v\d+[a-z\d]*$", url):
        return [url]
    return [f"{url}/v1"] + ([url] if urlsplit(url).path else [])


def _require_listener(endpoint: Endpoint) -> None:
    """Raise ModelUnavailableError if nothing listens at an address of this machine.

    It is known in a millisecond, while openai takes a second to be imported; a question waits for neither.
    """
    if not is_loopback(endpoint.base_url):
        return
    parts = urlsplit(endpoint.base_url)
    try:
        socket.create_connection((parts.hostname, parts.port or _PORTS[parts.scheme]), _LISTENER_LIMIT_S).close()
    except OSError as exc:
        raise make_error("absent", endpoint, exc) from exc


def _is_url(url: str) -> bool:
    try:
        return urlsplit(url).port != 0 and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _choose_model(asked: Endpoint, offered: dict[str, int | None]) -> Endpoint:
    """The endpoint with the offered model that the user's name stands for; a server's only model answers to any name.

    Raises ModelUnavailableError, which names what is offered, if none does.
    """
    names = list(offered)
    picked = pick_model(asked.model_id, names)
    note = ""
    if picked is None and len(names) == 1:
        (picked,) = names
        answering = f"the only one that it offers answers instead: {show_name(picked)}."
        note = f"{show_url(asked.base_url)} has no model {asked.model_id}; {answering}"
    if picked is None:
        raise make_missing(asked, names)
    return replace(asked, model_id=picked, context_length=offered[picked], note=note)


def _read_version(name: str) -> int:
    tail = name.rpartition(":")[2]
    return int(tail) if re.fullmatch(r"\d{1,9}", tail) else -1
