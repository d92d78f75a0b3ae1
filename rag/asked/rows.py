"""One document's answer without a model: the sentence that answers best, and its value that is asked for. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag.answering.fields import Field, find_field, get_field
from rag.answering.quotable import Quotable, list_quotables
from rag.answering.quoting import Compare
from rag.answering.values import Condition, Value, Wanted, find_condition, find_values, find_wanted, names_total
from rag.asked.labels import find_labelled, find_state
from rag.asked.lexicon import Reading
from rag.asked.words import Word
from rag.text.language import choose_language
from rag.text.terms import question_terms, text_terms
from rag.types import StoredChunk

# Tuned on invoices and minutes that bench/every makes with one seed; the figures are for others.
_ENOUGH = 0.34
"""How much of the question's weight a sentence must have to hold its answer."""
_CLOSENESS = 0.06
"""What one standard deviation of closeness counts beside it."""
_COMPARED = 12
"""Sentences that the embedding model compares, the best by their words."""
_ABOVE = 0.5
"""What a term counts that stands in the heading or the sentence before."""
_HEAD = 3
"""Lines in which a document says what it is."""
_LABEL = 40
"""Characters before a value that name it."""

_FOUND_ONLY = ("code", "span", "person", "people", "state")
"""Kinds of value that the question's own words don't find."""

_NOUNS = (Word.DOC, Word.SORT, Word.PAPER, Word.ONE, Word.FOLDER)
_GRAMMAR = (
    *(Word.EACH, Word.OF, Word.FN, Word.ASK, Word.COUNT, Word.LIST, Word.HAVE, Word.THIS, Word.SAY, Word.HERE),
    *(Word.AND, Word.ABOUT, Word.MENTION, Word.HOLD, Word.ANY),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one document answers."""

    source: str
    title: str = ""
    answer: str = ""
    """Empty where the document holds nothing on it."""
    plain: str = ""
    """The answer's value in one form, to be counted and compared; empty where there is none."""
    quote: str = ""
    page: int | None = None
    chunk_id: int = 0
    matches: bool | None = None
    """Whether the answer fulfils the question's condition; None without one."""
    failed: str = ""
    """Why the document could not be read."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {name: value for name, value in asdict(self).items() if name != "chunk_id"}


def find_core(reading: Reading) -> str:
    """The question without what only says that it is put to each document."""
    kept, words = [], [token.word for token in reading.tokens]
    for place, token in enumerate(reading.tokens):
        before = words[max(0, place - 3) : place]
        is_each = {Word.EACH, Word.THIS} & set(before) or before[-1:] in ([Word.COUNT], [Word.ASK])
        if token.word not in _GRAMMAR and not (token.word in _NOUNS and is_each):
            kept.append(token.text)
    return " ".join(kept) or reading.text


def read_wanted(question: str, core: str) -> tuple[Field | None, Wanted, Condition | None]:
    """What the question asks each document for, by name and by kind, and which answers count."""
    condition, field = find_condition(question), find_field(question) or find_field(core)
    if condition and condition.is_state:
        return None, "state", condition
    wanted = field.wanted if field else find_wanted(f"{question} {core}")
    if wanted == "words" and condition:
        wanted = "date" if condition.is_period else "amount"
    return field, wanted, condition


def find_row(
    core: str,
    field: Field | None,
    wanted: Wanted,
    condition: Condition | None,
    chunks: Sequence[StoredChunk],
    compare: Compare | None = None,
) -> Row:
    """The document's answer; a row without one if no sentence has enough of the question."""
    chunk = chunks[0].chunk
    if field or wanted in _FOUND_ONLY:
        found = find_labelled(field, chunks) if field else None
        if condition and condition.is_state:
            found = find_state(chunks, condition.kind)
        if found is None:
            return Row(chunk.source, chunk.title)
        return _make_row(found.stored, found.value, found.quote, condition, chunks)
    return _find_sentence(core, wanted, condition, chunks, compare)


def _find_sentence(
    core: str, wanted: Wanted, condition: Condition | None, chunks: Sequence[StoredChunk], compare: Compare | None
) -> Row:
    """The sentence that has most of the question's words."""
    chunk = chunks[0].chunk
    if wanted == "date" and (dated := _find_dated_head(core, chunks[0], condition)):
        return dated
    candidates = [
        (stored, one)
        for stored in chunks
        for one in list_quotables(0, stored.chunk, choose_language(stored.chunk.text, stored.language))
    ]
    scores = _score(core, candidates)
    order = sorted(range(len(candidates)), key=lambda place: -scores[place])[:_COMPARED]
    if compare and order:
        closeness = compare(core, [candidates[place][1].text for place in order])
        for place, close in zip(order, closeness or (), strict=False):
            scores[place] += _CLOSENESS * close
    best: tuple[float, Value | None, StoredChunk, Quotable] | None = None
    for place in order:
        stored, one = candidates[place]
        value = _choose_value(core, one, wanted)
        if wanted != "words" and value is None:
            continue
        if best is None or scores[place] > best[0]:
            best = (scores[place], value, stored, one)
    if best is None or best[0] < _ENOUGH:
        return Row(chunk.source, chunk.title)
    _, value, stored, one = best
    return _make_row(stored, value, one.text, condition, chunks)


def _find_dated_head(core: str, stored: StoredChunk, condition: Condition | None) -> Row | None:
    """The date in the first lines, which name what is asked for: "Minutes of the meeting of 3 May 2026"."""
    asked = frozenset(text_terms(core, stored.language))
    for line in stored.chunk.text.splitlines()[:_HEAD]:
        values = find_values(line, "date")
        if values and asked & frozenset(text_terms(line, stored.language)):
            return _make_row(stored, values[0], line.lstrip("# "), condition, (stored,))
    return None


def _make_row(
    stored: StoredChunk, value: Value | None, quote: str, condition: Condition | None, chunks: Sequence[StoredChunk]
) -> Row:
    """A period that is asked for is that of the value or, where this is no day, of the document."""
    chunk = stored.chunk
    answer, plain = (value.text, value.plain) if value else (" ".join(quote.split()), "")
    matches = None
    if condition:
        try:
            matches = condition.holds(plain)
        except ValueError:
            issued = get_field("issued")
            own = find_labelled(issued, chunks) if issued and condition.is_period else None
            matches = own is not None and condition.holds(own.value.plain)
    return Row(chunk.source, chunk.title, answer, plain, quote, chunk.page, stored.id, matches)


def _score(core: str, candidates: Sequence[tuple[StoredChunk, Quotable]]) -> list[float]:
    """How much of the question's weight each sentence has; rare terms weigh more."""
    languages = tuple(dict.fromkeys(choose_language(s.chunk.text, s.language) for s, _ in candidates))
    terms = [term for term in question_terms(core, languages or ("en",)) if not term.isdigit()]
    counts = Counter(term for _, one in candidates for term in set(one.terms))
    weights = {term: 1.0 / (1 + 0.3 * counts[term]) if counts[term] else 0.6 for term in terms}
    total = sum(weights.values()) or 1.0
    scores = []
    for _, one in candidates:
        own, above = frozenset(one.terms) | one.head, one.section | one.around
        scores.append(
            sum(weight * (1.0 if term in own else _ABOVE * (term in above)) for term, weight in weights.items()) / total
        )
    return scores


def _choose_value(core: str, one: Quotable, wanted: Wanted) -> Value | None:
    """The value whose label has most of the question; of those that tie the total, else the first one."""
    values = find_values(one.text, wanted)
    if not values:
        return None
    asked = frozenset(text_terms(core, ""))

    def rate(value: Value) -> tuple[float, int]:
        label = one.text[max(0, value.start - _LABEL) : value.start]
        label = re.split(r"[;\n]", label)[-1]
        shared = len(asked & frozenset(text_terms(label, "")))
        return shared + 0.5 * names_total(label), -value.start

    return max(values, key=rate)
