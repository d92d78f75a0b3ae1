"""What the verdict tells of a question: which of its words no document has, and whether it is in another language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rag.index.lexical.entry import QuestionTerm
from rag.ranking.letters import measure_matched_share
from rag.text.language import choose_language, detect_languages, find_package_file
from rag.text.question_words import QUESTION_WORDS
from rag.text.scripts import DENSE, HAN, HANGUL, KANA, KATAKANA
from rag.text.terms import text_terms
from rag.types import Chunk, Retrieval, ScoredChunk

_WORD = re.compile(rf"[^\W_{DENSE}]{{3,}}")
"""A word between spaces; the words of dense scripts can't be told apart without a dictionary."""

_DENSE_TERM = 0.5
"""What a term of a dense script counts as beside a word: it is a pair of characters, and a word has two or three."""

_FOREIGN = 0.3
"""How likely a language must be: what it looks like says enough, for little is lost by not being sure that nothing is
there. Tuned on the everyday collections in nine languages."""

_OWN = 0.15
"""How likely the passages' language must be for a question to be in it all the same. Three words of French look Spanish
(.44) before they look French (.24), while a question in English over French notes looks French by .03 at most. Chosen
between .1 and .15 on the sets of the fit, which differ by one question."""

NOUNS_IN_CAPITALS = frozenset({"de"})
"""Languages in which a capital makes no name of a noun."""

COMPARED = 3
"""Passages in one of which the question's words should stand."""

_UNNAMED = 0.2
"""The probability of an answer below which a question with none of its words in the documents is about nothing in
them: six of 511 answerable questions of 33 small collections (`bench/RESULTS.md`)."""

_PLAINLY = 0.8
"""How likely another language must be for a question not to be read as one's own: a few English words look like any
language, 4 % of the everyday questions most like another, none of them this much."""

_OPENING = " \t\n-–(\"'“„«‘‚[*_"
"""What may stand before a word of a sentence, or before the sentence itself."""

_DENSE_CHARACTER = re.compile(f"[{DENSE}]")
_KANA, _HANGUL, _HAN = (re.compile(f"[{script}]") for script in (KANA, HANGUL, HAN))
_DENSE_WORD = re.compile(f"[{HAN}{KATAKANA}]+|[{HANGUL}]+")
"""What a question in a dense script is about: the Japanese write endings and particles in hiragana."""

_ASKING = sorted((word for code in ("ja", "ko", "zh") for word in QUESTION_WORDS[code]), key=len, reverse=True)
_ASKED_WITH = re.compile("|".join(_ASKING))

_CHINESE_CHARACTERS = frozenset({"zh", "ja", "wuu", "yue"})
"""Languages that a few Chinese characters alone can be in; the detector takes many a Chinese question for Japanese."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a question that say what it is about: those that no document has, and those that one has."""

    unknown: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    unknown_count: float = 0.0
    """How many no document has, with those of dense scripts, of which there are only terms."""
    matched_share: float = 0.5
    """The share of all of them that the best of the first passages has, in whole or by most of their letters; a half if
    there are none."""


NO_WORDS = Words()


def is_foreign(question: str, hits: Sequence[ScoredChunk]) -> bool:
    """Whether none of the passages is in the language that the question is most likely in.

    Then neither words nor cosines can tell that nothing is there.
    """
    likeliest = detect_languages(question)[0][0]
    possible = _list_possible_languages(question)
    return bool(possible) and not possible & _list_languages(likeliest, hits)


def _list_possible_languages(question: str) -> frozenset[str]:
    """The languages that the question can be in; empty if it looks like none."""
    if _KANA.search(question):
        return frozenset({"ja"})
    if _HANGUL.search(question):
        return frozenset({"ko"})
    if _HAN.search(question):
        return _CHINESE_CHARACTERS
    found = detect_languages(question)
    is_plain = found[0][1] >= _FOREIGN
    return frozenset(code for code, probability in found if is_plain and probability >= _OWN)


def may_be_in(language: str, question: str) -> bool:
    """Whether the question can be in that language; only one that is plainly in another can't."""
    likeliest, probability = detect_languages(question)[0]
    return likeliest == language or probability < _PLAINLY


def is_common(word: str, languages: Iterable[str]) -> bool:
    """Whether any text in one of these languages may have the word: "how", "often", "must"."""
    return any(word.casefold() in list_common_words(language) for language in languages)


@cache
def list_common_words(language: str) -> frozenset[str]:
    """Words that any text in the language may have, in small letters."""
    return frozenset(_read_common_words().get(language, ()))


@cache
def _read_common_words() -> dict[str, list[str]]:
    # Its package imports a reader of mails to tell its own version, which takes three times as long as its words.
    path = find_package_file("stopwordsiso", "stopwords-iso.json")
    words: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    return words


def find_words(
    question: str, terms: Sequence[QuestionTerm], hits: Sequence[ScoredChunk], compared: Sequence[Chunk]
) -> Words:
    """The question's words as they are written in it; `compared` are the first passages, whatever reads them again.

    Stop words are left out, unless a capital makes a name of one, as of "Microsoft", which is on their list. A misspelt
    word whose neighbours were searched for in its place is in neither.
    """
    asked = [language for language, _ in detect_languages(question)[:2]]
    languages = [*asked, *_list_languages(asked[0], hits)]
    count = {term.text: term.chunks for term in terms}
    unknown: list[str] = []
    known: list[str] = []
    for word in dict.fromkeys(_WORD.findall(question)):
        found = [count[t] for language in languages for t in text_terms(word, language) if t in count]
        if found and (_is_name(word, question) or not is_common(word, languages)):
            (known if any(found) else unknown).append(word)
    dense = [bool(term.chunks) for term in terms if _DENSE_CHARACTER.search(term.text) and "_" not in term.text]
    lacks = _DENSE_TERM * (len(dense) - sum(dense))
    passages = [f"{chunk.source} {chunk.embed_text}" for chunk in compared]
    matched = measure_matched_share(_list_content_words(question, languages), passages)
    return Words(tuple(unknown), tuple(known), len(unknown) + lacks, matched)


def _list_content_words(question: str, languages: Sequence[str]) -> list[str]:
    """The words that say what the question is about, misspelt ones too."""
    words = dict.fromkeys(_WORD.findall(question))
    if _DENSE_CHARACTER.search(question):
        words |= dict.fromkeys(_DENSE_WORD.findall(_ASKED_WITH.sub(" ", question)))
    return [word for word in words if not is_common(word, languages)]


def is_about_unknown(retrieval: Retrieval) -> bool:
    """Whether the question is about something that no document so much as names: its answer isn't there, very likely.

    So it is if a name isn't there, or if the documents have none of its words of some weight, of which there are two or
    more, and retrieval hardly believes in an answer: a reworded question has none of them either. Not if the question
    is in another language than the passages, nor if retrieval thinks that they answer it.
    """
    unknown = retrieval.unknown_words
    if not unknown or retrieval.answerable or is_foreign(retrieval.question, retrieval.hits):
        return False
    is_named = not (len(unknown) > 1 and not retrieval.known_words) or retrieval.confidence >= _UNNAMED
    return not is_named or any(_is_name(word, retrieval.question) for word in unknown)


def find_names(question: str) -> tuple[str, ...]:
    """The words of the question that a capital tells to be names: "Amazon", "Kowalski"."""
    return tuple(dict.fromkeys(word for word in _WORD.findall(question) if _is_name(word, question)))


def _is_name(word: str, question: str) -> bool:
    """Whether a capital tells that the word is a name: not where a sentence begins, nor where all nouns have one."""
    if not word[0].isupper() or detect_languages(question)[0][0] in NOUNS_IN_CAPITALS:
        return False
    if question.isupper() or question.istitle():  # all words have one
        return False
    before = (question[: found.start()].rstrip(_OPENING) for found in re.finditer(re.escape(word), question))
    return any(text and text[-1] not in ".?!…:" for text in before)


def _list_languages(asked: str, hits: Sequence[ScoredChunk]) -> set[str]:
    return {choose_language(hit.chunk.text, hit.stored.language, asked) for hit in hits}
