import asyncio

import pytest

from rag.followup import Turn, carried_over, rewrite_messages, standalone_question, stands_alone

BEFORE = [Turn("What were the net sales of ACME in 2022?", "They were 40 million.")]


@pytest.mark.parametrize(
    "question",
    [
        "and in 2023?",
        "Why?",
        "When?",
        "What about Berlin?",
        "How much did it cost?",
        "Who signed it and where?",
        "And who was its first director?",
        "What are their opening hours?",
        "Und im Jahr 2023?",
        "Warum?",
        "Hvorfor?",
        "Og i 2023?",
        "¿Y en 2023?",
        "Et pour les enfants ?",
        "А в 2023 году?",
        "では2023年は?",
    ],
)
def test_a_follow_up_is_recognised(question):
    assert not stands_alone(question)


@pytest.mark.parametrize(
    "question",
    [
        "What were the net sales of ACME in 2023?",
        "How many days of annual leave does an employee get?",
        "When did Nikola Tesla sell his laboratory?",
        "Which filter has to be cleaned every spring?",
        "Wer hat das Budget der Kommission genehmigt?",
        "Hvad er hovedstaden i Danmark og Norge?",
        "Кто утвердил годовой бюджет комиссии?",
        "手塚治虫の出身地はどこですか",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question):
    assert stands_alone(question)
    assert asyncio.run(standalone_question(question, BEFORE, model("Something else?"))) == question


def model(reply):
    async def stream(messages, max_tokens):
        for piece in reply.split(" "):
            yield piece + " "

    return stream


@pytest.mark.parametrize(
    ("question", "before", "has", "lacks"),
    [
        (
            "and in 2023?",
            "What were the net sales of ACME in 2022?",
            {"net", "sales", "ACME", "2023?"},
            {"2022", "What"},
        ),
        ("Why?", "When was the bridge of Aarhus closed?", {"bridge", "Aarhus", "closed"}, {"When"}),
        ("How much did it cost?", "Who built the Eiffel Tower?", {"Eiffel", "Tower", "cost?"}, {"Who"}),
        ("Und in Berlin?", "Wie viele Einwohner hat Hamburg?", {"Einwohner", "Berlin?"}, {"Wie"}),
    ],
)
def test_without_a_model_the_topic_of_the_question_before_is_carried_over(question, before, has, lacks):
    words = set(carried_over(question, [Turn("Unrelated?"), Turn(before)]).split())
    assert has <= words
    assert not lacks & words


def test_with_a_model_its_rewriting_is_taken():
    rewritten = "What were the net sales of ACME in 2023?"
    assert asyncio.run(standalone_question("and in 2023?", BEFORE, model(rewritten))) == rewritten


@pytest.mark.parametrize("reply", ["", "   ", "I cannot help with that.", "x" * 500])
def test_what_the_model_writes_beside_the_point_is_not_taken(reply):
    asked = asyncio.run(standalone_question("and in 2023?", BEFORE, model(reply)))
    assert asked == carried_over("and in 2023?", BEFORE)


def test_the_first_question_is_left_alone():
    assert asyncio.run(standalone_question("Why?", [])) == "Why?"


def test_the_model_reads_the_last_turns_and_the_question():
    turns = [Turn(f"Question {n}?", "a" * 1000) for n in range(5)]
    asked = rewrite_messages("and then?", turns)[-1]["content"]
    assert "Question 4?" in asked
    assert "Question 1?" not in asked
    assert "and then?" in asked
    assert len(asked) < 2000
