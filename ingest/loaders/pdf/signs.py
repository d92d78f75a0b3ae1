"""Signs of currencies and shares that stand apart from their numbers: ``$    1,200``, ``1 200    kr``.

Programs set the sign to one side of a cell and the number to the other, or give the sign a narrow column of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.loaders.pdf.grids import is_placed, split_cells
from ingest.loaders.pdf.gutters import Gap
from ingest.loaders.pdf.line import Line
from rag.text.tables import CURRENCY

_BEFORE, _BEHIND = "(", ("%", ")")
"""Signs that always stand there; a currency's may stand on either side."""
_SIGN = re.compile(rf"{CURRENCY}|[(%)]")
_ANY_SIGN = re.compile(rf"(?<!\S)(?:{_SIGN.pattern})(?!\S)")
_BEGINS_NUMBER, _ENDS_NUMBER = re.compile(r"[(+−-]?\d|[(—–-]$"), re.compile(r".*\d[%)]?$|[)—–-]$")
_SPACE = 0.25
"""The width of a usual space, in letter sizes."""
_NEAR = 0.7
"""A gap up to this one is a space, in letter sizes; the widest usual one, between letters of one width, is 0.6."""
_WHITE = re.compile(r"[ \t]")
_PIECE = re.compile(rf"{CURRENCY}(?!\S)")
_DASH = re.compile(r"[—–-](?!\S)")
_HAS_CURRENCY = re.compile(rf"(?<!\S){CURRENCY}(?!\S)")
_SAME_ROW = 0.3
"""How far the feet of a row's letters may differ, in letter sizes: a dash stands higher than figures."""


def join_signs(lines: Sequence[Line], spaces: Sequence[Sequence[Gap]]) -> tuple[list[Line], list[Sequence[Gap]]]:
    """The lines with such signs joined to their numbers, so that each number is one cell; and the gaps that remain.

    `spaces` has for each line its gaps between words. A column of signs that has a name of its own is left as it is.
    """
    joined: list[Line] = []
    remaining: list[Sequence[Gap]] = []
    head: Line | None = None
    for line, gaps in _join_pieces(lines, spaces):
        has_signs = "\t" in line.text and _ANY_SIGN.search(line.text) is not None
        if has_signs and not (head and _names_signs(head, line)):
            line, gaps = _join_line(line, gaps)
        elif "\t" in line.text and not has_signs:
            head = line
        joined.append(line)
        remaining.append(gaps)
    return joined, remaining


def _join_pieces(lines: Sequence[Line], spaces: Sequence[Sequence[Gap]]) -> list[tuple[Line, Sequence[Gap]]]:
    """The lines with their gaps; a currency, or a dash in its place, is joined to what stands beside it.

    pdfium may take either for a line of its own.
    """
    result: list[tuple[Line, Sequence[Gap]]] = []
    for line, gaps in zip(lines, spaces, strict=True):
        row = result[-1][0] if result else line
        is_piece = _PIECE.match(line.text) or (
            _HAS_CURRENCY.search(row.text) and (_DASH.match(line.text) or _PIECE.fullmatch(_WHITE.split(row.text)[-1]))
        )
        if is_piece and _is_beside(row, line):
            before = result.pop()[1]
            cuts, ends = (*row.cuts, line.left, *line.cuts), (*row.ends, row.right, *line.ends)
            gaps = [*before, (row.right, line.left), *gaps]
            line = replace(row, text=f"{row.text}\t{line.text}", right=line.right, cuts=cuts, ends=ends)
        result.append((line, gaps))
    return result


def _is_beside(row: Line, line: Line) -> bool:
    is_level = abs(row.bottom - line.bottom) <= _SAME_ROW * row.size and row.size == line.size
    return is_level and row.right < line.left


def _names_signs(head: Line, line: Line) -> bool:
    """Whether the line above has a cell for each of the line's, and one over a sign."""
    if head.text.count("\t") != line.text.count("\t") or not (is_placed(head) and is_placed(line)):
        return False
    return any(
        _SIGN.fullmatch(cell.text) and name.left < cell.right and name.right > cell.left
        for name, cell in zip(split_cells(head), split_cells(line), strict=True)
    )


def _join_line(line: Line, gaps: Sequence[Gap]) -> tuple[Line, Sequence[Gap]]:
    words = _WHITE.split(line.text)
    between = _WHITE.findall(line.text)
    gaps = [*gaps]
    for at, is_before in _find_signs(words, [place - before < _NEAR * line.size for before, place in gaps]):
        joins, divides = (at, at - 1) if is_before else (at - 1, at)
        is_word = words[at][0].isalpha()
        gaps[joins] = (gaps[joins][0], gaps[joins][0] + _SPACE * line.size)
        between[joins] = " " if is_word or not (is_before or words[at] in _BEHIND) else ""
        neighbours = words[divides : divides + 2]
        is_sum = words[at] != _BEFORE and words[at] not in _BEHIND and 0 <= divides < len(between)
        if is_sum and (_ENDS_NUMBER.match(neighbours[0]) if is_before else _BEGINS_NUMBER.match(neighbours[1])):
            between[divides] = "\t"
    text = words[0] + "".join(space + word for space, word in zip(between, words[1:], strict=True))
    cells = [gap for space, gap in zip(between, gaps, strict=True) if space == "\t"]
    ends, cuts = zip(*cells, strict=True) if cells else ((), ())
    return replace(line, text=text, ends=ends, cuts=cuts), [
        gap for space, gap in zip(between, gaps, strict=True) if space
    ]


def _find_signs(words: Sequence[str], are_near: Sequence[bool]) -> Iterator[tuple[int, bool]]:
    """Where the signs beside numbers are, and whether each stands before its own.

    `are_near` tells of each gap between words whether it is a mere space. Of a currency between two numbers the line's
    others tell, or that all are near to the same side; if nothing tells, it stands before its number.
    """
    found: list[tuple[int, bool, bool]] = []
    for at, word in enumerate(words):
        if _SIGN.fullmatch(word):
            begins = word not in _BEHIND and at + 1 < len(words) and _BEGINS_NUMBER.match(words[at + 1]) is not None
            ends = word != _BEFORE and at > 0 and _ENDS_NUMBER.match(words[at - 1]) is not None
            found.append((at, begins, ends))
    sums = [(at, begins, ends) for at, begins, ends in found if words[at] not in (_BEFORE, *_BEHIND)]
    told = [begins for _, begins, ends in sums if begins != ends]
    is_behind = not told[-1] if told else all(are_near[at - 1] and not are_near[at] for at, begins, _ in sums if begins)
    for at, begins, ends in found:
        if begins or ends:
            yield at, begins and not (ends and is_behind)
