"""How a question is searched: the best chunks by BM25, the same for equal folders whatever the index has been through.

Tantivy proposes chunks. Its statistics count chunks that are deleted and not yet merged away, its merges estimate the
average length, and it sums in single precision in an order that depends on its segments. So the scores are computed
anew, in double precision and from what is live, where that can make a difference; and as far as the two can differ,
more chunks are looked at than are wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.index.lexical.entry import (
    ANY_NAME,
    REPEATS,
    DocumentContext,
    LexicalHit,
    QuestionTerm,
    make_storable,
    term_key,
)
from rag.types import Restriction

if TYPE_CHECKING:
    import tantivy

_SLACK = 28
"""Chunks beyond those wanted that tantivy is asked for at first."""
_READ = 30
"""Chunks that are read in any case: as many as the ranking looks at again."""
_TERM_CACHE = 65_536

_FEW_TERMS = 12
_PRECISION = 5e-7
"""For so few terms, tantivy's score is wrong by less than this share of it, if its statistics are right."""
_ROUNDING = 1e-4
"""Tantivy's scores, in single precision, and the average length solved from them are wrong by less than this share."""

_K1, _B = 1.2, 0.75  # tantivy's
_EXACT_LENGTHS = 24  # tantivy keeps a length in a byte: these as they are, and with the next 16 to the last digit
_SOLVING_STEPS = 60
_LAST_BITS = 0xFFF

_Proposed = tuple[float, Any]
"""A chunk's score by tantivy, and tantivy's address of the chunk."""


class CommittedState:
    """One committed state of the index and its statistics, which count its live chunks alone.

    While nothing is deleted, they are tantivy's own and cost nothing more. They are remembered: a state never changes.
    """

    def __init__(self, schema: tantivy.Schema, searcher: Any) -> None:  # noqa: ANN401 (its types lack `count`)
        self.schema = schema
        self.searcher = searcher
        self.chunk_count = int(searcher.num_docs)
        self.contexts: dict[str, DocumentContext] = {}
        """The contexts that were read from this state so far, by the document's source."""
        self.tantivy_average: float | None = None
        """The average length that tantivy scores by, once a search has found it out."""
        self._terms: dict[str, QuestionTerm] = {}
        self._rarity_in_names: dict[str, float] = {}

    @cached_property
    def languages(self) -> dict[str, int]:
        """Chunks by language (ISO 639-1 code), in the order of the codes."""
        import tantivy

        live = tantivy.Query.all_query() if self._deleted_count else None
        counts = self.searcher.terms_with_prefix("language", "", filter_query=live)
        return {language: count for language, count in sorted(counts) if count}

    @cached_property
    def average_length(self) -> float:
        """Indexed terms of a chunk, with their repeats; 0 for an empty index."""
        import tantivy

        if not self.chunk_count:
            return 0.0
        wanted = {"terms": {"sum": {"field": "length"}}}
        found = self.searcher.aggregate(tantivy.Query.all_query(), wanted)
        return float(REPEATS * found["terms"]["value"] / self.chunk_count)

    def find_terms(self, texts: Iterable[str]) -> list[QuestionTerm]:
        """A term for each text, in their order, also for texts that no chunk has."""
        known = self._terms
        if len(known) > _TERM_CACHE:
            known.clear()
        found = []
        for text in texts:
            term = known.get(text)
            if term is None:
                count = self.count_chunks(text)
                known[text] = term = QuestionTerm(text, count, _compute_idf(count, self.chunk_count))
            found.append(term)
        return found

    def make_query(self, terms: Iterable[QuestionTerm], only: Restriction | None) -> tantivy.Query:
        """Finds the chunks that have any of the terms, in the documents that `only` allows.

        Where chunks are deleted, a boost makes tantivy's weight of each term that of the live chunks.
        """
        from tantivy import Occur, Query

        wanted = []
        for term in terms:
            # One field: tantivy then skips what can't be among the best.
            query = Query.term_query(self.schema, "terms", term.text, "freq")
            if self._deleted_count:
                held = self.searcher.doc_freq("terms", term.text)
                boost = term.idf / _compute_idf(held, self.chunk_count + self._deleted_count)
                query = query if boost == 1 else Query.boost_query(query, boost)
            wanted.append((Occur.Should, query))
        query = Query.boolean_query(wanted)
        return query if only is None else Query.boolean_query([(Occur.Must, query), *self._restrict(only)])

    @cached_property
    def _deleted_count(self) -> int:
        # Every chunk has one language, and a term's chunks are counted with the deleted ones.
        held = sum(count for _, count in self.searcher.terms_with_prefix("language", ""))
        return int(held) - self.chunk_count

    def count_chunks(self, term: str) -> int:
        return self._count("terms", term)

    def measure_in_names(self, terms: Iterable[str]) -> dict[int, float]:
        """The idf of each term among the documents' names, by the term's key; terms that no name has are left out."""
        known = self._rarity_in_names
        if len(known) > _TERM_CACHE:
            known.clear()
        found = {}
        for term in terms:
            if term not in known:
                count = self._count("names", term)
                known[term] = _compute_idf(count, self._document_count) if count else 0.0
            if known[term]:
                found[term_key(term)] = known[term]
        return found

    @cached_property
    def _document_count(self) -> int:
        return self._count("names", ANY_NAME)

    def _count(self, field: str, term: str) -> int:
        """How many live chunks have the term in the field."""
        from tantivy import Query

        count = int(self.searcher.doc_freq(field, term))
        if not count or not self._deleted_count:
            return count
        query = Query.term_query(self.schema, field, term, "basic")
        return int(self.searcher.search(query, 1, count=True).count)

    def _restrict(self, only: Restriction) -> list[Any]:
        """A clause that chooses documents by their places and leaves the scores as they are."""
        from tantivy import Occur, Query

        places = []
        if only.folder:
            places.append(make_storable(only.folder.strip("/")))
        if only.file_type:
            places.append("." + only.file_type.lstrip(".").lower())
        if not places and not only.within:
            return []
        terms = [(Occur.Must, Query.term_query(self.schema, "places", place, "basic")) for place in places]
        if only.within:
            chosen = [make_storable(place.strip("/")) for place in only.within]
            one_of = [(Occur.Should, Query.term_query(self.schema, "places", place, "basic")) for place in chosen]
            terms.append((Occur.Must, Query.boolean_query(one_of)))
        also = (Query.term_query(self.schema, "places", make_storable(source), "basic") for source in only.also)
        allowed = [Query.boolean_query(terms), *also]
        query = Query.boolean_query([(Occur.Should, one) for one in allowed])
        return [(Occur.Must, Query.const_score_query(query, 0.0))]


def _compute_idf(count: int, total: int) -> float:
    total = max(total, count)
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


def find_best(
    state: CommittedState, terms: Sequence[QuestionTerm], only: Restriction | None, limit: int
) -> list[LexicalHit]:
    """At most `limit` (1 or more) chunks, best first; equal scores are ordered by `LexicalEntry.tie_break`."""
    query = state.make_query(terms, only)
    scorer = _Scorer(state, np.array([term.key for term in terms], np.uint32), [term.idf for term in terms])
    depth = limit + _SLACK
    while True:
        proposed = state.searcher.search(query, min(depth, state.chunk_count), count=False).hits
        scores = scorer.score_contenders(proposed, limit)
        if len(proposed) < depth or len(scores) < len(proposed):
            break
        depth *= 4  # all that were proposed are contenders, and there may be more
    addresses = [address for _, address in proposed[: len(scores)]]
    ids = state.searcher.fast_field_values("id", addresses)
    breaks = state.searcher.fast_field_values("tie_break", addresses)
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], breaks[place]))[:limit]
    places = [(addresses[place].segment_ord, addresses[place].doc) for place in order]
    return [LexicalHit(ids[n], scores[n], scorer.passages.get(at)) for n, at in zip(order, places, strict=True)]


@dataclass(frozen=True, slots=True)
class _Scorer:
    """Computes the scores of proposed chunks for one question.

    Chunks to which tantivy gives the same score have the same terms equally often, so only one of them is read.
    """

    state: CommittedState
    keys: np.ndarray
    """The keys of the question's terms, in its order."""
    idf: Sequence[float]
    """The idf of each of these terms."""
    scores: dict[float, float] = field(default_factory=dict)
    """What was computed so far, by the score that tantivy gives."""
    passages: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    """The passages that were read, by their chunk's segment and number."""

    def score_contenders(self, proposed: Sequence[_Proposed], limit: int) -> list[float]:
        """The scores of as many of the proposed chunks, from the first on, as can be among the best `limit`."""
        alone = _find_distinct([score for score, _ in proposed])
        scores = self._score(proposed[:limit], alone)
        if len(proposed) <= limit:
            return scores
        ours = self.state.average_length
        most = max(1.0, ours / (self.state.tantivy_average or ours)) * (1 + _ROUNDING)
        least = min(scores) / most  # no chunk's score is more than `most` times what tantivy gave it
        return scores + self._score([hit for hit in proposed[limit:] if hit[0] >= least], alone)

    def _score(self, proposed: Sequence[_Proposed], alone: set[float]) -> list[float]:
        """The scores of the proposed chunks; tantivy's, if they are right, where they are in `alone`."""
        self._read(proposed[:_READ])
        rest = proposed[_READ:]
        # The sum for many terms is too long a sum of rounded numbers to be right.
        if rest and len(self.idf) <= _FEW_TERMS and self._is_tantivy_right():
            kept = alone & {score for score, _ in rest} - self.scores.keys()
            self.scores.update(zip(kept, kept, strict=True))
        self._read(rest)
        return [self.scores[score] for score, _ in proposed]

    def _is_tantivy_right(self) -> bool:
        """Whether tantivy's scores are those of the live chunks, as far as single precision goes."""
        return all(abs(theirs - ours) <= _PRECISION * ours for theirs, ours in self.scores.items())

    def _read(self, proposed: Sequence[_Proposed]) -> None:
        """Read and score one chunk for each of tantivy's scores that is not known yet."""
        unread = {score: address for score, address in reversed(proposed) if score not in self.scores}
        if not unread:
            return
        found_by = []  # what a chunk is found by is its passage and, for a document's first chunk, the document's name
        for address in unread.values():
            document = self.state.searcher.doc(address)
            keys, name = document.get_first("keys"), document.get_first("name")
            passage = np.frombuffer(keys, np.uint32)
            self.passages[address.segment_ord, address.doc] = passage
            found_by.append(np.frombuffer(keys + name, np.uint32) if name else passage)
        scores = self._compute_bm25(found_by, self.state.average_length).tolist()
        self.scores.update(zip(unread, scores, strict=True))
        if self.state.tantivy_average is None:
            theirs, longest = max(zip(unread, found_by, strict=True), key=lambda scored: len(scored[1]))
            self.state.tantivy_average = self._solve_average_length(longest, theirs)

    def _compute_bm25(self, passages: Sequence[np.ndarray], average_length: float) -> np.ndarray:
        """BM25 as tantivy computes it. The passages are the keys of all their indexed terms.

        The sum's order is that of the question's terms, so that equal chunks get equal scores to the last bit.
        """
        lengths = np.array([len(passage) for passage in passages])
        norm = _K1 * (1 - _B + _B * _round_lengths(lengths * REPEATS) / average_length)
        scores = np.zeros(len(passages))
        for idf, count in zip(self.idf, self._count_terms(passages, lengths).T, strict=True):
            frequency = count * float(REPEATS)
            scores += idf * (_K1 + 1) * frequency / (frequency + norm)
        return scores

    def _count_terms(self, passages: Sequence[np.ndarray], lengths: np.ndarray) -> np.ndarray:
        """How often each passage has each term: a row for each passage, a column for each term."""
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

    def _solve_average_length(self, passage: np.ndarray, score: float) -> float:
        """The average length with which the passage gets this score: tantivy doesn't tell its own, but its scores do.

        The longest passage tells it the most exactly.
        """
        low, high = self.state.average_length / 1e3, self.state.average_length * 1e3
        for _ in range(_SOLVING_STEPS):
            middle = (low * high) ** 0.5
            is_low = bool(self._compute_bm25([passage], middle)[0] < score)
            low, high = (middle, high) if is_low else (low, middle)
        return float((low * high) ** 0.5)


def _find_distinct(scores: Sequence[float]) -> set[float]:
    """Tantivy's scores, given best first, that are like no other: nearly equal ones may tie, which they can't tell."""
    gap = 1 - 4 * _PRECISION
    is_apart = [True, *(after < gap * before for before, after in pairwise(scores)), True]
    return {score for score, sides in zip(scores, pairwise(is_apart), strict=False) if all(sides)}


def _round_lengths(lengths: np.ndarray) -> np.ndarray:
    """Each length rounded down to what fits into tantivy's byte: beyond 40 to four binary digits."""
    over = np.maximum(lengths - _EXACT_LENGTHS, 0)
    shift = np.maximum(np.frexp(over)[1] - 4, 0)
    return np.where(lengths < _EXACT_LENGTHS, lengths, _EXACT_LENGTHS + ((over >> shift) << shift))
