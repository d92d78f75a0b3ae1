"""Radio buttons and check boxes of a form: which are chosen, in the words that stand beside them on the page.

A file names an option by its appearance alone ("1", "Choice2"), unless its form has a list of options.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.loaders.pdf.glyphs import open_by_pypdf
from ingest.loaders.pdf.labels import (
    Box,
    Label,
    Word,
    belong_together,
    clean_label,
    find_label,
    is_in_row,
    look_left,
    look_right,
    name_field,
    read_words,
    tell,
)

if TYPE_CHECKING:
    import pypdf
    import pypdfium2 as pdfium

OFF = "Off"
_LABEL_RISE_PT = 24.0
"""How far above or below its button a label may stand, in points; these limits were set by reading real forms."""
_OFF_CENTRE_PT = 5.0
"""How far from its button's middle or left edge the middle or left edge of such a label may be, in points."""
_LABEL_LINES = 3
_FARTHER = 2.0
"""How many times farther than on the left the labels on the right are, so that those on the left are taken."""
_MOST_LABELLED = 500
"""Buttons of a page that are looked at."""
_MOST_ABOVE = 10
"""Fields around a button, whose value holds for it; they may stand in a ring."""


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


def show_buttons(
    buttons: Sequence[Button], fields: Sequence[Box], page: pdfium.PdfTextPage
) -> tuple[dict[int, str], dict[int, str]]:
    """What each button says, and the words beside it, by its place among the annotations.

    A radio button that isn't chosen says nothing. `fields` are the places of all the page's fields.
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
    return said, labels


def _is_told(button: Button) -> bool:
    return button.has_tip_for_field and not button.is_radio


def _describe(button: Button, label: str) -> str:
    tip = button.tip if button.tip != button.name else ""
    option = next((text for text in (button.option, label, tip) if text and text != button.name), "")
    if button.is_radio:
        shown = (option or button.state) if button.is_on else ""
    else:
        shown = f"☒ {option or button.state}" if button.is_on else f"☐ {option or OFF}"
    return tell(button.name, shown) if shown and button.name else shown


# The words beside a button


def _find_labels(
    buttons: Sequence[Button], fields: Sequence[Box], page: pdfium.PdfTextPage, sizes: dict[str, int]
) -> dict[int, str]:
    """The label of each button that has one: on the same side for all that belong together.

    A group without a name for people is called by the words left of its first button, or above that if they are no
    label themselves.
    """
    words = list(read_words(page))
    together: dict[object, list[Button]] = defaultdict(list)
    for button in buttons:
        row = round((button.box[1] + button.box[3]) / 2 / max(1.0, button.box[3] - button.box[1]))
        together[button.group if sizes[button.group] > 1 else row].append(button)
    labels: dict[int, str] = {}
    for group in together.values():
        right = [look_right(button.box, words, fields) for button in group]
        left = [look_left(button.box, words, fields) for button in group]
        chosen = _choose_side(right, left)
        is_beside = None not in chosen
        if None in chosen and len(group) == 1:
            chosen = [look_left(group[0].box, words, fields, reach=float("inf"))]
        if None in chosen:
            chosen = _choose_height(group, words, fields)
        if sizes[group[0].group] > 1 and not group[0].has_tip_for_field and chosen is not left:
            first = min(group, key=lambda button: (-round(button.box[3]), button.box[0]))
            caption = find_label if is_beside else partial(look_left, reach=float("inf"))
            name = name_field(first.name, caption(first.box, words, fields))
            for button in group:
                button.name = name
        for button, label in zip(group, chosen, strict=True):
            if label:
                labels[button.index] = label.text
    return labels


def _choose_side(right: list[Label | None], left: list[Label | None]) -> list[Label | None]:
    """The labels on the right if all buttons have one there, unless those on the left are much nearer; else none."""
    near_right, near_left = (sum(label.gap if label else float("inf") for label in side) for side in (right, left))
    if near_left < float("inf") and near_right > _FARTHER * max(near_left, 1.0):
        return left
    return right if near_right < float("inf") else [None] * len(right)


def _choose_height(group: Sequence[Button], words: Sequence[Word], fields: Sequence[Box]) -> list[Label | None]:
    """The labels above all the buttons, or those below them if they are nearer; none if two buttons have the same."""
    above = [_look_up(button.box, words, fields) for button in group]
    below = [
        _look_up(
            _turn_over(button.box),
            [Word(word.text, _turn_over(word.box)) for word in words],
            [_turn_over(field) for field in fields],
            is_turned=True,
        )
        for button in group
    ]
    sides = [[label for label in side if label] for side in (above, below)]
    whole = [side for side in sides if len({label.text for label in side}) == len(group)]
    return [*min(whole, key=lambda side: sum(label.gap for label in side), default=[None] * len(group))]


def _turn_over(box: Box) -> Box:
    return box[0], -box[3], box[2], -box[1]


def _look_up(button: Box, words: Sequence[Word], fields: Sequence[Box], *, is_turned: bool = False) -> Label | None:
    """The label above the button, or above the buttons that stand above it in one column.

    `is_turned` says that up is down, so that the lines of a label follow each other away from the button.
    """
    beside = [(field[0] + field[2]) / 2 for field in fields if field != button and is_in_row(button, field)]
    middle = (button[0] + button[2]) / 2
    low = max(((other + middle) / 2 for other in beside if other < middle), default=-1e9)
    high = min(((other + middle) / 2 for other in beside if other > middle), default=1e9)
    edge = button[3]
    column = [field for field in fields if field[0] < button[2] and field[2] > button[0]]
    near = [word for word in words if low < (word.box[0] + word.box[2]) / 2 < high]
    for field in sorted(column, key=lambda field: field[1]):
        if field[1] < edge - 1 or any(
            edge - 1 <= word.box[1] < field[1] and _is_over(word.box, button) for word in near
        ):
            continue
        if abs((field[0] + field[2]) / 2 - middle) > _OFF_CENTRE_PT:
            return None
        edge = field[3]
    lines: list[str] = []
    gap, top = 0.0, edge
    while len(lines) < _LABEL_LINES:
        line = _take_line(button, [word for word in near if word.box[1] >= top - 1], low, high)
        step = line.box[1] - top if line else 0.0
        if not line or step > (_LABEL_RISE_PT if not lines else line.box[3] - line.box[1]):
            break
        gap, top = (gap if lines else max(0.0, step)), line.box[3]
        lines.append(line.text)
    text = clean_label(" ".join(lines if is_turned else reversed(lines)))
    return Label(text, gap) if text else None


def _is_over(box: Box, button: Box) -> bool:
    return box[0] < button[2] and box[2] > button[0]


def _take_line(button: Box, words: Sequence[Word], low: float, high: float) -> Word | None:
    """The lowest of the words in the button's column, with those of its line; None if it isn't the button's."""
    over = [word for word in words if _is_over(word.box, button)] or words
    if not over:
        return None
    first = min(over, key=lambda word: word.box[1])
    row = sorted((word for word in words if is_in_row(first.box, word.box)), key=lambda word: word.box[0])
    at = row.index(first)
    start = end = at
    while start and belong_together(row[start - 1], row[start]):
        start -= 1
    while end + 1 < len(row) and belong_together(row[end], row[end + 1]):
        end += 1
    taken = row[start : end + 1]
    left, right = taken[0].box[0], taken[-1].box[2]
    is_centred = abs((left + right) - (button[0] + button[2])) / 2 <= _OFF_CENTRE_PT
    if left < low or right > high or not (is_centred or abs(left - button[0]) <= _OFF_CENTRE_PT):
        return None
    box = (left, min(word.box[1] for word in taken), right, max(word.box[3] for word in taken))
    return Word(" ".join(word.text for word in taken), box)
