"""Whether a question stands alone, or goes on from the one before it ("and in 2023?", "can I carry them?"). Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from rag.answering.followup_words import COURTESIES, FOLLOWUP_WORDS, NO_WORDS, FollowupWords
from rag.text.language import detect_languages
from rag.text.question_words import QUESTION_WORDS, SPACELESS_LANGUAGES
from rag.text.scripts import HAN, HANGUL, KANA
from rag.text.terms import question_terms, text_terms

_POINTS_BEFORE = 3
"""A pointer after as many words of a topic points at one of them: "… engine that takes in steam and exhausts it"."""
_POINTS_AHEAD = 2
"""An "it" before as many of them announces what follows: "Does it matter whether the kettle is filled to the brim?"."""
_NAMED_BARE = 2
"""So many words of a topic have a noun among them, in a language that may put nothing before one; and so many
characters, where words have no spaces."""
_SAID_OF_ASKER = 4
"""As many characters, behind a word for the one who asks, may still name no other thing."""
_OWN_TOPIC = 4
"""So many words of a topic stand alone behind any "And …": "And how many employees did Borealis have in 2023?"."""
_REACH = 3
"""Words that may lie between an article and its noun, the noun counted: "das alte Museum"."""
_SHORT = 6
"""Words of a short question, whose language is told together with the question before."""
_SHORT_SPACELESS = 10
"""Characters of the longest question that is a bare name: "休館日は？"."""
_TITLE = 4
"""So many words that all begin with a capital are a title, in which capitals tell nothing."""

_IMPERSONAL = re.compile(
    r"\b(?:gibt es|y a-t-il|faut-il|s['’]agit-il|est-il (?:possible|vrai|permis|nécessaire))\b", re.IGNORECASE
)
"""Phrases whose pronoun points at nothing."""
_INVERSION = re.compile(r"(?<=\w)-(?:t-)?(?=(?:ils?|elles?|je|tu|on|nous|vous)\b)", re.IGNORECASE)
"""French: "fut-il", "va-t-elle", "puis-je"."""
_ELISION = re.compile("['’]")  # French, Italian: "l'appareil"; English: "I'm"
WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_SENTENCE_START = re.compile(r"[.!?…:¿¡]")
_HANGUL, _KANA, _HAN = (re.compile(f"[{script}]") for script in (HANGUL, KANA, HAN))
_ANY_QUESTION_WORDS = frozenset().union(
    *QUESTION_WORDS.values(), *(words.question_words for words in FOLLOWUP_WORDS.values())
)
"""Question words of every language together, since one word doesn't tell which language it is of."""


def stands_alone(question: str, before: str = "") -> bool:
    """Whether a question has a topic of its own and points at nothing said before.

    `before` is the question before it, which helps to tell the language of a short one.
    """
    question = COURTESIES.sub("", question)
    language = detect_language(question)
    if before and language not in SPACELESS_LANGUAGES and len(WORD.findall(question)) <= _SHORT:
        told = detect_language(f"{before} {question}")
        language = language if told in SPACELESS_LANGUAGES else told
    if language in SPACELESS_LANGUAGES:
        return not (
            _goes_on(question, language)
            or _is_bare_topic(question, language)
            or _points_back_attached(question, language)
        )
    topic = find_topic(question, language)
    if not topic or set(_split_words(question.casefold())) <= _ANY_QUESTION_WORDS:
        return False
    if _goes_on(question, language):
        return len(topic) >= _OWN_TOPIC and not _points_back(cut_beginning(question, language), language)
    return not _points_back(question, language)


def _goes_on(question: str, language: str) -> bool:
    """Whether the question begins or ends as one that continues another."""
    words = _find_words(language)
    text = question.strip().casefold()
    return text.startswith(words.beginnings) or text.rstrip("?？!！.。 \u00a0\u202f").endswith(words.endings)


def cut_beginning(question: str, language: str) -> str:
    """The question without the words by which it goes on: "in 2023?" of "and in 2023?"."""
    text = question.strip()
    beginnings = _find_words(language).beginnings
    return text[len(next((b for b in beginnings if text.casefold().startswith(b)), "")) :]


def _is_bare_topic(question: str, language: str) -> bool:
    """Whether the question names one thing and asks nothing of it ("休館日は？"), or names nothing (なぜですか)."""
    text = question.strip().rstrip("?？。 ")
    names_one = language == "ja" and text.endswith("は") and "の" not in text and len(text) <= _SHORT_SPACELESS
    return names_one or lacks_topic(question, language)


def lacks_topic(question: str, language: str) -> bool:
    """Whether the question says only by which word it asks: "Why?", なぜですか, 어디에서요?"""
    if language not in SPACELESS_LANGUAGES or not find_topic(question, language):
        return not find_topic(question, language)
    rest = question
    for word in sorted(QUESTION_WORDS[language], key=len, reverse=True):
        rest = rest.replace(word, " ")
    if language == "ko":  # an ending is written together with the word
        return rest[:1] == " " and len(question.split()) == 1
    return not _find_words(language).unnamed.sub("", rest).strip("?？。 ")


def _points_back(question: str, language: str) -> bool:
    """Whether a word of the question stands for something that an earlier question or answer named."""
    text = _IMPERSONAL.sub(" ", question)
    if _points_back_attached(text, language):
        return True
    words = _split_words(text)
    place = next((place for place in range(len(words)) if _is_pointer(words, place, language)), None)
    if place is None or _announces(words, place, language) or _names_before(words, place, language):
        return False
    # After a name it may mean that name ("When did Tesla sell his house?").
    has_name = _has_name(words[:place], language, or_noun=words[place] in _find_words(language).possessives)
    if language == "fr" and words[place].startswith(("il", "elle")):  # "Quand le musée est-il ouvert ?"
        return not has_name and not _has_noun(words[: max(0, place - 1)], language)
    return not has_name and len(find_topic(" ".join(words[:place]), language)) < _POINTS_BEFORE


def _points_back_attached(text: str, language: str) -> bool:
    """The same of words that only their neighbours tell from others: the end of "comprarlos", 它 in 把它们."""
    of_language = _find_words(language)
    match = of_language.attached.search(text)
    if match is None:
        return False
    before = text[: match.start()]
    if language in SPACELESS_LANGUAGES:
        # "我可以退掉它吗": where the one who asks is named first, verbs stand before the pointer.
        most = _SAID_OF_ASKER if of_language.unnamed.match(before) else _NAMED_BARE
        return len(of_language.unnamed.sub("", before)) < most
    words = _split_words(before)
    return not _has_name(words, language) and len(find_topic(before, language)) < _POINTS_BEFORE


def _is_pointer(words: Sequence[str], place: int, language: str) -> bool:
    word, of_language = words[place], _find_words(language)
    if word.casefold() not in of_language.pointers or (word in of_language.polite and place) or _is_acronym(word):
        return False
    return not (word.casefold() in of_language.articles and _is_article(words[place + 1 :], of_language))


def _is_article(following: Sequence[str], of_language: FollowupWords) -> bool:
    """Whether there is something behind the word for it to be the article of; a noun, where nouns have a capital."""
    if of_language.possessives:
        return any(word[0].isupper() or word[0].isdigit() for word in following[:_REACH])
    small = of_language.idle | of_language.joints
    return len(following) > 1 and following[0].casefold() not in small - of_language.articles


def _has_name(words: Sequence[str], language: str, *, or_noun: bool = False) -> bool:
    """Whether a capital within a sentence marks a name, or a noun if that will do.

    Pronouns that are written with a capital ("I", "Sie", "Usted") are none. Where every noun has a capital, what
    follows an article is only a noun.
    """
    of_language = _find_words(language)
    for before, word in itertools.pairwise(words):
        is_pronoun = _ELISION.split(word.casefold())[0] in of_language.pronouns and not _is_acronym(word)
        is_noun = bool(of_language.possessives) and before.casefold() in of_language.determiners
        if word[0].isupper() and not is_pronoun and (or_noun or not is_noun):
            return True
    return False


def _has_noun(words: Sequence[str], language: str) -> bool:
    starts = {_ELISION.split(word.casefold())[0] for word in words}
    return bool(find_topic(" ".join(words), language)) and not starts.isdisjoint(_find_words(language).determiners)


def _is_acronym(word: str) -> bool:
    """ "IT" and "US" are no pronouns, as long as not everything is written in capitals."""
    return len(word) > 1 and word.isupper()


def _announces(words: Sequence[str], place: int, language: str) -> bool:
    """Whether the pronoun there stands for a clause that follows and points at nothing itself."""
    of_language = _find_words(language)
    if words[place].casefold() != of_language.announcer:
        return False
    clause_beginnings = of_language.clause_beginnings
    begin = next((at for at in range(place + 1, len(words)) if words[at].casefold() in clause_beginnings), None)
    if begin is None or any(_is_pointer(words, at, language) for at in range(place + 1, len(words))):
        return False
    return len(find_topic(" ".join(words[place + 1 :]), language)) >= _POINTS_AHEAD


def _names_before(words: Sequence[str], place: int, language: str) -> bool:
    """Whether the pronoun there can mean what the same question named first, as in "how long is the guarantee and does
    it cover limescale?": a noun, before the word that joins both halves."""
    of_language = _find_words(language)
    joint = next((at for at in range(place - 1, 0, -1) if words[at].casefold() in of_language.joints), 0)
    if not of_language.determiners:
        return len(find_topic(" ".join(words[:joint]), language)) >= _NAMED_BARE
    return _has_noun(words[:joint], language)


def _split_words(text: str) -> list[str]:
    """The text's words. A capital that any word would have there is made small: at the beginning of a sentence, and
    everywhere in a text of capitals or a title."""
    text = _INVERSION.sub(" ", text)
    matches = list(WORD.finditer(text))
    starts = [0, *(match.end() for match in matches)]
    has_idle_capitals = text.isupper() or (len(matches) >= _TITLE and all(m[0][0].isupper() for m in matches))
    return [
        match[0].casefold()
        if has_idle_capitals
        else match[0][0].lower() + match[0][1:]
        if at and _SENTENCE_START.search(text, start, match.start())
        else match[0]
        for at, (start, match) in enumerate(zip(starts, matches, strict=False))
    ]


def find_topic(question: str, language: str) -> list[str]:
    """The question's terms but for those that any question may have; none for "why?"."""
    terms = question_terms(question, (language,))
    asked_with = set(text_terms(question, language)) - set(terms)
    return [term for term in terms if term not in asked_with and term not in _collect_machinery(language)]


@lru_cache(maxsize=64)
def _collect_machinery(language: str) -> frozenset[str]:
    """Terms of words that stand in questions of any topic."""
    words = _find_words(language)
    small = (*words.beginnings, *words.pointers, *words.pronouns, *words.idle, *words.question_words)
    return frozenset(text_terms(" ".join(small), language))


def _find_words(language: str) -> FollowupWords:
    return FOLLOWUP_WORDS.get(language, NO_WORDS)


def detect_language(text: str) -> str:
    """The text's language: by its script where that tells, since a few words tell the detector little."""
    if _HANGUL.search(text):
        return "ko"
    if _KANA.search(text):
        return "ja"
    return "zh" if _HAN.search(text) else detect_languages(text.casefold())[0][0]
