"""What a question asks for: passages, the collection, one document or several, each document, or nothing at all. Pure.

In doubt it is a question to the passages. So a question is of another kind only if the words of one language's lexicon
explain it: wholly where it is about the collection, and but for the name of a document, a topic, or what is asked of
each document, where it is about those. Whether there is a document of that name is told by who has the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rag.asked.lexicon import Reading, Token, join_text, list_languages, read_question, take_time
from rag.asked.phrases import Talk
from rag.asked.small_talk import find_small_talk
from rag.asked.words import Word

Kind = Literal["passages", "collection", "document", "documents", "every", "small_talk"]
Look = Literal["list", "count", "new", "failed", "about"]
"""What of the collection is asked for."""

_LONGEST = 240
"""Characters of a question that may be of another kind; a longer one tells a story."""
_VERB_LAST = ("ja", "ko")
_DENSE = ("ja", "ko", "zh")
_KOREAN_AND = re.compile(r"(?:이랑|랑|하고|와|과)$")
_ALL = (Word.DOC, Word.TYPE, Word.FOLDER)
_NOUNS = (Word.DOC, Word.SORT, Word.PAPER, Word.ONE)
_NAMING = (None, Word.ONE, Word.SORT, Word.PAPER, Word.NOW, Word.LATEST)
_SIGNS = (*_ALL, Word.SORT, Word.PAPER, Word.ONE, Word.NEW, Word.SUM, Word.CMP, Word.ANY, Word.HAVE, Word.ABOUT)
_GRAMMAR = (Word.FN, Word.ASK, Word.HAVE, Word.HERE, Word.LIST, Word.OF, Word.AND, Word.THIS, Word.NOW, *_ALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for."""

    kind: Kind
    language: str = "en"
    talk: Talk | None = None
    look: Look = "list"
    topic: str = ""
    """What the collection is asked about."""
    since: str = ""
    """The first day of what is new."""
    file_type: str = ""
    targets: tuple[str, ...] = ()
    """The words by which documents are named, one text for each document; none for one that was spoken of before."""


PASSAGES = Asked("passages")


def find_kind(question: str) -> Asked:
    """What a question asks for, by its words alone."""
    if len(question) > _LONGEST:
        return PASSAGES
    languages = list_languages(question)
    if said := find_small_talk(question, languages):
        return Asked("small_talk", said.language, said.talk)
    readings = [read_question(question, language) for language in languages]
    readings.sort(key=lambda reading: len(reading.unknown))  # the language of most of its words
    found = (_find_in(reading) for reading in readings if reading.has(*_SIGNS))
    return next(filter(None, found), Asked("passages", readings[0].language))


def _find_in(reading: Reading) -> Asked | None:
    return _find_summary(reading) or _find_each(reading) or _find_collection(reading)


# One document, or several


def _find_summary(reading: Reading) -> Asked | None:
    """A request to sum up or to compare: its verb stands near the beginning, or at the end where verbs do."""
    if reading.has(Word.CMP) and _is_request(reading, Word.CMP):
        targets = _find_targets(reading, Word.CMP)
        return Asked("documents", reading.language, targets=targets) if len(targets) > 1 else None
    if _asks_what_about(reading):
        return Asked("document", reading.language, targets=_name(reading.unknown))
    if not reading.has(Word.SUM) or not _is_request(reading, Word.SUM):
        return None
    if reading.has(Word.EACH) and reading.has(*_NOUNS) and not any(token.word is None for token in reading.tokens):
        return Asked("every", reading.language)
    targets = _find_targets(reading, Word.SUM)
    if len(targets) > 1:  # the joint belongs to the name: "terms and conditions"
        targets = (" ".join(targets),)
    return Asked("document", reading.language, targets=targets) if targets or reading.has(Word.THIS, *_ALL) else None


def _asks_what_about(reading: Reading) -> bool:
    """Whether it is "what is X about?"."""
    first, last = reading.tokens[0].word, reading.tokens[-1].word
    return first is Word.ASK and last is Word.ABOUT and bool(reading.unknown) and not reading.has(Word.ANY, Word.DOC)


def _is_request(reading: Reading, verb: Word) -> bool:
    """Whether the verb stands before what it is about, or behind all of it."""
    places = [place for place, token in enumerate(reading.tokens) if token.word is verb]
    is_first = not any(token.word in _NAMING for token in reading.tokens[: places[0]])
    return is_first or all(token.word in _GRAMMAR for token in reading.tokens[places[-1] + 1 :])


def _find_targets(reading: Reading, verb: Word) -> tuple[str, ...]:
    """What names each document: runs of words between the joints, without the grammar around them.

    Single words before one noun name several: "the March and the April minutes".
    """
    groups: list[list[Token]] = [[]]
    for token in reading.tokens:
        if token.word is Word.AND and groups[-1]:
            groups.append([])
        elif token.word in _NAMING or (token.word in (Word.NEW, Word.DOC, Word.TYPE) and groups[-1]):
            groups[-1].append(token)
            if reading.language == "ko" and verb is Word.CMP and _KOREAN_AND.search(token.text):
                groups.append([])
    named = [group for group in groups if any(token.word in _NAMING for token in group)]
    *others, last = named or [[]]
    is_shared = others and len(last) > 1 and all(len(one) == 1 and "." not in one[0].text for one in others)
    shared = last[1:] if is_shared else []
    if others and len(last) == 1 and len(others[0]) > 1 and "." not in last[0].text:
        last = [*others[0][:-1], *last]  # the report of March and April
    return tuple(" ".join(token.text for token in (*one, *shared)) for one in others) + _name(last)


def _name(tokens: Sequence[Token]) -> tuple[str, ...]:
    return (" ".join(token.text for token in tokens),) if tokens else ()


# Each document


def _find_each(reading: Reading) -> Asked | None:
    """A question to each document: "in each invoice", "which of my invoices", "how many of these contracts"."""
    if reading.has(Word.FAIL, Word.CMP):
        return None
    for place, token in enumerate(reading.tokens):
        more = [one for one in reading.unknown if one is not token]
        if token.word in _NOUNS and more and _means_each(reading, place):
            return Asked("every", reading.language)
    return None


_TIMES = frozenset({"minutes"})
"""Sorts of documents whose name is a time's as well: "how many minutes" asks for a time."""


def _means_each(reading: Reading, place: int) -> bool:
    """Whether the noun there stands for each of its kind."""
    words = [token.word for token in reading.tokens]
    noun, before = words[place], words[max(0, place - 4) : place]
    if Word.EACH in before[-2:] or (reading.language == "ko" and words[place + 1 : place + 2] == [Word.EACH]):
        return Word.OF in before or Word.OF in words[place + 1 : place + 3] or reading.language in _DENSE
    if noun is Word.ONE:
        return False
    pairs = pairwise(before[:-1])  # of these, of my: not of the noun itself
    chosen = any(pair in ((Word.ASK, Word.OF), (Word.COUNT, Word.OF), (Word.EACH, Word.OF)) for pair in pairs)
    if chosen or (noun in (Word.DOC, Word.SORT) and words[place + 1 : place + 2] == [Word.OF] and Word.ASK in words):
        return reading.language not in _DENSE or noun in (Word.SORT, Word.DOC)
    if noun in (Word.DOC, Word.SORT, Word.PAPER) and reading.has(Word.SAY) and reading.has(Word.ABOUT):
        return Word.ASK in before
    if before[-1:] == [Word.COUNT] and reading.tokens[place].text.casefold() in _TIMES:
        return False
    text = reading.tokens[place - 1].text.casefold() if place else ""
    return noun is Word.SORT and bool(before) and before[-1] in (Word.ASK, Word.COUNT) and text != "what"


# The collection


def _find_collection(reading: Reading) -> Asked | None:
    if reading.has(Word.SUM, Word.CMP):
        return None
    if reading.unknown and reading.has(Word.NEW, Word.LATEST, *_ALL):
        reading = take_time(reading)
    if reading.unknown or reading.has(Word.SORT, Word.PAPER):
        return _find_topic(reading)
    look = _find_look(reading)
    if look is None:
        return None
    types = [token.text.rstrip("s").lower() for token in reading.tokens if token.word is Word.TYPE]
    return Asked("collection", reading.language, look=look, since=reading.since, file_type=next(iter(types), ""))


def _find_look(reading: Reading) -> Look | None:
    has_documents = reading.has(*_ALL)
    if has_documents and reading.has(Word.FAIL):
        return "failed"
    is_news = "what's new" in reading.text.lower() or (reading.has(Word.NEW) and reading.has(Word.ASK))
    if is_news or (has_documents and reading.has(Word.NEW, Word.LATEST, Word.NOW)):
        return "new"
    if has_documents and reading.has(Word.COUNT):
        return "count"
    if has_documents and reading.has(Word.HAVE, Word.LIST):
        return "list"
    is_asked = reading.has(Word.ASK) and reading.has(Word.HAVE)
    return "list" if is_asked and (reading.has(Word.HERE) or _asks_for_all(reading)) else None


def _asks_for_all(reading: Reading) -> bool:
    """Whether nothing but "what do I have", "what do you know" is asked."""
    return len(reading.tokens) <= 4 and not reading.has(Word.THIS, Word.EACH, Word.ABOUT, Word.AND)


def _find_topic(reading: Reading) -> Asked | None:
    """ "Anything about X", "which documents mention X": what stands behind (or before) the joint is one topic."""
    place = reading.find(Word.ABOUT)
    if place < 0 or reading.has(Word.SAY):
        return None
    before, after = reading.tokens[:place], reading.tokens[place + 1 :]
    topic, frame = (before, after) if reading.language in _VERB_LAST else (after, before)
    if reading.language == "zh":
        frame, topic = _split_chinese(topic, frame)
    framing = {token.word for token in frame}
    is_asked = framing & {Word.HAVE, Word.ASK} or (frame and frame[0].word is Word.ANY)
    if not is_asked or not framing & {Word.ANY, Word.DOC} or framing & {None, Word.ONE, Word.SORT, Word.PAPER}:
        return None
    while topic and topic[0].word in (Word.FN, Word.OF):
        topic = topic[1:]
    if not any(token.word in _NAMING for token in topic):
        return None
    return Asked("collection", reading.language, look="about", topic=join_text(topic, reading.text))


def _split_chinese(topic: Sequence[Token], frame: Sequence[Token]) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """Frame and topic: "有没有关于X的文件" ends with what belongs to its frame."""
    end = len(topic)
    while end and topic[end - 1].word not in _NAMING:
        end -= 1
    return (*frame, *topic[end:]), tuple(topic[:end])
