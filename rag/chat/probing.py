"""Which model a server offers for the name that the user gave, found by asking it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from rag.chat.server import list_models, make_error, make_missing
from rag.text.hostile import show_name
from rag.types import Endpoint


def probe(base_url: str, api_key: str, model: str) -> Endpoint:
    """Ask a server what it offers and choose `model` there: by its exact name, or as an alias of a full one.

    Blocks for a few milliseconds on the same machine and at most some seconds. Raises ModelUnavailableError.
    """
    urls = _list_urls(base_url)
    for url in urls:
        endpoint = Endpoint(url, api_key, model)
        # Not asyncio.run, which Chainlit replaces by one that leaves its event loop open.
        with asyncio.Runner() as runner:
            offered = runner.run(list_models(endpoint))
        if offered is not None:
            return _choose_model(endpoint, offered)
    # No list of models is no fault: several small servers have none.
    return Endpoint(urls[0], api_key, model)


def pick_model(model: str, offered: Sequence[str]) -> str | None:
    """The offered id that a name stands for: the same, else the newest version of ``name-…:N`` or ``name:N``.

    None if nothing that is offered has that name.
    """
    if model in offered:
        return model
    folded = model.casefold()
    same = [name for name in offered if name.casefold() == folded]
    full = [name for name in offered if re.match(rf"{re.escape(folded)}(?:-[^:]*)?:", name.casefold())]
    return next(iter(same + sorted(full, key=_read_version, reverse=True)), None)


def _list_urls(base_url: str) -> list[str]:
    """The addresses to ask, in order: with ``/v1`` first, then as the user wrote it if that names a path.

    A URL that names a version of its own is the only one. Raises ModelUnavailableError for what is no address.
    """
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
        note = f"{asked.base_url} has no model {asked.model_id}; {answering}"
    if picked is None:
        raise make_missing(asked, names)
    return Endpoint(asked.base_url, asked.api_key, picked, offered[picked], note)


def _read_version(name: str) -> int:
    tail = name.rpartition(":")[2]
    return int(tail) if re.fullmatch(r"\d{1,9}", tail) else -1
