"""ARCHITECTURE.md lists the functions that a question and a file pass; they really pass them, and none between."""

from __future__ import annotations

import asyncio
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import CodeType

import chainlit as cl
import pytest
from chainlit.context import init_http_context
from chainlit.server import app as server

from bench.trace import QUESTION, ROOT, CallTrace, name_function
from ingest.sync import sync_corpus
from ingest.workers.messages import ParseConfig
from ingest.workers.program import build_splitter, parse_bytes
from page import chat
from page.backend import Backend
from rag.settings import DEFAULT_EMBED_MAX_TOKENS, DEFAULT_EMBED_MODEL, Settings
from rag.types import Chunk

MOST_FUNCTIONS, MOST_FILES = 14, 10
"""From the page to the ranked passages; a reader should not have to pass more."""

Function = tuple[str, str]


def list_way(heading: str) -> list[Function]:
    """The functions of the numbered list below a heading, or below the sentence that begins so."""
    section = re.split(r"^#+ |^Within", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), flags=re.M)
    (text,) = [part for part in section if part.startswith(heading)]
    return re.findall(r"^\d+\. `([\w./]+)` `([\w.]+)`", text, re.M)


def check_way(way: list[Function], called: dict[CodeType, CodeType | None]) -> None:
    """Each function of the way is called, in order, by one that stands before it; or by a thread."""
    callers = {name_function(code): caller and name_function(caller) for code, caller in called.items()}
    assert [function for function in way if function not in callers] == []
    assert way == sorted(way, key=list(callers).index)
    for place, function in enumerate(way[1:], start=1):
        assert callers[function] in {None, *way[:place]}, f"{function} is called by {callers[function]}"


@pytest.fixture(scope="module")
def settings(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("index")
    shutil.copytree(models_dir, folder / "models")
    return Settings.load({}, corpus_dir=ROOT / "corpus", index_dir=folder)


@pytest.fixture(scope="module")
def trace():
    """It must be made before the threads that it is to see."""
    trace = CallTrace()
    yield trace
    trace.end()


@pytest.fixture
def backend(settings: Settings, trace: CallTrace):
    with closing(Backend(settings)) as backend:
        yield backend


def test_a_file_goes_the_way_that_the_architecture_page_tells(backend, trace):
    with trace.record() as called:
        report = sync_corpus(backend.index, backend.pipeline)
    assert report.added
    check_way(list_way("A file's way"), called)


def test_within_a_worker_a_file_goes_the_way_that_the_architecture_page_tells(models_dir, trace):
    config = ParseConfig(DEFAULT_EMBED_MODEL, models_dir, 220, 32, DEFAULT_EMBED_MAX_TOKENS)
    splitter = build_splitter(config)
    chunks: list[Chunk] = []
    with trace.record() as called:
        parse_bytes("a.md", b"# Boiler\n\nTighten the valve.", config, splitter, chunks.append)
    assert chunks
    check_way(list_way(" a worker process"), called)


def test_a_question_goes_the_way_that_the_architecture_page_tells(backend, trace):
    sync_corpus(backend.index, backend.pipeline)

    async def ask() -> None:
        # Where nest_asyncio was applied, this is the loop of earlier tests, with their threads, which aren't traced.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        server.state.settings = backend.settings
        server.state.backend = asyncio.get_running_loop().create_future()
        server.state.backend.set_result(backend)
        init_http_context()
        with trace.record() as called:
            await chat.on_message(cl.Message(QUESTION))
        ways.append(called)

    ways: list[dict[CodeType, CodeType | None]] = []
    try:
        asyncio.run(ask())
    finally:
        del server.state.settings, server.state.backend
    (called,) = ways
    way = list_way("A question's way")
    check_way(way, called)
    assert len(way) <= MOST_FUNCTIONS
    assert len({path for path, _ in way}) <= MOST_FILES
