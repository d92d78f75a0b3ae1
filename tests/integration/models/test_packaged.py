"""The reranking model that comes with a package: found, checked, run as it is, and done without where it is missing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from rag.errors import EmbeddingModelError
from rag.models.late_interaction import LateInteraction
from rag.models.packaged import LATE_PACKAGE, PROBE_SCORES, RERANKER_PACKAGE, check_scores, open_packaged_reranker
from rag.models.reranker import PassageReranker, Reranker
from rag.models.source import Package
from rag.settings import LATE_RERANK_MODEL, PACKAGED_RERANK_MODEL, Settings
from tests.tiny_reranker import save_tiny_reranker

AMPLE_MS = 1e9


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """An installed package with the tiny model; its code would fail at once."""
    folder = tmp_path / "tinyscores" / "data"
    save_tiny_reranker(folder)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('no code of the package is run')\n")
    info = tmp_path / "tinyscores-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinyscores\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    names = ("model.onnx", "tokenizer.json")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return Package("tinyscores", "tinyscores/data", "tiny-scores", "reranking model", digests)


def find_folder(package: Package) -> Path:
    return Path(str(metadata.distribution(package.name).locate_file(package.folder)))


def test_the_files_are_used_as_they_are(package):
    folder, manifest = open_packaged_reranker(package)
    reranker = Reranker(folder, manifest)
    assert reranker.score("descale it", ["the boiler is red", "often", ""], AMPLE_MS) == [5.0, 2.0, 1.0]
    assert package.digests["model.onnx"] in reranker.fingerprint


def test_of_a_long_passage_the_beginning_is_read(package):
    reranker = Reranker(*open_packaged_reranker(package))
    assert reranker.score("descale it", ["boiler " * 900], AMPLE_MS) == [512.0 - len("[CLS] descale it [SEP]".split())]


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_file_is_not_loaded(package, name):
    path = find_folder(package) / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(EmbeddingModelError, match=rf"{name} is not the original file of tiny-scores .*package tinysc"):
        open_packaged_reranker(package)


def test_a_missing_file_is_named(package):
    (find_folder(package) / "model.onnx").unlink()
    with pytest.raises(EmbeddingModelError, match=r"model\.onnx cannot be read .* Run uv sync --reinstall"):
        open_packaged_reranker(package)


def test_a_missing_package_is_named():
    with pytest.raises(EmbeddingModelError, match="The package no-such-scores with the reranking model is missing"):
        open_packaged_reranker(replace(RERANKER_PACKAGE, name="no-such-scores"))


def test_without_the_package_the_first_order_stands_after_one_warning(monkeypatch, tmp_path, caplog, package):
    missing = replace(package, name="no-such-scores")
    monkeypatch.setattr("rag.models.reranker.open_packaged_reranker", lambda: open_packaged_reranker(missing))
    rerank = PassageReranker(Settings(rerank_model=PACKAGED_RERANK_MODEL), tmp_path)
    assert [list(rerank("Is it red?", ["It is red."])) for _ in range(3)] == [[]] * 3
    (warning,) = caplog.messages
    assert "no-such-scores" in warning
    assert "passages keep their first order" in warning


def test_scores_of_another_processor_are_refused_and_the_last_digits_are_not(monkeypatch, tmp_path, caplog, package):
    check_scores("tiny", lambda question, passages: [8.8, -8.05, -11.0, -8.4], PROBE_SCORES)
    with pytest.raises(EmbeddingModelError, match=r"tiny gives other scores on this processor .*Set RAG_RERANK_MODEL"):
        check_scores("tiny", lambda question, passages: [1.9, -4.0, -6.2, -8.9], PROBE_SCORES)
    monkeypatch.setattr("rag.models.reranker.open_packaged_reranker", lambda: open_packaged_reranker(package))
    assert not PassageReranker(Settings(rerank_model=PACKAGED_RERANK_MODEL), tmp_path)(
        "Is it red?", ["It is red."]
    )  # the tiny model's scores differ
    assert "other scores on this processor" in caplog.text


@pytest.mark.parametrize("name", [PACKAGED_RERANK_MODEL, LATE_RERANK_MODEL])
def test_the_model_puts_the_passage_that_answers_first(tmp_path, name):
    rerank = PassageReranker(Settings(rerank_model=name, rerank_ms=600_000), tmp_path)
    assert (rerank.language, rerank.is_measured) == ("en", True)
    passages = [
        "Whoever borrows the ladder signs for it in the blue book.",
        "The ladder stands behind the door of the workshop.",
        "Ladders longer than four metres are carried by two people.",
    ]
    scores = rerank("Where do I find the ladder?", passages)
    assert max(scores) == scores[1]


def test_the_model_is_known_by_its_name_at_the_hub_too(tmp_path):
    owners = {PACKAGED_RERANK_MODEL: "cross-encoder", LATE_RERANK_MODEL: "answerdotai"}
    for name in (*owners, *(f"{owner}/{name}" for name, owner in owners.items())):
        assert PassageReranker(Settings(rerank_model=name), tmp_path).is_measured
    assert not PassageReranker(Settings(rerank_model="acme/other"), tmp_path).language


def test_late_interaction_is_left_out_if_its_file_or_its_scores_are_others(monkeypatch):
    monkeypatch.setattr("rag.models.late_interaction._PROBE_SCORES", (180.0, 170.0, 160.0, 150.0))
    with pytest.raises(EmbeddingModelError, match=f"{LATE_RERANK_MODEL} gives other scores on this processor"):
        LateInteraction.open()
    changed = replace(LATE_PACKAGE, digests={**LATE_PACKAGE.digests, "model.onnx": "0" * 64})
    monkeypatch.setattr("rag.models.late_interaction.LATE_PACKAGE", changed)
    with pytest.raises(EmbeddingModelError, match=r"model\.onnx is not the original file"):
        LateInteraction.open()
