from __future__ import annotations

import pytest

from page.filtering.filters import (
    EVERY_FOLDER,
    EVERY_TYPE,
    Choices,
    describe_restriction,
    find_choices,
    read_restriction,
)
from rag.errors import SettingsError
from rag.types import Restriction


def test_every_folder_with_documents_anywhere_below_it_is_a_choice():
    sources = ["a/b/c/one.md", "a/two.md", "top.md", "z z/three.md"]
    assert find_choices(sources).folders == ("a", "a/b", "a/b/c", "z z")


def test_file_types_are_in_small_letters_and_without_a_dot():
    assert find_choices(["a.PDF", "b.pdf", "v1.2/notes.tar.gz"]).file_types == ("gz", "pdf")


def test_a_name_without_an_ending_has_no_type():
    assert find_choices(["v1.2/README", ".profile"]).file_types == ()


def test_no_documents_give_no_choices():
    assert find_choices([]) == Choices()


def test_of_very_many_folders_the_uppermost_and_then_the_fullest_are_offered():
    sources = [f"f{number:03}/sub/{name}.md" for number in range(80) for name in range(1 + number % 2)]
    folders = find_choices(sources).folders
    assert len(folders) == 100
    assert {f"f{number:03}" for number in range(80)} < set(folders)
    below = [folder for folder in folders if folder.endswith("/sub")]
    assert all(int(folder[1:4]) % 2 for folder in below)
    assert folders == tuple(sorted(folders))


def test_of_very_many_types_the_most_frequent_are_offered():
    sources = [f"{copy}.e{number:02}" for number in range(50) for copy in range(2 if number >= 20 else 1)]
    assert find_choices(sources).file_types == tuple(f"e{number:02}" for number in range(20, 50))


def test_what_is_chosen_becomes_a_restriction():
    values = {"folder": "a/b", "type": "pdf", "since": " 2023 ", "until": "2024-02"}
    assert read_restriction(values) == Restriction("a/b", "pdf", "2023", "2024-02")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"folder": EVERY_FOLDER, "type": EVERY_TYPE, "since": "", "until": "  "},
        {"folder": None, "type": None, "since": None, "until": None},
    ],
)
def test_what_is_left_empty_restricts_nothing(values: dict[str, object]):
    assert read_restriction(values) is None


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("date", ["last year", "2023-13", "31.7.2023", "20230731"])
def test_a_wrong_date_is_one_sentence_that_names_its_input_and_the_form(name: str, date: str):
    with pytest.raises(SettingsError) as raised:
        read_restriction({name: date})
    expected = f"{name.title()} is {date!r}; it must be a year, month or day: 2023, 2023-07 or 2023-07-31."
    assert str(raised.value) == expected


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (Restriction("a/b/"), "documents in a/b"),
        (Restriction(file_type=".PDF"), "pdf files"),
        (Restriction(since="2023"), "documents since 2023"),
        (Restriction(until="2023-07"), "documents until 2023-07"),
        (Restriction("a", "md", "2023", "2024"), "md files in a from 2023 to 2024"),
        (Restriction(within=("a", "b", "c", "d.md")), "documents among a, b, c and 1 more"),
        (Restriction("a", also=("b.md", "c.md")), "documents in a, and b.md, c.md"),
    ],
)
def test_a_restriction_is_said_in_words(only: Restriction, words: str):
    assert only.description == words
    assert describe_restriction(only, "en") == words


def test_a_restriction_is_said_in_the_language_of_the_browser():
    only = Restriction("a", "md", until="2024", also=("b.md",))
    assert describe_restriction(only, "de-CH") == "md-Dateien in a bis 2024, dazu b.md"
    assert describe_restriction(only, "ja") == "2024 までのa 内のmdファイルと b.md"
