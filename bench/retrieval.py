"""Latency and memory of the lexical half of a retrieval over many chunks of natural text.

    uv run python bench/retrieval.py FOLDER CHUNKS [QUESTIONS.jsonl]

Chunks are made of random sentences of the text files in FOLDER, so that words are as frequent as in real text. The
dense search is left out: its cost is Chroma's, and `python -m rag eval` measures a whole retrieval on a real index.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rag.lexical_index import LexicalEntry, LexicalIndex, Restriction
from rag.retriever import Retriever
from rag.types import Chunk, StoredChunk

_SENTENCES = 8  # of a chunk; some 200 words


class ManyChunks:
    """An index without vectors, its texts in memory."""

    embed_model = None
    vector_count = 0
    models_dir = Path()

    def __init__(self, folder: Path, sentences: list[str], count: int) -> None:
        self.lexical_index = LexicalIndex(folder)
        self.chunk_count = count
        self.texts: list[str] = []
        self.lexical_index.add(self._entries(sentences, count))
        self.lexical_index.commit()

    def _entries(self, sentences: list[str], count: int) -> Iterator[LexicalEntry]:
        rng = random.Random(0)
        for number in range(count):
            self.texts.append(" ".join(rng.choices(sentences, k=_SENTENCES)))
            yield LexicalEntry(number, _source(number), "", "", self.texts[-1])

    def read(self, fn):  # noqa: ANN001, ANN201
        return fn(self)

    def lexical(self, question: str, limit: int) -> list[tuple[int, float]]:
        return self.lexical_index.search(question, limit)

    def chunks(self, ids: list[int]) -> dict[int, StoredChunk]:
        return {id_: StoredChunk(id_, Chunk(_source(id_), id_ % 20, self.texts[id_])) for id_ in ids}


def _source(number: int) -> str:
    return f"folder{number % 100}/document{number // 20}.txt"


def main(folder: str, count: int, questions: str | None) -> None:
    text = " ".join(path.read_text("utf-8") for path in sorted(Path(folder).rglob("*.txt")))
    sentences = re.split(r"(?<=[.!?])\s+", text)
    lines = Path(questions).read_text("utf-8").splitlines() if questions else []
    asked = [json.loads(line)["question"] for line in lines[:300]] or sentences[::97][:300]
    with tempfile.TemporaryDirectory() as temporary:
        began = time.perf_counter()
        index = ManyChunks(Path(temporary), sentences, count)
        built = time.perf_counter() - began
        size = sum(path.stat().st_size for path in Path(temporary).iterdir())
        megabytes = sum(map(len, index.texts)) / 1e6
        print(f"{count:,} chunks of {megabytes:,.0f} MB of text in {built:.1f} s, {size / 1e6:,.0f} MB of index")
        _print_times("search alone", asked, lambda question: index.lexical(question, 100))
        folder_only = Restriction("folder7")
        _print_times("in one folder", asked, lambda question: index.lexical_index.search(question, 100, folder_only))
        retriever = Retriever(index, lambda: None, top_k=6)
        _print_times("whole retrieval", asked, lambda question: retriever.retrieve(question, mode="lexical"))
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB, texts included")


def _print_times(name: str, questions: list[str], ask) -> None:  # noqa: ANN001
    ask(questions[0])
    taken = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        taken.append((time.perf_counter() - began) * 1e3)
    print(f"{name:16} p50 {np.percentile(taken, 50):6.2f} ms  p95 {np.percentile(taken, 95):6.2f} ms")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
