"""How hits are shown: to a person what answers, to a program each passage whole. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rag.answering.quoting import rank_quotables
from rag.text.tables import show_rows
from rag.types import Retrieval, ScoredChunk

LONGEST_EXCERPT = 400
"""Characters."""


def make_excerpt(question: str, hit: ScoredChunk, longest: int = LONGEST_EXCERPT) -> list[str]:
    """Lines to show: each row of a table is one, with the table's head above it, and so is each run of other text."""
    text = hit.chunk.text
    ranked = rank_quotables(question, [hit], None)
    unit = ranked[0].quotable.unit if ranked else None
    if unit is None or unit.end <= longest:
        return _fold_lines(_cut(text, longest))
    head = text[slice(*unit.header)] if unit.header else ""
    rest = _cut(text[unit.start :], max(longest - len(head), unit.end - unit.start))
    return [*_fold_lines(head), "…", *_fold_lines(rest)]


def _cut(text: str, longest: int) -> str:
    """The beginning of the text, of which no line of cells is cut off within."""
    if len(text) <= longest:
        return text
    begun = text[:longest]
    above, _, last = begun.rpartition("\n")
    return above if above and ("\t" in last or last.lstrip().startswith("|")) else begun


def _fold_lines(text: str) -> list[str]:
    lines = [line.strip() for line in show_rows(text).splitlines() if line.strip()]
    folded: list[str] = []
    for is_row, group in groupby(lines, key=lambda line: "|" in line):
        run = list(group)
        folded += run if is_row else [" ".join(" ".join(run).split())]
    return folded


def describe_hits(found: Retrieval) -> dict[str, Any]:
    """As `search --json` prints it: the cells of a table's rows between ``|``, as answers quote them."""
    hits = [
        {
            "rank": rank,
            "source": hit.chunk.source,
            "page": hit.chunk.page,
            "section": hit.chunk.section,
            "score": round(hit.score, 4),
            "text": show_rows(hit.chunk.text),
            "chunk_id": hit.stored.id,
        }
        for rank, hit in enumerate(found.hits, start=1)
    ]
    return {
        "question": found.question,
        "mode": found.mode,
        "hits": hits,
        "answerable": found.answerable,
        "verdict": found.verdict,
        "confidence": round(found.confidence, 3),
        "milliseconds": {name: round(value, 2) for name, value in found.milliseconds.items()},
    }
