import pytest

from rag.answering.numbers import find_numbers, list_claimed, list_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,000 and 1.000 and 1000 and 1 000 and 1’000", {"1000"}),
        ("3.90 €, 3,9 €", {"3.9"}),
        ("three months, drei Monate, три месяца", {"3"}),
        ("2024-04-16", {"2024", "16"}),
        ("16.04.2024", {"2024", "16"}),
        ("0555 0160", {"555", "160"}),
        ("９月", {"9"}),
        ("at 9:30", {"9:30"}),
        ("version 1.2.3", {"1.2.3"}),
        ("a ticket to Rome", set()),
    ],
)
def test_a_number_is_the_same_however_it_is_written(text: str, values: set[str]):
    assert list_claimed(text) == values


@pytest.mark.parametrize(
    ("passage", "claim"),
    [
        ("16 April 2024", "16.04.2024"),
        ("um 18.30 Uhr", "18:30"),
        ("出差回来十五天内", "15 days"),
        ("它有二十三个房间", "23 rooms"),
        ("to hunde", "2 dogs"),
        ("2024-04-16", "16 April 2024"),
    ],
)
def test_what_is_claimed_may_be_written_otherwise_in_the_passage(passage: str, claim: str):
    assert list_claimed(claim) <= list_values(passage)


def test_a_part_of_a_decimal_number_is_no_number():
    assert not list_claimed("8 litres") <= list_values("1.8 litres")


def test_what_stands_beside_a_number_is_its_unit():
    units = [(number.value, number.unit) for number in find_numbers("5 kg for € 20, then 3 % of 7.")]
    assert units == [("5", "kg"), ("20", "€"), ("3", "%"), ("7", "")]
