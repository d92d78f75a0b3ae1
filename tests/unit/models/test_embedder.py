from __future__ import annotations

import pytest

from rag.errors import EmbeddingModelError
from rag.models.embedder import Embedder, load_tokenizer
from rag.settings import DEFAULT_EMBED_MODEL


@pytest.mark.parametrize("name", ["./no/such/folder", "/no/such/folder", "..", "a/b/c", "two words", ""])
def test_a_name_that_can_be_no_model_is_refused_at_once(tmp_path, name):
    with pytest.raises(EmbeddingModelError, match="RAG_EMBED_MODEL"):
        Embedder.open(name, tmp_path / "models")


def test_the_packaged_tokenizer_needs_no_export_and_cuts_nothing(tmp_path):
    tokenizer = load_tokenizer(DEFAULT_EMBED_MODEL, tmp_path)
    assert len(tokenizer.encode("word " * 1000).ids) == 1002
    assert len(tokenizer.encode("word").ids) == 3
    assert list(tmp_path.iterdir()) == []
