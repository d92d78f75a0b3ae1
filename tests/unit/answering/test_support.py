from __future__ import annotations

import pytest

from rag.answering.support import add_markers, check_claim, find_claims, find_passage
from rag.types import Chunk, ScoredChunk, StoredChunk

FARES = (
    "Tickets. A single ticket costs 2.80 euros, a monthly one 59.00 euros.\n\n"
    "| Zone | Adult | Child |\n| --- | --- | --- |\n| A | 2.80 | 1.40 |\n| B | 4.10 | 2.05 |"
)
LEASE = "Notice must be given three months ahead, in writing. The deposit is 1,500 euros. Mr Finch keeps the keys."
BIKES = "The bicycle shed is locked at 22:00. Mopeds are not allowed."


def hit(text: str, language: str = "en") -> ScoredChunk:
    return ScoredChunk(StoredChunk(1, Chunk("a.md", 0, text), language), 1.0)


HITS = [hit(FARES), hit(LEASE), hit(BIKES)]


@pytest.mark.parametrize(
    ("question", "claim", "doubt"),
    [
        ("How much is the monthly ticket?", "The monthly ticket costs 59 euros.", ""),
        ("How much is the monthly ticket?", "59.00 euros", ""),
        ("How much is the monthly ticket?", "The monthly ticket costs 2.80 euros.", "2.8"),
        ("How much is the monthly ticket?", "It costs 60 euros.", "60"),
        ("How much is a single ticket?", "2.80 euros", ""),
        ("How much is a single ticket?", "59 euros", "59"),
        ("What does a child pay in zone B?", "2.05", ""),
        ("What does a child pay in zone B?", "4.10", "4.1"),
        ("What does a child pay in zone B?", "1.40", "1.4"),
        ("What do an adult and a child pay in zone B?", "An adult pays 4.10 and a child 2.05.", ""),
    ],
)
def test_a_number_has_to_belong_to_what_was_asked(question: str, claim: str, doubt: str):
    said = frozenset({"4.1", "2.05"}) if "4.10 and" in claim else frozenset()
    assert check_claim(question, claim, HITS[0], said) == doubt


@pytest.mark.parametrize(
    ("claim", "doubt"),
    [
        ("The notice period is 3 months.", ""),
        ("The deposit is 1500 euros.", ""),
        ("It is kept by Mr Finch.", ""),
        ("It is kept by Mr Smith.", "Smith"),
        ("The deposit is 1,600 euros.", "1600"),
        ("Elephants usually sleep under purple umbrellas.", "Elephants usually sleep under purple umbrellas"),
        ("Die Kündigungsfrist beträgt drei Monate.", ""),
        ("Die Kündigungsfrist beträgt vier Monate.", "4"),
    ],
)
def test_numbers_names_and_most_words_have_to_stand_in_the_passage(claim: str, doubt: str):
    assert check_claim("What does the lease say?", claim, HITS[1]) == doubt


@pytest.mark.parametrize(
    ("passage", "language", "question", "right", "wrong"),
    [
        (
            "大人の入場料は800円です。子どもの入場料は300円です。",
            "ja",
            "子どもの入場料はいくらですか",
            "300円",
            "800円",
        ),
        ("一线城市住宿标准为450元，其他城市为300元。", "zh", "一线城市的住宿标准是多少", "450元", "300元"),
        (
            "Die Einzelkarte kostet 3 Euro. Die Jahreskarte kostet 90 Euro.",
            "de",
            "Was kostet die Jahreskarte?",
            "90 Euro",
            "3 Euro",
        ),
        ("Взнос взрослого 900 рублей, взнос ребёнка 300 рублей.", "ru", "взнос ребёнка", "300 рублей", "900 рублей"),
    ],
)
def test_other_languages_too(passage: str, language: str, question: str, right: str, wrong: str):
    assert check_claim(question, right, hit(passage, language)) == ""
    assert check_claim(question, wrong, hit(passage, language)) != ""


def test_claims_are_the_sentences_with_the_markers_behind_them():
    answer = "Three months. [2] The shed is locked [3] at night. And so on."
    claims = find_claims(answer)
    assert [claim.numbers for claim in claims] == [(2,), (3,), ()]
    assert [answer[claim.start : claim.end] for claim in claims] == [
        "Three months. [2]",
        "The shed is locked [3] at night.",
        "And so on.",
    ]


@pytest.mark.parametrize(
    ("answer", "marked"),
    [
        ("Three months.", "Three months. [2]"),
        ("3 months", "3 months [2]"),
        (
            "Mopeds are not allowed. The deposit is 1500 euros.",
            "Mopeds are not allowed. [3] The deposit is 1500 euros. [2]",
        ),
        ("Mopeds are not allowed [3].", "Mopeds are not allowed [3]."),
        ("The deposit is 1700 euros.", "The deposit is 1700 euros."),
        ("- Mopeds are not allowed\n- Notice in writing", "- Mopeds are not allowed [3]\n- Notice in writing [2]"),
        ("Yes.", "Yes."),
        ("", ""),
    ],
)
def test_claims_get_the_marker_of_their_passage(answer: str, marked: str):
    assert add_markers("How long is the notice?", answer, HITS) == marked


def test_claims_in_languages_without_spaces_get_markers_too():
    hits = [hit("東京は日本の首都です。", "ja"), hit("犬は2頭まで飼えます。猫は飼えません。", "ja")]
    assert add_markers("犬は何頭まで", "犬は2頭まで飼えます。", hits) == "犬は2頭まで飼えます。 [2]"


def test_a_passage_of_another_language_is_found_by_its_numbers():
    assert find_passage("Was kostet die Kaution?", "Die Kaution beträgt 1.500 Euro.", HITS) == 2
    assert find_passage("Was kostet die Kaution?", "Die Kaution beträgt 1.700 Euro.", HITS) == 0


@pytest.mark.parametrize(
    "answer",
    [
        "| part | days |\n|---|---|\n| boiler | 90 |",
        "\\[\nboiler = 90\n\\]",
        "```\ndescale the boiler every 90 days\n```",
        "$$\nboiler = 90\n$$",
    ],
)
def test_no_marker_is_set_into_a_table_code_or_a_formula(answer: str):
    passage = Chunk("boiler.md", 0, "part\tdays\nboiler\t90\n\nDescale the boiler every 90 days. boiler = 90")
    hits = [ScoredChunk(StoredChunk(1, passage, "en"), 1.0)]
    assert add_markers("How often is the boiler descaled?", answer, hits) == answer
