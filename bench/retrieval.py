"""Latency and memory of whole retrievals over many chunks: both searches, the second look and the verdict.

    uv run python -m bench.retrieval TEXTS INDEX CHUNKS [QUESTIONS.jsonl]

Makes the index in the folder INDEX unless one of that size is there, then asks. The chunks are made of sentences of the
text files below TEXTS, so that words are as frequent as in real text; the vector of a chunk is the mean of its
sentences', so that a million chunks need only the embedding of some thousand sentences. The index is the product's own
(catalog, Chroma, tantivy), and it is read in a process that did not make it.
"""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.assembly import open_retriever
from rag.index import vectors as vector_store
from rag.index.catalog.records import FileState, NewDocument
from rag.index.index import Index
from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL, Settings
from rag.types import Chunk, Document, Restriction, Retrieval

_PARTS, _RUN = 4, 2  # a chunk is so many runs of so many sentences: some 200 words
_CHUNKS_A_DOCUMENT = 20
_BATCH = 20_000
_WARM_UP = 20
_QUESTIONS = 300


def build(texts: Path, folder: Path, count: int) -> None:
    # Writing Chroma's whole graph file each 2,000 vectors is for a folder that grows slowly.
    vector_store._HNSW["sync_threshold"] = min(count, 100_000)
    embedder = Embedder.open(DEFAULT_EMBED_MODEL, folder / "models")
    runs = _runs(texts)
    vectors = embedder.embed_documents(runs)
    fingerprint = {"embed_model": DEFAULT_EMBED_MODEL}
    with closing(Index(folder)) as index, index.writing() as writer:
        made = writer.open_build(fingerprint, embedder.fingerprint)
        writer.set_model(made, embedder.fingerprint)
        began = time.perf_counter()
        for first in range(0, count, _BATCH):
            made_of: dict[str, list[int]] = {}
            with writer.batch(made) as batch:
                for number in range(first, min(first + _BATCH, count), _CHUNKS_A_DOCUMENT):
                    document = _document(number, runs, made_of)
                    batch.put(_new(document[0].source), ((chunk, None) for chunk in document), None)
                wanted = np.stack([vectors[made_of[text]].mean(0) for text in batch.unembedded.values()])
                batch.put_vectors(wanted / np.linalg.norm(wanted, axis=1, keepdims=True))
            print(f"{first + _BATCH:,} chunks after {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _runs(texts: Path) -> list[str]:
    found: list[str] = []
    for path in sorted(texts.rglob("*.txt")):
        sentences = re.split(r"(?<=[.!?])\s+", path.read_text("utf-8"))
        found += [" ".join(sentences[i : i + _RUN]) for i in range(0, len(sentences), _RUN)]
    return found


def _document(number: int, runs: list[str], made_of: dict[str, list[int]]) -> list[Chunk]:
    rng = random.Random(number)
    source = f"folder{number // _CHUNKS_A_DOCUMENT % 100}/document{number // _CHUNKS_A_DOCUMENT}.txt"
    chunks = []
    for ordinal in range(_CHUNKS_A_DOCUMENT):
        picked = rng.choices(range(len(runs)), k=_PARTS)
        text = " ".join(runs[place] for place in picked)
        made_of[text] = picked
        chunks.append(Chunk(source, ordinal, text))
    return chunks


def _new(source: str) -> NewDocument:
    return NewDocument(Document(source, (), language="en"), FileState(1, 1, 1), source.encode())


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process saw of one index."""

    chunks: int
    disk_mb: float
    first_ms: float
    """The first question, with all that is loaded for it."""
    times: dict[str, list[dict[str, float]]]
    """Milliseconds by part of each question, by the kind of search."""
    peak_mb: float
    """Memory of the process, at most."""


def measure(folder: Path, questions: list[str]) -> Measured:
    settings = Settings(index_dir=folder)
    only = Restriction("folder7")
    with closing(Index(folder)) as index, closing(open_retriever(index, settings)) as retriever:
        status = index.status()
        began = time.perf_counter()
        retriever.retrieve(questions[0])
        first_ms = (time.perf_counter() - began) * 1e3
        kinds: dict[str, Callable[[str], Retrieval]] = {
            "whole retrieval": retriever.retrieve,
            "lexical alone": lambda text: retriever.retrieve(text, mode="lexical"),
            "in 1 % of folders": lambda text: retriever.retrieve(text, only=only),
        }
        times = {name: _ask(questions, retrieve) for name, retrieve in kinds.items()}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return Measured(status.chunks, status.bytes / 1e6, first_ms, times, peak_mb)


def _ask(questions: list[str], retrieve: Callable[[str], Retrieval]) -> list[dict[str, float]]:
    for question in questions[:_WARM_UP]:
        retrieve(question)
    return [dict(retrieve(question).milliseconds) for question in questions[_WARM_UP:]]


def show(measured: Measured) -> None:
    print(f"{measured.chunks:,} chunks, {measured.disk_mb:,.0f} MB on disk")
    print(f"{'first':18} {measured.first_ms:8.0f} ms, all loading included")
    for name, times in measured.times.items():
        parts = "  ".join(f"{part} {np.median([one[part] for one in times]):.1f}" for part in times[0])
        total = [one["total"] for one in times]
        print(f"{name:18} p50 {np.percentile(total, 50):6.2f} ms  p95 {np.percentile(total, 95):6.2f} ms  ({parts})")
    print(f"peak memory {measured.peak_mb:,.0f} MB")


def read_questions(texts: Path, path: Path | None = None) -> list[str]:
    if path is None:
        return [run.split(". ")[0] for run in _runs(texts)][:: max(1, len(_runs(texts)) // _QUESTIONS)]
    rows: Iterator[dict[str, str]] = map(json.loads, path.read_text("utf-8").splitlines())
    return [row["question"] for row in rows][: _QUESTIONS + _WARM_UP]


def make_index(texts: Path, folder: Path, count: int) -> None:
    """In a process of its own, unless there is one."""
    if not (folder / "catalog.sqlite3").is_file():
        code = f"from bench.retrieval import *; build(Path({str(texts)!r}), Path({str(folder)!r}), {count})"
        subprocess.run([sys.executable, "-c", code], check=True)


def main(texts: Path, folder: Path, count: int, questions: Path | None) -> None:
    make_index(texts, folder, count)
    show(measure(folder, read_questions(texts, questions)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]) if len(sys.argv) > 4 else None)
