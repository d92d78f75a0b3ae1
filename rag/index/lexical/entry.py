"""What the lexical index takes in, in which fields it holds it, and what it gives back.

The terms are made by `rag.text.terms` and only stored here, so that a question's are made in the same way. When the
fields change, `LEXICAL_FORMAT` in `rag.index.layout` is to be raised.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rag.text.dates import list_months
from rag.text.language import detect_languages, find_plain_language
from rag.text.terms import list_all_forms, text_terms

if TYPE_CHECKING:
    import numpy as np
    import tantivy

REPEATS = 3
"""How often each term is indexed. Tantivy's BM25 has k1 = 1.2 built in; three times the frequency makes it .4, because
in chunks of some 200 words a term's second occurrence tells little. Tuned on three sets (see `bench/RESULTS.md`)."""

_OPENING_CHARACTERS = 600
SHORT = 40
"""Terms of a chunk that is indexed in all languages if its own is a guess: a longer one tells its language, or is made
of numbers, which are the same in all. Set by reading short notes, not tuned."""

ANY_NAME = "/"
"""What each document's name has beside its terms, by which documents are counted; no term is written so."""

_LIKELY = 0.25
"""The share of the likeliest language's probability that another needs for a name of a few words to be in it as well
("Wifi guest password": Italian .55, English .42; "Anna shoe size": English .34, Cebuano .08). Not tuned."""


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """A chunk as the lexical index takes it in."""

    id: int
    source: str
    ordinal: int
    """Place in the document. The document's name and title are found with its first chunk, which has 0."""
    title: str
    section: str
    text: str
    language: str = ""
    """ISO 639-1 code that the document declares, for texts that don't show theirs."""

    @property
    def tie_break(self) -> int:
        """Orders chunks of equal score. It is made of the chunk's place in the folder, so that no history is in it."""
        place = f"{self.source}\0{self.ordinal}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(place, digest_size=8).digest(), signed=True)


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """What a document is about, for passages that don't repeat it: a filing names its company on the first page."""

    name: frozenset[int] = frozenset()
    """Keys of the terms of its path and title."""
    opening: frozenset[int] = frozenset()
    """Keys of the terms of its first lines."""


@dataclass(frozen=True)
class QuestionTerm:
    """A search term of a question."""

    text: str
    chunks: int
    """How many chunks have it."""
    idf: float

    @cached_property
    def key(self) -> int:
        """The term as a passage keeps it."""
        return term_key(self.text)


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A chunk with its BM25; higher is better."""

    id: int
    score: float
    keys: np.ndarray | None = field(default=None, compare=False)
    """What `LexicalIndex.read_passages` gives for the chunk, if the search has read it."""


def term_key(term: str) -> int:
    """What a passage keeps of a term: 32 bits, which two terms of a passage of 250 share once in 100,000."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))


# The fields


def make_schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    # Signed, because tantivy panics on Python integers in an unsigned field.
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_integer_field("tie_break", fast=True)
    builder.add_integer_field("length", fast=True)
    builder.add_text_field("terms", tokenizer_name="terms", index_option="freq")
    # The document's path, those of all folders above it, and its ending: ``a/b.md``, ``a``, ``.md``.
    builder.add_text_field("places", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("keys", stored=True)
    # A document's first chunk alone has these: whose first chunk it is, the terms of the document's name, to count
    # names by, and the two parts of `DocumentContext`.
    builder.add_text_field("opens", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("names", tokenizer_name="terms", index_option="basic")
    builder.add_bytes_field("name", stored=True)
    builder.add_bytes_field("opening", stored=True)
    return builder.build()


def open_folder(schema: tantivy.Schema, folder: Path) -> tantivy.Index:
    """Tantivy's index in the folder, which is made if it isn't there."""
    import tantivy

    index = tantivy.Index(schema, path=str(folder))
    terms = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    index.config_reader("manual")
    index.reload()
    return index


def make_fields(entry: LexicalEntry) -> dict[str, int | str | bytes | list[str]]:
    """The chunk's fields. A document's name and title are found with its first chunk, and are context to the others."""
    name_text = f"{entry.source.rpartition('.')[0] or entry.source}\n{entry.title}"
    language, is_known = _choose_language(entry, name_text)
    written = f"{entry.section}\n{entry.text}"
    terms = text_terms(written, language)
    if not is_known and len(terms) <= SHORT:
        # A note of two words is then found by a question in its language, whatever language it was taken for.
        own = set(terms)
        terms += [form for form in list_all_forms(written) if form not in own]
    fields: dict[str, int | str | bytes | list[str]] = {"id": entry.id, "tie_break": entry.tie_break}
    fields |= {"language": language, "places": _list_places(entry.source), "keys": _pack_terms(terms)}
    if entry.ordinal == 0:
        name = text_terms(name_text, language) if is_known else _list_name_terms(name_text, language)
        name += list_months(name_text)  # "minutes/2024-03.md" is of March 2024
        terms = terms + name
        opening = text_terms(entry.text[:_OPENING_CHARACTERS], language)
        opens = make_storable(entry.source)
        fields |= {"opens": opens, "names": " ".join([ANY_NAME, *name])}
        fields |= {"name": _pack_terms(name), "opening": _pack_terms(opening)}
    return fields | {"length": len(terms), "terms": " ".join(terms * REPEATS)}


def _choose_language(entry: LexicalEntry, name_text: str) -> tuple[str, bool]:
    """The language by which the chunk's words are bent, and whether it is more than a guess by its name."""
    known = find_plain_language(entry.text) or entry.language
    named = f"{_separate(name_text)}\n{entry.text}"
    return known or detect_languages(named)[0][0], bool(known)


def _list_name_terms(name_text: str, language: str) -> list[str]:
    """The terms of a name whose language is a guess, and those of the other languages that it may as well be in."""
    languages = detect_languages(_separate(name_text))
    likely = [other for other, probability in languages if probability >= _LIKELY * languages[0][1]]
    terms = text_terms(name_text, language)
    others = dict.fromkeys(chain.from_iterable(text_terms(name_text, other) for other in likely))
    return terms + [term for term in others if term not in terms]


def _separate(path: str) -> str:
    return re.sub(r"[/_]", " ", path)


def make_storable(path: str) -> str:
    """The path as text, which is all that tantivy takes: names of files may hold bytes that are none."""
    return path.encode("utf-8", "backslashreplace").decode()


def _list_places(source: str) -> list[str]:
    path = PurePosixPath(make_storable(source))
    folders = [str(folder) for folder in path.parents if folder.name]
    places = [str(path), *folders]
    return [*places, path.suffix.lower()] if path.suffix else places


def _pack_terms(terms: Sequence[str]) -> bytes:
    return array("I", map(term_key, terms)).tobytes()
