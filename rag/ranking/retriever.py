"""Question to hits: two searches, fused, looked at again, and a verdict whether the corpus holds the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from rag.errors import IndexUnusableError, SettingsError
from rag.index.lexical import LexicalIndex, QuestionTerm
from rag.ranking.abstention import Evidence, Signals, confidence, is_answerable, is_in_doubt, signals
from rag.ranking.closeness import Closeness, closeness, occurrences
from rag.ranking.coverage import UNDECIDED, question_coverage, similarity_spread
from rag.ranking.fusion import Fused, fuse, question_scale
from rag.ranking.passages import Candidate, choose, merge_neighbours
from rag.text.sentences import Sentence, split_sentences
from rag.text.terms import detect_languages, text_terms
from rag.types import Restriction, Retrieval, ScoredChunk, StoredChunk

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODES = ("hybrid", "dense", "lexical")

_DEPTH = 100
"""Candidates of each search: with 50, nDCG@10 on SQuAD is .001 lower, with 200 the same."""

_SECOND_LOOK = 30
"""Candidates that are looked at again; with 20, 30 and 60 the mean nDCG@10 over 36 sets is .749, .749 and .748."""

_RERANKED = 20
"""Candidates given to a reranking model: it takes about 13 ms for each on two processors, if it has 6 layers."""

_EMBEDDING_THREADS = 4  # questions of several people at once; a model takes one processor for each

_NO_TERMS = np.empty(0, np.uint32)

T = TypeVar("T")


class Snapshot(Protocol):
    """One consistent state of the index."""

    @property
    def embed_model(self) -> str | None: ...
    @property
    def chunk_count(self) -> int: ...
    @property
    def has_vectors(self) -> bool: ...
    @property
    def lexical_index(self) -> LexicalIndex | None: ...
    def dense(self, vector: np.ndarray, limit: int, only: Restriction | None) -> list[tuple[int, float]]: ...
    def lexical(
        self, question: str, limit: int, only: Restriction | None, terms: Sequence[QuestionTerm] | None
    ) -> list[tuple[int, float]]: ...
    def places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]: ...
    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]: ...


class Readable(Protocol):
    @property
    def models_dir(self) -> Path: ...
    def read(self, fn: Callable[[Snapshot], T]) -> T: ...


class QuestionEmbedder(Protocol):
    @property
    def fingerprint(self) -> str: ...
    def embed_query(self, text: str) -> np.ndarray: ...


Rerank = Callable[[str, Sequence[str]], "list[float] | None"]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is known of a question before the index is searched."""

    text: str
    mode: str
    spread: float = 1.0
    coverage: float = UNDECIDED
    fingerprint: str = ""
    """Of the embedding model; empty without a vector."""
    embedding: Future[_Embedding] | None = None
    """On its way while the words are searched for; None without a vector."""

    @property
    def vector(self) -> np.ndarray | None:
        """Waits for it."""
        return None if self.embedding is None else self.embedding.result().vector


@dataclass(frozen=True, slots=True)
class _Embedding:
    vector: np.ndarray
    milliseconds: float


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller wants of the ranking."""

    top_k: int
    only: Restriction | None = None
    diversity: float = 0.0
    rerank: Rerank | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    hits: tuple[ScoredChunk, ...] = ()
    signals: Signals | None = None
    best: StoredChunk | None = None
    terms: tuple[QuestionTerm, ...] = ()


class Retriever:
    """Finds passages in an index; may be used by several threads at once.

    `embedder_of` gives the loaded model; it is called when the first vector is needed. `rerank` gives a question's
    passages new scores, or None if the first order stands.
    """

    def __init__(
        self,
        index: Readable,
        embedder_of: Callable[[], QuestionEmbedder],
        top_k: int,
        rerank: Rerank | None = None,
    ) -> None:
        self._index = index
        self._embedder_of = embedder_of
        self._top_k = top_k
        self._rerank = rerank
        self._lock = threading.Lock()
        self._models: dict[str, tuple[Tokenizer, float]] = {}
        self._threads = ThreadPoolExecutor(_EMBEDDING_THREADS, "embed-question")

    def retrieve(
        self,
        question: str,
        *,
        mode: str = "hybrid",
        top_k: int | None = None,
        only: Restriction | None = None,
        diversity: float = 0.0,
    ) -> Retrieval:
        """Best first. A search whose part of the index is still empty is left out; an empty index gives no hits.

        `diversity` (0…1): see `rag.ranking.passages.choose`.
        """
        if mode not in MODES:
            raise SettingsError(f"--mode is {mode!r}; it must be one of {', '.join(MODES)}.")
        began = time.perf_counter()
        asked = self._prepare(question, mode)
        rerank = self._rerank if mode == "hybrid" else None
        wanted = _Wanted(top_k or self._top_k, only, diversity, rerank)
        found = self._index.read(lambda snapshot: _search(snapshot, asked, wanted))
        searched = time.perf_counter()
        probability = self._judged(found, asked)
        ended = time.perf_counter()
        times = {"search": searched - began, "judge": ended - searched, "total": ended - began}
        embed = {"embed": asked.embedding.result().milliseconds if asked.embedding else 0.0}
        milliseconds = embed | {name: seconds * 1e3 for name, seconds in times.items()}
        answerable = is_answerable(probability, is_partial=mode == "hybrid" and asked.embedding is None)
        return Retrieval(question, mode, found.hits, answerable, probability, milliseconds)

    def measure(self, question: str, *, mode: str = "hybrid") -> Signals | None:
        """What the verdict rests on, for calibration; None for an empty index."""
        asked = self._prepare(question, mode)
        found = self._index.read(lambda snapshot: _search(snapshot, asked, _Wanted(self._top_k)))
        return self._with_sentence(found, asked)

    def _judged(self, found: _Found, asked: _Question) -> float:
        """The probability that the corpus holds the answer."""
        if found.signals is None:
            return 0.0
        if not is_in_doubt(found.signals, asked.fingerprint):
            return confidence(found.signals, asked.fingerprint)
        measured = self._with_sentence(found, asked)
        return confidence(measured or found.signals, asked.fingerprint)

    def _with_sentence(self, found: _Found, asked: _Question) -> Signals | None:
        if found.signals is None or asked.vector is None or found.best is None:
            return found.signals
        sentence = _best_sentence(found.best, found.terms)
        # As if it were asked, not as a document: at once, where a batch would wait for its threads.
        vector = self._embedder_of().embed_query(sentence)
        return replace(found.signals, sentence_cosine=float(vector @ asked.vector) / asked.spread)

    def _prepare(self, question: str, mode: str) -> _Question:
        model = self._index.read(lambda snapshot: snapshot.embed_model if snapshot.has_vectors else None)
        if mode == "lexical" or model is None or not question.strip():
            return _Question(question, mode)
        embedder = self._embedder_of()
        embedding = self._threads.submit(_embedded, embedder, question)
        tokenizer, spread = self._model_facts(model, embedder)
        coverage = question_coverage(tokenizer, question)
        return _Question(question, mode, spread, coverage, embedder.fingerprint, embedding)

    def _model_facts(self, model: str, embedder: QuestionEmbedder) -> tuple[Tokenizer, float]:
        """The model's vocabulary, and the spread of its cosines."""
        with self._lock:
            if model not in self._models:
                from rag.models.embedder import load_tokenizer

                tokenizer = load_tokenizer(model, self._index.models_dir)
                self._models[model] = (tokenizer, similarity_spread(embedder.embed_query))
            return self._models[model]


def _embedded(embedder: QuestionEmbedder, question: str) -> _Embedding:
    began = time.perf_counter()
    vector = embedder.embed_query(question)
    return _Embedding(vector, (time.perf_counter() - began) * 1e3)


def _search(snapshot: Snapshot, asked: _Question, wanted: _Wanted) -> _Found:
    try:
        index = snapshot.lexical_index
        return _Found() if index is None else _search_both(snapshot, index, asked, wanted)
    except IndexUnusableError:
        if snapshot.lexical(asked.text, 1, None, None):  # has the damage repaired, or raises to be asked again
            raise
        return _search_dense(snapshot, asked, wanted)


def _search_dense(snapshot: Snapshot, asked: _Question, wanted: _Wanted) -> _Found:
    """While the lexical index is damaged."""
    if asked.vector is None:
        return _Found()
    dense = dict(snapshot.dense(asked.vector, _DEPTH, wanted.only))
    stored = snapshot.chunks(list(dense))
    hits = [ScoredChunk(stored[id_], cosine, cosine) for id_, cosine in dense.items() if id_ in stored]
    evidence = Evidence((), snapshot.chunk_count, asked.spread, asked.coverage)
    return _Found(tuple(merge_neighbours(hits[: wanted.top_k])), signals(evidence, dense, {}, []))


def _search_both(snapshot: Snapshot, index: LexicalIndex, asked: _Question, wanted: _Wanted) -> _Found:
    terms = index.question_terms(asked.text)
    lexical = dict(snapshot.lexical(asked.text, _DEPTH, wanted.only, terms))
    dense = {} if asked.vector is None else dict(snapshot.dense(asked.vector, _DEPTH, wanted.only))
    evidence = Evidence(terms, snapshot.chunk_count, asked.spread, asked.coverage)
    best_lexical = next(iter(lexical.values()), 0.0)
    scale = question_scale(terms, snapshot.chunk_count, asked.spread, asked.coverage, best_lexical)
    # A purely dense search keeps its order: it is what the embedding model says and nothing else.
    is_dense = asked.mode == "dense"
    ranking = fuse(dense, {} if is_dense else lexical, scale)
    looks = _second_look(snapshot, index, ranking[:_SECOND_LOOK], terms, 0.0 if is_dense else scale.lexical)
    measured = signals(evidence, dense, lexical, [look.closeness for look in looks[:3]])
    if not looks:
        return _Found(signals=measured)
    candidates = _reranked(snapshot, asked.text, [look.candidate for look in looks], wanted.rerank)
    candidates += _others(snapshot, index, ranking[_SECOND_LOOK : 2 * wanted.top_k], candidates[-1].score)
    hits = _hits(snapshot, ranking, choose(candidates, wanted.top_k, wanted.diversity))
    return _Found(tuple(merge_neighbours(hits)), measured, hits[0].stored, tuple(terms))


@dataclass(frozen=True, slots=True)
class _Look:
    """A candidate that was looked at again, with the score that came of it."""

    candidate: Candidate
    closeness: Closeness


def _second_look(
    snapshot: Snapshot,
    index: LexicalIndex,
    ranking: Sequence[Fused],
    terms: Sequence[QuestionTerm],
    bonus_weight: float,
) -> list[_Look]:
    """Best first."""
    places = snapshot.places([fused.id for fused in ranking])
    idf = {term.key: term.idf for term in terms}
    passages = index.passages(list(places))
    occurring = occurrences(passages, idf)

    def look(fused: Fused) -> _Look:
        source, ordinal = places[fused.id]
        close = closeness(occurring.get(fused.id, ()), index.context(source), idf, is_first=not ordinal)
        score = fused.score + bonus_weight * close.bonus
        return _Look(Candidate(fused.id, source, score, passages.get(fused.id, _NO_TERMS)), close)

    looks = [look(fused) for fused in ranking if fused.id in places]
    return sorted(looks, key=lambda look: -look.candidate.score)


def _reranked(snapshot: Snapshot, question: str, candidates: list[Candidate], rerank: Rerank | None) -> list[Candidate]:
    """The first candidates in their new order, which takes over the scores of the old one: those of a reranking model
    have a scale of their own, and the other candidates have none."""
    first, rest = candidates[:_RERANKED], candidates[_RERANKED:]
    stored = snapshot.chunks([candidate.id for candidate in first]) if rerank else {}
    relevance = rerank(question, [stored[candidate.id].chunk.embed_text for candidate in first]) if rerank else None
    if relevance is None:
        return candidates
    order = sorted(range(len(first)), key=lambda place: -relevance[place])
    return [replace(first[place], score=old.score) for place, old in zip(order, first, strict=True)] + rest


def _others(snapshot: Snapshot, index: LexicalIndex, ranking: Sequence[Fused], highest_score: float) -> list[Candidate]:
    """What comes after the candidates that were looked at again, for those who want a long list."""
    places = snapshot.places([fused.id for fused in ranking])
    passages = index.passages(list(places))
    return [
        Candidate(fused.id, places[fused.id][0], min(fused.score, highest_score), passages.get(fused.id, _NO_TERMS))
        for fused in ranking
        if fused.id in places
    ]


def _hits(snapshot: Snapshot, ranking: Sequence[Fused], chosen: Sequence[Candidate]) -> list[ScoredChunk]:
    stored = snapshot.chunks([candidate.id for candidate in chosen])
    parts = {fused.id: fused for fused in ranking}
    return [ScoredChunk(stored[c.id], c.score, parts[c.id].dense, parts[c.id].lexical) for c in chosen]


def _best_sentence(stored: StoredChunk, terms: Sequence[QuestionTerm]) -> str:
    """The sentence with most of the question."""
    idf = {term.text: term.idf for term in terms}
    text = stored.chunk.text
    language = detect_languages(text)[0][0]

    def told(sentence: Sentence) -> float:
        return sum(idf.get(term, 0.0) for term in set(text_terms(text[sentence.start : sentence.end], language)))

    best = max(split_sentences(text, language), key=told, default=None)
    return text[best.start : best.end] if best else text
