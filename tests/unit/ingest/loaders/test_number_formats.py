from __future__ import annotations

import pytest

from ingest.loaders.office.number_formats import read_format

ACCOUNT = '_-* #,##0.00\\ "kn"_-;-* #,##0.00\\ "kn"_-;_-* "-"??\\ "kn"_-;_-@_-'


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0%", 0.345, "35%"),
        ("0.00 %", 0.0725, "7.25 %"),
        ("000000", 815, "000815"),
        ("0.00", 1.005, "1.01"),  # as decimals, not as the binary number below it
        ("0.0", -0.04, "0.0"),
        ("#,##0.0##", 9876.5, "9,876.5"),
        ("#.##", 0.25, ".25"),
        ("[$CHF-807] #,##0.00;[RED]-[$CHF-807] #,##0.00", -45.5, "-CHF 45.50"),
        ("#,##0_);(#,##0)", -1200, "(1,200)"),
        ('0;-0;"none"', 0, "none"),
        ('"AZ-"0000', 12, "AZ-0012"),
        ("(000) 000\\-0000", 5550199876, "(555) 019-9876"),
        ('0.0,,"M"', 2_345_678, "2.3M"),
        ('[>=1000]0.0,"k";0', 2500, "2.5k"),
        ('[>=1000]0.0,"k";0', -7, "-7"),
        ("# ?/?", 1.75, "1 3/4"),
        ("# ??/16", 0.4375, "7/16"),
        ("0.00E+00", 0.000456, "4.56E-04"),
        ("##0.0E+0", 45678, "45.7E+3"),
        ('General" kg"', -2.5, "-2.5 kg"),
        (ACCOUNT, 64000, "64,000.00 kn"),
        (ACCOUNT, 0, "- kn"),
        ("[h]:mm", 2.25, "54:00"),
        ("[mm]:ss", 0.0625, "90:00"),
        ("h:mm AM/PM", 0.5, "12:00 PM"),
        ("hh:mm:ss.00", 0.0000144676, "00:00:01.25"),
        ("dd\\.mm\\.yyyy", 36526, "01.01.2000"),
        ("d/m/yy h:mm", 36526.25, "1/1/00 6:00"),
        ("[$-407]dddd, d. mmmm yyyy", 45367, "Samstag, 16. März 2024"),
        ("[$-fr-FR]d mmm yyyy", 45367, "16 mars 2024"),
        ("[$-419]d mmmm yyyy", 45367, "16 марта 2024"),
        ("[$-419]mmmm yyyy", 45367, "март 2024"),
        ("[$-408]dddd d mmmm", 45367, "Σάββατο 16 Μαρτίου"),
        ('yyyy"年"m"月"d"日"', 45367, "2024年3月16日"),
        ("[$-F800]dddd, mmmm dd, yyyy", 45367, "2024-03-16"),
        ("yyyy-mm-dd", -5, "-5"),  # before all dates
        ("@", 7.5, "7.5"),
        (";;;", 7, ""),
    ],
)
def test_a_number_reads_as_the_program_shows_it(code, value, shown):
    assert read_format(code).show(float(value)) == shown


def test_dates_of_old_macs_count_from_1904():
    assert read_format("d.m.yyyy").show(43905.0, is_1904=True) == "16.3.2024"


def test_a_text_is_shown_with_what_stands_around_it():
    assert read_format('0;-0;0;"Lot "@').show_text("7b") == "Lot 7b"
    assert read_format("0.00").show_text("n/a") == "n/a"
