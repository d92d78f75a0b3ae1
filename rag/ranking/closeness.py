"""A second look at the best candidates: what BM25 doesn't see, from their text and their document. Pure.

A term that the passage lacks counts as if it were there when the document's name or first lines have it: page 30 of a
filing doesn't repeat the company and the quarter. And terms that stand close together count more than strewn ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.index.lexical.entry import DocumentContext

# Tuned together on SQuAD, JaQuAD and 10-Q filings (the table is in `bench/RESULTS.md`). An occurrence in the text
# itself counts 1.57 times the idf.
_NAME_WEIGHT = 2.2
_OPENING_WEIGHT = 1.6
_WINDOW_WEIGHT = 0.3
_WINDOW_TERMS = 15

_NOT_YET_COUNTED = 1 - 1.57 / _NAME_WEIGHT
"""Of the name of a first passage: its BM25 has seen the name as part of the text."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """How a passage stands to the question, each a sum of the idf of question terms."""

    present: float
    """Of those in the passage."""
    window: float
    """Of those in the best stretch of 15 terms."""
    name: float
    """Of those only in the document's name or title."""
    opening: float
    """Of those only in the document's first lines."""

    @property
    def bonus(self) -> float:
        """In units of BM25."""
        return _NAME_WEIGHT * self.name + _OPENING_WEIGHT * self.opening + _WINDOW_WEIGHT * self.window


def find_occurrences(passages: Mapping[int, np.ndarray], keys: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
    """Where terms with these keys stand: for each passage (position, key), in order. Passages without any are left out.

    `passages` are the keys of each passage's terms in order. All are gone through at once, which takes a tenth of the
    time.
    """
    wanted = np.sort(np.fromiter(keys, np.uint32))
    if not passages or not len(wanted):
        return {}
    terms = np.concatenate(list(passages.values()))
    nearest = wanted[np.minimum(np.searchsorted(wanted, terms), len(wanted) - 1)]
    ends = np.cumsum([len(passage) for passage in passages.values()])
    at = np.flatnonzero(nearest == terms)
    passage_of = np.searchsorted(ends, at, "right")
    starts = np.concatenate(([0], ends[:-1]))
    ids = list(passages)
    found: dict[int, list[tuple[int, int]]] = {}
    rows = zip(passage_of.tolist(), (at - starts[passage_of]).tolist(), terms[at].tolist(), strict=True)
    for passage, place, key in rows:
        found.setdefault(ids[passage], []).append((place, key))
    return found


def measure_closeness(
    places: Sequence[tuple[int, int]], context: DocumentContext, idf: Mapping[int, float], *, is_first: bool
) -> Closeness:
    """`places` are (position, key) of the question's terms in the passage, in order; `idf` is by key.

    `is_first` if it is the document's first passage, with which the name is indexed.
    """
    present = {key for _, key in places}
    missing = idf.keys() - present
    named = missing & context.name
    opened = (missing - named) & context.opening
    return Closeness(
        present=sum(idf[key] for key in present),
        window=_find_best_window(places, idf),
        name=sum(idf[key] for key in named) * (_NOT_YET_COUNTED if is_first else 1.0),
        opening=sum(idf[key] for key in opened),
    )


def _find_best_window(places: Sequence[tuple[int, int]], idf: Mapping[int, float]) -> float:
    """The greatest sum of the idf of different terms in a stretch."""
    best = total = 0.0
    counts: dict[int, int] = {}
    first = 0
    for place, term in places:
        counts[term] = counts.get(term, 0) + 1
        total += idf[term] if counts[term] == 1 else 0.0
        while places[first][0] <= place - _WINDOW_TERMS:
            gone = places[first][1]
            counts[gone] -= 1
            total -= idf[gone] if counts[gone] == 0 else 0.0
            first += 1
        best = max(best, total)
    return best
