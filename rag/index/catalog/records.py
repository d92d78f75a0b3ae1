"""What the catalog tells and is told, as values: its own figures, files, documents, chunks, failures and builds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from rag.types import Chunk, Document

FORMAT = 4
"""Version of the schema. An index of an older one is made anew by the next ingest, one of a newer one is refused."""

_HEADER = ("title", "author", "created", "modified", "language", "format", "page_kind", "loader")


class Meta(StrEnum):
    """Keys of the table `meta`, whose values are whole numbers: what the catalog says of itself."""

    FORMAT = "format"
    """The format again, which the file's head tells too: so a flipped bit there is told from a newer version."""
    IDENTITY = "identity"
    """Random, so that a reader can tell this catalog from the one that was here before it."""
    GENERATION = "generation"
    """Counts the changes of what is live."""
    VECTOR_GENERATION = "vector_generation"
    """Counts the changes of the vectors."""
    SWEEPS = "sweeps"
    """How often a writer began to clear dead chunks out of the views."""
    LIVE_BUILD = "live_build"
    """Id of the build that readers search."""
    UNCLEAN = "unclean"
    """1 while a writer is at work, and after one that did not come to its end."""
    CORPUS_INODE = "corpus_inode"
    """Which folder had the documents when they were last looked at, by its number on its disk."""
    LEXICAL_STAMP = "lexical_stamp"
    """What the lexical index's files looked like when the last writer left them."""
    VECTORS_STAMP = "vectors_stamp"
    """What the vectors' files looked like when they were last changed."""


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
    """What decides what a chunk is: the settings and the versions that it was made with."""
    model_id: int | None = None
    """None until the embedding model has been opened for the first time."""
    embedding: str | None = None
    """The embedding model's own fingerprint; None as long as `model_id` is."""

    def has_vectors_of(self, embedding: str | None) -> bool:
        """Whether its vectors are from the model with this fingerprint; what isn't known yet doesn't differ."""
        return embedding is None or self.model_id is None or self.embedding == embedding


NO_BUILD = Build(0, {})
"""Stands for the live build before there is one: nothing is in it."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A live document, for lists and filters."""

    source: str
    title: str
    language: str
    chunk_count: int
    header: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A live document with what its file tells, for answers about the collection."""

    id: int
    source: str
    title: str
    language: str
    chunk_count: int
    date: str
    """The day of its own date, or of its file's last change."""
    sha256: bytes
    arrived: str
    """The day on which the file was changed or came to where it lies, whichever is later."""


class FileInfo(NamedTuple):  # ten thousand are listed at a time: a dataclass takes four times as long
    """A file of the corpus as a list shows it."""

    source: str
    title: str
    format: str
    page_kind: str
    pages: int | None
    """The last page with text; None where the document has no pages."""
    date: str
    """The document's own date; empty where it has none."""
    mtime_ns: int
    size: int
    passages: int
    sha256: bytes
    reason: str | None
    """Why it could not be indexed; None if it was."""
    kind: str
    """Of a failed one: ``failed``, ``unsupported``, ``empty`` or ``scanned``."""


class FileDigest(NamedTuple):
    """A file of a view as the last writer left it."""

    size: int
    mtime_ns: int
    digest: int


def encode_header(document: Document) -> str:
    """Everything of a document but its pages, as JSON."""
    header: dict[str, Any] = {name: getattr(document, name) for name in _HEADER}
    return json.dumps({**header, "notes": list(document.notes)}, ensure_ascii=False)
