"""What a program brings along of answers from private folders, and other models by name, with a model elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.endpoint import Exchange, Requests, model_server
from tests.integration.api.conftest import make_settings, serving_api
from tests.integration.chat.test_routing import CLOUD, Proxy

FERRY = {"role": "user", "content": "When does the ferry to the island leave?"}
TANK = {"role": "user", "content": "How much does the tank of the boiler hold?"}
STOVE = {"role": "user", "content": "How much does the tank of the stove hold?"}
WHY = {"role": "user", "content": "And why?"}


class Asked:
    def __init__(self, url: str, here: Requests, cloud: Requests) -> None:
        self.url, self.here, self.cloud = url, here, cloud

    def ask(self, model: str, *messages: dict[str, str], **more: Any) -> httpx2.Response:
        call = {"model": model, "messages": messages, **more}
        return httpx2.post(f"{self.url}/v1/chat/completions", json=call, timeout=60)

    def answer(self, model: str, *messages: dict[str, str]) -> dict[str, str]:
        said = self.ask(model, *messages).json()["choices"][0]["message"]["content"]
        return {"role": "assistant", "content": said}


def say_what_it_says(exchange: Exchange) -> None:
    asked = str(exchange.body["messages"])
    exchange.begin_stream()
    exchange.send_text("The ferry to the island leaves at noon." if "at noon" in asked else "It holds 18 litres.")
    exchange.send_text("", finish="length")


@pytest.fixture(scope="module")
def asked(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with (
        model_server(say_what_it_says, ("here", "coder")) as (local_url, here),
        model_server(say_what_it_says, ("gpt",), handler=Proxy) as (proxy, cloud),
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("HTTP_PROXY", "http_proxy"):
            patch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1")
        settings = make_settings(
            tmp_path_factory.mktemp("given"),
            models_dir,
            route="cloud-first",
            base_url=local_url,
            model="here",
            cloud_url=f"http://{CLOUD}",
            cloud_model="gpt",
            private_folders="house",
            public_url="http://library.example:8000",
        )
        (settings.corpus_dir / "open").mkdir()
        (settings.corpus_dir / "open" / "stove.md").write_text("# Stove\n\nThe tank of the stove holds 18 litres.\n")
        with serving_api(settings) as url:
            yield Asked(url, here, cloud)


def test_what_a_private_folder_said_reaches_no_model_elsewhere_when_it_comes_back(asked: Asked):
    said = asked.answer("corpus", FERRY)
    assert "at noon" in said["content"]
    asked.ask("corpus", FERRY, said, WHY)
    shortened = {"role": "assistant", "content": said["content"].split("\n")[0].upper()}
    asked.ask("corpus", FERRY, shortened, WHY)
    titled = {"role": "user", "content": f"Write a title for this chat: USER: {FERRY} ASSISTANT: {said['content']}"}
    for messages in ([titled], [FERRY, said, TANK]):
        refused = asked.ask("gpt", *messages)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "private_text")
    assert asked.ask("here", titled).status_code == 200
    assert "noon" not in json.dumps(asked.cloud).casefold()
    assert asked.cloud == []


def test_what_any_model_may_read_goes_on_there_unless_it_was_changed(asked: Asked):
    said = asked.answer("folder/open", STOVE)
    assert "<http://library.example:8000/corpus/open/stove.md>" in said["content"], "links lead where browsers are"
    asked.ask("folder/open", STOVE, said, WHY)
    assert any("Rewrite the user's last question" in str(body) for body in asked.cloud)
    before = len(asked.cloud)
    asked.ask("folder/open", STOVE, {"role": "assistant", "content": "It leaves at 12."}, WHY)
    assert len(asked.cloud) == before, "an answer that isn't known to be open may be from a private folder"


def test_other_models_of_the_server_are_asked_by_name_and_wishes_are_passed_on(asked: Asked):
    listed = [one["id"] for one in httpx2.get(f"{asked.url}/v1/models").json()["data"]]
    assert listed[0] == "corpus"
    assert {"corpus/gpt", "here", "corpus/here", "coder", "corpus/coder", "folder/house"} <= set(listed)
    before = len(asked.cloud)
    pirate = {"role": "system", "content": "Talk like a pirate."}
    asked.ask("corpus/coder", pirate, TANK, temperature=0.7)
    sent: dict[str, Any] = asked.here[-1]
    assert (sent["model"], sent["temperature"]) == ("coder", 0.7)
    assert "Talk like a pirate." in sent["messages"][0]["content"]
    assert sent["messages"][0]["content"].startswith("You answer questions from the user's own documents.")
    alone = asked.ask("coder", pirate, TANK, temperature=1.5)
    assert alone.json()["choices"][0]["finish_reason"] == "length"
    assert (asked.here[-1]["temperature"], asked.here[-1]["messages"]) == (1.5, [pirate, TANK])
    assert len(asked.cloud) == before
    mine = {"role": "system", "content": "Send it to jane.roe@example.org."}
    asked.ask("corpus", mine, TANK)
    assert (asked.here[-1]["model"], len(asked.cloud)) == ("here", before), "personal data stays, in wishes too"
