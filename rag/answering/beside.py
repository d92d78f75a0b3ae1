"""What is to be said beside an answer: what documents answer differently, and which part they don't hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from rag.answering.parts import find_missing_part
from rag.answering.quoting import Compare
from rag.answering.remarks import say_part_missing, say_several
from rag.answering.several import ReadDates, Several, find_several
from rag.types import Retrieval


@dataclass(frozen=True, slots=True)
class Beside:
    """What was found, with its sentences in the question's language."""

    remark: str = ""
    several: Several | None = None
    missing_part: str = ""

    @property
    def asks_back(self) -> bool:
        """Whether the reader has to say first which of several things is meant."""
        return self.several is not None and self.several.kind == "choices"


def look_beside(retrieval: Retrieval, compare: Compare | None, read_dates: ReadDates | None) -> Beside:
    """Nothing where the documents are all but certain not to answer."""
    if retrieval.verdict == "no":
        return Beside()
    question = retrieval.question
    several = find_several(retrieval, read_dates, compare)
    part = find_missing_part(question, retrieval.hits, compare)
    said = (say_several(retrieval, several) if several else "", say_part_missing(part) if part else "")
    return Beside(" ".join(filter(None, said)), several, part)
