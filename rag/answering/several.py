"""Where documents answer differently: the same thing said twice with two values, or several things that may be meant.

"What is the fee?" has two answers where the rules of 2023 and those of 2025 both give one: then the newer one is told.
"When does it expire?" may mean each of three contracts: then all are listed. Copies say the same and count once. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Any, Literal

from rag.answering.fields import Field, find_field
from rag.answering.quotable import Quotable, list_quotables
from rag.answering.support import find_language, speaks_otherwise
from rag.answering.values import Wanted, find_values, list_wanted
from rag.ranking.question import is_common, list_common_words
from rag.text.dates import MONTHS, find_days
from rag.text.question_words import SPACELESS_LANGUAGES
from rag.text.scripts import HIRAGANA
from rag.text.terms import question_terms, text_terms
from rag.types import ScoredChunk

ReadDates = Callable[[], Mapping[str, str]]
"""Each document's day as the catalog knows it."""

# Tuned on one half of bench/several and on what the everyday collections must not give: bench/RESULTS.md.
_ENOUGH = 0.7
"""How much of the question's words a sentence must have, with its headings, to answer it."""
_NEAR = 0.9
"""How much of what the best sentence has, those of other documents must have."""
_ABOVE = 0.8
"""What a word counts that stands in a heading, a title or the file's name."""
_ALIKE = 0.6
"""The likeness of two sentences, without their values, from which on they say the same of something."""
_SHORT = 3
"""Letters of articles and prepositions; longer words that any text has ("home") may tell one thing from another."""
_MOST = 5
_HEAD_LINES = 3

_KANA = re.compile(f"[{HIRAGANA}]")
_WORD = re.compile(r"[^\W\d_]+")
_VERSION = frozenset(
    "v version versions old new neu alt neue alte final draft entwurf copy kopie copie copia rev revised update updated"
    " aktuell current vieux nouveau nouvelle ancien ancienne viejo nueva nuevo antiguo actual ny gammel kladde"
    " spring summer autumn winter januar february".split()
) | frozenset(name for names in MONTHS.values() for name in names.split())
_ASKING = re.compile(
    r"amounts?|costs?|price|date|day|number|much|many|kostet|kosten|hoch|betrag|preis|datum|tag|anzahl|montant|prix|coûte"
    r"|date|jour|nombre|importe|coste|cuesta|precio|fecha|día|número|beløb|pris|dato|antal|euros?|pounds?|dollars?",
    re.IGNORECASE,
)
"""Words that only say which kind of value is asked for."""
_YEAR_IN_NAME = re.compile(r"(?<!\d)(20\d\d|19\d\d)(?:[-_.]?(0[1-9]|1[0-2])(?:[-_.]?([0-2]\d|3[01]))?)?(?!\d)")


@dataclass(frozen=True, slots=True)
class Version:
    """What one document says."""

    source: str
    value: str
    """As the document writes it."""
    quote: str
    date: str
    """The document's day, as far as its name, its first lines or the catalog tell; else empty."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {name: getattr(self, name) for name in ("source", "value", "quote", "date")}


@dataclass(frozen=True, slots=True)
class Several:
    """Documents that answer differently."""

    kind: Literal["versions", "choices"]
    versions: tuple[Version, ...]
    """One for each answer, the newest document first."""

    @property
    def newest(self) -> str:
        """The newest document's source; empty where the dates don't tell."""
        days = [version.date for version in self.versions]
        return self.versions[0].source if all(days) and days[0] > days[1] else ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {"kind": self.kind, "newest": self.newest, "versions": [one.to_dict() for one in self.versions]}


@dataclass(frozen=True, slots=True)
class _Candidate:
    hit: int
    source: str
    values: tuple[str, ...]
    """In one form."""
    value: str
    quote: str
    share: float


def find_several(question: str, hits: Sequence[ScoredChunk], read_dates: ReadDates | None = None) -> Several | None:
    """What the passages answer differently; None if they don't."""
    field = find_field(question)
    for wanted in list_wanted(question):
        distinct = _find_distinct(question, hits, wanted, field)
        if kind := _find_kind(distinct, hits):
            dates = read_dates() if read_dates else {}
            told = [Version(one.source, one.value, one.quote, _find_date(one, hits, dates)) for one in distinct]
            told.sort(key=lambda one: one.date, reverse=True)
            return Several(kind, tuple(told[:_MOST]))
    return None


def _find_distinct(question: str, hits: Sequence[ScoredChunk], wanted: Wanted, field: Field | None) -> list[_Candidate]:
    """The sentences that answer about as well as the best one, one for each answer."""
    best: dict[str, _Candidate] = {}
    for candidate in _list_candidates(question, hits, wanted, field):
        held = best.get(candidate.source)
        if held is None or candidate.share > held.share:
            best[candidate.source] = candidate
    most = max((one.share for one in best.values()), default=0.0)
    return _drop_agreeing([one for one in best.values() if one.share >= max(_ENOUGH, _NEAR * most)])


def _list_candidates(
    question: str, hits: Sequence[ScoredChunk], wanted: Wanted, field: Field | None
) -> Iterator[_Candidate]:
    for place, hit in enumerate(hits):
        language = find_language(hit)
        if speaks_otherwise(question, language):
            continue
        content = list_content(question, language)
        if not content:
            continue
        for one in list_quotables(place, hit.chunk, language):
            values = find_values(one.text, wanted)
            if not values:
                continue
            is_named = field is not None and bool(field.pattern.search(one.text))
            share = _measure_share(content, one, field if is_named else None)
            plain = tuple(value.plain for value in values)
            quote = " ".join(one.text.split())
            yield _Candidate(place, hit.chunk.source, plain, values[0].text, quote, share)


def list_content(question: str, language: str) -> dict[str, frozenset[str]]:
    """The question's words that say what it is about, each with its terms."""
    if language in SPACELESS_LANGUAGES:
        pairs = (term for term in text_terms(question, language) if not _KANA.search(term) and len(term) > 1)
        return {term: frozenset({term}) for term in pairs}
    asked = (word for word in _WORD.findall(question) if not _ASKING.fullmatch(word))
    words = (word for word in asked if not is_common(word, (language,)))
    terms = {word: frozenset(question_terms(word, (language,))) for word in words}
    return {word: own for word, own in terms.items() if own}


def _measure_share(content: Mapping[str, frozenset[str]], one: Quotable, field: Field | None) -> float:
    """The share of the question's words that the sentence has; a field may be named in other words."""
    own, above = frozenset(one.terms) | one.head, one.section | one.name
    total = 0.0
    for word, terms in content.items():
        if terms & own or (field and field.pattern.search(word)):
            total += 1.0
        elif terms & above:
            total += _ABOVE
    return total / len(content)


def _drop_agreeing(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """One for each answer: a document that gives a value which another gives as well says the same."""
    distinct: list[_Candidate] = []
    for one in sorted(candidates, key=lambda one: (-one.share, one.hit)):
        if not any(set(one.values) & set(other.values) for other in distinct):
            distinct.append(one)
    return distinct


def _find_kind(distinct: Sequence[_Candidate], hits: Sequence[ScoredChunk]) -> Literal["versions", "choices"] | None:
    """Versions are of one subject, choices of several of one sort, as names and headings tell; None for neither."""
    if len(distinct) < 2:
        return None
    first, rest = distinct[0], distinct[1:]
    mine = _name_subject(first, hits)
    kinds = set()
    for other in rest:
        theirs = _name_subject(other, hits)
        if mine & theirs and mine - theirs and theirs - mine:
            kinds.add("choices")
        elif _measure_likeness(first.quote, other.quote) >= _ALIKE:
            kinds.add("versions")
        else:
            return None
    return "choices" if "choices" in kinds else "versions"


def _name_subject(one: _Candidate, hits: Sequence[ScoredChunk]) -> frozenset[str]:
    """What the document is about: the words of its file's name and of its first line, but for numbers, months and
    such as tell one version from another."""
    chunk = hits[one.hit].chunk
    head = next(iter(chunk.text.strip().splitlines()), "") if chunk.ordinal == 0 else ""
    head = "" if one.quote in " ".join(head.split()) else _mask_days(head)
    words = _WORD.findall(f"{PurePosixPath(one.source).stem.replace('_', ' ')} {head} {chunk.title}".casefold())
    language = find_language(hits[one.hit])
    grammar = {word for word in list_common_words(language) if len(word) <= _SHORT}
    return frozenset(term for word in words if word not in _VERSION | grammar for term in text_terms(word, language))


def _measure_likeness(one: str, other: str) -> float:
    """The share of both texts' words, without numbers and months, that they have in the same order."""
    ours, theirs = (_WORD.findall(_mask_days(text).casefold()) for text in (one, other))
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _mask_days(text: str) -> str:
    for day in reversed(find_days(text)):
        text = f"{text[: day.start]} {text[day.end :]}"
    return text


def _find_date(one: _Candidate, hits: Sequence[ScoredChunk], dates: Mapping[str, str]) -> str:
    """The document's day: by its name, else by its first lines, else by the catalog; empty if nothing tells.

    What answers the question is no date of the document, though it may stand in its first line.
    """
    if named := _YEAR_IN_NAME.search(PurePosixPath(one.source).name):
        return "-".join(part for part in named.groups() if part)
    chunk = hits[one.hit].chunk
    lines = chunk.text.splitlines()[:_HEAD_LINES] if chunk.ordinal == 0 else ()
    for line in lines:
        days = () if " ".join(line.split()) in one.quote or one.quote in line else find_days(line)
        for day in days:
            if day.year:
                return f"{day.year}-{day.month:02}" + (f"-{day.day:02}" if day.day else "")
    return dates.get(one.source, "")
