from __future__ import annotations

import os

import pytest

from rag.models.cache import share_exports
from rag.models.manifest import Agreement, Manifest, Prefixes


@pytest.mark.parametrize("disk", ["links", "no links"])
def test_what_is_prepared_in_one_folder_is_used_in_another(tmp_path, monkeypatch, disk):
    def refuse(*names):
        raise OSError("This disk has no links.")

    if disk == "no links":
        monkeypatch.setattr(os, "link", refuse)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    manifest = Manifest("a-model", "abc", "int8", 3, 16, Prefixes(), Agreement(1, 1), 0.1, {"model.onnx": 5})
    for name in ("whole", "half", "there"):
        (ours / name).mkdir(parents=True)
        (ours / name / "model.onnx").write_bytes(b"12345")
    manifest.write(ours / "whole")
    manifest.write(ours / "there")
    (theirs / "there").mkdir(parents=True)

    share_exports(ours, theirs)

    assert Manifest.read(theirs / "whole") == manifest
    assert {path.name for path in theirs.iterdir()} == {"whole", "there"}
    assert not list((theirs / "there").iterdir()), "An export that is being made there is left alone."


def test_a_folder_without_exports_gives_none(tmp_path):
    share_exports(tmp_path / "nowhere", tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()
