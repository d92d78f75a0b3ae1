from __future__ import annotations

import dataclasses

import pytest

from rag.models.manifest import (
    Agreement,
    Manifest,
    Prefixes,
    find_family_prefixes,
    read_fingerprint,
    read_weights,
    share_vectors,
)
from rag.settings import DEFAULT_EMBED_MODEL

MANIFEST = Manifest(
    model="some-model",
    digest="abc",
    precision="int8",
    dimensions=3,
    max_tokens=16,
    prefixes=Prefixes("query: ", "passage: "),
    agreement=Agreement(0.99, 0.98),
    spread=0.08,
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


def test_there_is_no_fingerprint_before_the_first_export(tmp_path):
    assert read_fingerprint(DEFAULT_EMBED_MODEL, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_fingerprint_tells_the_model_and_its_weights():
    assert read_weights(MANIFEST.fingerprint) == ("some-model", "abc")


@pytest.mark.parametrize("fingerprint", ["", "words", "[]", '["a", "b"]', '{"a": 1, "b": 2, "c": 3}', "[1"])
def test_what_is_no_fingerprint_of_an_export_tells_nothing_and_shares_vectors_with_itself_alone(fingerprint):
    assert read_weights(fingerprint) is None
    assert share_vectors(fingerprint, fingerprint)
    assert not share_vectors(fingerprint, MANIFEST.fingerprint)
    assert not share_vectors(fingerprint, "other words")


def test_a_reduced_precision_searches_among_the_vectors_of_the_full_one():
    assert share_vectors(MANIFEST.fingerprint, dataclasses.replace(MANIFEST, precision="fp32").fingerprint)


@pytest.mark.parametrize("change", [{"model": "b"}, {"digest": "b"}, {"prefixes": Prefixes("q ", "")}, {"version": 2}])
def test_nothing_but_the_precision_may_differ_between_models_that_share_vectors(change):
    assert not share_vectors(MANIFEST.fingerprint, dataclasses.replace(MANIFEST, **change).fingerprint)


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("intfloat/multilingual-e5-small", Prefixes("query: ", "passage: ")),
        ("e5-base-v2", Prefixes("query: ", "passage: ")),
        ("BAAI/bge-small-en-v1.5", Prefixes("Represent this sentence for searching relevant passages: ", "")),
        ("BAAI/bge-m3", Prefixes()),
        ("all-MiniLM-L6-v2", Prefixes()),
        ("acme/made5-style", Prefixes()),
    ],
)
def test_families_of_models_have_their_prefixes(name, prefixes):
    assert find_family_prefixes(name) == prefixes


def test_instruct_models_of_the_e5_family_get_an_instruction_and_bare_passages():
    prefixes = find_family_prefixes("intfloat/multilingual-e5-large-instruct")
    assert prefixes.query.startswith("Instruct: ")
    assert prefixes.document == ""
