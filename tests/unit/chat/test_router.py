from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from rag.chat.router import ModelRouter
from rag.chat.state import ModelState
from rag.errors import ModelUnavailableError
from rag.settings import Settings
from rag.types import Endpoint
from tests.endpoint import Exchange, Reply, Requests, model_server


def say(text: str) -> Reply:
    def reply(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text(text)
        if text != "Half an":
            exchange.send_text("", finish="stop")

    return reply


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def refused(free_port: int) -> Iterator[ModelRouter]:
    """A router for an endpoint where nobody listens yet."""
    router = ModelRouter(Settings(base_url=f"http://127.0.0.1:{free_port}", model="tiny"), probe_every_s=0.05)
    yield router
    router.close()


async def complete(router: ModelRouter) -> str:
    return "".join([piece async for piece in router.stream([{"role": "user", "content": "Hi"}], 10)])


def test_an_endpoint_that_refuses_is_a_state_with_a_sentence_and_a_fix(refused: ModelRouter):
    refused.start()
    state = refused.settle(60)
    assert (state.kind, state.route) == ("failed", "endpoint")
    assert state.detail.startswith("Nothing answers at http://127.0.0.1:")
    assert "BASE_URL" in state.fix


def test_streaming_without_a_model_raises_the_states_sentence(refused: ModelRouter):
    with pytest.raises(ModelUnavailableError, match="is being looked for"):
        asyncio.run(complete(refused))


def test_an_endpoint_that_comes_up_later_is_noticed_without_being_asked(refused: ModelRouter, free_port: int):
    refused.start()
    assert refused.settle(60).kind == "failed"
    seen: list[ModelState] = []
    refused.subscribe(seen.append)
    with model_server(say("Hello"), port=free_port):
        wait_until(lambda: refused.state.is_ready)
        assert seen[-1] == refused.state
        assert asyncio.run(complete(refused)) == "Hello"


def test_a_question_finds_an_endpoint_that_is_back(free_port: int):
    router = ModelRouter(Settings(base_url=f"http://127.0.0.1:{free_port}", model="tiny"), probe_every_s=3600)
    try:
        router.start()
        assert router.settle(60).kind == "failed"
        with model_server(say("Hello"), port=free_port):
            assert asyncio.run(router.refresh()).is_ready
    finally:
        router.close()


def test_a_question_does_not_wait_for_a_runtime_that_still_looks_for_the_model():
    began, goes_on = threading.Event(), threading.Event()

    class Hanging:
        def open(self, alias: str, on_step: object) -> Endpoint:
            began.set()
            goes_on.wait(30)
            raise ModelUnavailableError("The catalog can't be reached. Connect once.")

        def cancel(self) -> None:
            goes_on.set()

        def close(self) -> None:
            goes_on.set()

    router = ModelRouter(Settings(model="tiny"), make_runtime=lambda data_dir, catalog_url: Hanging())
    try:
        router.start()
        assert began.wait(30)
        assert asyncio.run(router.refresh()).kind == "starting"
        assert not goes_on.is_set()
    finally:
        router.close()


def test_a_question_does_not_trust_an_attempt_that_began_before_it():
    began, goes_on = threading.Event(), threading.Event()

    class RefusesWhatCameFirst(Exchange):
        def do_GET(self) -> None:
            if not began.is_set():
                began.set()
                goes_on.wait(30)
                self.send_body('{"error": {"message": "loading"}}', status=503)
            elif goes_on.is_set():
                super().do_GET()

    with model_server(say("Hello"), handler=RefusesWhatCameFirst) as (address, _):
        router = ModelRouter(Settings(base_url=address, model="tiny"), probe_every_s=3600)
        try:
            router._set(ModelState("failed", "It was gone.", route="endpoint"))
            router.start()
            assert began.wait(30)
            threading.Timer(0.2, goes_on.set).start()
            assert asyncio.run(router.refresh()).is_ready
        finally:
            goes_on.set()
            router.close()


def test_an_endpoint_that_dies_in_mid_answer_shows_in_the_state(free_port: int):
    router = ModelRouter(Settings(base_url=f"http://127.0.0.1:{free_port}", model="tiny"), probe_every_s=3600)
    seen: list[str] = []
    router.subscribe(lambda state: seen.append(state.kind))
    try:
        with model_server(say("Half an"), port=free_port):
            router.start()
            router.settle(60)
            with pytest.raises(ModelUnavailableError, match="in the middle"):
                asyncio.run(complete(router))
            assert "failed" in seen
        with pytest.raises(ModelUnavailableError):
            asyncio.run(ask_again(router))
        assert router.state.kind == "failed"
        with model_server(say("Hello"), port=free_port):
            assert asyncio.run(ask_again(router)) == "Hello"
    finally:
        router.close()


def refuse(status: int, message: str) -> Reply:
    def reply(exchange: Exchange) -> None:
        exchange.send_body(json.dumps({"error": {"message": message}}), status=status)

    return reply


@contextmanager
def routed(reply: Reply) -> Iterator[tuple[ModelRouter, Requests]]:
    """A router that is ready, for an endpoint that answers by `reply` and is looked for every 50 ms."""
    with model_server(reply) as (url, requests):
        router = ModelRouter(Settings(base_url=url, model="tiny", api_key="secret-key"), probe_every_s=0.05)
        try:
            router.start()
            assert router.settle(60).is_ready
            yield router, requests
        finally:
            router.close()


@pytest.mark.parametrize(
    ("status", "message", "sentences"),
    [
        (401, "Incorrect API key provided: secret-key", "{url} does not accept the key. Set API_KEY."),
        (500, "CUDA out of memory", "The model tiny at {url} refused: CUDA out of memory."),
        (404, "no such\u202e deployment", "The model tiny at {url} refused: no such deployment."),
    ],
)
def test_a_refused_answer_shows_in_the_state_until_another_succeeds_and_is_one_line_in_the_log(
    status: int, message: str, sentences: str, caplog: pytest.LogCaptureFixture
):
    def refuse_once(exchange: Exchange) -> None:
        (refuse(status, message) if len(exchange.bodies) < 3 else say("Hello"))(exchange)

    with routed(refuse_once) as (router, _):
        with pytest.raises(ModelUnavailableError):
            asyncio.run(complete(router))
        wait_until(lambda: router.state.kind == "failed")
        time.sleep(0.2)  # it is there and lists its models, which proves nothing
        url = f"{router._settings.base_url}/v1"
        assert f"{router.state.detail} {router.state.fix}".strip() == sentences.format(url=url)
        assert [record.getMessage() for record in caplog.records] == [sentences.format(url=url)]
        assert caplog.records[0].levelname == "WARNING"
        with pytest.raises(ModelUnavailableError):
            asyncio.run(ask_again(router))
        assert router.state.kind == "failed"
        assert asyncio.run(ask_again(router)) == "Hello"
        assert router.state.is_ready


def test_what_a_server_dislikes_of_a_request_is_remembered_when_the_model_is_looked_for_anew():
    def dislike(exchange: Exchange) -> None:
        disliked = "temperature" in exchange.body
        (refuse(400, "Unknown parameter: temperature") if disliked else say("Hello"))(exchange)

    with routed(dislike) as (router, requests):
        assert asyncio.run(complete(router)) == "Hello"
        router._try_open()
        assert asyncio.run(complete(router)) == "Hello"
        assert ["temperature" in body for body in requests] == [True, False, False]


@pytest.mark.parametrize("name", ["tiny\u202e", "\x1b[31mtiny"])
def test_a_models_hostile_name_steers_neither_the_state_nor_the_log(name: str):
    with model_server(say("Hello"), models=[name]) as (url, _):
        router = ModelRouter(Settings(base_url=url, model="small"))
        try:
            router.start()
            state = router.settle(60)
        finally:
            router.close()
    assert state.is_ready
    assert f"{state.detail}{state.model_id}".isprintable()


def test_an_answer_that_succeeds_meanwhile_disproves_a_failure():
    hold = threading.Event()

    def refuse_the_second(exchange: Exchange) -> None:
        if len(exchange.bodies) == 2:
            refuse(500, "too many at once")(exchange)
            return
        assert hold.wait(10)
        say("Hello")(exchange)

    async def ask_twice(router: ModelRouter) -> None:
        first = asyncio.create_task(complete(router))
        while not requests:
            await asyncio.sleep(0.01)
        with pytest.raises(ModelUnavailableError):
            await complete(router)
        assert router.state.kind == "failed"
        hold.set()
        assert await first == "Hello"

    with routed(refuse_the_second) as (router, requests):
        asyncio.run(ask_twice(router))
        assert router.state.is_ready


def test_a_server_that_ends_in_an_answer_is_logged_once_however_the_next_tries_tell_of_it(
    caplog: pytest.LogCaptureFixture,
):
    def end(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Half an")
        server.close()
        exchange.connection.close()

    server = ExitStack()
    url, _ = server.enter_context(model_server(end))
    router = ModelRouter(Settings(base_url=url, model="tiny"), probe_every_s=0.05)
    with closing(router):
        router.start()
        assert router.settle(60).is_ready
        seen = threading.Event()
        router.subscribe(lambda state: seen.set() if state.detail.startswith("Nothing answers at") else None)
        with pytest.raises(ModelUnavailableError):
            asyncio.run(complete(router))
        assert seen.wait(10)
    assert len(caplog.records) == 1
    assert "broke" in caplog.records[0].getMessage()


def test_the_log_leaves_out_what_was_sent_if_the_server_repeats_it(caplog: pytest.LogCaptureFixture):
    messages = [{"role": "user", "content": "Context:\n[1] The safe is behind the\nblue door."}]

    async def ask(router: ModelRouter) -> None:
        async for _ in router.stream(messages, 10):
            pass

    def repeat(exchange: Exchange) -> None:
        refuse(422, f"Input is not valid: {exchange.body['messages']}")(exchange)

    with routed(repeat) as (router, _), pytest.raises(ModelUnavailableError, match="blue door"):
        asyncio.run(ask(router))
    (record,) = caplog.records
    assert "Input is not valid" in record.getMessage()
    assert "safe" not in record.getMessage()


async def ask_again(router: ModelRouter) -> str:
    await router.refresh()
    return await complete(router)


class ScriptedRuntime:
    """Downloads to 41.6 percent and waits there until it is cancelled; says so in `log`."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.cancelled = threading.Event()

    def open(self, alias: str, on_step: Callable[[str, float | None], None]) -> Endpoint:
        self.log.append(f"open {alias}")
        for percent in (0.0, 41.5, 41.6):
            on_step("downloading", percent)
        assert self.cancelled.wait(30)
        raise ModelUnavailableError("The download was stopped. Retry to go on with it.")

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.log.append("close")


def test_a_download_shows_its_percent_and_is_cancelled_by_closing():
    log: list[str] = []
    seen: list[ModelState] = []
    router = ModelRouter(Settings(model="big"), make_runtime=lambda *_: ScriptedRuntime(log))
    router.subscribe(seen.append)
    router.start()
    assert router.settle(60).kind == "downloading"
    wait_until(lambda: router.state.percent == 42)
    assert router.state.detail == "The model big is being downloaded (42 %)."
    assert not asyncio.run(router.refresh()).is_ready
    router.close()
    assert log == ["open big", "close"]
    assert [(state.kind, state.percent) for state in seen] == [
        ("downloading", 0),
        ("downloading", 42),
        ("failed", None),
        ("closed", None),
    ]


def test_a_retry_after_a_failure_begins_anew_with_a_fresh_runtime():
    log: list[str] = []
    runtimes: list[ScriptedRuntime] = []

    def make_runtime(*_: str) -> ScriptedRuntime:
        runtimes.append(ScriptedRuntime(log))
        return runtimes[-1]

    router = ModelRouter(Settings(model="big"), make_runtime=make_runtime)
    try:
        router.start()
        assert router.settle(60).kind == "downloading"
        runtimes[0].cancel()
        assert router.settle(10, download=True).kind == "failed"
        assert asyncio.run(router.refresh()).kind == "failed"
        router.retry()
        wait_until(lambda: router.state.kind == "downloading")
    finally:
        router.close()
    assert log == ["open big", "close"] * 2


def test_unsubscribing_ends_the_calls(refused: ModelRouter):
    seen: list[ModelState] = []
    refused.subscribe(seen.append)()
    refused.start()
    refused.settle(60)
    assert not seen


def test_closing_twice_or_before_the_start_is_fine(refused: ModelRouter):
    refused.close()
    refused.close()
    refused.start()
    assert refused.state.kind == "closed"


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
