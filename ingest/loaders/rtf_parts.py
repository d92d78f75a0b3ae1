"""What an RTF file says beside its text: the values of a form's fields, which cells of a row are merged, its code
pages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

_LONGEST_FIELD = 20_000
"""Bytes of a field's instruction that are looked at."""
_BRACE = re.compile(rb"(?<!\\)[{}]")
_NUMBER = re.compile(rb"\\(fftype|ffres|ffdefres)(\d{1,3})(?!\d)")
_ENTRY = re.compile(rb"\{\\\*\\ffl ([^{}]{0,400})\}")
_HEXADECIMAL = re.compile(rb"\\'([0-9A-Fa-f]{2})")
_CHECK_BOX, _DROP_DOWN, _UNSET = 1, 2, 25
"""Kinds of fields, and the result that stands for the default."""


def read_form_field(data: bytes, at: int, encoding: str) -> str:
    """What the field shows whose instruction goes on at `at`: a box, or the chosen entry; empty for all others."""
    instruction = _cut_group(data[at : at + _LONGEST_FIELD])
    numbers = {name: int(number) for name, number in _NUMBER.findall(instruction)}
    chosen = numbers.get(b"ffres", _UNSET)
    chosen = numbers.get(b"ffdefres", 0) if chosen == _UNSET else chosen
    if numbers.get(b"fftype") == _CHECK_BOX:
        return "☒ " if chosen else "☐ "
    entries = _ENTRY.findall(instruction)
    if numbers.get(b"fftype") == _DROP_DOWN and chosen < len(entries):
        raw = _HEXADECIMAL.sub(lambda found: bytes.fromhex(found[1].decode()), entries[chosen])
        return f"{raw.decode(encoding, 'replace')} "
    return ""


def _cut_group(data: bytes) -> bytes:
    """The data up to the brace that closes the group it stands in."""
    depth = 1
    for brace in _BRACE.finditer(data):
        depth += 1 if brace[0] == b"{" else -1
        if not depth:
            return data[: brace.start()]
    return data


class MergedCells:
    """Fills the cells that are covered by the one above or at their left, which a file repeats as empty ones."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._kind = ""
        self._above: Sequence[str] = ()

    def read(self, word: str) -> None:
        """Take a word of a row's definition."""
        if word == "trowd":
            self._kinds, self._kind = [], ""
        elif word == "cellx":
            self._kinds.append(self._kind)
            self._kind = ""
        else:
            self._kind = word

    def fill(self, cells: Sequence[str]) -> list[str]:
        """The row with the texts of the cells that cover some of its own."""
        self._above = filled = list(self._fill(cells))
        return filled

    def _fill(self, cells: Sequence[str]) -> Iterator[str]:
        left = ""
        for place, text in enumerate(cells):
            kind = self._kinds[place] if place < len(self._kinds) else ""
            if not text and kind == "clvmrg" and place < len(self._above):
                text = self._above[place]
            elif not text and kind == "clmrg":
                text = left
            left = text
            yield text


def find_encoding(code_page: int) -> str:
    """Python's name of a Windows code page; that of the Western one if Python doesn't know it."""
    try:
        return codecs.lookup({65001: "utf-8", 10000: "mac_roman"}.get(code_page, f"cp{code_page}")).name
    except LookupError:
        return "cp1252"
