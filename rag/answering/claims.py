"""Whether a passage says what a claim says: supported, partly, not. One pure judgement.

A claim is held against the sentences of its passages that share most with it. Its numbers have to stand there, each
counting the same and said of the same; so have its dates and names, and it must deny where they deny. What is left is
how much of its words stands there, or how close an embedding model finds it. Where a claim is a sentence of the
passage but for a word, that word is what it changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from rag.answering.measures import find_wrong_numbers
from rag.answering.numbers import find_numbers, list_claimed, list_values
from rag.answering.support import find_language, list_missing, name_place, speaks_otherwise
from rag.ranking.question import NOUNS_IN_CAPITALS, is_common
from rag.text.language import detect_languages
from rag.text.polarity import count_denials, points_otherwise
from rag.text.scripts import DENSE, HIRAGANA
from rag.text.sentences import split_sentences
from rag.text.terms import text_terms
from rag.types import ScoredChunk

Content = tuple[str, frozenset[str], float]
"""A word with its terms and its weight."""
Verdict = Literal["supported", "partly", "not"]
Compare = Callable[[str, Sequence[str]], "Sequence[float] | None"]
"""As in `rag.answering.quoting`: how close each text is to the first, in standard deviations."""

# Tuned on one half of the pairs of bench/claims: bench/RESULTS.md, "Answering and chat".
_SUPPORTED, _PARTLY = 0.52, 0.34
"""The share of a claim's words, or the closeness in its place, from which on it is supported, or partly so."""
_HELP, _HELPED = 0.4, 0.25
"""How much of what is missing closeness makes up for, and the share of words from which on it does: sentences of one
form ("… are not covered") are close whatever they are about."""
_CLOSE, _FAR = 6.0, 2.0
"""Standard deviations of closeness that are worth all of a claim's words, and none."""
_MORE = 1.5
"""Words that a further sentence must add to be read with the first."""
_COPY = 0.6
"""The share of its words from which on a claim is a sentence of the passage, somewhat altered."""
_EXACT = 0.75
"""The same for one whose words stand in the place of as many, so that one of the sentence's own may be wrong there."""
_CHANGED, _CONTRADICTED = 0.5, 0.15
"""What is left of the score of a claim that changed a word, or that a number, name or denial speaks against."""
_MOST_SENTENCES = 3
_PART = 5
"""Letters of a part of a compound: "Frost" in "Frostschaden"."""

_WORD = re.compile(rf"[{DENSE}々ー]|[^\W_{DENSE}]+(?:[.,:-][^\W_{DENSE}]+)*")
_DENSE = re.compile(f"[{DENSE}]")
_GRAMMAR = re.compile(f"[{HIRAGANA}]+")
_HAS_GRAMMAR = re.compile(f"[{HIRAGANA}]")
_CLAUSE_END = re.compile(
    r"[,;:，、；：](?!\d)|\s(?=(?:and|but|und|aber|sondern|et|mais|y|pero|og|men|и|но|а)\s)|(?<=[がし])、"
)
_NAMED_TWICE = re.compile(r"(?<=[^.!?\s] )[A-ZÄÖÜ][\w-]+(?: [A-ZÄÖÜ][\w-]+)+")
"""Two words with a capital in a row: a name, in a language in which one alone is any noun."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a claim is worth, given its passages."""

    verdict: Verdict
    score: float
    """0 to 1; higher is surer that the passages say it."""
    quote: str
    """The sentence that comes nearest, a piece of a passage; empty if none says any of it."""
    passage: int
    """Place of its passage among those that were given; 0 without one."""
    numbers: tuple[str, ...] = ()
    """The claim's numbers and dates that the passages don't give to it, as it writes them."""
    words: tuple[str, ...] = ()
    """Its names and words that they don't have."""
    is_denied: bool = False
    """Whether one of both denies what the other affirms."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, item or row of a passage."""

    passage: int
    text: str
    around: str
    """What it may borrow from: its table's head and the place where it stands."""
    terms: frozenset[str]


def judge_claim(
    claim: str, hits: Sequence[ScoredChunk], *, question: str = "", compare: Compare | None = None
) -> Judgement:
    """Whether the passages that a claim cites say it.

    `question` is what it answers, which may name what it is about. `compare` helps with what is said in other words.
    """
    if not hits or not claim.strip():
        return Judgement("not", 0.0, "", 0)
    language = find_language(hits[0])
    words = _list_content(claim, language)
    units = [unit for place, hit in enumerate(hits) for unit in _list_units(place, hit)]
    closeness = (compare(claim, [unit.text for unit in units]) if compare and units else None) or [0.0] * len(units)
    chosen = _choose_units(claim, question, words, units, closeness, language)
    found = _Found(claim, question, language, tuple(hits), chosen)
    coverage = _measure_coverage(claim, words, found.read, question, language) if chosen else 0.0
    doubts = _find_doubts(found, coverage)
    close = max((_rate_closeness(closeness[units.index(unit)]) for unit in chosen), default=0.0)
    score = coverage + _HELP * close * (1 - coverage) if coverage >= _HELPED else coverage
    if speaks_otherwise(claim, language) and list_claimed(claim) and not doubts.numbers:
        score = max(score, _SUPPORTED)  # of another language only numbers can be found again
    score *= _CONTRADICTED if doubts.contradict else _CHANGED if doubts.changed else 1.0
    is_whole = score >= _SUPPORTED and not doubts.changed
    verdict: Verdict = "not" if doubts.contradict or score < _PARTLY else "supported" if is_whole else "partly"
    strange = _name_strange(words, found.read, question, language) if verdict == "partly" else ()
    missing = doubts.names or doubts.changed or strange
    best = chosen[0] if chosen else _Unit(0, "", "", frozenset())
    return Judgement(verdict, round(score, 4), best.text, best.passage, doubts.numbers, missing, doubts.is_denied)


def says_something(claim: str) -> bool:
    """Whether there is anything in it that a passage could have: "Yes." and "Here it is:" have nothing."""
    language = detect_languages(claim)[0][0]
    return bool(_list_content(claim, language) or list_claimed(claim))


@dataclass(frozen=True, slots=True)
class _Found:
    """A claim and the sentences that it is held against, the best one first; none if no sentence has any of it."""

    claim: str
    question: str
    language: str
    hits: tuple[ScoredChunk, ...]
    chosen: Sequence[_Unit]

    @property
    def read(self) -> str:
        return "\n".join(f"{unit.text}\n{unit.around}" for unit in self.chosen)

    @property
    def whole(self) -> str:
        return "\n".join(f"{hit.chunk.text}\n{name_place(hit)}" for hit in self.hits)


@dataclass(frozen=True, slots=True)
class _Doubts:
    """What speaks against a claim."""

    numbers: tuple[str, ...]
    names: tuple[str, ...]
    changed: tuple[str, ...]
    is_denied: bool

    @property
    def contradict(self) -> bool:
        return bool(self.numbers or self.names or self.is_denied)


def _find_doubts(found: _Found, coverage: float) -> _Doubts:
    """A sentence that has little of the claim, or is in another language, tells only of its numbers and names."""
    claim, question, language = found.claim, found.question, found.language
    is_read = coverage >= _PARTLY and not speaks_otherwise(claim, language)
    sentences = "\n".join(unit.text for unit in found.chosen)
    wrong = find_wrong_numbers(claim, sentences, found.read if is_read else found.whole, found.whole)
    missing = list_missing(question, claim, found.hits)
    figures = {claim[number.start : number.end] for number in find_numbers(claim)}
    numbers = dict.fromkeys(wrong)
    doubles = _find_double_names(claim, found.whole, question, language)
    names = dict.fromkeys([*(one for one in missing if one not in figures), *doubles])
    if not is_read:
        return _Doubts(tuple(numbers), tuple(names), (), is_denied=False)
    best = found.chosen[0].text
    changed, is_denied = _find_changed(claim, best, sentences, language), _denies_otherwise(claim, best, language)
    return _Doubts(tuple(numbers), tuple(names), changed, is_denied)


@lru_cache(maxsize=64)
def _list_units_of(text: str, place: str, language: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    units = []
    for unit in split_sentences(text, language):
        own = text[unit.start : unit.end]
        head = text[slice(*unit.header)] if unit.header else ""
        units.append((own, f"{head}\n{place}", frozenset(text_terms(f"{own}\n{head}", language))))
    return tuple(units)


def _list_units(place: int, hit: ScoredChunk) -> list[_Unit]:
    return [
        _Unit(place, text, around, terms)
        for text, around, terms in _list_units_of(hit.chunk.text, name_place(hit), find_language(hit))
    ]


@lru_cache(maxsize=256)
def _list_content(text: str, language: str) -> tuple[Content, ...]:
    """The words of a text that aren't grammar nor numbers: each with its terms and its weight."""
    if _DENSE.search(text) and language in ("ja", "zh", "ko"):
        terms = [term for term in dict.fromkeys(text_terms(text, language)) if not re.search(r"\d", term)]
        return tuple(
            (term, frozenset({term}), _weigh_dense(term))
            for term in terms
            if not _GRAMMAR.fullmatch(term) and not count_denials(term)
        )
    words = (word for word in dict.fromkeys(re.findall(r"[^\W\d_]{2,}", text)) if _is_content(word, language))
    termed = ((word, frozenset(text_terms(word, language))) for word in words)
    return tuple((word, terms, 1.0) for word, terms in termed if terms)


def _weigh_dense(term: str) -> float:
    """A pair of characters is half a word or so; one with an ending in it says little."""
    return 0.25 if len(term) == 1 else 0.1 if _HAS_GRAMMAR.search(term) else 0.5


def _choose_units(
    claim: str,
    question: str,
    words: Sequence[Content],
    units: Sequence[_Unit],
    closeness: Sequence[float],
    language: str,
) -> list[_Unit]:
    """The unit that has most of the claim, and those that add to it; numbers don't count, for they may be wrong."""
    values = list_claimed(claim)
    asked = frozenset(text_terms(question, language))

    def rate(unit: _Unit, close: float) -> float:
        shared = sum(weight for _, terms, weight in words if terms & unit.terms)
        about = 0.1 * len(asked & unit.terms)
        return shared + about + 0.5 * _rate_closeness(close) + 0.05 * len(values & list_values(unit.text))

    rated = [(rate(unit, close), -place) for place, (unit, close) in enumerate(zip(units, closeness, strict=True))]
    best, place = max(rated, default=(0.0, 0))
    if best <= 0:
        return []
    chosen = [units[-place]]
    while len(chosen) < _MOST_SENTENCES:
        have = frozenset().union(*(unit.terms for unit in chosen))
        left = [(terms, weight) for _, terms, weight in words if not terms & have]
        added, at = max((sum(w for terms, w in left if terms & unit.terms), -p) for p, unit in enumerate(units))
        if added < min(_MORE, max(0.5, sum(weight for _, weight in left))) or added <= 0:
            break
        chosen.append(units[-at])
    return chosen


def _rate_closeness(close: float) -> float:
    return min(1.0, max(0.0, (close - _FAR) / (_CLOSE - _FAR)))


def _measure_coverage(claim: str, words: Sequence[Content], read: str, question: str, language: str) -> float:
    """The share of the claim's words and numbers that stands in what was read, its words also in its question."""
    values, known = list_claimed(claim), list_values(read)
    strange = {word for word, _, _ in _list_strange(words, read, question, language)}
    total = sum(weight for _, _, weight in words) + len(values)
    shared = sum(weight for word, _, weight in words if word not in strange) + len(values & known)
    return shared / total if total else 1.0


def _list_strange(words: Sequence[Content], read: str, question: str, language: str) -> list[Content]:
    """The words that neither what was read nor the question has, be it as a part of a longer one."""
    known = frozenset(text_terms(read, language)) | frozenset(text_terms(question, language))
    long = [term for term in known if len(term) >= _PART]
    return [
        one
        for one in words
        if not one[1] & known
        and not any(term in other or other in term for term in one[1] if len(term) >= _PART for other in long)
    ]


def _name_strange(words: Sequence[Content], read: str, question: str, language: str) -> tuple[str, ...]:
    return tuple(word for word, _, _ in _list_strange(words, read, question, language) if not _DENSE.search(word))


def _find_double_names(claim: str, whole: str, question: str, language: str) -> Iterator[str]:
    """Names of two words that the passages don't have, where a capital alone makes none."""
    if language not in NOUNS_IN_CAPITALS:
        return
    known = frozenset(text_terms(f"{whole}\n{question}", language))
    for match in _NAMED_TWICE.finditer(claim):
        yield from (word for word in match[0].split() if not frozenset(text_terms(word, language)) & known)


def _denies_otherwise(claim: str, text: str, language: str) -> bool:
    """Whether the claim denies what the clauses that it comes from affirm, or the other way round."""
    is_copy = _measure_likeness(claim, text) >= _EXACT
    source = text if is_copy else _find_clauses(claim, text, language)
    return count_denials(claim) % 2 != count_denials(source) % 2 or points_otherwise(claim, source)


def _measure_likeness(claim: str, text: str) -> float:
    """The share of both texts' words that they have in the same order, 0 to 1."""
    ours, theirs = (tuple(token.casefold() for token in _list_tokens(one)) for one in (claim, text))
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _find_clauses(claim: str, text: str, language: str) -> str:
    """The clauses in a row that share most with the claim and have least beside it."""
    ends = [0, *(match.end() for match in _CLAUSE_END.finditer(text)), len(text)]
    wanted = _collect_content(claim, language)

    def rate(span: tuple[int, int]) -> float:
        terms = _collect_content(text[slice(*span)], language)
        shared = len(terms & wanted)
        return shared / (len(wanted) + 1) - 0.3 * (len(terms) - shared) / (len(terms) + 5)

    spans = [(start, end) for at, start in enumerate(ends[:-1]) for end in ends[at + 1 :] if end > start]
    return text[slice(*max(spans, key=rate))] if spans else text


def _collect_content(text: str, language: str) -> frozenset[str]:
    return list_claimed(text).union(*(terms for _, terms, _ in _list_content(text, language)))


def _find_changed(claim: str, text: str, around: str, language: str) -> tuple[str, ...]:
    """The words that a claim has in the place of others, if it is that sentence but for them.

    What else it was held against may have them, unless they stand in the place of just as many.
    """
    ours, theirs = _list_tokens(claim), _list_tokens(text)
    matcher = SequenceMatcher(
        None, [one.casefold() for one in ours], [one.casefold() for one in theirs], autojunk=False
    )
    blocks = matcher.get_opcodes()
    same = sum(end - start for tag, start, end, _, _ in blocks if tag == "equal")
    if not ours or same < _COPY * len(ours):
        return ()
    changed: list[str] = []
    for tag, start, end, from_, to in blocks:
        is_exact = end - start == to - from_ and same >= _EXACT * len(ours)
        old = frozenset(text_terms(" ".join(theirs[from_:to]) if is_exact else around, language))
        new = _join_tokens(ours[start:end]) if tag == "replace" else ()
        changed += [
            word for word in new if _is_content(word, language) and not old & frozenset(text_terms(word, language))
        ]
    return tuple(changed)


def _is_content(word: str, language: str) -> bool:
    """Whether the word is neither grammar, nor a number, nor a denial."""
    is_idle = is_common(word, (language,)) or _GRAMMAR.fullmatch(word)
    return not (is_idle or re.search(r"\d", word) or count_denials(word))


def _list_tokens(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(text)]


def _join_tokens(tokens: Sequence[str]) -> list[str]:
    """Neighbouring characters of a script without spaces are one word again."""
    joined: list[str] = []
    for token in tokens:
        is_dense = bool(_DENSE.fullmatch(token))
        if joined and is_dense and _DENSE.match(joined[-1]):
            joined[-1] += token
        else:
            joined.append(token)
    return joined
