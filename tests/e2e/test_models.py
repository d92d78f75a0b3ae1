"""The panel of models, in a browser: another server is entered, tried and used; a model of this machine; a chat's own
settings. What was entered as a key is found nowhere.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.e2e.serving import ROOT, is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server
from tests.foundry.environment import model_id
from tests.foundry.fixtures import ALIAS

KEY = "sk-0123456789-right"
QUESTION = "What does error E2 of the kettle mean?"


def answer_with_key(exchange: Exchange) -> None:
    if exchange.headers["authorization"] != f"Bearer {KEY}":
        exchange.send_body(json.dumps({"error": {"message": "no such key"}}), status=401)
        return
    exchange.begin_stream()
    exchange.send_text("Close the lid [1].", finish="stop")
    exchange.send_event("[DONE]")


def made_by(answer: Locator) -> str:
    expect(answer.locator(".pw-made-by")).to_be_visible()
    return answer.locator(".pw-made-by").text_content() or ""


def test_a_server_is_tried_and_used_and_the_local_model_again(
    tmp_path: Path, models_dir: Path, foundry_environment: dict[str, str], open_chat: Callable[..., Chat]
):
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    with (
        model_server(answer_with_key, models=("llama3.2:latest", "mistral:7b")) as (address, requests),
        serving(tmp_path, models_dir, {**foundry_environment, "RAG_LOG_LEVEL": "debug"}) as server,
    ):
        server.wait_until(is_settled)
        chat = open_chat(server.url)
        assert made_by(chat.ask(QUESTION)).startswith(f"{model_id(ALIAS)} on this machine")

        panel = chat.open_models()
        expect(panel.get_by_role("listitem").filter(has_text=ALIAS)).to_contain_text("in use")
        told = panel.get_by_role("status")
        for key, words in (
            ("sk-wrong", "does not accept the key. Set the key."),
            (KEY, "answers on this machine"),
        ):
            panel.get_by_label("Address").fill(address)
            panel.get_by_label("Model", exact=True).fill("llama3.2")
            panel.get_by_label("Key, if it wants one").fill(key)
            panel.get_by_role("button", name="Try it").click()
            expect(told).to_contain_text(words)
        assert server.status()["model"]["name"] == ALIAS
        panel.get_by_role("button", name="Use it").click()
        expect(panel.locator(".pw-now")).to_have_text("The model llama3.2:latest answers on this machine.")
        expect(panel.get_by_label("Key, if it wants one")).to_have_value("")
        expect(panel.get_by_role("listitem").filter(has_text="llama3.2")).to_contain_text("in use")
        panel.get_by_role("button", name="Use mistral:7b").click()  # with the key that was entered for this address
        expect(panel.locator(".pw-now")).to_have_text("The model mistral:7b answers on this machine.")
        chat.page.keyboard.press("Escape")
        expect(panel).not_to_be_visible()

        chat.open_filters()
        chat.page.locator("#length").fill("40")
        chat.page.locator("#temperature [role=slider]").press("End")
        chat.page.locator("#passages [role=slider]").press("Home")
        chat.page.locator("#chat-settings #confirm").click()
        assert made_by(chat.ask(QUESTION)).startswith("mistral:7b on this machine")
        asked = requests[-1]
        assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("mistral:7b", 40, 2)
        assert re.findall(r"\[\d+\]", json.dumps(asked["messages"])).count("[2]") == 0

        panel = chat.open_models()
        panel.get_by_role("button", name=f"Use {ALIAS}").click()
        expect(panel.locator(".pw-now")).to_have_text(f"The model {model_id(ALIAS)} answers on this machine.")
        panel.get_by_role("button", name="Close").click()
        assert made_by(chat.ask(QUESTION)).startswith(f"{model_id(ALIAS)} on this machine")
        assert chat.problems == []
        log = [json.loads(line) for line in (tmp_path / "index" / "logs" / "pagewise.jsonl").read_text().splitlines()]
        answered = [line for line in log if line["step"] == "answered"]
        assert [line["model"] for line in answered] == [model_id(ALIAS), "mistral:7b", model_id(ALIAS)]
        of_first = {line["step"] for line in log if line["request"] == answered[0]["request"]}
        assert {"searched", "routed", "model asked", "model finished", "answered"} <= of_first
    kept = [path.read_bytes() for kind in ("log", "jsonl", "db") for path in tmp_path.rglob(f"*.{kind}")]
    assert len(kept) >= 2
    assert not any(KEY.encode() in content for content in kept)
    assert not any(b"error E2" in content or b"Close the lid" in content for content in kept[:2])
