"""The forms in which servers send an answer, as bytes, and what is read from them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rag.chat.pieces import PieceReader
from rag.chat.server import ServerError

SAID = "It lasts for 36 months [1]."
PARTS = ["It", " lasts", " for 36", " months [1]", "."]


def chunk(text: str | None = None, reason: object = None, **fields: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason, **fields}]}


def events(*values: object, before: str = "", end: str = "\n\n") -> bytes:
    return "".join(f"{before}data: {json.dumps(value)}{end}" for value in values).encode()


CHUNKS = [*map(chunk, PARTS), chunk(reason="stop")]
DONE = b"data: [DONE]\n\n"
SO_FAR = ["".join(PARTS[: number + 1]) for number in range(len(PARTS))]
WHOLE = {"choices": [{"message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}]}


def read(body: bytes, size: int = 0) -> tuple[str, str, str]:
    """Text, thought and reason of a body that comes in parts of `size` bytes."""
    reader = PieceReader()
    pieces = []
    for part in [body[at : at + size] for at in range(0, len(body), size)] if size else [body]:
        pieces += reader.take(part)
    pieces += [] if reader.is_over else reader.take(None)
    reason = next((piece.reason for piece in pieces if piece.reason), "")
    return "".join(piece.text for piece in pieces), "".join(piece.thought for piece in pieces), reason


@pytest.mark.parametrize(
    "body",
    [
        events(*CHUNKS) + DONE,
        events(*CHUNKS, end="\r\n\r\n"),
        events(*CHUNKS, end="\r\r"),
        b"\xef\xbb\xbf" + events(*CHUNKS),
        b"retry: 3000\n\n: ping\n\n" + events({}, None, "", "ping") + b"data: ping\n\ndata:\n\n" + events(*CHUNKS),
        events(*CHUNKS, before="id: 4\nevent: thread.message.delta\n"),
        events(*CHUNKS).replace(b"data: ", b"data: data: "),
        events(*CHUNKS, end="\n") + DONE,
        events(*CHUNKS).replace(b', "', b',\ndata: "'),
        b"\n".join(json.dumps(value).encode() for value in CHUNKS),
        json.dumps(WHOLE).encode(),
        json.dumps([WHOLE], indent=1).encode(),
        events(WHOLE),
        events(*map(chunk, SO_FAR), chunk(SAID, "stop")),
        events(*map(chunk, PARTS), chunk(SAID, "stop")),
        events(*map(chunk, PARTS), WHOLE),
        events(*CHUNKS[:2], chunk("no", index=1), *CHUNKS[2:]),
        events(*({"choices": [{"text": part}]} for part in PARTS)) + DONE,
        events(*({"message": {"content": part}, "done": False} for part in PARTS), {"done": True}),
        events(*(chunk(part, "not finished") for part in PARTS), chunk(reason={"type": "eos_token"})),
        events(*CHUNKS) + b'data: {"choi',
        events({"choices": [], "usage": None}, *CHUNKS, {"choices": None, "usage": {"total_tokens": 3}}),
    ],
)
def test_an_answer_is_read_in_whatever_form_it_comes(body: bytes):
    for size in (0, 1, 7):
        assert read(body, size) == (SAID, "", "stop")


def test_text_is_kept_that_is_cut_within_a_character_or_says_its_beginning_again():
    for said in (["für", " 3 ", "€"], ["1", "100", " m"], ["Yes", ", yes", ", Yes"], ["so ", "so"]):
        assert read(events(*map(chunk, said)) + DONE, 1)[0] == "".join(said)


def test_the_halves_of_a_character_are_joined_and_one_alone_is_none():
    assert (
        read(events(*map(chunk, ["It is \ud83d", "\ude00 \ud83d", " and \ude00."])))[0] == "It is 😀 \ufffd and \ufffd."
    )


def test_thoughts_kept_apart_are_no_text_be_they_repeated_or_not():
    thoughts = ["We", "We look", "We look [2]."]
    body = events(*(chunk(None, delta={"reasoning": thought}) for thought in thoughts), *CHUNKS)
    assert read(body) == (SAID, "We look [2].", "stop")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        *[("stop", "stop"), ("STOP", "stop"), ("eos_token", "stop"), ("end_turn", "stop"), ("weird", "stop")],
        *[("length", "length"), ("MAX_TOKENS", "length"), ("max_output_tokens", "length"), ("model_length", "length")],
        *[("content_filter", "content_filter"), ("SAFETY", "content_filter"), ("function_call", "tool_calls")],
        *[("error", "error"), ("abort", "error"), ("null", ""), ("FINISH_REASON_UNSPECIFIED", ""), (0, "")],
    ],
)
def test_the_reason_of_an_end_is_one_of_five_whatever_a_server_calls_it(given: object, reason: str):
    assert read(events(chunk("Yes.", given))) == ("Yes.", "", reason)


@pytest.mark.parametrize(
    "body",
    [
        events({"error": {"message": "out of memory"}}),
        events({"error": "out of memory"}),
        events({"object": "error", "message": "out of memory"}),
        events(chunk("", "error", error={"message": "out of memory", "code": 502})),
        b"event: error\ndata: out of memory\n\n",
        events("out of memory", before="event: error\n"),
        b"data: out of memory\n\n",
        b'error: {"code": 500, "message": "out of memory"}\n\n',
        b'{"detail": "out of memory"}',
        b"<html>out of memory</html>",
    ],
)
def test_an_error_in_the_place_of_an_answer_is_raised_with_the_servers_words(body: bytes):
    with pytest.raises(ServerError, match="out of memory"):
        read(body)


def test_what_was_written_before_an_error_is_given_first():
    reader = PieceReader()
    (piece,) = reader.take(events(chunk("It lasts"), {"error": "out of memory"}))
    assert piece.text == "It lasts"
    with pytest.raises(ServerError, match="out of memory"):
        reader.take(b"")
