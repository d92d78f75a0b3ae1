import pytest

from rag.errors import SettingsError
from rag.text.dates import bound, iso_day, list_months


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-07-31", "2023-07-31"),
        ("2023-07-31T10:00:00+02:00", "2023-07-31"),
        ("2023-07-31 10:00", "2023-07-31"),
        ("2023-07", "2023-07-01"),
        (" 2023 ", "2023-01-01"),
        ("Mon, 31 Jul 2023 10:00:00 +0200", "2023-07-31"),
        ("", ""),
        ("2023-13-01", ""),
        ("2023-02-30", ""),
        ("last summer", ""),
        ("20230731", ""),
    ],
)
def test_a_document_s_date_becomes_a_day_that_compares_as_text(text, day):
    assert iso_day(text) == day


@pytest.mark.parametrize("text", ["2023", "2023-07", "2023-07-31"])
def test_a_year_a_month_or_a_day_is_an_end_of_a_period(text):
    assert bound("--since", text) == text


@pytest.mark.parametrize("text", ["", "23", "2023-7", "2023-02-30", "2023-13", "July 2023", "2023-07-31T10:00"])
def test_anything_else_is_refused_by_the_option_s_name(text):
    with pytest.raises(SettingsError, match=r"--since is .*2023-07-31"):
        bound("--since", text)


def test_no_end_is_no_end():
    assert bound("--until", None) is None


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("minutes/2024-03", ["202403"]),
        ("2024-03-12 council", ["202403"]),
        ("Minutes_March_2024", ["202403"]),
        ("on March 12, 2024", ["202403"]),
        ("Protokoll vom 12. März 2024", ["202403"]),
        ("Protokoll 3.2024", ["202403"]),
        ("acta de marzo de 2024", ["202403"]),
        ("в марте 2024 года", ["202403"]),
        ("2024年3月の議事録", ["202403"]),
        ("２０２４年１２月", ["202412"]),
        ("2024년 3월", ["202403"]),
        ("ma\u0308rz 2024", ["202403"]),  # decomposed, as macOS writes names
        ("January 2024 and 2023-12", ["202401", "202312"]),
        ("INV-2024-10427", []),
        ("ISO 9001-2015", []),
        ("2023-2024", []),
        ("five people may come", []),
        ("ma\u0130 2024", []),
    ],
)
def test_months_are_the_same_however_they_are_written(text, months):
    assert list_months(text) == months
