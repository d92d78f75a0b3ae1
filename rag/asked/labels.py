"""Finds what a document calls by a name that is asked for: the value beside its label, whatever the layout. Pure.

"Balance due £241.56", a cell "Kaution" with 2.340,00 € in the next one, "by giving two months' written notice", and
"Ruth Abbott (chair)" are all a label with a value near by.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rag.answering.fields import Field, get_field, list_fields
from rag.answering.values import Value, Wanted, find_values
from rag.text.dates import MONTH_NAME
from rag.types import StoredChunk

_FARTHEST = 70
"""How many characters may stand between a label and its value, after what costs more was added."""
_AROUND = 400
"""How many characters around a label are looked at."""
_BEHIND = 12
"""What it costs that the label stands behind its value: "two months' notice"."""
_BELOW = 12
"""What it costs that the value stands in the line below."""
_WEAK = 30
"""What it costs that the label's words may mean something else as well."""
_WITHIN = 15
"""What it costs that the label stands within a sentence instead of at the beginning of a line."""
_NEW_SENTENCE = 40
_HEAD_LINES = 8
"""Lines in which a document says of which day it is, and from whom."""

_SENTENCE_END = re.compile(
    rf"(?:[a-zà-ÿа-я)]{{2}}|\d(?=[.!?]\s+(?!(?i:{MONTH_NAME}))))[.!?]\s+(?=[^\W\d_a-zà-ÿа-я])|[。！？]"
)
_BEGIN = re.compile(
    r"^[\s|*_#>•·-]*(?:(?:§ ?)?\d+[.)]?|[a-z]\))?[\s|*_:-]*(?:(?:the|der|die|das|le|la|el|date of"
    r"|datum der)\s|l['’])?$",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"[*_ ]*[:：][*_ ]*(?:\n+(?=[^\W\d_]))?|[ ]*\t[ ]*|[ ]{2,}|[ ]+[–—|-][ ]+|\.{3,}[ ]*|[ ](?:is|ist|est|es"
    r"|er)[ ](?:(?:the|der|die|das|le|la|el|den)[ ])?(?=[A-ZÄÖÜÉ])"
)
_LONG_SEPARATOR = re.compile(r"[^\n:]{0,24}?\)?[ ]*[:：][*_ ]*|[*_ ]*\n+(?=[^\W\d_])")
"""Behind a label that begins its line: more words and a colon, or the end of its line."""
_PARTY = re.compile(
    r"\b(?:between|and|zwischen|und|entre|et|y|og|mellem)\b|\(\d\)|[;,\n](?=\s*[^\W\d_a-zà-ÿ])", re.IGNORECASE
)
"""Where a contract begins to say who a party is."""
_ALONE = re.compile(r"(?<![^\s(])([^\W\d_a-zà-ÿа-я][\w’'-]+) $")
_VERB = re.compile(r"(?:ed|leitete|présidé|presidió|ledede)$|^(?:took|takes|leads|led)\b", re.IGNORECASE)
_BEFORE_NAME = re.compile(r"\b(?:by|von|par|por|af)$")
_BY = re.compile(r"\s((?:[^\W\d_a-zà-ÿа-я][\w.’'-]*\s?){1,4})")
_NAME_END = re.compile(
    r"[,;(\t|\n，；（]|\*\*|\s[–—·-]\s|(?<=[a-zà-ÿ]{3})(?<!Prof)(?<!Dipl)\.(?:\s"
    r"|$)|(?<=[a-zà-ÿ]{2}\.)\s(?=[^\W\d_]+:)|。"
)
_LIST_END = re.compile(r"(?<=[^\W\d_]{2})\.\s+(?=[^\W\d_]+[^.\n]{0,30}:)|\n(?!\s*[-*•] )|\t|$")
_GIVEN = re.compile(r"\s*\((?:[^()\n]{0,12})$|,\s*$")
"""What stands between a name and its part: `Judith Marchetti ("the Landlord")`, "Camille Fabre, locataire"."""
_ELSEWHERE = re.compile(
    r"\b(?:geb|born|née?|nació|født|period\w*|zeitraum|périod\w*|perio[dr]\w*|relates to|zur rechnung"
    r"|\w*schaden|damage"
    r"|claim of|received|erhalten|versée?|verbrauch|valid|last|previous|from|bis|to|au|til|a)\W*$|[–-]\s?$",
    re.IGNORECASE,
)
"""Before a date that isn't the document's own."""
_SORT = re.compile(
    r"^\W*(?:tax |final |pro ?forma )?(?:invoice|bill|receipt|statement|credit note|rechnung|beleg|quittung"
    r"|gutschrift|facture|avoir|factura|recibo|faktura"
    r"|regning|kvittering|сч[её]т|請求書|청구서|发票|minutes|protokoll)\b.{0,24}$|^\W*$|^\W*(?:page|seite) \d",
    re.IGNORECASE,
)
"""A line that only tells what sort of document it is."""
_SENDER_END = re.compile(rf"{_NAME_END.pattern}|\s·\s|\s{{2,}}")
_IS_DAY = re.compile(r"(?:19|20)\d\d(?:[-_]?\d\d){0,2}")
_CODE = re.compile(
    r"[\s:：.#№°º*]{0,6}((?:[A-Z]{1,4}[ -])?(?=[\w./-]*\d)[A-Z\d](?:[\w./-]*\w)?(?: \d{2,4}(?![\d.,]))*)(?![\w.,%]*%)"
)
"""A number behind its label: there it may be short, and in several groups."""
_CODE_IN_NAME = re.compile(r"(?:[A-Z]{1,5}[-_ ]?)?\d[\d/_-]{2,}\d?|[A-Z]{1,5}[-_ ]?\d{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands."""

    stored: StoredChunk
    value: Value
    quote: str
    cost: float
    """How far it is from what names it."""


class Paper:
    """A document as one text, whatever its passages are: a line may begin in one and end in the next."""

    def __init__(self, chunks: Sequence[StoredChunk]) -> None:
        self.chunks = chunks
        self.text, self._starts = "", list[int]()
        for stored in chunks:
            self._starts.append(len(self.text))
            self.text += f"{stored.chunk.text[stored.chunk.overlap :]}\n"

    def find(self, value: Value, start: int, end: int, cost: float) -> Found:
        """The value with the sentence that holds it and its label, as far as both stand in one passage."""
        place = bisect_right(self._starts, value.start) - 1
        first, stored = self._starts[place], self.chunks[place]
        last = first + len(stored.chunk.text) - stored.chunk.overlap
        return Found(stored, value, _quote(self.text[first:last], max(start - first, 0), min(end, last) - first), cost)


def find_labelled(field: Field, chunks: Sequence[StoredChunk]) -> Found | None:
    """The value that the document calls so: the one that is nearest to its label, and of these the first."""
    paper = Paper(chunks)
    if found := _find_nearest(field, paper):
        return found
    if field.instead == "head":
        return _find_own_day(paper) if field.wanted == "date" else _find_sender(paper)
    if field.instead == "file name":
        return _read_name(paper)
    if field.instead == "span":
        return _find_nearest(replace(field, wanted="span"), paper)
    other = get_field(field.instead)
    return _find_nearest(other, paper) if other else None


def find_state(chunks: Sequence[StoredChunk], wanted: str) -> Found | None:
    """What says whether it was paid; a document that asks for money and says neither is not paid."""
    paper = Paper(chunks)
    for value in sorted(find_values(paper.text, "state"), key=lambda one: one.plain != "paid"):
        return paper.find(value, value.start, value.end, 0)
    payable, due = get_field("payable"), get_field("due")
    if wanted == "unpaid" and payable and due and (asks := _find_nearest(payable, paper) or _find_nearest(due, paper)):
        found = find_labelled(payable, chunks) or asks
        return replace(found, value=replace(found.value, plain="unpaid"))
    return None


def _find_nearest(field: Field, paper: Paper) -> Found | None:
    found = list(_list_found(field, paper))
    if field.name in ("total", "payable"):  # partial sums stand above
        found.reverse()
    return min(found, key=lambda one: one.cost, default=None)


def _list_found(field: Field, paper: Paper) -> Iterator[Found]:
    text, others = paper.text, _list_others(field, paper.text)
    values = [] if field.wanted in ("words", "person", "people") else _find_by_line(text, field.wanted)
    value_starts, other_starts = [one.start for one in values], [first for first, _ in others]
    for level, pattern in enumerate(field.labels):
        for label in pattern.finditer(text):
            start, end = label.span()
            first, last = start - _AROUND, end + _AROUND
            near = values[bisect_left(value_starts, first) : bisect_left(value_starts, last)]
            other = others[bisect_left(other_starts, first) : bisect_left(other_starts, last)]
            over = [last - first for first, last in other if first < end and start < last]
            if any(level or length > end - start for length in over):  # it is a part of that name
                continue
            for value, cost in _list_values(field, text, start, end, near, other):
                if cost + _WEAK * level <= _FARTHEST:
                    yield paper.find(value, min(start, value.start), max(end, value.end), cost + _WEAK * level)


def _list_values(
    field: Field, text: str, start: int, end: int, values: Sequence[Value], others: Sequence[tuple[int, int]]
) -> Iterator[tuple[Value, float]]:
    """What a label may name, with how far it is from it."""
    if field.wanted == "words":
        return iter([(Value(" ".join(_quote(text, start, end).split()), "", start, end), 0)])
    if cell := _find_below(text, start, end):
        return _read_cell(text, *cell, field.wanted)
    if field.wanted == "code" and (code := _CODE.match(text, end)) and not _IS_DAY.fullmatch(code[1]):
        line_end = text.find("\n", code.end())
        days = find_values(text[code.start(1) : line_end if line_end >= 0 else len(text)], "date")
        if all(one.start for one in days):
            return iter([(Value(code[1], code[1], *code.span(1)), 0)])
    if field.wanted in ("person", "people"):
        return _find_people(text, start, end, field.wanted)
    return _pair(text, start, end, values, others)


def _find_by_line(text: str, wanted: Wanted) -> list[Value]:
    """The values of each line: what is an amount, its line tells."""
    values, begun = [], 0
    for line in text.splitlines(keepends=True):
        for one in find_values(line, wanted):
            values.append(Value(one.text, one.plain, begun + one.start, begun + one.end))
        begun += len(line)
    return values


def _find_below(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the cell stands that is below a label in a table's head."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    head = text[first : last if last >= 0 else len(text)]
    mark = "\t" if "\t" in head else "|"
    if head.count(mark) < 2 - (mark == "\t") or re.search(r"\d", head):
        return None
    for row in re.compile(r"[^\n]+").finditer(text, last if last >= 0 else len(text)):
        if re.fullmatch(r"[\s|:-]*", row[0]):
            continue
        cells = row[0].split(mark)
        place = head[: start - first].count(mark)
        if len(cells) != head.count(mark) + 1:
            return None
        begun = row.start() + sum(len(cell) + 1 for cell in cells[:place])
        return begun, begun + len(cells[place])
    return None


def _list_others(field: Field, text: str) -> list[tuple[int, int]]:
    """Where other fields with values of this kind are named beyond doubt."""
    same = (one for one in list_fields() if one.wanted == field.wanted and one.name not in (field.name, field.instead))
    spans = (found.span() for one in same if one.instead != field.name for found in one.labels[0].finditer(text))
    return sorted(spans)


def _pair(
    text: str, start: int, end: int, values: Sequence[Value], others: Sequence[tuple[int, int]]
) -> Iterator[tuple[Value, float]]:
    """The nearest values behind and before a label with what they cost."""
    line_start = text.rfind("\n", 0, start) + 1
    within = 0 if _BEGIN.match(text[line_start:start]) else _WITHIN
    if over := next((one for one in values if one.start <= start < one.end), None):
        yield over, within
    after = [one for one in values if one.start >= end and "\n" not in text[end : one.start]]
    outside = (one for one in after if text.count("(", end, one.start) <= text.count(")", end, one.start))
    behind = next(outside, None) or next((one for one in values if one.start >= end), None)
    if behind:
        between = text[end : behind.start]
        is_other = any(end <= place < behind.start for place, _ in others)
        lines = between.count("\n")
        rest = between.partition("\n")[0]
        if not is_other and (
            lines == 0
            or (lines <= 2 and not re.search(r"\w", between[len(rest) :].strip()) and len(rest.strip(" :*|.")) < 3)
        ):
            cost = len(re.sub(r"[\s.·_|*:-]+", " ", between)) + _BELOW * min(lines, 1) + within
            yield behind, cost + (_NEW_SENTENCE if _SENTENCE_END.search(between) else 0)
    before = next((one for one in reversed(values) if one.end <= start), None)
    if before:
        between = text[before.end : start]
        owned = max((one.end for one in values if one.end <= before.start), default=0)
        is_other = any(
            max(line_start, owned) <= stop <= before.start or before.end <= place < start for place, stop in others
        )
        if "\n" not in between and not is_other and not _SENTENCE_END.search(between):
            yield before, len(between) + _BEHIND + _WITHIN


def _find_people(text: str, start: int, end: int, wanted: Wanted) -> Iterator[tuple[Value, float]]:
    """Who is named beside a label: behind its colon, else near by in its line."""
    begun = text.rfind("\n", 0, start) + 1
    separator = _SEPARATOR.match(text, end)
    if not separator and _BEGIN.match(text[begun:start]):
        separator = _LONG_SEPARATOR.match(text, end)
    if separator:
        stop = (_LIST_END if wanted == "people" else _NAME_END).search(text, separator.end())
        named = text[separator.end() : stop.start() if stop else len(text)]
        if re.search(r"[^\W\d_]", named) and (wanted == "people" or len(named) < _FARTHEST):
            yield _make_value(text, separator.end(), separator.end() + len(named)), 0
            return
    if (by := _BY.match(text, end)) and _BEFORE_NAME.search(text[start:end]):
        yield _make_value(text, *by.span(1)), 1
        return
    stop_at = text.find("\n", end)
    names = find_values(text[begun : stop_at if stop_at >= 0 else len(text)], "person")
    placed = [replace(one, start=begun + one.start, end=begun + one.end) for one in names]
    if wanted == "person":
        yield from _list_near(text, start, end, placed)
    else:
        quote = _quote(text, start, end)
        said = [one for one in placed if one.text in quote]
        first, last = (said[0].start, said[-1].end) if said else (start, start)
        value = _make_value(text, first, last) if said else Value(quote, "", start, end)
        yield value, _WITHIN if said else _WEAK


def _list_near(text: str, start: int, end: int, names: Sequence[Value]) -> Iterator[tuple[Value, float]]:
    """The names of a label's sentence: "Judith Marchetti (landlord)", "the chairman, Victor Salgado"."""
    if (given := re.search(r"\([^()\n]{0,12}$", text[max(0, start - 14) : start])) is not None:
        begun = max((found.end() for found in _PARTY.finditer(text, max(0, start - _AROUND), start)), default=0)
        bracket = max(0, start - 14) + given.start()
        if party := next((one for one in names if begun <= one.start and one.end <= bracket), None):
            yield party, 2
            return
    for name in names:
        is_before = name.end <= start
        if not is_before and name.start < end:
            continue
        between = text[name.end : start] if is_before else text[end : name.start]
        if _SENTENCE_END.search(between):
            continue
        if is_before:
            cost = 3 if _GIVEN.fullmatch(between) or len(between) <= 1 else len(between) + _BEHIND
        else:
            cost = 4 if between in (" ", ", ") else len(between) + 2
        if cost <= _FARTHEST / 2:
            yield name, cost
    if (alone := _ALONE.search(text, max(0, start - 30), start)) and _VERB.search(text[start:end]):
        yield _make_value(text, *alone.span(1)), 5


def _read_cell(text: str, start: int, end: int, wanted: Wanted) -> Iterator[tuple[Value, float]]:
    """The first value of a cell; of persons and their numbers all of it."""
    values = find_values(text[start:end], wanted)
    if wanted in ("person", "people", "code") and text[start:end].strip(" *|"):
        values = [replace(_make_value(text, start, end), start=0, end=end - start)]
    for one in values[:1]:
        yield replace(one, start=start + one.start, end=start + one.end), _BELOW


def _make_value(text: str, start: int, end: int) -> Value:
    written = " ".join(re.sub(r"\n\s*[-*•] ", ", ", text[start:end]).replace("**", "").split()).strip(" ,;.*:-")
    return Value(written, written, start, end)


def _find_own_day(paper: Paper) -> Found | None:
    """The document's own day: the first one that its first lines name, unless they say that it is of something else."""
    lines = paper.text.splitlines(keepends=True)[:_HEAD_LINES]
    head = "".join(lines)
    claimed = [
        found.end()
        for field in list_fields()
        if field.wanted == "date" and field.name != "issued"
        for found in field.labels[0].finditer(head)
    ]
    for value in find_values(head, "date"):
        line_start = head.rfind("\n", 0, value.start) + 1
        is_claimed = any(line_start <= end <= value.start for end in claimed)
        if not is_claimed and not _ELSEWHERE.search(head[line_start : value.start]):
            return paper.find(value, value.start, value.end, 0)
    return None


def _find_sender(paper: Paper) -> Found | None:
    """Whose letter or invoice it is: the first line, unless that only says what sort of document it is."""
    begun = 0
    for line in paper.text.splitlines(keepends=True)[:_HEAD_LINES]:
        written = line.strip(" #*_\n\r\t|")
        if not _SORT.match(written) and not find_values(written, "date") and re.search(r"[^\W\d_]{2}", written):
            end = _SENDER_END.search(written)
            value = Value((written[: end.start()] if end else written).strip(" -–·"), "", begun, begun + len(line))
            return paper.find(value, begun, begun + len(line.rstrip()), 0)
        begun += len(line)
    return None


def _read_name(paper: Paper) -> Found | None:
    """A number that stands in the file's name alone."""
    names = _CODE_IN_NAME.findall(PurePosixPath(paper.chunks[0].chunk.source).stem)
    codes = [one for one in names if re.search(r"\d{3}", one) and not _IS_DAY.fullmatch(one)]
    return paper.find(Value(codes[0], codes[0], 0, 0), 0, 0, 0) if codes else None


def _quote(text: str, start: int, end: int) -> str:
    """The sentence that holds both; in lines of cells or labels, these lines."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    line = text[first : last if last >= 0 else len(text)]
    begin, done = 0, len(line)
    for stop in _SENTENCE_END.finditer(line):
        if stop.end() <= start - first:
            begin = stop.end()
        elif stop.start() >= end - first - 2:
            done = stop.end()
            break
    return line[begin:done].strip().lstrip("# ")
