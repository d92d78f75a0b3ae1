from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.ranking import sentences
from rag.ranking.sentences import SentenceReader

WORDS = ("key", "shed", "water", "rent")


class Embedder:
    """Counts four words, and how often each text was embedded."""

    def __init__(self):
        self.asked: Counter[str] = Counter()

    def embed(self, text):
        self.asked[text] += 1
        vector = np.array([text.lower().count(word) for word in WORDS], np.float32)
        return vector / max(float(np.linalg.norm(vector)), 1.0)


@pytest.fixture
def embedder():
    return Embedder()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_a_passage_is_as_close_as_its_best_sentence(embedder, threads):
    reader = SentenceReader(embedder.embed)
    asked = np.array([1, 0, 0, 0], np.float32)
    passages = ["The rent is due in May. The key hangs on a nail. Mind the water.", "The key of the shed.", "Nothing."]
    assert reader.find_best_cosines(asked, passages, threads) == pytest.approx([1.0, 0.5**0.5, 0.0])


def test_a_passage_without_a_sentence_is_compared_as_a_whole(embedder, threads):
    reader = SentenceReader(embedder.embed)
    assert reader.find_best_cosines(np.array([1, 0, 0, 0], np.float32), ["", "---"], threads) == [0.0, 0.0]
    assert embedder.asked == {"": 1, "---": 1}


def test_a_passage_is_embedded_once_while_it_is_remembered(embedder, threads, monkeypatch):
    monkeypatch.setattr(sentences, "REMEMBERED_PASSAGES", 2)
    reader = SentenceReader(embedder.embed)
    asked = np.array([1, 0, 0, 0], np.float32)
    for passage in ("the key", "the shed", "the key", "the water", "the key", "the shed"):
        reader.find_best_cosines(asked, [passage], threads)
    assert embedder.asked == {"the key": 1, "the shed": 2, "the water": 1}


def test_a_text_that_is_compared_again_is_not_embedded_again(embedder, threads, monkeypatch):
    monkeypatch.setattr(sentences, "REMEMBERED_TEXTS", 2)
    reader = SentenceReader(embedder.embed)
    first = reader.embed(["the key", "the shed", "the key"], threads)
    assert [vector.tolist() for vector in first] == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert len(reader.embed(["the shed", "the water"], threads)) == 2
    reader.embed(["the shed", "the key"], threads)
    assert embedder.asked == {"the key": 2, "the shed": 1, "the water": 1}
