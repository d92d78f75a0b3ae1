"""The answer while no language model runs: the sentences of the hits that answer the question, word for word. Pure.

Sentences are scored by how much of the question they cover, rare words counting more; a sentence whose neighbour or
heading names what it only refers to gains by that. Tables give a row with its header, lists an item.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from rag.answering.citations import make_citation
from rag.text.question_words import QUESTION_END
from rag.text.scripts import THAI
from rag.text.sentences import Sentence, split_sentences
from rag.text.tables import split_cells
from rag.text.terms import choose_language, detect_languages, mend_terms, text_terms
from rag.types import Chunk, Citation, ScoredChunk

MAX_SENTENCES = 3

# Tuned on SQuAD and a Japanese set: bench/RESULTS.md, "Answering and chat".
_NEIGHBOUR = 0.4
"""How much the sentence before counts for a term of the question that a sentence itself lacks."""
_SECTION = 0.4
"""How much title and headings count for such a term."""
_NAME = 0.8
"""How much the names of the file and its folders count for such a term: a note called "Key of the shed" doesn't say so
again."""
_RANK = 0.1
"""The share of its score that each place in the order of the hits costs."""
_CLOSE = 0.75
"""A further sentence is quoted if its score is at least this part of the best one's."""
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

_LONGEST_LIST = 800
"""Characters of a list that is quoted together with the sentence before it."""


@dataclass(frozen=True, slots=True)
class _Quotable:
    """A unit of a hit that may be quoted, with the terms that it is scored by."""

    hit: int
    """Place of its passage among the hits."""
    order: int
    """Place of the unit in its passage."""
    unit: Sentence
    text: str
    terms: tuple[str, ...]
    around: frozenset[str]
    """Terms of the sentence before."""
    section: frozenset[str]
    """Terms of title, headings, a table's header and the line that introduces a list."""
    name: frozenset[str]
    """Terms of the names of the file and its folders."""
    head: frozenset[str]
    """Terms of a table's header, which its rows share."""


class Quotes(NamedTuple):
    text: str
    """Markdown only as far as rows are tables and items lists; everything else is a document's words."""
    citations: tuple[Citation, ...]
    markers: tuple[int, ...]
    """Where the markers of the citations begin in the text; whatever else looks like one is a document's own."""


def quote_answer(question: str, hits: Sequence[ScoredChunk], max_sentences: int = MAX_SENTENCES) -> Quotes:
    """The quotes, with a marker behind each; empty without hits.

    The best passage comes first, sentences of one passage in their order there. The numbers are the hits' own, from 1.
    """
    chosen = _choose_candidates(question, hits, max_sentences)
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


def _choose_candidates(question: str, hits: Sequence[ScoredChunk], max_sentences: int) -> list[_Quotable]:
    """What is quoted, the best first."""
    asked = detect_languages(question)[0][0]
    languages = [choose_language(hit.stored.chunk.text, hit.stored.language, asked) for hit in hits]
    candidates = [
        c for index, hit in enumerate(hits) for c in _list_candidates(index, hit.stored.chunk, languages[index])
    ]
    weights = _weigh_terms(question, tuple(dict.fromkeys(languages)), candidates)
    in_how_many = Counter(term for candidate in candidates for term in set(candidate.terms))
    rare = frozenset(term for term in weights if 0 < in_how_many[term] <= _FEW)
    scores = [_score_candidate(candidate, weights, rare) for candidate in candidates]
    ranked = sorted(zip(scores, candidates, strict=True), key=lambda scored: scored[0], reverse=True)
    chosen: list[_Quotable] = []
    for score, candidate in ranked:
        if len(chosen) == max_sentences or score < ranked[0][0] * _CLOSE or (chosen and score == 0):
            break
        if not any(_says_the_same(candidate, other) for other in chosen):
            chosen.append(candidate)
    return chosen


def _list_candidates(index: int, chunk: Chunk, language: str) -> Iterator[_Quotable]:
    """What can be quoted. Headings, table headers, questions and a list's first line count for what they introduce."""
    units = split_sentences(chunk.text, language)
    section = frozenset(text_terms(f"{chunk.title} {chunk.section}", language))
    name = frozenset(text_terms(str(PurePosixPath(chunk.source).with_suffix("")), language))
    before = introduction = frozenset[str]()
    for order, unit in enumerate(units):
        terms = tuple(text_terms(chunk.text[unit.start : unit.end], language))
        if unit.header:
            introduction = frozenset(text_terms(chunk.text[slice(*unit.header)], language))
        elif unit.kind != "item":
            introduction = frozenset()
        if unit.kind == "heading" and len(units) > 1:
            section |= frozenset(terms)
        elif len(units) == 1 or not _is_introduction(chunk.text, units, order):
            quoted = _include_items(chunk.text, units, order)
            text = chunk.text[quoted.start : quoted.end]
            head = introduction if unit.header else frozenset[str]()
            yield _Quotable(index, order, quoted, text, terms, before, section | introduction, name, head)
            introduction = introduction if quoted is unit else frozenset(terms)
        before = frozenset(terms)


def _is_introduction(text: str, units: Sequence[Sentence], order: int) -> bool:
    unit = units[order]
    heads_table = any(other.header and other.header[0] <= unit.start < other.header[1] for other in units[order:][:2])
    return heads_table or bool(QUESTION_END.search(text, unit.start, unit.end))


def _include_items(text: str, units: Sequence[Sentence], order: int) -> Sentence:
    """A sentence that ends in a colon together with the list behind it, as far as that is short enough."""
    unit = units[order]
    if unit.kind != "sentence" or text[unit.end - 1] not in ":：":
        return unit
    end = unit.end
    for item in units[order + 1 :]:
        if item.kind != "item" or item.end - unit.start > _LONGEST_LIST:
            break
        end = item.end
    return unit if end == unit.end else Sentence(unit.start, end, "item")


def _weigh_terms(question: str, languages: Sequence[str], candidates: Sequence[_Quotable]) -> Mapping[str, float]:
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


def _score_candidate(candidate: _Quotable, weights: Mapping[str, float], rare: frozenset[str]) -> float:
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
    return score / (sum(weights.values()) or 1.0) * (1 - _RANK * min(candidate.hit, 8))


def _says_the_same(one: _Quotable, other: _Quotable) -> bool:
    """Whether one adds nothing to the other: chunks overlap, and documents come in copies."""
    a, b = frozenset(one.terms), frozenset(other.terms)
    return one.text in other.text or other.text in one.text or len(a & b) >= _SAME * max(1, len(a), len(b))


def _group_runs(chosen: Sequence[_Quotable]) -> list[list[_Quotable]]:
    """Neighbours of one kind together, in the order of the passage."""
    runs: list[list[_Quotable]] = []
    for candidate in sorted(chosen, key=lambda candidate: candidate.order):
        last = runs[-1][-1] if runs else None
        if last and last.order == candidate.order - 1 and last.unit.kind == candidate.unit.kind:
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _format_run(run: Sequence[_Quotable], text: str, number: int) -> list[str]:
    """The quotes, each with its marker as the last of it; rows are a table again, items a list."""
    kind = run[0].unit.kind
    if kind == "row":
        rows = [*_format_table_head(text, run[0].unit), *(_format_row(candidate.text) for candidate in run)]
        return ["\n".join(rows).removesuffix(" |") + f" [{number}] |"]
    if kind == "item":
        return [f"{candidate.text} [{number}]" for candidate in run]
    heading = r"^#{1,6} " if kind == "heading" else r"\Z"
    return [" ".join(re.sub(heading, "", " ".join(candidate.text.split())) for candidate in run) + f" [{number}]"]


def _format_table_head(text: str, row: Sentence) -> list[str]:
    if row.header is None:
        return []
    header = text[slice(*row.header)]
    return [_format_row(header), f"|{' --- |' * len(split_cells(header))}"]


def _format_row(line: str) -> str:
    cells = (cell.replace("|", "\\|") for cell in split_cells(line))
    return f"| {' | '.join(cells)} |"
