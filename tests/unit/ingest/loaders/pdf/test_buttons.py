"""Radio buttons and check boxes whose options have no names in the file but words beside them on the page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from tests import files

Words = Sequence[tuple[int, int, str]]
"""Texts with their left and bottom; each button is 10 points wide and high."""
GROUP = "/FT /Btn /Ff 49152 /T (f4)"
UNISON = "/FT /Btn /Ff 33603584 /T (f4)"
BOX = "/FT /Btn"


def _button(left: int, bottom: int, entries: str, states: Sequence[str] = ("0",), *, parent: int = 0) -> str:
    drawn = f"/AP << /N << {' '.join(f'/{state} 3 0 R' for state in (*states, 'Off'))} >> >>" if states else ""
    above = f"/Parent {parent} 0 R" if parent else ""
    place = f"/Rect [{left} {bottom} {left + 10} {bottom + 10}]"
    return f"<< /Type /Annot /Subtype /Widget {place} {drawn} {above} {entries} >>"


def _read(pages: Sequence[Words], holder: str, buttons: Sequence[Sequence[str]]) -> list[str]:
    """What the form says on each page; `holder` is the field above all buttons, empty if each is one itself."""
    first = 5 + 2 * len(pages)
    numbers: list[list[int]] = []
    extra: list[str] = []
    for page_buttons in buttons:
        start = first + bool(holder) + len(extra)
        numbers.append(list(range(start, start + len(page_buttons))))
        extra += [button.replace("/Parent 1 0", f"/Parent {first} 0") for button in page_buttons]
    every = " ".join(f"{n} 0 R" for page in numbers for n in page)
    if holder:
        extra.insert(0, f"<< {holder} /Kids [{every}] >>")
    catalog = f"/AcroForm << /Fields [{f'{first} 0 R' if holder else every}] >>"
    data = files.pdf([[(x, y, 10, text) for x, y, text in words] for words in pages], catalog=catalog, extra=extra)
    parts = data.split(b"/MediaBox [0 0 612 792]")
    annots = [f"/Annots [{' '.join(f'{n} 0 R' for n in page)}] /MediaBox [0 0 612 792]".encode() for page in numbers]
    data = parts[0] + b"".join(annot + part for annot, part in zip(annots, parts[1:], strict=True))
    _, reading = read("a.pdf", data, ReadOptions())
    texts = [page.text for page in reading.pages]
    drawn = [{text for _, _, text in words} for words in pages]
    return [
        "\n".join(
            line
            for line in text.splitlines()
            if (": " in line or (not holder and line.startswith(("☐", "☒")))) and line not in seen
        )
        for text, seen in zip(texts, drawn, strict=True)
    ]


def _kids(first: str, second: str, *, across: bool = False, states: Sequence[str] = ("0", "1")) -> list[str]:
    places = [(70, 600), (170, 600)] if across else [(70, 600), (70, 580)]
    return [
        _button(x, y, entries, [state], parent=1)
        for (x, y), entries, state in zip(places, (first, second), states, strict=True)
    ]


BELOW = [(84, 601, "Paid by the owner"), (84, 581, "Paid by the tenant, monthly"), (300, 581, "See page 4")]


@pytest.mark.parametrize(
    ("holder", "kids", "shown"),
    [
        (f"{GROUP} /TU (Heating) /V /1", _kids("/AS /Off", "/AS /1"), "Heating: Paid by the tenant, monthly"),
        (f"{GROUP} /TU (Heating)", _kids("/AS /0", "/AS /Off"), "Heating: Paid by the owner"),
        (f"{GROUP} /TU (Heating) /V /1", _kids("", ""), "Heating: Paid by the tenant, monthly"),
        (f"{GROUP} /TU (Heating) /V /1", _kids("/AS /Off", "/AS /Off"), "Heating: Paid by the tenant, monthly"),
        (f"{GROUP} /V /Tenant", _kids("/AS /Off", "/AS /1"), "f4: Paid by the tenant, monthly"),
        (f"{GROUP} /V /Tenant", _kids("/AS /Off", "/AS /Off"), ""),
        (f"{GROUP} /V /1", _kids("/AS /0", "/AS /Off"), "f4: Paid by the owner"),
        (f"{GROUP} /V /Off", _kids("/AS /Off", "/AS /Off"), ""),
        (f"{GROUP} /V /1 /Opt [(Owner) (Tenant)]", _kids("/AS /Off", "/AS /1"), "f4: Tenant"),
        (f"{GROUP} /V /1 /Opt [(Owner) (Tenant)]", _kids("", ""), "f4: Tenant"),
        (
            f"{UNISON} /V /2",
            _kids("/AS /2", "/AS /2", states="22"),
            "f4: Paid by the owner\nf4: Paid by the tenant, monthly",
        ),
    ],
)
def test_the_chosen_one_is_told_by_the_words_beside_it(holder, kids, shown):
    assert _read([BELOW], holder, [kids])[0].replace("\n\n", "\n") == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([(20, 601, "Rent:"), (84, 601, "cold"), (184, 601, "warm")], "Rent: warm"),
        ([(45, 601, "cold"), (138, 601, "warm")], "f4: warm"),
        ([(45, 601, "cold"), (138, 601, "warm"), (205, 601, "(see note)")], "f4: warm"),
        ([(400, 601, "far away")], "f4: 1"),
        ([], "f4: 1"),
    ],
)
def test_labels_stand_on_one_side_of_all_buttons_of_a_group(words, shown):
    assert _read([words], GROUP, [_kids("/AS /Off", "/AS /1", across=True)]) == [shown]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([(20, 601, "Rent"), (66, 616, "cold"), (166, 616, "warm")], "Rent: warm"),
        ([(66, 616, "cold"), (154, 626, "warm and"), (157, 615, "metered")], "f4: warm and metered"),
        (
            [(60, 640, "Which rent was agreed with the tenant of this flat?"), (70, 616, "cold"), (170, 616, "warm")],
            "f4: warm",
        ),
        ([(66, 586, "cold"), (163, 586, "warm"), (155, 574, "rent only"), (90, 640, "Rent")], "f4: warm rent only"),
        ([(60, 616, "Which rent was agreed with the tenant of this flat?")], "f4: 1"),
        ([(66, 660, "cold"), (163, 660, "warm")], "f4: 1"),
    ],
)
def test_labels_may_stand_above_or_below_all_buttons_of_a_group(words, shown):
    assert _read([words], GROUP, [_kids("/AS /Off", "/AS /1", across=True)]) == [shown]


def test_the_heads_of_a_grid_of_buttons_hold_for_all_its_rows():
    words = [(66, 616, "good"), (167, 616, "bad"), (20, 601, "Food"), (20, 581, "Staff"), (20, 561, "Room")]
    boxes = [
        _button(x, y, f"{BOX} /T (c{x}{y}) /AS /{'On' if (x, y) in ((70, 600), (170, 560)) else 'Off'}", ["On"])
        for y in (600, 580, 560)
        for x in (70, 170)
    ]
    shown = _read([words], "", [boxes])[0]
    assert [line for line in shown.splitlines() if "☒" in line] == ["c70600: ☒ good", "c170560: ☒ bad"]


def test_without_words_beside_it_a_button_is_called_by_its_own_tip():
    kids = _kids("/AS /Off /TU (Gas)", "/AS /1 /TU (Oil)")
    assert _read([[(300, 200, "Text")]], f"{GROUP} /TU (Fuel)", [kids]) == ["Fuel: Oil"]


@pytest.mark.parametrize(
    ("states", "shown"), [(("/AS /Off", "/AS /1"), ["", "f4: No"]), (("/AS /0", "/AS /Off"), ["f4: Yes", ""])]
)
def test_a_group_may_stand_on_two_pages(states, shown):
    pages = [[(84, 601, "Yes")], [(84, 581, "No")]]
    first, second = _kids(*states)
    assert _read(pages, GROUP, [[first], [second]]) == shown


def test_the_same_button_twice_in_unison_is_told_once():
    words = [(84, 601, "Yes"), (84, 581, "Yes")]
    assert _read([words], f"{UNISON} /V /1", [_kids("/AS /1", "/AS /1", states="11")]) == ["f4: Yes"]


@pytest.mark.parametrize(
    ("entries", "words", "shown"),
    [
        ("/T (c1) /V /On /AS /On", [(84, 601, "Pets are allowed")], "☒ Pets are allowed"),
        ("/T (c1) /V /Off /AS /Off", [(84, 601, "Pets are allowed")], "☐ Pets are allowed"),
        ("/T (c1) /V /On", [(84, 601, "Pets are allowed")], "☒ Pets are allowed"),
        ("/T (c1) /AS /On", [(40, 601, "Pets:")], "☒ Pets"),
        ("/T (c1) /TU (Pets) /AS /On", [(84, 601, "allowed here")], "Pets: ☒ On"),
        ("/T (c1) /AS /On", [(300, 200, "Text")], "c1: ☒ On"),
        ("/T (c1) /AS /Off", [(300, 200, "Text")], "c1: ☐ Off"),
    ],
)
def test_a_check_box_is_told_by_the_words_beside_it_unless_it_has_a_tip(entries, words, shown):
    assert _read([words], "", [[_button(70, 600, f"{BOX} {entries}", ["On"])]]) == [shown]


def test_check_boxes_in_a_row_have_their_labels_on_one_side():
    words = [(40, 601, "Attic"), (135, 601, "Cellar")]
    boxes = [_button(70, 600, f"{BOX} /T (a) /AS /On", ["On"]), _button(170, 600, f"{BOX} /T (b) /AS /Off", ["On"])]
    assert _read([words], "", [boxes])[0].split("\n\n") == ["☒ Attic\t☐ Cellar"]


def test_a_button_without_pictures_is_on_by_its_state():
    button = _button(70, 600, f"{BOX} /T (c1) /AS /Ja", [])
    assert _read([[(84, 601, "Garage")]], "", [[button]]) == ["☒ Garage"]
