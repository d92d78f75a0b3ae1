"""Changes of one transaction: documents and chunks in, out, or from one path to another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from rag.index.catalog.records import Build, FileState, NewChunk, NewDocument
from rag.index.catalog.writing import CatalogWriter
from rag.index.lexical.entry import LexicalEntry
from rag.index.lexical.index import LexicalIndex
from rag.index.packing import hash_text
from rag.index.writing.lexical import make_entry
from rag.index.writing.vectors import VectorWriter
from rag.types import Chunk

if TYPE_CHECKING:
    import numpy as np

LabelledChunk = tuple[Chunk, str | None]
"""A chunk and its printed page label."""

_PART = 2_000  # chunks taken in at a time


class Batch:
    """Made by `IndexWriter.batch`, which makes its changes live."""

    def __init__(self, db: CatalogWriter, build: Build, lexical: LexicalIndex, vectors: VectorWriter) -> None:
        self.lexical = lexical
        self.changed = False
        self.added = 0
        """Chunks brought in, moved and copied ones included."""
        self.dead_ids: list[int] = []
        self.dead_hashes: list[bytes] = []
        self.unembedded: dict[bytes, str] = {}
        """Texts of this batch that no vector is known for, by their hash."""
        self.until_done = contextlib.ExitStack()
        """What is held until the batch is committed or undone."""
        self._db = db
        self._build = build
        self._vectors = vectors

    def put(self, document: NewDocument, chunks: Iterable[LabelledChunk], replaces: int | None) -> int:
        """Put a document in the place of the one with the id `replaces`; returns its number of chunks."""
        if replaces is not None:
            self.remove(replaces)
        document_id = self._db.put_document(self._build.id, document)
        count = 0
        for part in _split_into_parts(chunks):
            self._put_chunks(document_id, document, part)
            count += len(part)
        self._db.finish_document(document_id, count)
        self.added += count
        self.changed = True
        return count

    def copy(self, document_id: int, source: str, state: FileState, replaces: int | None) -> int:
        """Known content under another path; returns its number of chunks. Nothing is read or embedded."""
        if replaces is not None and replaces != document_id:
            self.remove(replaces)
        new_id = self._db.copy_document(document_id, self._build.id, source, state)
        stored = self._db.read_document_chunks(new_id)
        self.lexical.add(make_entry(chunk) for chunk in stored)
        self._note_unembedded({hash_text(chunk.chunk.embed_text): chunk.chunk.embed_text for chunk in stored})
        self.added += len(stored)
        self.changed = True
        return len(stored)

    def remove(self, document_id: int) -> None:
        ids, hashes = self._db.remove_document(document_id)
        self.dead_ids += ids
        self.dead_hashes += hashes
        self.changed = True

    def set_state(self, document_id: int, state: FileState) -> None:
        """The file was touched, its content is the same."""
        self._db.set_state(document_id, state)

    @property
    def has_model(self) -> bool:
        return self._build.model_id is not None

    def put_vectors(self, vectors: np.ndarray) -> None:
        """Vectors of all `unembedded` texts, in their order: live together with the batch."""
        model_id = self._build.model_id
        assert model_id is not None
        self.until_done.enter_context(self._vectors.store.exclusive())
        self._vectors.add_within_transaction(model_id, list(self.unembedded), vectors)

    def _put_chunks(self, document_id: int, document: NewDocument, part: Sequence[LabelledChunk]) -> None:
        language = document.header.language
        entries, texts = [], {}
        for chunk, label in part:
            hash_ = hash_text(chunk.embed_text)
            chunk_id = self._db.put_chunk(document_id, NewChunk(chunk, label, hash_))
            entries.append(
                LexicalEntry(chunk_id, chunk.source, chunk.ordinal, chunk.title, chunk.section, chunk.text, language)
            )
            texts[hash_] = chunk.embed_text
        self.lexical.add(entries)
        self._note_unembedded(texts)

    def _note_unembedded(self, texts: Mapping[bytes, str]) -> None:
        known = self._db.find_known_hashes(self._build.model_id, list(texts)) if self._build.model_id else set()
        self.unembedded |= {hash_: text for hash_, text in texts.items() if hash_ not in known}


def _split_into_parts(chunks: Iterable[LabelledChunk]) -> Iterator[list[LabelledChunk]]:
    left = iter(chunks)
    while part := list(islice(left, _PART)):
        yield part
