"""`doctor` on a real index, with a real model server and real damage."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from ingest.pipeline import Pipeline
from ingest.sync import SyncOptions, sync_corpus
from rag.__main__ import main
from rag.doctor import command
from rag.doctor.checks import Check, Finding
from rag.doctor.command import find_all, make_checks
from rag.index.index import Index
from rag.settings import Settings
from tests.endpoint import Exchange, model_server


def answer(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Yes", finish="stop")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def sound(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a small folder and its index."""
    root = tmp_path_factory.mktemp("sound")
    (root / "corpus").mkdir()
    (root / "corpus" / "boiler.md").write_text("# Boiler\n\nDescale the boiler every 90 days.")
    shutil.copytree(models_dir, root / "index" / "models")
    settings = Settings(corpus_dir=root / "corpus", index_dir=root / "index")
    with closing(Index(settings.index_dir)) as index, closing(Pipeline(settings, index.models_dir, print)) as pipeline:
        assert not sync_corpus(index, pipeline, SyncOptions()).failed
    return settings


@pytest.fixture
def settings(sound: Settings, tmp_path: Path) -> Settings:
    """The same in a folder of its own, to be damaged; there is no model."""
    shutil.copytree(sound.corpus_dir.parent, tmp_path, dirs_exist_ok=True)
    return Settings(
        corpus_dir=tmp_path / "corpus",
        index_dir=tmp_path / "index",
        base_url="http://127.0.0.1:9",
        model="tiny",
    )


def examine(settings: Settings, port: int) -> dict[str, Finding]:
    return {name: finding for name, finding, _ in find_all(settings, "127.0.0.1", port)}


def examine_one(name: str, settings: Settings, port: int = 8000) -> Finding:
    return make_checks("127.0.0.1", port)[name](settings)


def list_files(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_everything_works_and_nothing_is_left_behind(
    settings: Settings, free_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    before = list_files(settings.index_dir)
    with model_server(answer) as (url, requests):
        monkeypatch.setenv("BASE_URL", url)
        monkeypatch.setenv("MODEL", "tiny")
        folders = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir), "--port", str(free_port)]
        assert main(["doctor", "--json", *folders]) == 0
        found = json.loads(capsys.readouterr().out)
        assert main(["doctor", *folders]) == 0
        shown = capsys.readouterr().out
    assert found["ok"] is True
    assert [check["name"] for check in found["checks"]] == [
        *("interpreter", "packages", "disk", "corpus", "index", "embedding model", "reranking model"),
        *("language model", "port", "browser page"),
    ]
    assert {frozenset(check) for check in found["checks"]} == {
        frozenset({"name", "ok", "detail", "fix", "milliseconds"})
    }
    by_name = {check["name"]: check["detail"] for check in found["checks"]}
    assert by_name["index"] == "1 document with 1 passage. Catalog, words and vectors are whole and agree."
    assert by_name["language model"].startswith("The model tiny answers on this machine. Its first token took")
    assert [body["max_tokens"] for body in requests] == [1, 1]
    assert shown.count("\nok ") == 9
    assert shown.endswith("Everything works.\n")
    assert list_files(settings.index_dir) == before


def damage(folder: Path) -> None:
    path = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("part", ["lexical", "chroma"])
def test_a_flipped_bit_in_one_store_is_named_with_the_command_that_repairs_it(settings: Settings, part: str):
    damage(settings.index_dir / part)
    found = examine_one("index", settings)
    assert not found.ok
    assert found.fix == f"python -m ingest --check --corpus '{settings.corpus_dir}' --index '{settings.index_dir}'"


def test_what_is_missing_is_named_with_its_fix(settings: Settings, free_port: int):
    shutil.rmtree(settings.corpus_dir)
    shutil.rmtree(settings.index_dir)
    found = examine(settings, free_port)
    assert [name for name, finding in found.items() if not finding.ok] == ["corpus", "index", "language model"]
    assert found["corpus"].fix.startswith(f"mkdir -p '{settings.corpus_dir}'")
    assert "python -m ingest" in found["index"].fix
    assert "127.0.0.1:9" in found["language model"].detail
    assert "BASE_URL" in found["language model"].fix
    assert not settings.index_dir.exists()


def test_without_any_server_it_is_told_where_a_model_was_looked_for(sound: Settings, tmp_path: Path):
    settings = Settings(corpus_dir=sound.corpus_dir, index_dir=sound.index_dir, foundry_dir=str(tmp_path / "none"))
    detail = examine_one("language model", settings).detail
    places = ["BASE_URL (not set)", "AZURE_OPENAI_ENDPOINT (not set)", "Foundry Local", "the command foundry"]
    assert [place for place in places if place in detail] == places
    assert sorted(map(detail.index, places)) == [detail.index(place) for place in places]


def test_a_file_in_place_of_a_folder_is_named_with_the_folder_to_set(settings: Settings):
    (file,) = settings.corpus_dir.iterdir()
    mistaken = replace(settings, corpus_dir=file, index_dir=file)
    corpus, index = examine_one("corpus", mistaken), examine_one("index", mistaken)
    assert corpus == Finding(
        False, f"{file} is a file, no folder of documents.", f"Set RAG_CORPUS_DIR to its folder, {file.parent}."
    )
    assert index == Finding(False, f"{file} is a file.", "Set RAG_INDEX_DIR to a folder for the index.")


def test_a_model_of_the_hub_is_not_said_to_be_there_before_it_is(settings: Settings):
    mistaken = replace(settings, embed_model="acme/none", rerank_model="acme/none")
    for part in ("embedding model", "reranking model"):
        found = examine_one(part, mistaken)
        assert (found.ok, found.detail) == (False, "acme/none was not downloaded yet.")
        assert "# downloads it" in found.fix


def test_a_web_page_in_place_of_a_model_server_is_told_as_what_it_is(settings: Settings):
    with http_server(b"Hello") as port:
        found = examine_one("language model", replace(settings, base_url=f"http://127.0.0.1:{port}"))
    assert not found.ok
    assert f"http://127.0.0.1:{port}/v1" in found.detail
    assert "BASE_URL" in found.fix
    assert "attribute" not in found.detail + found.fix


def test_an_empty_folder_is_named(settings: Settings):
    for path in settings.corpus_dir.iterdir():
        path.unlink()
    assert examine_one("corpus", settings).detail.endswith("is empty.")


def test_a_package_that_is_missing_or_too_old_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    needed = [
        "openai>=3",
        "no-such-package>=1",
        "numpy<1",
        'pywin32; sys_platform == "nowhere"',
        "x; extra == 'rerank'",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needed)
    found = examine_one("packages", settings)
    version = importlib.metadata.version("numpy")
    assert (found.ok, found.fix) == (False, "uv sync")
    assert found.detail == f"no-such-package is missing, numpy is {version} instead of <1."


def test_a_full_disk_is_named_with_what_to_free(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=200_000_000))
    found = examine_one("disk", settings)
    assert not found.ok
    assert found.detail.endswith("has 0.2 GB left.")
    assert found.fix.startswith("Free 0.8 GB")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder can be written by this user")
def test_a_folder_that_cannot_be_written_is_named(settings: Settings):
    settings.index_dir.chmod(0o500)
    try:
        assert "can't be written" in examine_one("disk", settings).detail
    finally:
        settings.index_dir.chmod(0o700)


@contextmanager
def http_server(body: bytes) -> Iterator[int]:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_port_of_another_program_is_named_with_one_that_is_free(settings: Settings):
    with http_server(b"Hello") as port:
        found = examine_one("port", settings, port)
    assert not found.ok
    assert str(port) in found.detail
    free = int(found.fix.removeprefix("pagewise --port "))
    assert free > port


def test_the_page_may_have_the_port(settings: Settings):
    with http_server(b'{"service": "pagewise", "status": "alive"}') as port:
        assert examine_one("port", settings, port).detail == f"The page runs at http://127.0.0.1:{port}."


def test_no_two_checks_that_load_libraries_run_at_once(monkeypatch):
    """numpy was once found half imported, by the index's check and the embedding model's at the same moment."""
    running: list[str] = []

    def make(name: str) -> Check:
        def check(_: Settings) -> Finding:
            running.append(name)
            time.sleep(0.02)
            at_once = [one for one in running if one != "language model"]
            running.remove(name)
            return Finding(len(at_once) == 1 or name == "language model", " ".join(at_once))

        return check

    names = make_checks("127.0.0.1", 1)
    monkeypatch.setattr(command, "make_checks", lambda host, port: {name: make(name) for name in names})
    found = {name: finding for name, finding, _ in find_all(Settings(), "127.0.0.1", 1)}
    assert list(found) == list(names)
    assert [finding.detail for finding in found.values() if not finding.ok] == []
