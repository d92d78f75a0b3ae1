"""What leaving out the passages far behind the best one saves a model's reading, and what it costs.

    uv run python -m bench.close_passages DATASET=INDEX …

A line for each dataset (form: `python -m rag eval --help`) and share of the best score: how many of the questions with
a known place, and with accepted answers, still have one in the passages; how many passages and characters are left.
`_CLOSE` in `rag/answering/prompt.py` is the share in use.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset, Question
from rag.index.index import Index
from rag.settings import Settings
from rag.types import ScoredChunk

_SHARES = (0.0, 0.4, 0.5, 0.55, 0.6, 0.7)


def main(pairs: list[str]) -> None:
    print(f"{'':20}{'share':>6}{'questions':>10}{'found':>8}{'answer':>8}{'passages':>9}{'characters':>11}")
    for dataset, _, index in (pair.partition("=") for pair in pairs):
        asked = _ask(Dataset.load(Path(dataset)), Path(index))
        for share in _SHARES:
            print(f"{Path(dataset).name:20}{share:6}{len(asked):10,}{_describe(asked, share)}")


def _ask(dataset: Dataset, folder: Path) -> list[tuple[Question, Sequence[ScoredChunk]]]:
    with closing(Index(folder)) as index, closing(open_retriever(index, Settings.load())) as retriever:
        held = [question for question in dataset.questions if question.answerable and question.relevant]
        return [(question, retriever.retrieve(question.text).hits) for question in held]


def _describe(asked: Sequence[tuple[Question, Sequence[ScoredChunk]]], share: float) -> str:
    kept = [(q, [hit for hit in hits if hit.score >= share * hits[0].score]) for q, hits in asked]
    found = [any(_is_relevant(hit, q) for hit in hits) for q, hits in kept]
    answered = [any(_holds(hit, q) for hit in hits) for q, hits in kept if q.answers]
    passages = sum(len(hits) for _, hits in kept) / len(kept)
    characters = sum(len(hit.chunk.text) for _, hits in kept for hit in hits) / len(kept)
    answer = f"{sum(answered) / len(answered):8.4f}" if answered else f"{'–':>8}"
    return f"{sum(found) / len(found):8.4f}{answer}{passages:9.2f}{characters:11,.0f}"


def _is_relevant(hit: ScoredChunk, question: Question) -> bool:
    return any(hit.chunk.source == source and page in (None, hit.chunk.page) for source, page in question.relevant)


def _holds(hit: ScoredChunk, question: Question) -> bool:
    return any(_simplify(answer) in _simplify(hit.chunk.text) for answer in question.answers)


def _simplify(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
