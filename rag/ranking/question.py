"""What the verdict tells of a question: which of its words no document has, and whether it is in another language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rag.index.lexical.entry import QuestionTerm
from rag.text.language import choose_language, detect_languages, find_package_file
from rag.text.scripts import DENSE
from rag.text.terms import text_terms
from rag.types import Retrieval, ScoredChunk

_WORD = re.compile(rf"[^\W_{DENSE}]{{3,}}")
"""A word between spaces; the words of dense scripts can't be told apart without a dictionary."""

_DENSE_TERM = 0.5
"""What a term of a dense script counts as beside a word: it is a pair of characters, and a word has two or three."""

_FOREIGN = 0.3
"""How likely a language must be: what it looks like says enough, for little is lost by not being sure that nothing is
there. Tuned on the everyday collections in nine languages."""

NOUNS_IN_CAPITALS = frozenset({"de"})
"""Languages in which a capital makes no name of a noun."""

_UNNAMED = 0.2
"""The probability of an answer below which a question with none of its words in the documents is about nothing in
them: five of 511 answerable questions of 33 small collections, left out by collection (`bench/RESULTS.md`)."""

_PLAINLY = 0.8
"""How likely another language must be for a question not to be read as one's own: a few English words look like any
language, 4 % of the everyday questions most like another, none of them this much."""


_DENSE_CHARACTER = re.compile(f"[{DENSE}]")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a question that say what it is about: those that no document has, and those that one has."""

    unknown: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    unknown_count: float = 0.0
    """How many no document has, with those of dense scripts, of which there are only terms."""
    known_count: float = 0.0

    @property
    def known_share(self) -> float:
        """The part that some document has, 0…1; a half if there are none."""
        count = self.unknown_count + self.known_count
        return self.known_count / count if count else 0.5


NO_WORDS = Words()


def is_foreign(question: str, hits: Sequence[ScoredChunk]) -> bool:
    """Whether none of the passages is in the language that the question is most likely in.

    Then neither words nor cosines can tell that nothing is there.
    """
    language, probability = detect_languages(question)[0]
    return probability >= _FOREIGN and language not in _list_languages(language, hits)


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


def find_words(question: str, terms: Sequence[QuestionTerm], hits: Sequence[ScoredChunk]) -> Words:
    """The question's words as they are written in it.

    Stop words are left out. A misspelt word whose neighbours were searched for in its place is in neither.
    """
    asked = [language for language, _ in detect_languages(question)[:2]]
    languages = [*asked, *_list_languages(asked[0], hits)]
    count = {term.text: term.chunks for term in terms}
    unknown: list[str] = []
    known: list[str] = []
    for word in dict.fromkeys(_WORD.findall(question)):
        found = [count[t] for language in languages for t in text_terms(word, language) if t in count]
        if found and not is_common(word, languages):
            (known if any(found) else unknown).append(word)
    dense = [bool(term.chunks) for term in terms if _DENSE_CHARACTER.search(term.text) and "_" not in term.text]
    has = _DENSE_TERM * sum(dense)
    lacks = _DENSE_TERM * len(dense) - has
    return Words(tuple(unknown), tuple(known), len(unknown) + lacks, len(known) + has)


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
    """Whether a capital tells that the word is a name: not at the beginning, nor where all nouns have one."""
    if not word[0].isupper() or detect_languages(question)[0][0] in NOUNS_IN_CAPITALS:
        return False
    return not question.isupper() and any(found.start() for found in re.finditer(re.escape(word), question))


def _list_languages(asked: str, hits: Sequence[ScoredChunk]) -> set[str]:
    return {choose_language(hit.chunk.text, hit.stored.language, asked) for hit in hits}
