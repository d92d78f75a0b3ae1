import asyncio

import pytest

from rag.answering.followup import (
    KEPT_TURNS,
    Turn,
    add_turn,
    carry_over,
    make_standalone,
    rewrite_messages,
)
from rag.answering.standing import stands_alone
from rag.errors import ModelUnavailableError

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


def test_the_model_is_not_asked_about_a_question_that_stands_alone():
    question = "How many days of annual leave does an employee get?"
    asked = model("Something else?")
    assert asyncio.run(make_standalone(question, BEFORE, asked)) == question
    assert asked.calls == 0


@pytest.mark.parametrize(
    "question",
    [
        "Does it matter whether the kettle is filled above the mark?",
        "What does it mean when a harmonic series diverges?",
        "Is it allowed to clean the kettle with vinegar?",
        "And how many employees did Borealis Shipping have in 2023?",
        "how long is the guarantee and does it cover limescale?",
        "Where is the ferry moored and who steers it?",
        "Wie lange gilt die Garantie und deckt sie auch Kalk ab?",
        "Quelle est la durée de la garantie et couvre-t-elle le calcaire ?",
        "Hvor længe gælder garantien og dækker den kalk?",
        "Сколько длится гарантия и покрывает ли она накипь?",
        "Gibt es im Freibad Süd ein geheiztes Becken?",
        "Können Sie mir die Adresse der Kanzlei Huber nennen?",
        "Y a-t-il un ascenseur au musée de la Marine ?",
        "Quand le musée de la Lumière est-il ouvert ?",
        "Hvornår sejler den første færge til Birkholm?",
        "これまでに建てられた図書館はいくつありますか？",
        "그리스의 수도는 어디입니까?",
        "那不勒斯在哪个国家？",
    ],
)
def test_a_word_that_only_looks_like_pointing_back_is_no_follow_up(question):
    assert stands_alone(question)


@pytest.mark.parametrize(
    ("question", "before"),
    [
        ("And E7?", "What does error E2 of the kettle mean?"),
        ("Is it heavy and does the guarantee cover it?", "How do I descale the kettle?"),
        ("Who won and when did it open?", "Who designed the bridge?"),
        ("Does the museum have it?", "Who painted the Night Watch?"),
        ("Is it allowed to clean it with vinegar?", "How do I descale the kettle?"),
        ("And how much does it cost to have it repaired and sent?", "Who made the clock of the town hall?"),
        ("How many arches are there?", "Who built the Stone Bridge?"),
        ("Wer ist dort Bürgermeister?", "Wie viele Einwohner hat Bremen?"),
        ("Pourquoi fut-il fermé ?", "Qui a fondé le musée ?"),
        ("休館日は？", "北町図書館の開館時間を教えてください。"),
        ("南町图书馆呢？", "北町图书馆几点开门？"),
    ],
)
def test_pointing_back_is_seen_wherever_it_stands(question, before):
    assert not stands_alone(question, before)


class Model:
    """Says the words of its reply; an exception is raised in their place."""

    def __init__(self, reply):
        self.reply, self.calls, self.words, self.closed = reply, 0, 0, False

    async def __call__(self, messages, max_tokens):
        self.calls += 1
        try:
            if isinstance(self.reply, Exception):
                raise self.reply
            for piece in self.reply.split(" "):
                self.words += 1
                yield piece + " "
        finally:
            self.closed = True


def model(reply):
    return Model(reply)


@pytest.mark.parametrize(
    ("question", "before", "has", "lacks"),
    [
        (
            "and in 2023?",
            "What were the net sales of ACME in 2022?",
            {"net", "sales", "ACME", "2023?"},
            {"2022", "What"},
        ),
        ("and E7?", "What does error E2 of the kettle mean?", {"E7?", "error", "kettle"}, {"E2"}),
        ("Why?", "When was the bridge of Aarhus closed?", {"bridge", "Aarhus", "closed"}, {"When"}),
        ("How much did it cost?", "Who built the Eiffel Tower?", {"Eiffel", "Tower", "cost?"}, {"Who"}),
        ("Und in Berlin?", "Wie viele Einwohner hat Hamburg?", {"Einwohner", "Berlin?"}, {"Wie"}),
    ],
)
def test_without_a_model_the_topic_of_the_question_before_is_carry_over(question, before, has, lacks):
    words = set(carry_over(question, [Turn("Unrelated?"), Turn(before)]).split())
    assert has <= words
    assert not lacks & words


def test_with_a_model_its_rewriting_is_taken():
    rewritten = "What were the net sales of ACME in 2023?"
    assert asyncio.run(make_standalone("and in 2023?", BEFORE, model(rewritten))) == rewritten


@pytest.mark.parametrize(
    ("question", "before", "reply"),
    [
        ("Why?", "When was the bridge of Aarhus closed?", '"Why was the bridge of Aarhus closed?"'),
        ("How much did it cost?", "Who built the Eiffel Tower?", "Question: How much did the Eiffel Tower cost?"),
        ("And its director?", "When was the film Metropolis made?", "Who was the director of the film Metropolis?"),
        ("Und in Berlin?", "Wie viele Einwohner hat Hamburg?", "Wie viele Einwohner hat Berlin?"),
        ("では南町図書館は？", "北町図書館の休館日はいつですか？", "南町図書館の休館日はいつですか？"),
    ],
)
def test_a_rewriting_by_the_words_of_the_conversation_is_taken_without_its_frame(question, before, reply):
    asked = asyncio.run(make_standalone(question, [Turn(before)], model(reply)))
    assert asked == reply.strip('"').removeprefix("Question: ")


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   ",
        "I cannot help with that.",
        "The documents don't say.",
        "x" * 500,
        "and in 2023?",
        "The net sales of ACME in 2023 were 46 million.",
        "What were the net sales of ACME in 2022?",
        "What were the net sales of ACME in 2023 and 2024?",
        "Who won the world cup in 2023?",
        "What were the net sales and the dividends and debts and plants of ACME and Borealis in 2023?",
    ],
)
def test_what_the_model_writes_beside_the_point_is_not_taken(reply):
    asked = asyncio.run(make_standalone("and in 2023?", BEFORE, model(reply)))
    assert asked == carry_over("and in 2023?", BEFORE)


@pytest.mark.parametrize(
    ("question", "before", "answer", "reply"),
    [
        ("Why?", "When was the ferry cancelled?", "On Friday.", "When was the ferry cancelled?"),
        ("Why?", "When was the ferry cancelled?", "On Friday.", "On which Friday was the ferry cancelled?"),
        ("Is it steep?", "How steep is the path to the lighthouse?", "", "How steep is the path to the lighthouse?"),
        ("Is it steep?", "How long is the path to the lighthouse?", "", "How long is the path to the lighthouse?"),
        ("Wer bezahlt das?", "Was kostet die Schließung des Ladens?", "", "Was kostet die Schließung des Ladens?"),
        ("and for boats", "What is the toll for cars?", "The toll is 4 crowns.", "The toll for boats is 4 crowns."),
        ("And for boats?", "What is the toll for cars?", "Cars pay 4.", "Cars pay 4. What is the toll for boats?"),
        ("And in Rome?", "When does the Goethe Institut open?", "", "Wann öffnet das Goethe Institut in Rome?"),
        ("Et le dimanche ?", "Quand ouvre la piscine Neptune ?", "", "When is piscine Neptune open on dimanche ?"),
        ("How do they protest against fines?", "Who collects fines?", "Wardens.", "Who are wardens who collect fines?"),
        (
            "And for boats?",
            "What is the toll for cars?",
            "",
            "What is the toll for cars and what is the toll for boats and what is the toll for cars?",
        ),
        ("なぜですか？", "渡し船はいつ欠航しましたか？", "", "渡し船はいつ欠航しましたか？"),
        ("어디에서요?", "연락선은 언제 취소되었나요?", "", "연락선은 언제 취소되었나요?"),
        ("А почему?", "Когда отменили паром на остров?", "", "Когда отменили паром на остров?"),
    ],
)
def test_a_rewriting_that_repeats_answers_or_strays_is_not_taken(question, before, answer, reply):
    turns = [Turn("Is there an airport?"), Turn(before, answer)]
    assert asyncio.run(make_standalone(question, turns, model(reply))) == carry_over(question, turns)


def test_a_sentence_of_an_earlier_turn_is_no_rewriting_of_the_last_question():
    turns = [
        Turn("What is the toll for boats in winter?", "Boats pay 9 crowns."),
        Turn("Who built the lock?", "Monks."),
    ]
    for said in ("What is the toll for boats in winter?", "Boats pay 9 crowns.", "Who built the lock?", "Monks?"):
        assert asyncio.run(make_standalone("And when?", turns, model(said))) == carry_over("And when?", turns)


@pytest.mark.parametrize(
    ("question", "before", "reply"),
    [
        ("Can I carry them over?", "How many days of leave do we get?", "Can I carry over days of leave?"),
        ("Why?", "When was the ferry cancelled?", "Why was the ferry cancelled?"),
        ("tell me about its crew", "How old is the ferry Selma?", "Tell me about the crew of the ferry Selma"),
        ("Et le dimanche ?", "Quand ouvre la piscine Neptune ?", "Quand ouvre la piscine Neptune le dimanche ?"),
        ("А для лодок?", "Какой сбор для машин?", "Какой сбор для лодок?"),
        ("연락선은요?", "기차표는 얼마인가요?", "연락선 표는 얼마인가요?"),
        ("那渡船呢？", "火车票多少钱？", "渡船票多少钱？"),
    ],
)
def test_a_rewriting_that_asks_what_was_asked_is_taken(question, before, reply):
    assert asyncio.run(make_standalone(question, [Turn(before)], model(reply))) == reply


@pytest.mark.parametrize(
    ("question", "before"),
    [
        ("May I lend it to my sister?", "What does the ski pass cost?"),
        ("Thanks. Did We sign it in May?", "Where is the lease kept?"),
        ("HOW OFTEN DO WE RENEW IT?", "Where is the lease kept?"),
        ("Dürfen Wir sie verleihen?", "Was kosten die Skier?"),
        ("Können Sie ihn mir zuschicken?", "Was kostet der Skipass?"),
        ("Gracias. ¿Puede Usted enviarla?", "¿Dónde está la factura?"),
        ("Kan De sende den igen?", "Hvor ligger regningen?"),
        ("Могу ли Я её вернуть?", "Сколько стоит лыжная куртка?"),
        ("我可以退掉它吗？", "滑雪衣多少钱？"),
        ("私はそれを返品できますか？", "スキー板はいくらですか？"),
        ("제가 그것을 반품할 수 있나요?", "스키복은 얼마인가요?"),
    ],
)
def test_a_pronoun_with_a_capital_is_no_name_that_another_could_mean(question, before):
    assert not stands_alone(question, before)


@pytest.mark.parametrize(
    "question",
    [
        "Does IT support answer on Sundays?",
        "Why did I. M. Pei build his pyramid in Paris?",
        "Hello! When did Amundsen reach the pole with his dogs?",
        "Wann hat die Bäckerei ihren Ofen erneuert?",
        "Wo kann ich einen Skipass kaufen?",
        "¿Cuánto cuesta una charla?",
        "Hvem var det der malede loftet i kirken?",
        "其他滑雪场在哪里？",
        "これから始まる講座は何ですか？",
    ],
)
def test_what_looks_like_such_a_pronoun_leaves_a_question_standing_alone(question):
    assert stands_alone(question, "What does the ski pass cost?")


def test_only_the_models_first_line_is_waited_for():
    rambling = model("What were the net sales of ACME in 2023?\nHere is " + "why " * 500)
    assert asyncio.run(make_standalone("and in 2023?", BEFORE, rambling)).endswith("ACME in 2023?")
    assert rambling.words < 20
    assert rambling.closed


def test_a_model_that_fails_leaves_the_terms_carry_over():
    broken = model(ModelUnavailableError("It broke off."))
    assert asyncio.run(make_standalone("Why?", BEFORE, broken)) == carry_over("Why?", BEFORE)


def test_a_model_that_is_too_slow_is_stopped_and_the_terms_are_carry_over():
    stopped = []

    async def hang(messages, max_tokens):
        try:
            await asyncio.Event().wait()
            yield ""
        finally:
            stopped.append(True)

    assert asyncio.run(make_standalone("Why?", BEFORE, hang, limit_s=0.01)) == carry_over("Why?", BEFORE)
    assert stopped


def test_a_conversation_is_kept_as_far_as_a_follow_up_reaches():
    turns: tuple[Turn, ...] = ()
    for number in range(9):
        turns = add_turn(turns, Turn(f"{number}?"))
    assert [turn.question for turn in turns] == ["6?", "7?", "8?"]
    assert len(turns) == KEPT_TURNS


def test_the_first_question_is_left_alone():
    assert asyncio.run(make_standalone("Why?", [])) == "Why?"


def test_the_model_reads_the_last_turns_and_the_question_and_little_else():
    turns = [Turn(f"Question {n}?", f"Answer {n}. " + "a" * 1000) for n in range(5)]
    asked = rewrite_messages("and then?", turns)[-1]["content"]
    assert "Question 4?" in asked
    assert "Answer 4." in asked
    assert "Question 2?" in asked
    assert "Question 1?" not in asked
    assert "and then?" in asked
    assert len(asked) < 500
