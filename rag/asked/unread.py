"""Files that a question seems to mean and that could not be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from rag.asked.lexicon import list_languages
from rag.asked.naming import split_name
from rag.index.catalog.records import Failure
from rag.text.hostile import show_name
from rag.text.terms import question_terms

_SHARED = 2
"""Words of a file's name that a question has to share, unless the name has but one that says something."""
_MOST = 3


def describe_unread(question: str, failures: Iterable[Failure]) -> str:
    """Says of each file whose name shares words with the question why it could not be read; empty if there is none."""
    languages = list_languages(question)
    asked = set(question_terms(question, languages))
    meant = [one for one in failures if _is_meant(one.source, asked, languages)]
    return " ".join(_describe(one) for one in meant[:_MOST])


def _is_meant(source: str, asked: set[str], languages: Sequence[str]) -> bool:
    words = [word for word in split_name(PurePosixPath(source).stem) if question_terms(word, languages)]
    words = [word for word in words if not word.isdigit()]
    shared = sum(not asked.isdisjoint(question_terms(word, languages)) for word in words)
    return 0 < min(_SHARED, len(words)) <= shared


def _describe(failure: Failure) -> str:
    reason = re.sub(r"\s+", " ", failure.reason).rstrip(".")
    return f"{show_name(failure.source)} could not be read ({reason}), so nothing of it is in this answer."
