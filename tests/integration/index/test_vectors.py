"""Chroma by itself: what it says of trouble, and what we make of it."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.vectors import VectorStore

HASHES = [bytes([n]) * 16 for n in range(3)]
VECTORS = np.eye(3, 8, dtype=np.float32)


@pytest.fixture
def store(tmp_path):
    with closing(VectorStore(tmp_path / "chroma")) as store:
        store.add(1, HASHES, VECTORS)
        assert [hash_ for hash_, _ in store.search(1, VECTORS[1], 1)] == [HASHES[1]]
        yield store


def test_vectors_that_do_not_fit_their_texts_are_our_own_mistake(store):
    with pytest.raises(ValueError, match="3 texts"):
        store.add(1, HASHES, VECTORS[:2])
    assert store.list_hashes(1) == set(HASHES)


def test_a_question_of_other_dimensions_is_not_called_damage(store):
    with pytest.raises(Exception, match="dimension") as caught:
        store.search(1, np.ones(5, np.float32), 1)
    assert not isinstance(caught.value, IndexUnusableError)


def test_a_collection_that_another_process_dropped_is_not_called_damage(store):
    with closing(VectorStore(store.folder)) as other:
        other.drop_model(1)
    with pytest.raises(IndexUnusableError, match="cannot be used") as caught:
        store.search(1, VECTORS[0], 1)
    assert not isinstance(caught.value, IndexDamagedError)


def test_files_that_cannot_be_opened_are_called_damaged(store):
    store.close()
    (store.folder / "chroma.sqlite3").write_bytes(b"no database" * 1_000)
    with pytest.raises(IndexDamagedError, match="Run pagewise ingest"):
        store.search(1, VECTORS[0], 1)
