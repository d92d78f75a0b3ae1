"""Two answers of two models side by side: for one question by a button, for each by the panel of models."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import MARKERS, Chat
from tests.endpoint import Exchange, Requests, model_server

OpenChat = Callable[..., Chat]
LEAVE = "# Leave\n\nStaff have 28 days of leave. Five unused days of leave may be kept until March.\n"
QUESTION = "How many days of leave are there?"
WORDS = {
    "tiny": "Staff have 28 days of leave [1]. ",
    "large": "Five unused days of leave may be kept until March [1]. ",
}


class Speakers:
    """Two models that say their first words at once, and their last when they may."""

    def __init__(self) -> None:
        self.may_end = {model: threading.Event() for model in WORDS}

    def reply(self, exchange: Exchange) -> None:
        model = str(exchange.body["model"])
        exchange.begin_stream()
        if "Rewrite the user's last question" in json.dumps(exchange.body):
            exchange.send_text("Until when may unused days of leave be kept?")
        else:
            exchange.send_text(WORDS[model])
            self.may_end[model].wait(60)
            exchange.send_text("That is all.")
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")


@pytest.fixture
def speakers() -> Iterator[Speakers]:
    speakers = Speakers()
    yield speakers
    for may_end in speakers.may_end.values():
        may_end.set()


@pytest.fixture
def endpoint(speakers: Speakers) -> Iterator[tuple[str, Requests]]:
    with model_server(speakers.reply, models=tuple(WORDS)) as served:
        yield served


@pytest.fixture
def server(endpoint: tuple[str, Requests], models_dir: Path, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "leave.md").write_text(LEAVE, "utf-8")
    settings = {"BASE_URL": endpoint[0], "MODEL": "tiny", "RAG_FOUNDRY_DIR": str(tmp_path / "foundry")}
    with serving(tmp_path, models_dir, settings) as server:
        server.wait_until(is_settled)
        yield server


def by(chat: Chat, model: str) -> Locator:
    return chat.page.get_by_role("group", name=f"Answer by {model} on this machine")


def is_beside(one: Locator, other: Locator) -> bool:
    """Whether they stand in one row; else the other must begin below the first."""
    first, second = one.bounding_box(), other.bounding_box()
    assert first
    assert second
    if first["y"] == second["y"]:
        assert first["x"] + first["width"] <= second["x"]
        return True
    assert first["y"] + first["height"] <= second["y"]
    return False


def test_another_model_is_asked_too_below_an_answer_by_keyboard_and_the_kept_answer_leads_on(
    server: Server, speakers: Speakers, open_chat: OpenChat, axe: str
):
    speakers.may_end["tiny"].set()
    chat = open_chat(server.url, viewport={"width": 1400, "height": 900}, bypass_csp=True)
    chat.ask(QUESTION)
    another = chat.page.get_by_role("button", name="Ask another model too")
    another.press("Enter")
    choice = chat.page.get_by_role("button", name="large on this machine")
    expect(choice).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(choice).to_be_hidden()
    expect(another).to_be_focused()
    another.press("Enter")
    choice.press("Enter")
    first, second = by(chat, "tiny"), by(chat, "large")
    expect(second).to_contain_text("until March [1]")
    expect(chat.page.get_by_role("button", name="Stop large")).to_be_focused()
    assert is_beside(first, second)
    assert chat.find_violations(axe) == []
    chat.page.reload()
    expect(second).to_contain_text("until March [1]")
    speakers.may_end["large"].set()
    expect(second).to_contain_text("That is all.")
    for answer, model in ((first, "tiny"), (second, "large")):
        expect(answer.locator(".pw-made-by")).to_contain_text(f"{model} on this machine · ")
        expect(answer.locator(".pw-made-by")).to_contain_text("first word after ")
    second.locator(".message-content").locator(MARKERS).first.click()
    expect(chat.reader.locator("mark").first).to_have_text("Five unused days of leave may be kept until March.")
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_have_count(0)

    second.get_by_role("button", name="Keep this one").press("Enter")
    kept = second.get_by_role("button", name="Kept: follow-ups go on from this answer")
    expect(kept).to_be_visible()
    expect(first.get_by_role("button", name="Keep this one")).to_have_attribute("aria-pressed", "false")
    chat.page.reload()
    expect(kept).to_be_visible()
    assert chat.find_violations(axe) == []
    with chat.page.expect_download() as saving:
        chat.page.locator("#pw-save").click()
    saved = saving.value.path().read_text("utf-8")
    assert f"## {QUESTION}\n\n### tiny on this machine\n\n{WORDS['tiny']}That is all." in saved
    assert f"### large on this machine (kept)\n\n{WORDS['large']}That is all." in saved
    # A reload breaks off a connection that is just being made.
    assert [said for said in chat.warnings if "WebSocket is closed before" not in said] == chat.problems == []


def test_a_second_model_answers_each_question_of_a_chat_until_that_is_ended(
    server: Server, speakers: Speakers, endpoint: tuple[str, Requests], open_chat: OpenChat
):
    chat = open_chat(server.url, viewport={"width": 1400, "height": 900})
    panel = chat.open_models()
    panel.get_by_role("button", name="Have large answer as well").click()
    expect(panel.get_by_role("listitem").filter(has_text="large")).to_contain_text("answers as well")
    chat.page.keyboard.press("Escape")
    chip = chat.page.get_by_text("Each question goes to large as well, on this machine.")
    expect(chip).to_be_visible()
    chat.begin(QUESTION)
    first, second = by(chat, "tiny"), by(chat, "large")
    expect(first).to_contain_text("28 days of leave [1]")
    expect(second).to_contain_text("until March [1]")  # both at once
    assert is_beside(first, second)
    chat.page.set_viewport_size({"width": 390, "height": 780})
    assert not is_beside(first, second)
    chat.page.wait_for_function("document.documentElement.scrollWidth <= 390")
    chat.page.set_viewport_size({"width": 1400, "height": 900})
    first.get_by_role("button", name="Stop tiny").click()
    expect(first.get_by_role("button", name="Stop tiny")).to_have_count(0)
    expect(second.get_by_role("button", name="Stop large")).to_be_visible()
    speakers.may_end["large"].set()
    expect(second).to_contain_text("That is all.")
    expect(first).not_to_contain_text("That is all.")
    second.get_by_role("button", name="Keep this one").click()
    expect(second.get_by_role("button", name="Kept")).to_be_visible()
    chat.page.reload()
    expect(chip).to_be_visible()
    chat.page.get_by_role("button", name="Stop comparing").click()
    expect(chip).to_be_hidden()
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    speakers.may_end["tiny"].set()
    chat.ask("And until when may they be kept?")
    expect(chat.answers).to_have_count(3)
    assert chat.problems == []
    rewriting = next(asked for asked in map(json.dumps, endpoint[1]) if "Rewrite the user's last question" in asked)
    assert WORDS["large"].strip() in rewriting
    assert WORDS["tiny"].strip() not in rewriting
