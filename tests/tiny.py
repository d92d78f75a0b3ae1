"""A pipeline that needs no model and no worker processes, where those are not what a test is about."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.pipeline import Pipeline
from ingest.workers.messages import Parsed, ParseJob
from rag.index.index import Index
from rag.ranking.retriever import Retriever
from rag.settings import Settings
from rag.types import MODES, Chunk, Document, Retrieval
from tests.packaged import packaged_tokenizer, spread_of

DIMENSIONS = 8


class TinyEmbedder:
    """A vector made of the text's digest; remembers what it was given."""

    def __init__(self, fingerprint: str = "tiny/1") -> None:
        self.fingerprint = fingerprint
        self.dimensions = DIMENSIONS
        self.max_tokens = 256
        self.texts: list[str] = []
        self.tokenizer = packaged_tokenizer()
        self.spread = spread_of(self.embed_query)

    def embed_query(self, text: str) -> np.ndarray:
        digest = np.frombuffer(hashlib.sha256(text.encode()).digest()[:DIMENSIONS], np.uint8)
        vector = digest.astype(np.float32) - 127.4
        return vector / np.linalg.norm(vector)

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += texts
        return np.stack([self.embed_query(text) for text in texts])


class TinyPipeline(Pipeline):
    """Each paragraph is a chunk, or two of them from a chunk size of 500; a file that begins with ``BAD`` fails."""

    def __init__(self, settings: Settings, embedder: TinyEmbedder | None = None) -> None:
        super().__init__(settings, settings.index_dir / "models")
        self.tiny = embedder or TinyEmbedder()
        self.read: list[str] = []

    def await_embedder(self, must_stop):
        return self.tiny

    def read_known_embedding(self) -> str | None:
        return self.tiny.fingerprint

    def parse(self, jobs: Iterable[ParseJob]) -> Iterator[Parsed]:
        for job in jobs:
            self.read.append(job.source)
            yield self._parse(job)

    def _parse(self, job: ParseJob) -> Parsed:
        header = Document(job.source, (), format="text", loader="tiny/1")
        try:
            data = job.path.read_bytes()
        except OSError as exc:
            return Parsed(job.source, b"", header, error=f"cannot be read ({exc.strerror})", kind="failed")
        sha256 = hashlib.sha256(data).digest()
        if data.startswith(b"BAD"):
            return Parsed(job.source, sha256, header, error="is bad", kind="failed")
        texts = passages(data.decode(), self.settings.chunk_size)
        return Parsed(job.source, sha256, header, [Chunk(job.source, n, text) for n, text in enumerate(texts)])


def passages(text: str, chunk_size: int) -> list[str]:
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    step = 2 if chunk_size >= 500 else 1
    return ["\n\n".join(paragraphs[at : at + step]) for at in range(0, len(paragraphs), step)]


def tiny_pipeline(
    corpus: Path, index: Path, *, chunk_size: int = 220, embedder: TinyEmbedder | None = None
) -> TinyPipeline:
    return TinyPipeline(Settings(corpus_dir=corpus, index_dir=index, chunk_size=chunk_size), embedder)


def settle(corpus: Path) -> None:
    """Wait until the files are old enough for their times to prove that they are unchanged: 0.05 s."""
    newest = max((path.stat().st_ctime_ns for path in corpus.rglob("*")), default=0)
    while time.time_ns() - newest < 60_000_000:
        time.sleep(0.005)


SINGLE_PRECISION = 2e-7
"""By how much a cosine of Chroma's may be off: it subtracts a distance from 1 in single precision. A score counts
cosines in spreads of some hundredths, and so is off by a hundred times as much."""


def answers_of(
    index: Index, questions: Sequence[str], embedder: TinyEmbedder | None = None, *, cosine_error: float = 0.0
) -> list[dict[str, Any]]:
    """All that a question gets from the index, without what may differ between indexes of equal folders."""
    with closing(Retriever(index, lambda name: embedder or TinyEmbedder(), top_k=6)) as retriever:
        found = [retriever.retrieve(question, mode=mode) for question in questions for mode in MODES]
    return [_describe_answer(one, cosine_error) for one in found]


def _describe_answer(found: Retrieval, cosine_error: float) -> dict[str, Any]:
    hits = [
        (hit.chunk, [None if score is None else pytest.approx(score, rel=1e-6, abs=error) for score, error in parts])
        for hit in found.hits
        for parts in [((hit.score, 100 * cosine_error), (hit.dense, cosine_error), (hit.lexical, 0.0))]
    ]
    return {
        "question": (found.question, found.mode),
        "hits": hits,
        "verdict": (found.answerable, pytest.approx(found.confidence, rel=1e-6)),
    }


def chunks_of(index: Index) -> list[tuple[str, int, str]]:
    """(source, ordinal, text) of every live chunk, in order: equal lists for equal folders."""

    found = index.read(lambda snapshot: snapshot.read_chunks(list(snapshot.read_chunk_ids())))
    return sorted((stored.chunk.source, stored.chunk.ordinal, stored.chunk.text) for stored in found.values())


def problems_of(index: Index) -> list[str]:
    """How the views differ from the catalog."""
    with index.writing() as writer:
        return [*writer.notes, *writer.find_problems()]


def found_by_words(index: Index, question: str, limit: int = 1_000) -> set[str]:
    """Sources of the chunks that the lexical search finds."""
    return index.read(
        lambda s: {c.chunk.source for c in s.read_chunks([hit.id for hit in s.search_words(question, limit)]).values()}
    )


def found_by_vector(index: Index, text: str, embedder: TinyEmbedder | None = None) -> set[str]:
    """Sources of the chunks whose embedded text is this."""
    vector = (embedder or TinyEmbedder()).embed_query(text)

    def search(snapshot):
        ids = [id_ for id_, score in snapshot.search_vectors(vector, 20) if score > 0.9999]
        return {stored.chunk.source for stored in snapshot.read_chunks(ids).values() if stored.chunk.embed_text == text}

    return index.read(search)


def flip_bit(path: Path, place: int) -> None:
    """As a failing disk does: size and times stay."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
