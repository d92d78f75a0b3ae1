"""Which documents a question names, by their file names and titles. Pure.

Every word of the question's name has to stand in the document's, so that "summary of the warranty conditions" is a
question to the passages unless a document is called so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from rag.text.dates import MONTHS
from rag.text.scripts import DENSE
from rag.text.terms import text_terms

_WORD = re.compile(r"[A-Za-z]+(?=[가-힣])|[^\W\d_]+|\d+")
_PARTS = re.compile(r"(?<=[a-zäöüß])(?=[A-Z])")
_PARTICLE = re.compile(r"(?<=[가-힣]{2})(?:이랑|에서|으로|와|과|을|를|의|은|는|에|도|랑|이|가)$")
_DENSE = re.compile(f"[{DENSE}]")
_MONTH = re.compile(r"(\d{4})[-_.]?(0[1-9]|1[0-2])(?!\d{3,})|(?<!\d)(1[0-2]|[1-9])[月월]")
_ASKED_MONTH = re.compile(r"(?<!\d)(1[0-2]|0?[1-9])\s?[月월]")
_LONG = 5
"""Letters of a word that may stand for one that begins or ends with it."""
_SHARED = 0.7
"""The share of a name's pairs of characters that a document's has to have, in scripts without spaces."""
_EMPTY = frozenset(
    "document file pdf docx txt md the of and to for doc datei dokument fichier archivo fil файл".split()
)
"""Words that tell no document from another."""


@dataclass(frozen=True, slots=True)
class Named:
    """A document by what it may be called."""

    source: str
    title: str = ""
    changed: str = ""
    """The day of its last change; the newest of several stands first."""


def find_documents(target: str, documents: Sequence[Named], language: str) -> list[str]:
    """The sources of the documents that the target names: one if it is clear, several to choose from, or none."""
    plain = _normalise(target).strip(" .?!,;:")
    exact = [one for one in documents if plain in _list_names(one.source)]
    if exact:
        return _order(exact)
    wanted = [word for word in split_name(plain) if word.casefold() not in _EMPTY]
    if not wanted:
        return []
    found = [(share, one) for one in documents if (share := _rate(wanted, plain, one, language)) > 0]
    best = max((share for share, _ in found), default=0.0)
    return _order(one for share, one in found if share == best)


def _order(documents: Iterable[Named]) -> list[str]:
    """The sources, the newest first."""
    return [one.source for one in sorted(documents, key=lambda one: (one.changed, one.source), reverse=True)]


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=4096)
def _list_names(source: str) -> frozenset[str]:
    """The path, the file's name and the name without its ending, and these without what joins words."""
    path = PurePosixPath(_normalise(source))
    names = {str(path), path.name, path.stem}
    return frozenset(names | {re.sub(r"[-_]+", " ", name) for name in names})


def split_name(text: str) -> list[str]:
    """The words of a file's name or of a title, which capital letters may set apart."""
    return [_PARTICLE.sub("", word) for part in _PARTS.split(text) for word in _WORD.findall(part)]


def _rate(wanted: Sequence[str], target: str, document: Named, language: str) -> float:
    """0 if a word is missing; else more for a document whose name has little besides, less if the title has it."""
    stem = PurePosixPath(unicodedata.normalize("NFKC", document.source)).stem
    own = split_name(stem)
    if _covers(wanted, target, own, stem, language):
        return 2.0 if len(wanted) >= len([word for word in own if not word.isdigit()]) else 1.5
    whole = f"{document.source} {document.title}"
    if _covers(wanted, target, split_name(unicodedata.normalize("NFKC", whole)), whole, language):
        return 1.0
    return 0.0


def _covers(wanted: Sequence[str], target: str, words: Collection[str], name: str, language: str) -> bool:
    months, terms = _find_months(name, words), [_stem(word, language) for word in words]
    asked_months = {int(number) for number in _ASKED_MONTH.findall(target)}
    if not asked_months <= months:
        return False
    rest = [word for word in wanted if not (asked_months and (word.isdigit() or word in ("月", "월")))]
    return bool(rest or asked_months) and all(
        _is_there(word, terms, language) or _name_month(word) in months for word in rest
    )


def _is_there(word: str, terms: Collection[str], language: str) -> bool:
    if _DENSE.search(word):
        pairs = _pair(word)
        return any(len(pairs & _pair(term)) >= _SHARED * len(pairs) for term in terms) or _stands_in(pairs, terms)
    own = _stem(word, language)
    return any(
        term == own
        or (min(len(own), len(term)) >= _LONG and (term.startswith(own) or own.startswith(term) or term.endswith(own)))
        for term in terms
    )


def _stands_in(pairs: frozenset[str], terms: Collection[str]) -> bool:
    every = frozenset[str]().union(*map(_pair, terms))
    return len(pairs & every) >= _SHARED * len(pairs)


def _pair(word: str) -> frozenset[str]:
    return frozenset(word[i : i + 2] for i in range(len(word) - 1)) or frozenset({word})


@lru_cache(maxsize=4096)
def _stem(word: str, language: str) -> str:
    if _DENSE.search(word) or word.isdigit():
        return word.lstrip("0") or word
    return next(iter(text_terms(word, language)), word.casefold())


def _find_months(name: str, words: Iterable[str]) -> set[int]:
    """The months that a name tells, by number or in words."""
    numbers = {int(found[2] or found[3]) for found in _MONTH.finditer(name)}
    return numbers | {month for word in words if (month := _name_month(word))}


@lru_cache(maxsize=4096)
def _name_month(word: str) -> int:
    """The number of the month that the word names, in any language; 0 for none."""
    folded = word.casefold()
    for names in MONTHS.values():
        for number, name in enumerate(names.split(), start=1):
            if re.fullmatch(rf"{name}\w{{0,2}}" if len(name) > 3 else rf"{name}[ьяюеа]?", folded):
                return number
    return 0
