import pytest

from rag.index.lexical.entry import QuestionTerm
from rag.ranking.question import find_names, find_words, is_about_unknown, is_foreign
from rag.text.terms import question_terms
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk

GERMAN = [ScoredChunk(StoredChunk(1, Chunk("a.txt", 0, "Der Kessel wird alle neunzig Tage entkalkt."), "de"), 1.0)]
ENGLISH = [ScoredChunk(StoredChunk(1, Chunk("a.txt", 0, "The estimate for the roof is valid for a month."), "en"), 1.0)]

CHINESE = [
    ScoredChunk(StoredChunk(1, Chunk("a.txt", 0, "总价十二万八千元，工期九十天，每拖一天扣二百元。"), "zh"), 1.0)
]


def make_terms(question: str, language: str, known: set[str]) -> list[QuestionTerm]:
    return [QuestionTerm(text, int(text in known), 1.0) for text in question_terms(question, [language])]


@pytest.mark.parametrize(
    ("question", "hits", "expected"),
    [
        ("How often should the boiler be cleaned of limescale?", GERMAN, True),
        ("Wie oft muss der Kessel entkalkt werden?", GERMAN, False),
        ("Wie oft muss der Kessel entkalkt werden?", ENGLISH, True),
        ("How long is the estimate valid?", ENGLISH, False),
        ("Rezept Gulasch", GERMAN, False),  # looks Spanish before it looks German
        ("宫保鸡丁的做法", CHINESE, False),  # looks Japanese
        ("宫保鸡丁的做法", ENGLISH, True),
        ("保証は何年ですか", CHINESE, True),
        ("보증은 몇 년인가요", CHINESE, True),
    ],
)
def test_a_question_is_foreign_if_no_passage_is_in_its_language(question, hits, expected):
    assert is_foreign(question, hits) == expected


def test_the_words_that_no_document_has_are_told_from_those_that_one_has():
    question = "What does the estimate say about the Invoice?"
    terms = make_terms(question, "en", {"estim", "the", "about"})
    words = find_words(question, terms, ENGLISH, [ENGLISH[0].chunk])
    assert (words.unknown, words.known, words.matched_share) == (("Invoice",), ("estimate",), 0.5)


def test_words_without_spaces_count_by_their_terms():
    question = "屋根の見積もり"
    terms = make_terms(question, "ja", {"屋根"})
    words = find_words(question, terms, ENGLISH, [ENGLISH[0].chunk])
    assert (words.unknown, words.known) == ((), ())
    assert words.unknown_count == (len(terms) - 1) / 2


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Would you have been there?", ()),
        ("Who is the boss of Microsoft?", ("boss", "Microsoft")),  # of which stop words have one
        ("What has (Microsoft) done?", ("Microsoft",)),
        ("How To Fill Forms On Microsoft", ("Forms",)),
        ("It fell. Please find help", ("fell",)),
    ],
)
def test_stop_words_are_not_in_the_documents_only_where_a_capital_makes_a_name_of_one(question, unknown):
    words = find_words(question, make_terms(question, "en", set()), ENGLISH, [])
    assert (words.unknown, words.known) == (unknown, ())


@pytest.mark.parametrize(
    ("question", "hits", "share"),
    [
        ("Wann wird entkalkt?", GERMAN, 1.0),
        ("Wie oft Kessel entkalken?", GERMAN, 1.0),  # another ending
        ("Kesselentkalkung", GERMAN, 0.0),  # of which the passage has less than most
        ("esitmate roof", ENGLISH, 0.5),
        ("工期多少天？", CHINESE, 1.0),  # without what it asks with
        ("空调的品牌", CHINESE, 0.0),
        ("estimate roof", (), 0.0),
    ],
)
def test_the_share_of_the_words_that_the_best_passage_has_by_most_of_their_letters(question, hits, share):
    assert find_words(question, [], hits, [hit.chunk for hit in hits]).matched_share == share


@pytest.mark.parametrize(
    ("question", "hits", "unknown", "known", "expected"),
    [
        ("Recipe for leek soup", ENGLISH, ("Recipe", "leek", "soup"), (), True),
        ("Recipe for the roof", ENGLISH, ("Recipe",), ("roof",), False),
        ("When is payday?", ENGLISH, ("payday",), (), False),
        ("Who is Napoleon?", ENGLISH, ("Napoleon",), (), True),
        ("What is the roof of Australia?", ENGLISH, ("Australia",), ("roof",), True),
        ("WHAT DOES THE INVOICE SAY OF THE ROOF", ENGLISH, ("INVOICE",), ("ROOF",), False),
        ("Wie heißt der Hersteller des Kessels?", GERMAN, ("Hersteller",), ("Kessels",), False),
        ("Wie lang hält das Rohr im Garten?", ENGLISH, ("lang", "Rohr"), (), False),
    ],
)
def test_a_question_is_about_something_unknown_if_no_document_names_it(question, hits, unknown, known, expected):
    retrieval = Retrieval(question, "hybrid", tuple(hits), "unsure", 0.15, unknown_words=unknown, known_words=known)
    assert is_about_unknown(retrieval) == expected


def test_a_question_in_words_of_its_own_is_not_about_something_unknown_if_retrieval_has_hope():
    retrieval = Retrieval(
        "plan for bad weather", "hybrid", tuple(ENGLISH), "unsure", 0.3, unknown_words=("plan", "bad")
    )
    assert not is_about_unknown(retrieval)


def test_what_retrieval_takes_for_answered_is_not_about_something_unknown():
    retrieval = Retrieval(
        "Recipe for leek soup", "hybrid", tuple(ENGLISH), "unsure", 0.6, unknown_words=("leek", "soup")
    )
    assert not is_about_unknown(retrieval)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What deposit did Kowalski pay to Brandt?", ("Kowalski", "Brandt")),
        ("WHAT DID AMAZON SPEND?", ()),
        ("Welche Kaution hat Kowalski gezahlt?", ()),  # each noun has a capital
        ("what did amazon spend?", ()),
    ],
)
def test_capitals_tell_names_where_they_tell_anything(question, names):
    assert find_names(question) == names
