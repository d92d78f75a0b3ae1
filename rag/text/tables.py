"""A table's lines: their cells, and whether the first of them names the columns. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

RULE = re.compile(r"\s*+\|?\s*+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)*+\|?\s*$")
"""The line below the head of a Markdown table; without a ``|``, it may also be a rule or a heading's underline."""
CURRENCY = (
    r"(?:(?:US|CA?|AU?|NZ?|HK|SG?|NT|R|Mex)?\$|S/\.?|[£¥\u20a0-\u20cf]|[Kk]r\.?|Kč|zł|Ft|lei|лв\.?|руб\.?|грн\.?|Rs\.?|Fr\.|SFr\.?"
    r"|AED|AUD|BGN|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MXN|MYR|NOK|NZD|PHP|PLN|RON|RUB|SAR"
    r"|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR)"
)
"""A currency's sign or code."""
_DIGITS = r"[\s$€£¥%()+\-–—.,:/\d]"
NUMBER = re.compile(rf"(?=\D*\d)(?:(?:{CURRENCY})\s?)?{_DIGITS}*+(?:{CURRENCY})?|[–—-]")
_GAP = re.compile(r"\t| {3,}")
_PIPE = re.compile(r"(?<!\\)\|")
_YEAR = re.compile(r"(?:19|20)\d\d")
_STEP = re.compile(r"\d+(?:[/:–—-]\d+)+(?:[T ]\d+(?::\d+)+)?|\d+\.\d+\.(?:\d+)?|\d+(?:[.,]\d+)? ?%")
"""A date, a time, a span such as ``2023/24`` or ``0-5``, or a share: what a series of columns may be named by."""
_LONGEST_NAME, _LONGEST_QUESTION, _LONGEST_ANSWER = 40, 250, 25
"""Characters of a column's name; a longer cell is a value, unless it is a question that all rows answer shortly."""
_MOST_COMPARED = 50
"""Rows below the first that are looked at."""


def split_cells(line: str) -> list[str]:
    """The cells of a Markdown row, or of a line that tabs or wide gaps divide; an empty first one keeps its place."""
    line = line.strip(" \r\n")
    if "\t" in line:
        cells = line.split("\t")
    elif bare := _PIPE.search(line):
        cells = _PIPE.split(line[bare.start() == 0 :].removesuffix("|"))
        cells = [cell.replace("\\|", "|") for cell in cells]
    else:
        cells = _GAP.split(line)
    return [cell.strip() for cell in cells]


def write_row(cells: Iterable[str]) -> str:
    """A row of a Markdown table: ``| Vault | 12 |``."""
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def show_rows(text: str) -> str:
    """The text with each line of cells, which tabs separate, as a row of a Markdown table.

    A line that begins with a tab is one only beside others: elsewhere tabs indent code.
    """
    lines = text.split("\n")
    kinds = [("\t" in line.strip(), line.startswith("\t")) for line in lines]
    around = zip([(False, False), *kinds], kinds, [*kinds[1:], (False, False)], strict=False)
    are_rows = [here[0] and (not here[1] or (True, False) in (above, below)) for above, here, below in around]
    shown = (write_row(split_cells(line)) if is_row else line for line, is_row in zip(lines, are_rows, strict=True))
    return "\n".join(shown)


def opens_pipe_table(line: str, below: str) -> bool:
    """Whether the line heads a Markdown table, with or without ``|`` around it: a rule with a ``|`` lies below it."""
    return "|" in line and "|" in below and RULE.match(below) is not None


def is_data(cells: Sequence[str]) -> bool:
    """Whether the row has a label and a number. Years, and numbers that count the columns, are names of columns."""
    if not cells or not cells[0] or NUMBER.fullmatch(cells[0]):
        return False
    numbers = [cell for cell in cells[1:] if cell and NUMBER.fullmatch(cell)]
    return bool(numbers) and not _counts_columns(numbers)


def _counts_columns(numbers: Sequence[str]) -> bool:
    if all(_YEAR.fullmatch(number) for number in numbers):
        return True
    if len(numbers) < 3 or not all(number.isdecimal() and len(number) < 5 for number in numbers):
        return False
    values = [int(number) for number in numbers]
    return all(later - earlier == values[1] - values[0] > 0 for earlier, later in pairwise(values))


def names_columns(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns of those below it.

    It doesn't if it has values itself: long texts, numbers, or what stands in the same column again.
    """
    if not any(cells[1:]):
        return False
    if _names_steps(cells, below):
        return True
    if is_data(cells) or any(NUMBER.fullmatch(cell) and not _is_name(cells) for cell in cells if cell):
        return False
    if any(len(cell) > _LONGEST_NAME and not _is_answered(cell, at, below) for at, cell in enumerate(cells)):
        return False
    return not any(
        cell and cell == other
        for row in below[:_MOST_COMPARED]
        if row != cells
        for cell, other in zip(cells, row, strict=False)
    )


def _names_steps(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether dates, times, spans or shares name the columns behind the first: no value below is like them."""
    places = [at for at, cell in enumerate(cells) if at and cell]
    if len({cells[at] for at in places}) < max(2, len(places)) or (cells[0] and NUMBER.fullmatch(cells[0])):
        return False
    values = [row[at] for row in below[:_MOST_COMPARED] for at in places if at < len(row) and row[at]]
    is_series = all(_STEP.fullmatch(cells[at]) for at in places)
    return is_series and bool(values) and not any(map(_STEP.fullmatch, values))


def _is_answered(cell: str, at: int, below: Sequence[Sequence[str]]) -> bool:
    answers = [row[at] for row in below[:_MOST_COMPARED] if at < len(row) and row[at]]
    return len(cell) <= _LONGEST_QUESTION and len(answers) > 1 and max(map(len, answers)) <= _LONGEST_ANSWER


def _is_name(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells[1:] if cell and NUMBER.fullmatch(cell)]
    return not NUMBER.fullmatch(cells[0] or "a") and _counts_columns(numbers)
