"""Where a model is looked for, in which order, and that it is loaded: with genuine services."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answering.prompt import build_messages
from rag.chat.foundry import FoundryRuntime
from rag.chat.foundry_service import find_address, list_loaded, load, unload
from rag.chat.probing import probe
from rag.chat.router import ModelRouter
from rag.chat.state import ModelState
from rag.errors import ModelUnavailableError
from rag.settings import Settings
from rag.types import Chunk, Endpoint, ScoredChunk, StoredChunk
from tests.endpoint import Exchange, model_server
from tests.foundry.command import CURRENT, OLDER, OLDER_STOPPED, put_command
from tests.foundry.environment import model_id
from tests.foundry.fixtures import ALIAS, SLOW_ALIAS

MESSAGES = build_messages(
    "How often should I descale the kettle?",
    [ScoredChunk(StoredChunk(1, Chunk("kettle.md", 0, "You should descale the kettle every six weeks.")), 1.0)],
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for the command is a shell script")


@pytest.fixture
def service(foundry_dir: Path, foundry_catalog_url: str) -> Iterator[Endpoint]:
    """The genuine service with one model loaded, as if another process ran it."""
    runtime = FoundryRuntime(str(foundry_dir), foundry_catalog_url)
    yield runtime.open(ALIAS)
    runtime.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder of the path, which is empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def settle(settings: Settings, max_tokens: int = 30) -> tuple[ModelState, str]:
    """The state of a router with these settings, and its answer to a question."""
    router = ModelRouter(settings)
    try:
        router.start()
        state = router.settle(60)
        return state, asyncio.run(complete(router, max_tokens)) if state.is_ready else ""
    finally:
        router.close()


async def complete(router: ModelRouter, max_tokens: int) -> str:
    return "".join([piece async for piece in router.stream(MESSAGES, max_tokens)])


@pytest.mark.parametrize("has_slash", [True, False])
def test_the_address_is_told_by_the_command_of_version_0_10(path: Path, tmp_path: Path, has_slash: bool):
    address = "http://127.0.0.1:52364"
    put_command(path, server=CURRENT.format(address=address + "/" * has_slash), asked=tmp_path / "asked")
    assert find_address() == address
    assert (tmp_path / "asked").read_text() == "server status\n"


def test_the_address_is_told_by_the_command_of_older_versions(path: Path, tmp_path: Path):
    put_command(path, service=OLDER.format(address="http://127.0.0.1:55064"), asked=tmp_path / "asked")
    assert find_address() == "http://127.0.0.1:55064"
    assert (tmp_path / "asked").read_text() == "server status\nservice status\n"


@pytest.mark.parametrize(
    "printed", [OLDER_STOPPED, "", "running on somewhere", OLDER.format(address="http://models.example:80")]
)
def test_no_address_is_told_where_no_service_of_this_machine_runs(path: Path, tmp_path: Path, printed: str):
    put_command(path, service=printed, asked=tmp_path / "asked")
    assert find_address() == ""


def test_a_command_that_cannot_be_run_tells_no_address(path: Path):
    (path / "foundry").write_bytes(b"\x7fELF")
    (path / "foundry").chmod(0o755)
    assert find_address() == ""


def test_a_command_that_never_ends_is_left(path: Path, monkeypatch: pytest.MonkeyPatch):
    (path / "foundry").write_text("#!/bin/sh\nexec sleep 600\n")
    (path / "foundry").chmod(0o755)
    monkeypatch.setattr("rag.chat.foundry_service._STATUS_LIMIT_S", 0.1)
    assert find_address() == ""


@pytest.mark.parametrize("text", ["server", "service"])
def test_a_model_that_is_not_on_the_disk_answers_at_the_service_that_the_command_tells(
    service: Endpoint, path: Path, tmp_path: Path, text: str
):
    address = service.base_url.removesuffix("/v1")
    printed = (CURRENT if text == "server" else OLDER).format(address=address)
    put_command(path, asked=tmp_path / "asked", **{text: printed})
    state, answer = settle(Settings(model=SLOW_ALIAS, foundry_dir=str(tmp_path / "none")), max_tokens=2)
    assert (state.kind, state.model_id, state.route) == ("ready", model_id(SLOW_ALIAS), "local")
    assert state.place == "on this machine"
    assert answer


def test_a_service_without_the_model_is_not_taken(service: Endpoint, path: Path, tmp_path: Path, foundry_catalog_url):
    put_command(path, server=CURRENT.format(address=service.base_url.removesuffix("/v1")), asked=tmp_path / "asked")
    settings = Settings(model="gpt-tiny", foundry_dir=str(tmp_path / "none"), foundry_catalog_url=foundry_catalog_url)
    state, _ = settle(settings)
    assert (state.kind, state.place) == ("failed", "")


def test_a_model_on_the_disk_answers_in_this_process_without_the_command(
    foundry_dir: Path, foundry_catalog_url: str, path: Path, tmp_path: Path
):
    put_command(path, server=CURRENT.format(address="http://127.0.0.1:9"), asked=tmp_path / "asked")
    settings = Settings(model=ALIAS, foundry_dir=str(foundry_dir), foundry_catalog_url=foundry_catalog_url)
    state, answer = settle(settings)
    assert (state.model_id, state.place) == (model_id(ALIAS), "on this machine")
    assert "six weeks" in answer
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("suffix", ["", "/", "/v1"])
def test_base_url_goes_first_with_or_without_v1(service: Endpoint, suffix: str):
    base_url = service.base_url.removesuffix("/v1") + suffix
    state, answer = settle(Settings(base_url=base_url, azure_endpoint="http://127.0.0.1:9", model=ALIAS))
    assert (state.model_id, state.route, state.place) == (model_id(ALIAS), "endpoint", "on this machine")
    assert state.detail == f"The model {model_id(ALIAS)} answers on this machine."
    assert "six weeks" in answer


@pytest.mark.parametrize("name", [SLOW_ALIAS, model_id(SLOW_ALIAS)])
def test_probing_a_service_of_foundry_local_loads_the_model(service: Endpoint, name: str):
    assert asyncio.run(list_loaded(service)) == [model_id(ALIAS)]
    endpoint = probe(service.base_url, "x", name)
    loaded = asyncio.run(list_loaded(service))
    assert set(loaded or ()) == {model_id(ALIAS), model_id(SLOW_ALIAS)}
    asyncio.run(unload(endpoint))
    assert asyncio.run(list_loaded(service)) == [model_id(ALIAS)]


def test_an_older_service_loads_a_model_by_its_id():
    got: list[str] = []

    class Older(Exchange):
        def do_GET(self) -> None:
            got.append(self.path)
            if self.path == "/openai/loadedmodels":
                self.send_body("[]")
            elif self.path.startswith("/openai/load/"):
                self.send_body("{}")
            else:
                super().do_GET()

    with model_server(lambda exchange: None, models=["Phi-4-mini-instruct-generic-gpu:5"], handler=Older) as (url, _):
        probe(url, "x", "phi-4-mini")
    assert got[-1] == "/openai/load/Phi-4-mini-instruct-generic-gpu%3A5"


def test_another_server_is_asked_for_its_models_and_nothing_else():
    got: list[str] = []

    class Noting(Exchange):
        def do_GET(self) -> None:
            got.append(self.path)
            super().do_GET()

    with model_server(lambda exchange: None, models=["llama3.2:latest", "qwen2.5:7b"], handler=Noting) as (url, _):
        endpoint = probe(url, "x", "llama3.2")
        with pytest.raises(ModelUnavailableError, match="no service of Foundry Local"):
            asyncio.run(load(endpoint))
        assert got[0] == "/v1/models"
        assert endpoint.model_id == "llama3.2:latest"
    assert set(got[1:]) == {"/models/loaded", "/openai/loadedmodels"}


def test_where_nothing_listens_is_known_before_openai_is_loaded(path: Path, tmp_path: Path):
    put_command(path, server=CURRENT.format(address="http://127.0.0.1:9"), asked=tmp_path / "asked")
    code = """
import sys
from rag.chat.foundry import FoundryRuntime
from rag.chat.router import ModelRouter
from rag.settings import Settings
for settings in (Settings(base_url="http://127.0.0.1:9"), Settings(foundry_dir=sys.argv[1])):
    router = ModelRouter(settings, make_runtime=lambda data_dir, url: FoundryRuntime(data_dir, url, may_download=False))
    router.start()
    print(router.settle(60).detail, "openai" in sys.modules)
    router.close()
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "none")], capture_output=True, text=True)
    first, second = done.stdout.splitlines()
    assert re.fullmatch(r"Nothing answers at http://127.0.0.1:9/v1 \([^\[]*refused\)\. False", first)
    assert second == "The model phi-4-mini is not downloaded yet. False"
    assert (tmp_path / "asked").read_text() == "server status\n"


# Azure


class Azure(Exchange):
    """Azure's paths and words, for one deployment named gpt-here; the model's name in a request counts for nothing."""

    def do_GET(self) -> None:
        self.send_body(json.dumps({"data": [{"id": "gpt-4.1"}]}))  # what could be deployed

    def do_POST(self) -> None:
        if self.headers["api-key"] != "azure-key":
            self.rfile.read(int(self.headers["content-length"]))
            self.send_body('{"error": {"code": "401", "message": "Access denied: wrong api-key azure"}}', status=401)
        elif self.path != "/openai/deployments/gpt-here/chat/completions?api-version=2024-10-21":
            self.rfile.read(int(self.headers["content-length"]))
            self.send_body(
                '{"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}', status=404
            )
        else:
            super().do_POST()


def answer_as_azure(exchange: Exchange) -> None:
    if not exchange.body["messages"]:
        exchange.send_body('{"error": {"message": "[] is too short - \'messages\'"}}', status=400)
        return
    exchange.begin_stream()
    exchange.send_text("Every six weeks.", finish="stop")


@pytest.mark.parametrize(
    "behind",
    ["/", "/openai/v1/", "/openai/deployments/gpt-here/chat/completions?api-version=2025-01-01-preview"],
    ids=["the address", "as an example's base", "as an example's request"],
)
def test_azure_is_asked_by_its_own_paths_and_costs_nothing_until_a_question(behind: str):
    with model_server(answer_as_azure, handler=Azure) as (url, requests):
        settings = Settings(azure_endpoint=f"{url}{behind}", azure_api_key="azure-key", model="gpt-here")
        state, answer = settle(settings)
    assert (state.kind, state.model_id, state.route, answer) == ("ready", "gpt-here", "endpoint", "Every six weeks.")
    assert [body["messages"] for body in requests] == [[], MESSAGES]


@pytest.mark.parametrize(
    ("key", "deployment", "fix"),
    [
        ("azure-key", "phi-4-mini", "Set MODEL to the name of one of its deployments."),
        ("wrong-key", "gpt-here", "Set AZURE_OPENAI_API_KEY."),
    ],
)
def test_a_wrong_deployment_or_key_is_told_before_a_question(key: str, deployment: str, fix: str):
    with model_server(answer_as_azure, handler=Azure) as (url, requests):
        state, _ = settle(Settings(azure_endpoint=url, azure_api_key=key, model=deployment))
    assert (state.kind, state.fix) == ("failed", fix)
    assert not requests


def test_where_azure_cannot_be_reached_its_setting_is_named():
    state, _ = settle(Settings(azure_endpoint="http://127.0.0.1:9", azure_api_key="azure-key", model="gpt-here"))
    assert "AZURE_OPENAI_ENDPOINT" in state.fix
