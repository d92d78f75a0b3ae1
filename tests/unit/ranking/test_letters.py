import pytest

from rag.ranking.letters import compare_letters


def find_best(question, passages):
    shared = compare_letters(question, passages)
    return passages[shared.index(max(shared))]


@pytest.mark.parametrize(
    ("question", "right", "others"),
    [
        ("Was kostet der Lehrgang?", "Lehrgangsgebühr: 90 Euro", ["Der Ausflug ist im Juni.", "Das Wetter war gut."]),
        ("tableau electrique", "Le compteur d'électricité est au cellier.", ["La piscine est fermée."]),
        ("猫の世話", "猫のえさは隣の岡本さんにお願い済み。", ["新聞を止める。", "鍵は金曜の朝に渡す。"]),
        ("만두 찌는 시간", "얼린 만두는 16분 찐다.", ["회비는 매달 낸다.", "주차는 건물 뒤에 한다."]),
    ],
)
def test_a_part_of_a_word_is_enough(question, right, others):
    assert find_best(question, [*others, right]) == right


def test_parts_that_every_passage_has_count_less_than_rare_ones():
    boilers = ["the boiler is red", "the boiler is blue", "the boiler leaks", "descaling takes an hour"]
    assert find_best("descale the boiler", boilers) == "descaling takes an hour"


def test_nothing_shared_is_nothing():
    assert compare_letters("Where?", ["猫", "Ωmega"]) == [0.0, 0.0]
    assert compare_letters("?!", ["a"]) == [0.0]
    assert compare_letters("anything", []) == []


def test_a_folder_of_one_passage_has_no_deviation_to_count_in():
    assert compare_letters("boiler", ["boiler"]) == [pytest.approx(0.288 * 4, rel=0.01)]
