"""Where documents answer differently: the same thing said twice with two values, or several things that may be meant.

"What is the fee?" has two answers where the rules of 2023 and those of 2025 both give one: then the newer one is told.
"When does it expire?" may mean each of three contracts: then all are listed. Copies say the same and count once. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from rag.answering.numbers import find_numbers
from rag.answering.quotable import Quotable, name_cells
from rag.answering.quoting import Compare, rank_quotables
from rag.answering.support import find_language, name_place
from rag.answering.values import YEAR, Wanted, find_currency, find_values, list_wanted
from rag.ranking.question import list_common_words
from rag.text.dates import MONTHS, find_days
from rag.text.language import choose_language, find_plain_language
from rag.text.terms import question_terms, text_terms
from rag.types import Retrieval, ScoredChunk

ReadDates = Callable[[], Mapping[str, str]]
"""Each document's day as the catalog knows it."""

# Tuned on half of bench/several: bench/RESULTS.md.
_NEAR = 0.85
"""How well another document must answer beside the best one: its quote's score as a share of that one's."""
_LEAST = 0.3
"""The score below which a quote answers nothing."""
_SHORT = 3
"""Letters of articles and prepositions; longer words that any text has ("home") may tell one thing from another."""
_MOST = 5
_HEAD_LINES = 3

_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"[^\W_]{3,}")
_DAY, _TIME = "day", "time"
"""Units of dates."""
_VERSION = frozenset(
    "v version versions old new neu alt neue alte final draft entwurf copy kopie copie copia rev revised update updated"
    " aktuell current vieux nouveau nouvelle ancien ancienne viejo nueva nuevo antiguo actual ny gammel kladde"
    " spring summer autumn winter januar february".split()
) | frozenset(name for names in MONTHS.values() for name in names.split())
_Kind = Wanted | Literal["measure"]
"""A measure is a number with what it counts."""
_UNSAID: tuple[_Kind, ...] = ("amount", "measure")
"""What a question may ask for that names no kind of value: "How high is the contribution?"."""
_OTHERWISE = re.compile(
    r"\b(?:who|whose|where|why|wer|wem|wen|wessen|wo|wohin|warum|weshalb|wieso|qui|où|pourquoi|quién|dónde|por qué|hvem"
    r"|hvor(?!nå)|hvorfor|кто|где|почему|зачем)\b|誰|だれ|どこ|なぜ|누구|어디|왜|谁|哪里|哪儿|为什么",
    re.IGNORECASE,
)
"""Questions for a person, a place or a reason, which no value answers."""
_LONG = re.compile(
    r"\b(?:how (?:long|often)|wie (?:lange|oft)|combien de temps|cuánto tiempo|hvor (?:længe|ofte)|как (?:долго|часто)"
    r"|сколько времени)\b|どのくらいの期間|何[日年週]間|何か月|얼마 ?동안|多久|多长时间",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:when|by what date|wann|quand|cuándo|hvornår|когда)\b|いつ|언제|什么时候|何时", re.IGNORECASE)
_HOUR = re.compile(
    r"\b(?:what time|wie ?viel uhr|um welche uhrzeit|quelle heure|qué hora|hvad tid|hvilket tidspunkt|во сколько"
    r"|который час)\b|何時|몇 ?시|几点",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;，、；](?!\d)|\s(?=(?:and|but|und|aber|sondern|et|mais|y|pero|og|men|и|но|а)\s)")
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
class _Answer:
    """A value in answer to the question."""

    text: str
    """As the document writes it."""
    plain: str
    """In one form; a day without its year is the end of the whole one."""
    unit: str = ""
    """What a number counts; empty for values that compare without one."""

    def agrees(self, other: _Answer) -> bool:
        is_day = self.unit == other.unit == _DAY
        return self.plain == other.plain or (
            is_day and (self.plain.endswith(other.plain) or other.plain.endswith(self.plain))
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The sentence with which a document answers best."""

    hit: int
    source: str
    answers: tuple[_Answer, ...]
    """The values of the clause that has most of the question's words."""
    quote: str

    def list_differing(self, other: _Candidate) -> frozenset[str]:
        """The units in which both have values, and none in common."""
        pairs = [(mine, theirs) for mine in self.answers for theirs in other.answers if mine.unit == theirs.unit]
        agreeing = {mine.unit for mine, theirs in pairs if mine.agrees(theirs)}
        return frozenset(mine.unit for mine, _ in pairs if mine.unit not in agreeing)

    def show(self, units: Set[str]) -> str:
        """The first value of one of these units, as the document writes it."""
        return next(one.text for one in self.answers if one.unit in units)


def find_several(
    retrieval: Retrieval, read_dates: ReadDates | None = None, compare: Compare | None = None
) -> Several | None:
    """What the passages answer differently, reprints among them; None if they don't, if they all but certainly don't
    answer at all, and for a question that names its year."""
    question, hits = retrieval.question, (*retrieval.hits, *retrieval.reprints)
    if not hits or retrieval.verdict == "no" or _OTHERWISE.search(question) or YEAR.search(question):
        return None
    kinds = _list_kinds(question, is_sure=retrieval.verdict == "yes")
    distinct = _drop_agreeing(_keep_named(question, _find_answering(question, hits, kinds, compare), hits))
    if len(distinct) < 2:
        return None
    dates = read_dates() if read_dates else {}
    first, *others = distinct
    units = [first.list_differing(other) for other in others]
    told = [
        Version(one.source, one.show(differing), one.quote, _find_date(one, hits, dates))
        for one, differing in zip(distinct, (units[0], *units), strict=True)
    ]
    told.sort(key=lambda one: one.date, reverse=True)
    return Several(_find_kind(distinct, hits), tuple(told[:_MOST]))


def _find_answering(
    question: str, hits: Sequence[ScoredChunk], kinds: Iterable[_Kind], compare: Compare | None
) -> list[_Candidate]:
    """Of each document its best quote that is a value, if it answers about as well as the best of all."""
    ranked = rank_quotables(question, hits, compare)
    for wanted in kinds:
        best: dict[str, _Candidate] = {}
        for score, _, quotable in ranked:
            if score < max(_LEAST, _NEAR * ranked[0].score):
                break
            hit = hits[quotable.hit]
            if hit.chunk.source not in best and (answers := _read_answers(question, quotable, hit, wanted)):
                quote = " ".join(quotable.text.split())
                best[hit.chunk.source] = _Candidate(quotable.hit, hit.chunk.source, answers, quote)
        if best:
            return list(best.values())
    return []


def _list_kinds(question: str, *, is_sure: bool) -> Iterable[_Kind]:
    """The kinds of value that may answer, the likeliest first; what is measured may be asked for as an amount or a time
    ("How much butter …?", "When may I stop?"). Where it isn't sure that there is an answer, only what the question asks
    for: "Which boat sleeps six?" asks for no value."""
    if _LONG.search(question):
        return ("measure",)
    if _WHEN.search(question) or _HOUR.search(question):
        return ("date", "count")
    kinds = list_wanted(question)
    return dict.fromkeys((*kinds, "count") if "amount" in kinds else kinds or (_UNSAID if is_sure else ()))


def _read_answers(question: str, quotable: Quotable, hit: ScoredChunk, wanted: _Kind) -> tuple[_Answer, ...]:
    """The values of the clause that has most letters of the question's words; empty if none has such a value."""
    language = choose_language(hit.chunk.text, hit.stored.language, find_plain_language(question))
    text = ", ".join(name_cells(quotable, hit.chunk.text)) if quotable.unit.header else quotable.text
    clauses = [(clause, found) for clause in _CLAUSE_END.split(text) if (found := _find_answers(clause, wanted))]
    if _HOUR.search(question):
        clauses = [pair for pair in clauses if any(one.unit == _TIME for one in pair[1])] or clauses
    asked = frozenset(question_terms(question, (language,)))
    return max(
        clauses, key=lambda pair: sum(map(len, asked & frozenset(text_terms(pair[0], language)))), default=("", ())
    )[1]


def _keep_named(question: str, answering: list[_Candidate], hits: Sequence[ScoredChunk]) -> list[_Candidate]:
    """Those whose documents the question names: by a word or code of the name, title or first line of one of them
    that no passage of another has."""
    words = {word.casefold() for word in _NAME.findall(question)}
    texts: dict[str, str] = {}
    for hit in hits:
        texts[hit.chunk.source] = f"{texts.get(hit.chunk.source, '')} {hit.chunk.text} {name_place(hit)}".casefold()
    named = [
        one
        for one in answering
        if any(
            not any(word in texts[other.source] for other in answering if other is not one)
            for word in words & set(_NAME.findall(_read_head(one, hits)))
        )
    ]
    return named or answering


def _find_answers(text: str, wanted: _Kind) -> tuple[_Answer, ...]:
    """The values of that kind: days also without a year and times of day, counts by what they count."""
    if wanted in ("amount", "code", "words"):
        return tuple(_Answer(one.text, one.plain, find_currency(one.text)) for one in find_values(text, wanted))
    days = find_days(text)
    numbers = [
        one
        for one in find_numbers(text)
        if one.is_certain and not any(day.start <= one.start < day.end for day in days)
    ]
    if wanted == "date":
        named = (("-".join(f"{part:02}" for part in (day.year, day.month, day.day) if part), day) for day in days)
        times = (_Answer(text[one.start : one.end], one.value, _TIME) for one in numbers if ":" in one.value)
        return (*(_Answer(text[day.start : day.end], plain, _DAY) for plain, day in named), *times)
    counts = (
        one for one in numbers if ":" not in one.value and one.value.count(".") < 2 and not find_currency(one.unit)
    )
    counted = (one for one in counts if one.unit or wanted == "count")
    return tuple(_Answer(f"{text[one.start : one.end]} {one.unit}".strip(), one.value, one.unit) for one in counted)


def _drop_agreeing(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """One for each answer: a document that gives a value which a better one gives as well says the same."""
    distinct: list[_Candidate] = []
    for one in candidates:
        if all(one.list_differing(other) for other in distinct):
            distinct.append(one)
    return distinct


def _find_kind(distinct: Sequence[_Candidate], hits: Sequence[ScoredChunk]) -> Literal["versions", "choices"]:
    """Versions are of one subject, or of different days; choices are several things of one sort, as names tell."""
    first, *others = distinct
    if any(_are_of_one_sort(_name_file(first, hits), _name_file(other, hits)) for other in others):
        return "choices"
    if any(_find_date(one, hits, {}) for one in distinct):
        return "versions"
    mine, *theirs = (_name_subject(one, hits) for one in distinct)
    return "versions" if any(mine <= one or one <= mine for one in theirs) else "choices"


def _are_of_one_sort(mine: Set[str], theirs: Set[str]) -> bool:
    """Whether both have words in common and each has words of its own: the contract for a phone, and for a gym."""
    return bool(mine & theirs and mine - theirs and theirs - mine)


def _name_file(one: _Candidate, hits: Sequence[ScoredChunk]) -> frozenset[str]:
    return _list_subjects(PurePosixPath(one.source).stem.replace("_", " ").casefold(), find_language(hits[one.hit]))


def _name_subject(one: _Candidate, hits: Sequence[ScoredChunk]) -> frozenset[str]:
    """What the document is about: the words of its file's name and of its first line."""
    return _list_subjects(_read_head(one, hits), find_language(hits[one.hit]))


def _list_subjects(text: str, language: str) -> frozenset[str]:
    """The terms of a name, but for numbers, months and such as tell one version from another."""
    grammar = {word for word in list_common_words(language) if len(word) <= _SHORT}
    words = (word for word in _WORD.findall(text) if word not in _VERSION | grammar)
    return frozenset(term for word in words for term in text_terms(word, language))


def _read_head(one: _Candidate, hits: Sequence[ScoredChunk]) -> str:
    """The document's name, first line and title in small letters; the sentence itself is left out."""
    chunk = hits[one.hit].chunk
    head = next(iter(chunk.text.strip().splitlines()), "") if chunk.ordinal == 0 else ""
    head = "" if one.quote in " ".join(head.split()) else _mask_days(head)
    return f"{PurePosixPath(one.source).stem.replace('_', ' ')} {head} {chunk.title}".casefold()


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
