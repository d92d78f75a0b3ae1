from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import split_sentences


def pieces(text: str, language: str = "en") -> list[str]:
    return [text[unit.start : unit.end] for unit in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It costs 2.5 euros. Dr. Smith paid.", "en", ["It costs 2.5 euros.", "Dr. Smith paid."]),
        ("See e.g. Fig. 3 for it. Then stop!", "en", ["See e.g. Fig. 3 for it.", "Then stop!"]),
        ("It is PF-2X/7L.RM here. Next.", "en", ["It is PF-2X/7L.RM here.", "Next."]),
        ("It ended.Then it began.", "en", ["It ended.", "Then it began."]),
        ("A line that\nwraps here. Next.", "en", ["A line that\nwraps here.", "Next."]),
        ("One paragraph\n\nanother one", "en", ["One paragraph", "another one"]),
        ("東京は首都です。人口は多い！", "ja", ["東京は首都です。", "人口は多い！"]),
        ("Er kam am 3. Mai. Dann ging er z.B. heim.", "de", ["Er kam am 3. Mai.", "Dann ging er z.B. heim."]),
        ("यह है। वह गया।", "hi", ["यह है।", "वह गया।"]),
        ("", "en", []),
        (" \n\n ", "en", []),
    ],
)
def test_sentences(text: str, language: str, expected: list[str]):
    assert pieces(text, language) == expected


def test_headings_items_and_rows_are_units_of_their_own():
    text = "# Care\nDescale it.\n- one\n  still one\n- two\n\n---\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n"
    units = split_sentences(text)
    assert [(unit.kind, text[unit.start : unit.end]) for unit in units] == [
        ("heading", "# Care"),
        ("sentence", "Descale it."),
        ("item", "- one\n  still one"),
        ("item", "- two"),
        ("row", "| a | b |"),
        ("row", "| 1 | 2 |"),
    ]


def test_cells_apart_by_tabs_are_a_row():
    text = "The codes are these.\nCode\tMeaning\nE1\tThe kettle is empty\nE2\tThe lid is open\nCall us."
    units = split_sentences(text)
    assert [unit.kind for unit in units] == ["sentence", "row", "row", "row", "sentence"]
    assert units[2].header == units[3].header == (21, 33)


def test_lines_that_were_broken_on_purpose_stay_apart():
    assert pieces("Hotel 110 euros\nMeals 32 euros\nCar 0.30 euros") == [
        "Hotel 110 euros",
        "Meals 32 euros",
        "Car 0.30 euros",
    ]


def test_a_table_row_knows_its_header():
    text = "| a | b |\n|---|---|\n| 1 | 2 |\n\n| c |\n|---|\n| 3 |"
    headers = [unit.header and text[slice(*unit.header)] for unit in split_sentences(text)]
    assert headers == [None, "| a | b |", None, "| c |"]


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("Day | Tea\n--- | ---\nMon | oolong   \nTue | mate\n\nBye | bye.", [None, "Day | Tea", "Day | Tea", None]),
        ("\tMon\tTue\nAnn\ttea\tmate\n\tmilk", [None, "\tMon\tTue", "\tMon\tTue"]),
        ("Ann\t7.50\tcash\nBen\t9.20\tcard", [None, None]),  # values don't name columns
        ("Ann\tcash\tnorth\nBen\tcash\tsouth", [None, None]),
        ("Pier\t2022\t2023\nEast\t7\t9", [None, "Pier\t2022\t2023"]),
        ("Pier\tFee\nNorth\nEast\t7\nSouth\nWest\t9", [None, None, "Pier\tFee", None, "Pier\tFee"]),
        (
            "Pier\tFee\nEast\t7\nBoats\nName\tLength\tOwner\nIda\t9\tAnn",
            [None, "Pier\tFee", None, None, "Name\tLength\tOwner"],
        ),
    ],
)
def test_a_row_has_the_head_of_its_table(text, heads):
    assert [unit.header and text[slice(*unit.header)] for unit in split_sentences(text)] == heads


@given(st.text(alphabet=st.sampled_from("ab .!?\r\n|-#*1。あ"), max_size=200))
def test_units_are_in_order_apart_and_leave_out_only_white_space_and_rules(text: str):
    units = split_sentences(text)
    assert all(unit.start < unit.end and text[unit.start : unit.end].strip() for unit in units)
    assert all(a.end <= b.start for a, b in itertools.pairwise(units))
    left_out = "".join(
        text[a:b] for a, b in zip([0, *(u.end for u in units)], [*(u.start for u in units), len(text)], strict=True)
    )
    assert not left_out.strip(" \r\n|-*")  # `***` is a drawn line too


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("a" + " " * 5_000 + "\n\nb", ["a", "b"]),
        ("a" + " " * 5_000 + "b", ["a" + " " * 5_000 + "b"]),
        (" " * 50_000 + "a", ["a"]),
        ("-" * 50_000 + "x", ["-" * 50_000 + "x"]),
    ],
)
def test_endless_white_space_and_lines_take_no_endless_time(text, units):
    assert [text[unit.start : unit.end] for unit in split_sentences(text)] == units
