"""Makes one ranking of several, by scores and not by ranks, and measures what BM25 doesn't see of a passage. Pure.

Fusion: a lexical score counts in standard deviations of what BM25 would give if the question's terms were strewn by
chance, a cosine in the spread that the embedding model's similarities have. How much a cosine counts follows from how
well the model knows the language of the question; how much a lexical score, from how much of the question the best one
matched.

Closeness: a term that the passage lacks counts as if it were there when the document's name or first lines have it, for
page 30 of a filing doesn't repeat the company and the quarter. Terms that stand close together count more than strewn
ones, and a code ("F75", "drawer100") more than a word, since nothing else is meant by it. A name or a number of the
question's that the document's name has ("Amazon", "Q3 2022", an invoice's number) counts once more for each of the
document's passages, by how rare it is among names: every annual report mentions the year before, and one is of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.index.lexical.entry import DocumentContext, QuestionTerm

# Weight of a cosine, by coverage of the question by the model's vocabulary: from the first, where it knows nothing, to
# the sum. Tuned on SQuAD, SQuAD 2, 10-Q filings and JaQuAD (the table is in `bench/RESULTS.md`).
_UNKNOWN_WEIGHT = 0.2
_KNOWN_WEIGHT = 2.5

_MATCH_WEIGHT = 1.8
"""Weight of a lexical score when the best one matches every term; tuned on 36 sets (the table is in
`bench/RESULTS.md`)."""

FULL_MATCH = 1.57
"""BM25 of one occurrence in a text of average length, in units of the term's idf."""

# Tuned together on SQuAD, JaQuAD and 10-Q filings (the table is in `bench/RESULTS.md`); an occurrence in the text
# itself counts FULL_MATCH times the idf.
_NAME_WEIGHT = 2.2
_OPENING_WEIGHT = 1.6
_WINDOW_WEIGHT = 0.3
_WINDOW_TERMS = 15

_CODE_WEIGHT = 2.0
"""What a code in the passage adds, in its idf. Chosen among 1, 2 and 4 on 51 notes that differ by one code alone; the
everyday questions and two other sets have the same figures with each."""
_CODE = re.compile(r"(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9._/+-]+|\d{5,}")
"""A term with letters and digits, and a long number."""

_DEFINITION_WORTH = 6.0
"""What a score gains by a definition that is asked for. Chosen on the code set, where 3 and 12 put the right chunk
first in 1 % fewer and 2 % more of the questions."""

_SENTENCE_WEIGHT = 1.0
"""Weight of the best sentence's cosine, in that of the passage's own (the table is in `bench/RESULTS.md`)."""

_LETTERS_WEIGHT = 1.0
"""Weight of the parts of words that a passage shares with the question: nearly the same from .7 to 1.4 on the everyday
collections (the table is in `bench/RESULTS.md`)."""

_LOGIT_WEIGHT = 1.2
"""What a unit of the packaged cross-encoder's logit adds to a score (the table is in `bench/RESULTS.md`)."""

_NOT_YET_COUNTED = 1 - FULL_MATCH / _NAME_WEIGHT
"""Share of the name's weight that a first passage still gets: its BM25 has seen the name as part of the text."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk with its combined score and the two it was made of; None where a search didn't return it."""

    id: int
    score: float
    dense: float | None
    lexical: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """What one unit of each search's score is worth for this question."""

    dense: float
    lexical: float


def make_scale(
    terms: Sequence[QuestionTerm], chunk_count: int, spread: float, coverage: float, best_lexical: float
) -> Scale:
    """The scale of a question's scores.

    `spread` is the standard deviation of the model's cosines, `coverage` how well its vocabulary covers the question
    (0…1), `best_lexical` the highest BM25. If each term fell on its number of chunks independently of the others, BM25
    would deviate by `deviation`: an occurrence counts the term's idf, for the part for frequency and length, 0 to 2.2,
    would scale all scores alike. A term that every chunk has deviates a little all the same, as if a chunk without it
    were yet to come: among one or two chunks there may be no others, and nothing can be counted in deviations of zero.
    """
    cosine_weight = _UNKNOWN_WEIGHT + _KNOWN_WEIGHT * coverage
    whole = FULL_MATCH * sum(term.idf for term in terms)
    matched_share = min(1.0, best_lexical / whole) if whole else 0.0
    shares = [min(1.0, term.chunks / max(chunk_count, 1)) for term in terms]
    least = 1 / (4 * (chunk_count + 1))
    variances = [max(p * (1 - p), least) if p else 0.0 for p in shares]
    deviation = math.sqrt(sum(term.idf**2 * variance for term, variance in zip(terms, variances, strict=True)))
    return Scale(cosine_weight / max(spread, 1e-6), _MATCH_WEIGHT * matched_share / max(deviation, 1e-6))


def fuse(
    dense: Mapping[int, float], lexical: Mapping[int, float], scale: Scale, *, has_all_words: bool = False
) -> dict[int, Fused]:
    """Every chunk of the two lists by its id, in no order.

    What one search didn't return gets that search's lowest score, which is the most that it can have had.
    `has_all_words` says that the lexical list has every chunk with a term of the question: the others have none, which
    is nothing and not the lowest score. Else the only note with a word of the question would gain nothing by it.
    """
    lowest_dense = min(dense.values(), default=0.0)
    lowest_lexical = 0.0 if has_all_words else min(lexical.values(), default=0.0)
    fused: dict[int, Fused] = {}
    for chunk_id in dense.keys() | lexical.keys():
        cosine, bm25 = dense.get(chunk_id), lexical.get(chunk_id)
        score = scale.dense * (lowest_dense if cosine is None else cosine)
        score += scale.lexical * (lowest_lexical if bm25 is None else bm25)
        fused[chunk_id] = Fused(chunk_id, score, cosine, bm25)
    return fused


def add_definition(score: float) -> float:
    """The score of a passage that defines what the question names."""
    return score + _DEFINITION_WORTH


def add_edition(score: float, worth: float, documents: int, scale: Scale) -> float:
    """The score of a passage whose document is worth that much (0…1) as the edition that is wished for.

    It is what a name gains by a term that no other of so many documents' names has.
    """
    return score + scale.lexical * _NAME_WEIGHT * worth * math.log(1 + (documents - 0.5) / 1.5)


def add_letters(score: float, shared: float) -> float:
    """The score of a passage that shares parts of words with the question, as `rag.ranking.letters` counts them."""
    return score + _LETTERS_WEIGHT * shared


def add_sentences(scores: Sequence[float], cosines: Sequence[float], cosine_weight: float) -> list[float]:
    """What passages are worth with the cosines of their best sentences.

    `cosine_weight` is what a unit of a passage's own cosine is worth, `Scale.dense`.
    """
    return [s + _SENTENCE_WEIGHT * cosine_weight * c for s, c in zip(scores, cosines, strict=True)]


def add_relevance(worth: Sequence[float], relevance: Sequence[float], *, obeyed: bool) -> list[float]:
    """What passages are worth with what a reranking model gives them.

    The model's order is `obeyed` where its numbers have a scale that nobody measured. Else both count: as little as the
    two searches has a cross-encoder seen all that is known of a passage, the document's name for one.
    """
    return list(relevance) if obeyed else [w + _LOGIT_WEIGHT * r for w, r in zip(worth, relevance, strict=True)]


@dataclass(frozen=True, slots=True)
class Closeness:
    """How a passage stands to the question, each a sum of the idf of question terms."""

    present: float
    """The terms in the passage."""
    window: float
    """The terms in the best stretch of 15 terms."""
    name: float
    """The terms that only the document's name or title has, as far as its BM25 hasn't counted them."""
    opening: float
    """The terms that only the document's first lines have."""
    named: float = 0.0
    """The terms that only the document's name or title has, all of them."""
    codes: float = 0.0
    """The codes in the passage."""
    asked: float = 0.0
    """The names and numbers that the document's name has, whether or not the passage does, by their idf among names."""

    @property
    def bonus(self) -> float:
        """What the passage gets beside its BM25, in units of BM25."""
        document = _NAME_WEIGHT * (self.name + self.asked) + _OPENING_WEIGHT * self.opening
        return document + _WINDOW_WEIGHT * self.window + _CODE_WEIGHT * self.codes


def find_codes(terms: Iterable[QuestionTerm]) -> frozenset[int]:
    """The keys of the terms that are codes: "f75", "hx-20447", "10472"."""
    return frozenset(term.key for term in terms if _CODE.fullmatch(term.text))


def find_occurrences(passages: Mapping[int, np.ndarray], keys: Iterable[int]) -> dict[int, list[tuple[int, int]]]:
    """Where terms with these keys stand: for each passage (position, key), in order. Passages without any are left out.

    `passages` are the keys of each passage's terms in order. All are gone through at once, which takes a tenth of the
    time.
    """
    wanted = np.sort(np.fromiter(keys, np.uint32))
    if not passages or not len(wanted):
        return {}
    terms = np.concatenate(list(passages.values()))
    nearest = wanted[np.minimum(np.searchsorted(wanted, terms), len(wanted) - 1)]
    ends = np.cumsum([len(passage) for passage in passages.values()])
    at = np.flatnonzero(nearest == terms)
    passage_of = np.searchsorted(ends, at, "right")
    starts = np.concatenate(([0], ends[:-1]))
    ids = list(passages)
    found: dict[int, list[tuple[int, int]]] = {}
    rows = zip(passage_of.tolist(), (at - starts[passage_of]).tolist(), terms[at].tolist(), strict=True)
    for passage, place, key in rows:
        found.setdefault(ids[passage], []).append((place, key))
    return found


def measure_closeness(
    places: Sequence[tuple[int, int]],
    context: DocumentContext,
    idf: Mapping[int, float],
    *,
    is_first: bool,
    codes: frozenset[int] = frozenset(),
    in_names: Mapping[int, float] | None = None,
) -> Closeness:
    """`places` are (position, key) of the question's terms in the passage, in order; `idf` is by key.

    `codes` are the keys of the terms that are codes, `in_names` is the idf among names of those that may name a
    document, by key.

    `is_first` says that it is the document's first passage, with which the name is indexed.
    """
    present = {key for _, key in places}
    missing = idf.keys() - present
    named = missing & context.name
    opened = (missing - named) & context.opening
    return Closeness(
        present=sum(idf[key] for key in present),
        window=_find_best_window(places, idf),
        name=sum(idf[key] for key in named) * (_NOT_YET_COUNTED if is_first else 1.0),
        opening=sum(idf[key] for key in opened),
        named=sum(idf[key] for key in named),
        codes=sum(idf[key] for key in present & codes),
        asked=sum(rarity for key, rarity in in_names.items() if key in context.name) if in_names else 0.0,
    )


def _find_best_window(places: Sequence[tuple[int, int]], idf: Mapping[int, float]) -> float:
    """The greatest sum of the idf of different terms in a stretch."""
    best = total = 0.0
    counts: dict[int, int] = {}
    first = 0
    for place, term in places:
        counts[term] = counts.get(term, 0) + 1
        total += idf[term] if counts[term] == 1 else 0.0
        while places[first][0] <= place - _WINDOW_TERMS:
            gone = places[first][1]
            counts[gone] -= 1
            total -= idf[gone] if counts[gone] == 0 else 0.0
            first += 1
        best = max(best, total)
    return best
