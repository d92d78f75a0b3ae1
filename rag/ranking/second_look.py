"""The best candidates, looked at again: their passages are fetched and what BM25 doesn't see is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.index.lexical.entry import QuestionTerm
from rag.index.lexical.index import LexicalIndex
from rag.ranking.closeness import Closeness, find_occurrences, measure_closeness
from rag.ranking.fusion import Fused
from rag.ranking.passages import Candidate
from rag.ranking.searchable import Searchable

_NO_TERMS = np.empty(0, np.uint32)


@dataclass(frozen=True, slots=True)
class Look:
    """A candidate that was looked at again, with the score that came of it."""

    candidate: Candidate
    closeness: Closeness


def look_again(
    snapshot: Searchable,
    index: LexicalIndex,
    ranking: Sequence[Fused],
    known: Mapping[int, np.ndarray],
    terms: Sequence[QuestionTerm],
    bonus_weight: float,
) -> list[Look]:
    """Best first. `known` are passages that were read before.

    `bonus_weight` is what a unit of BM25 is worth in the ranking's scores.
    """
    places = snapshot.read_places([fused.id for fused in ranking])
    idf = {term.key: term.idf for term in terms}
    passages = _read_passages(index, list(places), known)
    occurrences = find_occurrences(passages, idf)

    def look(fused: Fused) -> Look:
        source, ordinal = places[fused.id]
        found = occurrences.get(fused.id, ())
        closeness = measure_closeness(found, index.read_context(source), idf, is_first=not ordinal)
        score = fused.score + bonus_weight * closeness.bonus
        return Look(Candidate(fused.id, source, score, passages.get(fused.id, _NO_TERMS)), closeness)

    looks = [look(fused) for fused in ranking if fused.id in places]
    return sorted(looks, key=lambda look: -look.candidate.score)


def list_candidates(
    snapshot: Searchable,
    index: LexicalIndex,
    ranking: Sequence[Fused],
    known: Mapping[int, np.ndarray],
    highest_score: float,
) -> list[Candidate]:
    """Without a second look, in the ranking's order; no score is above `highest_score`."""
    places = snapshot.read_places([fused.id for fused in ranking])
    passages = _read_passages(index, list(places), known)
    return [
        Candidate(fused.id, places[fused.id][0], min(fused.score, highest_score), passages.get(fused.id, _NO_TERMS))
        for fused in ranking
        if fused.id in places
    ]


def _read_passages(index: LexicalIndex, ids: Sequence[int], known: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
    read = index.read_passages([id_ for id_ in ids if id_ not in known])
    return {id_: known[id_] if id_ in known else read[id_] for id_ in ids if id_ in known or id_ in read}
