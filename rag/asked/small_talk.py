"""What people say to a program that asks nothing of documents: greetings, thanks, who it is and what it can do. Pure.

It counts only if nothing else stands in the message: "hello, when is the rent due?" is a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

from rag.asked.phrases import FILLERS, PHRASES, Talk

# Later kinds are the answer where several stand in one message: "hello, who are you?" asks who.
_ORDER: tuple[Talk, ...] = ("okay", "hello", "thanks", "bye", "how", "who", "can")

LANGUAGES = tuple(PHRASES)
_PUNCTUATION = re.compile(r"[^\w'’\-]+|_")
_LONGEST = 100
"""Characters of a message that may be small talk."""


class SmallTalk(NamedTuple):
    talk: Talk
    language: str


def find_small_talk(text: str, languages: Sequence[str] = LANGUAGES) -> SmallTalk | None:
    """What is said, if nothing but small talk is, in the first of `languages` that knows all of it."""
    if len(text) > _LONGEST:
        return None
    words = _PUNCTUATION.sub(" ", text.casefold().replace("’", "'")).split()
    for language in languages:
        spaceless = language in ("ja", "zh")
        talks = _split("".join(words) if spaceless else words, _list_phrases(language), "" if spaceless else " ")
        if talks and any(talks):
            return SmallTalk(max(filter(None, talks), key=_ORDER.index), language)
    return None


def _split(words: Sequence[str], phrases: Mapping[str, Talk | None], joint: str) -> list[Talk | None]:
    """The talk of each phrase that the words are made of, None for a filler; empty if they aren't made of any."""
    longest = 10 if joint else 24
    ways: dict[int, list[Talk | None]] = {0: []}
    for start in range(len(words)):
        if start not in ways:
            continue
        for end in range(min(len(words), start + longest), start, -1):
            phrase = joint.join(words[start:end])
            if phrase in phrases and end not in ways:
                ways[end] = [*ways[start], phrases[phrase]]
    return ways.get(len(words), [])


@cache
def _list_phrases(language: str) -> Mapping[str, Talk | None]:
    """Every phrase of a language with its talk, and its fillers."""
    phrases: dict[str, Talk | None] = dict.fromkeys(FILLERS[language].split("|"))
    for talk in _ORDER:
        phrases |= dict.fromkeys(_expand(PHRASES[language][talk]), talk)
    if language in ("ja", "zh"):
        return {phrase.replace(" ", ""): talk for phrase, talk in phrases.items()}
    return phrases


def _expand(pattern: str) -> Iterator[str]:
    """The texts that ``a (b|c)?|d`` stands for; groups don't stand in groups."""
    for alternative in re.split(r"\|(?![^(]*\))", pattern):
        literal, *more = re.split(r"\(([^)]*)\)(\??)", alternative)
        choices = [[literal]]
        for group, optional, behind in zip(more[::3], more[1::3], more[2::3], strict=True):
            choices += [[*group.split("|"), *([""] if optional else [])], [behind]]
        yield from (" ".join("".join(parts).split()) for parts in product(*choices))
