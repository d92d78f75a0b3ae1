"""One question on one snapshot of the index: both searches, fused, and the best candidates looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import IndexUnusableError
from rag.index.lexical.entry import QuestionTerm
from rag.index.lexical.index import LexicalIndex
from rag.ranking.fusion import Fused, find_ties, fuse, make_scale, rank
from rag.ranking.passages import Candidate, choose, merge_neighbours
from rag.ranking.question import AskedQuestion
from rag.ranking.reranking import Rerank, rerank_candidates
from rag.ranking.searchable import Searchable
from rag.ranking.second_look import list_candidates, look_again
from rag.ranking.signals import Evidence, Signals, measure_signals
from rag.types import Restriction, ScoredChunk, StoredChunk

_DEPTH = 100
"""Candidates of each search; tuned on SQuAD (the table is in `bench/RESULTS.md`)."""

_SECOND_LOOK = 30
"""Candidates that are looked at again; tuned on 36 sets (the table is in `bench/RESULTS.md`)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller wants of the ranking."""

    top_k: int
    only: Restriction | None = None
    diversity: float = 0.0
    rerank: Rerank | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and what the verdict rests on; empty for an empty index."""

    hits: tuple[ScoredChunk, ...] = ()
    signals: Signals | None = None
    best: StoredChunk | None = None
    """The best passage, before it is merged with its neighbours."""
    terms: tuple[QuestionTerm, ...] = ()


def search(snapshot: Searchable, asked: AskedQuestion, wanted: Wanted) -> Found:
    """By vectors alone while the lexical index is damaged."""
    try:
        index = snapshot.lexical_index
        return Found() if index is None else _search_both(snapshot, index, asked, wanted)
    except IndexUnusableError:
        if snapshot.search_words(asked.text, 1, None, None):  # has the damage repaired, or raises to be asked again
            raise
        return _search_vectors(snapshot, asked, wanted)


def _search_vectors(snapshot: Searchable, asked: AskedQuestion, wanted: Wanted) -> Found:
    if asked.vector is None:
        return Found()
    dense = dict(snapshot.search_vectors(asked.vector, _DEPTH, wanted.only))
    stored = snapshot.read_chunks(list(dense))
    hits = [ScoredChunk(stored[id_], cosine, cosine) for id_, cosine in dense.items() if id_ in stored]
    evidence = Evidence((), snapshot.chunk_count, asked.spread, asked.coverage)
    return Found(tuple(merge_neighbours(hits[: wanted.top_k])), measure_signals(evidence, dense, {}, []))


def _search_both(snapshot: Searchable, index: LexicalIndex, asked: AskedQuestion, wanted: Wanted) -> Found:
    terms = index.find_terms(asked.text)
    by_words = snapshot.search_words(asked.text, _DEPTH, wanted.only, terms)
    lexical = {hit.id: hit.score for hit in by_words}
    dense = {} if asked.vector is None else dict(snapshot.search_vectors(asked.vector, _DEPTH, wanted.only))
    evidence = Evidence(terms, snapshot.chunk_count, asked.spread, asked.coverage)
    best_lexical = next(iter(lexical.values()), 0.0)
    scale = make_scale(terms, snapshot.chunk_count, asked.spread, asked.coverage, best_lexical)
    # A purely dense search keeps its order: it is what the embedding model says and nothing else.
    is_dense = asked.mode == "dense"
    scored = fuse(dense, {} if is_dense else lexical, scale)
    ranking = rank(scored, snapshot.read_places(find_ties(scored)))
    passages = {hit.id: hit.keys for hit in by_words if hit.keys is not None}
    looks = look_again(snapshot, index, ranking[:_SECOND_LOOK], passages, terms, 0.0 if is_dense else scale.lexical)
    signals = measure_signals(evidence, dense, lexical, [look.closeness for look in looks[:3]])
    if not looks:
        return Found(signals=signals)
    candidates = rerank_candidates(snapshot, asked.text, [look.candidate for look in looks], wanted.rerank)
    # What comes after those that were looked at again, for those who want a long list.
    rest = ranking[_SECOND_LOOK : 2 * wanted.top_k]
    candidates += list_candidates(snapshot, index, rest, passages, candidates[-1].score)
    hits = _make_hits(snapshot, ranking, choose(candidates, wanted.top_k, wanted.diversity))
    return Found(tuple(merge_neighbours(hits)), signals, hits[0].stored, tuple(terms))


def _make_hits(snapshot: Searchable, ranking: Sequence[Fused], chosen: Sequence[Candidate]) -> list[ScoredChunk]:
    stored = snapshot.read_chunks([candidate.id for candidate in chosen])
    parts = {fused.id: fused for fused in ranking}
    return [ScoredChunk(stored[c.id], c.score, parts[c.id].dense, parts[c.id].lexical) for c in chosen]
