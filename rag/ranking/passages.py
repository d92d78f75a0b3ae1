"""From a ranking of chunks to the passages that are shown: each text once, and no document alone if others are close.

Pure. Two passages are the same if they share nearly all their words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rag.types import Chunk, ScoredChunk

_SAME_SHARE = 0.9
"""Share of the words of two passages that both must have to count as one text; a reprint with another date or page
number stays above."""

_CROWDED_SHARE = 0.5
"""Share of the places that one document may take before passages of others that are nearly as good come first."""

_CROWDED_WORTH = 0.8
"""The share of its score that a further passage of such a document is worth."""


@dataclass(frozen=True)
class Candidate:
    """A ranked chunk and the keys of its terms."""

    id: int
    source: str
    score: float
    keys: np.ndarray
    worth: float | None = None
    """What the sum of all that was read of it comes to; None where that is the score."""

    @cached_property
    def terms(self) -> frozenset[int]:
        """The keys without repeats; they are made when the candidate is compared, which hardly any of a ranking is."""
        return frozenset(self.keys.tolist())


def choose(ranking: Sequence[Candidate], top_k: int, diversity: float = 0.0) -> list[Candidate]:
    """The best `top_k`, best first, each with the score that it has beside those before it.

    `diversity`, 0…1, is what likeness to a passage already chosen costs, as a share of the best score (maximal
    marginal relevance); 0 leaves out only repetitions.
    """
    chosen: list[Candidate] = []
    waiting = list(ranking)
    while waiting and len(chosen) < top_k:
        worth = _weigh(waiting, chosen, top_k, diversity)
        place = worth.index(max(worth))
        best = waiting.pop(place)
        if not any(_compute_likeness(best, other, _SAME_SHARE) > _SAME_SHARE for other in chosen):
            chosen.append(replace(best, score=worth[place]))
    return chosen


def find_reprints(ranking: Sequence[Candidate], chosen: Sequence[Candidate], most: int) -> list[Candidate]:
    """The best of those that were left out as repetitions of a chosen one, but aren't its copies to the letter.

    Another version of a document may differ in no more than a number.
    """
    taken = {candidate.id for candidate in chosen}
    found: list[Candidate] = []
    for one in ranking:
        if len(found) == most:
            break
        if one.id not in taken and _is_reprint(one, chosen):
            found.append(one)
    return found


def _is_reprint(one: Candidate, chosen: Sequence[Candidate]) -> bool:
    likeness = [_compute_likeness(one, other, _SAME_SHARE) for other in chosen if other.source != one.source]
    return _SAME_SHARE < max(likeness, default=0.0) < 1.0


def _weigh(waiting: Sequence[Candidate], chosen: Sequence[Candidate], top_k: int, diversity: float) -> list[float]:
    """What each that waits is worth now; it only gets less while others are chosen."""
    if diversity and chosen:
        cost = diversity * max(0.0, chosen[0].score)
        return [c.score - cost * max(_compute_likeness(c, other) for other in chosen) for c in waiting]
    taken = Counter(candidate.source for candidate in chosen)
    limit = max(1, round(top_k * _CROWDED_SHARE))
    return [min(c.score, c.score * _CROWDED_WORTH) if taken[c.source] >= limit else c.score for c in waiting]


def _compute_likeness(one: Candidate, other: Candidate, least: float = 0.0) -> float:
    """The share of the terms of both that the two passages have in common, 0…1; 0 if it can't be above `least`."""
    small, large = sorted((len(one.terms), len(other.terms)))
    if small <= least * large:
        return 0.0
    shared = len(one.terms & other.terms)
    return shared / (small + large - shared)


def merge_neighbours(hits: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Passages that follow one another on a page become one, in the place and with the scores of the best of them."""
    runs: list[list[tuple[int, ScoredChunk]]] = []
    for rank, hit in sorted(
        enumerate(hits), key=lambda ranked: (ranked[1].stored.chunk.source, ranked[1].stored.chunk.ordinal)
    ):
        if runs and _follows(runs[-1][-1][1].stored.chunk, hit.stored.chunk):
            runs[-1].append((rank, hit))
        else:
            runs.append([(rank, hit)])
    return [_join_run(run) for run in sorted(runs, key=lambda run: min(rank for rank, _ in run))]


def _follows(first: Chunk, second: Chunk) -> bool:
    """Whether the second chunk goes on where the first ends, on the same page and in the same section."""
    first_place, second_place = ((c.source, c.page, c.section) for c in (first, second))
    return first_place == second_place and second.ordinal == first.ordinal + 1


def _join_run(run: Sequence[tuple[int, ScoredChunk]]) -> ScoredChunk:
    _, best = min(run, key=lambda ranked: ranked[0])
    if len(run) == 1:
        return best
    first = run[0][1].stored
    text = first.chunk.text
    for _, hit in run[1:]:
        text += _find_gap(text, hit.chunk) + hit.chunk.text[hit.chunk.overlap :]
    return replace(best, stored=replace(first, chunk=replace(first.chunk, text=text)))


def _find_gap(before: str, chunk: Chunk) -> str:
    """What stood between a text and what the chunk adds to it: the end of the part that it repeats."""
    if not chunk.overlap:
        return "\n"
    repeated = chunk.text[: chunk.overlap]
    return "" if before != before.rstrip() else repeated[len(repeated.rstrip()) :]
