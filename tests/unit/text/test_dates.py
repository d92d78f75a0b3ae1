import pytest

from rag.errors import SettingsError
from rag.text.dates import bound, iso_day


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
