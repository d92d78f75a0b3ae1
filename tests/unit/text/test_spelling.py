import pytest

from rag.text.terms import mend_terms, question_terms

KNOWN = {"error": 5, "mean": 9, "kettl": 4, "boiler": 2, "chess": 1, "jahr": 7, "wass": 8, "вод": 3}


def mend(question, *languages, known=KNOWN):
    return mend_terms(question, languages or ("en",), lambda term: known.get(term, 0))


@pytest.mark.parametrize(
    ("misspelt", "term"),
    [("erorr", "error"), ("errorr", "error"), ("errot", "error"), ("meening", "mean")],
)
def test_a_misspelt_word_finds_the_word_that_the_documents_have(misspelt, term):
    assert mend(f"{misspelt} of the boiler") == [*mend(f"{term} of the boiler")]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("hairdryer boiler", ["hair", "dryer", "boiler"]),
        ("boiler hairdryers", ["boiler", "hair", "dryer"]),
        ("hair boiler", ["hair", "boiler"]),
        ("old boat yard of the boiler", ["old", "boatyard", "of", "the", "boiler"]),
        ("carpet", ["carpet"]),  # which is no car of a pet
    ],
)
def test_words_are_found_that_the_documents_write_as_two_or_as_one(question, expected):
    known = KNOWN | {"hair": 2, "dryer": 1, "boatyard": 1, "car": 3, "pet": 2}
    assert mend(question, known=known) == expected


def test_other_languages_find_their_letters():
    assert "wass" in mend("Wie viel Waser?", "de")
    assert mend("ввода", "ru") == ["вод"]


@pytest.mark.parametrize("question", ["Who plays chess?", "Does the boiler mean errors?", "errr", "xrror"])
def test_known_short_and_far_words_stay(question):
    assert mend(question) == mend(question, known={})


def test_the_neighbours_that_most_passages_have_stand_in_the_word_s_place():
    known = {f"bar{letter}el": count for count, letter in enumerate("abcdef", start=1)}
    assert mend("boiler barxel chess", known=known | KNOWN) == ["boiler", "barfel", "bareel", "bardel", "chess"]


def test_many_unknown_words_take_no_longer_than_two():
    def list_looked_up(words):
        looked_up = dict[str, int]()
        question = " ".join(f"unknownword{chr(97 + n)}" for n in range(words))
        mend_terms(question, ("en",), lambda term: looked_up.setdefault(term, 0))
        return looked_up

    pairs = 26 - 2  # more neighbours that may be one word; each is a single look
    assert 0 < len(list_looked_up(1)) < len(list_looked_up(2)) == len(list_looked_up(26)) - pairs


def test_any_text_is_a_question():
    for question in ("", "?", "äöüßñ", "ভাষাভাষা", "日本語日本語", "\u0301" * 9, "a" * 5_000):
        assert mend(question, known={}) == question_terms(question, ("en",))


def test_a_code_that_the_documents_have_as_one_word_is_not_looked_for_by_its_groups():
    known = KNOWN | {"c01x00t47": 1, "x00": 2}
    assert mend("The error C01 X00 T47", known=known) == ["the", "error", "x00", "c01x00t47"]
    assert "c01" in mend("Whose error is C01 X00 T47?")
