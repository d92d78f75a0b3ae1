"""The embedding model, opened beside the rest."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from ingest.pipeline import Pipeline
from rag.errors import EmbeddingModelError
from rag.models.embedder import Embedder
from rag.settings import Settings

PATIENCE_S = 60


@pytest.fixture
def pipeline(tmp_path):
    settings = Settings.load(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index")
    return Pipeline(settings, tmp_path / "models")


@pytest.fixture
def open_model(monkeypatch):
    """Replaces the opening of a model by a function."""

    def use(function):
        monkeypatch.setattr(Embedder, "open", lambda name, folder, say, switch: function(switch))

    return use


def test_whoever_must_stop_leaves_the_model_to_be_opened_and_finds_it_later(pipeline, open_model):
    is_let = threading.Event()
    opened: list[SimpleNamespace] = []

    def open_slowly(_):
        assert is_let.wait(PATIENCE_S)
        opened.append(SimpleNamespace(fingerprint="slow", close=lambda: opened.clear()))
        return opened[0]

    open_model(open_slowly)
    assert pipeline.await_embedder(lambda: True) is None
    is_let.set()
    assert pipeline.embedder.fingerprint == "slow"
    assert pipeline.await_embedder(lambda: True) is pipeline.embedder
    assert len(opened) == 1
    pipeline.close()
    assert opened == []


def test_a_model_that_cannot_be_opened_is_an_error_each_time_and_tried_again(pipeline, open_model):
    tries = []

    def fail(_):
        tries.append(1)
        raise EmbeddingModelError("no such model")

    open_model(fail)
    for _ in range(2):
        with pytest.raises(EmbeddingModelError, match="no such model"):
            _ = pipeline.embedder
    assert len(tries) == 2
    pipeline.close()


def test_closing_ends_the_opening_that_nobody_waits_for(pipeline, open_model):
    ended = threading.Event()

    def open_until_told(switch):
        told = threading.Event()
        with switch.guard(told.set):
            assert told.wait(PATIENCE_S)
        ended.set()
        raise EmbeddingModelError("given up")

    open_model(open_until_told)
    assert pipeline.await_embedder(lambda: True) is None
    pipeline.close()
    assert ended.is_set()
