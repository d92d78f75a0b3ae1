from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from rag.errors import EmbeddingModelError
from rag.models.embedder import Embedder, load_tokenizer
from rag.models.manifest import Agreement, Manifest, Prefixes, read_fingerprint
from rag.settings import DEFAULT_EMBED_MODEL

MANIFEST = Manifest(
    model="some-model",
    digest="abc",
    precision="int8",
    dimensions=3,
    max_tokens=16,
    prefixes=Prefixes("query: ", "passage: "),
    agreement=Agreement(0.99, 0.98),
    files={"model.onnx": 5},
)


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"12345")
    MANIFEST.write(tmp_path)
    assert Manifest.read(tmp_path) == MANIFEST


@pytest.mark.parametrize(
    "damage", ["no model", "short model", "no manifest", "half a manifest", "other version", "list"]
)
def test_a_damaged_export_counts_as_none(tmp_path, damage):
    (tmp_path / "model.onnx").write_bytes(b"12345")
    MANIFEST.write(tmp_path)
    manifest = tmp_path / "manifest.json"
    match damage:
        case "no model":
            (tmp_path / "model.onnx").unlink()
        case "short model":
            (tmp_path / "model.onnx").write_bytes(b"123")
        case "no manifest":
            manifest.unlink()
        case "half a manifest":
            manifest.write_text(manifest.read_text("utf-8")[:40], "utf-8")
        case "other version":
            dataclasses.replace(MANIFEST, version=0).write(tmp_path)
        case "list":
            manifest.write_text("[]", "utf-8")
    assert Manifest.read(tmp_path) is None


@pytest.mark.parametrize(
    "change", [{"model": "b"}, {"digest": "b"}, {"precision": "fp32"}, {"prefixes": Prefixes("q ", "")}, {"version": 2}]
)
def test_whatever_changes_vectors_changes_the_fingerprint(change):
    assert dataclasses.replace(MANIFEST, **change).fingerprint != MANIFEST.fingerprint


def test_what_changes_no_vector_leaves_the_fingerprint():
    assert dataclasses.replace(MANIFEST, remark="slow", files={}).fingerprint == MANIFEST.fingerprint


def test_a_prefix_of_questions_is_not_taken_for_one_of_passages():
    asked = dataclasses.replace(MANIFEST, prefixes=Prefixes("a", ""))
    stored = dataclasses.replace(MANIFEST, prefixes=Prefixes("", "a"))
    assert asked.fingerprint != stored.fingerprint


@pytest.mark.parametrize("name", ["./no/such/folder", "/no/such/folder", "..", "a/b/c", "two words", ""])
def test_a_name_that_can_be_no_model_is_refused_at_once(tmp_path, name):
    with pytest.raises(EmbeddingModelError, match="RAG_EMBED_MODEL"):
        Embedder.open(name, tmp_path / "models")


def test_there_is_no_fingerprint_before_the_first_export(tmp_path):
    assert read_fingerprint(DEFAULT_EMBED_MODEL, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_packaged_tokenizer_needs_no_export_and_cuts_nothing(tmp_path):
    tokenizer = load_tokenizer(DEFAULT_EMBED_MODEL, tmp_path)
    assert len(tokenizer.encode("word " * 1000).ids) == 1002
    assert len(tokenizer.encode("word").ids) == 3
    assert list(tmp_path.iterdir()) == []


def test_tokenizer_and_fingerprint_import_nothing_heavy(tmp_path):
    script = (
        "import sys, pathlib\n"
        "from rag.models.embedder import load_tokenizer\nfrom rag.models.manifest import read_fingerprint\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"load_tokenizer({DEFAULT_EMBED_MODEL!r}, folder), read_fingerprint({DEFAULT_EMBED_MODEL!r}, folder)\n"
        "print(sorted({'numpy', 'torch', 'onnxruntime', 'onnx', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
