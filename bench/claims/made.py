"""Labelled pairs of a claim and a passage, made from documents that were written for this and altered by rule.

A file for each language holds documents; below each stand true sentences of it (``>``), what is altered in them
(``kind: old => new``), and paraphrases, which are true (``=``). Each true sentence is also held against another
document of its language and half, which doesn't say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("en", "de", "fr", "es", "ja")
TRUE_KINDS = ("word for word", "paraphrase")
FALSE_KINDS = ("number", "name", "negation", "date", "unit", "other document")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the passage that it cites."""

    claim: str
    passage: str
    source: str
    kind: str
    """One of `TRUE_KINDS` and `FALSE_KINDS`."""
    language: str
    is_held_back: bool
    """Whether nothing was chosen by this pair; so it is of every second document."""

    @property
    def is_true(self) -> bool:
        return self.kind in TRUE_KINDS


@dataclass(slots=True)
class _Written:
    source: str
    passage: str = ""
    facts: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    """Each true sentence with the kinds and texts of what is made of it."""


def make_pairs() -> list[Pair]:
    """All pairs, language by language."""
    return [pair for language in LANGUAGES for pair in _make_pairs_of(language)]


def _make_pairs_of(language: str) -> Iterator[Pair]:
    documents = _read(Path(__file__).with_name(f"{language}.txt").read_text("utf-8"))
    for number, document in enumerate(documents):
        is_held_back = number % 2 == 1
        other = documents[(number + 2) % len(documents)]  # of the same half
        for sentence, made in document.facts:
            yield Pair(sentence, document.passage, document.source, "word for word", language, is_held_back)
            for kind, text in made:
                yield Pair(text, document.passage, document.source, kind, language, is_held_back)
            yield Pair(sentence, other.passage, other.source, "other document", language, is_held_back)


def _read(text: str) -> list[_Written]:
    documents: list[_Written] = []
    for line in filter(None, text.splitlines()):
        mark, _, rest = line.partition(" ")
        if mark == "#":
            documents.append(_Written(rest))
        elif mark == ">":
            documents[-1].facts.append((rest, []))
        elif mark == "=":
            documents[-1].facts[-1][1].append(("paraphrase", rest))
        elif mark.rstrip(":") in FALSE_KINDS and " => " in rest:
            sentence, made = documents[-1].facts[-1]
            made.append((mark.rstrip(":"), _alter(sentence, rest)))
        else:
            documents[-1].passage = line
    return documents


def _alter(sentence: str, change: str) -> str:
    """The sentence with one piece of it changed. Raises ValueError if it doesn't hold that piece once."""
    old, new = change.split(" => ")
    if sentence.count(old) != 1:
        raise ValueError(f"{old!r} doesn't stand once in {sentence!r}.")
    return sentence.replace(old, new)
