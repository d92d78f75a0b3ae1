"""BM25 over the chunks' terms, in tantivy.

The terms are made by `rag.text.terms` and only stored here, so that a question's are made in the same way. The index is
a rebuildable view: identifiers are the catalog's chunk ids.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import IndexUnusableError, advise_repair, explain_system_error
from rag.index.lexical.best import find_best
from rag.index.lexical.entry import DocumentContext, LexicalEntry, LexicalHit, QuestionTerm
from rag.index.lexical.schema import make_fields, make_schema, open_folder
from rag.index.lexical.state import CommittedState
from rag.text.terms import detect_languages, question_terms
from rag.types import Restriction

if TYPE_CHECKING:
    import numpy as np

_COMMON_SHARE = 0.8
"""Of the chunks. Terms that are in more of them add next to nothing to a score (idf < .23) and much to the time of a
search. Tuned on three sets (the figures are in `bench/RESULTS.md`)."""
_LARGE = 10_000
"""Chunks, from which on that is worth it."""

_WRITER_BYTES = 64_000_000
_MOST_QUESTION_TERMS = 128
_QUESTION_CHARACTERS = 20_000


class LexicalIndex:
    """Creates or opens the index in a folder. Writing is for one process at a time; any number may search."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
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

    # ---- reading

    def search(
        self, question: str, limit: int, only: Restriction | None = None, terms: Sequence[QuestionTerm] | None = None
    ) -> list[LexicalHit]:
        """Best first. Any string is a question; no match gives [].

        Of `only`, folder and file type are kept to; dates are the catalog's business.
        `terms` are the question's, if the caller has them already.
        """
        terms = self.find_terms(question) if terms is None else terms
        if limit < 1 or not terms or not len(self):
            return []
        with self._translate_errors():
            return find_best(self._state, self._select_telling(terms), only, limit)

    def read_passages(self, ids: Sequence[int]) -> dict[int, np.ndarray]:
        """The keys of each passage's terms, its section's first, in order and with repeats; unknown ids are left out.

        So a passage can be looked at without reading and analysing its text again.
        """
        with self._translate_errors():
            return self._state.read_passages(ids)

    def read_context(self, source: str) -> DocumentContext:
        """Empty for an unknown document."""
        with self._translate_errors():
            return self._state.read_context(source)

    def find_terms(self, question: str) -> list[QuestionTerm]:
        """The distinct terms that `search` looks for, in the question's order, unknown ones included."""
        terms = question_terms(question[:_QUESTION_CHARACTERS], self._guess_languages(question))
        with self._translate_errors():
            return self._state.find_terms(terms[:_MOST_QUESTION_TERMS])

    @property
    def languages(self) -> dict[str, int]:
        """Chunks by language (ISO 639-1 code)."""
        with self._translate_errors():
            return self._state.languages

    def list_ids(self) -> set[int]:
        """All ids, committed and not removed."""
        with self._translate_errors():
            return self._state.list_ids()

    def _select_telling(self, terms: Sequence[QuestionTerm]) -> Sequence[QuestionTerm]:
        """Of a large index, without those that nearly all chunks have, unless there are no others."""
        most = _COMMON_SHARE * len(self) if len(self) >= _LARGE else len(self)
        telling = [term for term in terms if term.chunks <= most]
        return telling if any(term.chunks for term in telling) else terms

    def _guess_languages(self, question: str) -> tuple[str, ...]:
        """Languages that the question may be in, likeliest first; none for an empty index.

        A few words don't tell for sure, so what the corpus is written in has a say, and close seconds stay in.
        """
        present = self.languages
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

    def _open_writer(self) -> Any:  # noqa: ANN401 (untyped library)
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        return self._writer

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Tantivy raises ValueError for nearly everything, and panics (a BaseException) on some damaged files."""
        try:
            yield
        except (OSError, ValueError) as exc:
            raise self._make_error(exc) from exc
        except BaseException as exc:
            if type(exc).__name__ != "PanicException":
                raise
            raise self._make_error(exc) from exc

    def _make_error(self, exc: BaseException) -> IndexUnusableError:
        reason = re.sub(r"\s+", " ", str(exc))[:200]
        return explain_system_error(exc, self._folder) or IndexUnusableError(
            f"The lexical index in {self._folder} cannot be used ({reason}). {advise_repair(self._folder)}"
        )
