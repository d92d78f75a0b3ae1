"""python -m rag on an index of the sample documents; what starts a model runs in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag.__main__ import main

ROOT = Path(__file__).parents[2]
SEARCH_FIELDS = {"rank", "source", "page", "section", "score", "text", "chunk_id"}


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def index(models_dir, tmp_path_factory):
    """An index of the sample documents."""
    folder = tmp_path_factory.mktemp("samples") / "index"
    shutil.copytree(models_dir, folder / "models")
    made = run("ingest", "--index", str(folder), "--corpus", "corpus", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["failed"] == []
    return str(folder)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_finds_the_page_in_every_mode(index, mode, capsys):
    code = main(["search", "--json", "--mode", mode, "--index", index, "How often should I descale the kettle?"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["mode"] == mode
    assert 0 <= found["confidence"] <= 1
    best = found["hits"][0]
    assert (best["rank"], best["source"], best["page"]) == (1, "kettle-manual.pdf", 3)
    assert set(best) == SEARCH_FIELDS


def test_search_keeps_to_top_k_and_shows_the_place(index):
    done = run("rag", "search", "--top-k", "1", "--index", index, "when does the last tram leave on Saturday")
    assert done.stdout.startswith("1. tram-line-7.html")
    assert "\n2. " not in done.stdout
    assert done.stderr == ""


def test_ask_streams_the_models_answer_with_its_source(index, foundry_environment):
    question = "How often should I descale the kettle?"
    done = run("rag", "ask", "--json", "--index", index, question, env=foundry_environment)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["route"] == "local"
    assert reply["model"] == "phi-4-mini-generic-cpu:1"
    assert "every six weeks" in reply["answer"]
    first = reply["citations"][0]
    assert (first["source"], first["page"]) == ("kettle-manual.pdf", 3)
    assert "six weeks" in first["quote"]
    assert set(reply["milliseconds"]) == {"retrieve", "first_token", "total"}


def test_ask_without_a_model_quotes_and_says_what_to_do(index, foundry_catalog_url, tmp_path):
    env = {"RAG_FOUNDRY_DIR": str(tmp_path), "RAG_FOUNDRY_CATALOG_URL": foundry_catalog_url}
    done = run("rag", "ask", "--index", index, "How often should I descale the kettle?", env=env)
    assert done.returncode == 0
    assert "every six weeks" in done.stdout
    assert "kettle-manual.pdf, page 3" in done.stdout
    assert done.stderr.count("phi-4-mini") >= 1
    assert "BASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_ask_at_an_endpoint_that_refuses_quotes_and_names_it(index):
    env = {"BASE_URL": "http://127.0.0.1:9"}
    done = run("rag", "ask", "--json", "--index", index, "How deep is the soil on the roof?", env=env)
    reply = json.loads(done.stdout)
    assert (done.returncode, reply["route"], reply["model"]) == (0, "quotes", None)
    assert "25 centimetres" in reply["answer"]
    assert "http://127.0.0.1:9" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "--index", "{tmp}/none", "kettle"], 3, "Run python -m ingest"),
        (["ask", "--index", "{tmp}/none", "kettle"], 3, "Run python -m ingest"),
        (["search", "--mode", "psychic", "kettle"], 2, "invalid choice"),
        (["search", "--top-k", "0", "--index", "{index}", "kettle"], 2, "--top-k"),
        (["search", "--index", "{index}", ""], 2, "empty"),
        (["ask", "--index", "{index}", "   "], 2, "empty"),
        (["ask", "--index", "{index}", "why?" * 25_000], 2, "100,000 characters"),
        (["dance"], 2, "invalid choice"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_an_exit_code(index, tmp_path, arguments, code, message, capsys):
    words = [word.replace("{tmp}", str(tmp_path)).replace("{index}", index) for word in arguments]
    try:
        got = main(words)
    except SystemExit as exc:  # argparse
        got = exc.code
    shown = capsys.readouterr()
    assert (got, shown.out) == (code, "")
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_a_misspelt_setting_is_refused(index, monkeypatch, capsys):
    monkeypatch.setenv("RAG_TOPK", "3")
    assert main(["search", "--index", index, "kettle"]) == 2
    assert capsys.readouterr().err == "Error: Unknown setting RAG_TOPK. Did you mean RAG_TOP_K?\n"
