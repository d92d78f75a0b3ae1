"""A file that was read, as the sync takes it: its header and its chunks, in memory or in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.types import Chunk, Document


@dataclass(frozen=True, slots=True)
class ParseJob:
    source: str
    path: Path


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
    """A file that was read, or why it was not."""

    source: str
    sha256: bytes
    """Of the bytes that were read; empty if the file could not be opened."""
    document: Document
    """Without pages."""
    chunks: SpooledChunks | list[Chunk] = field(default_factory=list)
    """May be iterated several times, until `close`."""
    labels: dict[int, str] = field(default_factory=dict)
    """Page number → the number printed on it, where it differs."""
    error: str | None = None
    kind: str = ""
    """Of a failure: ``failed``, ``unsupported``, ``empty``, ``scanned``."""
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


def encode_chunk(chunk: Chunk) -> str:
    """A chunk as a line; its source is left out, because it is the same for all chunks of a file."""
    fields = (chunk.ordinal, chunk.text, chunk.title, chunk.section, chunk.page, chunk.page_end, chunk.overlap)
    return json.dumps(fields, ensure_ascii=False) + "\n"


def decode_chunk(source: str, line: str) -> Chunk:
    """The chunk from such a line."""
    return Chunk(source, *json.loads(line))
