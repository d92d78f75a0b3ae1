"""The questions that a first page offers."""

from __future__ import annotations

from page.starters import Outline, make_starters


def test_each_asks_for_a_telling_heading_of_a_document():
    outlines = [
        Outline("guides/kettle.pdf", "The Kettle", ["Introduction", "Descaling", "Faults", "Faults", "1.2"]),
        Outline("report.docx", "A title that is much too long to be read on a small button", ["Contents", "Turnover"]),
        Outline("letter.txt", "", []),
        Outline("garden.md", "Garden", ["Garden"]),
        Outline("more.md", "More", ["Never shown"]),
    ]
    assert make_starters(outlines, "en-GB") == [
        "What does “The Kettle” say about “Faults”?",
        "What does “report” say about “Turnover”?",
        "What is “Garden” about?",
    ]


def test_it_is_asked_in_the_browsers_language():
    (question,) = make_starters([Outline("kessel.pdf", "", ["Entkalken"])], "de-AT")
    assert question == "Was sagt „kessel“ über „Entkalken“?"
