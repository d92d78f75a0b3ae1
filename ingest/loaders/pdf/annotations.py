"""What people put onto a PDF's pages: comments with their authors, and what the fields of a form show. By pdfium."""

from __future__ import annotations

import ctypes
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.loaders.pdf.buttons import OFF, Button, GroupValues, choose_by_value, show_buttons
from ingest.loaders.pdf.filled import MARKS, Shown
from ingest.loaders.pdf.labels import Box, Label, find_label, name_field, read_words, tell

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_COMMENTS = frozenset((1, 3, 9, 10, 11, 12, 13))
"""pdfium's numbers for notes, free text, marked, underlined, wavy and struck text, and stamps."""
_WIDGET = 20
"""pdfium's number for a field of a form."""
_BUTTON, _CHECK_BOX, _RADIO, _COMBO, _LIST = 1, 2, 3, 4, 5
"""pdfium's numbers for the kinds of fields that aren't read as text."""
_NO_STATE = "Yes"
"""How pdfium calls the state of a button without pictures, among others."""
_MOST_ON_PAGE = 2_000
_MOST_OPTIONS = 200_000
"""Choices that are looked at in one document: hundreds of fields may each offer all countries, or more to do harm."""


def open_form(pdf: pdfium.PdfDocument) -> None:
    """Prepare the document's form, if it has one, before its pages are opened: without that fields are read alone."""
    import pypdfium2 as pdfium

    logging.getLogger("pypdfium2").setLevel(logging.ERROR)  # it warns of XFA, whose fields are kept as usual ones too
    try:
        pdf.init_forms()
    except pdfium.PdfiumError:
        return


@dataclass(frozen=True, slots=True)
class _Field:
    """A field with what it shows."""

    index: int
    """Its place among the page's annotations."""
    box: Box
    name: str
    value: str
    is_told: bool
    """Whether the name is one for people."""


class AnnotationReader:
    """Reads the annotations of one document, page after page."""

    def __init__(self, values: GroupValues) -> None:
        self._options_left = _MOST_OPTIONS
        self._values = values

    def read(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, number: int) -> list[Shown]:
        """The page's comments, and the values of its form's fields with their names; `number` counts from 0."""
        import pypdfium2.raw as raw

        said: dict[int, Shown] = {}
        filled: list[_Field] = []
        buttons: list[Button] = []
        fields: list[Box] = []
        for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST_ON_PAGE)):
            annotation = raw.FPDFPage_GetAnnot(page.raw, index)
            if not annotation:
                continue
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind in _COMMENTS:
                said[index] = Shown(_read_comment(annotation))
            elif kind == _WIDGET:
                fields.append(_read_box(annotation))
                if page.formenv and raw.FPDFAnnot_GetFormFieldType(page.formenv, annotation) in (_CHECK_BOX, _RADIO):
                    buttons.append(_read_button(page.formenv, annotation, index))
                elif value := self._read_value(page.formenv, annotation):
                    name, is_told = _read_name(page.formenv, annotation)
                    filled.append(_Field(index, fields[-1], name, value, is_told=is_told))
            raw.FPDFPage_CloseAnnot(annotation)
        words = list(read_words(text_page)) if filled else []
        for field in filled:
            label = find_label(field.box, words, fields)
            name = field.name if field.is_told else name_field(field.name, label)
            text = tell(name, field.value) if name else field.value
            said[field.index] = Shown(text, label.text if label else "", field.box, text)
        if buttons:
            choose_by_value(buttons, self._values, number)
            said |= _show_buttons(buttons, fields, text_page)
        return [said[index] for index in sorted(said)]

    def _read_value(self, form: object, field: object) -> str:
        """What the field shows; empty for one that isn't filled in, and for a button that only does something."""
        import pypdfium2.raw as raw

        kind = raw.FPDFAnnot_GetFormFieldType(form, field) if form else -1
        if kind < 0:  # in no form
            return _read_entry(field, b"V")
        value = _read_string(raw.FPDFAnnot_GetFormFieldValue, form, field)
        if kind in (_COMBO, _LIST):
            return ", ".join(self._read_choices(form, field)) or value
        return "" if kind == _BUTTON else value

    def _read_choices(self, form: object, field: object) -> Iterator[str]:
        """The choices that were taken, as the form shows them: a file keeps a code beside each."""
        import pypdfium2.raw as raw

        for index in range(min(raw.FPDFAnnot_GetOptionCount(form, field), self._options_left)):
            self._options_left -= 1
            if raw.FPDFAnnot_IsOptionSelected(form, field, index):
                label = _read_string(raw.FPDFAnnot_GetOptionLabel, form, field, index)
                if label:
                    yield label


def _show_buttons(buttons: list[Button], fields: list[Box], text_page: pdfium.PdfTextPage) -> dict[int, Shown]:
    """What the buttons say, and their marks before the words beside them: they tell what an unnamed box means."""
    said, labels = show_buttons(buttons, fields, text_page)
    shown = {}
    for button in buttons:
        text, label = said.get(button.index, ""), labels.get(button.index, "")
        is_whole = not button.is_radio and name_field(button.name, Label(label, 0.0)) == label
        marked = f"{MARKS[button.is_on]}{label}" if label else ""
        shown[button.index] = Shown(text, label, button.box, marked, is_below=False, is_whole=is_whole)
    return shown


def _read_comment(annotation: object) -> str:
    text, author = _read_entry(annotation, b"Contents"), _read_entry(annotation, b"T")
    return f"({author}: {text})" if author and text else f"({text})" if text else ""


def _read_box(annotation: object) -> Box:
    import pypdfium2.raw as raw

    rect = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, rect)
    return rect.left, rect.bottom, rect.right, rect.top


def _read_button(form: object, field: object, index: int) -> Button:
    import pypdfium2.raw as raw

    export = _read_string(raw.FPDFAnnot_GetFormFieldExportValue, form, field)
    shown = _read_entry(field, b"AS")
    is_on = bool(raw.FPDFAnnot_IsChecked(form, field))
    if export == _NO_STATE and shown not in ("", OFF):  # it has no pictures, so that its state alone tells
        is_on, export = True, shown
    state = shown if is_on else ""
    return Button(
        index=index,
        group=_read_string(raw.FPDFAnnot_GetFormFieldName, form, field),
        name=_read_name(form, field)[0],
        tip=_read_entry(field, b"TU"),
        state=state or export,
        option=export if state and export != state else "",
        box=_read_box(field),
        is_radio=raw.FPDFAnnot_GetFormFieldType(form, field) == _RADIO,
        is_on=is_on,
        has_tip_for_field=bool(_read_string(raw.FPDFAnnot_GetFormFieldAlternateName, form, field)),
        value=_read_entry(field, b"V") if raw.FPDFAnnot_HasKey(field, b"T") else None,
    )


_FRAME = re.compile(r"(?i)(?:#.*|topmostsubform|(?:sub)?form\d*|page\d*)$")
"""Names that programs give to what holds the fields."""


def _read_name(form: object, field: object) -> tuple[str, bool]:
    """What the form calls the field for people, or else its own name with that of the field around it; and which."""
    import pypdfium2.raw as raw

    shown = _read_string(raw.FPDFAnnot_GetFormFieldAlternateName, form, field) if form else _read_entry(field, b"TU")
    if shown:
        return shown, True
    whole = _read_string(raw.FPDFAnnot_GetFormFieldName, form, field) if form else ""
    parts = re.sub(r"\[\d+\]", "", whole or _read_entry(field, b"T")).split(".")
    return " ".join([part for part in parts[:-1] if not _FRAME.match(part)][-1:] + parts[-1:]), False


def _read_entry(annotation: object, key: bytes) -> str:
    import pypdfium2.raw as raw

    return _read_string(raw.FPDFAnnot_GetStringValue, annotation, key)


def _read_string(read: Callable[..., int], *arguments: object) -> str:
    """The text that a function of pdfium writes into a buffer, on one line."""
    length = read(*arguments, None, 0)
    if length <= 2:
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    read(*arguments, buffer, length)
    return " ".join(bytes(buffer)[: length - 2].decode("utf-16-le", "replace").split())
