import numpy as np
import pytest

from rag.models.embedder import load_tokenizer
from rag.ranking.coverage import UNDECIDED, measure_coverage, measure_spread, measure_vocabulary_coverage
from rag.settings import DEFAULT_EMBED_MODEL


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return load_tokenizer(DEFAULT_EMBED_MODEL, tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("question", "low", "high"),
    [
        ("Which committee approved the annual budget?", 0.9, 1.0),
        ("Wie hoch ist die Rückerstattung bei Dienstreisen?", 0.2, 0.8),
        ("Кто утвердил годовой бюджет?", 0.0, 0.1),
        ("年間予算を承認した委員会はどれですか", 0.0, 0.1),
        ("คณะกรรมการใดอนุมัติงบประมาณ", 0.0, 0.1),
        ("12345 + 678", UNDECIDED, UNDECIDED),
        ("", UNDECIDED, UNDECIDED),
    ],
)
def test_the_default_model_knows_english_some_german_and_no_other_scripts(tokenizer, question, low, high):
    assert low <= measure_coverage(tokenizer, question) <= high


def test_whole_words_are_covered_and_letters_are_not():
    assert measure_vocabulary_coverage("boiler", ["boiler"], [(0, 6)]) == 1.0
    assert measure_vocabulary_coverage("boil", list("boil"), [(i, i + 1) for i in range(4)]) == 0.0


def test_pieces_of_one_letter_do_not_count_it_more_than_once():
    assert measure_vocabulary_coverage("é", ["Ã", "©"], [(0, 1), (0, 1)]) == 0.0


def test_the_spread_is_that_of_unlike_texts():
    rng = np.random.default_rng(0)

    def embed(text):
        vector = rng.normal(size=64)
        return vector / np.linalg.norm(vector)

    assert measure_spread(embed) == pytest.approx(1 / 8, rel=0.2)
