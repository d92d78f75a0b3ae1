from __future__ import annotations

from rag.models.source import EMBEDDING, RERANKING, locate
from rag.settings import DEFAULT_EMBED_MODEL


def test_one_model_has_an_export_for_each_use(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for name in (str(tmp_path), "acme/some-model", DEFAULT_EMBED_MODEL):
        assert locate(name, EMBEDDING).key != locate(name, RERANKING).key
