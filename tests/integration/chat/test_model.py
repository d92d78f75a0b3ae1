"""openai's client against the genuine Foundry Local service, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answering.prompt import build_messages
from rag.chat.foundry import FoundryRuntime
from rag.chat.limits import AnswerLimits
from rag.chat.model import ChatModel
from rag.chat.probing import probe
from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.types import Chunk, Endpoint, ScoredChunk, StoredChunk
from tests.endpoint import Exchange, Reply, model_server
from tests.foundry.environment import model_id
from tests.foundry.fixtures import ALIAS, SLOW_ALIAS

BOILER = "The Aurora X2 has a water tank of 1.8 litres. Descale the boiler every 90 days with citric powder."
LEAVE = "Employees receive 27 days of paid vacation per year."
HITS = [
    ScoredChunk(StoredChunk(number, Chunk(f"{number}.md", 0, text)), 1.0) for number, text in enumerate((BOILER, LEAVE))
]
LIMITS = AnswerLimits(2000)
MESSAGES = build_messages("How often is the boiler to be descaled with powder?", HITS)


@pytest.fixture(scope="module")
def runtime(foundry_dir: Path, foundry_catalog_url: str) -> Iterator[FoundryRuntime]:
    runtime = FoundryRuntime(str(foundry_dir), foundry_catalog_url)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def endpoint(runtime: FoundryRuntime) -> Endpoint:
    return runtime.open(ALIAS)


@pytest.fixture
def slow_endpoint(runtime: FoundryRuntime) -> Endpoint:
    return runtime.open(SLOW_ALIAS)


async def complete(model: ChatModel, messages: list[dict[str, str]] = MESSAGES, max_tokens: int = 100) -> str:
    return "".join([piece async for piece in model.stream(messages, max_tokens)])


def answer_of(endpoint: Endpoint, messages: list[dict[str, str]] = MESSAGES, max_tokens: int = 100) -> str:
    return asyncio.run(complete(ChatModel(endpoint, LIMITS), messages, max_tokens))


def test_an_answer_streams_in_pieces_and_cites_its_passage(endpoint: Endpoint):
    async def pieces() -> list[str]:
        return [piece async for piece in ChatModel(endpoint, LIMITS).stream(MESSAGES, 100)]

    received = asyncio.run(pieces())
    assert len(received) > 5
    assert "".join(received).strip() == "Descale the boiler every 90 days with citric powder. [1]"


def test_many_questions_at_once_get_their_own_answers(endpoint: Endpoint):
    async def ask() -> list[str]:
        model = ChatModel(endpoint, LIMITS)
        leave = build_messages("How many days of paid vacation?", HITS)
        return await asyncio.gather(*(complete(model, messages) for messages in (MESSAGES, leave) * 8))

    answers = asyncio.run(ask())
    assert [("90 days" in answer, "27 days" in answer) for answer in answers] == [(True, False), (False, True)] * 8


def test_one_model_serves_one_event_loop_after_another(endpoint: Endpoint):
    model = ChatModel(endpoint, LIMITS)
    assert asyncio.run(complete(model)) == asyncio.run(complete(model))


# In both, the server is looked at while the event loop still runs: the end of a loop would close any stream.
def test_leaving_the_stream_stops_the_server(slow_endpoint: Endpoint):
    async def leave_after_a_word() -> None:
        async with aclosing(
            ChatModel(slow_endpoint, LIMITS).stream([{"role": "user", "content": "?"}], 2000)
        ) as pieces:
            async for _ in pieces:
                break
        await asyncio.to_thread(unload, slow_endpoint)

    asyncio.run(leave_after_a_word())


def test_cancelling_the_task_stops_the_server(slow_endpoint: Endpoint):
    async def cancel_in_the_middle() -> None:
        task = asyncio.create_task(complete(ChatModel(slow_endpoint, LIMITS), [{"role": "user", "content": "?"}], 2000))
        await asyncio.sleep(0.3)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(unload, slow_endpoint)

    asyncio.run(cancel_in_the_middle())


def unload(endpoint: Endpoint) -> None:
    """Succeeds only once no answer is being written any more; that answer would take a minute."""
    url = f"{endpoint.base_url.removesuffix('/v1')}/models/unload/{SLOW_ALIAS}"
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(url).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server is still writing"
            time.sleep(0.05)


def test_an_oversize_prompt_names_the_limit(endpoint: Endpoint):
    with pytest.raises(PromptTooLongError, match="longer than the model") as caught:
        answer_of(endpoint, [{"role": "user", "content": "word " * 20_000}])
    assert caught.value.context_length == 8192


def test_an_unknown_model_is_answered_with_those_that_are_offered(endpoint: Endpoint):
    with pytest.raises(ModelUnavailableError, match=rf"no model nonesuch \(.*\)\. .* {model_id(ALIAS)}"):
        answer_of(Endpoint(endpoint.base_url, "x", "nonesuch"))


@pytest.mark.parametrize("alias", [SLOW_ALIAS, "", model_id(SLOW_ALIAS)])
def test_a_model_that_is_not_loaded_is_loaded_for_the_answer(slow_endpoint: Endpoint, alias: str):
    unload(slow_endpoint)
    assert answer_of(replace(slow_endpoint, alias=alias), [{"role": "user", "content": "?"}], 2)


def test_a_model_that_cannot_be_loaded_says_so():
    def refuse(exchange: Exchange) -> None:
        exchange.send_body('{"error": {"message": "Model not loaded"}}', status=400)

    with (
        model_server(refuse) as (url, requests),
        pytest.raises(ModelUnavailableError, match=r"^The model tiny:1 is not loaded at http://127.* Load it there\.$"),
    ):
        answer_of(Endpoint(f"{url}/v1", "x", "tiny:1"))
    assert len(requests) == 1


def test_the_reason_of_the_end_is_told(endpoint: Endpoint):
    async def reasons(max_tokens: int) -> list[str]:
        told: list[str] = []
        _ = [piece async for piece in ChatModel(endpoint, LIMITS).stream(MESSAGES, max_tokens, told.append)]
        return told

    assert asyncio.run(reasons(3)) == ["length"]
    assert asyncio.run(reasons(100)) == ["stop"]


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_probing_finds_the_full_id_with_and_without_v1(endpoint: Endpoint, suffix: str):
    found = probe(endpoint.base_url.removesuffix("/v1") + suffix, "x", ALIAS)
    assert (found.base_url, found.model_id) == (endpoint.base_url, model_id(ALIAS))


def test_probing_for_a_model_that_is_not_there_names_those_that_are(endpoint: Endpoint):
    with pytest.raises(ModelUnavailableError, match=rf"no model qwen\. Set MODEL to one .*{model_id(ALIAS)}"):
        probe(endpoint.base_url, "x", "qwen")


def say_hello(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Hello")
    exchange.send_text("", finish="stop")
    exchange.send_event("[DONE]")


def ask(reply: Reply, limits: AnswerLimits = LIMITS) -> str:
    with model_server(reply) as (url, _):
        model = ChatModel(Endpoint(f"{url}/v1", "x", "tiny"), limits)
        return asyncio.run(complete(model))


def test_every_request_names_its_limits_and_streams():
    with model_server(say_hello) as (url, bodies):
        assert answer_of(Endpoint(f"{url}/v1", "x", "tiny"), max_tokens=7) == "Hello"
    assert {name: bodies[0][name] for name in ("max_tokens", "temperature", "stream")} == {
        "max_tokens": 7,
        "temperature": 0.0,
        "stream": True,
    }


def test_a_proxy_from_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(say_hello) == "Hello"
    with model_server(say_hello) as (url, _):
        assert probe(url, "x", "tiny").model_id == "tiny"


def test_what_a_model_thinks_aloud_is_left_out_and_taken_back_where_it_was_shown():
    def muse(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in (
            ("<th", "ink>Hm, [3]", "</think>It rains.")
            if "again" in str(exchange.body)
            else ("[3] ", "no.</think>Yes.")
        ):
            exchange.send_text(piece)
        exchange.send_text("", finish="stop")

    async def read(model: ChatModel, question: str) -> list[str]:
        return [piece async for piece in model.stream([{"role": "user", "content": question}], 10)]

    with model_server(muse) as (url, _):
        model = ChatModel(Endpoint(f"{url}/v1", "x", "tiny"), LIMITS)
        assert asyncio.run(read(model, "Why?")) == ["[3] ", "no.", "", "Yes."]
        # From now on, thoughts without a beginning are expected.
        assert asyncio.run(read(model, "Why?")) == ["Yes."]
        assert asyncio.run(read(model, "And again?")) == ["It rains."]


EVENTS: dict[str, list[dict[str, object]]] = {
    "content in parts": [
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
        {"content": [{"type": "text", "text": "Hel"}, "lo"]},
    ],
    "one part": [{"content": {"type": "output_text", "text": {"value": "Hello"}}}],
    "thoughts apart": [{"reasoning": {"content": "Hm"}}, {"thinking": "Hm"}, {"content": "Hello"}],
    "nothing but thoughts apart": [{"reasoning_content": "Hel"}, {"reasoning_content": "lo"}],
    "a refusal": [{"refusal": "Hello"}],
    "the end of a turn": [{"content": "Hello<|im_"}, {"content": "end|>\n"}],
}


@pytest.mark.parametrize("habit", EVENTS)
def test_an_answer_is_read_in_whatever_form_it_comes(habit: str):
    def stream(exchange: Exchange) -> None:
        exchange.begin_stream()
        for delta in [*EVENTS[habit], {}]:
            choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
            exchange.send_event(json.dumps({"choices": [choice]}))

    assert ask(stream) == "Hello"


DISLIKES = {
    "System role not supported": lambda body: "system" not in str(body["messages"]),
    "Use 'max_completion_tokens' instead of max_tokens.": lambda body: body.get("max_completion_tokens") == 100,
    "temperature: Extra inputs are not permitted": lambda body: "temperature" not in body,
    "Streaming is not supported": lambda body: body["stream"] is False,
}


@pytest.mark.parametrize("in_band", [False, True])
def test_a_server_is_asked_again_without_what_it_dislikes_and_never_with_it_again(in_band: bool):
    def dislike(exchange: Exchange) -> None:
        complaint = next((said for said, is_content in DISLIKES.items() if not is_content(exchange.body)), None)
        if complaint is None:
            exchange.send_body(json.dumps({"choices": [{"message": {"content": "Hello"}}]}))
        elif in_band:
            exchange.begin_stream()
            exchange.send_event(json.dumps({"error": {"message": complaint}}))
        else:
            exchange.send_body(json.dumps({"detail": complaint}), status=400)

    with model_server(dislike) as (url, bodies):
        model = ChatModel(Endpoint(f"{url}/v1", "x", "tiny"), LIMITS)
        assert asyncio.run(complete(model)) == "Hello"
        assert len(bodies) == len(DISLIKES) + 1
        assert asyncio.run(complete(model)) == "Hello"
        assert len(bodies) == len(DISLIKES) + 2


def test_a_server_that_is_never_content_is_asked_once_more_and_its_reason_told():
    def refuse(exchange: Exchange) -> None:
        exchange.send_body(json.dumps({"detail": [{"loc": ["body", "temperature"], "msg": "too low"}]}), status=422)

    with model_server(refuse) as (url, bodies):
        with pytest.raises(ModelUnavailableError, match="refused: temperature: too low"):
            answer_of(Endpoint(f"{url}/v1", "x", "tiny"))
        assert len(bodies) == 2


def test_a_server_that_gives_no_reason_for_the_end_is_believed_that_it_is_one():
    def stop(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Hello")
        exchange.send_event("[DONE]")

    assert ask(stop) == "Hello"


def test_a_server_that_never_closes_the_stream_is_left_at_its_end():
    released = threading.Event()

    def linger(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Hello", finish="stop")
        released.wait(30)

    try:
        assert ask(linger) == "Hello"
    finally:
        released.set()


def test_a_server_that_does_not_stream_is_understood():
    def whole(exchange: Exchange) -> None:
        exchange.send_body(json.dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}))

    assert ask(whole) == "Hello"


def break_off(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Hel")


def reset(exchange: Exchange) -> None:
    exchange.send_response(200)
    exchange.send_header("content-type", "text/event-stream")
    exchange.send_header("content-length", "10000")
    exchange.end_headers()
    exchange.send_text("Hel")


def end_at_once(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_event("[DONE]")


def error_event(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_event(json.dumps({"error": {"message": "out of memory"}}))


def error_under_200(exchange: Exchange) -> None:
    exchange.send_body(json.dumps({"error": {"message": "out of memory"}}))


def error_500(exchange: Exchange) -> None:
    exchange.send_body(json.dumps({"error": {"message": "out of memory"}}), status=500)


def wrong_key(exchange: Exchange) -> None:
    exchange.send_body(json.dumps({"error": {"message": "bad key"}}), status=401)


def nonsense(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_event("<html>")


def web_page(exchange: Exchange) -> None:
    exchange.send_body("<html>Welcome</html>", kind="text/html")


def filtered(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("", finish="content_filter")


def call_a_tool(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("", finish="tool_calls")


def no_deployment(exchange: Exchange) -> None:
    exchange.send_body(json.dumps({"error": {"code": "DeploymentNotFound", "message": "No deployment."}}), status=404)


def too_long(exchange: Exchange) -> None:
    message = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."
    exchange.send_body(json.dumps({"error": {"message": message}}), status=400)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (break_off, "stopped in the middle of its answer"),
        (reset, "broke in the middle"),
        (end_at_once, "without a word"),
        (error_event, "refused: out of memory"),
        (error_under_200, "refused: out of memory"),
        (error_500, "refused: .*out of memory"),
        (wrong_key, "Set API_KEY"),
        (nonsense, "sent something that is no answer"),
        (web_page, "refused: <html>Welcome"),
        (filtered, "content filter of .* kept back"),
        (call_a_tool, "called a tool"),
        (no_deployment, "refused: No deployment"),
        (too_long, "longer than the model"),
    ],
)
def test_whatever_goes_wrong_is_a_sentence(reply: Reply, sentence: str):
    with pytest.raises(ModelUnavailableError, match=sentence):
        ask(reply)


def test_no_sign_of_an_answer_in_time_is_a_sentence():
    released = threading.Event()

    def keep_alive(exchange: Exchange) -> None:
        exchange.begin_stream()
        while not released.wait(0.05):
            exchange.wfile.write(b": still here\n\n")

    try:
        with pytest.raises(ModelUnavailableError, match="no sign of an answer within 0"):
            ask(keep_alive, AnswerLimits(100, first_piece_s=0.5))
    finally:
        released.set()


def test_a_port_where_nobody_listens_is_a_sentence():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ModelUnavailableError, match=rf"Nothing answers at {url}/v1 .*BASE_URL"):
            probe(url, "x", "tiny")
        with pytest.raises(ModelUnavailableError, match="Nothing answers"):
            answer_of(Endpoint(f"{url}/v1", "x", "tiny"))


def test_an_endpoint_with_one_model_of_another_name_uses_it_and_says_so():
    with model_server(say_hello, models=["llama-3"]) as (url, _):
        found = probe(url, "x", "phi-4-mini")
    assert found.model_id == "llama-3"
    assert "has no model phi-4-mini; the only one" in found.note


def test_an_endpoint_without_a_list_of_models_is_taken_at_its_word():
    with model_server(say_hello, models=None) as (url, _):
        assert probe(url, "x", "tiny") == Endpoint(f"{url}/v1", "x", "tiny")


def test_an_endpoint_that_offers_nothing_says_so():
    with (
        model_server(say_hello, models=[]) as (url, _),
        pytest.raises(ModelUnavailableError, match="offers none at all"),
    ):
        probe(url, "x", "tiny")
