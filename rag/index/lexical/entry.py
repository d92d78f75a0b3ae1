"""What the lexical index takes in and gives back. Pure values."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """What the lexical search knows of a chunk."""

    id: int
    source: str
    ordinal: int
    """Place in the document; with the first chunk, 0, the document's name and title are found."""
    title: str
    section: str
    text: str
    language: str = ""
    """ISO 639-1 code that the document declares, for texts that don't show theirs."""

    @property
    def tie_break(self) -> int:
        """Orders what has equal scores: made of the chunk's place in the folder, so that no history is in it."""
        place = f"{self.source}\0{self.ordinal}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(place, digest_size=8).digest(), signed=True)


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """What a document is about, for passages that don't repeat it: a filing names its company on the first page."""

    name: frozenset[int] = frozenset()
    """Keys of the terms of its path and title."""
    opening: frozenset[int] = frozenset()
    """Of those of its first lines."""


@dataclass(frozen=True, slots=True)
class QuestionTerm:
    """A search term of a question and in how many chunks it occurs."""

    text: str
    chunks: int
    idf: float

    @property
    def key(self) -> int:
        return term_key(self.text)


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A chunk with its BM25; higher is better."""

    id: int
    score: float
    keys: np.ndarray | None = field(default=None, compare=False)
    """What `LexicalIndex.read_passages` gives, if the search has read it."""


def term_key(term: str) -> int:
    """What a term is kept as in a passage: 32 bits, which two terms of a passage of 250 share once in 100,000."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))
