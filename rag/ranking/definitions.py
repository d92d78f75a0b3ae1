"""Where what a question names by an identifier is defined: that passage comes before those that only use it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_IDENTIFIER = re.compile(
    r"`([^\W\d]\w*)(?:\(\))?`"
    r"|\b([^\W\d]\w*)\(\)"
    r"|\b([a-z0-9]+(?:[A-Z][a-z0-9]*)+|(?:[A-Z][a-z0-9]+){2,}|[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+)\b"
)
"""A word in backticks, one that is called, camelCase, PascalCase and snake_case."""

_KEYWORDS = (
    "def|class|struct|fn|func|function|interface|type|enum|trait|union|const|static|let|var|module|mod|namespace|impl"
    "|record|object|macro_rules!"
)
"""What stands before a defined name in the languages that are read as source code, and in some others."""


def find_identifiers(question: str) -> frozenset[str]:
    """The names of code that the question has, as they are written."""
    return frozenset(name for groups in _IDENTIFIER.findall(question) for name in groups if name)


def is_defined_in(names: Iterable[str], text: str) -> bool:
    """Whether the text defines one of the names: behind a keyword, or by an assignment at the beginning of a line."""
    either = "|".join(map(re.escape, names))
    receiver = r"(?:\([^)\n]*\)\s*)?"  # Go's methods name what they belong to before themselves
    annotation = r"(?::[^=\n]+)?"
    found = rf"\b(?:{_KEYWORDS})\s+{receiver}(?:{either})\b|^\s*(?:{either})\s*{annotation}=[^=]"
    return re.search(found, text, re.MULTILINE) is not None
