"""The chat page as a person runs it: a server process of its own, over a folder of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_S = 120.0
"""How long a server may take until it has read the documents; on two busy cores it needs ten seconds."""


@dataclass(frozen=True)
class Server:
    url: str
    corpus: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/status", timeout=30) as reply:
            found: dict[str, Any] = json.load(reply)
            return found

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, f"the server has ended:\n{self.log.read_text()}"
            time.sleep(0.1)
        raise AssertionError(f"not up in {START_S} s:\n{self.log.read_text()}")

    def wait_until(self, is_reached: Callable[[dict[str, Any]], bool], limit_s: float = START_S) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                status = self.status()
            except OSError:
                assert self.process.poll() is None, f"the server has ended:\n{self.log.read_text()}"
            else:
                if is_reached(status):
                    return status
            time.sleep(0.1)
        raise AssertionError(f"not reached in {limit_s} s:\n{self.log.read_text()}")


def is_settled(status: Mapping[str, Any]) -> bool:
    """Whether the documents are read and the model is ready or can't be had."""
    corpus, model = status["corpus"], status["model"]
    return corpus["activity"] == "idle" and model["kind"] in ("ready", "failed")


def command(port: int, app: Path = ROOT / "app.py") -> list[str]:
    return [sys.executable, "-m", "chainlit", "run", str(app), "--headless", "--port", str(port)]


def environment(app_root: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """This process's, without its own settings, for a server that Chainlit takes for an app of `app_root`.

    That is an empty folder, so that what Chainlit writes there stays out of the project; and the page is to be the
    same wherever it is started. `CI` is left out too: with it Chainlit prints a line of its own.
    """
    own = re.compile(r"(RAG|CHAINLIT)_|CI$")
    inherited = {name: value for name, value in os.environ.items() if not own.match(name)}
    code = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}  # this checkout, also where another one is installed
    return {**inherited, **code, "CHAINLIT_APP_ROOT": str(app_root), **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    folder: Path,
    models_dir: Path,
    settings: Mapping[str, str],
    *arguments: str,
    app: Path = ROOT / "app.py",
    port: int | None = None,
) -> Iterator[Server]:
    """A server over ``folder/corpus``, or another one; it is up when this is entered, but may still be reading."""
    if not (folder / "app").exists():
        (folder / "app").mkdir()
        shutil.copytree(models_dir, folder / "index" / "models")
    (folder / "corpus").mkdir(exist_ok=True)
    paths = {"RAG_CORPUS_DIR": str(folder / "corpus"), "RAG_INDEX_DIR": str(folder / "index")}
    port = port or free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command(port, app), *arguments],
            cwd=folder / "app",
            env=environment(folder / "app", {**paths, **settings}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", folder / "corpus", log, process)
    try:
        server.wait_until_up()
        yield server
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
