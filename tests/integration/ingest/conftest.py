"""A corpus, its index, and syncs whose outcome is compared with the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.scan import scan_corpus
from ingest.sync import SyncOptions, sync_corpus
from rag.index.index import Index
from tests.tiny import TinyEmbedder, chunks_of, passages, problems_of, settle, tiny_pipeline


class Place:
    """A corpus, its index, and syncs whose outcome is compared with the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.corpus = root / "corpus"
        self.corpus.mkdir()
        self.index = Index(root / "index")
        self.embedder = TinyEmbedder()
        self.chunk_size = 220

    def pipeline(self):
        return tiny_pipeline(self.corpus, self.index.folder, chunk_size=self.chunk_size, embedder=self.embedder)

    def put(self, source: str, text: str) -> Path:
        path = self.corpus / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def sync(self, **options):
        """Sync and compare; returns what changed, without what is zero."""
        self.pipe = self.pipeline()
        self.report = sync_corpus(self.index, self.pipe, SyncOptions(**options))
        assert chunks_of(self.index) == self.wanted()
        assert problems_of(self.index) == []
        names = ("added", "changed", "removed", "moved", "embedded", "reused")
        return {name: getattr(self.report, name) for name in names if getattr(self.report, name)}

    def wanted(self):
        """What a fresh build would hold."""
        texts = {source: (self.corpus / source).read_text() for source in scan_corpus(self.corpus).files}
        return sorted(
            (source, ordinal, passage)
            for source, text in texts.items()
            if not text.startswith("BAD")
            for ordinal, passage in enumerate(passages(text, self.chunk_size))
        )


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.index.close()


@pytest.fixture
def filled(place):
    place.put("a.txt", "amber\n\nbirch")
    place.put("tree/b.txt", "cedar")
    place.put("tree/deep/c.txt", "delta\n\nember")
    settle(place.corpus)
    assert place.sync() == {"added": 3, "embedded": 5}
    return place
