"""Settings: argument over environment over .env over default, and every mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.settings import Settings


def test_without_anything_the_defaults_hold():
    assert Settings.load({}) == Settings()


def test_an_argument_goes_before_the_environment_and_that_before_the_file(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("RAG_TOP_K=3\nRAG_CHUNK_SIZE=100\nMODEL=from-file\n")
    settings = Settings.load({"RAG_CHUNK_SIZE": "120", "MODEL": "from-environment"}, dotenv=dotenv, model="argument")
    assert (settings.top_k, settings.chunk_size, settings.model) == (3, 120, "argument")


def test_the_names_of_the_samples_keep_working():
    settings = Settings.load({"MODEL": "qwen2.5-0.5b", "BASE_URL": "http://localhost:5273/v1", "API_KEY": "k"})
    assert (settings.model, settings.base_url, settings.api_key) == ("qwen2.5-0.5b", "http://localhost:5273/v1", "k")


def test_an_empty_value_means_the_default():
    assert Settings.load({"RAG_TOP_K": "", "MODEL": ""}) == Settings()


def test_paths_begin_at_the_home_folder_where_asked():
    assert Settings.load({"RAG_CORPUS_DIR": "~/papers"}).corpus_dir == Path.home() / "papers"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"RAG_TOPK": "8"}, "Unknown setting RAG_TOPK. Did you mean RAG_TOP_K?"),
        ({"RAG_SOMETHING_ELSE_ENTIRELY": "8"}, "Known settings: RAG_CORPUS_DIR"),
        ({"RAG_TOP_K": "many"}, "RAG_TOP_K is 'many'; it must be a whole number."),
        ({"RAG_TOP_K": "0"}, "RAG_TOP_K is 0; it must be between 1 and 32."),
        ({"RAG_TEMPERATURE": "warm"}, "RAG_TEMPERATURE is 'warm'; it must be a number."),
        ({"RAG_TEMPERATURE": "nan"}, "it must be between 0.0 and 2.0"),
        ({"RAG_CHUNK_SIZE": "64", "RAG_CHUNK_OVERLAP": "64"}, "must be smaller than RAG_CHUNK_SIZE"),
        ({"BASE_URL": "localhost:5273"}, "must start with http:// or https://"),
        ({"AZURE_OPENAI_ENDPOINT": "mine.example"}, "AZURE_OPENAI_ENDPOINT is 'mine.example'; it must start with"),
        ({"AZURE_OPENAI_ENDPOINT": "https://mine.example"}, "Set AZURE_OPENAI_API_KEY."),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(environ, message):
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
