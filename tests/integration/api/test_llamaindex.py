from __future__ import annotations

import pytest

from page.api.llamaindex import CorpusQueryEngine, CorpusRetriever
from rag.errors import IndexMissingError
from rag.settings import Settings

TANK = "How much does the tank of the boiler hold?"


@pytest.fixture
def settings(api) -> Settings:
    return Settings(corpus_dir=api.corpus, index_dir=api.corpus.parent / "index", base_url=api.model_url, model="tiny")


def test_passages_are_nodes_with_their_place_and_score(settings):
    with CorpusRetriever(settings) as retriever:
        first, *others = retriever.retrieve(TANK)
    assert ("18 litres" in first.text, first.metadata["source"]) == (True, "boiler.md")
    assert all(first.get_score() > other.get_score() for other in others)
    with CorpusRetriever(settings, folder="house") as retriever:
        assert {node.metadata["source"] for node in retriever.retrieve(TANK)} == {"house/ferry.md"}


def test_an_answer_is_a_response_with_the_cited_passages(api, settings):
    api.words[""] = "It holds 18 litres [1]."
    with CorpusRetriever(settings) as retriever:
        response = CorpusQueryEngine(retriever).query(TANK)
    assert str(response) == "It holds 18 litres [1]."
    assert [(node.metadata["number"], node.metadata["source"]) for node in response.source_nodes] == [(1, "boiler.md")]
    assert response.metadata
    assert response.metadata["outcome"] == "answered"


def test_without_an_index_it_says_what_to_do(tmp_path):
    with pytest.raises(IndexMissingError, match="ingest"):
        CorpusRetriever(Settings(index_dir=tmp_path))
