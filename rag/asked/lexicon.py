"""A question read by the words that tell what it asks for; what is left over is what it is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from rag.asked.latin_lexicons import LATIN
from rag.asked.other_lexicons import OTHER
from rag.asked.times import find_time
from rag.asked.words import ORDERS, TYPES, Word
from rag.text.scripts import HAN, HANGUL, KANA

_HANGUL, _KANA, _HAN, _CYRILLIC = (re.compile(f"[{script}]") for script in (HANGUL, KANA, HAN, "\u0400-\u04ff"))
_LATIN = tuple(LATIN)
_LEXICONS = {**LATIN, **OTHER}
_SPACELESS = ("ja", "zh")
_WHOLE = re.compile(
    r"[\"“„«「『《‹](?P<quoted>[^\"“”„«»「」『』《》‹›]{1,80})[\"”“»」』》›]"
    r"|(?P<file>[\w\-()\[\]/][\w\-.()\[\]/]*?\.(?:[a-z][a-z0-9]{1,4})(?![a-z0-9.]))",
    re.IGNORECASE,
)
"""What is in quotation marks, and a file's name: it is what the question is about, whatever words are in it."""
_JOINT = re.compile("[と和与與跟同]|[와과]\\s")
_SPACED_WORD = re.compile(r"[A-Za-z]+(?=[가-힣])|[\w'\-]+")
_DENSE_WORD = re.compile(rf"[a-zA-Z0-9_\-]+|[{HAN}{KANA}\w]")
_MOST_WORDS = 5
"""Words of the longest entry of a lexicon."""
_LONGEST = 12
"""Characters of the longest entry of a lexicon without spaces."""
_PARTICLES = frozenset("은 는 이 가 을 를 의 에 도 만 로 야 요 와 과".split())
_ENDING = 4
"""Syllables that Korean adds to a word at most."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a question; `word` is None for one that the question is about."""

    text: str
    word: Word | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as one language's lexicon reads it."""

    language: str
    text: str
    tokens: tuple[Token, ...]
    since: str = ""
    """The first day of a time that the question names, as ISO 8601."""

    def has(self, *words: Word) -> bool:
        return any(token.word in words for token in self.tokens)

    @property
    def unknown(self) -> tuple[Token, ...]:
        return tuple(token for token in self.tokens if token.word in (None, Word.ONE, Word.WORD, *ORDERS))

    def find(self, *words: Word) -> int:
        """The place of the first such token; -1 without one."""
        return next((place for place, token in enumerate(self.tokens) if token.word in words), -1)


class _Lexicon(NamedTuple):
    exact: Mapping[str, Word]
    beginnings: Mapping[str, Word]
    firsts: frozenset[str]
    """The first words of entries of several."""
    starts: frozenset[str]
    """The first two characters, or the only one, of what a word may begin with."""


def list_languages(text: str) -> tuple[str, ...]:
    """The languages that a question may be written in, by its script."""
    if _HANGUL.search(text):
        return ("ko",)
    if _KANA.search(text):
        return ("ja",)
    if _HAN.search(text):
        return ("zh", "ja")
    return ("ru",) if _CYRILLIC.search(text) else _LATIN


def read_question(text: str, language: str) -> Reading:
    """The words of a question, the longest ones that the lexicon has."""
    plain = text.replace("’", "'").replace("`", "'")
    tokens: list[Token] = []
    done = 0
    for found in _WHOLE.finditer(plain):
        tokens += _read_words(plain, done, found.start(), language)
        group = "quoted" if found["quoted"] else "file"
        name, end = found[group], found.end(group)
        if found.start() == done and done and (joint := _JOINT.match(name)):  # a.pdfとb.pdf
            tokens.append(Token(joint[0], Word.AND, done, done + len(joint[0])))
            name = name[len(joint[0]) :]
        tokens.append(Token(name, None, end - len(name), end))
        done = found.end()
    tokens += _read_words(plain, done, len(plain), language)
    return Reading(language, plain, tuple(tokens))


def take_time(reading: Reading) -> Reading:
    """The reading with the time that the question names as one token."""
    time = find_time(reading.text, reading.language)
    if time is None:
        return reading
    around = [token for token in reading.tokens if token.end <= time.start or token.start >= time.end]
    token = Token(reading.text[time.start : time.end], Word.NOW, time.start, time.end)
    tokens = sorted([*around, token], key=lambda one: one.start)
    return Reading(reading.language, reading.text, tuple(tokens), time.since)


def _read_words(text: str, start: int, end: int, language: str) -> Iterator[Token]:
    if language in _SPACELESS:
        yield from _read_dense(text, start, end, language)
        return
    spans = [found.span() for found in _SPACED_WORD.finditer(text, start, end)]
    place, firsts = 0, _load(language).firsts
    while place < len(spans):
        most = _MOST_WORDS if text[slice(*spans[place])].casefold() in firsts else 1
        for count in range(min(most, len(spans) - place), 0, -1):
            begin, finish = spans[place][0], spans[place + count - 1][1]
            entry = "_".join(text[slice(*span)] for span in spans[place : place + count]).casefold()
            word = _find_word(entry, language)
            if word or count == 1:
                yield from _split_elision(text, begin, finish, word, language)
                place += count
                break


def _split_elision(text: str, start: int, end: int, word: Word | None, language: str) -> Iterator[Token]:
    """A word; where an unknown one begins with an article (l'acte), the rest of it alone."""
    at = text.find("'", start, end)
    if word is None and language == "fr" and start < at < start + 3:
        rest = _find_word(text[at + 1 : end].casefold(), language)
        yield Token(text[at + 1 : end], rest, at + 1, end)
    else:
        yield Token(text[start:end], word, start, end)


def _read_dense(text: str, start: int, end: int, language: str) -> Iterator[Token]:
    """The words of a text without spaces; characters that the lexicon lacks are one word together."""
    lexicon = _load(language)
    unknown: tuple[int, int] | None = None
    place = start
    while place < end:
        found = _DENSE_WORD.match(text, place, end)
        if found is None:
            if unknown:
                yield Token(text[slice(*unknown)], None, *unknown)
                unknown = None
            place += 1
            continue
        if found[0][0].isascii():
            word, size = _find_word(found[0].casefold(), language), len(found[0])
        else:
            sizes = range(min(_LONGEST, end - place), 0, -1)
            size = next((size for size in sizes if text[place : place + size] in lexicon.exact), 0)
            word = lexicon.exact[text[place : place + size]] if size else None
        size = size or 1
        if word is None:
            unknown = (unknown[0] if unknown else place, place + size)
        else:
            if unknown:
                yield Token(text[slice(*unknown)], None, *unknown)
                unknown = None
            yield Token(text[place : place + size], word, place, place + size)
        place += size
    if unknown:
        yield Token(text[slice(*unknown)], None, *unknown)


@lru_cache(maxsize=4096)
def _find_word(entry: str, language: str) -> Word | None:
    lexicon = _load(language)
    if word := lexicon.exact.get(entry):
        return word
    if entry[:2] not in lexicon.starts:
        return None
    shortest = max(1, len(entry) - _ENDING) if language == "ko" and not entry.isascii() else 1
    known = lexicon.exact if language == "ko" and not entry.isascii() else lexicon.beginnings
    if language == "ko" and entry[1:] not in _PARTICLES:
        shortest = max(shortest, 2)  # a single syllable begins too many words
    shortest = max(shortest, entry.rfind("_") + 2)  # an ending goes no further than its word
    return next((known[entry[:size]] for size in range(len(entry), shortest - 1, -1) if entry[:size] in known), None)


@cache
def _load(language: str) -> _Lexicon:
    exact: dict[str, Word] = {}
    beginnings: dict[str, Word] = {}
    for word, listed in (*_LEXICONS[language].items(), (Word.TYPE, TYPES)):
        for entry in listed.split():
            if entry.endswith("*"):
                beginnings.setdefault(entry[:-1], word)
            else:
                exact.setdefault(entry, word)
    firsts = frozenset(entry.partition("_")[0] for entry in (*exact, *beginnings) if "_" in entry)
    starts = frozenset(entry[:2] for entry in beginnings)
    if language == "ko":
        starts |= {entry[:2] for entry in exact} | {
            entry + more for entry in exact if len(entry) == 1 for more in _PARTICLES
        }
    return _Lexicon(exact, beginnings, firsts, starts)


def join_text(tokens: Sequence[Token], text: str) -> str:
    """What stands in the text from the first of the tokens to the last."""
    return text[tokens[0].start : tokens[-1].end] if tokens else ""
