from __future__ import annotations

import textwrap

import pytest

from rag.answering.quotable import count_words, describe, list_quotables
from rag.types import Chunk


def quoted(text: str, language: str = "en") -> list[str]:
    return [quotable.text for quotable in list_quotables(0, Chunk("a.md", 0, text), language)]


@pytest.mark.parametrize(
    ("text", "words"),
    [("Two words.", 2), ("1,234.50 kg at 7:45", 4), ("東京の人口", 2.5), ("Tel: 東京03", 3), ("| - |", 0)],
)
def test_words_are_counted_as_a_reader_takes_them(text, words):
    assert count_words(text) == words


@pytest.mark.parametrize(
    "line",
    [
        "7. Pets. One dog is allowed.",
        "**Cause.** The lamp burnt out over Easter.",
        "3 June. Planted the quince by the wall.",
    ],
)
def test_a_label_is_quoted_with_its_sentence(line):
    assert quoted(f"{line}\n\nThe lamp was mended the day after.")[0] == line


def test_a_sentence_is_no_label_of_the_next():
    assert quoted("The lamp burnt out. It was mended.") == ["The lamp burnt out.", "It was mended."]


def test_a_question_is_no_label_of_its_answer():
    assert quoted("Who pays? The landlord. Nobody else.")[0].startswith("The landlord.")


def test_what_announces_the_next_line_is_quoted_with_it():
    announced = "If the light stays red, proceed as follows:\nPull the plug and wait a minute before the next try."
    assert quoted(f"{announced}\n\nThe end of it.")[0] == announced


def test_lines_that_were_broken_on_purpose_are_told_apart():
    chat = "[09:12] Mia: the meeting is on Tuesday at ten\n[09:13] Jo: fine with me\n[09:14] Mia: bring cake"
    assert quoted(chat) == chat.split("\n")


def test_lines_of_japanese_are_told_apart():
    notice = "日時:2024年5月25日(土)10時から12時10分まで\n場所:1階集会室\n議題:修繕工事について話し合います"
    assert quoted(notice, "ja") == notice.split("\n")


def test_a_wrapped_sentence_stays_one():
    wrapped = "The tank of the machine holds two litres of water, which is enough\nfor a week if nobody has guests."
    assert quoted(f"{wrapped} Descale it.")[0] == wrapped


def test_a_wrapped_line_may_begin_with_a_capital():
    wrapped = "The rooms were booked for all who asked, and the keys are kept by\nTamsin until the bus leaves."
    assert quoted(wrapped) == [wrapped]


@pytest.mark.parametrize("width", [40, 62, 115])
def test_a_wrapped_line_may_begin_with_a_number(width: int):
    text = (
        "The soil is only 25 centimetres deep, so nothing with a tap root does well there. Tomatoes went in on 12 May "
        "this year and were ripe from the third week of July; the best variety was Matina. Water them for 20 minutes."
    )
    quotes = quoted(textwrap.fill(text, width))
    assert " ".join(quotes[1].split()).startswith("Tomatoes went in on 12 May this year and were ripe from the")


@pytest.mark.parametrize(
    ("line", "is_aside"),
    [
        ("Kind regards", True),
        ("Dear parents,", True),
        ("THE FERRYMAN'S LEDGER", True),
        ("Under the third pot.", False),
        ("Key: third pot", False),
        ("Room 14", False),
        ("Descale the boiler with powder every ninety days", False),
    ],
)
def test_titles_greetings_and_names_are_asides(line, is_aside):
    first = next(list_quotables(0, Chunk("a.txt", 0, f"{line}\n\nThe boiler is in the cellar."), "en"))
    assert (first.text, first.is_aside) == (line, is_aside)


def test_a_row_is_described_by_its_columns_and_what_it_belongs_to():
    chunk = Chunk("a.md", 0, "Model\tTank\tColour\nX2\t1.8 litres\t\nX3\t2.4 litres\tred", "Boilers", "Sizes")
    first, second = (describe(row, chunk) for row in list_quotables(0, chunk, "en"))
    assert first == "Boilers. Sizes. Model: X2, Tank: 1.8 litres"
    assert second == "Boilers. Sizes. Model: X3, Tank: 2.4 litres, Colour: red"


def test_a_sentence_without_a_title_is_described_by_its_file():
    chunk = Chunk("Notes/key-of-the_shed.md", 0, "Under the\nthird pot.")
    assert [describe(one, chunk) for one in list_quotables(0, chunk, "en")] == ["key of the shed. Under the third pot."]


def test_what_announces_a_table_is_part_of_its_rows():
    text = "Stock of the cold house:\n\nFish\tKg\nCod\t31\nHake\t17\n\nPaid in May:\n\nThe rent."
    quotables = list(list_quotables(0, Chunk("a.md", 0, text), "en"))
    assert [quotable.text for quotable in quotables] == ["Cod\t31", "Hake\t17", "Paid in May:\n\nThe rent."]
    assert ["cold" in quotable.section for quotable in quotables] == [True, True, False]
