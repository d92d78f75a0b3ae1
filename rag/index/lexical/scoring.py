"""BM25 as tantivy computes it, but of the statistics that it is given, and in double precision. Pure.

Tantivy's statistics count chunks that are deleted and not yet merged away, and its sums depend on the order of the
segments, so equal folders would get unequal scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

REPEATS = 3
"""How often each term is indexed. Tantivy's BM25 has k1 = 1.2 built in; three times the frequency makes it .4, because
in chunks of some 200 words a term's second occurrence tells little. Tuned on three sets (see `bench/RESULTS.md`)."""

_K1, _B = 1.2, 0.75  # tantivy's
_EXACT_LENGTHS = 24  # tantivy keeps a length in a byte: these as they are, and with the next 16 to the last digit
_SOLVING_STEPS = 60
_LAST_BITS = 0xFFF


@dataclass(frozen=True, slots=True)
class Bm25:
    """For one question."""

    keys: np.ndarray
    """Those of its terms, in its order."""
    idf: Sequence[float]
    average_length: float
    """Terms of a chunk, with their repeats."""

    def score(self, passages: Sequence[np.ndarray]) -> np.ndarray:
        """Of passages given as the keys of all their indexed terms. The sum's order is that of the question's terms."""
        lengths = np.array([len(passage) for passage in passages])
        norm = _K1 * (1 - _B + _B * _round_lengths(lengths * REPEATS) / self.average_length)
        scores = np.zeros(len(passages))
        for idf, count in zip(self.idf, self._count_terms(passages, lengths).T, strict=True):
            frequency = count * float(REPEATS)
            scores += idf * (_K1 + 1) * frequency / (frequency + norm)
        return scores

    def solve_average_length(self, passage: np.ndarray, score: float) -> float:
        """The average length with which the passage gets this score."""
        low, high = self.average_length / 1e3, self.average_length * 1e3
        for _ in range(_SOLVING_STEPS):
            middle = (low * high) ** 0.5
            is_low = bool(replace(self, average_length=middle).score([passage])[0] < score)
            low, high = (middle, high) if is_low else (low, middle)
        return float((low * high) ** 0.5)

    def _count_terms(self, passages: Sequence[np.ndarray], lengths: np.ndarray) -> np.ndarray:
        """Occurrences by passage and term."""
        width = len(self.keys)
        terms = np.concatenate(passages)
        # Nearly all terms are others, and a look at their last bits tells it five times as fast.
        is_likely = np.zeros(_LAST_BITS + 1, bool)
        is_likely[self.keys & _LAST_BITS] = True
        likely = np.flatnonzero(is_likely[terms & _LAST_BITS])
        at, slots = np.nonzero(terms[likely, None] == self.keys)
        rows = np.searchsorted(np.cumsum(lengths), likely[at], "right")
        counts = np.bincount(rows * width + slots, minlength=len(passages) * width)
        return counts.reshape(len(passages), width)


def _round_lengths(lengths: np.ndarray) -> np.ndarray:
    """Down to what fits into tantivy's byte: beyond 40 to four binary digits."""
    over = np.maximum(lengths - _EXACT_LENGTHS, 0)
    shift = np.maximum(np.frexp(over)[1] - 4, 0)
    return np.where(lengths < _EXACT_LENGTHS, lengths, _EXACT_LENGTHS + ((over >> shift) << shift))
