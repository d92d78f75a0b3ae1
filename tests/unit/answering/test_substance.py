from __future__ import annotations

import pytest

from rag.answering.prompt import SYSTEM_PROMPT
from rag.answering.substance import assess, cut_loop
from rag.types import Chunk, ScoredChunk, StoredChunk
from tests.growth import check_linear

QUESTION = "How often must the boiler be descaled?"
TEXTS = (
    (
        "manuals/boiler.md",
        "Care > Descaling",
        "# Descaling\n\nDescale the boiler every 90 days, with 2 bags of citric powder.",
    ),
    ("lease.txt", "", "The warranty does not cover limescale. Dogs are not allowed."),
)
HITS = [
    ScoredChunk(StoredChunk(i, Chunk(source, 0, text, section=section, page=3), "en"), 1.0)
    for i, (source, section, text) in enumerate(TEXTS)
]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("", "bare"),
        ("[1]", "bare"),
        ("[1][2].", "bare"),
        ("Answer: [1]", "bare"),
        ("[1", "bare"),
        ("...", "bare"),
        ("Descaling", "heading"),
        ("[1] manuals/boiler.md, page 3, Care > Descaling", "heading"),
        ("boiler.md", "heading"),
        ("Care > Descaling [1]", "heading"),
        ("How often must the boiler be descaled?", "echo"),
        ("Question: How often must the boiler be descaled?", "echo"),
        ("Must the boiler be descaled [1]?", "echo"),
        (SYSTEM_PROMPT, "echo"),
        ("Context:\nDescale the boiler every 90 days.", "echo"),
        ("The tap drips and drips. The tap drips and drips. The tap drips and", "bare"),
        ("I'm sorry, but the documents don't mention that.", "refusal"),
        ("Every 90 days [1].", "answer"),
        ("Dogs are not allowed.", "answer"),
        ("Yes.", "answer"),
        ("Is it 90 days? Yes, 90 days.", "answer"),
    ],
)
def test_what_says_nothing_is_told_from_an_answer(answer: str, kind: str):
    assert assess(QUESTION, answer, HITS).kind == kind


@pytest.mark.parametrize(
    ("answer", "text", "supported"),
    [
        ("Every 90 days.", "Every 90 days. [1]", True),
        ("Every 60 days.", "Every 60 days.", False),
        ("Every 60 days [1].", "Every 60 days [1].", False),
        ("Answer: Every 90 days.", "Every 90 days. [1]", True),
        ("How often must the boiler be descaled?\nEvery 90 days.", "Every 90 days. [1]", True),
        ("Every 90 days.\n\nQuestion: Who pays?\nThe landlord.", "Every 90 days. [1]", True),
        ("Every 90 days. Every 90 days. Every 90 days. Every", "Every 90 days. [1]", True),
        ("Based on the passage provided, every 90 days.", "Every 90 days. [1]", True),
        ("根据提供的文档，every 90 days.", "Every 90 days. [1]", True),
        ("Selon les documents fournis, every 90 days.", "Every 90 days. [1]", True),
        ("提供された文書によると、every 90 days.", "Every 90 days. [1]", True),
        ("제공된 문서에 따르면, every 90 days.", "Every 90 days. [1]", True),
        ("According to the landlord, every 90 days.", "According to the landlord, every 90 days. [1]", True),
        ("Yes.", "Yes.", None),
    ],
)
def test_an_answer_is_freed_marked_and_checked(answer: str, text: str, supported: bool | None):
    found = assess(QUESTION, answer, HITS)
    assert (found.kind, found.text, found.supported) == ("answer", text, supported)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Based on the information provided in the documents, every 90 days.", "Every 90 days. [1]"),
        ("The context states that dogs are not allowed.", "Dogs are not allowed. [2]"),
        ("According to the lease, dogs are not allowed.", "According to the lease, dogs are not allowed. [2]"),
    ],
)
def test_an_answer_does_not_say_that_it_is_from_the_passages(answer: str, text: str):
    worth = assess(QUESTION, answer, HITS)
    assert (worth.text, worth.supported) == (text, True)


def test_a_question_in_another_language_tells_nothing_of_where_its_answer_is_from():
    assert assess(QUESTION, "Every 90 days. [1]", HITS).binding is not None
    assert assess("Wie oft entkalkt man den Kessel?", "Every 90 days. [1]", HITS).binding is None


def test_a_claim_of_which_only_a_half_stands_there_is_doubted():
    found = assess(QUESTION, "Every 90 days [1]. It takes 45 minutes [1].", HITS)
    assert (found.supported, found.doubt) == (False, "45")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("The fee is 30 euros a year. The fee is 30 euros a year. The fee is", "The fee is 30 euros a year."),
        ("no no no no no no", "no"),
        ("Go left, go right, go left, go right, go left, go right.", "Go left, go right"),
        ("That is very very good.", "That is very very good."),
        ("bye bye", "bye bye"),
        ("犬は飼えません。犬は飼えません。犬は飼えません。", "犬は飼えません。"),
        ("1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8"),
        ("Monday 8 to 12, Tuesday 8 to 12, Friday 8 to 12", "Monday 8 to 12, Tuesday 8 to 12, Friday 8 to 12"),
        ("Ja [1]. Das steht so im Vertrag [1]. Das steht so im Vertrag [1].", "Ja [1]. Das steht so im Vertrag [1]."),
        ("It is paid yearly. It costs 1" + "0" * 40, "It is paid yearly."),
        ("It costs 1" + "0" * 40, ""),
        ("ありません。" + "ああ" * 20, "ありません。"),
        ("It costs 10000000000 euros.", "It costs 10000000000 euros."),
        ("", ""),
    ],
)
def test_a_loop_is_cut_at_its_first_repetition(text: str, cut: str):
    assert cut_loop(text) == cut
    assert assess(QUESTION, text, HITS).is_looping == (cut != text)


def test_a_long_answer_is_assessed_in_no_time():
    check_linear(
        lambda count: assess(QUESTION, " ".join(f"Point {n} is as good as {n + 1}." for n in range(count)), HITS), 20
    )
    check_linear(lambda count: cut_loop("word " * count), 500)
