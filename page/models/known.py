"""The models that there are to choose from, and the download of one: by `pagewise models` in a process of its own.

Foundry Local keeps the catalog that it found first, and a process can have it once; the one of this process answers
questions meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from typing import Any

from page.errors import say_error
from page.texts import ENGLISH
from rag.errors import ModelUnavailableError
from rag.logs.steps import log_step
from rag.processes import make_command, make_environment
from rag.settings import Settings
from rag.text.hostile import show_name

logger = logging.getLogger(__name__)

_PERCENT = re.compile(rb"Downloading: (\d+) %")
_LONGEST_LINE = 4096


def _name_settings(settings: Settings) -> dict[str, str]:
    """The environment in which a process of ours finds the same models; in it, since arguments can be seen by all."""
    return {
        "MODEL": settings.model,
        "BASE_URL": settings.base_url,
        "API_KEY": settings.api_key,
        # The page chooses a model of this machine or of BASE_URL; the others of a route stay as they are.
        "AZURE_OPENAI_ENDPOINT": "",
        "RAG_ROUTE": "local",
        "RAG_FOUNDRY_DIR": settings.foundry_dir,
        "RAG_FOUNDRY_CATALOG_URL": settings.foundry_catalog_url,
        "RAG_LOG_LEVEL": "none",
    }


async def _begin(settings: Settings, *arguments: str) -> Process:
    command, environment = [*make_command("rag"), "models", *arguments], make_environment(**_name_settings(settings))
    return await asyncio.create_subprocess_exec(*command, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)


async def list_known(settings: Settings) -> dict[str, Any]:
    """``{"models": […], "failures": […]}``, as `pagewise models --json` has them, without variants that aren't best.

    It takes some seconds. Raises ModelUnavailableError if it fails as a whole.
    """
    process = await _begin(settings, "--json")
    try:
        told, said = await process.communicate()
    finally:
        await _end(process)
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        raise ModelUnavailableError(_read_reason(said) or "The models could not be listed. Try again.") from None
    wanted = [one for one in found["models"] if one["is_best"] or one["on_disk"] or _is_served(one)]
    return {"models": [_show(one) for one in wanted], "failures": found["failures"]}


def _is_served(model: dict[str, Any]) -> bool:
    return str(model["place"]).startswith("http")


def _show(model: dict[str, Any]) -> dict[str, Any]:
    """A row of the page: what to call it, what to ask for, and where."""
    served = _is_served(model)
    return {
        "name": show_name(model["id"] if served else model["alias"]),
        "id": model["id"] if served else model["alias"],
        "variant": show_name(model["id"]),
        "address": model["place"] if served else "",
        "device": model["device"],
        "megabytes": model["megabytes"],
        "onDisk": model["on_disk"],
        "loaded": model["loaded"],
    }


@dataclass(slots=True)
class Download:
    """The download of a model that runs, or ran last."""

    model: str
    percent: int = 0
    failure: str = ""
    is_cancelled: bool = False
    is_over: bool = False

    def to_dict(self, language: str = ENGLISH) -> dict[str, Any]:
        told = {"model": self.model, "percent": self.percent, "failure": say_error(language, self.failure)}
        return {**told, "isCancelled": self.is_cancelled, "isOver": self.is_over}


class Downloads:
    """One download at a time. All methods belong to one event loop."""

    def __init__(self) -> None:
        self.latest: Download | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, settings: Settings, model: str) -> None:
        """Raises ModelUnavailableError while another one runs."""
        if self.latest and not self.latest.is_over:
            raise ModelUnavailableError(f"{self.latest.model} is being downloaded. Wait for it, or cancel it first.")
        self.latest = Download(model)
        self._task = asyncio.create_task(self._run(settings, self.latest))

    async def cancel(self) -> None:
        """End the download that runs; what has come stays on the disk, where the next try goes on with it."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self, settings: Settings, download: Download) -> None:
        log_step(logger, "download begun", level=logging.INFO, model=download.model)
        try:
            # A model's name could be taken for an option.
            process = await _begin(settings, "download", "--json", "--", download.model)
            try:
                download.failure = await _follow(process, download)
            finally:
                await _end(process)
        except asyncio.CancelledError:
            download.is_cancelled = True
        finally:
            download.is_over = True
            log_step(logger, "download ended", level=logging.INFO, percent=download.percent)


async def _follow(process: Process, download: Download) -> str:
    """Take note of how far it is until its end; returns why it failed, empty if it didn't."""
    assert process.stderr
    said = b""
    while line := await process.stderr.readline():
        if percent := _PERCENT.search(line):
            download.percent = int(percent[1])
        else:
            said = (said + line)[-_LONGEST_LINE:]
    if await process.wait() == 0:
        download.percent = 100
        return ""
    return _read_reason(said) or f"The model {show_name(download.model)} could not be downloaded. Try again."


def _read_reason(said: bytes) -> str:
    """The sentences that a command of ours ended with."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.startswith("Error: ")]
    return lines[-1].removeprefix("Error: ") if lines else ""


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
