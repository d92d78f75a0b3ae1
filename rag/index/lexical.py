"""BM25 over the chunks' terms; owns tantivy.

The terms are made by `rag.text.terms` and only stored here, so that a question's are made in the same way. The index is
a rebuildable view: identifiers are the catalog's chunk ids.
"""

from __future__ import annotations

import math
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from rag.errors import IndexUnusableError
from rag.text.terms import detect_languages, question_terms, text_terms
from rag.types import Restriction

if TYPE_CHECKING:
    import numpy as np


_REPEATS = 3
"""How often each term is added. Tantivy's BM25 has k1 = 1.2 built in; three times the frequency makes it .4, because in
chunks of some 200 words a term's second occurrence tells little. Tuned on three sets (see `bench/RESULTS.md`)."""
_COMMON_SHARE = 0.8
"""Of the chunks. Terms that are in more of them add next to nothing to a score (idf < .23) and much to the time of a
search. Tuned on three sets (the figures are in `bench/RESULTS.md`)."""
_LARGE = 10_000
"""Chunks, from which on that is worth it."""

_WRITER_BYTES = 64_000_000
_MOST_QUESTION_TERMS = 128
_OPENING_CHARACTERS = 600
_CONTEXT_CACHE = 4096
_QUESTION_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """What the lexical search knows of a chunk."""

    id: int
    source: str
    title: str
    section: str
    text: str
    language: str = ""
    """ISO 639-1 code that the document declares, for texts that don't show theirs."""


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """What a document is about, for passages that don't repeat it: a filing names its company on the first page."""

    name: frozenset[int] = frozenset()
    """Keys of the terms of its path and title."""
    opening: frozenset[int] = frozenset()
    """Of those of its first lines."""


@dataclass(frozen=True, slots=True)
class QuestionTerm:
    """A search term of a question and in how many chunks it occurs."""

    text: str
    chunks: int
    idf: float

    @property
    def key(self) -> int:
        return term_key(self.text)


def term_key(term: str) -> int:
    """What a term is kept as in a passage: 32 bits, which two terms of a passage of 250 share once in 100,000."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


class LexicalIndex:
    """Creates or opens the index in a folder. Writing is for one process at a time; any number may search."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._last_source: str | None = None
        self._contexts: dict[str, DocumentContext] = {}
        with self._unusable():
            folder.mkdir(parents=True, exist_ok=True)
            self._schema = _schema()
            self._index = _open(self._schema, folder)
            self._searcher = self._index.searcher()

    def __len__(self) -> int:
        count: int = self._searcher.num_docs
        return count

    def add(self, entries: Iterable[LexicalEntry]) -> None:
        """Add chunks under new ids; searchable after `commit`. Those of one document come together, in order."""
        import tantivy

        with self._unusable():
            writer = self._open_writer()
            for entry in entries:
                is_first, self._last_source = entry.source != self._last_source, entry.source
                writer.add_document(tantivy.Document(**_fields(entry, is_first)))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove chunks; unknown ids are ignored. Gone after `commit`."""
        with self._unusable():
            writer = self._open_writer()
            for chunk_id in ids:
                writer.delete_documents_by_term("id", chunk_id)

    def commit(self) -> None:
        """Make additions and removals lasting and visible here, and let go of the writer's lock."""
        if self._writer is None:
            return
        with self._unusable():
            writer, self._writer = self._writer, None
            self._last_source = None
            writer.commit()
            writer.wait_merging_threads()
            self.reload()

    def reload(self) -> None:
        """See what another process committed."""
        with self._unusable():
            self._index.reload()
            self._searcher = self._index.searcher()
            self._contexts = {}

    def search(
        self, question: str, limit: int, only: Restriction | None = None, terms: Sequence[QuestionTerm] | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25), best first. Any string is a question; no match gives [].

        Of `only`, folder and file type are kept to; dates are the catalog's business.
        `terms` are the question's, if the caller has them already.
        """
        terms = self.question_terms(question) if terms is None else terms
        if limit < 1 or not terms:
            return []
        with self._unusable():
            return self._hits(self._query(self._telling(terms), only), limit)

    def _telling(self, terms: Sequence[QuestionTerm]) -> list[str]:
        """Of a large index, without those that nearly all chunks have, unless there are no others."""
        most = _COMMON_SHARE * len(self) if len(self) >= _LARGE else len(self)
        telling = [term for term in terms if term.chunks <= most]
        return [term.text for term in (telling if any(term.chunks for term in telling) else terms)]

    def passages(self, ids: Sequence[int]) -> dict[int, np.ndarray]:
        """The keys of each passage's terms, its section's first, in order and with repeats; unknown ids are left out.

        So a passage can be looked at without reading and analysing its text again.
        """
        import numpy as np
        from tantivy import Query

        searcher, found = self._searcher, {}
        with self._unusable():
            for chunk_id in ids:
                # One by one: 2.5 µs each, where a query for the whole set takes 600.
                hits = searcher.search(Query.term_query(self._schema, "id", chunk_id), 1, count=False).hits
                if hits:
                    found[chunk_id] = np.frombuffer(searcher.doc(hits[0][1]).get_first("keys"), np.uint32)
        return found

    def question_terms(self, question: str, languages: tuple[str, ...] | None = None) -> list[QuestionTerm]:
        """The distinct terms that `search` looks for, in the question's order, unknown ones included.

        `languages` are the question's, if the caller has them already.
        """
        languages = self.question_languages(question) if languages is None else languages
        terms = question_terms(question[:_QUESTION_CHARACTERS], languages)
        terms = terms[:_MOST_QUESTION_TERMS]
        searcher = self._searcher
        with self._unusable():
            counts = [searcher.doc_freq("terms", term) for term in terms]
        return [QuestionTerm(term, count, self._idf(count)) for term, count in zip(terms, counts, strict=True)]

    def question_languages(self, question: str) -> tuple[str, ...]:
        """Languages that the question may be in, likeliest first; none for an empty index.

        A few words don't tell for sure, so what the corpus is written in has a say, and close seconds stay in.
        """
        present = self.languages()
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

    def context(self, source: str) -> DocumentContext:
        """Empty for an unknown document."""
        contexts, searcher = self._contexts, self._searcher
        if source not in contexts:
            if len(contexts) >= _CONTEXT_CACHE:
                contexts.clear()
            with self._unusable():
                contexts[source] = self._read_context(searcher, source)
        return contexts[source]

    def languages(self) -> dict[str, int]:
        """Chunks by language (ISO 639-1 code)."""
        return dict(self._searcher.terms_with_prefix("language", ""))

    def _read_context(self, searcher: Any, source: str) -> DocumentContext:  # noqa: ANN401 (untyped library)
        import tantivy

        query = tantivy.Query.term_query(self._schema, "opens", _storable(source), "basic")
        hits = searcher.search(query, 8, count=False).hits
        if not hits:
            return DocumentContext()
        addresses = [address for _, address in hits]
        # Versions that are no longer live may still be there; the newest has the highest id.
        newest = max(zip(searcher.fast_field_values("id", addresses), range(len(addresses)), strict=True))[1]
        document = searcher.doc(addresses[newest])
        return DocumentContext(*(frozenset(_unpacked(document.get_first(field))) for field in ("name", "opening")))

    def ids(self) -> set[int]:
        """All ids, committed and not removed."""
        import tantivy

        searcher = self._searcher
        if not searcher.num_docs:
            return set()
        hits = searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits
        return set(searcher.fast_field_values("id", [address for _, address in hits]))

    def close(self) -> None:
        """Drop what was not committed and let go of the files."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.rollback()
            writer.wait_merging_threads()

    def _open_writer(self) -> Any:  # noqa: ANN401 (untyped library)
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        return self._writer

    def _idf(self, chunks: int) -> float:
        total = max(len(self), chunks)
        return math.log(1 + (total - chunks + 0.5) / (chunks + 0.5))

    def _query(self, terms: Iterable[str], only: Restriction | None) -> Any:  # noqa: ANN401 (untyped library)
        from tantivy import Occur, Query

        # One field and no boosts: tantivy then skips what can't be among the best.
        wanted = [(Occur.Should, Query.term_query(self._schema, "terms", term, "freq")) for term in terms]
        query = Query.boolean_query(wanted)
        return query if only is None else Query.boolean_query([(Occur.Must, query), *self._restricted(only)])

    def _restricted(self, only: Restriction) -> list[Any]:
        """Clauses that choose documents and leave the scores as they are."""
        from tantivy import Occur, Query

        clauses = [Query.all_query()]
        if only.folder:
            clauses.append(Query.term_query(self._schema, "places", _storable(only.folder.strip("/")), "basic"))
        if only.file_type:
            ending = "." + only.file_type.lstrip(".").lower()
            clauses.append(Query.term_query(self._schema, "places", ending, "basic"))
        return [(Occur.Must, Query.const_score_query(clause, 0.0)) for clause in clauses]

    def _hits(self, query: Any, limit: int) -> list[tuple[int, float]]:  # noqa: ANN401 (untyped library)
        searcher = self._searcher
        limit = min(limit, searcher.num_docs)
        if limit < 1:  # tantivy panics
            return []
        hits = searcher.search(query, limit, count=False).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        return [(chunk_id, score) for chunk_id, (score, _) in zip(ids, hits, strict=True)]

    @contextmanager
    def _unusable(self) -> Iterator[None]:
        """Tantivy raises ValueError for nearly everything, and panics (a BaseException) on some damaged files."""
        try:
            yield
        except (OSError, ValueError) as exc:
            raise self._unusable_error(exc) from exc
        except BaseException as exc:
            if type(exc).__name__ != "PanicException":
                raise
            raise self._unusable_error(exc) from exc

    def _unusable_error(self, exc: BaseException) -> IndexUnusableError:
        reason = re.sub(r"\s+", " ", str(exc))[:200]
        return IndexUnusableError(
            f"The lexical index in {self._folder} cannot be used ({reason}). "
            "Run `python -m ingest --rebuild` to make it anew."
        )


def _schema() -> Any:  # noqa: ANN401 (untyped library)
    import tantivy

    builder = tantivy.SchemaBuilder()
    # Signed, because tantivy panics on Python integers in an unsigned field.
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_text_field("terms", tokenizer_name="terms", index_option="freq")
    # The document's path, those of all folders above it, and its ending: ``a/b.md``, ``a``, ``.md``.
    builder.add_text_field("places", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("keys", stored=True)
    # Of a document's first chunk only: whose it is, and what `DocumentContext` gives.
    builder.add_text_field("opens", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("name", stored=True)
    builder.add_bytes_field("opening", stored=True)
    return builder.build()


def _open(schema: Any, folder: Path) -> Any:  # noqa: ANN401 (untyped library)
    import tantivy

    index = tantivy.Index(schema, path=str(folder))
    terms = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    index.config_reader("manual")
    index.reload()
    return index


def _fields(entry: LexicalEntry, is_first: bool) -> dict[str, int | str | bytes | list[str]]:
    """A document's name and title are found with its first chunk; for the others they are its context."""
    language = _language(entry)
    terms = text_terms(f"{entry.section}\n{entry.text}", language)
    fields: dict[str, int | str | bytes | list[str]] = {"id": entry.id, "language": language}
    fields |= {"places": _places(entry.source), "keys": _packed(terms)}
    if is_first:
        name = text_terms(f"{entry.source.rpartition('.')[0] or entry.source}\n{entry.title}", language)
        terms = terms + name
        opening = text_terms(entry.text[:_OPENING_CHARACTERS], language)
        fields |= {"opens": _storable(entry.source), "name": _packed(name), "opening": _packed(opening)}
    return fields | {"terms": " ".join(terms * _REPEATS)}


def _storable(path: str) -> str:
    """Names of files need not be text; tantivy takes nothing else."""
    return path.encode("utf-8", "backslashreplace").decode()


def _places(source: str) -> list[str]:
    path = PurePosixPath(_storable(source))
    folders = [str(folder) for folder in path.parents if folder.name]
    places = [str(path), *folders]
    return [*places, path.suffix.lower()] if path.suffix else places


def _packed(terms: Sequence[str]) -> bytes:
    return array("I", map(term_key, terms)).tobytes()


def _unpacked(keys: bytes) -> array[int]:
    return array("I", keys)


def _language(entry: LexicalEntry) -> str:
    """What the text looks like if it is plain enough, else what the document says of itself."""
    likeliest, probability = detect_languages(entry.text)[0]
    return likeliest if probability >= 0.5 or not entry.language else entry.language
