"""A question on one snapshot of the index: embed, two searches, fuse, look again, choose."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag.errors import IndexUnusableError
from rag.index.lexical.entry import LexicalHit, QuestionTerm
from rag.index.lexical.index import LexicalIndex
from rag.index.snapshot import order_best_first
from rag.ranking.abstention import ModelCalibration
from rag.ranking.definitions import find_identifiers, is_defined_in
from rag.ranking.editions import find_wish, remove_wish, weigh_editions
from rag.ranking.fusion import (
    Closeness,
    Fused,
    Scale,
    add_definition,
    add_edition,
    add_letters,
    add_relevance,
    add_sentences,
    find_codes,
    find_occurrences,
    fuse,
    make_scale,
    measure_closeness,
)
from rag.ranking.letters import compare_letters
from rag.ranking.passages import Candidate, choose, find_reprints, merge_neighbours
from rag.ranking.question import COMPARED, NO_WORDS, Words, find_names, find_words, may_be_in
from rag.ranking.sentences import REMEMBERED_PASSAGES, SentenceReader
from rag.ranking.signals import UNDECIDED, Evidence, Signals, measure_coverage, measure_signals
from rag.text.language import choose_language
from rag.types import Restriction, ScoredChunk, StoredChunk

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_DEPTH = 100
"""Candidates of each search; tuned on SQuAD (the table is in `bench/RESULTS.md`)."""

_SECOND_LOOK = 30
"""Candidates that are looked at again; tuned on 36 sets (the table is in `bench/RESULTS.md`)."""

_REPRINTS = 3
"""Versions of a passage beside it that are looked at: who keeps more of one text hardly asks which is right."""

_SMALL = REMEMBERED_PASSAGES
"""Chunks of an index up to which it is small: what its words' frequencies say of them is little, so that codes count
more, and the sentences of its passages are soon all known. Among 1,037 pages of filings, the weight of codes would put
the right one first in 53 % of the questions instead of 59 %, by "10-Q"."""

_RERANKED = 12
"""Candidates given to the reranking model (the table is in `bench/RESULTS.md`)."""

_READ_CLOSELY = _RERANKED
"""Candidates whose sentences are compared with the question in a small index, so that a reranking model's scores are
added to what is known of all of them."""

_NO_TERMS = np.empty(0, np.uint32)


class Searchable(Protocol):
    """One consistent state of the index, as far as the ranking asks it."""

    @property
    def embed_model(self) -> str | None: ...
    @property
    def embedding(self) -> str | None: ...
    @property
    def chunk_count(self) -> int: ...
    @property
    def has_vectors(self) -> bool: ...
    @property
    def lexical_index(self) -> LexicalIndex | None: ...
    def search_vectors(self, vector: np.ndarray, limit: int, only: Restriction | None) -> list[tuple[int, float]]: ...
    def search_words(
        self, question: str, limit: int, only: Restriction | None, terms: Sequence[QuestionTerm] | None
    ) -> list[LexicalHit]: ...
    def can_search_words(self, question: str) -> bool: ...
    def read_places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]: ...
    def read_chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]: ...
    def read_openings(self, sources: Sequence[str]) -> dict[str, str]: ...


class Rerank(Protocol):
    """A reranking model, within the time that it has."""

    @property
    def language(self) -> str:
        """The only language that it knows, as an ISO 639 code; empty if that isn't known."""

    @property
    def is_measured(self) -> bool:
        """Whether its scores have the scale that `rag.ranking.fusion` counts with."""

    def __call__(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """Scores of the first passages, in order, higher is better: none if the first order stands."""


class QuestionEmbedder(Protocol):
    """An embedding model; used by several threads at once."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def tokenizer(self) -> Tokenizer: ...
    @property
    def spread(self) -> float:
        """Standard deviation of the cosines of texts that have nothing to do with each other."""

    def embed_query(self, text: str) -> np.ndarray: ...
    def embed_documents(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The embedding model whose vectors are live, as the index names it."""

    name: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A live model, opened, with what is asked of it once."""

    live: LiveModel
    embedder: QuestionEmbedder
    fits: bool
    """Whether its vectors can be compared with those of the index."""
    sentences: SentenceReader
    calibration: ModelCalibration | None
    """What its searches' verdicts are made with; None if it wasn't calibrated."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked, and what the caller wants of the ranking."""

    question: str
    mode: str
    top_k: int
    only: Restriction | None = None
    diversity: float = 0.0
    rerank: Rerank | None = None

    @property
    def needs_vector(self) -> bool:
        return self.mode != "lexical" and bool(self.question.strip())


@dataclass(frozen=True, slots=True)
class Embedding:
    """A question as the embedding model sees it."""

    model: OpenModel
    vector: np.ndarray
    coverage: float
    """How well the model's vocabulary covers the question, 0…1."""
    milliseconds: float
    """Time that the model took for the vector."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and what the verdict rests on; empty for an empty index."""

    live: LiveModel | None = None
    """The model whose vectors the snapshot has; None while it has none."""
    hits: tuple[ScoredChunk, ...] = ()
    signals: Signals | None = None
    best: StoredChunk | None = None
    """The best passage of the first order, before it is merged with its neighbours."""
    terms: tuple[QuestionTerm, ...] = ()
    words: Words = NO_WORDS
    embedding: Embedding | None = None
    """None where words alone were searched for."""
    reprints: tuple[ScoredChunk, ...] = ()


def find_live_model(snapshot: Searchable) -> LiveModel | None:
    """The model that a question must be embedded by; None while there are no vectors."""
    name, fingerprint = snapshot.embed_model, snapshot.embedding
    if name is None or fingerprint is None or not snapshot.has_vectors:
        return None
    return LiveModel(name, fingerprint)


def search(snapshot: Searchable, wanted: Wanted, model: OpenModel | None, threads: Executor) -> Found:
    """The passages that fit the question best, best first.

    The question is embedded in one of the `threads` while its words are searched for. Words alone are searched for if
    `model` isn't that of the snapshot's vectors, vectors alone while the lexical index is damaged.
    """
    live = find_live_model(snapshot)
    is_embedded = model is not None and wanted.needs_vector and model.fits and model.live == live
    embedding = threads.submit(_embed, model, wanted.question) if model is not None and is_embedded else None
    try:
        index = snapshot.lexical_index
        if index is None:
            return Found(live)
        topic = wanted.question
        terms = index.find_terms(topic)
        words = snapshot.search_words(topic, _DEPTH, wanted.only, terms)
        in_names = index.measure_in_names(topic, terms, find_names(topic))  # while the question is embedded
        asked = embedding.result() if embedding else None
        dense = dict(snapshot.search_vectors(asked.vector, _DEPTH, wanted.only)) if asked else {}
        # A purely dense search keeps its order: it is what the embedding model says and nothing else.
        is_dense = wanted.mode == "dense"
        editions = {} if is_dense else _weigh_editions(snapshot, topic, dense.keys() | {hit.id for hit in words})
        if editions:
            # Now it is known that "last" names an edition; as a word it would find a note of the last day.
            topic = remove_wish(topic)
            terms = index.find_terms(topic)
            words = snapshot.search_words(topic, _DEPTH, wanted.only, terms)
            in_names = index.measure_in_names(topic, terms, find_names(wanted.question))

        lexical = {hit.id: hit.score for hit in words}
        best_lexical = next(iter(lexical.values()), 0.0)
        evidence = _gather_evidence(snapshot, asked, terms)
        scale = make_scale(terms, evidence.chunk_count, evidence.spread, evidence.coverage, best_lexical)
        fused = fuse(dense, {} if is_dense else lexical, scale, has_all_words=len(words) < _DEPTH)
        if editions:
            fused = _lift_editions(snapshot, fused, editions, scale)
        order = order_best_first({id_: one.score for id_, one in fused.items()}, snapshot.read_places)

        ranking = [fused[id_] for id_ in order[: max(_SECOND_LOOK, 2 * wanted.top_k)]]
        known = {hit.id: hit.keys for hit in words if hit.keys is not None}
        asked_for = _Terms(terms, in_names)
        candidates, looks = _look_again(snapshot, index, ranking, known, asked_for, 0.0 if is_dense else scale.lexical)
    except IndexUnusableError:
        if snapshot.can_search_words(wanted.question):
            raise
        return _search_vectors(snapshot, wanted, live, embedding.result() if embedding else None)
    if not candidates:
        told = find_words(wanted.question, terms, (), ())
        signals = measure_signals(evidence, dense, lexical, looks, told)
        return Found(live, signals=signals, terms=tuple(terms), words=told, embedding=asked)
    best = candidates[0].id  # what the verdict was calibrated with: the first order, whatever reads it again
    if not is_dense:
        candidates = _lift_definitions(snapshot, candidates, wanted.question)
    if asked and not is_dense and evidence.chunk_count <= _SMALL:
        # They were measured together: the sentences check what the letters lift.
        candidates = _lift_shared_letters(snapshot, candidates, topic)
        candidates = _read_closely(snapshot, candidates, asked, scale.dense, threads)
    first = [candidate.id for candidate in candidates[:COMPARED]]  # the verdict's, too
    if wanted.rerank:
        candidates = _rerank(snapshot, wanted.question, candidates, wanted.rerank)
    chosen = choose(candidates, wanted.top_k, wanted.diversity)
    repeated = find_reprints(candidates[:_SECOND_LOOK], chosen, _REPRINTS)
    stored = snapshot.read_chunks([best, *first, *(candidate.id for candidate in (*chosen, *repeated))])
    scored, reprints = (
        [ScoredChunk(stored[c.id], c.score, fused[c.id].dense, fused[c.id].lexical) for c in some]
        for some in (chosen, repeated)
    )
    hits = tuple(merge_neighbours(scored))
    told = find_words(wanted.question, terms, hits, [stored[id_].chunk for id_ in first])
    signals = measure_signals(evidence, dense, lexical, looks[:3], told)
    return Found(live, hits, signals, stored[best], tuple(terms), told, asked, tuple(reprints))


def _embed(model: OpenModel, question: str) -> Embedding:
    began = time.perf_counter()
    vector = model.embedder.embed_query(question)
    milliseconds = (time.perf_counter() - began) * 1e3
    return Embedding(model, vector, measure_coverage(model.embedder.tokenizer, question), milliseconds)


def _gather_evidence(snapshot: Searchable, asked: Embedding | None, terms: Sequence[QuestionTerm]) -> Evidence:
    if asked is None:
        return Evidence(terms, snapshot.chunk_count, 1.0, UNDECIDED)
    return Evidence(terms, snapshot.chunk_count, asked.model.embedder.spread, asked.coverage)


@dataclass(frozen=True, slots=True)
class _Terms:
    """A question's terms."""

    terms: Sequence[QuestionTerm]
    in_names: Mapping[int, float]
    """The idf among the documents' names of those that may name a document, by their key."""


def _look_again(
    snapshot: Searchable,
    index: LexicalIndex,
    ranking: Sequence[Fused],
    known: Mapping[int, np.ndarray],
    asked_for: _Terms,
    bonus_weight: float,
) -> tuple[list[Candidate], list[Closeness]]:
    """The candidates with what BM25 doesn't see added to their scores, best first, and how close those are.

    `known` are passages that were read before, `bonus_weight` is what a unit of BM25 is worth in the ranking's scores.
    Behind the first `_SECOND_LOOK` comes the rest of a long list in the ranking's order, with scores not above theirs.
    """
    places = snapshot.read_places([fused.id for fused in ranking])
    live = [fused for fused in ranking if fused.id in places]
    passages = {**index.read_passages([fused.id for fused in live if fused.id not in known]), **known}
    idf = {term.key: term.idf for term in asked_for.terms}
    codes = find_codes(asked_for.terms) if snapshot.chunk_count <= _SMALL else frozenset()
    first = [fused for fused in ranking[:_SECOND_LOOK] if fused.id in places]
    occurrences = find_occurrences({fused.id: passages[fused.id] for fused in first if fused.id in passages}, idf)
    looks: list[tuple[Candidate, Closeness]] = []
    for fused in first:
        source, ordinal = places[fused.id]
        found, context = occurrences.get(fused.id, ()), index.read_context(source)
        closeness = measure_closeness(
            found, context, idf, is_first=not ordinal, codes=codes, in_names=asked_for.in_names
        )
        score = fused.score + bonus_weight * closeness.bonus
        looks.append((Candidate(fused.id, source, score, passages.get(fused.id, _NO_TERMS)), closeness))
    looks.sort(key=lambda look: -look[0].score)
    candidates = [candidate for candidate, _ in looks]
    for fused in live[len(first) :]:
        score = min(fused.score, candidates[-1].score) if candidates else fused.score
        candidates.append(Candidate(fused.id, places[fused.id][0], score, passages.get(fused.id, _NO_TERMS)))
    return candidates, [closeness for _, closeness in looks]


def _weigh_editions(snapshot: Searchable, question: str, ids: Collection[int]) -> dict[str, float]:
    """What each document of these candidates is worth as the edition that the question wishes for; empty if for none.

    All candidates count, not the first ones alone: those of the edition that is meant may stand behind all others.
    """
    wish = find_wish(question)
    if not wish:
        return {}
    sources = {source for source, _ in snapshot.read_places(list(ids)).values()}
    return weigh_editions(snapshot.read_openings(sorted(sources)), wish)


def _lift_editions(
    snapshot: Searchable, fused: dict[int, Fused], editions: Mapping[str, float], scale: Scale
) -> dict[int, Fused]:
    """The candidates, of which those of the edition that is wished for gain; `editions` are worth so much of it."""
    places = snapshot.read_places(list(fused))
    documents = len({source for source, _ in places.values()})
    return {
        id_: replace(one, score=add_edition(one.score, editions.get(places[id_][0], 0.0), documents, scale))
        for id_, one in fused.items()
        if id_ in places
    }


def _lift_definitions(snapshot: Searchable, candidates: list[Candidate], question: str) -> list[Candidate]:
    """The candidates, of which those gain that define what the question names by an identifier."""
    names = find_identifiers(question)
    if not names:
        return candidates
    read, rest = candidates[:_SECOND_LOOK], candidates[_SECOND_LOOK:]
    stored = snapshot.read_chunks([candidate.id for candidate in read])
    lifted = [
        replace(one, score=add_definition(one.score)) if is_defined_in(names, stored[one.id].chunk.text) else one
        for one in read
    ]
    return [*sorted(lifted, key=lambda candidate: -candidate.score), *rest]


def _lift_shared_letters(snapshot: Searchable, candidates: list[Candidate], question: str) -> list[Candidate]:
    """The candidates, of which those gain that have parts of the question's words."""
    read, rest = candidates[:_SECOND_LOOK], candidates[_SECOND_LOOK:]
    stored = snapshot.read_chunks([candidate.id for candidate in read])
    shared = compare_letters(question, [stored[candidate.id].chunk.embed_text for candidate in read])
    lifted = [replace(one, score=add_letters(one.score, more)) for one, more in zip(read, shared, strict=True)]
    return [*sorted(lifted, key=lambda candidate: -candidate.score), *rest]


def _read_closely(
    snapshot: Searchable, candidates: list[Candidate], asked: Embedding, cosine_weight: float, threads: Executor
) -> list[Candidate]:
    """The candidates, the first of them in the order that they have with their best sentences' cosines."""
    read = candidates[:_READ_CLOSELY]
    stored = snapshot.read_chunks([candidate.id for candidate in read])
    passages = [stored[candidate.id].chunk.text for candidate in read]
    cosines = asked.model.sentences.find_best_cosines(asked.vector, passages, threads)
    worth = add_sentences([candidate.score for candidate in read], cosines, cosine_weight)
    return _put_in_order(candidates, range(len(read)), worth)


def _put_in_order(candidates: list[Candidate], places: Sequence[int], worth: Sequence[float]) -> list[Candidate]:
    """The candidates, of which those at the `places`, which ascend, are ordered by their `worth`.

    Each place keeps its score, for those that weren't read have nothing beside theirs. Equals keep their order.
    """
    best_first = sorted(range(len(places)), key=lambda number: -worth[number])
    ordered = list(candidates)
    for place, number in zip(places, best_first, strict=True):
        ordered[place] = replace(candidates[places[number]], score=candidates[place].score, worth=worth[number])
    return ordered


def _rerank(snapshot: Searchable, question: str, candidates: list[Candidate], rerank: Rerank) -> list[Candidate]:
    """The candidates, the first of them in the order that they have with what the reranking model says of them.

    Those that it can't read keep their places, and so do all for a question in another language than its own.
    """
    if rerank.language and not may_be_in(rerank.language, question):
        return candidates
    stored = snapshot.read_chunks([candidate.id for candidate in candidates[:_RERANKED]])
    read = [
        place
        for place, candidate in enumerate(candidates[:_RERANKED])
        if not rerank.language or _read_language(stored[candidate.id], rerank.language) == rerank.language
    ]
    relevance = rerank(question, [stored[candidates[place].id].chunk.embed_text for place in read])
    read = read[: len(relevance)]
    before = [candidates[place].score if (w := candidates[place].worth) is None else w for place in read]
    return _put_in_order(candidates, read, add_relevance(before, relevance, obeyed=not rerank.is_measured))


def _read_language(stored: StoredChunk, asked: str) -> str:
    return choose_language(stored.chunk.text, stored.language, asked)


def _search_vectors(snapshot: Searchable, wanted: Wanted, live: LiveModel | None, asked: Embedding | None) -> Found:
    """By vectors alone, for the lexical index can't be used."""
    if asked is None:
        return Found(live)
    dense = dict(snapshot.search_vectors(asked.vector, _DEPTH, wanted.only))
    stored = snapshot.read_chunks(list(dense))
    hits = [ScoredChunk(stored[id_], cosine, cosine) for id_, cosine in dense.items() if id_ in stored]
    signals = measure_signals(_gather_evidence(snapshot, asked, ()), dense, {}, [])
    return Found(live, tuple(merge_neighbours(hits[: wanted.top_k])), signals, embedding=asked)
