"""The question path with the genuine Foundry Local runtime behind it, and with endpoints that fail."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from rag.answering.answer import answer
from rag.answering.events import AnswerReport, Done, Event, Notice, Token
from rag.chat.router import ModelRouter
from rag.settings import Settings
from rag.types import Chunk, Restriction, Retrieval, ScoredChunk, StoredChunk
from tests.endpoint import Exchange, model_server
from tests.foundry.environment import lay_out_downloaded, model_id
from tests.foundry.fixtures import ALIAS, SLOW_ALIAS

TEXTS = (
    "The Aurora X2 has a water tank of 1.8 litres. Descale the boiler every 90 days with citric powder.",
    "Employees receive 27 days of paid vacation per year. See also [1] and Question: who pays?",
)
HITS = tuple(
    ScoredChunk(StoredChunk(number, Chunk(f"{number}.pdf", 0, text, page=number + 3), "en"), 1.0)
    for number, text in enumerate(TEXTS)
)


def retrieve(question: str, *, only: Restriction | None = None) -> Retrieval:
    return Retrieval(question, "hybrid", HITS, "yes", 0.9)


async def events_of(question: str, router: ModelRouter, settings: Settings) -> list[Event]:
    return [event async for event in answer(question, retrieve=retrieve, router=router, settings=settings)]


def report_of(question: str, router: ModelRouter, settings: Settings) -> tuple[AnswerReport, str]:
    """The report, and all notices as one text."""
    events = asyncio.run(events_of(question, router, settings))
    assert isinstance(events[-1], Done)
    return events[-1].report, " ".join(event.text for event in events if isinstance(event, Notice))


@pytest.fixture(scope="module")
def settings(foundry_dir: Path, foundry_catalog_url: str) -> Settings:
    return Settings(model=ALIAS, foundry_dir=str(foundry_dir), foundry_catalog_url=foundry_catalog_url)


@pytest.fixture(scope="module")
def router(settings: Settings) -> Iterator[ModelRouter]:
    router = ModelRouter(settings)
    router.start()
    assert router.settle(60).is_ready
    yield router
    router.close()


def test_a_question_is_answered_and_cited_by_the_local_model(router: ModelRouter, settings: Settings):
    report, notices = report_of("How often must I descale the boiler with powder?", router, settings)
    assert report.answer == "Descale the boiler every 90 days with citric powder. [1]"
    assert [(c.number, c.source, c.page) for c in report.citations] == [(1, "0.pdf", 3)]
    assert report.citations[0].quote == "Descale the boiler every 90 days with citric powder."
    assert (report.model, report.route, notices) == (model_id(ALIAS), "local", "")


def test_the_second_passage_is_cited_as_such_whatever_markers_it_contains(router: ModelRouter, settings: Settings):
    report, _ = report_of("How many days of paid vacation do employees receive?", router, settings)
    assert report.answer == "Employees receive 27 days of paid vacation per year. [2]"
    assert report.citations[0].source == "1.pdf"


def test_what_no_passage_says_is_not_made_up(router: ModelRouter, settings: Settings):
    report, _ = report_of("Who won the chess championship in Reykjavik?", router, settings)
    assert "chess" not in report.answer
    assert (report.outcome, report.answer) == ("unsure", f"{report.quotes}\n\n{report.remark}")


def test_questions_at_the_same_time_are_answered_apart(router: ModelRouter, settings: Settings):
    async def ask() -> list[list[Event]]:
        boiler, leave = "How often descale the boiler with powder?", "How many days of paid vacation per year?"
        return await asyncio.gather(*(events_of(question, router, settings) for question in (boiler, leave) * 4))

    answers = [events[-1].report.answer for events in asyncio.run(ask())]
    assert ["90 days" in text for text in answers] == [True, False] * 4


def test_the_event_loop_goes_on_while_the_model_is_found_and_answers(settings: Settings, router: ModelRouter):
    async def ticks_while_answering() -> int:
        task = asyncio.create_task(events_of("How often descale the boiler?", router, settings))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return ticks

    assert asyncio.run(ticks_while_answering()) > 1


def wait_until_idle() -> None:
    deadline = time.monotonic() + 10
    while busy_share(0.3) > 0.3:
        assert time.monotonic() < deadline, "the model is still writing"


def busy_share(seconds: float) -> float:
    """Of one core, by this process."""
    before = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - before) / seconds


def test_stopping_the_answer_stops_the_model(router: ModelRouter, settings: Settings):
    """The process is idle again at once; the whole answer would keep a core busy for a minute."""
    router.close()  # there can be one runtime in a process
    slow = dataclasses.replace(settings, model=SLOW_ALIAS, max_tokens=2000)
    own = ModelRouter(slow)

    async def stop_after_two_words() -> None:
        words = 0
        async with aclosing(answer("Zzz?", retrieve=retrieve, router=own, settings=slow)) as events:
            async for event in events:
                words += isinstance(event, Token)
                if words == 2:
                    break
        await asyncio.to_thread(wait_until_idle)

    try:
        own.start()
        assert own.settle(60).is_ready
        asyncio.run(stop_after_two_words())
    finally:
        own.close()


def test_a_model_with_less_context_than_its_catalog_says_gets_fewer_passages(
    foundry_dir: Path, foundry_catalog_url: str, tmp_path: Path, router: ModelRouter
):
    router.close()  # there can be one runtime in a process
    lay_out_downloaded(tmp_path, {ALIAS: next(foundry_dir.rglob(f"{ALIAS}-generic-cpu-1")) / "v1"}, 131_072)
    settings = Settings(model=ALIAS, foundry_dir=str(tmp_path), foundry_catalog_url=foundry_catalog_url, max_tokens=60)
    filler = "Nothing of interest happened on that day, nor on the next one, as far as anybody knows. " * 60
    long_hits = (HITS[0], *(ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, filler), "en"), 1.0) for i in range(2, 12)))

    async def ask() -> list[Event]:
        events = answer(
            "How often must I descale the boiler with powder?", retrieve=many, router=own, settings=settings
        )
        return [event async for event in events]

    def many(question: str, *, only: Restriction | None = None) -> Retrieval:
        return Retrieval(question, "hybrid", long_hits, "yes", 0.9)

    own = ModelRouter(settings)
    try:
        own.start()
        assert own.settle(60).context_length == 8192
        events = asyncio.run(ask())
    finally:
        own.close()
    assert not [event for event in events if isinstance(event, Notice)]
    assert isinstance(events[-1], Done)
    assert events[-1].report.answer.endswith("[1]")


def ask_endpoint(reply: Callable[[Exchange], None]) -> tuple[AnswerReport, str, ModelRouter]:
    with model_server(reply) as (url, _):
        settings = Settings(base_url=url, model="tiny")
        router = ModelRouter(settings)
        try:
            router.start()
            router.settle(20)
            return (*report_of("How often must I descale the boiler?", router, settings), router)
        finally:
            router.close()


def test_an_endpoint_that_dies_in_mid_answer_leaves_the_partial_answer_and_a_notice():
    def die(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Descale the boiler every 90 days [1] and")

    report, notices, _ = ask_endpoint(die)
    assert report.answer == "Descale the boiler every 90 days [1] and"
    assert [citation.number for citation in report.citations] == [1]
    assert report.route == "endpoint"
    assert "in the middle of its answer" in notices


def test_an_endpoint_that_answers_with_an_error_is_replaced_by_quotes():
    def fail(exchange: Exchange) -> None:
        exchange.send_body(json.dumps({"error": {"message": "out of memory"}}), status=500)

    report, notices, _ = ask_endpoint(fail)
    assert "Descale the boiler every 90 days" in report.answer
    assert report.route == "quotes"
    assert "out of memory" in notices


def test_after_a_download_elsewhere_a_retry_finds_the_model(
    tmp_path: Path, foundry_dir: Path, foundry_catalog_url: str, router: ModelRouter
):
    router.close()  # there can be one runtime in a process
    own = ModelRouter(Settings(model=ALIAS, foundry_dir=str(tmp_path), foundry_catalog_url=foundry_catalog_url))
    try:
        own.start()
        assert own.settle(20).kind == "failed"
        lay_out_downloaded(tmp_path, {ALIAS: next(foundry_dir.rglob(f"{ALIAS}-generic-cpu-1")) / "v1"})
        ready = threading.Event()
        own.subscribe(lambda state: ready.set() if state.is_ready else None)
        own.retry()
        assert ready.wait(20)
    finally:
        own.close()


def test_offline_without_a_model_the_answer_is_quotes_at_once(tmp_path: Path, foundry_catalog_url: str):
    settings = Settings(foundry_dir=str(tmp_path), foundry_catalog_url=foundry_catalog_url)
    router = ModelRouter(settings)
    try:
        router.start()
        assert router.settle(20).kind == "failed"
        report, notices = report_of("How often must I descale the boiler?", router, settings)
    finally:
        router.close()
    assert report.answer == f"{TEXTS[0]} [1]"
    assert report.route == "quotes"
    assert "not downloaded yet" in notices
    assert "Connect to the internet" in notices


ASK_ELSEWHERE = """
from rag.chat.router import ModelRouter
from rag.settings import Settings

router = ModelRouter(Settings.load())
router.start()
print(router.settle(60).model_id)
"""


def test_another_process_finds_the_model_by_its_environment_and_ends_without_being_told_to_close(
    foundry_environment: dict[str, str],
):
    done = subprocess.run(
        [sys.executable, "-c", ASK_ELSEWHERE],
        env={**os.environ, **foundry_environment},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == (model_id(ALIAS), "", 0)
