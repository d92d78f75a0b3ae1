"""What can be quoted of a passage: its sentences, list items and rows, each with the terms that it is scored by. Pure.

What only introduces something else (a heading, a table's head, a question) isn't quoted; its terms count for what it
introduces. A label is quoted with its sentence, and lines that were broken on purpose are told apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath

from rag.text.question_words import QUESTION_END, QUESTION_WORDS
from rag.text.scripts import DENSE, SPACELESS
from rag.text.sentences import Sentence, begins_item, split_sentences
from rag.text.tables import split_cells
from rag.text.terms import text_terms
from rag.types import Chunk

_LONGEST_LIST = 800
"""Characters of a list that is quoted together with the sentence before it."""
_LABEL = 3
"""Words of a label such as "Art. 7. Pets.", which says nothing without what follows it in its line."""
_LONGEST_ASIDE = 6
"""Words of a line that may be an aside."""
_NARROW = 40
"""Columns; lines that are all shorter don't show where a line was full."""
_FULL = 0.85
"""The part of its paragraph's width up to which a line and the next word would stand in one, were it only wrapped."""

_DENSE = re.compile(f"[{DENSE}]")
_SPACELESS = re.compile(f"[{SPACELESS}]")
_WORD = re.compile(rf"[^\W{SPACELESS}][^\s{SPACELESS}]*")
_SENTENCE = re.compile(r"[.!?…;。！？；]\W*$|[\d:：]")
"""What a title, a greeting or a name seldom has: a sentence's end, numbers, a value behind its name."""


@dataclass(frozen=True, slots=True)
class Quotable:
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
    is_aside: bool = False
    """Whether it is a short line without an end: a title, a greeting, a name below a letter."""
    paragraph: tuple[int, int] = (0, 0)
    """The span, in its passage, of what can be quoted together with it of its paragraph or list item."""


def list_quotables(index: int, chunk: Chunk, language: str) -> Iterator[Quotable]:
    """What can be quoted of the hit at `index`, in order; a passage with a single unit gives that one."""
    for paragraph in _group_paragraphs(chunk.text, _find_quotables(index, chunk, language)):
        span = paragraph[0].unit.start, paragraph[-1].unit.end
        yield from (replace(one, paragraph=span) for one in paragraph)


def _group_paragraphs(text: str, quotables: Iterable[Quotable]) -> Iterator[list[Quotable]]:
    """The neighbours of one paragraph or list item together; a row and a line broken on purpose are alone."""
    paragraph: list[Quotable] = []
    for one in quotables:
        if paragraph and not _continues(text, paragraph[-1], one):
            yield paragraph
            paragraph = []
        paragraph.append(one)
    if paragraph:
        yield paragraph


def _continues(text: str, before: Quotable, one: Quotable) -> bool:
    if before.order + 1 != one.order or before.unit.kind != one.unit.kind:
        return False
    if one.unit.kind == "item":
        return not begins_item(one.text)
    return one.unit.kind == "sentence" and "\n" not in text[before.unit.end : one.unit.start]


def _find_quotables(index: int, chunk: Chunk, language: str) -> Iterator[Quotable]:
    units = _list_units(chunk.text, language)
    section = frozenset(text_terms(f"{chunk.title} {chunk.section}", language))
    name = frozenset(text_terms(str(PurePosixPath(chunk.source).with_suffix("")), language))
    before = introduction = lead = frozenset[str]()
    for order, unit in enumerate(units):
        terms = tuple(text_terms(chunk.text[unit.start : unit.end], language))
        if unit.header:
            introduction = frozenset(text_terms(chunk.text[slice(*unit.header)], language))
        elif unit.kind != "item":
            introduction = frozenset()
        lead = lead if unit.kind == "row" else frozenset()
        if unit.kind == "heading" and len(units) > 1:
            section |= frozenset(terms)
        elif _leads_to_table(chunk.text, units, order):
            lead = frozenset(terms)
        elif len(units) == 1 or not _is_introduction(chunk.text, units, order):
            quoted = _include_items(chunk.text, units, order)
            text = chunk.text[quoted.start : quoted.end]
            head = introduction if unit.header else frozenset[str]()
            is_aside = _is_aside(chunk.text, quoted)
            above = section | introduction | lead
            yield Quotable(index, order, quoted, text, terms, before, above, name, head, is_aside)
            introduction = introduction if quoted is unit else frozenset(terms)
        before = frozenset(terms)


def count_words(text: str) -> float:
    """How long a reader takes it to be: two characters of a script without spaces count as a word."""
    return len(_WORD.findall(text)) + len(_SPACELESS.findall(text)) / 2


def describe(quotable: Quotable, chunk: Chunk) -> str:
    """The unit with what it belongs to, as an embedding model is to read it: title, section, a cell's column."""
    text = " ".join(quotable.text.split())
    if quotable.unit.kind == "row":
        text = ", ".join(name_cells(quotable, chunk.text))
    title = chunk.title or PurePosixPath(chunk.source).stem.replace("-", " ").replace("_", " ")
    return ". ".join(filter(None, (title, chunk.section, text)))


def name_cells(row: Quotable, text: str) -> Iterator[str]:
    """The row's cells that aren't empty, each behind its column's name: ``Fee: 12``; `text` is the passage's."""
    cells = split_cells(row.text)
    names = split_cells(text[slice(*row.unit.header)]) if row.unit.header else []
    for place, cell in enumerate(cells):
        name = names[place] if place < len(names) else ""
        if cell:
            yield f"{name}: {cell}" if name else cell


def _list_units(text: str, language: str) -> list[Sentence]:
    units = [line for unit in split_sentences(text, language) for line in _cut_lines(text, unit, language)]
    joined: list[Sentence] = []
    for unit in units:
        if joined and _is_label(text, joined[-1], unit):
            unit = replace(joined.pop(), end=unit.end)
        joined.append(unit)
    return joined


def _is_label(text: str, unit: Sentence, below: Sentence) -> bool:
    """Whether the unit says nothing without what follows: it announces it, or is too short and in the same line."""
    is_prose = unit.kind == below.kind and unit.kind in ("sentence", "item")
    if not is_prose or any(QUESTION_END.search(text, one.start, one.end) for one in (unit, below)):
        return False
    if unit.kind == "sentence" and text[unit.end - 1] in ":：":
        return True
    return "\n" not in text[unit.start : below.start] and count_words(text[unit.start : unit.end]) <= _LABEL


def _cut_lines(text: str, unit: Sentence, language: str) -> Iterator[Sentence]:
    """The unit's lines if they were broken on purpose, as in a chat or an address: more would have fitted in."""
    if unit.kind not in ("sentence", "item") or "\n" not in text[unit.start : unit.end]:
        yield unit
        return
    full = _find_full_width(text, unit, language)
    start = unit.start
    begun = text[: unit.start].rpartition("\n")[2]  # what stands before it in its first line
    for line, below in pairwise(re.finditer(r"\S.*", text[unit.start : unit.end])):
        if _is_broken(begun + line[0], below[0], full, language):
            yield replace(unit, start=start, end=unit.start + line.start() + len(line[0].rstrip()))
            start = unit.start + below.start()
        begun = ""
    yield replace(unit, start=start)


def _find_full_width(text: str, unit: Sentence, language: str) -> float:
    """The width from which on a line of the unit's paragraph is full; endless if most are broken long before it."""
    above, below = text[: unit.start].rpartition("\n\n")[2], text[unit.end :].partition("\n\n")[0]
    lines = re.findall(r"\S.*", f"{above}{text[unit.start : unit.end]}{below}")
    full = _FULL * max(_NARROW, *map(_measure_width, lines))
    broken = [_is_broken(line, next_line, full, language) for line, next_line in pairwise(lines)]
    return math.inf if 2 * sum(broken) >= len(broken) else full


def _is_broken(line: str, below: str, full: float, language: str) -> bool:
    """Whether the line ends before it is full; no one ends it on purpose behind "on" or "the"."""
    if line.split()[-1] in QUESTION_WORDS.get(language, ()):
        return False
    first = below[0] if _SPACELESS.match(below) else below.split(maxsplit=1)[0]
    return not first[0].islower() and _measure_width(line.rstrip()) + 1 + _measure_width(first) <= full


def _measure_width(line: str) -> int:
    return len(line) + len(_DENSE.findall(line))


def _is_introduction(text: str, units: Sequence[Sentence], order: int) -> bool:
    unit = units[order]
    heads_table = any(other.header and other.header[0] <= unit.start < other.header[1] for other in units[order:][:2])
    return heads_table or bool(QUESTION_END.search(text, unit.start, unit.end))


def _leads_to_table(text: str, units: Sequence[Sentence], order: int) -> bool:
    """Whether a sentence announces the rows behind it, and so says nothing without them."""
    unit = units[order]
    is_open = unit.kind == "sentence" and text[unit.end - 1] in ":："
    return is_open and order + 1 < len(units) and units[order + 1].kind == "row"


def _is_aside(text: str, unit: Sentence) -> bool:
    quote = text[unit.start : unit.end]
    stands_alone = text[: unit.start].rstrip(" ")[-1:] in ("", "\n") and text[unit.end :].lstrip(" ")[:1] in ("", "\n")
    is_short = count_words(quote) <= _LONGEST_ASIDE and not _SENTENCE.search(quote)
    return unit.kind == "sentence" and stands_alone and is_short


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
