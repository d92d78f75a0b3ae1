"""The order that a reranking model gives to the best candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.ranking.passages import Candidate
from rag.ranking.searchable import Searchable

Rerank = Callable[[str, Sequence[str]], "list[float] | None"]
"""From a question and passages to scores in their order, higher is better; None if the first order stands."""

_RERANKED = 20
"""Candidates given to the model: it takes about 13 ms for each on two processors, if it has 6 layers."""


def rerank_candidates(
    snapshot: Searchable, question: str, candidates: list[Candidate], rerank: Rerank | None
) -> list[Candidate]:
    """The first candidates in their new order, the others after them.

    The new order takes over the scores of the old one: those of a reranking model have a scale of their own, and the
    other candidates have none.
    """
    first, rest = candidates[:_RERANKED], candidates[_RERANKED:]
    if rerank is None:
        return candidates
    stored = snapshot.read_chunks([candidate.id for candidate in first])
    relevance = rerank(question, [stored[candidate.id].chunk.embed_text for candidate in first])
    if relevance is None:
        return candidates
    order = sorted(range(len(first)), key=lambda place: -relevance[place])
    return [replace(first[place], score=old.score) for place, old in zip(order, first, strict=True)] + rest
