"""Answer text → the citations it used; what a citation marker is, and how other people's text is kept from having any.

A model's text is not to be trusted: a marker counts only if its passage was there, and the quote is always a piece of
the passage as it stands, never the model's words. A marker is ``[2]``, or what else models were trained to write:
``[1, 3]``, ``[1-3]``, ``[1 and 2]``, ``[^2]``, ``[Passage 2]``, ``【2†source】``. Whatever counts as one is defused,
and more than that; the property tests hold it true. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text.hostile import INVISIBLE
from rag.text.language import choose_language
from rag.text.sentences import Sentence, split_sentences
from rag.text.terms import text_terms
from rag.types import Citation, ScoredChunk, StoredChunk

_OPEN, _CLOSE = "[\\[【［〔]", "[\\]】］〕]"
_MOST_NUMBERS = 16
PASSAGE_WORDS = (
    "passages?|sources?|documents?|docs?|excerpts?|extracts?|citations?|cit|references?|refs?|contexts?|notes?|nos?"
    "|passagen?|quellen?|dokumente?|textstellen?|belege?|extraits?|documentos?|pasajes?|fuentes?|fragmentos?|citas?"
    "|fontes?|fonti|passagens?|passag(?:gio|gi)|brani|brano|documenti|trechos?|bron|bronnen|documenten|fragmenten"
    "|kilder?|källor|källa|dokument(?:er|et)?|utdrag|avsnitt|источники?|документы?|отрывки?|фрагменты?|ссылки?"
    "|출처|문서|구절|자료"
    "|出典|文書|文献|資料|资料|段落|引用|抜粋|パッセージ|来源|來源|文档|文檔"
    "|estratt[oi]|alinea'?s?|vedi|zie|sources? nº|cite"
)
"""What models call a passage beside its number."""
_AND = r"(?:\b(?:and|und|et|y|e|en|og|och|и)\b|[と和与與及및와과])"

# Nothing is tried twice, however long a run of spaces: each quantifier keeps what it took.
_DASH = r"\s*+[-‐‑‒–—~〜～]\s*+"
_ONE = rf"(?:(?:{PASSAGE_WORDS})[.:]?\s*+)?#?\d{{1,3}}+(?:{_DASH}\d{{1,3}}+)?"
_BETWEEN = rf"\s*+(?:[,;，；、&+]\s*+(?:{_AND}\s*+)?|{_AND}\s*+)"
# Without round brackets: they are what is made of a marker that stands within another.
_NOTE = r"(?:\s*+†[^\[\]【】［］〔〕()\n]{0,80}+)?"


def _make_pattern(others: str) -> str:
    """What stands between a marker's brackets, with so many numbers beside the first."""
    return rf"\s*+\^?\s*+({_ONE}(?:{_BETWEEN}{_ONE}){others}){_NOTE}\s*+"


MARKER = re.compile(_OPEN + _make_pattern(f"{{0,{_MOST_NUMBERS - 1}}}+") + _CLOSE, re.IGNORECASE)
"""Group 1 holds the numbers; see `read_numbers`. Their count and length are bounded because a model's text isn't."""

UNFINISHED_MARKER = re.compile(rf"{_OPEN}[^\[\]【】［］〔〕]*\Z")
"""The end of a text that can still become a marker while more of it arrives."""

_BRACKETED = re.compile(rf"{_OPEN}([^\[\]【】［］〔〕]*){_CLOSE}")
_LOOK_ALIKE = re.compile(_make_pattern("*+"), re.IGNORECASE)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_RANGE = re.compile(rf"(\d{{1,3}})(?:{_DASH}(\d{{1,3}}))?")


@dataclass(frozen=True, slots=True)
class Marker:
    """``text[start:end]``, which names at least one number."""

    start: int
    end: int
    numbers: tuple[int, ...]


def add_citations(first: Sequence[Citation], more: Sequence[Citation]) -> tuple[Citation, ...]:
    """The first, and those of the others whose passages they don't cite."""
    numbers = {citation.number for citation in first}
    return (*first, *(citation for citation in more if citation.number not in numbers))


def find_markers(text: str) -> Iterator[Marker]:
    """The markers of a text in order, whatever their numbers stand for."""
    for match in MARKER.finditer(text):
        yield Marker(match.start(), match.end(), read_numbers(match))


def read_numbers(match: re.Match[str]) -> tuple[int, ...]:
    """The numbers of a match of `MARKER`, as they stand; none where another branch of a longer pattern matched."""
    return list_numbers(match[1] or "")


def list_numbers(text: str) -> tuple[int, ...]:
    """The numbers in a text, each once.

    A range stands for all its numbers, if they aren't more than a marker may have; else for its ends.
    """
    numbers: list[int] = []
    for first, last in _RANGE.findall(text):
        ends = [int(first), *([int(last)] if last else [])]
        is_range = len(ends) == 2 and 0 < ends[1] - ends[0] < _MOST_NUMBERS
        numbers += range(ends[0], ends[1] + 1) if is_range else ends
    return tuple(dict.fromkeys(numbers))


def blot_markers(text: str) -> str:
    """The text with spaces in place of its markers; every other character keeps its place."""
    return MARKER.sub(lambda match: " " * len(match[0]), text)


def match_but_for_markers(one: str, other: str) -> bool:
    """Whether two texts are the same but for markers and spaces, if those differ at all."""
    return "".join(blot_markers(one).split()) == "".join(blot_markers(other).split())


def defuse_markers(text: str) -> str:
    """The text with round brackets around what could pass for a marker; otherwise as it is.

    It stays without a marker if its invisible characters are taken out later.
    """
    return _BRACKETED.sub(lambda match: f"({match[1]})" if _passes_for_marker(match[1]) else match[0], text)


def _passes_for_marker(inner: str) -> bool:
    return bool(_LOOK_ALIKE.fullmatch(_INVISIBLE.sub("", inner)))


_LONGEST_CLAIM = 1_500
"""Characters before a marker in which its sentence is looked for, so that a long answer costs no more than a short."""
_LONGEST_LEAD = 3
"""Words before a marker that leads to its sentence: "According to [1], …"."""
_LONGEST_QUOTE = 2
"""Sentences of a quote; a third one seldom adds a word that the claim has."""


def cite_sources(answer_text: str, hits: Sequence[ScoredChunk]) -> tuple[Citation, ...]:
    """One citation for each passage that the text refers to, in the order of first use."""
    claims: dict[int, list[str]] = {}
    for number, claim in _find_claims(answer_text):
        if 1 <= number <= len(hits):
            claims.setdefault(number, []).append(claim)
    return tuple(cite(number, hits[number - 1].stored, " ".join(claims[number])) for number in claims)


def find_unknown_markers(answer_text: str, hits: Sequence[ScoredChunk]) -> tuple[int, ...]:
    """The numbers in the text that no passage has, ascending."""
    numbers = {number for marker in find_markers(answer_text) for number in marker.numbers}
    return tuple(sorted(number for number in numbers if not 1 <= number <= len(hits)))


def cite(number: int, stored: StoredChunk, claim: str) -> Citation:
    """The citation of a passage for what was said about it; the quote is the part that says so most nearly."""
    language = choose_language(stored.chunk.text, stored.language)
    return make_citation(number, stored, find_quote(stored.chunk.text, claim, language))


def make_citation(number: int, stored: StoredChunk, quote: str) -> Citation:
    """The citation of a passage with that quote from it."""
    chunk = stored.chunk
    return Citation(
        number=number,
        source=chunk.source,
        page=chunk.page,
        quote=quote,
        section=chunk.section,
        label=stored.label,
        page_kind=stored.page_kind,
        text=chunk.text,
    )


def find_quote(passage: str, claim: str, language: str = "") -> str:
    """The one or two neighbouring sentences of `passage` that share most with `claim`: a piece of it, word for word.

    Without any shared word it is the first sentence; an empty passage gives an empty quote.
    """
    every = split_sentences(passage, language)
    if not every:
        return ""
    units = [unit for unit in every if unit.kind != "heading"] or every
    wanted = frozenset(_extract_terms(claim, language))
    start, end = max(_list_spans(units), key=lambda span: _measure_support(passage[slice(*span)], wanted, language))
    return passage[start:end]


def _list_spans(units: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    """Start and end of what may be quoted; shorter and earlier ones come first, so that they win a tie."""
    for length in range(1, _LONGEST_QUOTE + 1):
        for first in range(len(units) - length + 1):
            yield units[first].start, units[first + length - 1].end


def _measure_support(text: str, wanted: frozenset[str], language: str) -> float:
    """The share of the wanted terms that the text has, less a little for each of its other terms."""
    terms = frozenset(_extract_terms(text, language))
    shared = len(terms & wanted)
    return shared / (len(wanted) + 1) - 0.1 * (len(terms) - shared) / (len(terms) + 20)


@lru_cache(maxsize=2048)
def _extract_terms(text: str, language: str) -> tuple[str, ...]:
    return tuple(text_terms(blot_markers(text), language))


def _find_claims(answer_text: str) -> Iterator[tuple[int, str]]:
    """Each marker's number with the sentence it stands in or behind."""
    plain = blot_markers(answer_text)
    for marker in find_markers(answer_text):
        claim = _find_last_sentence(plain[max(0, marker.start - _LONGEST_CLAIM) : marker.start])
        if len(claim.split()) <= _LONGEST_LEAD:
            behind = split_sentences(plain[marker.end : marker.end + _LONGEST_CLAIM])[:1]
            claim = " ".join([claim, *(plain[marker.end :][unit.start : unit.end] for unit in behind)])
        yield from ((number, claim) for number in marker.numbers)


def _find_last_sentence(text: str) -> str:
    units = split_sentences(text)
    return text[units[-1].start : units[-1].end] if units else ""
