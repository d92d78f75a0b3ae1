"""Titles, names and other text that has to fit on one line. A leaf of the loaders."""

from __future__ import annotations


def make_one_line(text: str) -> str:
    """The words with one space between them."""
    return " ".join(text.split())
