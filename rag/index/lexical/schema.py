"""The fields of the lexical index, and what a chunk has in each.

Raise `LEXICAL_FORMAT` in `rag.index.layout` when they change.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from rag.index.lexical.entry import LexicalEntry, term_key
from rag.index.lexical.scoring import REPEATS
from rag.text.terms import detect_languages, text_terms

_OPENING_CHARACTERS = 600


def make_schema() -> Any:  # noqa: ANN401 (untyped library)
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
    # Of a document's first chunk only: whose it is, and what `DocumentContext` gives.
    builder.add_text_field("opens", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("name", stored=True)
    builder.add_bytes_field("opening", stored=True)
    return builder.build()


def open_folder(schema: Any, folder: Path) -> Any:  # noqa: ANN401 (untyped library)
    import tantivy

    index = tantivy.Index(schema, path=str(folder))
    terms = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", terms)
    index.config_reader("manual")
    index.reload()
    return index


def make_fields(entry: LexicalEntry) -> dict[str, int | str | bytes | list[str]]:
    """A document's name and title are found with its first chunk; for the others they are its context."""
    language = _choose_language(entry)
    terms = text_terms(f"{entry.section}\n{entry.text}", language)
    fields: dict[str, int | str | bytes | list[str]] = {"id": entry.id, "tie_break": entry.tie_break}
    fields |= {"language": language, "places": _list_places(entry.source), "keys": _pack_terms(terms)}
    if entry.ordinal == 0:
        name = text_terms(f"{entry.source.rpartition('.')[0] or entry.source}\n{entry.title}", language)
        terms = terms + name
        opening = text_terms(entry.text[:_OPENING_CHARACTERS], language)
        opens = make_storable(entry.source)
        fields |= {"opens": opens, "name": _pack_terms(name), "opening": _pack_terms(opening)}
    return fields | {"length": len(terms), "terms": " ".join(terms * REPEATS)}


def make_storable(path: str) -> str:
    """Names of files need not be text; tantivy takes nothing else."""
    return path.encode("utf-8", "backslashreplace").decode()


def unpack_terms(keys: bytes) -> array[int]:
    return array("I", keys)


def _pack_terms(terms: Sequence[str]) -> bytes:
    return array("I", map(term_key, terms)).tobytes()


def _list_places(source: str) -> list[str]:
    path = PurePosixPath(make_storable(source))
    folders = [str(folder) for folder in path.parents if folder.name]
    places = [str(path), *folders]
    return [*places, path.suffix.lower()] if path.suffix else places


def _choose_language(entry: LexicalEntry) -> str:
    """What the text looks like if it is plain enough, else what the document says of itself."""
    likeliest, probability = detect_languages(entry.text)[0]
    return likeliest if probability >= 0.5 or not entry.language else entry.language
