"""Misspelt words of a question: what the documents have in their place, one letter off. Pure."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from rag.text.terms import question_terms, text_terms

_LETTERS = range(5, 25)
"""Letters of a word that is looked after; a shorter one is one letter off from too many others."""
_MOST_WORDS = 2
"""Words of a question that are looked after, for each takes about a millisecond."""
_MOST_NEIGHBOURS = 3
_WORD = re.compile(r"[^\W\d_]+")


def mend_terms(question: str, languages: Sequence[str], count: Callable[[str], int]) -> list[str]:
    """`question_terms`, where those of a word that the documents don't have give way to its neighbours' that they have.

    `count` gives in how many passages a term is. A neighbour differs from the word by one letter, but not the first
    one, which is seldom wrong: left out, put in, replaced, or swapped with the next. The three that most passages have
    stand for the word; without any it stays.
    """
    terms = question_terms(question, languages)
    words = [word for word in dict.fromkeys(_WORD.findall(question)) if len(word) in _LETTERS]
    mended = 0
    for word in words:
        own = _list_stems(word, languages)
        if mended == _MOST_WORDS or not own <= set(terms) or any(map(count, own)):
            continue
        mended += 1
        stems = {stem for edit in _list_edits(word.casefold()) for stem in _list_stems(edit, languages)} - own
        found = sorted((stem for stem in stems if count(stem)), key=lambda stem: (-count(stem), stem))
        if found:
            place = min(terms.index(stem) for stem in own)
            kept = [term for term in terms if term not in own]
            terms = list(dict.fromkeys([*kept[:place], *found[:_MOST_NEIGHBOURS], *kept[place:]]))
    return terms


def _list_stems(word: str, languages: Sequence[str]) -> set[str]:
    """The word's own term in each language, without the beginnings that some languages add to it."""
    return {terms[0] for language in languages or ("",) if (terms := text_terms(word, language))}


@lru_cache(maxsize=256)
def _list_edits(word: str) -> frozenset[str]:
    return frozenset(_make_edits(word))


def _make_edits(word: str) -> Iterator[str]:
    letters = _find_alphabet(word)
    for place in range(1, len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in letters)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in letters)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _find_alphabet(word: str) -> str:
    """The small letters that may stand in such a word: English ones, or those near its own in Unicode."""
    if word.isascii():
        return string.ascii_lowercase
    own = {letter for letter in word if not letter.isascii()}
    blocks = {ord(letter) // 64 for letter in own}
    near = {chr(code) for block in blocks for code in range(64 * block, 64 * block + 64)}
    small = {letter for letter in near if unicodedata.category(letter) in ("Ll", "Lo")}
    latin = set(string.ascii_lowercase) if any(letter.isascii() for letter in word) else set()
    return "".join(sorted(small | latin))
