"""Searching and reading one consistent state of the index."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog.database import Catalog, Connection
from rag.index.catalog.reading import BuildView, CatalogView
from rag.index.catalog.records import NO_BUILD, Meta
from rag.index.integrity.damage import RepairMark
from rag.index.lexical.entry import SHORT
from rag.index.vectors import BYTES_A_COMPONENT
from rag.index.views import KeyedVectors, OpenViews
from rag.text.terms import text_terms
from rag.types import Chunk, Restriction

if TYPE_CHECKING:
    import numpy as np

    from rag.index.lexical.entry import LexicalHit, QuestionTerm
    from rag.index.lexical.index import LexicalIndex

_EXACT_CHUNKS = 20_000
"""A restriction to as many is searched vector by vector, where Chroma would be asked for thousands: 5 µs each the first
time, when they are read, and .1 µs from then on."""

_REMEMBERED_CHUNKS = 20_000
"""All vectors of an index with as many chunks are kept in memory after the first question (1.5 KB a chunk) and searched
there: exactly, no slower than by Chroma, and without loading it. Chosen by the table in bench/RESULTS.md, Index."""

_READ_AT_ONCE = 500
"""Passages that are read at a time."""

_DEEPER = 4
"""So many times more hits are asked for when too many of the first aren't live or allowed."""


class Snapshot(BuildView):
    """What is live, as it was at one moment: it can be read, and searched by words and by vectors.

    Before the first sync there is no build that could be live; then the snapshot is that of a build with nothing in it.
    """

    def __init__(self, connection: Connection, catalog: Catalog, views: OpenViews, mark: RepairMark) -> None:
        """`connection` is within the catalog's own snapshot."""
        self._catalog = catalog
        self._views = views
        self._mark = mark
        self._view = CatalogView(connection)
        self._meta = self._view.read_meta()
        super().__init__(connection, self._view.find_build(self._meta[Meta.LIVE_BUILD]) or NO_BUILD)
        self.generation = self._meta[Meta.GENERATION]
        """Counts the changes of what is live."""
        self.version = (self._meta[Meta.IDENTITY], self.build.id, self.generation)
        """Differs between any two states of what is live, also between those of two indexes in one folder."""
        self.corpus_inode = self._meta[Meta.CORPUS_INODE]
        """The number on its disk of the folder that had the documents; 0 while that isn't known."""
        self.sweeps = self._meta[Meta.SWEEPS]
        """How often dead chunks had been cleared out of the views; a search is valid if it is still the same after."""
        self.embed_model: str | None = self.build.fingerprint.get("embed_model")
        """Name of the model whose vectors are live; questions must be embedded by it. None for an empty index."""
        self.embedding = self.build.embedding
        """Fingerprint of the model whose vectors are live; None before the first is known."""
        row = connection.execute(
            "SELECT length(vector) FROM vectors WHERE model = ? LIMIT 1", (self.build.model_id,)
        ).fetchone()
        self._dimensions = 0 if row is None else (row[0] or 0) // BYTES_A_COMPONENT
        self.has_vectors = self._dimensions > 0
        """Whether the dense search can find anything."""
        self._state = (*self.version, self.build.model_id, self._meta[Meta.VECTOR_GENERATION])
        """Differs between any two states of the live build and its vectors."""

    def read_mounts(self) -> set[str]:
        """The folders of the corpus that were mount points, or links to folders, when they were last looked at."""
        return self._view.read_mounts()

    @property
    def is_being_rebuilt(self) -> bool:
        """Whether another build is under construction beside the live one."""
        return len(self._view.list_builds()) > 1

    @property
    def chunk_count(self) -> int:
        """How many chunks are live."""
        return self._views.chunk_count.get(self.version, self.count)

    def count_all(self) -> tuple[int, int, int]:
        """Live documents, their chunks, and how many of the chunks have a vector; remembered until they change."""
        return self._views.totals.get(self._state, super().count_all)

    # ---- by vector

    def search_vectors(
        self, vector: np.ndarray, limit: int, only: Restriction | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, cosine), best first, as `order_best_first` orders them.

        Few chunks are searched exactly, in the catalog's own vectors; so is everything while the vector view can't be
        used: slower, and nothing is missing.
        Raises ValueError for a vector whose number of dimensions isn't the index's.
        """
        if not self.has_vectors:
            return []
        if vector.shape != (self._dimensions,):
            raise ValueError(
                f"The question's vector has the shape {vector.shape}, those of the index ({self._dimensions},)."
            )
        allowed = self.chunk_count if only is None else self.count(only)
        if allowed > (_REMEMBERED_CHUNKS if only is None else _EXACT_CHUNKS):
            hits = self._search_store(vector, limit, only, allowed)
        else:
            hits = self._load_vectors(only).rank(vector, limit)
        cosines = dict(hits)
        return [(id_, cosines[id_]) for id_ in order_best_first(cosines, self.read_places)[:limit]]

    def _load_vectors(self, only: Restriction | None) -> KeyedVectors[int]:
        """The vectors of the chunks that may be found, which are few; from memory if they were asked for lately."""

        def read() -> KeyedVectors[int]:
            return KeyedVectors.unpack(self.read_chunk_vectors(only))

        if only is None:
            return self._views.chunk_vectors.get(self._state, read)
        return self._views.restricted_vectors.get(self._state, only, read)

    def _search_store(
        self, vector: np.ndarray, limit: int, only: Restriction | None, allowed: int
    ) -> list[tuple[int, float]]:
        """Search in Chroma; in the catalog if that fails."""
        model_id = self.build.model_id
        assert model_id is not None
        try:
            with self._views.use_store(self._meta) as store:
                depth = limit if only is None else math.ceil(1.5 * limit * self.chunk_count / allowed)
                return self._find_live(lambda n: store.search(model_id, vector, n), limit, depth, only)
        except IndexUnusableError as exc:
            self._request_repair(exc)
        ranking = [
            hit
            for rows in self._view.iterate_vectors(model_id)
            for hit in KeyedVectors.unpack(rows).rank(vector, len(rows))
        ]
        ranking.sort(key=lambda hit: -hit[1])
        return self._find_live(lambda n: ranking[:n], limit, limit, only)

    def _find_live(
        self,
        search: Callable[[int], list[tuple[bytes, float]]],
        limit: int,
        depth: int,
        only: Restriction | None,
    ) -> list[tuple[int, float]]:
        """The chunks of the texts that a search finds, `limit` or more if there are as many.

        It is asked for `depth` texts, and for more while texts that no chunk carries, or none that may be found, take
        the places of others.
        """
        while True:
            found = search(depth)
            ids = self.find_ids_by_hash([hash_ for hash_, _ in found], only)
            hits = [(id_, cosine) for hash_, cosine in found for id_ in ids.get(hash_, ())]
            if len(hits) >= limit or len(found) < depth:
                return hits
            depth *= _DEEPER

    # ---- by words

    @cached_property
    def lexical_index(self) -> LexicalIndex | None:
        """For the frequencies of terms; None for an empty index. Raises IndexUnusableError for a damaged one."""
        return self._views.open_lexical(self._view, self.build.id, self._meta) if self.build.id else None

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
        try:
            lexical = self.lexical_index
            if lexical is None:
                return []
            depth = limit
            while True:
                hits = found = lexical.search(question, depth, only, terms)
                # It holds at least what is live; if it holds no more, all that it found is live.
                if len(lexical) != self.chunk_count or (only and only.is_dated):
                    live = self.select_live([hit.id for hit in found], only)
                    hits = [hit for hit in found if hit.id in live]
                if len(hits) >= limit or len(found) < depth:
                    return hits[:limit]
                depth *= _DEEPER
        except IndexUnusableError as exc:
            self._request_repair(exc, "lexical")
            return []

    def find_by_words(self, words: str, asked_in: str, only: Restriction | None = None) -> dict[str, int] | None:
        """Every document with a passage that has all of these words: its source and its first such passage, in order.

        Words are the same if their stems are, in the passage's language; in that of the question, `asked_in`, too for
        a short passage, whose language is a guess. None if the index of words is damaged: the next sync repairs it.
        """
        try:
            lexical = self.lexical_index
            if lexical is None:
                return {}
            languages: dict[int, list[str]] = {}
            for language in lexical.languages:
                for id_ in lexical.find_with_words(words, language):
                    languages.setdefault(id_, []).append(language)
            guessed = set(lexical.find_with_words(words, asked_in, also_others=True)) - languages.keys()
        except IndexUnusableError as exc:
            self._request_repair(exc, "lexical")
            return None
        live = list(self.select_live([*languages, *guessed], only))
        places = self.read_places(live)
        found: dict[str, int] = {}
        live.sort(key=places.__getitem__)
        for first in range(0, len(live), _READ_AT_ONCE):
            part = live[first : first + _READ_AT_ONCE]
            chunks = self.read_chunks([id_ for id_ in part if places[id_][0] not in found])
            for id_ in part:
                source = places[id_][0]
                if (
                    source not in found
                    and id_ in chunks
                    and _has_words(chunks[id_].chunk, words, languages.get(id_, ()), asked_in)
                ):
                    found[source] = id_
        return found

    def can_search_words(self, question: str) -> bool:
        """Whether the lexical index finds something; a damaged one does not, and is repaired by the next sync.

        Raises IndexUnusableError, to be asked anew, while the writer is at work.
        """
        return bool(self.search_words(question, 1))

    def _request_repair(self, exc: IndexUnusableError, part: str | None = None) -> None:
        """Have a part repaired, unless a writer is at work on it: then `Index.read` asks again.

        The part is the one that the error names, else `part`.
        """
        if self._catalog.read_sweeps() != self.sweeps:
            raise exc
        part = exc.part if isinstance(exc, IndexDamagedError) else part
        if part is not None:
            self._mark.request(part, str(exc))


def _has_words(chunk: Chunk, words: str, languages: Sequence[str], asked_in: str) -> bool:
    """Whether the passage or its heading has all the words, by their stems in one of the languages."""
    written = f"{chunk.section}\n{chunk.text}"
    if not languages:
        if len(text_terms(written, "")) > SHORT:
            return False
        languages = (asked_in,)
    return any(set(text_terms(words, one)) <= set(text_terms(written, one)) for one in languages)


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
