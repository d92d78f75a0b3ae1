"""Filled in forms, as their readers show them."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from tests import files

_STATES = "/AP << /N << /{} 3 0 R /Off 3 0 R >> >>"


def _form(fields: list[int], widgets: list[int], *objects: str) -> str:
    """The page's text behind its first line; `objects` are numbered from 7."""
    catalog = f"/AcroForm << /Fields [{' '.join(f'{n} 0 R' for n in fields)}] >>"
    data = files.pdf([[(72, 700, 12, "Text")]], catalog=catalog, extra=objects)
    annots = " ".join(f"{n} 0 R" for n in widgets)
    data = data.replace(b"/MediaBox [0 0 612 792]", f"/MediaBox [0 0 612 792] /Annots [{annots}]".encode())
    _, reading = read("a.pdf", data, ReadOptions())
    return next(reading.pages).text.removeprefix("Text").strip()


def _widget(entries: str) -> str:
    return f"<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] {entries} >>"


@pytest.mark.parametrize(
    ("entries", "shown"),
    [
        ("/FT /Btn /T (a) /TU (Mast) /V /Oui /AS /Oui " + _STATES.format("Oui"), "Mast: ☒ Oui"),
        ("/FT /Btn /T (a) /TU (Mast) /V /Off /AS /Off " + _STATES.format("Oui"), "Mast: ☐ Off"),
        ("/FT /Btn /Ff 65536 /T (a) /TU (Print)", ""),
        ("/FT /Ch /Ff 131072 /T (a) /Opt [[(k1) (Kiel)] [(k2) (Husum)]] /V (k2)", "a: Husum"),
        ("/FT /Ch /Ff 393216 /T (a) /Opt [(Kiel) (Husum)] /V (Amrum)", "a: Amrum"),
        ("/FT /Ch /Ff 2097152 /T (a) /Opt [[(1) (Jib)] [(2) (Genoa)] [(3) (Lug)]] /V [(1) (3)]", "a: Jib, Lug"),
        ("/FT /Tx /T (form1[0].#subform[0].Hull[0].Length[0]) /V (9 m)", "Hull Length: 9 m"),
    ],
)
def test_a_field_shows_what_its_reader_shows(entries, shown):
    assert _form([7], [7], _widget(entries)) == shown


def test_a_field_may_keep_its_value_above_the_places_where_it_is_shown():
    holder = "<< /FT /Tx /T (berth) /TU (Berth number) /V (K-17) /Kids [8 0 R 9 0 R] >>"
    group = "<< /T (owner) /Kids [11 0 R] >>"
    parts = [holder, _widget("/Parent 7 0 R"), _widget("/Parent 7 0 R"), group]
    name = _widget("/Parent 10 0 R /FT /Tx /T (phone) /V (30 771)")
    assert _form([7, 10], [8, 11], *parts, name) == "Berth number: K-17\n\nowner phone: 30 771"


def test_of_a_group_of_buttons_the_one_that_is_chosen_is_shown():
    group = "<< /FT /Btn /Ff 49152 /T (rig) /TU (Rig) /V /1 {} /Kids [8 0 R 9 0 R] >>"
    kids = [
        _widget("/Parent 7 0 R /AS /Off " + _STATES.format("0")),
        _widget("/Parent 7 0 R /AS /1 " + _STATES.format("1")),
    ]
    assert _form([7], [8, 9], group.format("/Opt [(Sloop) (Ketch)]"), *kids) == "Rig: Ketch"
    assert _form([7], [8, 9], group.format(""), *kids) == "Rig: 1"


@pytest.mark.parametrize(
    ("name", "words", "shown"),
    [
        ("eng", [(72, 600, 11, "Engine:")], "Engine: Diesel"),
        ("Text12", [(72, 600, 11, "Engine and"), (130, 600, 11, "gear: .....")], "Engine and gear: Diesel"),
        ("f1_03[0]", [(200, 618, 9, "Engine built in")], "Engine built in: Diesel"),
        ("motor_kind", [(72, 600, 11, "Engine")], "Engine (motor_kind): Diesel"),
        ("engine_of_the_boat", [(72, 600, 11, "Engine")], "engine_of_the_boat: Diesel"),
        ("eng", [(72, 640, 11, "Engine"), (260, 600, 11, "litres")], "eng: Diesel"),
    ],
)
def test_a_field_is_called_by_the_words_left_of_it_or_above_it(name, words, shown):
    field = f"<< /Type /Annot /Subtype /Widget /Rect [200 596 250 614] /FT /Tx /T ({name}) /V (Diesel) >>"
    data = files.pdf([words], catalog="/AcroForm << /Fields [7 0 R] >>", extra=[field])
    data = data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Annots [7 0 R]")
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text.split("\n\n")[-1] == shown


def test_a_check_box_far_right_of_its_words_is_called_by_them():
    field = "<< /Type /Annot /Subtype /Widget /Rect [200 596 212 608] /FT /Btn /T (ins) /V /On /AS /On {} >>"
    words = [(72, 600, 11, "Insured"), (200, 580, 11, "North")]
    data = files.pdf([words], catalog="/AcroForm << /Fields [7 0 R] >>", extra=[field.format(_STATES.format("On"))])
    data = data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Annots [7 0 R]")
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "☒ Insured\nNorth"


@pytest.mark.parametrize("places", [[(60, 700), (60, 680)], [(60, 700), (260, 700)]], ids=["below", "beside"])
def test_choices_without_a_name_stand_behind_their_question(places):
    widget = "<< /Type /Annot /Subtype /Widget /Rect [{} {} {} {}] /FT /Btn /T (k{}) /AS /{} {} >>"
    boxes = [
        widget.format(x, y, x + 10, y + 10, x + y, state, _STATES.format("On"))
        for (x, y), state in zip(places, ("Off", "On"), strict=True)
    ]
    words = [(50, 720, 11, "How did you come?")]
    words += [(x + 14, y + 1, 11, text) for (x, y), text in zip(places, ("By bus", "On foot"), strict=True)]
    data = files.pdf([words], catalog="/AcroForm << /Fields [7 0 R 8 0 R] >>", extra=boxes)
    data = data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Annots [7 0 R 8 0 R]")
    assert next(read("a.pdf", data, ReadOptions())[1].pages).text == "How did you come? ☐ By bus ☒ On foot"
