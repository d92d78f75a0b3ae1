"""The words that stand beside the fields of a form: what a field is called on its page."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_LABEL_GAP_PT = 36.0
"""How far from its button a label may begin, in points."""
_WORD_GAP = 1.2
"""The space, in heights of the label, behind which other text begins."""
_LABEL_RISE_PT = 24.0
"""How far above its field a label may stand, in points."""
_OFF_EDGE_PT = 8.0
"""How far from its field's left edge such a label may begin, in points."""
_MOST_LETTERS = 60_000
"""Letters of a page that are looked at."""
_LONGEST_LABEL = 200
_UNTOLD = re.compile(
    r"(?:text ?(?:field|box)?|txt|textfeld|field|feld|champ|campo|fill|undefined|untitled|input|drop ?down|combo ?box"
    r"|list ?box|[a-z])?[\W\d_]*",
    re.IGNORECASE,
)
"""Names that programs give to fields: ``Text12``, ``f1_03``."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


@dataclass(slots=True)
class Word:
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    gap: float


def find_label(box: Box, words: Sequence[Word], fields: Sequence[Box]) -> Label | None:
    """The words left of a field or above it; `fields` are the places of all the page's fields."""
    return look_left(box, words, fields, reach=float("inf")) or _look_above(box, words, fields)


def name_field(name: str, label: Label | None) -> str:
    """What a field is called: by the words beside it, and by its own name if that says more."""
    if label is None:
        return name
    own, shown = (re.sub(r"[\W_]", "", text).casefold() for text in (name, label.text))
    if own in shown or _UNTOLD.fullmatch(name):
        return label.text
    return name if shown in own else f"{label.text} ({name})"


def _look_above(field: Box, words: Sequence[Word], fields: Sequence[Box]) -> Label | None:
    """The words just above the field that begin where it does, if no other field is between."""
    over = [word for word in words if field[3] - 1 <= word.box[1] <= field[3] + _LABEL_RISE_PT]
    first = min(
        (word for word in over if abs(word.box[0] - field[0]) <= _OFF_EDGE_PT),
        key=lambda word: word.box[1],
        default=None,
    )
    if first is None or any(
        other[0] < field[2] and other[2] > field[0] and field[3] - 1 <= other[1] < first.box[1] for other in fields
    ):
        return None
    row = [word for word in over if is_in_row(first.box, word.box) and word.box[0] >= first.box[0]]
    return _take_label(sorted(row, key=lambda word: word.box[0]), first.box[0], _LABEL_GAP_PT)


def tell(name: str, value: str) -> str:
    """The name of a field with what it shows; a question takes no colon."""
    return f"{name}{'' if name.endswith('?') else ':'} {value}"


def belong_together(word: Word, after: Word) -> bool:
    return after.box[0] - word.box[2] <= _WORD_GAP * (after.box[3] - after.box[1])


def is_in_row(box: Box, other: Box) -> bool:
    """Whether the middle of the lower one of both lies within the other."""
    low, small = (box, other) if box[3] - box[1] > other[3] - other[1] else (other, box)
    return low[1] <= (small[1] + small[3]) / 2 <= low[3]


def look_right(button: Box, words: Sequence[Word], fields: Sequence[Box]) -> Label | None:
    end = min((field[0] for field in fields if field[0] >= button[2] - 1 and is_in_row(button, field)), default=1e9)
    row = [word for word in words if button[2] - 1 <= word.box[0] < end and is_in_row(button, word.box)]
    return _take_label(sorted(row, key=lambda word: word.box[0]), button[2], _LABEL_GAP_PT)


def look_left(
    button: Box, words: Sequence[Word], fields: Sequence[Box], *, reach: float = _LABEL_GAP_PT
) -> Label | None:
    """The words left of a button or field; `reach` is how far from it they may end, in points."""
    end = max((field[2] for field in fields if field[2] <= button[0] + 1 and is_in_row(button, field)), default=-1e9)
    row = [word for word in words if end < word.box[2] <= button[0] + 1 and is_in_row(button, word.box)]
    mirrored = [Word(word.text, (-word.box[2], word.box[1], -word.box[0], word.box[3])) for word in row]
    return _take_label(sorted(mirrored, key=lambda word: word.box[0]), -button[0], reach, is_mirrored=True)


def _take_label(row: Sequence[Word], edge: float, reach: float, *, is_mirrored: bool = False) -> Label | None:
    """The words from the edge on as long as they belong together; None if they begin too far from it.

    `is_mirrored` says that the row goes from right to left.
    """
    if not row or row[0].box[0] - edge > reach:
        return None
    taken = [row[0]]
    for word in row[1:]:
        if not belong_together(taken[-1], word):
            break
        taken.append(word)
    text = clean_label(" ".join(word.text for word in (reversed(taken) if is_mirrored else taken)))
    return Label(text, max(0.0, row[0].box[0] - edge)) if text else None


def clean_label(text: str) -> str:
    """The label without marks around it; empty if nothing else is in it."""
    text = text[:_LONGEST_LABEL].strip(" :□☐○◯●■.…")
    return text if any(map(str.isalnum, text)) else ""


def read_words(page: pdfium.PdfTextPage) -> Iterator[Word]:
    import pypdfium2.raw as raw

    bounds = [ctypes.c_double() for _ in range(4)]
    word: Word | None = None
    for at in range(min(page.count_chars(), _MOST_LETTERS)):
        letter = chr(raw.FPDFText_GetUnicode(page.raw, at))
        if not letter.isprintable() or letter.isspace():
            yield from [word] if word else []
            word = None
            continue
        raw.FPDFText_GetCharBox(page.raw, at, *map(ctypes.byref, bounds))
        left, right, bottom, top = (bound.value for bound in bounds)
        if word is None:
            word = Word(letter, (left, bottom, right, top))
        else:
            box = word.box
            word = Word(
                word.text + letter, (min(box[0], left), min(box[1], bottom), max(box[2], right), max(box[3], top))
            )
    if word:
        yield word
