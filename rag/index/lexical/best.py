"""The best chunks for a question's terms, the same for equal folders whatever the index has been through.

Tantivy proposes, by statistics that count deleted chunks and an average length that its merges estimate. The scores are
computed anew from what is live, where that can make a difference; and as far as the two can differ, more chunks are
looked at than are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.index.lexical.entry import LexicalHit, QuestionTerm
from rag.index.lexical.scoring import Bm25
from rag.index.lexical.state import CommittedState, ScoredAddress
from rag.types import Restriction

if TYPE_CHECKING:
    import numpy as np

_SLACK = 28
"""Chunks beyond those wanted that tantivy is asked for at first."""

_READ = 30
"""Chunks that are read in any case: as many as are looked at again."""

_FEW_TERMS = 12
_PRECISION = 5e-7
"""Share by which tantivy's score for so few terms is less wrong, if its statistics are right."""

_ROUNDING = 1e-4
"""Share by which tantivy's scores, in single precision, and the average length solved from them are less wrong."""


def find_best(
    state: CommittedState, terms: Sequence[QuestionTerm], only: Restriction | None, limit: int
) -> list[LexicalHit]:
    """Best first; what is equal is ordered by `LexicalEntry.tie_break`."""
    boosts = state.compute_boosts(terms)
    query = state.make_query(zip((term.text for term in terms), boosts, strict=True), only)
    scorer = _Scorer(state, terms)
    depth = limit + _SLACK
    while True:
        proposed = state.search(query, depth)
        scores = scorer.score_contenders(proposed, limit)
        if len(proposed) < depth or len(scores) < len(proposed):
            return scorer.rank(proposed, scores)[:limit]
        depth *= 4


def _find_distinct(proposed: Sequence[ScoredAddress]) -> set[float]:
    """The scores that are like no other: what is nearly equal may tie, which single precision doesn't tell."""
    scores = [score for score, _ in proposed]
    gap = 1 - 4 * _PRECISION
    is_apart = [True, *(after < gap * before for before, after in pairwise(scores)), True]
    return {score for score, sides in zip(scores, pairwise(is_apart), strict=False) if all(sides)}


class _Scorer:
    """Scores proposed chunks anew. What tantivy scores alike has the same terms as often, and is read only once."""

    def __init__(self, state: CommittedState, terms: Sequence[QuestionTerm]) -> None:
        import numpy as np

        self._state = state
        keys = np.array([term.key for term in terms], np.uint32)
        self._bm25 = Bm25(keys, [term.idf for term in terms], state.average_length)
        self._scores: dict[float, float] = {}
        self._passages: dict[tuple[int, int], np.ndarray] = {}

    def score_contenders(self, proposed: Sequence[ScoredAddress], limit: int) -> list[float]:
        """The scores of as many of the proposed, from the first on, as can be among the best."""
        alone = _find_distinct(proposed)
        scores = self._score(proposed[:limit], alone)
        if len(proposed) <= limit:
            return scores
        least = min(scores) / self._bound_ratio()
        return scores + self._score([hit for hit in proposed[limit:] if hit[0] >= least], alone)

    def rank(self, proposed: Sequence[ScoredAddress], scores: Sequence[float]) -> list[LexicalHit]:
        addresses = [address for _, address in proposed[: len(scores)]]
        ids = self._state.read_column("id", addresses)
        breaks = self._state.read_column("tie_break", addresses)
        passages = [self._passages.get((address.segment_ord, address.doc)) for address in addresses]
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], breaks[place]))
        return [LexicalHit(ids[place], scores[place], passages[place]) for place in order]

    def _score(self, proposed: Sequence[ScoredAddress], alone: set[float]) -> list[float]:
        """What is like no other keeps tantivy's score if that is right; `alone` are these scores."""
        self._read(proposed[:_READ])
        rest = proposed[_READ:]
        if rest and self._is_tantivy_right():
            kept = alone & {score for score, _ in rest} - self._scores.keys()
            self._scores |= dict(zip(kept, kept, strict=True))
        self._read(rest)
        return [self._scores[score] for score, _ in proposed]

    def _is_tantivy_right(self) -> bool:
        """Whether its scores are those of the live chunks, as far as single precision goes."""
        if len(self._bm25.idf) > _FEW_TERMS:
            return False  # too long a sum of rounded numbers
        return all(abs(theirs - ours) <= _PRECISION * ours for theirs, ours in self._scores.items())

    def _read(self, proposed: Sequence[ScoredAddress]) -> None:
        unread = {score: address for score, address in reversed(proposed) if score not in self._scores}
        if unread:
            read = [self._state.read_keys(address) for address in unread.values()]
            scores = self._bm25.score([found_by for _, found_by in read]).tolist()
            self._scores |= dict(zip(unread, scores, strict=True))
            places = ((address.segment_ord, address.doc) for address in unread.values())
            self._passages |= {place: passage for place, (passage, _) in zip(places, read, strict=True)}
            self._solve_average(list(unread), [found_by for _, found_by in read])

    def _solve_average(self, scores: Sequence[float], passages: Sequence[np.ndarray]) -> None:
        """Tantivy doesn't tell its average length, but its scores do; that of the longest chunk the most exactly."""
        if self._state.tantivy_average is None:
            longest = max(range(len(scores)), key=lambda place: len(passages[place]))
            self._state.tantivy_average = self._bm25.solve_average_length(passages[longest], scores[longest])

    def _bound_ratio(self) -> float:
        """How many times its proposed score a chunk's score can be."""
        theirs = self._state.tantivy_average or self._bm25.average_length
        return max(1.0, self._bm25.average_length / theirs) * (1 + _ROUNDING)
