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

from rag.answering.standing import WORD, cut_beginning, detect_language, find_topic, lacks_topic, stands_alone
from rag.errors import ModelUnavailableError
from rag.text.hostile import neutralise_for_model
from rag.text.language import detect_languages
from rag.text.question_words import QUESTION_END, QUESTION_WORDS, SPACELESS_LANGUAGES
from rag.text.scripts import HIRAGANA
from rag.text.sentences import split_sentences
from rag.text.terms import question_terms, text_terms

KEPT_TURNS = 3
"""How many turns a follow-up may go back to; its own question was made to stand alone, so more add nothing."""

REWRITE_LIMIT_S = 6.0
"""How long the model may take to rewrite; a slower one costs more patience than its wording gains.
Reckoned for a small model on a processor: bench/RESULTS.md, "Answering and chat"."""

_ANSWER_CHARACTERS = 300
"""So much of the last answer is shown to the model, since a follow-up may point into it."""
_LONGEST_REWRITE = 300
_ROOM = 30
"""Characters that a rewriting may have beyond the question and the longest one before: for a name from an answer."""
_REWRITE_TOKENS = 80
_SHORT = 6
"""Words of a short question, which may be of any language."""
_SEEMS = 0.1
"""A language that is less likely than that isn't the text's."""
_ENDING = 3
"""Characters that tell requests of a language without spaces: 教えてください."""
_KEPT_SHARE = 3 / 4
"""Share of the question's own words that a rewriting must keep."""

_SYSTEM = (
    "Rewrite the user's last question so that it can be understood without the conversation. Keep its language and its"
    " meaning, name what it refers to, add nothing else, and don't answer it. Reply with the question alone."
)

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ECHO = re.compile(r"^(?:standalone )?question\s*:\s*", re.IGNORECASE)
_QUESTION_ENDINGS = frozenset(
    "ですか ますか でしょうか ましたか でしたか 입니까 습니까 인가요 인가 일까 는가 吗 嗎 呢".split()
)
"""Question words that only say that something is asked."""
_PARTICLES = re.compile(f"[{HIRAGANA}]")
"""Kana that stand for grammar, which another wording changes."""
_GRAMMAR = frozenset("那呢的了吗嗎它他她은는이가을를에서의요")
"""Characters of Chinese and Korean that mostly do."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked for (after any rewriting), and its answer."""

    question: str
    answer: str = ""
    is_private: bool = False
    """Whether nothing that is made from it may leave this machine."""
    sources: tuple[str, ...] = ()
    """The documents that the answer cites, for "sum it up"."""


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


def carry_over(question: str, turns: Sequence[Turn]) -> str:
    """The question with those words of the question before that it doesn't replace.

    A number or code takes the place of one of its kind: "and in 2023?" after "sales in 2022" doesn't ask for 2022, nor
    "and E7?" after "error E2" for E2.
    """
    before = turns[-1].question
    language = detect_language(before)
    own = set(text_terms(question, detect_language(question))) | set(text_terms(question, language))
    shapes = {_generalise(word) for word in WORD.findall(question) if _NUMBER.search(word)}
    if language in SPACELESS_LANGUAGES:
        return f"{question} {before}"
    kept = [
        word
        for word in WORD.findall(before)
        if set(question_terms(word, (language,))) & set(find_topic(before, language))
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

    It must be one question of bearable length, in the language of the conversation, that asks for what the user's does
    and keeps its words and numbers. It must add some of the conversation's words, and hardly any that are neither's,
    but not say again what was said before: no answer, no refusal, no earlier question, no other one.
    """
    line = _ECHO.sub("", " ".join(written.split()).strip("\"'“”„«» "))
    language = _find_shared_language(line, question, turns[-1].question) if line else ""
    longest = len(question) + max(len(turn.question) for turn in turns) + _ROOM
    if not language or len(line) > min(longest, _LONGEST_REWRITE):
        return ""
    is_one = len(split_sentences(line, language)) <= max(1, len(split_sentences(question, language)))
    is_good = (
        is_one
        and _asks_alike(line, question, language)
        and not _repeats(line, turns, language)
        and _keeps_content(line, question, turns, language)
    )
    return line if is_good else ""


def _find_shared_language(line: str, question: str, before: str) -> str:
    """The language of the conversation, if the line seems to be of it; else empty. A short question tells none."""
    written, asked = detect_language(line), detect_language(question)
    spoken = detect_language(f"{before} {question}")
    if written == spoken or (written == asked and len(WORD.findall(question)) > _SHORT):
        return written
    seems = dict(detect_languages(line.casefold())).get(spoken, 0.0) if written not in SPACELESS_LANGUAGES else 0.0
    return spoken if seems >= _SEEMS else ""


def _asks_alike(line: str, question: str, language: str) -> bool:
    """Whether it is a question if the user's is, else a question or a request too; and asks by the same words."""
    asked_with, asks_with = _find_asking(cut_beginning(question, language), language), _find_asking(line, language)
    kept = asked_with & asks_with
    if asked_with and (not kept or (kept < asked_with and lacks_topic(question, language))):
        return False
    if QUESTION_END.search(line) or QUESTION_END.search(question):
        return bool(QUESTION_END.search(line))
    if language in SPACELESS_LANGUAGES:
        return bool(asks_with) or line[-_ENDING:] == question[-_ENDING:]
    first, own = (WORD.findall(text.casefold())[:1] for text in (line, question))
    return asks_with.issuperset(first) or (first == own and bool(find_topic(" ".join(first), language)))


def _find_asking(text: str, language: str) -> set[str]:
    """The text's question words."""
    asking = QUESTION_WORDS.get(language, frozenset()) - _QUESTION_ENDINGS
    if language in SPACELESS_LANGUAGES:
        return {word for word in asking if word in text}
    return set(WORD.findall(text.casefold())) & asking


def _repeats(line: str, turns: Sequence[Turn], language: str) -> bool:
    """Whether the line says no more and no less than an earlier question, or a sentence of an answer."""
    said = [turn.question for turn in turns]
    for turn in turns:
        said += [turn.answer[unit.start : unit.end] for unit in split_sentences(turn.answer, language)]
    new = (_find_content(line, language), _find_numbers(line), _find_asking(line, language))
    return new in [(_find_content(t, language), _find_numbers(t), _find_asking(t, language)) for t in said]


def _keeps_content(line: str, question: str, turns: Sequence[Turn], language: str) -> bool:
    """Whether nearly all of the question's words and numbers are there, and most others are of the conversation."""
    said = [f"{turn.question} {turn.answer}" for turn in turns[-KEPT_TURNS:]]
    own, found = _find_content(question, language), _find_content(line, language)
    known = set().union(*(_find_content(text, language) for text in said))
    added = found - own
    has_numbers = _find_numbers(question) <= _find_numbers(line) <= _find_numbers(" ".join([question, *said]))
    keeps = len(own & found) >= _KEPT_SHARE * len(own)
    return has_numbers and keeps and 2 * len(added - known) <= len(added & known) > 0


def _find_content(text: str, language: str) -> set[str]:
    """The terms of a text's topic; single characters where words have no spaces."""
    if language in SPACELESS_LANGUAGES:
        plain = set(question_terms(_PARTICLES.sub(" ", text), (language,)))
        found = {character for term in plain for character in (term if not term.isascii() else [term])}
        return found - _GRAMMAR
    return set(find_topic(text, language))


def _find_numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))
