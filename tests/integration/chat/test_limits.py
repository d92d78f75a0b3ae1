"""Every answer ends, whatever the server does; what was written stays, and a sentence says why."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from contextlib import aclosing

import pytest

from rag.chat.limits import AnswerLimits
from rag.chat.model import ChatModel
from rag.chat.probing import probe
from rag.errors import ModelUnavailableError
from rag.types import Endpoint
from tests import endpoint
from tests.endpoint import Exchange, Reply, Requests, model_server

MESSAGES = [{"role": "user", "content": "How often?"}]
LIMITS = AnswerLimits(tokens=50, unheard_bytes=100_000)


async def collect(model: ChatModel) -> tuple[str, str]:
    """What was written, and why it ended: a finish reason, or the sentences of an error."""
    text, reasons = "", list[str]()
    try:
        async for piece in model.stream(MESSAGES, 1000, reasons.append):
            text += piece
    except ModelUnavailableError as exc:
        return text, str(exc)
    return text, reasons[0]


def ask(reply: Reply, limits: AnswerLimits = LIMITS) -> tuple[str, str]:
    """What `collect` gives. The server must be left while the event loop still runs."""

    async def ask_and_look(requests: Requests) -> tuple[str, str]:
        got = await collect(ChatModel(Endpoint(f"{url}/v1", "secret-key", "tiny"), limits))
        assert await asyncio.to_thread(requests.wait_until_left)
        return got

    with model_server(reply) as (url, requests):
        return asyncio.run(ask_and_look(requests))


@pytest.mark.parametrize("reply", [endpoint.talk, endpoint.send_huge_pieces])
def test_a_model_that_never_stops_is_cut_off_at_eight_characters_for_each_token(reply: Reply):
    assert ask(reply, AnswerLimits(50)) == ("word " * 80, "length")


@pytest.mark.parametrize("reply", [endpoint.send_spaces, endpoint.think, endpoint.think_apart])
def test_what_never_comes_to_a_word_has_used_up_its_tokens(reply: Reply):
    assert ask(reply) == (
        "",
        "The model tiny used up its tokens before its first word. Set RAG_MAX_TOKENS higher.",
    )


@pytest.mark.parametrize(
    "reply",
    [
        endpoint.send_endless_line,
        endpoint.send_endless_event,
        endpoint.send_empty_events,
        endpoint.flood_with_comments,
        endpoint.send_endless_body,
        endpoint.send_endless_error,
    ],
)
def test_bytes_without_a_word_come_to_an_end(reply: Reply):
    text, why = ask(reply)
    assert text == ""
    assert "sent more than a model server does without a word of an answer. Check that BASE_URL" in why


def test_memory_stays_flat_while_a_line_has_no_end():
    tracemalloc.start()
    try:
        ask(endpoint.send_endless_line, AnswerLimits(50, unheard_bytes=500_000))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("reply", [endpoint.hang, endpoint.begin_and_hang, endpoint.keep_alive])
def test_the_first_word_is_not_waited_for_for_ever(reply: Reply):
    text, why = ask(reply, AnswerLimits(50, first_piece_s=0.3))
    assert text == ""
    assert "gave no sign of an answer within 0 seconds" in why


def test_a_silence_in_the_middle_ends_the_answer_and_what_was_written_stays():
    text, why = ask(endpoint.fall_silent, AnswerLimits(50, silence_s=0.3))
    assert text == "Every 90 "
    assert "wrote nothing more for 0 seconds. Ask again, or restart that server." in why


def test_a_model_that_writes_too_slowly_is_ended_in_time():
    text, why = ask(endpoint.talk_slowly, AnswerLimits(50, first_piece_s=2.0, token_s=0.001))
    assert text.startswith("word1 word2 ")
    assert "was still writing after 2 seconds. Set MODEL to a smaller one, or RAG_MAX_TOKENS lower." in why


def test_a_thought_kept_apart_counts_as_a_sign_of_life():
    def think_and_answer(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("", reasoning_content="Hm.")
        exchange.wait_for_leaving()

    assert "wrote nothing more" in ask(think_and_answer, AnswerLimits(50, silence_s=0.3))[1]


def send(event: bytes) -> Reply:
    def reply(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.wfile.write(b"data: " + event + b"\n\n")
        exchange.wait_for_leaving()

    return reply


@pytest.mark.parametrize(
    "event",
    [
        b'{"choices": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"choices": [3]}',
        b'{"choices": {"delta": 1}}',
        b'{"choices": [{"delta": {"content": [3]}}]}',
        b'{"choices": [{"delta": {"content": ' + b"[" * 50 + b"]" * 50 + b"}}]}",
        b"[]",
        b"3",
    ],
)
def test_an_event_of_no_known_form_is_no_answer(event: bytes):
    text, why = ask(send(event), AnswerLimits(50))
    assert text == ""
    assert "sent something that is no answer" in why


def test_a_body_of_brackets_alone_is_no_answer():
    def reply(exchange: Exchange) -> None:
        exchange.send_body("[" * 90_000)

    assert "sent something that is no answer" in ask(reply)[1]


def test_a_few_bytes_that_unpack_to_megabytes_come_to_an_end():
    def reply(exchange: Exchange) -> None:
        exchange.begin_stream(content_encoding="gzip")
        exchange.wfile.write(gzip.compress(b"data: " + b" " * 5_000_000))

    assert "sent more than a model server does without a word" in ask(reply)[1]


def test_a_redirection_is_not_followed_since_it_could_lead_out_of_this_machine():
    def redirect(exchange: Exchange) -> None:
        exchange.begin_stream(status=307, location=f"{other}/v1/chat/completions")

    with model_server(endpoint.talk) as (other, asked):
        assert "sends requests on to another address. Set BASE_URL" in ask(redirect)[1]
    assert not asked


def test_a_key_that_the_server_repeats_is_left_out():
    def refuse(exchange: Exchange) -> None:
        exchange.send_body(json.dumps({"error": {"message": "secret-key has no credit"}}), status=402)

    assert "refused: … has no credit." in ask(refuse)[1]


@pytest.mark.parametrize("reply", [endpoint.hang, endpoint.begin_and_hang, endpoint.keep_alive, endpoint.fall_silent])
def test_cancelling_leaves_the_server_at_once_and_no_task_behind(reply: Reply):
    async def cancel(requests: Requests) -> None:
        task = asyncio.create_task(collect(ChatModel(Endpoint(f"{url}/v1", "x", "tiny"), LIMITS)))
        while not requests.open_count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await asyncio.to_thread(requests.wait_until_left)

    with model_server(reply) as (url, requests):
        asyncio.run(cancel(requests))


def test_closing_between_two_pieces_leaves_the_server_at_once_and_no_task_behind():
    async def close(requests: Requests) -> None:
        model = ChatModel(Endpoint(f"{url}/v1", "x", "tiny"), LIMITS)
        async with aclosing(model.stream(MESSAGES, 1000)) as pieces:
            assert await anext(pieces) == "word1 "
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await asyncio.to_thread(requests.wait_until_left)

    with model_server(endpoint.talk_slowly) as (url, requests):
        asyncio.run(close(requests))


class EndlessList(Exchange):
    """A server's list of models that never ends."""

    def do_GET(self) -> None:
        self.begin_stream("application/json")
        self.send_endlessly(b'{"data": [' + b" " * 100_000)


def test_a_list_of_models_without_end_is_told():
    with (
        model_server(endpoint.talk, handler=EndlessList) as (url, _),
        pytest.raises(ModelUnavailableError, match="sent more than a model server does"),
    ):
        probe(url, "x", "tiny")
