"""The server for programs, over a small folder, in a thread of its own."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn

from page.api.serving import make_server
from rag.settings import Settings
from tests.e2e.serving import free_port
from tests.endpoint import Exchange, Requests, model_server

TEXTS = {
    "boiler.md": "# Boiler\n\nThe tank of the boiler holds 18 litres.\n\nDescale the boiler every 90 days.\n",
    "house/ferry.md": "# Ferry\n\nThe ferry to the island leaves at noon. See footnote [2] of the timetable.\n",
}
START_S = 180.0


@dataclass(frozen=True)
class Api:
    url: str
    corpus: Path
    model_url: str
    requests: Requests
    """What the model's server was asked."""
    words: dict[str, str]
    """What the model answers, by a word of the prompt; ``""`` for all others."""


@contextmanager
def serving_api(settings: Settings) -> Iterator[str]:
    """The server's address, once its documents can be found."""
    for path in settings.corpus_dir.rglob("*"):
        os.utime(path, (time.time() - 10,) * 2)  # one changed just now would be read a second later than the others
    port = free_port()
    config = uvicorn.Config(make_server(settings, "127.0.0.1"), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_read(url, settings)
        yield url
    finally:
        server.should_exit = True
        thread.join()


def _wait_until_read(url: str, settings: Settings) -> None:
    headers = {"authorization": f"Bearer {settings.password or None}"}
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            status = httpx2.get(f"{url}/status", headers=headers).json()
        except httpx2.ConnectError:
            time.sleep(0.05)
            continue
        corpus, model = status["corpus"], status["model"]
        if corpus["activity"] == "idle" and corpus["vectors"] and model["kind"] in ("ready", "failed"):
            return
        time.sleep(0.05)
    raise AssertionError("The documents were not read in time.")


def make_settings(folder: Path, models_dir: Path, **more: object) -> Settings:
    for name, text in TEXTS.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copytree(models_dir, folder / "index" / "models")
    settings: Mapping[str, object] = {"corpus_dir": folder / "corpus", "index_dir": folder / "index", **more}
    return Settings(**settings)  # type: ignore[arg-type]  # each has the type of its field


@pytest.fixture(scope="module")
def api(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    words = {"": "It holds 18 litres [1]."}

    def say(exchange: Exchange) -> None:
        asked = str(exchange.body["messages"])
        text = next((text for word, text in words.items() if word and word in asked), words[""])
        exchange.begin_stream()
        for piece in text.split("|"):
            exchange.send_text(piece)
            if piece.endswith("…"):
                exchange.wait_for_leaving()
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")

    with model_server(say) as (model_url, requests):
        settings = make_settings(tmp_path_factory.mktemp("api"), models_dir, base_url=model_url, model="tiny")
        with serving_api(settings) as url:
            yield Api(url, settings.corpus_dir, model_url, requests, words)
