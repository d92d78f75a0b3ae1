"""Which documents their user keeps on this machine: those below folders, or with names, that a setting lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def find_private_source(listed: str, sources: Iterable[str]) -> str:
    """The first source that the list means; empty if none is.

    The list has folders below the corpus, or patterns as in ``.gitignore``, separated by commas: ``personnel``,
    ``clients/*/contracts``, ``*.key``. Case doesn't count, since on some systems it doesn't in a file's name either.
    """
    if not listed:
        return ""
    spec = _read(listed.casefold())
    return next((source for source in sources if spec.match_file(source.casefold())), "")


@lru_cache(maxsize=8)
def _read(listed: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    patterns = (part.strip().replace("\\", "/").removeprefix("./") for part in listed.split(","))
    return GitIgnoreSpec.from_lines(pattern for pattern in patterns if pattern)
