"""Searching and reading one consistent state of the index."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog.connections import Catalog
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import DocumentInfo
from rag.index.counts import Counts
from rag.index.integrity.damage import RepairMark
from rag.index.packing import BYTES_A_COMPONENT, ChunkVectors, rank_by_cosine, unpack_vectors
from rag.index.views import OpenViews
from rag.types import Restriction, StoredChunk

if TYPE_CHECKING:
    import numpy as np

    from rag.index.lexical.entry import LexicalHit, QuestionTerm
    from rag.index.lexical.index import LexicalIndex

Found = TypeVar("Found")
Hit = TypeVar("Hit")

_EXACT_CHUNKS = 20_000
"""A restriction to as many is searched vector by vector: 3.3 µs each, where Chroma would be asked for thousands."""

_REMEMBERED_CHUNKS = 20_000
"""All vectors of an index with as many chunks are kept in memory after the first question (1.5 KB a chunk) and searched
there: exactly, no slower than by Chroma, and without loading it. Chosen by the table in bench/RESULTS.md, Index."""


class Snapshot:
    """One consistent view of what is live."""

    def __init__(self, view: CatalogView, catalog: Catalog, views: OpenViews, counts: Counts, mark: RepairMark) -> None:
        self.view = view
        self._catalog = catalog
        self._views = views
        self._counts = counts
        self._mark = mark
        self._build = view.find_live_build()
        self.generation = view.generation

    @property
    def embed_model(self) -> str | None:
        """Name of the model whose vectors are live; questions must be embedded by it. None for an empty index."""
        return None if self._build is None else str(self._build.fingerprint["embed_model"])

    @property
    def embedding(self) -> str | None:
        """Fingerprint of the model whose vectors are live; None before the first is known."""
        return None if self._build is None else self.view.find_model_fingerprint(self._build.model_id)

    # ---- documents and chunks

    @property
    def chunk_count(self) -> int:
        return 0 if self._build is None else self._counts.count_chunks(self.view, self._build)

    def count(self, only: Restriction) -> int:
        """Chunks of the documents that may be found."""
        return 0 if self._build is None else self.view.count_chunks(self._build.id, only)

    def read_chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        return {} if self._build is None else self.view.read_chunks(ids, self._build.id)

    def read_places(self, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Source and ordinal: all that a ranking needs of `read_chunks`, at a fifth of the cost."""
        return {} if self._build is None else self.view.read_places(ids, self._build.id)

    def read_neighbours(self, chunk_id: int, before: int, after: int) -> list[StoredChunk]:
        """The chunk with those around it in its document, in order."""
        return self.view.read_neighbours(chunk_id, before, after)

    def list_documents(self) -> list[DocumentInfo]:
        return [] if self._build is None else self.view.list_documents(self._build.id)

    def list_sources(self) -> list[str]:
        return [] if self._build is None else self.view.list_sources(self._build.id)

    def find_document(self, source: str) -> DocumentInfo | None:
        return None if self._build is None else self.view.find_document(self._build.id, source)

    # ---- by vector

    @property
    def has_vectors(self) -> bool:
        """Whether the dense search can find anything."""
        return self._build is not None and self.view.has_vectors(self._build.model_id)

    def search_vectors(
        self, vector: np.ndarray, limit: int, only: Restriction | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, cosine), best first; what ties by its place in the folder.

        Few chunks are searched exactly, in the catalog's own vectors; so is everything while the vector view can't be
        used: slower, and nothing is missing.
        Raises ValueError for a vector whose number of dimensions isn't the index's.
        """
        build = self._build
        if build is None or build.model_id is None:
            return []
        self._check_dimensions(build.model_id, vector)
        allowed = self.chunk_count if only is None else self.view.count_chunks(build.id, only)
        if allowed <= (_REMEMBERED_CHUNKS if only is None else _EXACT_CHUNKS):
            hits = self._search_chunks(build.id, build.model_id, vector, limit, only)
        else:
            depth = limit if only is None else math.ceil(1.5 * limit * self.chunk_count / allowed)
            hits = self._search_store(build.id, build.model_id, vector, only, limit, depth)
        cosines = dict(hits)
        return [(id_, cosines[id_]) for id_ in order_best_first(cosines, self.read_places)[:limit]]

    def _search_chunks(
        self, build_id: int, model_id: int, vector: np.ndarray, limit: int, only: Restriction | None
    ) -> list[tuple[int, float]]:
        def read() -> ChunkVectors:
            return ChunkVectors.unpack(self.view.read_chunk_vectors(build_id, model_id, only))

        if only is None:
            key = (self.view.identity, build_id, model_id, self.generation, self.view.vector_generation)
            return self._counts.vectors.get(key, read).rank(vector, limit)
        return read().rank(vector, limit)

    def _search_store(
        self, build_id: int, model_id: int, vector: np.ndarray, only: Restriction | None, limit: int, depth: int
    ) -> list[tuple[int, float]]:
        resolve = self._make_hash_resolver(build_id, only)
        try:
            with self._views.use_store(self.view) as store:
                return _search_deeper(lambda n: store.search(model_id, vector, n), resolve, limit, depth)
        except IndexUnusableError as exc:
            self._note_damage(exc)
        ranking = self._rank_all(model_id, vector)
        return _search_deeper(lambda n: ranking[:n], resolve, limit, limit)

    def _check_dimensions(self, model_id: int, vector: np.ndarray) -> None:
        kept = self.view.measure_vector(model_id) // BYTES_A_COMPONENT
        if kept and vector.shape != (kept,):
            raise ValueError(f"The question's vector has the shape {vector.shape}, those of the index ({kept},).")

    def _rank_all(self, model_id: int, vector: np.ndarray) -> list[tuple[bytes, float]]:
        hits = [
            (rows[row][0], cosine)
            for rows in self.view.iterate_vectors(model_id)
            for row, cosine in rank_by_cosine(unpack_vectors([packed for _, packed in rows]), vector, len(rows))
        ]
        return sorted(hits, key=lambda hit: -hit[1])

    def _make_hash_resolver(
        self, build_id: int, only: Restriction | None
    ) -> Callable[[list[tuple[bytes, float]]], list[tuple[int, float]]]:
        def resolve(found: list[tuple[bytes, float]]) -> list[tuple[int, float]]:
            ids = self.view.find_ids_by_hash([hash_ for hash_, _ in found], build_id, only)
            return [(id_, cosine) for hash_, cosine in found for id_ in ids.get(hash_, ())]

        return resolve

    # ---- by words

    @property
    def lexical_index(self) -> LexicalIndex | None:
        """For the frequencies of terms; None for an empty index."""
        return None if self._build is None else self._views.open_lexical(self.view, self._build.id)

    def search_words(
        self,
        question: str,
        limit: int,
        only: Restriction | None = None,
        terms: Sequence[QuestionTerm] | None = None,
    ) -> list[LexicalHit]:
        """Best first. A damaged index gives nothing, and is repaired by the next sync.

        `terms` are the question's, if the caller has them already.
        """
        build = self._build
        if build is None:
            return []
        try:
            lexical = self._views.open_lexical(self.view, build.id)
            resolve = self._make_id_resolver(lexical, build.id, only)
            return _search_deeper(lambda n: lexical.search(question, n, only, terms), resolve, limit, limit)[:limit]
        except IndexUnusableError as exc:
            self._note_damage(exc, "lexical")
            return []

    def can_search_words(self, question: str) -> bool:
        """Whether the lexical index finds something; a damaged one does not, and is repaired by the next sync.

        Raises IndexUnusableError, to be asked anew, while the writer is at work.
        """
        return bool(self.search_words(question, 1))

    def _make_id_resolver(
        self, lexical: LexicalIndex, build_id: int, only: Restriction | None
    ) -> Callable[[list[LexicalHit]], list[LexicalHit]]:
        def resolve(found: list[LexicalHit]) -> list[LexicalHit]:
            # It holds at least what is live; if it holds no more, all is.
            if len(lexical) == self.chunk_count and not (only and only.is_dated):
                return found
            live = self.view.select_live([hit.id for hit in found], build_id, only)
            return [hit for hit in found if hit.id in live]

        return resolve

    def _note_damage(self, exc: IndexUnusableError, part: str | None = None) -> None:
        """Have it repaired, unless it is at work: then `Index.read` asks again."""
        if self._catalog.read_sweeps() != self.view.sweeps:
            raise exc
        part = exc.part if isinstance(exc, IndexDamagedError) else part
        if part is not None:
            self._mark.request(part, str(exc))


def order_best_first(
    scores: Mapping[int, float], read_places: Callable[[Sequence[int]], Mapping[int, tuple[str, int]]]
) -> list[int]:
    """Chunk ids by their scores, the highest first; what ties by its place in the folder.

    Ids would order ties by the history of the index, and equal folders are to give equal answers.
    """
    counts = Counter(scores.values())
    ties = [id_ for id_, score in scores.items() if counts[score] > 1]
    places = read_places(ties) if ties else {}
    return sorted(scores, key=lambda id_: (-scores[id_], places.get(id_, ("", 0))))


def _search_deeper(
    search: Callable[[int], list[Found]], resolve: Callable[[list[Found]], list[Hit]], limit: int, depth: int
) -> list[Hit]:
    """At least `limit` hits if there are as many.

    The search goes deeper, from `depth` on, while hits that aren't live or allowed take the places of those that are.
    """
    while True:
        found = search(depth)
        hits = resolve(found)
        if len(hits) >= limit or len(found) < depth:
            return hits
        depth *= 4
