"""The protocols by which others publish their figures on known sets, so that ours can stand beside them.

- Pass@k (Anthropic, contextual retrieval): the mean share of the golden documents among the first k; documents with the
  very same text are one.
- Precision, recall and MRR of the first 3 (Anthropic, guide on retrieval). Precision is a share of the documents that
  were found, three or fewer.
- Recall, precision and IoU in characters of 5 passages (Chroma, report on chunking). Precision divides by the
  characters of all the passages, those that two share counted twice; IoU by these and what no passage holds of the
  excerpts. Passages that a model isn't given, since the best one fits far better, don't count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from rag.answering.prompt import keep_close
from rag.evaluation.retrieval import Dataset, Question, RetrieveBy, Span, list_units
from rag.types import Retrieval

PASSAGES = 5
"""How many passages are asked for where characters count."""

_PASSED = (5, 10, 20)
_FIRST = 3


def measure_protocols(dataset: Dataset, found: Sequence[Retrieval], retrieve: RetrieveBy) -> dict[str, float]:
    """The means over the answerable questions; of protocols that fit none of them, nothing.

    `found` are the retrievals of all questions, deep enough for 20 documents; `retrieve` is asked for fewer passages
    where the excerpts are marked.
    """
    pairs = [(q, hits) for q, hits in zip(dataset.questions, found, strict=True) if q.answerable and q.relevant]
    read = cache(lambda source: SourceText(_read_text(dataset, source)))
    marked = [(q, retrieve(q.text, top_k=PASSAGES)) for q, _ in pairs if q.spans]
    return {
        **_average([score_golden(dataset, q, hits) for q, hits in pairs if q.golden]),
        **_average([score_first(dataset, q, hits) for q, hits in pairs]),
        **_average([score_characters(q, hits, read) for q, hits in marked]),
    }


def score_golden(dataset: Dataset, question: Question, found: Retrieval) -> dict[str, float]:
    """Pass@5, @10 and @20."""
    texts = list(dict.fromkeys(_read_text(dataset, source) for source, _ in list_units(found, "source")))
    golden = {_read_text(dataset, source) for source in question.golden}
    return {f"pass@{k}": len(golden & set(texts[:k])) / len(golden) for k in _PASSED}


def score_first(dataset: Dataset, question: Question, found: Retrieval) -> dict[str, float]:
    """Precision@3, recall@3 and MRR@3."""
    first = list_units(found, dataset.unit)[:_FIRST]
    right = [place for place, unit in enumerate(first, 1) if unit in question.relevant]
    return {
        f"precision@{_FIRST}": len(right) / len(first) if first else 0.0,
        f"recall@{_FIRST}": len(right) / len(question.relevant),
        f"mrr@{_FIRST}": 1 / right[0] if right else 0.0,
    }


def score_characters(question: Question, found: Retrieval, read: Callable[[str], SourceText]) -> dict[str, float]:
    """Recall, precision and IoU in characters, and the share of the passages that stand in their file as they are.

    A passage that doesn't, such as one of a PDF, holds none of the excerpt's characters.
    """
    ((source, _),) = question.relevant
    hits = keep_close(found.hits)
    places = [read(hit.chunk.source).find(hit.chunk.text) for hit in hits]
    own = [place for hit, place in zip(hits, places, strict=True) if place and hit.chunk.source == source]
    held = _count(_join(_cut(own, question.spans)))
    wanted = _count(_join(question.spans))
    lengths = [_count([place]) if place else len(hit.chunk.text) for hit, place in zip(hits, places, strict=True)]
    shown = sum(lengths)
    return {
        "character_recall": held / wanted,
        "character_precision": held / shown if shown else 0.0,
        "character_iou": held / (shown + wanted - held),
        "located": sum(place is not None for place in places) / len(places) if places else 1.0,
    }


class SourceText:
    """A file's text, in which passages are found whatever became of the white space."""

    def __init__(self, text: str) -> None:
        self._places = [place for place, character in enumerate(text) if not character.isspace()]
        self._dense = "".join(text.split())

    def find(self, passage: str) -> Span | None:
        """The characters of the file that the passage is; None if it isn't there word for word."""
        dense = "".join(passage.split())
        start = self._dense.find(dense)
        return (self._places[start], self._places[start + len(dense) - 1] + 1) if dense and start >= 0 else None


def _read_text(dataset: Dataset, source: str) -> str:
    """The text of a file, as it is; what isn't UTF-8 is marked as such, so that no passage with it is found."""
    with (dataset.corpus / source).open(encoding="utf-8", errors="replace", newline="") as file:
        return file.read()


def _cut(spans: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """What each of the spans shares with each of the others."""
    shared = [(max(a[0], b[0]), min(a[1], b[1])) for a in spans for b in others]
    return [span for span in shared if span[0] < span[1]]


def _join(spans: Iterable[Span]) -> list[Span]:
    """The same characters as spans that don't overlap, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _count(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def _average(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in rows[0]} if rows else {}
