import pytest

from rag.evaluation.matching import holds_any, tokenize


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("It lasts **90 days** [2].", "90 days"),
        ("It is 1,300 metres long.", "1300"),
        ("C'est 1 300 m.", "1.300 m"),
        ("Sie kostet 4,50 Euro.", "4.5"),
        ("Three keys are lent.", "3 keys"),
        ("We lend 3 keys.", "three keys"),
        ("Senest kl. 19.30.", "19:30"),
        ("At 19:30 at the latest.", "19.30"),
        ("À 7h45 au plus tard", "7:45"),
        ("It is 14.", "14.00"),
        ("電話は９０日後です", "90日"),
        ("答えは手塚治虫です", "手塚治虫"),
        ("회비는 2만 5천 원입니다", "2만 5천 원"),
        ("Set `already\\_sent` first", "already_sent"),
        ("Error E07 says so", "E07"),
        ("Le café.", "cafe\u0301"),
        ("The 14-15 slot", "14–15"),
        ("18L", "18 l"),
        ("buffer,shelf 1,2025-03", "shelf 1"),
        ("buffer,shelf 1,20", "shelf 1"),
        ("2024-09-20,45000", "45000"),
    ],
)
def test_an_accepted_answer_is_found_however_it_is_written(text, accepted):
    assert holds_any(text, ["something else entirely", accepted])


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Since 1990.", "90"),
        ("Every 90 days", "9"),
        ("It costs 1,300.", "300"),
        ("2.5 per cent", "5"),
        ("2.5 per cent", "2"),
        ("It took 190 days", "90 days"),
        ("In 2025年", "25"),
        ("From 19 to 30", "19:30"),
        ("See [6].", "6"),
        ("See [1, 6].", "6"),
        ("Error E07", "7"),
        ("Broncos of Denver", "Denver Broncos"),
        ("The northern gate", "north"),
        ("anything", ""),
        ("the", "the"),
    ],
)
def test_a_part_of_a_number_or_word_is_no_answer(text, accepted):
    assert not holds_any(text, [accepted])


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("No, it is closed then [1].", "no"),
        ("According to the rules, no.", "no"),
        ("Nein.", "nein"),
        ("**Yes**", "yes"),
        ("いいえ、使えません。", "いいえ"),
        ("不可以带宠物。", "不可以"),
        ("Nej, ikke uden tilladelse.", "no"),
        ("네, 됩니다.", "네"),
        ("是，可以。", "是"),
    ],
)
def test_yes_and_no_count_where_an_answer_begins_with_them(text, accepted):
    assert holds_any(text, [accepted])


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Yes, but there is no lift.", "no"),
        ("Yes, no key is needed.", "no"),
        ("There are no fees.", "no"),
        ("I would say yes and no", "yes"),
        ("Nobody may.", "no"),
        ("可以带宠物。", "不可以"),
        ("네시에 엽니다.", "네"),
        ("是由会长决定的。", "是"),
        ("Si llueve, se cierra.", "sí"),
    ],
)
def test_a_no_within_a_sentence_is_no_answer(text, accepted):
    assert not holds_any(text, [accepted])


def test_a_number_is_one_word():
    assert tokenize("It costs 1,300.50 EUR in 2024") == ["it", "costs", "1300.5", "eur", "in", "2024"]
