"""Foundry Local's service in another process: where it listens, and which models it holds in memory.

Its command, `foundry`, tells the address, which changes with every start. Version 0.10 has ``foundry server status``,
older ones have ``foundry service status``. Neither is started here, and neither downloads anything.

The service answers only with a model that it has loaded. Of the two ways to load one, the first is that of version 0.10
and of the runtime in our own process, the second that of older services.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from rag.chat.limits import AnswerLimits
from rag.chat.server import connect, is_loopback, translate_errors
from rag.errors import ModelUnavailableError
from rag.text.hostile import show_name
from rag.types import Endpoint

_STATUS_COMMANDS = (("server", "status"), ("service", "status"))
_STATUS_LIMIT_S = 5.0
"""How long the command may take to tell its status; it is a program of .NET, which takes half a second to start."""
_ADDRESS = re.compile(r"(?:\bWeb URLs|\brunning on)\W+(https?://[^\s/,;]+)", re.IGNORECASE)
"""As in ``Web URLs http://127.0.0.1:52364`` and ``is running on http://127.0.0.1:55064/openai/status``."""

_ASK_LIMIT_S = 5.0
_LOAD_LIMIT_S = 300.0
"""Seconds to read some gigabytes from a slow disk into memory."""


@dataclass(frozen=True, slots=True)
class _Routes:
    loaded: str
    load: str
    unload: str
    by_alias: bool
    """Whether models are named by their alias, and not by their id, where they are loaded."""


_ROUTES = (
    _Routes("/models/loaded", "/models/load/{}", "/models/unload/{}", by_alias=True),
    _Routes("/openai/loadedmodels", "/openai/load/{}", "/openai/unload/{}", by_alias=False),
)


# The command


def find_command() -> str | None:
    """Where the command `foundry` is, if it is on the path."""
    return shutil.which("foundry")


def find_address() -> str:
    """The address of the service that runs, without ``/v1``; empty without the command or if no service runs.

    Blocks for about half a second where there is the command, and not at all where there is none. An address that is
    not on this machine is none of Foundry Local's.
    """
    command = find_command()
    if command is None:
        return ""
    told = (_ADDRESS.search(_ask_command(command, *words)) for words in _STATUS_COMMANDS)
    return next((found[1] for found in told if found and is_loopback(found[1])), "")


def _ask_command(command: str, *words: str) -> str:
    """What the command prints; empty if it can't be run, or not in time."""
    try:
        done = subprocess.run(
            [command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_STATUS_LIMIT_S,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{done.stdout}\n{done.stderr}"


# The models in its memory


def may_be_foundry(endpoint: Endpoint) -> bool:
    """Whether the model's id has the form of Foundry Local's, ``name:version``."""
    return re.search(r".:\d{1,9}$", endpoint.model_id) is not None and not endpoint.azure_version


async def ensure_loaded(endpoint: Endpoint) -> None:
    """Have the service load the model, unless it is loaded or the server is no service of Foundry Local.

    Takes a millisecond if it is loaded, else as long as loading does. Raises ModelUnavailableError if that fails.
    """
    if not may_be_foundry(endpoint):
        return
    service = await _find_routes(endpoint)
    if service and endpoint.model_id not in service[1]:
        await _call(endpoint, service[0], "load")


async def list_loaded(endpoint: Endpoint) -> list[str] | None:
    """The ids of the models in the service's memory; None where the server is no service of Foundry Local."""
    service = await _find_routes(endpoint)
    return service[1] if service else None


async def load(endpoint: Endpoint) -> None:
    """Have the service load the model. Raises ModelUnavailableError."""
    await _call(endpoint, await _require_routes(endpoint, "load"), "load")


async def unload(endpoint: Endpoint) -> None:
    """Have the service free the model's memory. Raises ModelUnavailableError."""
    await _call(endpoint, await _require_routes(endpoint, "unload"), "unload")


async def _require_routes(endpoint: Endpoint, what: str) -> _Routes:
    service = await _find_routes(endpoint)
    if service is None:
        raise ModelUnavailableError(
            f"{endpoint.base_url} can't be told to {what} a model, because it is no service of Foundry Local. "
            "Use that server's own command."
        )
    return service[0]


async def _find_routes(endpoint: Endpoint) -> tuple[_Routes, list[str]] | None:
    """The routes that the service knows, and the ids that it has loaded; None if it is none of Foundry Local's."""
    for routes in _ROUTES:
        with suppress(ModelUnavailableError):
            loaded = await _get(endpoint, routes.loaded, _ASK_LIMIT_S)
            if isinstance(loaded, list):
                return routes, [str(name) for name in loaded]
    return None


_FAILED = {
    "load": "The model {model} could not be loaded at {url} ({said}). Do it there: foundry model load {name}.",
    "unload": "The model {model} could not be unloaded at {url} ({said}). Do it there: foundry model unload {name}.",
}


async def _call(endpoint: Endpoint, routes: _Routes, what: Literal["load", "unload"]) -> None:
    """Call the route for the model, by the first of its possible names that the service knows."""
    route = routes.load if what == "load" else routes.unload
    names = _list_aliases(endpoint) if routes.by_alias else [endpoint.model_id]
    failure: ModelUnavailableError | None = None
    for name in names:
        try:
            await _get(endpoint, route.format(quote(name)), _LOAD_LIMIT_S)
            return
        except ModelUnavailableError as exc:
            failure = failure or exc
    said = str(failure).rstrip(".")
    parts = {"model": show_name(endpoint.model_id), "url": endpoint.base_url, "name": show_name(names[-1])}
    raise ModelUnavailableError(_FAILED[what].format(**parts, said=said))


_VARIANT = re.compile(r"-[a-z\d]+-[cgn]pu$")
_TUNED = re.compile(r"-(?:instruct|chat)$")


def _list_aliases(endpoint: Endpoint) -> list[str]:
    """By what names the service may know the model: the user's, and what is left of its id without its endings.

    The id ``Phi-4-mini-instruct-generic-gpu:5`` is called ``phi-4-mini`` there, and the service's list has only the id.
    """
    name = endpoint.model_id.rpartition(":")[0].casefold()
    shorter = _VARIANT.sub("", name)
    given = [endpoint.alias] if re.fullmatch(r"[\w.-]+", endpoint.alias) else []
    return list(dict.fromkeys([*given, name, shorter, _TUNED.sub("", shorter)]))


async def _get(endpoint: Endpoint, path: str, limit_s: float) -> object:
    """What the service answers below its address. Raises ModelUnavailableError."""
    base = replace(endpoint, base_url=endpoint.base_url.removesuffix("/v1"))
    with translate_errors(endpoint):
        try:
            async with asyncio.timeout(limit_s):
                return await connect(base, AnswerLimits(0)).get(path, cast_to=object)
        except TimeoutError as exc:
            raise ModelUnavailableError(
                f"{endpoint.base_url} did not answer within {limit_s:.0f} seconds. Restart that server."
            ) from exc
