"""Cross-encoders, exported and run without torch, against sentence-transformers' own CrossEncoder."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from rag.assembly import open_retriever
from rag.errors import EmbeddingModelError
from rag.index.catalog.records import FileState, NewDocument
from rag.index.index import Index
from rag.models.export import ensure_export
from rag.models.manifest import Manifest
from rag.models.reranker import PassageReranker, Reranker
from rag.models.source import RERANKING, locate
from rag.settings import NO_MODEL, Settings
from rag.types import Chunk, Document

QUESTION = "When does the ferry to the island leave?"
PASSAGES = [
    "The ferry to the island leaves at noon.",
    "Die Fähre zur Insel fährt um zwölf Uhr.",
    "島へのフェリーは正午に出ます。",
    "A return within thirty days is free of charge. " * 12,
    "",
]
LONG = "Which of the ferries that leave for the island in the morning carries bicycles? " * 12
AMPLE_MS = 1e9


def export(folder, models_dir, say=lambda sentence: None):
    ensure_export(locate(str(folder), RERANKING), models_dir, say)
    return Reranker.open(str(folder), models_dir)


def original(folder):
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(folder), device="cpu", local_files_only=True)


def original_scores(folder, question, passages):
    return original(folder).predict([(question, passage) for passage in passages], show_progress_bar=False)


@pytest.fixture
def in_full_precision(monkeypatch):
    """Exports that aren't quantised agree with the original to the last digits but few."""

    def fail(*_, **__):
        raise RuntimeError("no such operator")

    monkeypatch.setattr("onnxruntime.quantization.quantize_dynamic", fail)


@pytest.mark.parametrize(("activation", "has_types"), [("Sigmoid", True), ("Identity", False)])
def test_scores_are_those_of_sentence_transformers(
    make_cross_encoder, tmp_path, in_full_precision, activation, has_types
):
    import torch

    folder = make_cross_encoder("tiny", activation_fn=getattr(torch.nn, activation)(), has_types=has_types)
    reranker = export(folder, tmp_path)
    assert (reranker.precision, reranker.max_tokens) == ("fp32", 48)
    for question in (QUESTION, LONG):
        expected = original_scores(folder, question, PASSAGES)
        np.testing.assert_allclose(reranker.score(question, PASSAGES, AMPLE_MS), expected, rtol=1e-4, atol=1e-5)


def test_parts_after_the_transformer_are_exported_and_the_models_prompt_comes_before_questions(
    make_model, tmp_path, in_full_precision
):
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense

    parts = [*original_embedding_parts(make_model("base", pooling="mean")), Dense(32, 1, module_output_name="scores")]
    folder = tmp_path / "parts"
    CrossEncoder(modules=parts, prompts={"find": "find: "}, default_prompt_name="find", device="cpu").save(str(folder))
    reranker = export(folder, tmp_path / "models")
    found = reranker.score(QUESTION, PASSAGES, AMPLE_MS)
    np.testing.assert_allclose(found, original_scores(folder, QUESTION, PASSAGES), rtol=1e-4, atol=1e-5)
    assert found != reranker.score("find: " + QUESTION, PASSAGES, AMPLE_MS)


def original_embedding_parts(folder):
    from sentence_transformers import SentenceTransformer

    return list(SentenceTransformer(str(folder), device="cpu", local_files_only=True))


def test_quantised_scores_agree_with_the_originals(reranker, cross_encoder):
    # Sums with signed weights overflow on a processor without VNNI instructions; unsigned ones are kept there.
    assert reranker.precision in ("int8", "int8-unsigned")
    assert reranker.agreement.reaches(0.99, 0.97)
    found = reranker.score(QUESTION, PASSAGES, AMPLE_MS)
    expected = original_scores(cross_encoder, QUESTION, PASSAGES)
    assert np.corrcoef(found, expected)[0, 1] > 0.97


def test_full_precision_is_kept_where_int8_would_change_the_scores(make_cross_encoder, tmp_path):
    said: list[str] = []
    folder = make_cross_encoder("outlier", outlier=4000.0)
    reranker = export(folder, tmp_path, said.append)
    assert reranker.precision == "fp32"
    remark = Manifest.read(tmp_path / locate(str(folder), RERANKING).key).remark
    assert remark.startswith("quantised, its scores differ (mean concordance")
    assert said[0] == "Loading the reranking model outlier."
    assert any(remark in sentence for sentence in said)
    assert said[-1] == "The reranking model is ready (fp32, mean concordance 1.0000 to the original)."


def test_an_embedding_model_is_refused_in_one_clear_sentence(plain_model, tmp_path):
    with pytest.raises(EmbeddingModelError) as caught:
        export(plain_model, tmp_path)
    assert str(caught.value) == (
        "The reranking model 'tiny' cannot be used: it is no cross-encoder but BertModel, which has no layer that"
        " scores a pair. Choose another RAG_RERANK_MODEL."
    )
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_classifier_of_several_labels_is_refused(make_cross_encoder, tmp_path):
    with pytest.raises(EmbeddingModelError, match=r"gives a pair 3 labels instead of one score.*RAG_RERANK_MODEL"):
        export(make_cross_encoder("labels", labels=3), tmp_path)


def test_an_unreachable_hub_is_one_clear_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EmbeddingModelError, match=r"reranking model 'acme/none' .* Correct RAG_RERANK_MODEL, or set"):
        Reranker.open("acme/none", tmp_path)


def test_the_export_runs_without_torch(reranker, cross_encoder, rerankers_dir):
    script = (
        "import json, pathlib, sys; from rag.models.reranker import Reranker\n"
        "reranker = Reranker.open(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
        f"scores = reranker.score({QUESTION!r}, {PASSAGES!r}, 1e9)\n"
        "heavy = sorted({'torch', 'onnx', 'transformers', 'sentence_transformers'} & set(sys.modules))\n"
        "print(json.dumps([heavy, reranker.fingerprint, scores]))"
    )
    command = [sys.executable, "-c", script, str(cross_encoder), str(rerankers_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], reranker.fingerprint, reranker.score(QUESTION, PASSAGES, AMPLE_MS)]


def test_many_threads_get_the_scores_that_one_gets(reranker):
    expected = reranker.score(QUESTION, PASSAGES, AMPLE_MS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: reranker.score(QUESTION, PASSAGES, AMPLE_MS), range(40)))
    assert found == [expected] * 40


def test_a_spent_budget_gives_no_scores_and_no_passages_give_none(reranker):
    assert reranker.score(QUESTION, PASSAGES, 0) == []
    assert reranker.score(QUESTION, [], AMPLE_MS) == []


# As the question path opens it


def settings_for(model, budget_ms=600_000):
    return Settings(rerank_model=str(model), rerank_ms=budget_ms)


def test_a_command_waits_for_the_model_and_then_gets_its_scores(reranker, cross_encoder, rerankers_dir):
    rerank = PassageReranker(settings_for(cross_encoder), rerankers_dir)
    assert rerank(QUESTION, PASSAGES) == reranker.score(QUESTION, PASSAGES, AMPLE_MS)


def test_a_service_keeps_the_first_order_until_the_model_is_open(reranker, cross_encoder, rerankers_dir, tmp_path):
    said: queue.Queue[str] = queue.Queue()
    (whole,) = (path for path in rerankers_dir.iterdir() if path.is_dir())
    rerank = PassageReranker(settings_for(cross_encoder), tmp_path, in_background=True, progress=said.put)
    with FileLock(tmp_path / f"{whole.name}.lock"):  # as another process holds it while it exports the model
        assert rerank(QUESTION, PASSAGES) == []
        assert said.get(timeout=60).startswith("Another process is preparing the reranking model")
        assert rerank(QUESTION, PASSAGES) == []
        shutil.copytree(whole, tmp_path / whole.name)
    deadline = time.monotonic() + 60
    while not (scores := rerank(QUESTION, PASSAGES)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert scores == reranker.score(QUESTION, PASSAGES, AMPLE_MS)


def test_a_model_that_cannot_be_had_is_one_warning_however_many_questions_are_asked(tmp_path, caplog):
    rerank = PassageReranker(settings_for(tmp_path / "nowhere"), tmp_path)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: rerank(QUESTION, PASSAGES), range(8))) == [[]] * 8
    (warning,) = caplog.messages
    assert "Correct RAG_RERANK_MODEL. Until the next start, passages keep their first order." in warning


def test_a_search_puts_its_passages_into_the_model_s_order(reranker, cross_encoder, rerankers_dir, tmp_path):
    shutil.copytree(rerankers_dir, tmp_path / "models")
    with contextlib.closing(Index(tmp_path)) as index:
        with index.writing() as writer, writer.batch(writer.open_build({"embed_model": "none"}, None)) as batch:
            for n in range(6):
                chunk = Chunk(f"{n}.txt", 0, f"The ferry to island number {n} leaves {'late ' * n}at noon.")
                batch.put(NewDocument(Document(chunk.source, ()), FileState(1, 1, 1), b"%d" % n), [(chunk, None)], None)
        hits = {}
        for name, settings in {
            "plain": Settings(rerank_model=NO_MODEL),
            "reranked": settings_for(cross_encoder),
        }.items():
            with contextlib.closing(open_retriever(index, replace(settings, index_dir=tmp_path))) as retriever:
                hits[name] = retriever.retrieve(QUESTION).hits
    scores = reranker.score(QUESTION, [hit.chunk.embed_text for hit in hits["reranked"]], AMPLE_MS)
    assert scores == sorted(scores, reverse=True)
    assert hits["reranked"] != hits["plain"]
