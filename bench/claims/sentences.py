"""Sentences of documents in a folder, and the same with one number changed, as claims of their own passages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from bench.claims.made import Pair
from rag.answering.numbers import find_numbers
from rag.text.language import choose_language
from rag.text.sentences import split_sentences

_PASSAGE = 900
"""Characters, about as many as a chunk has."""
_PASSAGES_EACH, _SENTENCES_EACH = 3, 3
_SHORTEST = 16
_RAISED = (1, 3, 7)


def make_pairs_of(folder: Path) -> Iterator[Pair]:
    """Of the first passages of each text file some sentences, and those that have a number also with a higher one."""
    chance = random.Random(1)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".txt", ".md") and "corpus" in path.parts):
        for passage in _split_passages(path.read_text("utf-8", errors="replace"))[:_PASSAGES_EACH]:
            yield from _make_pairs(passage, path.name, chance)


def _make_pairs(passage: str, source: str, chance: random.Random) -> Iterator[Pair]:
    language = choose_language(passage, "")
    units = [
        one for one in split_sentences(passage, language) if one.kind != "heading" and one.end - one.start >= _SHORTEST
    ]
    for unit in chance.sample(units, min(_SENTENCES_EACH, len(units))):
        claim = passage[unit.start : unit.end]
        yield Pair(claim, passage, source, "word for word", language, is_held_back=True)
        numbers = [one for one in find_numbers(claim) if one.is_certain and claim[one.start : one.end].isdigit()]
        if numbers:
            number = chance.choice(numbers)
            raised = str(int(claim[number.start : number.end]) + chance.choice(_RAISED))
            altered = claim[: number.start] + raised + claim[number.end :]
            yield Pair(altered, passage, source, "number", language, is_held_back=True)


def _split_passages(text: str) -> list[str]:
    passages = [""]
    for paragraph in text.split("\n\n"):
        if passages[-1] and len(passages[-1]) + len(paragraph) > _PASSAGE:
            passages.append("")
        passages[-1] += f"\n\n{paragraph}" if passages[-1] else paragraph
    return [passage for passage in passages if passage.strip()]
