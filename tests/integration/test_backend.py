"""The page's backend with a real folder, a real index and the real workers."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing

from page import backend as backend_module
from page.backend import Backend
from rag.settings import Settings

PATIENCE_S = 60


def test_an_upload_that_fails_when_nobody_waits_any_more_is_not_kept(tmp_path, models_dir, monkeypatch):
    settings = Settings.load(
        corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", base_url="http://127.0.0.1:9"
    )
    settings.corpus_dir.mkdir()
    shutil.copytree(models_dir, settings.index_dir / "models")
    broken = tmp_path / "upload"
    broken.write_bytes(b"%PDF-1.4\nnothing more")
    monkeypatch.setattr(backend_module, "ADDING_S", 0.0)
    with closing(Backend(settings)) as backend:
        added = backend.add_document("broken.pdf", broken)
        assert added.is_kept
        assert (settings.corpus_dir / "broken.pdf").is_file()
        assert "will be read soon. If it can't be read, it is not kept." in added.outcome
        backend.start()
        step = threading.Event()
        for _ in range(PATIENCE_S * 50):
            if not (settings.corpus_dir / "broken.pdf").exists():
                break
            step.wait(0.02)
        assert list(settings.corpus_dir.iterdir()) == []
        for _ in range(PATIENCE_S * 50):
            if backend.index.exists and not backend.make_status()["corpus"]["failed"]:
                break
            step.wait(0.02)
        assert backend.make_status()["corpus"]["failed"] == []
