"""The words of a conversation for SQLite's full-text index, and what a search asks of it."""

from __future__ import annotations

import re

_SPACELESS = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff])"
)
"""Characters of scripts that put no space between words, or bend the word behind it: each counts as a word here."""
_WORD = re.compile(r"\w+")


def spread_words(text: str) -> str:
    """The text with spaces between what counts as a word."""
    return _SPACELESS.sub(r" \1 ", text)


def make_query(asked: str) -> str:
    """An expression for FTS5 that wants all words of `asked`, the last of which may be a beginning; empty for no word.

    Neighbours in a script without spaces must be neighbours in the text, too.
    """
    groups = [_WORD.findall(spread_words(group)) for group in _WORD.findall(asked)]
    phrases = [f'"{" ".join(words)}"' for words in groups if words]
    return " AND ".join(phrases) + "*" * bool(phrases)
