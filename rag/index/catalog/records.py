"""What the catalog tells and is told, as values: files, documents, chunks, failures and builds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rag.types import Chunk, Document

_HEADER = ("title", "author", "created", "modified", "language", "format", "page_kind", "loader")


class FileState(NamedTuple):  # made for every file at every sync: a dataclass takes four times as long
    """What the file system says of a file; equal states mean equal content (see `ingest.plan` for the exceptions)."""

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def make_unknown(cls) -> FileState:
        """A state that no file has, so that the file is looked at again."""
        return cls(-1, -1, -1)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A corpus file as the catalog knows it."""

    document_id: int
    state: FileState
    sha256: bytes
    loader: str
    chunk_count: int
    reason: str | None
    """Why it could not be indexed; None if it was."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document on its way in. A failed one has a `reason` and no chunks."""

    header: Document
    state: FileState
    sha256: bytes
    reason: str | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk on its way in, with its printed page label and the hash of the text that is embedded for it."""

    chunk: Chunk
    label: str | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, and why."""

    source: str
    reason: str
    kind: str
    since: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Build:
    """One whole index of the folder, made under one fingerprint."""

    id: int
    fingerprint: Mapping[str, Any]
    model_id: int | None
    """None until the embedding model has been opened for the first time."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A live document, for lists and filters."""

    source: str
    title: str
    language: str
    chunk_count: int
    header: Mapping[str, Any] = field(default_factory=dict)


class FileDigest(NamedTuple):
    """A file of a view as the last writer left it."""

    size: int
    mtime_ns: int
    digest: int


def encode_header(document: Document) -> str:
    """Everything of a document but its pages, as JSON."""
    header: dict[str, Any] = {name: getattr(document, name) for name in _HEADER}
    return json.dumps({**header, "notes": list(document.notes)}, ensure_ascii=False)
