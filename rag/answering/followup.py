"""A follow-up ("and in 2023?", "why?") made a question that stands alone, from the turns before it.

A question that stands alone is left as it is. Else the language model rewrites it; without one, or if what it writes
is no such question, the topic of the question before is carried over word by word.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.followup_words import FOLLOWUP_WORDS, NO_WORDS, FollowupWords
from rag.errors import ModelUnavailableError
from rag.text.hostile import neutralise_for_model
from rag.text.question_words import QUESTION_END, QUESTION_WORDS, SPACELESS_LANGUAGES
from rag.text.scripts import HAN, HANGUL, HIRAGANA, KANA
from rag.text.terms import detect_languages, question_terms, text_terms

KEPT_TURNS = 3
"""How many turns a follow-up may go back to; its own question was made to stand alone, so more add nothing."""

REWRITE_LIMIT_S = 6.0
"""How long the model may take to rewrite; a slower one costs more patience than its wording gains.
Reckoned for a small model on a processor: bench/RESULTS.md, "Answering and chat"."""

_ANSWER_CHARACTERS = 300
"""So much of the last answer is shown to the model, since a follow-up may point into it."""
_LONGEST_REWRITE = 300
_REWRITE_TOKENS = 80
_POINTS_BEFORE = 3
"""A pointer after as many words of a topic points at one of them: "… engine that takes in steam and exhausts it"."""
_POINTS_AHEAD = 2
"""An "it" before as many of them announces what follows: "Does it matter whether the kettle is filled to the brim?"."""
_NAMED_BARE = 2
"""So many words of a topic have a noun among them, in a language that may put nothing before one."""
_OWN_TOPIC = 4
"""So many words of a topic stand alone behind any "And …": "And how many employees did Borealis have in 2023?"."""
_SHORT = 6
"""Words of a short question, whose language the question before tells better than they do themselves."""
_SHORT_SPACELESS = 10
"""Characters of the longest question that is a bare name: "休館日は？"."""
_KEPT_SHARE = 2 / 3
"""Share of the question's own words that a rewriting must keep."""

_SYSTEM = (
    "Rewrite the user's last question so that it can be understood without the conversation. Keep its language and its"
    " meaning, name what it refers to, add nothing else, and don't answer it. Reply with the question alone."
)

_IMPERSONAL = re.compile(
    r"\b(?:gibt es|y a-t-il|faut-il|s['’]agit-il|est-il (?:possible|vrai|permis|nécessaire))\b", re.IGNORECASE
)
"""Phrases whose pronoun points at nothing."""
_INVERSION = re.compile(r"(?<=\w)-(?:t-)?(?=(?:ils?|elles?)\b)")  # French: "fut-il", "va-t-elle"
_ELISION = re.compile("['’]")  # French, Italian: "l'appareil"
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_HANGUL, _KANA, _HAN = (re.compile(f"[{script}]") for script in (HANGUL, KANA, HAN))
_ANY_QUESTION_WORDS = frozenset().union(
    *QUESTION_WORDS.values(), *(words.question_words for words in FOLLOWUP_WORDS.values())
)
"""Question words of every language together, since one word doesn't tell which language it is of."""
_ECHO = re.compile(r"^(?:standalone )?question\s*:\s*", re.IGNORECASE)
_PARTICLES = re.compile(f"[{HIRAGANA}]")
"""Kana that stand for grammar, which another wording changes."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked for (after any rewriting), and its answer."""

    question: str
    answer: str = ""


def add_turn(turns: Sequence[Turn], turn: Turn) -> tuple[Turn, ...]:
    """The conversation as far as a follow-up may need it."""
    return (*turns, turn)[-KEPT_TURNS:]


async def make_standalone(
    question: str,
    turns: Sequence[Turn],
    stream: Callable[[Sequence[dict[str, str]], int], AsyncGenerator[str, None]] | None = None,
    limit_s: float = REWRITE_LIMIT_S,
) -> str:
    """The question itself if it stands alone or nothing was asked before, else one that does.

    `stream` is the language model, None while there is none. It is asked only about a follow-up; if it fails, takes
    longer than `limit_s` or writes something else, the topic is carried over.
    """
    if not turns or stands_alone(question, turns[-1].question):
        return question
    written = await _ask_for_rewrite(question, turns, stream, limit_s) if stream else ""
    return _accept_rewrite(written, question, turns) or carry_over(question, turns)


async def _ask_for_rewrite(
    question: str,
    turns: Sequence[Turn],
    stream: Callable[[Sequence[dict[str, str]], int], AsyncGenerator[str, None]],
    limit_s: float,
) -> str:
    """The first line that the model writes; empty if it fails or is too slow."""
    written = ""
    try:
        pieces = stream(rewrite_messages(question, turns), _REWRITE_TOKENS)
        async with asyncio.timeout(limit_s), aclosing(pieces):
            async for piece in pieces:
                written = (written + piece).lstrip() if piece else ""
                if "\n" in written:
                    break
    except (ModelUnavailableError, TimeoutError):
        return ""
    return written.partition("\n")[0]


def stands_alone(question: str, before: str = "") -> bool:
    """Whether a question has a topic of its own and points at nothing said before.

    `before` is the question before it, which tells the language of a short one.
    """
    language = _detect_language(question)
    if language not in SPACELESS_LANGUAGES and len(_WORD.findall(question)) <= _SHORT:
        told = _detect_language(before) if before else language
        language = language if told in SPACELESS_LANGUAGES else told
    if language in SPACELESS_LANGUAGES:
        return not _goes_on(question, language) and not _is_bare_topic(question, language)
    topic = _find_topic(question, language)
    if not topic or set(_split_words(question.casefold())) <= _ANY_QUESTION_WORDS:
        return False
    if _goes_on(question, language):
        return len(topic) >= _OWN_TOPIC and not _points_back(_cut_beginning(question, language), language)
    return not _points_back(question, language)


def _goes_on(question: str, language: str) -> bool:
    """Whether the question begins or ends as one that continues another."""
    words = _find_words(language)
    text = question.strip().casefold()
    return text.startswith(words.beginnings) or text.rstrip("?？!！.。 \u00a0\u202f").endswith(words.endings)


def _cut_beginning(question: str, language: str) -> str:
    text = question.strip()
    beginnings = _find_words(language).beginnings
    return text[len(next((b for b in beginnings if text.casefold().startswith(b)), "")) :]


def _is_bare_topic(question: str, language: str) -> bool:
    """Whether the question names one thing and asks nothing of it ("休館日は？"), or names nothing (なぜですか)."""
    text = question.strip().rstrip("?？。 ")
    names_one = language == "ja" and text.endswith("は") and "の" not in text and len(text) <= _SHORT_SPACELESS
    return names_one or not _find_topic(question, language)


def _points_back(question: str, language: str) -> bool:
    """Whether a word of the question stands for something that an earlier question or answer named."""
    words = _split_words(_IMPERSONAL.sub(" ", question))
    place = next((place for place in range(len(words)) if _is_pointer(words, place, language)), None)
    if place is None or _announces(words, place, language) or _names_before(words, place, language):
        return False
    # After a name it may mean that name ("When did Tesla sell his house?").
    has_name = any(word[0].isupper() for word in words[1:place])
    if language == "fr" and words[place].startswith(("il", "elle")):  # "Quand le musée est-il ouvert ?"
        return not _find_topic(" ".join(words[: max(0, place - 1)]), language)
    return not has_name and len(_find_topic(" ".join(words[:place]), language)) < _POINTS_BEFORE


def _is_pointer(words: Sequence[str], place: int, language: str) -> bool:
    word, of_language = words[place], _find_words(language)
    if word.casefold() not in of_language.pointers or (word in of_language.polite and place):
        return False
    return not (word.casefold() in of_language.articles and place < len(words) - 2)


def _announces(words: Sequence[str], place: int, language: str) -> bool:
    """Whether the pronoun there stands for a clause that follows and points at nothing itself."""
    of_language = _find_words(language)
    if words[place].casefold() != of_language.announcer:
        return False
    clause_beginnings = of_language.clause_beginnings
    begin = next((at for at in range(place + 1, len(words)) if words[at].casefold() in clause_beginnings), None)
    if begin is None or any(_is_pointer(words, at, language) for at in range(place + 1, len(words))):
        return False
    return len(_find_topic(" ".join(words[place + 1 :]), language)) >= _POINTS_AHEAD


def _names_before(words: Sequence[str], place: int, language: str) -> bool:
    """Whether the pronoun there can mean what the same question named first, as in "how long is the guarantee and does
    it cover limescale?": a noun, before the word that joins both halves."""
    of_language = _find_words(language)
    joint = next((at for at in range(place - 1, 0, -1) if words[at].casefold() in of_language.joints), 0)
    named = _find_topic(" ".join(words[:joint]), language)
    if not of_language.determiners:
        return len(named) >= _NAMED_BARE
    starts = {_ELISION.split(word.casefold())[0] for word in words[:joint]}
    return bool(named) and not starts.isdisjoint(of_language.determiners)


def _split_words(text: str) -> list[str]:
    return _WORD.findall(_INVERSION.sub(" ", text))


def carry_over(question: str, turns: Sequence[Turn]) -> str:
    """The question with those words of the question before that it doesn't replace.

    A number or code takes the place of one of its kind: "and in 2023?" after "sales in 2022" doesn't ask for 2022, nor
    "and E7?" after "error E2" for E2.
    """
    before = turns[-1].question
    language = _detect_language(before)
    own = set(text_terms(question, _detect_language(question))) | set(text_terms(question, language))
    shapes = {_generalise(word) for word in _WORD.findall(question) if _NUMBER.search(word)}
    if language in SPACELESS_LANGUAGES:
        return f"{question} {before}"
    kept = [
        word
        for word in _WORD.findall(before)
        if set(question_terms(word, (language,))) & set(_find_topic(before, language))
        and not set(text_terms(word, language)) <= own
        and _generalise(word) not in shapes
    ]
    return " ".join([question, *kept])


def _generalise(word: str) -> str:
    """The word with a 0 in place of every number, so that codes of one kind are equal."""
    return _NUMBER.sub("0", word.casefold())


def rewrite_messages(question: str, turns: Sequence[Turn]) -> list[dict[str, str]]:
    """What the language model reads: the last questions, the beginning of the last answer, then the question.

    Short, because it is read while the user waits.
    """
    lines = [f"User: {neutralise_for_model(turn.question)}" for turn in turns[-KEPT_TURNS:]]
    if turns[-1].answer:
        lines.append(f"Assistant: {neutralise_for_model(turns[-1].answer[:_ANSWER_CHARACTERS])}")
    conversation = "\n".join(lines)
    asked = f"Conversation:\n{conversation}\n\nLast question: {neutralise_for_model(question)}\n\nStandalone question:"
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": asked}]


def _accept_rewrite(written: str, question: str, turns: Sequence[Turn]) -> str:
    """What the model wrote, if it is the question made to stand alone; else empty.

    It must be a question of bearable length that keeps the words and numbers of the user's, adds some of the
    conversation's, and hardly any that are neither's: no answer, no refusal, no other question.
    """
    line = _ECHO.sub("", " ".join(written.split()).strip("\"'“”„«» "))
    is_question = QUESTION_END.search(line) or not QUESTION_END.search(question)
    if not 0 < len(line) <= _LONGEST_REWRITE or not is_question:
        return ""
    said = [f"{turn.question} {turn.answer}" for turn in turns[-KEPT_TURNS:]]
    language = _detect_language(line)
    own, found = _find_content(question, language), _find_content(line, language)
    known = set().union(*(_find_content(text, language) for text in said))
    added = found - own
    has_numbers = _find_numbers(question) <= _find_numbers(line) <= _find_numbers(" ".join([question, *said]))
    keeps = len(own & found) >= _KEPT_SHARE * len(own)
    return line if has_numbers and keeps and 2 * len(added - known) <= len(added & known) > 0 else ""


def _find_content(text: str, language: str) -> set[str]:
    """The terms of a text's topic; single characters where words have no spaces."""
    if language in SPACELESS_LANGUAGES:
        plain = set(question_terms(_PARTICLES.sub(" ", text), (language,)))
        return {character for term in plain for character in (term if not term.isascii() else [term])}
    return set(_find_topic(text, language))


def _find_numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def _find_topic(question: str, language: str) -> list[str]:
    """The question's terms but for those that any question may have; none for "why?"."""
    terms = question_terms(question, (language,))
    asked_with = set(text_terms(question, language)) - set(terms)
    return [term for term in terms if term not in asked_with and term not in _collect_machinery(language)]


@lru_cache(maxsize=64)
def _collect_machinery(language: str) -> frozenset[str]:
    """Terms of words that stand in questions of any topic."""
    words = _find_words(language)
    return frozenset(
        text_terms(" ".join((*words.beginnings, *words.pointers, *words.idle, *words.question_words)), language)
    )


def _find_words(language: str) -> FollowupWords:
    return FOLLOWUP_WORDS.get(language, NO_WORDS)


def _detect_language(text: str) -> str:
    """The text's language: by its script where that tells, since a few words tell the detector little."""
    if _HANGUL.search(text):
        return "ko"
    if _KANA.search(text):
        return "ja"
    return "zh" if _HAN.search(text) else detect_languages(text.casefold())[0][0]
