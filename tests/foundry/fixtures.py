"""Fixtures to import into a conftest.py: the tests' model, downloaded as it were, for this process or for another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.foundry.environment import absent_catalog, lay_out_downloaded
from tests.foundry.extractive_model import build_extractive_model

ALIAS = "phi-4-mini"
SLOW_ALIAS = "slow-talker"
"""Takes some 40 ms for each word of an answer of thousands."""

_CORPUS = Path(__file__).parents[2] / "corpus"
_READABLE = {".md", ".txt", ".html", ".csv"}


@pytest.fixture(scope="session")
def foundry_texts() -> list[str]:
    """What the model's tokenizer learns words from, beside general English; override it to add a test's own texts."""
    return [path.read_text("utf-8", "replace") for path in sorted(_CORPUS.rglob("*")) if path.suffix in _READABLE]


@pytest.fixture(scope="session")
def foundry_dir(tmp_path_factory: pytest.TempPathFactory, foundry_texts: list[str]) -> Path:
    """Foundry Local's data folder with two models in it."""
    built = tmp_path_factory.mktemp("models")
    models = {
        ALIAS: build_extractive_model(built / "quick", foundry_texts),
        SLOW_ALIAS: build_extractive_model(built / "slow", burn=20, refusal="This is a very long answer. " * 400),
    }
    folder = tmp_path_factory.mktemp("foundry")
    lay_out_downloaded(folder, models)
    return folder


@pytest.fixture(scope="session")
def foundry_catalog_url() -> Iterator[str]:
    with absent_catalog() as url:
        yield url


@pytest.fixture(scope="session")
def foundry_environment(
    foundry_dir: Path, foundry_catalog_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Environment variables that make another process find the model; to be merged over ``os.environ``."""
    return {
        "MODEL": ALIAS,
        "BASE_URL": "",
        "RAG_FOUNDRY_DIR": str(foundry_dir),
        "RAG_FOUNDRY_CATALOG_URL": foundry_catalog_url,
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
