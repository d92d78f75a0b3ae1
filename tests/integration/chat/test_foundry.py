"""The genuine Foundry Local runtime, offline, with the tests' own model as if it had been downloaded."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.chat.foundry import FoundryRuntime
from rag.errors import ModelUnavailableError
from tests.foundry.environment import catalog_entry, lay_out_downloaded, model_id
from tests.foundry.fixtures import ALIAS, SLOW_ALIAS


@pytest.fixture
def runtime(foundry_dir: Path, foundry_catalog_url: str) -> Iterator[FoundryRuntime]:
    runtime = FoundryRuntime(str(foundry_dir), foundry_catalog_url)
    yield runtime
    runtime.close()


@pytest.fixture
def empty_runtime(tmp_path: Path, foundry_catalog_url: str) -> Iterator[FoundryRuntime]:
    runtime = FoundryRuntime(str(tmp_path), foundry_catalog_url)
    yield runtime
    runtime.close()


def listed_models(base_url: str) -> list[str]:
    with urllib.request.urlopen(f"{base_url}/models") as reply:
        return [model["id"] for model in json.load(reply)["data"]]


def test_an_alias_becomes_an_endpoint_on_this_machine_that_serves_the_full_id(runtime: FoundryRuntime):
    steps: list[str] = []
    endpoint = runtime.open(ALIAS, lambda kind, percent: steps.append(kind))
    assert endpoint.model_id == model_id(ALIAS)
    assert endpoint.context_length == 8192
    assert endpoint.base_url.startswith("http://127.0.0.1:")
    assert endpoint.model_id in listed_models(endpoint.base_url)
    assert steps == ["loading"]


def test_a_full_id_works_like_its_alias(runtime: FoundryRuntime):
    assert runtime.open(model_id(ALIAS)).model_id == model_id(ALIAS)


@pytest.fixture
def asked_catalog() -> Iterator[tuple[str, list[str]]]:
    """A catalog's address, and what was asked there; it has nothing."""
    asked: list[str] = []

    class Catalog(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Catalog) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("may_download", [True, False])
def test_a_downloaded_model_is_served_without_asking_the_catalog(
    foundry_dir: Path, asked_catalog: tuple[str, list[str]], may_download: bool
):
    url, asked = asked_catalog
    runtime = FoundryRuntime(str(foundry_dir), url, may_download=may_download)
    try:
        assert runtime.open(ALIAS).model_id == model_id(ALIAS)
    finally:
        runtime.close()
    assert asked == []


def test_the_catalog_is_asked_for_a_model_that_may_be_downloaded(tmp_path: Path, asked_catalog: tuple[str, list[str]]):
    url, asked = asked_catalog
    runtime = FoundryRuntime(str(tmp_path), url)
    try:
        with pytest.raises(ModelUnavailableError, match="Connect to the internet"):
            runtime.open(ALIAS)
    finally:
        runtime.close()
    assert asked


@pytest.mark.parametrize("may_download", [True, False])
def test_a_folder_that_only_looks_like_the_model_is_no_model(
    tmp_path: Path, asked_catalog: tuple[str, list[str]], may_download: bool
):
    folder = tmp_path / "cache" / "models" / "Tests" / "unfinished"
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text("{}")
    url, asked = asked_catalog
    runtime = FoundryRuntime(str(tmp_path), url, may_download=may_download)
    try:
        with pytest.raises(ModelUnavailableError, match=rf"The model {ALIAS} is not downloaded yet"):
            runtime.open(ALIAS)
    finally:
        runtime.close()
    assert bool(asked) == may_download


def test_the_catalog_lists_what_is_downloaded(runtime: FoundryRuntime):
    assert {model.alias for model in runtime.list_models()} == {ALIAS, SLOW_ALIAS}


def test_an_unknown_alias_is_answered_with_near_ones(runtime: FoundryRuntime):
    with pytest.raises(ModelUnavailableError, match=r"no model phi4-mini\. Did you mean phi-4-mini\?"):
        runtime.open("phi4-mini")


def test_offline_and_never_downloaded_says_so_and_what_to_do(empty_runtime: FoundryRuntime):
    with pytest.raises(ModelUnavailableError, match=r"not downloaded yet .* Connect to the internet .* BASE_URL"):
        empty_runtime.open(ALIAS)


def test_after_closing_the_port_is_free_and_another_runtime_can_open(
    foundry_dir: Path, foundry_catalog_url: str, runtime: FoundryRuntime
):
    first = runtime.open(ALIAS).base_url
    runtime.close()
    runtime.close()
    with pytest.raises(OSError, match="refused"):
        listed_models(first)
    again = FoundryRuntime(str(foundry_dir), foundry_catalog_url)
    try:
        assert listed_models(again.open(ALIAS).base_url)
    finally:
        again.close()


def test_a_closed_runtime_refuses_with_a_sentence(runtime: FoundryRuntime):
    runtime.close()
    with pytest.raises(ModelUnavailableError, match="was stopped"):
        runtime.open(ALIAS)


def test_a_second_runtime_at_the_same_time_is_refused_with_a_sentence(
    runtime: FoundryRuntime, empty_runtime: FoundryRuntime
):
    runtime.list_models()
    with pytest.raises(ModelUnavailableError, match="already runs in this process"):
        empty_runtime.open(ALIAS)


def test_a_damaged_model_is_a_sentence(tmp_path: Path, foundry_dir: Path, empty_runtime: FoundryRuntime):
    lay_out_downloaded(tmp_path, {ALIAS: next(foundry_dir.rglob(f"{ALIAS}-generic-cpu-1")) / "v1"})
    next(tmp_path.rglob("model.onnx")).write_bytes(b"no model")
    with pytest.raises(ModelUnavailableError, match=rf"could not start the model {ALIAS} .* Retry"):
        empty_runtime.open(ALIAS)


def test_no_usage_events_are_collected_and_the_environment_stays_as_it_was(
    runtime: FoundryRuntime, foundry_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_BUILD", raising=False)
    before = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    runtime.list_models()
    assert dict(os.environ) == before
    assert not list(tmp_path.rglob("*"))


def test_a_model_that_the_catalog_lists_but_nobody_can_download_is_a_sentence(
    tmp_path: Path, empty_runtime: FoundryRuntime
):
    cache = tmp_path / "cache" / "models"
    cache.mkdir(parents=True)
    listed = {"version": 1, "savedAtUnix": 0, "models": [catalog_entry(ALIAS)]}
    (cache / "foundry.modelinfo.json").write_text(json.dumps(listed))
    with pytest.raises(ModelUnavailableError, match="Connect to the internet"):
        empty_runtime.open(ALIAS)


def test_cancelling_before_the_start_ends_in_a_sentence(runtime: FoundryRuntime):
    threading.Thread(target=runtime.cancel).run()
    with pytest.raises(ModelUnavailableError, match="was stopped"):
        runtime.open(ALIAS)
