"""The program says everything in nine languages."""

from __future__ import annotations

import string

import pytest

from rag.asked.latin_lexicons import LATIN
from rag.asked.other_lexicons import OTHER
from rag.asked.phrases import FILLERS, PHRASES
from rag.asked.sentences import SENTENCES, Says
from rag.asked.times import find_time
from rag.asked.words import Word

LANGUAGES = {"en", "de", "fr", "es", "da", "ru", "ja", "ko", "zh"}


def list_fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_language_lacks_a_sentence_a_lexicon_or_small_talk():
    assert set(SENTENCES) == set(LATIN) | set(OTHER) == set(PHRASES) == set(FILLERS) == LANGUAGES
    empty = [
        (language, name) for language in SENTENCES for name in Says._fields if not getattr(SENTENCES[language], name)
    ]
    assert empty == []
    talks = {language: set(phrases) for language, phrases in PHRASES.items()}
    assert all(found == talks["en"] for found in talks.values())
    without = {Word.PAPER, Word.ONE, Word.FOLDER, Word.TYPE, Word.NOW}  # that not every language needs
    lexicons = {**LATIN, **OTHER}
    assert [(name, word) for name in lexicons for word in set(Word) - without if not lexicons[name].get(word)] == []
    for language in LANGUAGES:
        find_time("2026-11-03", language)  # compiles what it knows of the language


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_each_sentence_is_filled_in_with_the_same_in_every_language(language):
    expected = {name: list_fields(getattr(SENTENCES["en"], name)) for name in Says._fields}
    assert {name: list_fields(getattr(SENTENCES[language], name)) for name in Says._fields} == expected
