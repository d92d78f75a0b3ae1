"""What passes between a sync and its worker processes: configuration and jobs in, outcomes and chunks out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.passwords import read_passwords_file
from rag.types import Chunk, Document

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Each is far above what honest files need, and low enough for a small machine."""

    seconds: float = 120.0
    """Time for any file. A 900-page PDF takes 10 s on a free core."""
    seconds_per_megabyte: float = 4.0
    """Time that each megabyte of a file adds: a text of 100 MB takes 50 s on a free core."""
    ocr_seconds: float = 1_800.0
    """Additional time for documents whose pages are being read by OCR."""
    memory_bytes: int = 1_500 * MEGABYTE
    """Memory of a worker. A 100 MB text needs 300 MB; two workers at this limit still fit into a machine with 8 GB."""
    text_bytes: int = 250 * MEGABYTE
    """All text that comes out. The longest novels have 10 MB; archives can expand without end."""
    file_bytes: int = 1_000 * MEGABYTE
    """Size of the file, which is held in memory while it is read."""

    @property
    def memory_reason(self) -> str:
        """The reason for which a file that needs too much memory is given up."""
        return f"reading it needed more than {self.memory_bytes / 1e9:.2g} GB of memory"


@dataclass(frozen=True, slots=True)
class ParseConfig:
    """How to read and split; the same for all files of a sync."""

    model_name: str
    models_dir: Path
    chunk_size: int
    chunk_overlap: int
    max_tokens: int = 256
    """How much of a text the embedding model reads."""
    passwords_file: Path | None = None
    """One password a line, for encrypted files; the file need not exist."""
    ocr_languages: str = ""
    tokenizer_file: Path | None = None
    """A ``tokenizer.json`` in place of the embedding model's own."""
    limits: Limits = Limits()

    def read_passwords(self) -> tuple[str, ...]:
        return read_passwords_file(self.passwords_file) if self.passwords_file else ()


def encode_config(config: ParseConfig) -> str:
    """The configuration as the first line that a worker reads."""
    return json.dumps(asdict(config), default=str) + "\n"


def decode_config(line: str) -> ParseConfig:
    """The configuration from the line that `encode_config` made."""
    raw: dict[str, Any] = json.loads(line)
    for name in ("models_dir", "passwords_file", "tokenizer_file"):
        raw[name] = Path(raw[name]) if raw[name] else None
    return ParseConfig(**{**raw, "limits": Limits(**raw["limits"])})


@dataclass(frozen=True, slots=True)
class ParseJob:
    """A file to be read."""

    source: str
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker says of a file that it was given; it writes the file's chunks elsewhere."""

    document: Document
    """The header alone, without pages."""
    chunks: int = 0
    """How many chunks the worker wrote."""
    error: str | None = None
    """Why the file could not be read; None if it was."""
    kind: str = ""
    """Kind of the failure: ``failed``, ``unsupported``, ``empty`` or ``scanned``; empty if there was none."""
    labels: tuple[tuple[int, str], ...] = ()
    """Page numbers, each with the number printed on the page, where the two differ."""


def encode_outcome(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON's types."""
    return asdict(outcome)


def decode_outcome(raw: dict[str, Any]) -> Outcome:
    """The outcome from what `encode_outcome` made, after it has been JSON."""
    document = Document(**{**raw["document"], "pages": (), "notes": tuple(raw["document"]["notes"])})
    labels = tuple((number, label) for number, label in raw["labels"])
    return Outcome(document, raw["chunks"], raw["error"], raw["kind"], labels)


def encode_chunk(chunk: Chunk) -> str:
    """The chunk as a line; its source is left out, because it is the same for all chunks of a file."""
    fields = (chunk.ordinal, chunk.text, chunk.title, chunk.section, chunk.page, chunk.page_end, chunk.overlap)
    return json.dumps(fields, ensure_ascii=False) + "\n"


def decode_chunk(source: str, line: str) -> Chunk:
    """The chunk from the line that `encode_chunk` made."""
    return Chunk(source, *json.loads(line))


class SpooledChunks:
    """Chunks in a file, read anew by every iteration."""

    def __init__(self, source: str, path: Path, count: int) -> None:
        self._source, self._path, self._count = source, path, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Chunk]:
        with self._path.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield decode_chunk(self._source, line)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file that was read, as the sync takes it, or the reason why it could not be read."""

    source: str
    sha256: bytes
    """Digest of the bytes that were read; empty if the file could not be opened."""
    document: Document
    """The header alone, without pages."""
    chunks: SpooledChunks | list[Chunk] = field(default_factory=list)
    """May be iterated several times, until `close`."""
    labels: dict[int, str] = field(default_factory=dict)
    """Page number → the number printed on the page, where the two differ."""
    error: str | None = None
    """Why the file could not be read; None if it was."""
    kind: str = ""
    """Kind of the failure: ``failed``, ``unsupported``, ``empty`` or ``scanned``; empty if there was none."""
    spool: Path | None = None
    """The file that holds the chunks, where they are many."""

    def close(self) -> None:
        """Delete the spool file, if there is one."""
        if self.spool:
            self.spool.unlink(missing_ok=True)

    def __enter__(self) -> Parsed:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
