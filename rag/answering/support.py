"""Whether the claims of an answer stand in the passages, and which passage each of them is from. Pure.

A claim is a sentence of the answer. Its numbers and names have to stand in the passage, and so does most of what else
it says, unless it is written in another language. And a number has to belong to what was asked: if the question names
the monthly ticket, the single ticket's price isn't its answer, though it is a number of the same passage. This is told
from the words around each number of its kind: another one's share more with the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from rag.answering.citations import MARKER, find_markers
from rag.answering.numbers import Number, find_numbers, list_claimed, list_values
from rag.ranking.question import NOUNS_IN_CAPITALS
from rag.text.language import choose_language, detect_languages
from rag.text.scripts import DENSE
from rag.text.sentences import Sentence, split_sentences
from rag.text.tables import split_cells
from rag.text.terms import question_terms, text_terms
from rag.types import ScoredChunk

_LONG = 4
"""Letters from which on a word of a claim has to stand in the passage; shorter ones are mostly grammar."""
_FULL_WORD = 5
"""Letters from which on a word of the question has its full weight."""
_SHARE = 0.5
"""So much of a claim's long words has to stand in its passage or its question."""
_PLAIN, _TELLING = 0.5, 16
"""Probability of a claim's language, and characters of the shortest claim that tells it."""
_MARKED = 0.5
"""The share of a claim's terms that a passage must have for a marker of it to be set."""
_ASKED = 0.3
"""How much the question's terms count beside the claim's own, which may be no more than "three months"."""

# Tuned on 22 small collections in 9 languages: bench/RESULTS.md, "Answering and chat".
_CARRIED, _ABOVE = 0.5, 0.6
"""What a term of the question counts beside a number if it stands earlier in the same sentence, and if it stands in the
sentence before; 1 in its own part of the sentence."""
_LEAD = 0.15
"""By how much another number of the same kind must be nearer to the question."""
_SOME = 0.3
"""What a number must have of a part of the question to be that part's answer."""

_PART_END = re.compile(r"[,;，；、](?!\d)|\s(?:and|und|et|y|e|en|og|och|и)\s")
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)(?<![^\w\s])\b[A-ZÀ-ÖØ-ÞА-Я][\w'’-]+")
_CODE = re.compile(r"(?<=\s)[A-Z]{1,3}\b|\b\w*\d\w*\b")
_DENSE = re.compile(f"[{DENSE}]")


_MARKUP = re.compile(r"[|`$]|\\[\[\]()]")
"""Begins or ends a part of Markdown in which a marker would be a part of it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer: ``answer[start:end]``, without its markers."""

    text: str
    start: int
    end: int
    """Behind the sentence and the markers that belong to it."""
    numbers: tuple[int, ...]
    """The passages that it cites, from 1."""


def find_claims(answer: str) -> list[Claim]:
    """The sentences of an answer in order. A marker behind a sentence belongs to it."""
    # No plain spaces: a wide gap would make a table's row of the sentence.
    plain = MARKER.sub(lambda match: "\u00a0" * len(match[0]), answer)
    units = [unit for unit in _join_cut(plain, split_sentences(plain)) if unit.kind != "heading"]
    markers = list(find_markers(answer))
    limits = [*(unit.start for unit in units[1:]), len(answer)][: len(units)]
    claims = []
    for unit, limit in zip(units, limits, strict=True):
        mine = [marker for marker in markers if unit.start <= marker.start < limit]
        numbers = tuple(dict.fromkeys(number for marker in mine for number in marker.numbers))
        end = max([unit.end, *(marker.end for marker in mine)])
        text = plain[unit.start : unit.end].replace("\u00a0", " ")
        claims.append(Claim(text, unit.start, end, numbers))
    return claims


def _join_cut(text: str, units: Sequence[Sentence]) -> list[Sentence]:
    """The units; those that a full stop cut apart ("14.850 kr. pr. m2", "Jens, 1. tv") are one again."""
    joined: list[Sentence] = []
    for unit in units:
        gap = text[joined[-1].end : unit.start] if joined else ""
        if gap and "\n" not in gap and unit.kind == "sentence" and text[unit.start].islower():
            joined[-1] = replace(joined[-1], end=unit.end)
        else:
            joined.append(unit)
    return joined


def add_markers(question: str, answer: str, hits: Sequence[ScoredChunk]) -> str:
    """The answer with a marker behind each claim that has none and whose passage is found; ``[n]`` is ``hits[n - 1]``.

    A claim that no passage has is left without, and so are tables, code and formulas, which a marker would break.
    """
    pieces, done = [], 0
    for claim in find_claims(answer):
        has_marker = claim.numbers or _MARKUP.search(claim.text)
        number = 0 if has_marker else find_passage(question, claim.text, hits)
        if number:
            pieces.append(f"{answer[done : claim.end].rstrip()} [{number}]")
            done = claim.end
    return "".join(pieces) + answer[done:]


def find_passage(question: str, claim: str, hits: Sequence[ScoredChunk]) -> int:
    """The number of the passage that says it, from 1; 0 if none does."""
    rated = [(_rate_passage(question, claim, hit), -number) for number, hit in enumerate(hits, start=1)]
    best, number = max(rated, default=(0.0, 0))
    return -number if best >= _MARKED else 0


def _rate_passage(question: str, claim: str, hit: ScoredChunk) -> float:
    """The share of the claim's terms that the passage has, with a little for the question's; 0 if a number is missing.

    In another language than the passage's, only numbers and names can be found again.
    """
    language = find_language(hit)
    passage, values = _list_terms(hit), list_values(hit.chunk.text)
    claimed = list_claimed(claim)
    if not claimed <= values:
        return 0.0
    terms = frozenset(text_terms(claim, language))
    shared = len(terms & passage) / len(terms) if terms else 0.0
    asked = frozenset(question_terms(question, (language,)))
    near = _ASKED * len(asked & passage) / len(asked) if asked else 0.0
    if speaks_otherwise(claim, language):
        return _MARKED + near if claimed or _find_names(claim, language) else 0.0
    return shared + near if shared >= _MARKED - _ASKED else 0.0


def check_claim(question: str, claim: str, hit: ScoredChunk, said: frozenset[str] = frozenset()) -> str:
    """What speaks against the claim standing in the passage: a number, a name or a few words; empty if nothing does.

    `said` are the values of the numbers in the whole answer: one that is given too isn't a better one.
    """
    language = find_language(hit)
    own, known = list_claimed(claim), list_values(f"{hit.chunk.text}\n{name_place(hit)}")
    if missing := own - known:
        return min(missing)
    for name in _find_names(claim, language):
        if not frozenset(text_terms(name, language)) & (_list_terms(hit) | frozenset(text_terms(question, language))):
            return name
    asked_values = list_values(question)
    for value in sorted(own - asked_values):
        if _is_anothers(question, value, hit, language, said | own):
            return value
    return _find_strange_words(question, claim, hit, language)


def list_missing(question: str, claim: str, hits: Sequence[ScoredChunk]) -> tuple[str, ...]:
    """The numbers and names of the claim that none of these passages has, as they are written, in order.

    A name may be the question's; a number may not. In another language than the passage's a name may have another form.
    """
    known = frozenset[str]().union(*(list_values(f"{hit.chunk.text}\n{name_place(hit)}") for hit in hits))
    missing = list_claimed(claim) - known
    found = [
        (number.start, claim[number.start : number.end]) for number in find_numbers(claim) if number.value in missing
    ]
    is_by_capitals = detect_languages(claim)[0][0] not in NOUNS_IN_CAPITALS  # however short the claim is
    for hit in hits[:1] if is_by_capitals else ():
        language = find_language(hit)
        for name in () if speaks_otherwise(claim, language) else _find_names(claim, language):
            terms = frozenset(text_terms(name, language))
            asked = frozenset(text_terms(question, language))
            if terms and not any(terms & (_list_terms(one) | asked) for one in hits):
                found.append((claim.index(name), name))
    return tuple(dict.fromkeys(text for _, text in sorted(found)))


def _find_strange_words(question: str, claim: str, hit: ScoredChunk, language: str) -> str:
    """The claim's long words that neither passage nor question has, if they are most of them."""
    if speaks_otherwise(claim, language):
        return ""
    known = _list_terms(hit) | frozenset(text_terms(question, language))
    words = [word for word in re.findall(r"[^\W\d_]+", claim) if len(word) >= _LONG or _DENSE.search(word)]
    if _DENSE.search(claim):
        pairs = frozenset(text_terms(claim, language))
        strange = pairs - known
        return claim if len(strange) > (1 - _SHARE) * len(pairs) else ""
    strange_words = [word for word in words if not frozenset(text_terms(word, language)) & known]
    return " ".join(strange_words) if len(strange_words) > (1 - _SHARE) * len(words) else ""


def _is_anothers(question: str, value: str, hit: ScoredChunk, language: str, said: frozenset[str]) -> bool:
    """Whether the question asks for another number of the passage, of the same kind, rather than for this one.

    A question in two parts ("how many eggs, and what does it cost?") has two answers: one part is enough.
    """
    parts = [part for part in _PART_END.split(question) if part.strip()]
    if not _loses(question, value, hit, language, said):
        return False
    return len(parts) < 2 or all(_loses(part, value, hit, language, said) is not False for part in parts)


def _loses(question: str, value: str, hit: ScoredChunk, language: str, said: frozenset[str]) -> bool | None:
    """Whether another number is nearer to the question; None if this one has nothing of it."""
    spots = list(_list_spots(hit.chunk.text, language, _weigh_terms(question, hit.chunk.text, language)))
    mine = [spot for spot in spots if spot.value == value]
    if not mine:
        return None
    best = max(spot.score for spot in mine)
    rivals = [spot for spot in spots if spot.value not in said and spot.kind in {own.kind for own in mine}]
    if any(spot.score >= best + _LEAD for spot in rivals):
        return True
    return False if best >= _SOME else None


@dataclass(frozen=True, slots=True)
class _Spot:
    """A number of a passage and how near it is to the question."""

    value: str
    kind: str
    """The word or sign beside it; of a bare number in a table, that it is one."""
    score: float


def _weigh_terms(question: str, text: str, language: str) -> dict[str, float]:
    """The question's terms with their weights, 1 in all: the fewer of the passage's sentences have one, the more."""
    units = [_collect_terms(text[unit.start : unit.end], language) for unit in split_sentences(text, language)]
    codes = _find_codes(question, language)
    weights = {}
    for term in question_terms(question, (language,)):
        in_how_many = sum(term in unit for unit in units)
        if in_how_many:
            weights[term] = _weigh_word(term, codes) * math.log(1 + (len(units) + 1) / (in_how_many + 0.5))
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def _find_codes(question: str, language: str) -> frozenset[str]:
    return frozenset(term for word in _CODE.findall(question) for term in text_terms(word, language))


def _weigh_word(term: str, codes: Collection[str]) -> float:
    return 1.0 if term in codes else min(1.0, len(term) / _FULL_WORD)


def _list_spots(text: str, language: str, asked: Mapping[str, float]) -> Iterator[_Spot]:
    before = frozenset[str]()
    for unit in split_sentences(text, language):
        own = text[unit.start : unit.end]
        if unit.kind == "row" and unit.header:
            yield from _list_cells(own, text[slice(*unit.header)], language, asked, before)
            continue
        yield from _list_parts(own, language, asked, before)
        if unit.kind != "row":  # a table's head names each column alone
            before = frozenset(text_terms(own, language))


def _list_cells(
    row: str, header: str, language: str, asked: Mapping[str, float], above: frozenset[str]
) -> Iterator[_Spot]:
    """The numbers of a table's row: a cell is named by its column's head and by the cells without numbers."""
    heads, cells = split_cells(header), split_cells(row)
    labels = frozenset(text_terms(" ".join(cell for cell in cells if not _is_value(cell)), language))
    for place, cell in enumerate(cells):
        head = frozenset(text_terms(heads[place], language)) if place < len(heads) else frozenset()
        own = labels | head | frozenset(text_terms(cell, language))
        for number in _find_certain(cell):
            yield _Spot(number.value, number.unit or "column", _score_terms(asked, own, above, frozenset()))


def _is_value(cell: str) -> bool:
    return any(number.end - number.start > len(cell) / 3 for number in find_numbers(cell))


def _list_parts(text: str, language: str, asked: Mapping[str, float], above: frozenset[str]) -> Iterator[_Spot]:
    """The numbers of a sentence, each with the words of its part and of the parts before."""
    ends = [0, *(found.start() for found in _PART_END.finditer(text)), len(text)]
    carried = frozenset[str]()
    numbers = _find_certain(text)
    for start, end in pairwise(ends):
        own = frozenset(text_terms(text[start:end], language))
        for number in numbers:
            if start <= number.start < end:
                yield _Spot(number.value, number.unit, _score_terms(asked, own, above, carried))
        carried |= own


def _find_certain(text: str) -> list[Number]:
    return [number for number in find_numbers(text) if number.is_certain]


def _score_terms(
    asked: Mapping[str, float], own: frozenset[str], above: frozenset[str], carried: frozenset[str]
) -> float:
    return sum(
        w * (1.0 if t in own else max(_CARRIED * (t in carried), _ABOVE * (t in above))) for t, w in asked.items()
    )


def _find_names(claim: str, language: str) -> list[str]:
    """Words with a capital within a sentence, which in most languages are names."""
    return [] if _detect(claim, language) in NOUNS_IN_CAPITALS else _NAME.findall(claim)


def speaks_otherwise(claim: str, language: str) -> bool:
    """Whether the claim is plainly written in another language than the passage's."""
    return _detect(claim, language) != language


def _detect(claim: str, language: str) -> str:
    """The claim's language if it is plain enough, else the passage's."""
    written, probability = detect_languages(claim)[0]
    return written if probability >= _PLAIN and len(claim) >= _TELLING else language


def find_language(hit: ScoredChunk) -> str:
    """The language by whose rules a passage's words are told apart."""
    return choose_language(hit.chunk.text, hit.stored.language)


def name_place(hit: ScoredChunk) -> str:
    """The words of the place where a passage stands: title, section and file."""
    return f"{hit.chunk.title} {hit.chunk.section} {hit.chunk.source}"


@lru_cache(maxsize=64)
def _collect_terms(text: str, language: str) -> frozenset[str]:
    return frozenset(text_terms(text, language))


def _list_terms(hit: ScoredChunk) -> frozenset[str]:
    """The terms of a passage and of the place where it stands."""
    return _collect_terms(f"{hit.chunk.text}\n{name_place(hit)}", find_language(hit))
