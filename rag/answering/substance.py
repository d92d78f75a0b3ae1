"""What a model's answer is worth: something, or one of the ways in which small models say nothing. Pure.

An answer is first freed of what isn't its own: a label before it, the question said again, a turn of the conversation
that the model made up, and everything from where it begins to repeat itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rag.answering.binding import rate_binding
from rag.answering.citations import UNFINISHED_MARKER, blot_markers
from rag.answering.numbers import find_numbers
from rag.answering.prompt import SYSTEM_PROMPT
from rag.answering.refusals import is_refusal, names_passages
from rag.answering.support import add_markers, check_claim, find_claims, find_passage
from rag.ranking.question import is_foreign
from rag.text.scripts import DENSE
from rag.types import Chunk, ScoredChunk

Kind = Literal["answer", "bare", "heading", "echo", "refusal"]

_WORD = re.compile(rf"[{DENSE}]|[^\W_{DENSE}]+")
_LABEL = re.compile(
    r"\A\s*(?:assistant\s*\n|[*_#>\s]*(?:(?:final |short )?answer|assistant|antwort|respuesta|réponse|risposta"
    r"|resposta|antwoord|回答|答案|답변?|ответ)\s*[:：][*_]*\s*)",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"\A(?:(?:based (?:up)?on|according to|as per|basierend auf|laut|gemäß|selon|d['’]après|según|basado en"
    r"|de acuerdo con|ifølge|baseret på|согласно|исходя из|на осно\w+)\b[^,:\n]{1,80}[,:]"
    r"|(?:根据|根據|基于)[^,，:：\n]{1,40}[,，:：]|[^、,\n]{1,40}(?:によると|によれば|に基づくと)[、,]"
    r"|[^,\n]{1,40}에 (?:따르|의하)면,?"
    r"|(?:the )?(?:context|passages?|documents?|texts?) (?:states?|says?|mentions?|indicates?) that\b)\s*",
    re.IGNORECASE,
)
"""Finds "Based on the information provided," or "The context says that" before what an answer says."""
_ASKED = re.compile(r"\A\s*question\s*:\s*", re.IGNORECASE)
_CONTEXT = re.compile(r"\A\W*context\s*:", re.IGNORECASE)
_NEXT_TURN = re.compile(r"\n\s*[#*]*[ \t]*(?:question|context|user|human|assistant|instruction)[ \t*]*:", re.IGNORECASE)
_LONGEST_PERIOD = 60
"""Words of the longest phrase whose repetition is noticed."""
_SHORT_PERIOD = 5
"""A phrase of fewer words has to stand there three times in a row: "bye bye" is none."""
_ENDLESS = re.compile(r"([^\W_]{1,8}?)\1{19,}")
"""A word without an end, such as 1000000…: the same few characters twenty times in a row."""
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？\n]")
_LONG_ECHO = 6
"""Words of the instructions that an answer has in a row by no chance."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an answer is worth."""

    kind: Kind
    """``bare``: only markers, nothing, or a loop whose beginning doesn't stand in the passages. ``heading``: a file's
    name or a heading of a passage. ``echo``: the question, the context or the instructions again. ``refusal``: that
    the passages don't say it. Else ``answer``."""
    text: str
    """The answer as it should be shown: without what isn't its own, with markers behind the claims that had none."""
    is_looping: bool = False
    """Whether the answer was cut where it began to repeat itself."""
    supported: bool | None = None
    """Whether each claim stands in its passage; None if there is nothing to look for, as in "yes"."""
    binding: float | None = None
    """How much of the question stands where the answer is from, 0 to 1; None if there is nothing to look for, or
    if the question is in another language."""
    doubt: str = ""
    """The number, name or words that speak against it; empty if nothing does."""


def assess(question: str, answer: str, hits: Sequence[ScoredChunk]) -> Assessment:
    """What a model's answer to the question is worth, given the passages as they were shown to it."""
    own = strip_wrapping(question, answer)
    text = cut_loop(own)
    is_looping = len(text) < len(own)
    kind = classify(question, text, hits)
    if kind != "answer":
        return Assessment(kind, text, is_looping)
    marked = add_markers(question, text, hits)
    supported, doubt = _check(question, marked, hits)
    if is_looping and supported is not True:
        return Assessment("bare", text, is_looping)
    has_nothing = supported is None or is_foreign(question, hits)
    binding = None if has_nothing else rate_binding(question, marked, hits)
    return Assessment(kind, marked, is_looping, supported, binding, doubt)


def strip_wrapping(question: str, answer: str) -> str:
    """The answer without a label, the question or "According to the passages," before it, and without what comes after
    a turn that it makes up."""
    text = _LABEL.sub("", answer.strip())
    first, _, rest = _ASKED.sub("", text).partition("\n")
    if rest.strip() and _list_words(first) == _list_words(question):
        text = _LABEL.sub("", rest)
    attribution = _ATTRIBUTION.match(text)
    if attribution and names_passages(attribution[0]):
        text = text[attribution.end() :]
        is_word = text.split(maxsplit=1)[0].islower() if text.strip() else False  # "pH" and "iPhone" stay as they are
        text = text[:1].upper() + text[1:] if is_word else text
    ended = _NEXT_TURN.search(text)
    return (text[: ended.start()] if ended else text).strip()


def cut_loop(text: str) -> str:
    """The text up to where a phrase begins to be repeated; whole if none is.

    Of a sentence with an endless word nothing is kept: what stands of it may be half a number.
    """
    if endless := _ENDLESS.search(text):
        ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, endless.start())]
        return text[: max(ends, default=0)].rstrip()
    found = list(_WORD.finditer(text))
    words = [match[0].casefold() for match in found]
    for period in range(1, min(_LONGEST_PERIOD, len(words) // 2) + 1):
        needed = period * (1 if period >= _SHORT_PERIOD else 2)
        run = 0
        for place in range(period, len(words)):
            run = run + 1 if words[place] == words[place - period] else 0
            if run >= needed and len("".join(words[place - run - period + 1 : place - run + 1])) > 1:
                return text[: found[place - run].end()] + _close(text, found[place - run].end())
    return text


def _close(text: str, end: int) -> str:
    """What ends the sentence directly behind a place: a full stop, brackets, a marker."""
    ending = re.match(r"[)\]\"'”»]*(?:\s*\[\d[\d, ]*\])*[.!?。！？]?", text[end:])
    return ending[0] if ending else ""


def classify(question: str, text: str, hits: Sequence[ScoredChunk]) -> Kind:
    """What an answer is, by its form alone."""
    words = _list_words(UNFINISHED_MARKER.sub("", blot_markers(text)))
    if not words:
        return "bare"
    if is_refusal(text):
        return "refusal"
    if _is_echo(question, text):
        return "echo"
    return "heading" if _is_heading(words, hits) else "answer"


def _is_echo(question: str, text: str) -> bool:
    if _CONTEXT.match(text):
        return True
    asked, words = _list_words(question), _list_words(blot_markers(_ASKED.sub("", text)))
    is_question = blot_markers(text).rstrip().endswith(("?", "？"))
    repeats_question = words == asked or (is_question and set(words) <= set(asked))
    return repeats_question or _shares_run(words, _list_words(SYSTEM_PROMPT))


def _shares_run(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether most of the words stand in a row in the others."""
    size = max(_LONG_ECHO, len(words) // 2)
    runs = {tuple(others[at : at + size]) for at in range(len(others) - size + 1)}
    return any(tuple(words[at : at + size]) in runs for at in range(len(words) - size + 1))


def _is_heading(words: Sequence[str], hits: Sequence[ScoredChunk]) -> bool:
    """Whether the answer is what stands over a passage and not in its text."""
    names = [name for hit in hits for name in _list_names(hit.chunk)]
    return any(words == _list_words(name) for name in names) and not any(
        has_run(_list_words(_drop_headings(hit.chunk.text)), words) for hit in hits
    )


def _list_names(chunk: Chunk) -> list[str]:
    path = PurePosixPath(chunk.source)
    page = f"page {chunk.page}" if chunk.page is not None else ""
    places = [chunk.source, path.name, path.stem, chunk.section, chunk.title, *chunk.section.split(" > ")]
    return [
        *places,
        f"{chunk.source} {page}",
        f"{chunk.source} {page} {chunk.section}",
        f"{path.name} {chunk.section}",
        page,
    ]


def _drop_headings(text: str) -> str:
    return re.sub(r"^\s{0,3}#{1,6}\s.*$", "", text, flags=re.MULTILINE)


def has_run(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the wanted words, of which there is one at least, stand in a row among the words."""
    size = len(wanted)
    return bool(size) and any(list(words[at : at + size]) == list(wanted) for at in range(len(words) - size + 1))


def _list_words(text: str) -> list[str]:
    return [match[0].casefold() for match in _WORD.finditer(text)]


def _check(question: str, marked: str, hits: Sequence[ScoredChunk]) -> tuple[bool | None, str]:
    """Whether every claim is supported by a passage that it cites, and what speaks against it."""
    said = frozenset(number.value for number in find_numbers(blot_markers(marked)))
    looked = False
    for claim in find_claims(marked):
        cited = [hits[n - 1] for n in claim.numbers if 1 <= n <= len(hits)] or list(hits)
        doubts = [check_claim(question, claim.text, hit, said) for hit in cited]
        if all(doubts):
            return False, doubts[0]
        looked = looked or find_passage(question, claim.text, hits) > 0
    return (True if looked else None), ""
