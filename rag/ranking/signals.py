"""What a verdict rests on: a few numbers from what both searches saw, each comparable across questions.

One of them is how well the embedding model's vocabulary covers the question: what it spells letter by letter it has not
learnt. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rag.index.lexical.entry import QuestionTerm
from rag.ranking.fusion import FULL_MATCH, Closeness
from rag.ranking.question import NO_WORDS, Words
from rag.text.language import detect_languages
from rag.text.scripts import DENSE
from rag.text.sentences import Sentence, split_sentences
from rag.text.terms import text_terms

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SIZES = (10, 2_000)
"""Chunks of a small corpus and of a large one: the range of the sets that the calibration was fitted on."""

_DENSE_SCRIPTS = re.compile(f"[{DENSE}]")
_UNKNOWN = frozenset({"[UNK]", "<unk>"})

# Letters of a token in a language that the model knows (the table is in `bench/RESULTS.md`). A character of a dense
# script says more.
_LETTERS = 4.0
_DENSE_LETTERS = 1.7

UNDECIDED = 0.5
"""Coverage of a text without letters, and of a question that no model embeds."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the two lists."""

    terms: Sequence[QuestionTerm]
    chunk_count: int
    spread: float
    """Standard deviation of the model's cosines."""
    coverage: float
    """How well the model's vocabulary covers the question, 0…1."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the verdict rests on. Cosines count in spreads of the model's; shares are of the idf of all terms."""

    cosine: float
    """The best cosine."""
    cosine_deep: float
    """The cosine of the last candidate, which shows how high chance alone brings a passage for this question."""
    cosine_known: float
    """The best cosine times how well the model's vocabulary covers the question."""
    sentence_cosine: float | None
    """The cosine of that sentence of the best passage which has most of the question's terms; None until it is asked
    for, and where there is no vector."""
    coverage: float
    """How well the model's vocabulary covers the question, 0…1."""
    bm25: float
    """The best BM25, as a share of what a text with every term once would get."""
    bm25_words: float
    """The best BM25, counted in occurrences of a word that a single chunk has."""
    second: float
    """Share of the terms in the second passage."""
    window: float
    """Share of the terms in the best stretch of one of the first three passages; the document's name and title count
    as if they stood beside each stretch."""
    unseen: float
    """Number of terms that the corpus doesn't have."""
    matched_share: float
    """Share of the question's words that one of the first three passages has, in whole or by most of their letters;
    stop words are left out."""
    unknown_words: float
    """How many of them no document has."""
    size: float
    """Size of the corpus: 0 for ten chunks or fewer, 1 for 2,000 or more. It grows with the logarithm, because that is
    how fast the best of so many chance matches grows."""


WEIGHTED = tuple(field.name for field in fields(Signals) if field.name != "size")
"""The signals that have a weight; the size chooses between two sets of weights."""


def measure_signals(
    evidence: Evidence,
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    looks: Sequence[Closeness],
    words: Words = NO_WORDS,
) -> Signals:
    """`dense` and `lexical` are each search's list, best first; `looks` the best passages of the two together."""
    # What was joined and is nowhere as such says nothing, for its parts are terms too.
    terms = [term for term in evidence.terms if term.chunks or "_" not in term.text]
    total = sum(term.idf for term in terms) or 1.0
    cosines = [cosine / evidence.spread for cosine in dense.values()] or [0.0]
    bm25 = next(iter(lexical.values()), 0.0) / FULL_MATCH
    small, large = _SIZES
    return Signals(
        cosine=cosines[0],
        cosine_deep=cosines[-1],
        cosine_known=cosines[0] * evidence.coverage,
        sentence_cosine=None,
        coverage=evidence.coverage,
        bm25=bm25 / total,
        bm25_words=bm25 / math.log(2 + evidence.chunk_count),
        second=looks[1].present / total if len(looks) > 1 else 0.0,
        window=max((look.window + look.named for look in looks), default=0.0) / total,
        unseen=sum(not term.chunks for term in terms),
        matched_share=words.matched_share,
        unknown_words=words.unknown_count,
        size=math.log(min(max(evidence.chunk_count, small), large) / small) / math.log(large / small),
    )


def choose_sentence(text: str, terms: Sequence[QuestionTerm]) -> str:
    """The sentence whose terms have the greatest idf together; the first of those that are equal."""
    idf = {term.text: term.idf for term in terms}
    language = detect_languages(text)[0][0]

    def weigh(sentence: Sentence) -> float:
        return sum(idf.get(term, 0.0) for term in set(text_terms(text[sentence.start : sentence.end], language)))

    best = max(split_sentences(text, language), key=weigh, default=None)
    return text[best.start : best.end] if best else text


def measure_coverage(tokenizer: Tokenizer, question: str) -> float:
    """How well the model's vocabulary covers the question, 0…1."""
    encoding = tokenizer.encode(question, add_special_tokens=False)
    return measure_vocabulary_coverage(question, encoding.tokens, encoding.offsets)


def measure_vocabulary_coverage(text: str, tokens: Sequence[str], offsets: Sequence[tuple[int, int]]) -> float:
    """0 if every letter is a token of its own or unknown, 1 if tokens are as long as in a language well known."""
    units = least = 0.0
    count = end_before = 0
    for token, (start, end) in zip(tokens, offsets, strict=True):
        letters = [letter for letter in text[max(start, end_before) : end] if letter.isalpha()]
        sizes = [1 / (_DENSE_LETTERS if _DENSE_SCRIPTS.match(letter) else _LETTERS) for letter in letters]
        end_before = max(end, end_before)
        if sizes:
            known_as = len(sizes) if token in _UNKNOWN else 1
            units += sum(sizes)
            least += known_as * sum(sizes) / len(sizes)
            count += known_as
    if not count:
        return UNDECIDED
    return min(1.0, max(0.0, (units - least) / max(count - least, 1e-9)))
