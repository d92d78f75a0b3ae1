"""Whether a model's answer is only that the passages don't say it, in whatever words. Pure.

An answer is taken apart into clauses. A clause refuses if it names the passages and denies, close by, that they say or
hold something; or if it is a phrase that always refuses ("I don't know"). A clause of politeness says nothing. The
answer is a refusal if a clause refuses and no other says anything: "The contract doesn't say, but it is three months"
is none. What a document itself denies ("Dogs are not allowed") isn't about the passages and is no refusal either.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from rag.answering.citations import MARKER
from rag.answering.refusal_words import REFUSAL_WORDS, RefusalWords
from rag.text.question_words import SPACELESS_LANGUAGES

REFUSAL = "NOT FOUND"
"""What the prompt asks a model to write if the passages don't say it: two words that a model repeats as they stand, in
whatever language it is asked."""

_NEAR, _FAR = 24, 60
"""Characters between a denial and the verb behind it ("not explicitly mention"), and between a verb and the denial
behind it, where its objects stand ("vermeldt de prijs van het jaarabonnement niet"). Chosen on one half of
tests/unit/answering/refusals.tsv."""
_PASSAGE = "¶"
"""Stands for a marker that is the subject of its sentence: "[1] doesn't mention it"."""
_SUBJECT = re.compile(rf"(?:^|(?<=[.!?\n。！？]))\s*(?:{MARKER.pattern})(?=\s*[^\W\d_])", re.IGNORECASE)
_CLAUSE_END = r"(?<=[^\W\d_])[.!?](?=\s|$)|[!?。！？;；\n]|(?<=[)\]\"'”»])[.](?=\s|$)"
_PIECE_END = re.compile(r",(?!\d)|[，、]")
_SAYS_SOMETHING = re.compile(r"[^\W_]")
_NUMBER = re.compile(r"\d")
_ASKED_FOR = re.compile(rf"\W*(?:\w+\s*:)?\W*{REFUSAL}\W*", re.IGNORECASE)


def is_refusal(answer: str) -> bool:
    """Whether the whole answer says only that the passages don't tell; markers don't count."""
    text = MARKER.sub(" ", _SUBJECT.sub(_PASSAGE, answer)).replace("’", "'")
    clauses = [clause for clause in _split_clauses(text) if _SAYS_SOMETHING.search(clause)]
    kinds = [_classify(clause) for clause in clauses]
    return "refusal" in kinds and "substance" not in kinds


def names_passages(text: str) -> bool:
    """Whether the text names what a model was given to read: the passages, the context, the documents."""
    return any(_compile(code).source.search(text) for code in REFUSAL_WORDS)


@cache
def _compile_splitter() -> re.Pattern[str]:
    return re.compile("|".join([_CLAUSE_END, *(words.contrast for words in REFUSAL_WORDS.values())]), re.IGNORECASE)


def _split_clauses(text: str) -> list[str]:
    return [clause.strip() for clause in _compile_splitter().split(text)]


def _classify(clause: str) -> str:
    """`refusal`, `filler` for what is merely polite, or `substance`."""
    if _ASKED_FOR.fullmatch(clause):
        return "refusal"
    for patterns in map(_compile, REFUSAL_WORDS):
        span = patterns.find_refusal(clause)
        if span:
            return "substance" if _adds_number(clause, *span) else "refusal"
    is_filler = not _NUMBER.search(clause) and any(_compile(code).filler.match(clause) for code in REFUSAL_WORDS)
    return "filler" if is_filler else "substance"


def _adds_number(clause: str, start: int, end: int) -> bool:
    """Whether a part that a comma sets apart from the refusal has a number: "it doesn't say, the fee is 30 euros"."""
    ends = [0, *(found.start() for found in _PIECE_END.finditer(clause)), len(clause)]
    pieces = pairwise(ends)
    return any(_NUMBER.search(clause, *piece) for piece in pieces if piece[1] <= start or piece[0] >= end)


class _Patterns(NamedTuple):
    """The words of a language, compiled."""

    source: re.Pattern[str]
    paper: re.Pattern[str]
    denied: re.Pattern[str]
    """A verb of saying or holding that is denied."""
    unsaid: re.Pattern[str]
    """A verb of saying that is denied."""
    unable: re.Pattern[str]
    duty: re.Pattern[str]
    filler: re.Pattern[str]

    def find_refusal(self, clause: str) -> tuple[int, int] | None:
        """Where the clause refuses; None if it doesn't."""
        if found := self.unable.search(clause):
            return found.span()
        if self.duty.search(clause):
            return None
        if self.source.search(clause) and (found := self.denied.search(clause)):
            return found.span()
        found = self.unsaid.search(clause) if self.paper.search(clause) else None
        return found.span() if found else None


@cache
def _compile(code: str) -> _Patterns:
    words = REFUSAL_WORDS[code]
    edge = "" if code in SPACELESS_LANGUAGES else r"\b"

    def compile_words(alternatives: str) -> re.Pattern[str]:
        return re.compile(f"{edge}(?:{alternatives}){edge}" if alternatives else r"(?!)", re.IGNORECASE)

    return _Patterns(
        source=re.compile(f"{edge}(?:{words.sources}){edge}|{_PASSAGE}", re.IGNORECASE),
        paper=compile_words(words.papers),
        denied=_compile_denial(words, f"{words.saying}|{words.holding}", edge),
        unsaid=_compile_denial(words, words.saying, edge),
        unable=compile_words(words.unable),
        duty=compile_words(words.duties),
        filler=re.compile(rf"\W*(?:{words.filler})", re.IGNORECASE),
    )


def _compile_denial(words: RefusalWords, verbs: str, edge: str) -> re.Pattern[str]:
    """A denial before a verb, or behind it where the language puts it there; no other clause may begin between them."""
    within = rf"(?:(?!{edge}(?:{words.stops}){edge})[^,，、:：])" if words.stops else "[^,，、:：]"
    before = rf"{edge}(?:{words.denials}){within}{{0,{_NEAR}}}?{edge}(?:{verbs}){edge}"
    behind = rf"{edge}(?:{verbs}){edge}{within}{{0,{_FAR}}}?{edge}(?:{words.denials_behind}){edge}"
    ways = ([before] if words.denials else []) + ([behind] if words.denials_behind else [])
    return re.compile("|".join(ways), re.IGNORECASE)
