"""One committed state of the lexical index: its statistics and its documents, without what is deleted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from rag.index.lexical.entry import DocumentContext, QuestionTerm
from rag.index.lexical.schema import make_storable, unpack_terms
from rag.index.lexical.scoring import REPEATS
from rag.types import Restriction

if TYPE_CHECKING:
    import numpy as np

_CONTEXT_CACHE = 4096
_COUNT_CACHE = 65_536

ScoredAddress = tuple[float, Any]
"""Tantivy's own score, and where it has the chunk."""


class CommittedState:
    """Tantivy counts deleted chunks until it merges them away; what is counted here is what is live.

    While nothing is deleted, that is the same and costs nothing more. Counts are remembered: a state never changes.
    """

    def __init__(self, schema: Any, searcher: Any) -> None:  # noqa: ANN401 (untyped library)
        self._schema = schema
        self._searcher = searcher
        self._counts: dict[str, int] = {}
        self._contexts: dict[str, DocumentContext] = {}
        self.tantivy_average: float | None = None
        """The average length that tantivy scores by, once it is known."""

    # ---- statistics

    @property
    def chunk_count(self) -> int:
        return int(self._searcher.num_docs)

    @cached_property
    def languages(self) -> dict[str, int]:
        """Chunks by language (ISO 639-1 code), in the order of the codes."""
        import tantivy

        live = tantivy.Query.all_query() if self._deleted_count else None
        counts = self._searcher.terms_with_prefix("language", "", filter_query=live)
        return {language: count for language, count in sorted(counts) if count}

    @cached_property
    def average_length(self) -> float:
        """Indexed terms of a chunk, with their repeats; 0 for an empty index."""
        import tantivy

        if not self.chunk_count:
            return 0.0
        wanted = {"terms": {"sum": {"field": "length"}}}
        found = self._searcher.aggregate(tantivy.Query.all_query(), wanted)
        return float(REPEATS * found["terms"]["value"] / self.chunk_count)

    def find_terms(self, terms: Iterable[str]) -> list[QuestionTerm]:
        """In their order, each with the number of chunks that have it; unknown ones included."""
        return [QuestionTerm(term, count, _compute_idf(count, self.chunk_count)) for term, count in self._count(terms)]

    def compute_boosts(self, terms: Sequence[QuestionTerm]) -> list[float]:
        """What makes tantivy's weight of each term that of the live chunks."""
        if not self._deleted_count:
            return [1.0] * len(terms)
        total = self.chunk_count + self._deleted_count
        held = [self._searcher.doc_freq("terms", term.text) for term in terms]
        return [term.idf / _compute_idf(count, total) for term, count in zip(terms, held, strict=True)]

    @cached_property
    def _deleted_count(self) -> int:
        # Every chunk has one language, and a term's chunks are counted with the deleted ones.
        held = sum(count for _, count in self._searcher.terms_with_prefix("language", ""))
        return int(held) - self.chunk_count

    def _count(self, terms: Iterable[str]) -> list[tuple[str, int]]:
        counts = self._counts
        if len(counts) > _COUNT_CACHE:
            counts.clear()
        found = []
        for term in terms:
            count = counts.get(term)
            if count is None:
                counts[term] = count = self._count_chunks(term)
            found.append((term, count))
        return found

    def _count_chunks(self, term: str) -> int:
        count = int(self._searcher.doc_freq("terms", term))
        if not count or not self._deleted_count:
            return count
        return int(self._searcher.search(self._make_term_query("terms", term), 1, count=True).count)

    # ---- searching

    def make_query(self, terms: Iterable[tuple[str, float]], only: Restriction | None) -> Any:  # noqa: ANN401 (untyped library)
        """`terms` with their boosts."""
        from tantivy import Occur, Query

        wanted = [(Occur.Should, self._make_boosted_query(term, boost)) for term, boost in terms]
        query = Query.boolean_query(wanted)
        return query if only is None else Query.boolean_query([(Occur.Must, query), *self._restrict(only)])

    def search(self, query: Any, limit: int) -> list[ScoredAddress]:  # noqa: ANN401 (untyped library)
        """Best first, by tantivy's own scores."""
        limit = min(limit, self.chunk_count)
        if limit < 1:  # tantivy panics
            return []
        return cast("list[ScoredAddress]", self._searcher.search(query, limit, count=False).hits)

    def read_column(self, name: str, addresses: Sequence[Any]) -> list[int]:
        return cast("list[int]", self._searcher.fast_field_values(name, list(addresses)))

    def read_keys(self, address: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401 (untyped library)
        """Keys of the terms of a chunk's passage, and of all that it is found by."""
        import numpy as np

        document = self._searcher.doc(address)
        keys, name = document.get_first("keys"), document.get_first("name")
        passage = np.frombuffer(keys, np.uint32)
        return passage, (np.frombuffer(keys + name, np.uint32) if name else passage)

    def read_passages(self, ids: Iterable[int]) -> dict[int, np.ndarray]:
        found = {}
        for chunk_id in ids:
            # One by one: 2.5 µs each, where a query for the whole set takes 600.
            hits = self._searcher.search(self._make_term_query("id", chunk_id), 1, count=False).hits
            if hits:
                found[chunk_id] = self.read_keys(hits[0][1])[0]
        return found

    def read_context(self, source: str) -> DocumentContext:
        """Empty for an unknown document."""
        contexts = self._contexts
        if source not in contexts:
            if len(contexts) >= _CONTEXT_CACHE:
                contexts.clear()
            contexts[source] = self._read_context(source)
        return contexts[source]

    def list_ids(self) -> set[int]:
        import tantivy

        hits = self.search(tantivy.Query.all_query(), self.chunk_count)
        return set(self.read_column("id", [address for _, address in hits]))

    def _read_context(self, source: str) -> DocumentContext:
        query = self._make_term_query("opens", make_storable(source))
        addresses = [address for _, address in self.search(query, 8)]
        if not addresses:
            return DocumentContext()
        # While one version takes another's place, both are there; the newest has the highest id.
        newest = max(zip(self.read_column("id", addresses), range(len(addresses)), strict=True))[1]
        document = self._searcher.doc(addresses[newest])
        return DocumentContext(*(frozenset(unpack_terms(document.get_first(field))) for field in ("name", "opening")))

    def _make_boosted_query(self, term: str, boost: float) -> Any:  # noqa: ANN401 (untyped library)
        from tantivy import Query

        # One field: tantivy then skips what can't be among the best.
        query = Query.term_query(self._schema, "terms", term, "freq")
        return query if boost == 1 else Query.boost_query(query, boost)

    def _restrict(self, only: Restriction) -> list[Any]:
        """Clauses that choose documents and leave the scores as they are."""
        from tantivy import Occur, Query

        clauses = [Query.all_query()]
        if only.folder:
            clauses.append(self._make_term_query("places", make_storable(only.folder.strip("/"))))
        if only.file_type:
            clauses.append(self._make_term_query("places", "." + only.file_type.lstrip(".").lower()))
        return [(Occur.Must, Query.const_score_query(clause, 0.0)) for clause in clauses]

    def _make_term_query(self, field: str, value: str | int) -> Any:  # noqa: ANN401 (untyped library)
        from tantivy import Query

        return Query.term_query(self._schema, field, value, "basic")


def _compute_idf(count: int, total: int) -> float:
    total = max(total, count)
    return math.log(1 + (total - count + 0.5) / (count + 0.5))
