"""Questions for a first try, made of the user's own documents: of their titles and headings, without a model. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from page.suggestions import is_topic
from page.texts import say

_MOST = 3
_LONGEST_TITLE = 40
_DULL = re.compile(
    r"contents?|index|introduction|overview|summary|abstract|references|appendix|inhalt\w*|einleitung|vorwort"
    r"|sommaire|introducción|índice|indhold|введение|содержание|目次|차례|目录",
    re.IGNORECASE,
)
"""Headings that most documents have, so that they ask for nothing."""


class Outline(NamedTuple):
    """What a document calls itself, and its headings in their order."""

    source: str
    title: str
    headings: Sequence[str]


def make_starters(outlines: Iterable[Outline], language: str) -> list[str]:
    """A question on each of the first documents that have a heading to ask for, in the browser's language."""
    found = list(_ask(outlines, language))
    return found[:_MOST]


def _ask(outlines: Iterable[Outline], language: str) -> Iterator[str]:
    for outline in outlines:
        name = _name(outline)
        topics = [heading for heading in outline.headings if _is_telling(heading, name)]
        if topics:
            counts = Counter(topics)
            topic = max(dict.fromkeys(topics), key=lambda one: counts[one])  # the one with the most to read
            yield say(language, "starter.question", title=name, topic=topic)
        elif outline.title:
            yield say(language, "starter.title", title=name)


def _name(outline: Outline) -> str:
    stem = outline.source.rpartition("/")[2].rpartition(".")[0] or outline.source
    return outline.title if 0 < len(outline.title) <= _LONGEST_TITLE else stem


def _is_telling(heading: str, name: str) -> bool:
    return is_topic(heading) and not _DULL.fullmatch(heading) and heading.lower() not in name.lower()
