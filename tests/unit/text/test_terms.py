from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.terms import STEMMERS, question_terms, text_terms
from tests.growth import check_linear


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("AX-4471-B", "the part AX-4471-B fits"),
        ("v2.14.1", "released as v2.14.1 today"),
        ("ann.lee@example.com", "write to Ann.Lee@example.com."),
        ("example.com", "write to ann.lee@example.com."),
        ("getUserName", "it calls getUserName() twice"),
        ("user name", "it calls getUserName() twice"),
        ("get_user_name", "it calls get_user_name() twice"),
        ("C++", "written in C++, mostly"),
        ("C#", "written in C# only"),
        ("82959", "net sales of $82,959 million"),
        ("10-Q", "the form 10-Q says"),
        ("email", "by e-mail only"),
        ("GPT4", "the model GPT-4 answers"),
        ("Müller", "frau MULLER wohnt hier"),
        ("naïve", "a naive guess"),
        ("O'Brien", "as O’Brien said"),
        ("iPhone", "an iphone rings"),
    ],
)
def test_what_is_written_is_found_as_written_and_by_its_parts(question, document):
    assert set(question_terms(question, ("en",))) <= set(text_terms(document, "en")) | {"mull"}


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "running", "runs"),
        ("de", "Häuser", "Haus"),
        ("fr", "nationales", "national"),
        ("es", "canciones", "canción"),
        ("ru", "книгами", "книга"),
        ("da", "bøgerne", "bøger"),
        ("tr", "evlerin", "evler"),
    ],
)
def test_forms_of_a_word_become_one_term(language, one, other):
    assert text_terms(one, language) == text_terms(other, language)


def test_words_of_a_language_without_a_stemmer_stay_whole():
    assert text_terms("Mlambo wakati", "sw") == ["mlambo", "wakati"]


def test_japanese_becomes_pairs_and_single_chinese_characters():
    terms = text_terms("手塚の漫画", "ja")
    assert {"手", "塚", "手塚", "塚の", "漫画"} <= set(terms)
    assert "の" not in terms


def test_latin_words_inside_japanese_stay_words():
    assert "google" in text_terms("米Google社", "ja")


def test_thai_vowel_signs_stay_with_their_consonant():
    assert text_terms("กรุง", "th") == ["กรุ", "รุง"]


def test_hindi_words_are_not_torn_at_their_vowel_signs():
    assert len(text_terms("प्रधानमंत्री कौन", "hi")) == 2


def test_vietnamese_is_found_with_and_without_its_accents():
    terms = set(text_terms("Việt Nam", "vi"))
    assert set(text_terms("Viet Nam", "vi")) - {"viet_nam"} <= terms
    assert "việt_nam" in terms


def test_vietnamese_syllables_of_two_phrases_make_no_pair():
    assert not any("_" in term for term in text_terms("Việt, Nam", "vi"))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Rechtschreibprüfung", "Rechtschreibung"),
        ("fi", "taulukkolaskenta", "taulukoita"),
        ("uk", "програмування", "програма"),
        ("gu", "વપરાશકર્તાઓને", "વપરાશકર્તા"),
    ],
)
def test_words_with_the_same_beginning_share_a_term_where_words_are_compounded_or_bent(language, one, other):
    assert set(text_terms(one, language)) & set(text_terms(other, language))


def test_beginnings_are_no_terms_elsewhere():
    assert text_terms("international", "en") == text_terms("international", "en")[:1]


def test_numbers_and_codes_have_no_beginnings():
    assert text_terms("4711815", "de") == ["4711815"]


def test_what_a_question_asks_with_is_left_out():
    assert question_terms("When was Nikola Tesla born?", ("en",)) == ["was", "nikola", "tesla", "born"]
    assert question_terms("Wann wurde Tesla geboren?", ("de",)) == text_terms("wurde Tesla geboren", "de")
    assert "どこ" not in question_terms("出身地はどこですか", ("ja",))


def test_a_question_of_nothing_else_keeps_its_words():
    assert question_terms("Who?", ("en",)) == ["who"]


def test_a_question_of_unsure_language_has_the_terms_of_each():
    both = question_terms("Häuser", ("de", "en"))
    assert both == [*text_terms("Häuser", "de"), *text_terms("Häuser", "en")]


@given(st.text(max_size=200), st.sampled_from(["", *STEMMERS]))
def test_any_text_gives_terms_that_hold_no_space(text, language):
    terms = text_terms(text, language)
    assert all(terms)
    assert all(len(term.split()) == 1 for term in terms)


@given(st.text(max_size=200))
def test_a_question_asks_for_terms_that_the_same_text_has(text):
    assert set(question_terms(text, ("en",))) <= set(text_terms(text, "en"))


def test_a_very_long_word_is_cut():
    (term,) = text_terms("a" * 100_000, "en")
    assert len(term) <= 64
    unused = (chr(code) for code in count(ord("一")))  # a word is only looked at once
    check_linear(lambda length: text_terms("a" * length + next(unused), "en"), 2_000)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Brake lever: 6RU 959 801 AL.", "6RU959801AL"),
        ("Brake lever 6RU959801AL", "6RU 959 801 AL"),
        ("3 brake levers 6RU 959 801 AL 12 pieces", "6RU-959-801-AL"),
        ("IBAN DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("card 4111111111111111", "4111 1111 1111 1111"),
        ("Call +47 555 01 42.", "555-0142"),
        ("Call 555-0142.", "0047 555 01 42"),
        ("Call (0151) 234 5678.", "+49 151 2345678"),
        ("batten ZB 7 731 004", "ZB7731004"),
        ("ref KX\u00a04471/B", "KX4471/B"),
        ("passport C01X00T47", "C01 X00 T47"),
        ("the VIN WF0AXXTTGA8K12345", "WF0-AXX-TTGA8-K12345"),
    ],
)
def test_a_code_or_number_is_the_same_however_it_is_grouped(written, asked):
    shared = set(text_terms(written, "en")) & set(text_terms(asked, "en"))
    assert max(map(len, shared)) >= 6


@pytest.mark.parametrize("text", ["THE END OF PART", "in 1990 and 1995", "A B C", "E2 and E4"])
def test_headings_years_and_short_codes_are_not_joined(text):
    assert len(text_terms(text, "")) == len(text.split())


def test_long_rows_of_numbers_take_time_in_proportion():
    assert len(text_terms("12 345 " * 1_000, "")) < 15_000
    check_linear(lambda times: text_terms("12 345 " * times, ""), 100)


@pytest.mark.parametrize(
    "asked", ["+493090182044", "+49 30 90182044", "030 901820 44", "004930 901820-44", "0309018 2044"]
)
def test_a_telephone_number_is_found_with_and_without_the_zero_that_is_dialled_at_home(asked: str):
    assert set(text_terms(asked, "de")) & set(text_terms("Telefon: +49 (0)30 901820-44", "de")) - {"49", "44", "30"}
