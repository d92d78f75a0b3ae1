"""Headings: lines in larger or bold letters, or those that the outline names."""

from __future__ import annotations

from collections import Counter

from ingest.loaders.pdf.lines import Line

# Tuned on the pages of bench/layout; what each one does to them: bench/RESULTS.md, Loaders.
_MOST_LEVELS = 3
"""Heading levels told apart by letter size."""
_LARGER = 1.12
"""A heading's letter size at least, in sizes of the text."""
_SIZE_SHARE = 0.2
"""A larger size that has more of the document's letters isn't one of headings."""
_ASIDE = 4
"""How far right of the text's left edge a bold line is no heading, in letter sizes."""
_BOLD_AROUND = 1
"""Bold lines, at most, among the two above and the two below a bold heading."""
_HEADING_LETTERS = 120
"""Longest heading."""
_WORD_LETTERS = 3
"""Fewest letters of a heading."""
_LETTER_SHARE = 0.5
"""A heading has more letters than this share of its characters."""
_SMALL_START_LETTERS = 40
"""Longest heading that begins with a small letter."""
_SENTENCE_LETTERS = 60
"""Longest heading that ends with a full stop."""


class Sizes:
    """Which letter size is the text's, and which larger ones are headings; learned from the pages read so far."""

    def __init__(self) -> None:
        self._letters: Counter[float] = Counter()

    def add(self, lines: list[Line]) -> None:
        for line in lines:
            self._letters[round_size(line.size)] += len(line.text)

    def find_headings(self, lines: list[Line]) -> dict[int, int]:
        """Index of the line → level, of lines in larger or bold letters that read like a heading."""
        if not self._letters or not lines:
            return {}
        body = self._letters.most_common(1)[0][0]
        total = self._letters.total()
        larger = sorted(
            (s for s, n in self._letters.items() if s >= body * _LARGER and n < total * _SIZE_SHARE), reverse=True
        )
        levels = {size: min(rank, _MOST_LEVELS) for rank, size in enumerate(larger, start=1)}
        left = min(line.left for line in lines)
        found = {}
        for index, line in enumerate(lines):
            level = levels.get(round_size(line.size), 0)
            is_aside = line.left > left + _ASIDE * line.size
            if not level and line.is_bold and not is_aside and self._is_alone(lines, index):
                level = min(len(larger), _MOST_LEVELS) + 1
            # A number set apart from a title in large letters is no cell; in the text's own size it may be.
            text = line.text.replace("\t", " ") if round_size(line.size) in levels else line.text
            if level and reads_like_heading(text):
                found[index] = level
        return found

    @staticmethod
    def _is_alone(lines: list[Line], index: int) -> bool:
        """Not a bold line among bold lines."""
        near = [lines[at] for at in (index - 2, index - 1, index + 1, index + 2) if 0 <= at < len(lines)]
        return sum(1 for line in near if line.is_bold) <= _BOLD_AROUND and len(near) > 1


def round_size(size: float) -> float:
    return round(size * 2) / 2


def reads_like_heading(text: str) -> bool:
    letters = sum(letter.isalpha() for letter in text)
    return (
        "\t" not in text
        and letters >= _WORD_LETTERS
        and len(text) <= _HEADING_LETTERS
        and letters > len(text) * _LETTER_SHARE
        and text[-1:] not in ",;"
        and not (text[0].islower() and len(text) > _SMALL_START_LETTERS)
        and not (text.endswith(".") and len(text) > _SENTENCE_LETTERS)
    )


def find_outline_headings(lines: list[Line], entries: list[tuple[int, str]]) -> dict[int, int]:
    """Lines that say what an entry of the outline says, perhaps after a number."""
    wanted = {_keep_letters(title): level for level, title in entries if _keep_letters(title)}
    found = {}
    for index, line in enumerate(lines):
        for key in (_keep_letters(line.text), _keep_letters(line.text.lstrip("0123456789.§ "))):
            if key in wanted:
                found[index] = min(6, wanted.pop(key))
                break
    return found


def _keep_letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
