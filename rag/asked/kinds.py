"""What a question asks for: passages, the collection, one document or several, each document, or nothing at all. Pure.

In doubt it is a question to the passages. So a question is of another kind only if the words of one language's lexicon
explain it: wholly where it is about the collection, and but for the name of a document, a topic, or what is asked of
each document, where it is about those. Whether there is a document of that name is told by who has the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rag.asked.lexicon import Reading, Token, join_text, list_languages, read_question, take_time
from rag.asked.phrases import Talk
from rag.asked.small_talk import find_small_talk
from rag.asked.words import ORDERS, TYPES, Word

Kind = Literal["passages", "collection", "document", "documents", "every", "small_talk"]
Look = Literal["list", "count", "new", "failed", "about", "words", "first"]
"""What of the collection is asked for."""
Order = Literal["", "newest", "oldest", "longest", "shortest", "largest", "smallest"]

_LONGEST = 240
"""Characters of a question that may be of another kind; a longer one tells a story."""
_VERB_LAST = ("ja", "ko")
_DENSE = ("ja", "ko", "zh")
_KOREAN_AND = re.compile(r"(?:이랑|랑|하고|와|과)$")
_KOREAN_END = re.compile(r"(?<=[가-힣]{2})(?:이라는|라는|이란|에서|으로|와|과|을|를|의|은|는|에|도|이|가)$")
_QUOTES = '"“„«「『《‹'
_AROUND = (Word.MENTION, Word.HOLD, Word.HAVE, Word.ABOUT, Word.THIS)
_ALL = (Word.DOC, Word.TYPE, Word.FOLDER)
_NOUNS = (Word.DOC, Word.SORT, Word.PAPER, Word.ONE)
_NAMING = (None, Word.WORD, Word.ONE, Word.SORT, Word.PAPER, Word.NOW, Word.LATEST, *ORDERS)
_SIGNS = (*_ALL, *_NOUNS, Word.NEW, Word.SUM, Word.CMP, Word.ANY, Word.HAVE, Word.HOLD, Word.ABOUT, Word.MENTION)
_THERE = (Word.HAVE, Word.HOLD, Word.HERE)
_GRAMMAR = (Word.FN, Word.ASK, *_THERE, Word.LIST, Word.OF, Word.AND, Word.THIS, Word.NOW, *_ALL)


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
    order: Order = ""
    """Which one of all is meant: the first in this order."""
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
    if found := _find_first(reading) or _find_summary(reading):
        return found
    topic = _find_topic(reading)
    return topic if topic and topic.look == "words" else _find_each(reading) or _find_collection(reading)


# One document, or several


_ORDERS: Mapping[Word | None, Order] = {
    Word.LATEST: "newest",
    Word.OLDEST: "oldest",
    Word.LONGEST: "longest",
    Word.SHORTEST: "shortest",
    Word.LARGEST: "largest",
    Word.SMALLEST: "smallest",
}
_ARTICLES = (Word.FN, Word.THIS, Word.HAVE)
_OF_FIRST = frozenset({*_THERE, *_ORDERS, *_ARTICLES, Word.DOC, Word.TYPE, Word.ASK, Word.LIST, Word.OF, Word.SUM})


def _find_first(reading: Reading) -> Asked | None:
    """ "Summarise the oldest document", "which file is the largest?": nothing else is said of it."""
    words = [token.word for token in reading.tokens]
    places = [place for place, word in enumerate(words) if word in _ORDERS]
    if len(places) != 1 or not _OF_FIRST.issuperset(words):
        return None
    [place] = places
    before = [word for word in words[max(0, place - 3) : place] if word not in _ARTICLES]  # file is the largest
    after = words[place + 1 : place + 2]
    if reading.language in _DENSE and after == [Word.FN]:  # 最长的文档
        after = words[place + 2 : place + 3]
    if not {Word.DOC, Word.TYPE} & {*before[-1:], *after}:
        return None
    order = _ORDERS[words[place]]
    file_type = _read_type(reading)
    if Word.SUM in words:
        return Asked("document", reading.language, file_type=file_type, order=order)
    if order == "newest" or not {Word.ASK, Word.LIST} & {*words}:
        return None
    return Asked("collection", reading.language, look="first", file_type=file_type, order=order)


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
    return Asked("collection", reading.language, look=look, since=reading.since, file_type=_read_type(reading))


def _read_type(reading: Reading) -> str:
    """The file type that the question names, without what its language adds: "PDFs", "PDF-Dateien"."""
    named = next((token.text.lower() for token in reading.tokens if token.word is Word.TYPE), "")
    known = (name.rstrip("*-") for name in TYPES.split())
    return max((name for name in known if named.startswith(name)), key=len, default="")


def _find_look(reading: Reading) -> Look | None:
    has_documents = reading.has(*_ALL)
    if has_documents and reading.has(Word.FAIL):
        return "failed"
    is_news = "what's new" in reading.text.lower() or (reading.has(Word.NEW) and reading.has(Word.ASK))
    if is_news or (has_documents and reading.has(Word.NEW, Word.LATEST, Word.NOW)):
        return "new"
    if has_documents and reading.has(Word.COUNT):
        return "count"
    is_listed = reading.has(Word.FOLDER) and reading.has(Word.ASK) and reading.has(Word.DOC, Word.TYPE)
    if has_documents and (is_listed or reading.has(Word.HAVE, Word.HOLD, Word.LIST)):
        return "list"
    is_asked = reading.has(Word.ASK) and reading.has(Word.HAVE, Word.HOLD)
    return "list" if is_asked and (reading.has(Word.HERE) or _asks_for_all(reading)) else None


def _asks_for_all(reading: Reading) -> bool:
    """Whether nothing but "what do I have", "what do you know" is asked."""
    return len(reading.tokens) <= 4 and not reading.has(Word.THIS, Word.EACH, Word.ABOUT, Word.MENTION, Word.AND)


def _find_topic(reading: Reading) -> Asked | None:
    """ "Anything about X", "which documents mention X": what stands behind (or before) the joint is one topic."""
    joint = _find_joint(reading)
    is_told = reading.has(Word.SAY) and not (reading.language in _VERB_LAST and reading.has(Word.COUNT))
    if joint < 0 or is_told or reading.has(Word.SUM, Word.CMP):
        return None
    before, after = reading.tokens[:joint], reading.tokens[joint + 1 :]
    topic, frame = (before, after) if reading.language in _VERB_LAST else (after, before)
    if reading.language == "zh":
        frame, topic = _split_chinese(topic, frame)
    topic = _trim(topic)
    if not topic and reading.tokens[0].word is Word.OF:  # in how many documents does X appear
        end = reading.find(Word.DOC) + 1
        topic, frame = _trim(before[end:]), before[:end]
    framing = {token.word for token in frame} - {Word.WORD}
    is_counted = Word.COUNT in framing
    by_words = is_counted or reading.tokens[joint].word is not Word.ABOUT
    is_asked = framing & {Word.HAVE, Word.ASK} or is_counted or (frame and frame[0].word is Word.ANY)
    is_asked = is_asked or (by_words and Word.LIST in framing)
    if not is_asked or not framing & {Word.ANY, Word.DOC} or framing & {None, Word.ONE, Word.SORT, Word.PAPER}:
        return None
    if not any(token.word in _NAMING for token in topic):
        return None
    if not by_words:
        return Asked("collection", reading.language, look="about", topic=join_text(topic, reading.text))
    return Asked("collection", reading.language, look="words", topic=_join_words(topic, reading))


def _find_joint(reading: Reading) -> int:
    """The place of what joins the documents to a topic; -1 without one.

    What documents contain is asked of the passages, unless it is said to be a word, or counted where the verb tells
    what contains what: "wie viele Dokumente enthält der Antrag" may be either.
    """
    joints = {Word.ABOUT, Word.MENTION}
    is_quoted = any(reading.text[max(0, token.start - 1)] in _QUOTES for token in reading.tokens)
    has_word = any(map(_is_word, reading.tokens))
    is_clear = reading.language in _DENSE or any(token.text.casefold() == "contain" for token in reading.tokens)
    if has_word or is_quoted or (reading.has(Word.COUNT) and is_clear):
        joints.add(Word.HOLD)
    for place, token in enumerate(reading.tokens):
        if token.word in joints or (_is_word(token) and reading.language != "zh"):
            return place
    return -1


def _is_word(token: Token) -> bool:
    """Whether it is "the word", which in English is a type of files too."""
    return token.word is Word.WORD or (token.word is Word.TYPE and token.text.casefold() == "word")


def _trim(topic: tuple[Token, ...]) -> tuple[Token, ...]:
    """The topic without the grammar around it."""
    first, last = 0, len(topic)
    while first < last and (topic[first].word in (Word.FN, Word.OF, *_AROUND) or _is_word(topic[first])):
        first += 1
    while first < last and (topic[last - 1].word in (Word.FN, *_AROUND) or _is_word(topic[last - 1])):
        last -= 1
    return topic[first:last]


def _join_words(topic: Sequence[Token], reading: Reading) -> str:
    """The topic's words, without the grammar between them where spaces part it from them."""
    if reading.language in ("ja", "zh"):
        return join_text(topic, reading.text)
    words = (token.text for token in topic if token.word not in (Word.FN, Word.OF, Word.THIS, Word.AND))
    return " ".join(_KOREAN_END.sub("", word.strip()) for word in words)


def _split_chinese(topic: Sequence[Token], frame: Sequence[Token]) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """Frame and topic: "有没有关于X的文件" ends with what belongs to its frame."""
    end = len(topic)
    while end and topic[end - 1].word not in _NAMING:
        end -= 1
    return (*frame, *topic[end:]), tuple(topic[:end])
