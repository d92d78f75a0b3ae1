"""Radio buttons and check boxes of a form: which are chosen, in the words that stand beside them on the page.

A file names an option by its appearance alone ("1", "Choice2"), unless its form has a list of options.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.loaders.pdf.glyphs import open_by_pypdf

if TYPE_CHECKING:
    import pypdf
    import pypdfium2 as pdfium

OFF = "Off"
_LABEL_GAP_PT = 36.0
"""How far from its button a label may begin, in points."""
_WORD_GAP = 1.2
"""The space, in heights of the label, behind which other text begins."""
_FARTHER = 2.0
"""How many times farther than on the left the labels on the right are, so that those on the left are taken."""
_MOST_LETTERS = 60_000
_MOST_LABELLED = 500
"""Letters and buttons of a page that are looked at."""
_LONGEST_LABEL = 200
_MOST_ABOVE = 10
"""Fields around a button, whose value holds for it; they may stand in a ring."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


@dataclass(slots=True)
class Button:
    """A radio button or check box as its page has it."""

    index: int
    """Its place among the page's annotations."""
    group: str
    """The name of its field, which other buttons may share."""
    name: str
    """What people call that field."""
    tip: str
    """What people call the button itself; empty if the file doesn't tell."""
    state: str
    """What the file calls it when it is chosen."""
    option: str
    """What the form's list of options calls it; empty without one."""
    box: Box
    is_radio: bool
    is_on: bool
    has_tip_for_field: bool
    """Whether the field's name is one for people."""
    value: str | None = None
    """What its field says is chosen; None where only the file's own field above it tells."""


class GroupValues:
    """What the fields of a document say is chosen. pdfium doesn't tell, so pypdf reads it, and only when asked."""

    def __init__(self, data: bytes, passwords: Sequence[str] = ()) -> None:
        self._data = data
        self._passwords = passwords
        self._pypdf: pypdf.PdfReader | None = None
        self._is_readable = bool(data)

    def find(self, page: int, index: int) -> tuple[str, frozenset[str]]:
        """The value above a button, by its place on the page, and the button's own states.

        The value is empty if another button of the field is on.
        """
        if not self._is_readable:
            return "", frozenset()
        try:
            self._pypdf = self._pypdf or open_by_pypdf(self._data, self._passwords)
            button = (self._pypdf.pages[page].annotations or [])[index].get_object()
            return _read_value(button), _read_states(button)
        except Exception:  # pypdf fails in many ways on a damaged file; its buttons are read without this
            self._is_readable = self._pypdf is not None
            return "", frozenset()


def _read_value(field: Any) -> str:  # noqa: ANN401 (pypdf's objects)
    for _ in range(_MOST_ABOVE):
        if "/V" in field:
            kids = (kid.get_object() for kid in field.get("/Kids", ())[:_MOST_LABELLED])
            is_taken = any(kid.get("/AS", "/Off") != "/Off" for kid in kids)
            return "" if is_taken else str(field["/V"].get_object()).removeprefix("/")
        if "/Parent" not in field:
            break
        field = field["/Parent"].get_object()
    return ""


def _read_states(button: Any) -> frozenset[str]:  # noqa: ANN401 (pypdf's objects)
    pictures = button["/AP"].get_object() if "/AP" in button else {}
    usual = pictures["/N"].get_object() if "/N" in pictures else {}
    return frozenset(name.removeprefix("/") for name in usual) - {OFF}


def choose_by_value(buttons: Sequence[Button], values: GroupValues, page: int) -> None:
    """Set on what a group's value names where none of its buttons is on: its viewers show it so, or will."""
    groups: dict[str, list[Button]] = defaultdict(list)
    for button in buttons:
        groups[button.group].append(button)
    for group in groups.values():
        if any(button.is_on for button in group):
            continue
        for button in group:
            known = button.value
            value, states = (known, frozenset[str]()) if known is not None else values.find(page, button.index)
            if value in ("", OFF):
                break
            button.is_on = value in states or value == button.state
            button.option = button.state if states and button.state not in states else button.option


def show_buttons(buttons: Sequence[Button], fields: Sequence[Box], page: pdfium.PdfTextPage) -> dict[int, str]:
    """What each button says, by its place among the annotations; a radio button that isn't chosen says nothing.

    `fields` are the places of all the page's fields.
    """
    sizes: dict[str, int] = defaultdict(int)
    for button in buttons:
        sizes[button.group] += 1
    needy = [button for button in buttons if not button.option and (sizes[button.group] > 1 or not _is_told(button))]
    is_shown = any(button.is_on or not button.is_radio for button in needy)
    labels = _find_labels(needy[:_MOST_LABELLED], fields, page, sizes) if is_shown else {}
    said: dict[int, str] = {}
    for button in buttons:
        text = _describe(button, labels.get(button.index, ""))
        if text and not (button.is_radio and text in said.values()):  # buttons in unison say the same
            said[button.index] = text
    return said


def _is_told(button: Button) -> bool:
    return button.has_tip_for_field and not button.is_radio


def _describe(button: Button, label: str) -> str:
    tip = button.tip if button.tip != button.name else ""
    option = next((text for text in (button.option, label, tip) if text and text != button.name), "")
    if button.is_radio:
        shown = (option or button.state) if button.is_on else ""
    else:
        shown = f"☒ {option or button.state}" if button.is_on else f"☐ {option or OFF}"
    return f"{button.name}: {shown}" if shown and button.name else shown


# The words beside a button


@dataclass(slots=True)
class _Word:
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    gap: float


def _find_labels(
    buttons: Sequence[Button], fields: Sequence[Box], page: pdfium.PdfTextPage, sizes: dict[str, int]
) -> dict[int, str]:
    """The label of each button that has one: on the same side for all that belong together."""
    words = list(_read_words(page))
    together: dict[object, list[Button]] = defaultdict(list)
    for button in buttons:
        row = round((button.box[1] + button.box[3]) / 2 / max(1.0, button.box[3] - button.box[1]))
        together[button.group if sizes[button.group] > 1 else row].append(button)
    labels: dict[int, str] = {}
    for group in together.values():
        right = [_look_right(button.box, words, fields) for button in group]
        left = [_look_left(button.box, words, fields) for button in group]
        for button, label in zip(group, _choose_side(right, left), strict=True):
            if label:
                labels[button.index] = label.text
    return labels


def _choose_side(right: list[_Label | None], left: list[_Label | None]) -> list[_Label | None]:
    """The labels on the right if all buttons have one there, unless those on the left are much nearer; else none."""
    near_right, near_left = (sum(label.gap if label else float("inf") for label in side) for side in (right, left))
    if near_left < float("inf") and near_right > _FARTHER * max(near_left, 1.0):
        return left
    return right if near_right < float("inf") else [None] * len(right)


def _is_in_row(box: Box, other: Box) -> bool:
    """Whether the middle of the lower one of both lies within the other."""
    low, small = (box, other) if box[3] - box[1] > other[3] - other[1] else (other, box)
    return low[1] <= (small[1] + small[3]) / 2 <= low[3]


def _look_right(button: Box, words: Sequence[_Word], fields: Sequence[Box]) -> _Label | None:
    end = min((field[0] for field in fields if field[0] >= button[2] - 1 and _is_in_row(button, field)), default=1e9)
    row = [word for word in words if button[2] - 1 <= word.box[0] < end and _is_in_row(button, word.box)]
    return _take_label(sorted(row, key=lambda word: word.box[0]), button[2])


def _look_left(button: Box, words: Sequence[_Word], fields: Sequence[Box]) -> _Label | None:
    end = max((field[2] for field in fields if field[2] <= button[0] + 1 and _is_in_row(button, field)), default=-1e9)
    row = [word for word in words if end < word.box[2] <= button[0] + 1 and _is_in_row(button, word.box)]
    mirrored = [_Word(word.text, (-word.box[2], word.box[1], -word.box[0], word.box[3])) for word in row]
    label = _take_label(sorted(mirrored, key=lambda word: word.box[0]), -button[0])
    return _Label(" ".join(reversed(label.text.split())), label.gap) if label else None


def _take_label(row: Sequence[_Word], edge: float) -> _Label | None:
    """The words from the edge on as long as they belong together; None if they begin too far from it."""
    if not row or row[0].box[0] - edge > _LABEL_GAP_PT:
        return None
    taken = [row[0]]
    for word in row[1:]:
        if word.box[0] - taken[-1].box[2] > _WORD_GAP * (word.box[3] - word.box[1]):
            break
        taken.append(word)
    text = " ".join(word.text for word in taken)[:_LONGEST_LABEL].strip(" :□☐○◯●■.…")
    return _Label(text, max(0.0, row[0].box[0] - edge)) if any(map(str.isalnum, text)) else None


def _read_words(page: pdfium.PdfTextPage) -> Iterator[_Word]:
    import pypdfium2.raw as raw

    bounds = [ctypes.c_double() for _ in range(4)]
    word: _Word | None = None
    for at in range(min(page.count_chars(), _MOST_LETTERS)):
        letter = chr(raw.FPDFText_GetUnicode(page.raw, at))
        if not letter.isprintable() or letter.isspace():
            yield from [word] if word else []
            word = None
            continue
        raw.FPDFText_GetCharBox(page.raw, at, *map(ctypes.byref, bounds))
        left, right, bottom, top = (bound.value for bound in bounds)
        if word is None:
            word = _Word(letter, (left, bottom, right, top))
        else:
            box = word.box
            word = _Word(
                word.text + letter, (min(box[0], left), min(box[1], bottom), max(box[2], right), max(box[3], top))
            )
    if word:
        yield word
