"""What a form's fields show, put where its page has their names, so that a name never stands without its value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.loaders.pdf.labels import Box, clean_label
from ingest.loaders.pdf.line import Line

MARKS = ("☐ ", "☒ ")
"""What stands before a choice that is not taken, and before one that is."""
_INDENT = 3.0
"""How far to the right of a question its choices may begin, in letter sizes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What people put onto a page: a comment, or a field with what it shows."""

    text: str
    """The whole of it, with the field's name."""
    label: str = ""
    """The words of the page beside the field."""
    box: Box = (0.0, 0.0, 0.0, 0.0)
    in_place: str = ""
    """What stands there in place of the label."""
    is_below: bool = True
    """Whether the label may stand above the field; one above a button may be the head of many."""
    is_whole: bool = True
    """Whether that says all that `text` does."""


def place_values(lines: list[Line], shown: Iterable[Shown]) -> tuple[list[Line], str]:
    """The lines with the values at their labels, and the text of those that have no place there."""
    placed = list(lines)
    beside: list[str] = []
    for field in shown:
        place = _find_cell(placed, field) if field.label and field.in_place else None
        if place is not None:
            number, cell = place
            cells = placed[number].text.split("\t")
            cells[cell] = field.in_place
            left = min(placed[number].left, field.box[0]) if cell == 0 else placed[number].left
            placed[number] = replace(placed[number], text="\t".join(cells), left=left)
        if field.text and (place is None or not field.is_whole):
            beside.append(field.text)
    return _join_questions(placed), "\n\n".join(beside)


def _join_questions(lines: Sequence[Line]) -> list[Line]:
    """The lines, each question with the choices below it, of which one alone says nothing."""
    result: list[Line] = []
    at = 0
    while at < len(lines):
        line, end = lines[at], at + 1
        while end < len(lines) and _is_choice(lines[end]) and _may_ask(line, lines[end - 1], lines[end]):
            end += 1
        choices = [cell for choice in lines[at + 1 : end] for cell in choice.text.split("\t")]
        if len(choices) > 1:
            result.append(replace(line, text=" ".join([line.text, *choices]), bottom=lines[end - 1].bottom))
        else:
            result += lines[at:end]
        at = end
    return result


def _is_choice(line: Line) -> bool:
    return all(cell.startswith(MARKS) for cell in line.text.split("\t"))


def _may_ask(question: Line, above: Line, line: Line) -> bool:
    """Whether the first line may be the question that the choices below it, down to this line, answer."""
    is_near = question.is_alike(line) and line.is_near_below(above.bottom)
    is_text = not question.cuts and not question.text.startswith(MARKS) and ": " not in question.text
    return is_near and is_text and abs(question.left - line.left) <= _INDENT * line.size


def _find_cell(lines: list[Line], field: Shown) -> tuple[int, int] | None:
    """The line and the cell nearest to the field that hold its label and nothing else."""
    places = [
        (number, cell, _measure_distance(line, cell, field.box))
        for number, line in enumerate(lines)
        if field.label in line.text and (field.is_below or _is_level(line, field.box))
        for cell, text in enumerate(line.text.split("\t"))
        if clean_label(text) == field.label
    ]
    nearest = min(places, key=lambda place: place[2], default=None)
    return nearest[:2] if nearest else None


def _is_level(line: Line, box: Box) -> bool:
    return box[1] - line.size / 2 <= line.bottom <= box[3]


def _measure_distance(line: Line, cell: int, box: Box) -> float:
    lefts = (line.left, *line.cuts)
    left = lefts[min(cell, len(lefts) - 1)]
    return abs(line.bottom - box[1]) + abs(left - box[0])
