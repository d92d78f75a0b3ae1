"""What passes between a sync and its workers arrives as it was sent."""

from __future__ import annotations

import json
from pathlib import Path

from ingest.workers.messages import (
    Limits,
    Outcome,
    ParseConfig,
    decode_chunk,
    decode_config,
    decode_outcome,
    encode_chunk,
    encode_config,
    encode_outcome,
)
from rag.types import Chunk, Document


def test_a_configuration_arrives_as_it_was_sent():
    config = ParseConfig(
        "model", Path("models"), 60, 12, passwords_file=Path("index", "passwords.txt"), limits=Limits(seconds=0.5)
    )
    assert decode_config(encode_config(config)) == config


def test_an_outcome_arrives_as_it_was_sent():
    document = Document("a b.pdf", (), title="Über “uns”", page_kind="page", notes=("1 of 3 pages has no text",))
    outcomes = [
        Outcome(document, 3, labels=((1, "i"), (2, "ii"))),
        Outcome(Document("a", ()), error="it has vanished", kind="failed"),
    ]
    assert [decode_outcome(json.loads(json.dumps(encode_outcome(one)))) for one in outcomes] == outcomes


def test_a_chunk_arrives_as_it_was_sent_in_one_line():
    chunk = Chunk("a b.md", 3, "Text\nwith “signs” \u2028 and 🙂", "Title", "A > B", 4, 5, 2)
    line = encode_chunk(chunk)
    assert line.count("\n") == 1
    assert decode_chunk("a b.md", line) == chunk
