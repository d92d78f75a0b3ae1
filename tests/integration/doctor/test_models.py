"""`models` with the genuine runtime, offline, and with its service."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.__main__ import main
from rag.chat.foundry import FoundryRuntime, count_tokens
from rag.chat.foundry_service import list_loaded
from rag.chat.router import ModelRouter
from rag.errors import PromptTooLongError
from rag.settings import Settings
from rag.types import Endpoint
from tests.endpoint import Exchange, model_server
from tests.foundry.environment import model_id
from tests.foundry.fixtures import ALIAS, SLOW_ALIAS

MESSAGES = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "word " * 1000}]


@pytest.fixture
def data_dir(foundry_dir: Path, foundry_catalog_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of Foundry Local's folder, which the settings name."""
    shutil.copytree(foundry_dir, tmp_path / "foundry")
    monkeypatch.setenv("RAG_FOUNDRY_DIR", str(tmp_path / "foundry"))
    monkeypatch.setenv("RAG_FOUNDRY_CATALOG_URL", foundry_catalog_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "foundry"


@pytest.fixture
def service(data_dir: Path, foundry_catalog_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """The genuine service, as if another process ran it; BASE_URL names it."""
    runtime = FoundryRuntime(str(data_dir), foundry_catalog_url)
    endpoint = runtime.open(ALIAS)
    monkeypatch.setenv("BASE_URL", endpoint.base_url.removesuffix("/v1"))
    yield endpoint
    runtime.close()


@pytest.fixture
def own_folder(foundry_dir: Path) -> Path:
    return next(foundry_dir.rglob(f"{ALIAS}-generic-cpu-1")) / "v1"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["models", *arguments, "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_the_list_has_what_is_downloaded_with_its_size_and_device(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    found = run(capsys)
    assert found["failures"] == []
    by_alias = {model["alias"]: model for model in found["models"]}
    assert set(by_alias) == {ALIAS, SLOW_ALIAS}
    one = by_alias[ALIAS]
    assert (one["id"], one["place"], one["device"], one["context_length"]) == (model_id(ALIAS), "catalog", "CPU", 8192)
    assert one["on_disk"]
    assert one["is_best"]
    assert not one["loaded"]
    assert main(["models", "list"]) == 0
    assert f"{ALIAS}  " in capsys.readouterr().out


def test_a_server_that_cannot_be_reached_is_named_beside_the_others(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:9")
    assert main(["models", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert len(found["models"]) == 2
    assert found["failures"][0].startswith("Nothing answers at http://127.0.0.1:9/v1")


def test_the_models_of_a_server_are_listed(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with model_server(lambda exchange: None, models=["llama3.2:latest"]) as (url, _):
        monkeypatch.setenv("BASE_URL", url)
        first = run(capsys, "list")["models"][0]
    assert (first["id"], first["place"]) == ("llama3.2:latest", f"{url}/v1")


def refuse_no_messages(exchange: Exchange) -> None:
    exchange.send_body('{"error": {"message": "[] is too short - \'messages\'"}}', status=400)


def test_the_models_of_all_servers_of_a_route_are_listed_and_a_deployment_at_azure(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with (
        model_server(lambda exchange: None, models=["qwen:latest"]) as (near, _),
        model_server(refuse_no_messages, models=["could-be-deployed"]) as (azure, _),
    ):
        # As somebody copies it from an example.
        monkeypatch.setenv("BASE_URL", f"{near}/v1/chat/completions")
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", azure)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key")
        monkeypatch.setenv("CLOUD_MODEL", "my-deployment")
        monkeypatch.setenv("RAG_ROUTE", "local-first")
        served = [(one["id"], one["place"]) for one in run(capsys)["models"] if one["place"].startswith("http")]
    assert served == [("qwen:latest", f"{near}/v1"), ("my-deployment", azure)]


def test_a_folder_of_ones_own_becomes_a_model_that_answers_until_it_is_removed(
    data_dir: Path, foundry_catalog_url: str, own_folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(capsys, "add", str(own_folder), "--name", "mine") == {"action": "add", "models": ["mine:1"]}
    assert main(["models", "add", str(own_folder), "--name", "mine"]) == 2
    assert "pagewise models remove mine" in capsys.readouterr().err
    listed = [(model["id"], model["place"]) for model in run(capsys)["models"]]
    assert ("mine:1", "own folder") in listed
    settings = Settings(model="mine", foundry_dir=str(data_dir), foundry_catalog_url=foundry_catalog_url)
    router = ModelRouter(settings)
    try:
        router.start()
        assert router.settle(60).model_id == "mine:1"
        assert asyncio.run(complete(router))
    finally:
        router.close()
    assert run(capsys, "remove", "mine")["models"] == ["mine:1"]
    assert (own_folder / "model.onnx").is_file()
    assert main(["models", "remove", "mine"]) == 2


async def complete(router: ModelRouter) -> str:
    return "".join([piece async for piece in router.stream([{"role": "user", "content": "Hello"}], 20)])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "/nowhere"], "holds no model for ONNX Runtime"),
        (["add", "/nowhere", "--name", "a b"], "can't be a model's name"),
        (["remove", "gpt-tiny"], "No model gpt-tiny is on the disk."),
    ],
)
def test_what_cannot_be_done_is_said(
    data_dir: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    assert main(["models", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_a_downloaded_model_is_removed_from_the_disk(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "download", ALIAS)["models"] == [model_id(ALIAS)]
    assert run(capsys, "remove", ALIAS)["models"] == [model_id(ALIAS)]
    assert not list(data_dir.rglob(f"{ALIAS}-generic-cpu-1/v1/model.onnx"))
    assert list(data_dir.rglob(f"{SLOW_ALIAS}-generic-cpu-1/v1/model.onnx"))
    assert main(["models", "download", "no-such-model"]) == 3
    assert "Foundry Local's catalog has no model no-such-model. It has: " in capsys.readouterr().err


def test_models_of_the_service_are_loaded_and_unloaded(service: Endpoint, capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "load", SLOW_ALIAS) == {"action": "load", "models": [model_id(SLOW_ALIAS)]}
    loaded = asyncio.run(list_loaded(service))
    assert set(loaded or ()) == {model_id(ALIAS), model_id(SLOW_ALIAS)}
    assert run(capsys, "unload", model_id(SLOW_ALIAS))["models"] == [model_id(SLOW_ALIAS)]
    assert asyncio.run(list_loaded(service)) == [model_id(ALIAS)]


def test_without_a_service_it_is_said_what_to_start(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["models", "load", ALIAS]) == 3
    assert "foundry server start" in capsys.readouterr().err


# What the models of this process can hold, and when they give their memory back


def test_tokens_are_counted_as_the_service_counts_them(service: Endpoint):
    count = count_tokens(service.model_id, MESSAGES)
    assert count is not None
    assert 1000 <= count < 1100
    assert count_tokens("no-such-model", MESSAGES) is None


def test_what_the_models_own_file_limits_is_never_sent(data_dir: Path, foundry_catalog_url: str):
    path = next(data_dir.rglob(f"{ALIAS}-generic-cpu-1/v1/genai_config.json"))
    config = json.loads(path.read_text())
    config["search"]["max_length"] = 900
    path.write_text(json.dumps(config))
    router = ModelRouter(Settings(model=ALIAS, foundry_dir=str(data_dir), foundry_catalog_url=foundry_catalog_url))

    async def ask() -> None:
        async for _ in router.stream(MESSAGES, 10):
            pass

    try:
        router.start()
        assert router.settle(60).context_length == 900
        with pytest.raises(PromptTooLongError, match=r"with an answer of 10 is more than the model .* \(900\)"):
            asyncio.run(ask())
    finally:
        router.close()


def test_a_model_that_nobody_asks_is_unloaded_and_loaded_again_for_a_question(data_dir: Path, foundry_catalog_url: str):
    settings = Settings(
        model=ALIAS, foundry_dir=str(data_dir), foundry_catalog_url=foundry_catalog_url, idle_minutes=0.1 / 60
    )
    router = ModelRouter(settings)

    async def wait_until_unloaded(endpoint: Endpoint) -> None:
        async with asyncio.timeout(60):
            while await list_loaded(endpoint):
                await asyncio.sleep(0.05)

    try:
        router.start()
        assert router.settle(60).is_ready
        assert router._model is not None
        asyncio.run(wait_until_unloaded(router._model.endpoint))
        assert asyncio.run(complete(router))
        asyncio.run(wait_until_unloaded(router._model.endpoint))
    finally:
        router.close()
