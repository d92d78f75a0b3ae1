"""The lexical index in a folder: chunks are added, removed, found by words and read again.

It is a view that can be made anew from the catalog; its identifiers are the catalog's chunk ids.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import IndexUnusableError, advise_repair, explain_system_error
from rag.index.lexical.entry import (
    DocumentContext,
    LexicalEntry,
    LexicalHit,
    QuestionTerm,
    make_fields,
    make_schema,
    make_storable,
    open_folder,
)
from rag.index.lexical.search import CommittedState, find_best
from rag.text.dates import list_months
from rag.text.language import detect_languages
from rag.text.terms import mend_terms, text_terms
from rag.types import Restriction

if TYPE_CHECKING:
    import tantivy

_LARGE = 10_000
"""Chunks of an index whose searches leave out the terms that nearly all chunks have, unless there are no others."""
_COMMON_SHARE = 0.8
"""The share of the chunks from which on a term is left out: it adds next to nothing to a score (idf < .23) and much to
the time of a search. Tuned on three sets (the figures are in `bench/RESULTS.md`)."""

_WRITER_BYTES = 64_000_000
_MOST_QUESTION_TERMS = 128
_QUESTION_CHARACTERS = 20_000
_CONTEXT_CACHE = 4096
_VERSIONS = 8
"""First chunks of one document that may be in the index at a time."""


class LexicalIndex:
    """The index in a folder, made if it isn't there. One process at a time may write; any number may search."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: tantivy.IndexWriter | None = None
        with self._translate_errors():
            folder.mkdir(parents=True, exist_ok=True)
            self._schema = make_schema()
            self._index = open_folder(self._schema, folder)
            self._state = CommittedState(self._schema, self._index.searcher())

    def __len__(self) -> int:
        return self._state.chunk_count

    # ---- writing

    def add(self, entries: Iterable[LexicalEntry]) -> None:
        """Add chunks under new ids; searchable after `commit`."""
        import tantivy

        with self._translate_errors():
            writer = self._open_writer()
            for entry in entries:
                writer.add_document(tantivy.Document(**make_fields(entry)))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove chunks; unknown ids are ignored. Gone after `commit`."""
        with self._translate_errors():
            writer = self._open_writer()
            for chunk_id in ids:
                writer.delete_documents_by_term("id", chunk_id)

    def commit(self) -> None:
        """Make additions and removals lasting and visible here, and let go of the writer's lock."""
        if self._writer is None:
            return
        with self._translate_errors():
            writer, self._writer = self._writer, None
            writer.commit()
            writer.wait_merging_threads()
            self.reload()

    def reload(self) -> None:
        """See what another process committed."""
        with self._translate_errors():
            self._index.reload()
            self._state = CommittedState(self._schema, self._index.searcher())

    def close(self) -> None:
        """Drop what was not committed and let go of the files."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.rollback()
            writer.wait_merging_threads()

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        return self._writer

    # ---- reading

    def find_terms(self, question: str) -> list[QuestionTerm]:
        """The distinct terms that `search` looks for, in the question's order; those that no chunk has included.

        A misspelt word is replaced by its neighbours among the words of the index.
        """
        state = self._state
        with self._translate_errors():
            present = state.languages
        languages = _guess_languages(question, present)
        with self._translate_errors():
            texts = mend_terms(question[:_QUESTION_CHARACTERS], languages, state.count_chunks)
            return state.find_terms(texts[:_MOST_QUESTION_TERMS])

    def search(
        self, question: str, limit: int, only: Restriction | None = None, terms: Sequence[QuestionTerm] | None = None
    ) -> list[LexicalHit]:
        """The best chunks first. Any string is a question; no match gives [].

        The folder and the file type of `only` are kept to; dates are the catalog's business.
        `terms` are the question's, if the caller has them already.
        """
        terms = self.find_terms(question) if terms is None else terms
        state = self._state
        if limit < 1 or not terms or not state.chunk_count:
            return []
        if state.chunk_count >= _LARGE:
            telling = [term for term in terms if term.chunks <= _COMMON_SHARE * state.chunk_count]
            terms = telling if any(term.chunks for term in telling) else terms
        with self._translate_errors():
            return find_best(state, terms, only, limit)

    def find_with_words(self, words: str, language: str, *, also_others: bool = False) -> list[int]:
        """The chunks of a language, or of others too, that may have all of these words, by their stems in the language.

        A document's name counts as words of its first chunk: look at the text to be sure.
        """
        from tantivy import Occur, Query

        state, terms = self._state, dict.fromkeys(text_terms(words, language))
        if not terms or not state.chunk_count:
            return []
        with self._translate_errors():
            wanted = [Query.term_query(self._schema, "terms", term, "basic") for term in terms]
            if not also_others:
                wanted.append(Query.term_query(self._schema, "language", language, "basic"))
            query = Query.boolean_query([(Occur.Must, one) for one in wanted])
            hits = state.searcher.search(query, state.chunk_count, count=False).hits
            return list(state.searcher.fast_field_values("id", [address for _, address in hits]))

    def read_passages(self, ids: Iterable[int]) -> dict[int, np.ndarray]:
        """The keys of each passage's terms, its section's first, in order and with repeats; unknown ids are left out.

        So a passage can be looked at without reading and analysing its text again.
        """
        from tantivy import Query

        found = {}
        with self._translate_errors():
            searcher = self._state.searcher
            for chunk_id in ids:
                # One by one: 2.5 µs each, where a query for the whole set takes 600.
                hits = searcher.search(Query.term_query(self._schema, "id", chunk_id, "basic"), 1, count=False).hits
                if hits:
                    found[chunk_id] = np.frombuffer(searcher.doc(hits[0][1]).get_first("keys"), np.uint32)
        return found

    def read_context(self, source: str) -> DocumentContext:
        """What the document is about; empty for an unknown document."""
        state = self._state
        context = state.contexts.get(source)
        if context is None:
            if len(state.contexts) >= _CONTEXT_CACHE:
                state.contexts.clear()
            context = state.contexts[source] = self._look_up_context(state, source)
        return context

    def measure_in_names(self, question: str, terms: Iterable[QuestionTerm], names: Sequence[str]) -> dict[int, float]:
        """How rare among the names of documents those of the question's terms are that can be a document's name.

        These are terms with a digit (years, quarters, numbers, models), those of `names`, words of the question, and
        months however they are written. The idf is by the term's key; terms that no name has are left out.
        """
        state = self._state
        with self._translate_errors():
            languages = _guess_languages(question, state.languages) if names else ()
            named = {term for name in names for language in languages for term in text_terms(name, language)}
            asked = [term.text for term in terms if term.text in named or any(map(str.isdigit, term.text))]
            return state.measure_in_names(dict.fromkeys([*asked, *list_months(question[:_QUESTION_CHARACTERS])]))

    @property
    def languages(self) -> dict[str, int]:
        """Chunks by language (ISO 639-1 code), in the order of the codes."""
        with self._translate_errors():
            return self._state.languages

    def list_ids(self) -> set[int]:
        """The ids of all chunks, committed and not removed."""
        import tantivy

        with self._translate_errors():
            state = self._state
            if not state.chunk_count:  # tantivy panics when it is asked for nothing
                return set()
            hits = state.searcher.search(tantivy.Query.all_query(), state.chunk_count, count=False).hits
            return set(state.searcher.fast_field_values("id", [address for _, address in hits]))

    def _look_up_context(self, state: CommittedState, source: str) -> DocumentContext:
        from tantivy import Query

        with self._translate_errors():
            query = Query.term_query(self._schema, "opens", make_storable(source), "basic")
            addresses = [address for _, address in state.searcher.search(query, _VERSIONS, count=False).hits]
            if not addresses:
                return DocumentContext()
            # While one version takes another's place, both are there; the newest has the highest id.
            ids = state.searcher.fast_field_values("id", addresses)
            document = state.searcher.doc(addresses[ids.index(max(ids))])
            name, opening = (array("I", document.get_first(field)) for field in ("name", "opening"))
            return DocumentContext(frozenset(name), frozenset(opening))

    # ---- errors

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Tantivy raises ValueError for nearly everything, and panics (a BaseException) on some damaged files."""
        try:
            yield
        except BaseException as exc:
            if not isinstance(exc, OSError | ValueError) and type(exc).__name__ != "PanicException":
                raise
            reason = re.sub(r"\s+", " ", str(exc))[:200]
            raise explain_system_error(exc, self._folder) or IndexUnusableError(
                f"The lexical index in {self._folder} cannot be used ({reason}). {advise_repair(self._folder)}"
            ) from exc


def _guess_languages(question: str, present: Mapping[str, int]) -> tuple[str, ...]:
    """Languages that the question may be in, likeliest first; `present` are the corpus's, with their chunks.

    A few words don't tell for sure, so what the corpus is written in has a say, and close seconds stay in. Only
    an empty corpus leaves none.
    """
    total = sum(present.values())
    likely = {
        language: probability * math.sqrt(present[language] / total)
        for language, probability in detect_languages(question)
        if language in present
    }
    if not likely:
        return tuple(sorted(present, key=lambda language: -present[language])[:1])
    best = max(likely.values())
    return tuple(sorted((lang for lang, p in likely.items() if p >= 0.1 * best), key=lambda lang: -likely[lang]))
