"""What the documents say to a question, word for word: the sentences of the hits that answer it. Pure.

A sentence is scored by how much of the question it covers, rare words counting more, and by how close an embedding
model finds the two, if there is one that knows the language. A sentence whose neighbour or heading names what it only
refers to gains by that. The best one comes with its paragraph if that is short. Tables give a row with its header,
lists an item. Quotes are added until they are long enough to hold an answer and short enough to be read.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.answering.quotable import Quotable, count_words, describe, list_quotables
from rag.text.language import choose_language, detect_languages
from rag.text.scripts import THAI
from rag.text.sentences import Sentence
from rag.text.tables import split_cells, write_row
from rag.text.terms import mend_terms
from rag.types import Citation, ScoredChunk

Compare = Callable[[str, Sequence[str]], "Sequence[float] | None"]
"""From a question and texts to how close each is to it, in standard deviations of texts that have nothing to do with
each other, less where the model hardly knows the language; None where no model can tell."""

MAX_SENTENCES = 6

# Tuned on SQuAD and a Japanese set: bench/RESULTS.md, "Answering and chat".
_NEIGHBOUR = 0.4
"""How much the sentence before counts for a term of the question that a sentence itself lacks."""
_SECTION = 0.4
"""How much title and headings count for such a term."""
_NAME = 0.8
"""How much the names of the file and its folders count for such a term: a note called "Key of the shed" doesn't say so
again."""
_FULL_WORD = 5
"""Letters from which on a word has its full weight; in languages with an alphabet the short ones are mostly grammar."""
_CODE = 2.0
"""The weight of a term of letters and digits: who asks for a code means what has it, whatever else shares his words."""
_FEW = 2
"""A table's row is meant if it has a term that no more of the candidates have: then the words of its head, which is
quoted with it, count as its own."""
_FIRST_SPACELESS = THAI[0]
"""Thai begins here and, behind it, Chinese, Japanese and Korean: a term of two characters is a whole word there."""
_SAME = 0.8
"""Two sentences that share this part of the longer one's terms say the same."""

# Tuned on 22 small collections in nine languages: bench/RESULTS.md, "Answering and chat".
_CLOSENESS = 0.085
"""What one standard deviation of closeness counts beside the covered share of the question."""
_RANK = 0.25
"""What it costs to stand in a passage that the ranking scores at nothing; in proportion, if it scores it at less than
the best one."""
_ASIDE = 0.2
"""What it costs a line to look like a title, a greeting or a name."""
_COMPARED = 24
"""Candidates that the embedding model compares, the best by their words; each takes it about 1.5 ms."""
_FAR = 0.3
"""A further sentence isn't quoted if its score is so much below the best one's. Where one wins by so much, it holds the
answer in nine of ten cases; elsewhere the best one does in one of two (everyday collections, with `_CLOSENESS` .08)."""
_SHORT = 40
"""Words of a paragraph or list item that is quoted whole, since its best sentence is the best of all."""
_UNRELATED = 0.1
"""How far below the best one's score a further sentence may be that shares no word with the question; one that shares
some may be further below, by as much as these give it."""
_ENOUGH = 64
"""Words from which on nothing more is quoted."""
_MOST = 90
"""Words that the quotes don't exceed, unless the best one has more."""


class Quotes(NamedTuple):
    text: str
    """Markdown only as far as rows are tables and items lists; everything else is a document's words."""
    citations: tuple[Citation, ...]
    markers: tuple[int, ...]
    """Where the markers of the citations begin in the text; whatever else looks like one is a document's own."""


def quote_answer(
    question: str, hits: Sequence[ScoredChunk], max_sentences: int = MAX_SENTENCES, compare: Compare | None = None
) -> Quotes:
    """The quotes, with a marker behind each; empty without hits.

    The best passage comes first, sentences of one passage in their order there. The numbers are the hits' own, from 1.
    """
    from rag.answering.citations import make_citation  # here, since `search` cites nothing

    chosen = _choose_quotables(rank_quotables(question, hits, compare), hits, max_sentences)
    text = ""
    markers: list[int] = []
    citations: list[Citation] = []
    for index in dict.fromkeys(candidate.hit for candidate in chosen):
        stored, mine = hits[index].stored, [candidate for candidate in chosen if candidate.hit == index]
        runs = _group_runs(mine)
        for run in runs:
            for place, quote in enumerate(_format_run(run, stored.chunk.text, index + 1)):
                text += "\n" if place else "\n\n" if text else ""
                markers.append(len(text) + quote.rindex("["))
                text += quote
        best = next(run for run in runs if mine[0] in run)
        citations.append(make_citation(index + 1, stored, stored.chunk.text[best[0].unit.start : best[-1].unit.end]))
    return Quotes(text, tuple(citations), tuple(markers))


class _Ranked(NamedTuple):
    score: float
    shared: float
    """What of the score the words give that it shares with the question."""
    quotable: Quotable


def rank_quotables(question: str, hits: Sequence[ScoredChunk], compare: Compare | None) -> list[_Ranked]:
    """All that can be quoted, the best first; if it is compared, no more than `_COMPARED`."""
    asked = detect_languages(question)[0][0]
    languages = [choose_language(hit.stored.chunk.text, hit.stored.language, asked) for hit in hits]
    candidates = [c for index, hit in enumerate(hits) for c in list_quotables(index, hit.chunk, languages[index])]
    weights = _weigh_terms(question, tuple(dict.fromkeys(languages)), candidates)
    in_how_many = Counter(term for candidate in candidates for term in set(candidate.terms))
    rare = frozenset(term for term in weights if 0 < in_how_many[term] <= _FEW)
    costs = [_RANK * (1 - hit.score / hits[0].score) if hits[0].score > 0 else 0.0 for hit in hits]
    scored = [(_score_words(candidate, weights, rare), candidate) for candidate in candidates]
    ranked = _sort_best_first(_Ranked(shared - costs[one.hit], shared, one) for shared, one in scored)
    first = ranked[:_COMPARED]
    texts = [describe(one.quotable, hits[one.quotable.hit].chunk) for one in first]
    closeness = compare(question, texts) if compare and texts else None
    if closeness is None:
        return ranked
    return _sort_best_first(
        one._replace(score=one.score + _CLOSENESS * close) for one, close in zip(first, closeness, strict=True)
    )


def _sort_best_first(ranked: Iterable[_Ranked]) -> list[_Ranked]:
    return sorted(ranked, key=lambda one: one.score, reverse=True)


def _choose_quotables(ranked: Sequence[_Ranked], hits: Sequence[ScoredChunk], max_sentences: int) -> list[Quotable]:
    """What is quoted, the best first, which brings its paragraph along unless no more than one sentence is wanted."""
    chosen: list[Quotable] = []
    heads: set[tuple[int, tuple[int, int] | None]] = set()
    words = 0.0
    for score, shared, quotable in ranked:
        if chosen and (len(chosen) >= max_sentences or words >= _ENOUGH or score <= max(0, ranked[0].score - _FAR)):
            break
        if ranked[0].score - score > _UNRELATED + shared:
            continue
        if not chosen and max_sentences > 1:
            quotable = _widen(quotable, hits[quotable.hit].chunk.text)
        head = (quotable.hit, quotable.unit.header)
        length = count_words(quotable.text)
        if quotable.unit.header and head not in heads:
            length += count_words(hits[quotable.hit].chunk.text[slice(*quotable.unit.header)])
        if (chosen and words + length > _MOST) or any(_says_the_same(quotable, other) for other in chosen):
            continue
        chosen.append(quotable)
        heads.add(head)
        words += length
    return chosen


def _widen(quotable: Quotable, text: str) -> Quotable:
    """The whole paragraph or list item, if that is short: the answer may stand in the next sentence."""
    start, end = quotable.paragraph
    paragraph = text[start:end]
    if count_words(paragraph) > _SHORT:
        return quotable
    return replace(quotable, unit=replace(quotable.unit, start=start, end=end), text=paragraph)


def _weigh_terms(question: str, languages: Sequence[str], candidates: Sequence[Quotable]) -> Mapping[str, float]:
    """The question's terms with their weight: the rarer among the candidates and the longer, the more.

    A word of a table's header counts for each row: it isn't rare, and says less than the row's own code.
    """
    in_how_many = Counter(term for candidate in candidates for term in {*candidate.terms, *candidate.head})
    context = frozenset[str]().union(*(candidate.section | candidate.name for candidate in candidates))
    terms = mend_terms(question, languages, lambda term: in_how_many[term] or int(term in context))
    return {term: _weigh_word(term) * math.log(1 + (len(candidates) + 1) / (in_how_many[term] + 0.5)) for term in terms}


def _weigh_word(term: str) -> float:
    if any(c.isdigit() or c >= _FIRST_SPACELESS for c in term):
        return _CODE if term.isascii() and any(c.isalpha() for c in term) else 1.0
    return min(1.0, len(term) / _FULL_WORD)


def _score_words(candidate: Quotable, weights: Mapping[str, float], rare: frozenset[str]) -> float:
    own = frozenset(candidate.terms)
    if candidate.head and own & rare:
        own |= candidate.head
    score = 0.0
    for term, weight in weights.items():
        if term in own:
            score += weight
        else:
            near, above = term in candidate.around, term in candidate.section
            score += weight * max(_NEIGHBOUR * near, _SECTION * above, _NAME * (term in candidate.name))
    return score / (sum(weights.values()) or 1.0) - _ASIDE * candidate.is_aside


def _says_the_same(one: Quotable, other: Quotable) -> bool:
    """Whether one adds nothing to the other: chunks overlap, and documents come in copies."""
    a, b = frozenset(one.terms), frozenset(other.terms)
    return one.text in other.text or other.text in one.text or len(a & b) >= _SAME * max(1, len(a), len(b))


def _group_runs(chosen: Sequence[Quotable]) -> list[list[Quotable]]:
    """Neighbours of one kind together, in the order of the passage."""
    runs: list[list[Quotable]] = []
    for candidate in sorted(chosen, key=lambda candidate: candidate.order):
        last = runs[-1][-1] if runs else None
        if last and last.order == candidate.order - 1 and last.unit.kind == candidate.unit.kind:
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _format_run(run: Sequence[Quotable], text: str, number: int) -> list[str]:
    """The quotes, each with its marker as the last of it; rows are a table again, items a list."""
    kind = run[0].unit.kind
    if kind == "row":
        rows = [*_format_table_head(text, run[0].unit), *(write_row(split_cells(candidate.text)) for candidate in run)]
        return ["\n".join(rows).removesuffix(" |") + f" [{number}] |"]
    lines = _join_lines(run, text)
    return [f"{line} [{number}]" for line in (lines if kind == "item" else ["\n".join(lines)])]


def _join_lines(run: Sequence[Quotable], text: str) -> list[str]:
    """What is quoted of each line, between them what the text has there."""
    lines: list[str] = []
    for place, quotable in enumerate(run):
        between = text[run[place - 1].unit.end : quotable.unit.start] if place else "\n"
        if "\n" in between:
            lines.append(_format_prose(quotable))
        else:
            lines[-1] += between + _format_prose(quotable)
    return lines


def _format_prose(quotable: Quotable) -> str:
    if quotable.unit.kind == "item":
        return quotable.text  # a list keeps its lines
    line = " ".join(quotable.text.split())
    return re.sub(r"^#{1,6} ", "", line) if quotable.unit.kind == "heading" else line


def _format_table_head(text: str, row: Sentence) -> list[str]:
    if row.header is None:
        return []
    header = text[slice(*row.header)]
    return [write_row(split_cells(header)), f"|{' --- |' * len(split_cells(header))}"]
