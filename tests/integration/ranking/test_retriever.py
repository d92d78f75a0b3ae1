"""A question is embedded by the model whose vectors are searched, whatever goes live meanwhile."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from ingest.sync import sync_corpus
from rag.index.index import Index
from rag.ranking.retriever import Retriever
from tests.tiny import TinyEmbedder, tiny_pipeline

TEXTS = ["amber fjord", "birch grove", "cedar heron", "delta ember"]
QUESTION = "Where is the amber fjord?"


class OtherEmbedder(TinyEmbedder):
    """Vectors of as many dimensions, and nothing else in common."""

    def __init__(self) -> None:
        super().__init__("tiny/2")

    def embed_query(self, text):
        return super().embed_query(f"other {text}")


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.txt").write_text(text)
    return folder


@pytest.fixture
def index(tmp_path, corpus):
    with closing(Index(tmp_path / "index")) as opened:
        sync_with(opened, corpus, TinyEmbedder())
        yield opened


def sync_with(index, corpus, embedder):
    sync_corpus(index, tiny_pipeline(corpus, index.folder, embedder=embedder))


def cosines(index, embedder):
    with closing(Retriever(index, lambda name: embedder, top_k=4)) as retriever:
        return {hit.chunk.text: hit.dense for hit in retriever.retrieve(QUESTION).hits}


def test_a_model_that_goes_live_while_a_question_is_embedded_embeds_it_anew(index, corpus):
    before = cosines(index, TinyEmbedder())

    class Swapping(TinyEmbedder):
        """The other model's vectors go live while it embeds the question."""

        def embed_query(self, text):
            if text == QUESTION and not swapped.is_set():
                swapped.set()
                sync_with(index, corpus, OtherEmbedder())
            return super().embed_query(text)

    swapped = threading.Event()
    with closing(
        Retriever(index, lambda *_: OtherEmbedder() if swapped.is_set() else Swapping(), top_k=4)
    ) as retriever:
        found = {hit.chunk.text: hit.dense for hit in retriever.retrieve(QUESTION).hits}
        again = {hit.chunk.text: hit.dense for hit in retriever.retrieve(QUESTION).hits}
    after = cosines(index, OtherEmbedder())
    assert before != after
    assert swapped.is_set()
    assert found in (before, after)
    assert again == after


def test_words_alone_serve_while_the_model_is_not_the_one_that_embedded_the_documents(index, caplog):
    assert set(cosines(index, OtherEmbedder()).values()) == {None}
    (warning,) = caplog.messages
    assert "Run pagewise ingest" in warning


def test_closing_ends_the_threads(index):
    with closing(Retriever(index, lambda name: TinyEmbedder(), top_k=4)) as retriever:
        retriever.retrieve(QUESTION)
        assert any(thread.name.startswith("embed-question") for thread in threading.enumerate())
    assert not any(thread.name.startswith("embed-question") for thread in threading.enumerate())
