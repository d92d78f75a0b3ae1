"""Titles, names and other text that has to fit on one line."""

from __future__ import annotations

from rag.text.hostile import remove_invisible

LONGEST_LABEL = 300
"""Characters of a title or an author. Longer ones are text that was put into the wrong field."""


def make_label(text: str, longest: int = LONGEST_LABEL) -> str:
    """A title or name as it may stand in a list: one line of at most `longest` characters, none of them unseen."""
    return make_one_line(remove_invisible(text[: 10 * longest]))[:longest].rstrip()


def make_one_line(text: str) -> str:
    """The words with one space between them."""
    return " ".join(text.split())
