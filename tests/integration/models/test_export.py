"""sentence_transformers, torch and the quantiser, in this process, on tiny models."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from rag.errors import EmbeddingModelError
from rag.models.embedder import Embedder
from rag.models.export import ensure_export, shrink_tables
from rag.models.manifest import Manifest, read_fingerprint
from rag.models.source import locate

TEXTS = [
    "The ferry to the island leaves at noon.",
    "Wann fährt die Fähre zur Insel?",
    "島へのフェリーは正午に出ます。",
    "A return within thirty days is free of charge. " * 12,
    "",
]


def export(model, models_dir, say=lambda sentence: None):
    ensure_export(locate(str(model)), models_dir, say)
    return Embedder.open(str(model), models_dir)


def original_vectors(folder, texts):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return model.encode(texts, prompt="", normalize_embeddings=True, show_progress_bar=False)


def cosines(left, right):
    return np.sum(left * right, axis=1)


@pytest.mark.parametrize(
    ("name", "pooling", "parts", "prompts", "before_question", "before_passage"),
    [
        ("tiny", "cls", (), {"query": "ask: ", "passage": "tell: "}, "ask: ", "tell: "),
        ("my-e5-tiny", "mean", ("normalize",), None, "query: ", "passage: "),
        ("tiny", "max", ("dense", "normalize"), None, "", ""),
    ],
    ids=["own prompts", "prefixes of the e5 family by its name", "further parts"],
)
def test_poolings_parts_and_what_comes_before_texts_are_the_models_own(
    make_model, plain, tmp_path, name, pooling, parts, prompts, before_question, before_passage
):
    folder = make_model(name, pooling=pooling, parts=parts, prompts=prompts)
    embedder = export(folder, tmp_path)
    assert (embedder.dimensions, embedder.max_tokens) == (16 if "dense" in parts else 32, 48)
    assert embedder.fingerprint != plain.fingerprint
    expected = original_vectors(folder, [before_passage + text for text in TEXTS])
    assert cosines(embedder.embed_documents(TEXTS), expected).min() > 0.97
    asked = original_vectors(folder, [before_question + text for text in TEXTS])
    assert cosines(np.stack([embedder.embed_query(text) for text in TEXTS]), asked).min() > 0.97
    if before_question:
        assert not np.array_equal(embedder.embed_query(TEXTS[0]), embedder.embed_documents(TEXTS[:1])[0])


def test_the_default_model_is_quantised_with_or_without_vnni_instructions(embedder):
    assert embedder.precision in ("int8", "int8-unsigned")


def test_full_precision_is_kept_where_int8_would_change_the_vectors(make_model, tmp_path):
    folder = make_model("outlier", pooling="mean", outlier=4000.0)
    embedder = export(folder, tmp_path)
    assert embedder.precision == "fp32"
    assert cosines(embedder.embed_documents(TEXTS), original_vectors(folder, TEXTS)).min() > 0.9999


def test_full_precision_is_kept_where_the_quantiser_fails(plain, plain_model, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no such operator\nand so on")

    monkeypatch.setattr("onnxruntime.quantization.quantize_dynamic", fail)
    said: list[str] = []
    embedder = export(plain_model, tmp_path, said.append)
    assert embedder.precision == "fp32"
    remark = Manifest.read(tmp_path / locate(str(plain_model)).key).remark
    assert remark == "it cannot be quantised (no such operator)"
    assert any(remark in sentence for sentence in said)
    assert cosines(embedder.embed_documents(TEXTS), plain.embed_documents(TEXTS)).min() > 0.97


def test_a_model_that_is_damaged_is_one_clear_sentence(plain_model, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(plain_model, folder)
    (folder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(EmbeddingModelError, match="RAG_EMBED_MODEL"):
        export(folder, tmp_path / "models")
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_copied_model_counts_as_the_same_and_a_changed_one_as_new(plain, plain_model, tmp_path):
    folder = tmp_path / plain_model.name
    shutil.copytree(plain_model, folder)
    assert export(folder, tmp_path / "models").fingerprint == plain.fingerprint
    settings = folder / "config_sentence_transformers.json"
    settings.write_text(settings.read_text("utf-8") + "\n", "utf-8")
    assert read_fingerprint(str(folder), tmp_path / "models") is None


def test_debris_of_a_killed_process_is_cleared_away(plain_model, plain_models_dir, plain, tmp_path):
    (whole,) = (path for path in plain_models_dir.iterdir() if path.is_dir())
    debris, damaged = tmp_path / f".{whole.name}.half", tmp_path / whole.name
    shutil.copytree(whole, debris)
    shutil.copytree(whole, damaged)
    (damaged / "model.onnx").write_bytes(b"half")
    again = export(plain_model, tmp_path)
    assert not debris.exists()
    np.testing.assert_array_equal(again.embed_query("tide"), plain.embed_query("tide"))


def test_a_big_table_of_tokens_is_kept_in_8_bits_and_gives_the_same_rows():
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    numbers = (np.random.default_rng(1).normal(size=(50, 8)) * np.logspace(-3, 3, 50)[:, None]).astype(np.float32)
    numbers[7] = 0
    tables = {"words": numbers, "places": numbers[:, :4], "shared": numbers}
    graph = helper.make_graph(
        [
            *(helper.make_node("Gather", [name, "ids"], [f"{name}_rows"]) for name in tables),
            helper.make_node("Identity", ["shared"], ["whole"]),
        ],
        "tables",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, None])],
        [helper.make_tensor_value_info(f"{name}_rows", TensorProto.FLOAT, [1, None, None]) for name in tables],
        [numpy_helper.from_array(table, name) for name, table in tables.items()],
    )
    shrink_tables(graph, least_bytes=numbers.nbytes)
    sizes = {weight.name: len(weight.raw_data) for weight in graph.initializer}
    assert sizes == {"places": 50 * 4 * 4, "shared": 50 * 8 * 4, "words_steps": 50 * 8, "words_scales": 50 * 4}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    words, shared = session.run(["words_rows", "shared_rows"], {"ids": np.arange(50)[None]})
    assert np.all(np.abs(words - shared) <= np.abs(shared).max(axis=2, keepdims=True) / 250)
