"""The page: how soon it stands, what it adds to a model's first word, and many people asking at once."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import psutil

from bench.load import FACTS, Browser
from bench.speed.table import Part, Row
from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL
from tests.e2e.serving import ROOT, Server, command, environment, free_port, is_settled, serving, stop
from tests.endpoint import Exchange, model_server

_SAID = "It is in your documents [1]."
_STOCK_PAGE = """import chainlit as cl


@cl.on_message
async def answer(message):
    await cl.Message("It is.").send()
"""
_START_S = 120.0


def measure_page(folder: Path, *, is_quick: bool) -> Part:
    """A server over the sample documents, whose model is a small one of ours that quotes at once."""
    Embedder.open(DEFAULT_EMBED_MODEL, folder / "models").close()
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    with model_server(_answer_at_once) as (url, _):
        settings = {"BASE_URL": url, "MODEL": "tiny"}
        with serving(folder, folder / "models", settings) as server:
            server.wait_until(is_settled)
            alone = asyncio.run(_ask_at_once(server, 1, 10 if is_quick else 30))
            bare = _call_model(url, 10 if is_quick else 30)
            ten = asyncio.run(_ask_at_once(server, 10, 5))
            fifty = [] if is_quick else asyncio.run(_ask_at_once(server, 50, 4))
            idle = psutil.Process(server.process.pid).memory_info().rss / 1e6
        ours, command_alone, stock = _start_in_turns(folder, settings, 3 if is_quick else 7)
        first = [
            _start_for_the_first_time(folder / f"first-{number}", settings) for number in range(1 if is_quick else 3)
        ]
    rows = [
        Row("page ready from its start", "s", ours, "Chainlit's own example", stock, "≤ 3 s"),
        Row("the same by the command pagewise", "s", command_alone, "Chainlit's own example", stock, "≤ 3 s"),
        Row("first start until all vectors are there", "s", first, goal="≤ 15 s"),
        Row("question to whole answer, one person", "ms", alone, "the model's bare call", bare),
        Row("the same, ten at once", "ms", ten, "one person", alone),
        *([Row("the same, fifty at once", "ms", fifty, "one person", alone)] if fifty else []),
        Row("memory of the page afterwards", "MB", [idle], goal="≤ 250 MB"),
    ]
    told = "Four sample documents, over real sockets; the model answers at once, so that what is left is ours."
    return Part("Page", "python -m bench page", told, rows)


def _answer_at_once(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text(_SAID)
    exchange.send_text("", finish="stop")


async def _ask_at_once(server: Server, people: int, questions: int) -> list[float]:
    """Milliseconds until each answer is whole, with so many people asking at a time."""

    async def ask(number: int) -> list[float]:
        browser, found = Browser(server.url), []
        await browser.open()
        for question in islice(cycle(FACTS), number, number + questions):
            began = time.perf_counter()
            _, source = await browser.ask(question)
            found.append((time.perf_counter() - began) * 1e3)
            if source != FACTS[question][1]:
                sys.exit(f"A wrong answer: {question} is answered from {source or 'nowhere'}.")
        await browser.close()
        return found

    return [one for person in await asyncio.gather(*map(ask, range(people))) for one in person]


def _call_model(url: str, times: int) -> list[float]:
    """Milliseconds of the model's answer without anything of ours."""
    body = json.dumps({"model": "tiny", "stream": True, "messages": [{"role": "user", "content": "?"}]}).encode()
    request = urllib.request.Request(f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"})
    found = []
    for _ in range(times):
        began = time.perf_counter()
        with urllib.request.urlopen(request) as reply:
            reply.read()
        found.append((time.perf_counter() - began) * 1e3)
    return found


def _start_in_turns(folder: Path, settings: dict[str, str], times: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds from the process's start to the first page: of ours both ways, and of Chainlit's simplest example."""
    stock = folder / "stock_page.py"
    stock.write_text(_STOCK_PAGE)
    paths = {"RAG_CORPUS_DIR": str(folder / "corpus"), "RAG_INDEX_DIR": str(folder / "index")}
    ours, alone, theirs = [], [], []
    for _ in range(times):
        port = free_port()
        with _start(folder / "root", port, command(port, ROOT / "app.py"), {**paths, **settings}) as seconds:
            ours.append(seconds)
        pagewise = [sys.executable, "-c", "from page.command import main; main()", "--headless", f"--port={port}"]
        with _start(folder / "root", port, pagewise, {**paths, **settings}) as seconds:
            alone.append(seconds)
        with _start(folder / "stock", port, command(port, stock), {}) as seconds:
            theirs.append(seconds)
    return ours, alone, theirs


def _start_for_the_first_time(folder: Path, settings: dict[str, str]) -> float:
    """Seconds until the samples can be found by their meaning where nothing was prepared, not even the model."""
    (folder / "app").mkdir(parents=True)
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    began = time.perf_counter()
    with serving(folder, folder, settings) as server:
        server.wait_until(lambda status: 0 < status["corpus"]["passages"] == status["corpus"]["vectors"])
        return time.perf_counter() - began


@contextmanager
def _start(root: Path, port: int, command: list[str], settings: dict[str, str]) -> Iterator[float]:
    root.mkdir(exist_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment(root, settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < _START_S:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10):
                break
            time.sleep(0.02)
        yield time.perf_counter() - began
    finally:
        stop(process)
