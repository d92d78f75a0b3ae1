"""Search and the documents by HTTP; who may call; and the description of all of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from rag.errors import SettingsError
from tests.integration.api.conftest import TEXTS, Api, make_settings, serving_api

SITE = "http://chat.example:3000"


@pytest.fixture
def http(api: Api) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api.url, timeout=60) as client:
        yield client


def test_search_gives_what_the_command_gives(http):
    found = http.post("/search", json={"question": "How much does the tank hold?", "folder": "", "top_k": 1}).json()
    assert [hit["source"] for hit in found["hits"]] == ["boiler.md"]
    assert {"question", "mode", "hits", "answerable", "verdict", "confidence", "milliseconds"} == set(found)
    none = http.post("/search", json={"question": "How much does the tank hold?", "folder": "house", "top_k": 1}).json()
    assert [hit["source"] for hit in none["hits"]] == ["house/ferry.md"]
    wrong = http.post("/search", json={"question": "tank", "since": "yesterday"})
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (400, "invalid_request_error")


def test_documents_are_listed_and_read(http):
    listed = http.get("/documents").json()
    assert [one["source"] for one in listed["documents"]] == sorted(TEXTS)
    document = http.get("/documents/house/ferry.md").json()
    assert document["text"].split() == TEXTS["house/ferry.md"].split()
    for missing in ("/documents/nothing.md", "/documents/boiler.md?page=1", "/documents/..%2findex%2fcatalog.sqlite3"):
        assert http.get(missing).status_code == 404


def test_a_document_is_added_found_and_deleted(api, http):
    text = "The lighthouse keeper is called Ragnhild."
    added = http.post("/documents", files={"file": ("light/../house.md", text)})
    assert (added.status_code, added.json()) == (201, {"source": "house.md", "is_read": True})
    assert (api.corpus / "house.md").read_text() == text
    found = http.post("/search", json={"question": "Who is the lighthouse keeper?", "top_k": 1}).json()
    assert found["hits"][0]["source"] == "house.md"
    assert http.delete("/documents/house.md").json() == {"source": "house.md", "deleted": True, "is_indexed": False}
    assert not (api.corpus / "house.md").exists()
    assert http.delete("/documents/house.md").status_code == 404
    assert http.post("/documents", files={"file": ("empty.md", b"")}).status_code == 400
    damaged = http.post("/documents", files={"file": ("a.pdf", b"%PDF-1.7 nothing")})
    assert damaged.status_code == 400
    assert not (api.corpus / "a.pdf").exists()


def test_too_many_passages_for_a_browser_are_offered_by_folder(http, monkeypatch):
    monkeypatch.setattr("page.addresses.browser.MOST_PASSAGES", 1)
    refused = http.get("/browser/passages")
    assert (refused.status_code, refused.json()["folders"]) == (413, ["?folder=house"])
    german = http.get("/browser/", headers={"accept-language": "de-AT,de;q=0.9"}).text
    assert '<html lang="de">' in german
    assert "<h1>Suche im Browser</h1>" in german
    assert http.get("/browser?folder=house").headers["location"] == "browser/?folder=house"
    packed = http.get("/browser/passages", params={"folder": "house"}).content
    size = int.from_bytes(packed[:4], "little")
    told = json.loads(packed[4 : 4 + size])
    assert [passage[0] for passage in told["passages"]] == ["house/ferry.md"]
    assert len(packed) == 4 + size + 2 * told["dimensions"]
    missing = http.get("/browser/runtime/tokenizers.min.mjs")
    assert missing.status_code == 404
    assert "npm install --prefix" in missing.text
    for outside in ("/browser/runtime/package.json", "/browser/model/x/model.onnx", "/browser/..%2Fconfig.toml"):
        assert http.get(outside).status_code == 404


def test_what_the_index_does_is_told_as_it_happens(api, http):
    with http.stream("GET", "/events") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: "))
        first = json.loads(next(lines).removeprefix("data: "))
        assert first["corpus"]["documents"] == len(TEXTS)
        (api.corpus / "news.md").write_text("Something new.")
        counts = (json.loads(line.removeprefix("data: "))["corpus"]["documents"] for line in lines)
        assert next(count for count in counts if count == len(TEXTS) + 1)
        (api.corpus / "news.md").unlink()
        assert next(count for count in counts if count == len(TEXTS)) == len(TEXTS)


@pytest.mark.parametrize(
    "address",
    [
        *(f"/v1/{name}" for name in ("models", "models/{name}", "chat/completions", "responses", "embeddings")),
        *("/search", "/documents", "/documents/{source}"),
    ],
)
def test_every_address_keeps_what_its_description_promises(api, http, address):
    """Requests made from the description, right and wrong ones, by schemathesis."""
    described = http.get("/openapi.json").json()
    methods = described["paths"][address]
    if address.startswith("/documents"):  # which are those of the other tests, too
        methods = {"get": methods["get"]}
    schema = schemathesis.openapi.from_dict({**described, "paths": {address: methods}})
    schema.config.update(base_url=api.url)
    (operation,) = (result.ok() for result in schema.get_all_operations())

    @given(operation.as_strategy())
    @settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    def call(case: Case[Any]) -> None:
        # A question of spaces, or a month 13, is of the form that is described and refused all the same.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    call()


@pytest.fixture(scope="module")
def locked(models_dir, tmp_path_factory) -> Iterator[str]:
    settings = make_settings(
        tmp_path_factory.mktemp("locked"),
        models_dir,
        base_url="http://127.0.0.1:9",
        password="sesame open",
        cors_origins=SITE,
    )
    with serving_api(settings) as url:
        yield url


def test_the_password_is_a_program_s_key_which_can_t_be_guessed_for_long(locked):
    for address in ("/v1/models", "/documents", "/events", "/openapi.json", "/status", "/corpus/boiler.md"):
        assert httpx2.get(locked + address).status_code == 401
    with openai.OpenAI(base_url=f"{locked}/v1", api_key="sesame open", max_retries=0) as client:
        assert client.models.list().data[0].id == "corpus"
    statuses = []
    for guess in range(7):
        with (
            openai.OpenAI(base_url=f"{locked}/v1", api_key=f"guess {guess}", max_retries=0) as client,
            pytest.raises(openai.APIStatusError) as caught,
        ):
            client.models.list()
        statuses.append(caught.value.status_code)
    assert statuses == [401] * 5 + [429] * 2
    with openai.OpenAI(base_url=f"{locked}/v1", api_key="sesame open", max_retries=0) as client:
        assert client.models.list(), "Whoever knows the password isn't shut out by others of the same network."


def test_only_the_named_web_sites_may_call(locked):
    key = {"authorization": "Bearer sesame open"}
    named = httpx2.get(f"{locked}/v1/models", headers={**key, "origin": SITE})
    assert (named.status_code, named.headers["access-control-allow-origin"]) == (200, SITE)
    asked = {"origin": SITE, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    assert httpx2.options(f"{locked}/v1/chat/completions", headers=asked).status_code == 200
    other = httpx2.get(f"{locked}/v1/models", headers={**key, "origin": "http://elsewhere.example"})
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (403, False)


def test_a_wrong_setting_is_told_before_the_server_starts(models_dir, tmp_path):
    wrong = make_settings(tmp_path, models_dir, cors_origins="*")
    with pytest.raises(SettingsError, match="RAG_CORS_ORIGINS"), serving_api(wrong):
        pass


def test_a_taken_port_is_told(tmp_path, capsys):
    from rag.__main__ import main

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--index", str(tmp_path)]) == 3
    assert f"Port {port}" in capsys.readouterr().err
