import pytest

from rag.ranking.editions import find_wish, remove_wish, weigh_editions


@pytest.mark.parametrize(
    ("question", "wish"),
    [
        ("What was the gross margin in the latest 10-Q?", "newest"),
        ("In the most recent quarter, what did Intel sell?", "newest"),
        ("newest version of the handbook", "newest"),
        ("Who came to the last meeting?", "newest"),
        ("Was steht im letzten Protokoll?", "newest"),
        ("Laut der neuesten Preisliste", "newest"),
        ("Combien coûte la salle selon le dernier tarif ?", "newest"),
        ("¿Qué dice el acta más reciente?", "newest"),
        ("Hvad står der i det seneste referat?", "newest"),
        ("Что в последнем отчёте?", "newest"),
        ("最新の議事録では", "newest"),
        ("最新的价目表", "newest"),
        ("가장 최근 회의록", "newest"),
        ("Who was the contact in the oldest letter?", "oldest"),
        ("Qui était responsable dans le tarif le plus ancien ?", "oldest"),
        ("最も古い議事録", "oldest"),
        ("When must we leave at the latest?", None),
        ("What is the latest possible date?", None),
        ("How long does the battery last?", None),
        ("What happened last week?", None),
        ("Wann müssen wir am letzten Tag raus?", None),
        ("Wann darf ich frühestens kommen?", None),
        ("à quelle heure faut-il partir le dernier jour", None),
        ("a qué hora hay que salir el último día", None),
        ("во сколько выезжать в последний день", None),
    ],
)
def test_the_edition_that_is_wished_for_is_read_off_the_question(question, wish):
    assert find_wish(question) == wish


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Who came to the last meeting?", "Who came to the meeting?"),
        ("Was steht im letzten Protokoll?", "Was steht im Protokoll?"),
        ("¿Cuál es el saldo según la última acta?", "¿Cuál es el saldo según la acta?"),
        ("кто тренер в самом свежем объявлении", "кто тренер в объявлении"),
        ("一番古い議事録", "議事録"),
        ("가장 오래된 회의록", "회의록"),
        ("the latest", "the"),
        ("latest", "latest"),
        ("When must we leave?", "When must we leave?"),
    ],
)
def test_the_words_of_a_wish_can_be_left_out(question, topic):
    assert " ".join(remove_wish(question).split()) == topic


@pytest.mark.parametrize(
    "oldest_first",
    [
        ["v1.2.md", "v1.9.md", "v1.10.md"],
        ["club/News 2024 no 2.pdf", "club/News 2024 no 11.pdf"],
        ["2022 Q3 ACME.pdf", "2023 Q1 ACME.pdf", "2023 Q2 ACME.pdf"],
        ["minutes/Minutes March 2023.md", "minutes/Minutes May 2024.md", "minutes/Minutes June 2024.md"],
        ["Protokoll 30.11.2023.docx", "Protokoll 02.01.2024.docx"],
        ["議事録2024年9月.txt", "議事録2024年10月.txt"],
        ["a/price list april.txt", "a/price list august.txt"],
    ],
)
def test_the_dates_and_versions_of_names_put_editions_in_order(oldest_first):
    openings = dict.fromkeys(sorted(oldest_first), "Nothing in here tells a day.")
    worth = weigh_editions(openings, "newest")
    assert sorted(worth, key=worth.__getitem__) == oldest_first
    assert max(worth.values()) == 1
    worth = weigh_editions(openings, "oldest")
    assert sorted(worth, key=worth.__getitem__) == oldest_first[::-1]


def test_first_lines_tell_the_day_where_names_have_a_number_without_a_meaning():
    openings = {
        "scan-583.txt": "Norvale Energy\n3 May 2023\n\nDear Ms Ode,",
        "scan-117.txt": "Norvale Energy\n9 October 2024\n\nDear Ms Ode,",
        "scan-902.txt": "Norvale Energy\n20 January 2022\n\nDear Ms Ode,",
    }
    worth = weigh_editions(openings, "newest")
    assert sorted(worth, key=worth.__getitem__) == ["scan-902.txt", "scan-583.txt", "scan-117.txt"]


@pytest.mark.parametrize(
    "openings",
    [
        {"boiler 2023.md": "", "lease 2024.md": ""},  # nothing of the same sort
        {"scan-1.txt": "On 3 May 2023", "scan-2.txt": "Dear Ms Ode,"},
        {"1973_oil_crisis/005.txt": "", "1973_oil_crisis/009.txt": ""},  # the year is that of all
        {"notes.md": "3 May 2023"},
        {
            "rocks-1.txt": f"On 3 May 2023 a {'very ' * 20}old rock was found.",
            "rocks-2.txt": f"On 4 May 2024 another {'very ' * 20}old rock was found.",
        },  # days of running text
    ],
)
def test_documents_that_nothing_puts_in_order_are_worth_nothing(openings):
    assert weigh_editions(openings, "newest") == {}
