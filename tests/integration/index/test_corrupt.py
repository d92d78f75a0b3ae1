"""Some rounds of what `python -m bench.corrupt` does at length, one upon the other."""

from __future__ import annotations

from bench import corrupt
from rag.index import vectors as vector_store


def test_an_index_that_is_damaged_again_and_again_answers_like_a_fresh_one(tmp_path, monkeypatch):
    monkeypatch.setitem(vector_store._HNSW, "sync_threshold", corrupt.GRAPH_AT)
    monkeypatch.setattr("rag.index.snapshot._REMEMBERED_CHUNKS", 0)  # through Chroma, as in a large index
    corrupt.build_sound(tmp_path, seed=1)
    outcomes = [corrupt.run_round(tmp_path, seed) for seed in range(8)]
    assert [text for outcome in outcomes for text in outcome.wrong] == []
    assert sum(outcome.is_noticed for outcome in outcomes) >= 4
