"""What a verdict rests on: a few numbers from what both searches saw, each comparable across questions. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from rag.index.lexical.entry import QuestionTerm
from rag.ranking.closeness import Closeness
from rag.ranking.fusion import FULL_MATCH
from rag.text.sentences import Sentence, split_sentences
from rag.text.terms import detect_languages, text_terms

_SIZES = (10, 2_000)
"""Chunks of a small corpus and of a large one: the range of the sets that the calibration was fitted on."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the two lists."""

    terms: Sequence[QuestionTerm]
    chunk_count: int
    spread: float
    """Standard deviation of the model's cosines."""
    coverage: float
    """Of the question by the model's vocabulary."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the verdict rests on. Cosines count in spreads of the model's; shares are of the idf of all terms."""

    cosine: float
    """The best."""
    cosine_deep: float
    """That of the last candidate: what this question gets for nothing."""
    cosine_known: float
    """The best, as far as the model's vocabulary covers the question (0…1)."""
    sentence_cosine: float
    """Of the sentence of the best passage that has most of the question's terms; 0 until it is asked for."""
    coverage: float
    """Of the question by the model's vocabulary."""
    bm25: float
    """The best, as a share of what a text with every term once would get."""
    bm25_words: float
    """The best, in words as rare as can be."""
    second: float
    """Share of the terms in the second passage."""
    window: float
    """Share in the best stretch of one of the first three passages."""
    unseen: float
    """Number of terms that the corpus doesn't have."""
    size: float
    """Of the corpus: 0 for ten chunks or fewer, 1 for 2,000 or more."""


WEIGHTED = tuple(field.name for field in fields(Signals) if field.name != "size")
"""The signals that have a weight; the size chooses between two sets of weights."""


def measure_signals(
    evidence: Evidence, dense: Mapping[int, float], lexical: Mapping[int, float], looks: Sequence[Closeness]
) -> Signals:
    """`dense` and `lexical` are each search's list, best first; `looks` the best passages of the two together."""
    # What was joined and is nowhere as such says nothing, for its parts are terms too.
    terms = [term for term in evidence.terms if term.chunks or "_" not in term.text]
    total = sum(term.idf for term in terms) or 1.0
    cosines = [cosine / evidence.spread for cosine in dense.values()] or [0.0]
    bm25 = next(iter(lexical.values()), 0.0) / FULL_MATCH
    return Signals(
        cosine=cosines[0],
        cosine_deep=cosines[-1],
        cosine_known=cosines[0] * evidence.coverage,
        sentence_cosine=0.0,
        coverage=evidence.coverage,
        bm25=bm25 / total,
        bm25_words=bm25 / math.log(2 + evidence.chunk_count),
        second=looks[1].present / total if len(looks) > 1 else 0.0,
        window=max((look.window for look in looks), default=0.0) / total,
        unseen=sum(not term.chunks for term in terms),
        size=_scale_size(evidence.chunk_count),
    )


def _scale_size(chunk_count: int) -> float:
    """0…1, by the logarithm, because that is how fast the best of so many chance matches grows."""
    low, high = _SIZES
    return math.log(min(max(chunk_count, low), high) / low) / math.log(high / low)


def choose_sentence(text: str, terms: Sequence[QuestionTerm]) -> str:
    """The sentence whose terms have the greatest idf together; the first of those that are equal."""
    idf = {term.text: term.idf for term in terms}
    language = detect_languages(text)[0][0]

    def weigh(sentence: Sentence) -> float:
        return sum(idf.get(term, 0.0) for term in set(text_terms(text[sentence.start : sentence.end], language)))

    best = max(split_sentences(text, language), key=weigh, default=None)
    return text[best.start : best.end] if best else text
