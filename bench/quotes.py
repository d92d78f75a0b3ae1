"""How often the quotes hold an accepted answer, and how long they are.

    RAG_INDEX_DIR=FOLDER uv run python -m bench.quotes DATASET [DATASET…]

A DATASET is a folder with corpus/ and questions.jsonl, as `python -m rag eval --help` tells; `lang` and `kind` of a
question, if it has them, give it to a line of the second table. Each corpus is indexed below FOLDER, once. Asked are
the questions that have accepted answers, 400 of a set at most, spread over it. The columns:

- held: the share of the questions of which the quotes hold an accepted answer, without regard to case, punctuation and
  space. "passages" is the same of all hits, the most that quotes of them can reach.
- words: median and mean; markers don't count, two characters of Chinese, Japanese, Korean or Thai count as one.
- ms: median and 95th percentile of the time for the quotes alone, the embedding of their sentences included.

Quotes are made by the words alone, and with the embedding model's help.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rag.answering.quotable import count_words
from rag.answering.quoting import Quotes, quote_answer
from rag.assembly import open_retriever
from rag.evaluation.answers import score_answer
from rag.evaluation.retrieval import Dataset, Question, build_index
from rag.index.index import Index
from rag.settings import Settings

_MOST_QUESTIONS = 400
_WAYS = ("words", "words and vectors")


@dataclass(frozen=True, slots=True)
class Measured:
    """The quotes of one question."""

    way: str
    tags: tuple[str, ...]
    is_held: bool
    is_found: bool
    words: float
    milliseconds: float


def measure(folder: Path) -> list[Measured]:
    """Each question of the dataset, once for each way."""
    dataset, tags = Dataset.load(folder), _read_tags(folder)
    settings = Settings.load(corpus_dir=dataset.corpus)
    asked = [question for question in dataset.questions if question.answerable and question.answers]
    count = min(len(asked), _MOST_QUESTIONS)
    found: list[Measured] = []
    with (
        closing(Index(build_index(dataset, settings))) as index,
        closing(open_retriever(index, settings)) as retriever,
    ):
        for question in (asked[place * len(asked) // count] for place in range(count)):
            hits = retriever.retrieve(question.text).hits
            is_found = _holds("\n".join(hit.chunk.text for hit in hits), question)
            for way, compare in zip(_WAYS, (None, retriever.compare_sentences), strict=True):
                began = time.perf_counter()
                quotes = quote_answer(question.text, hits, compare=compare)
                milliseconds = (time.perf_counter() - began) * 1e3
                words = count_words(_remove_markers(quotes))
                is_held = _holds(quotes.text, question)
                found.append(Measured(way, tags.get(question.text, ()), is_held, is_found, words, milliseconds))
    return found


def _read_tags(folder: Path) -> dict[str, tuple[str, ...]]:
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines() if line.strip()]
    return {row["question"]: tuple(row[name] for name in ("lang", "kind") if row.get(name)) for row in rows}


def _holds(text: str, question: Question) -> bool:
    return score_answer(text, (), question, "source").contains == 1.0


def _remove_markers(quotes: Quotes) -> str:
    text = quotes.text
    for marker in reversed(quotes.markers):
        text = text[:marker] + text[text.index("]", marker) + 1 :]
    return text


def print_table(measured: Sequence[Measured], name: Callable[[Measured], Iterable[str]]) -> None:
    """A line for each name that `name` gives to what was measured."""
    lines: defaultdict[str, list[Measured]] = defaultdict(list)
    for one in measured:
        for line in name(one):
            lines[line].append(one)
    print("\n| | questions | held | passages | words | ms |\n| --- | --- | --- | --- | --- | --- |")
    for line in sorted(lines):
        mine = lines[line]
        held, passages = (
            statistics.mean(flags) for flags in zip(*((m.is_held, m.is_found) for m in mine), strict=True)
        )
        words, times = [one.words for one in mine], sorted(one.milliseconds for one in mine)
        spread = f"{statistics.median(times):.0f} / {times[int(0.95 * (len(times) - 1))]:.0f}"
        length = f"{statistics.median(words):.0f} / {statistics.mean(words):.0f}"
        print(f"| {line} | {len(mine)} | {held:.3f} | {passages:.3f} | {length} | {spread} |")


def main(folders: Sequence[Path]) -> None:
    every = [one for folder in folders for one in measure(folder)]
    print_table(every, lambda one: [one.way])
    print_table([one for one in every if one.way == _WAYS[1]], lambda one: one.tags)


if __name__ == "__main__":
    main([Path(folder) for folder in sys.argv[1:]])
