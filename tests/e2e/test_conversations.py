"""The conversations of the page: they outlive a reload, a closed tab and the server, and are one on several pages."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.serving import is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server

OpenChat = Callable[..., Chat]
LEAVE = "# Leave\n\nStaff have 28 days of leave. Five unused days of leave may be kept until March.\n"
QUESTION = "How many days of leave are there?"
QUESTIONS = "[data-step-type=user_message]"


class Speaker:
    """A model that goes on until it may end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def reply(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("Staff have 28 days [1]. ")
        for number in itertools.count():  # always something new: an answer that repeats itself would be ended
            if self.may_end.wait(1):
                break
            exchange.send_text(f"Then {number}. ")
        exchange.send_text("That is all.")
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker()


@pytest.fixture(scope="module")
def settings(speaker: Speaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with model_server(speaker.reply) as (address, _):
        yield {"BASE_URL": address, "MODEL": "tiny", "RAG_FOUNDRY_DIR": str(tmp_path_factory.mktemp("foundry"))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "leave.md").write_text(LEAVE, "utf-8")
    return tmp_path


def test_an_answer_goes_on_through_a_reload_on_two_pages_of_two_servers_and_without_any(
    folder: Path, models_dir: Path, settings: dict[str, str], speaker: Speaker, open_chat: OpenChat
):
    speaker.may_end.clear()
    with serving(folder, models_dir, settings) as server, serving(folder, models_dir, settings) as second:
        server.wait_until(is_settled)
        chat = open_chat(server.url)
        expect(chat.begin(QUESTION)).to_contain_text("28 days [1]")
        expect(chat.page).to_have_url(f"{server.url}/thread/{read_id(chat)}")
        chat.page.reload()
        other, elsewhere = open_chat(server.url), open_chat(second.url)
        for page in (other, elsewhere):
            page.page.goto(chat.page.url.replace(server.url, second.url if page is elsewhere else server.url))
        for page in (chat, other, elsewhere):
            expect(page.answers).to_contain_text("28 days [1]")
            expect(page.page.locator(QUESTIONS)).to_have_text(QUESTION)
        expect(other.page.locator("#stop-button")).to_be_visible()
        chat.page.close()
        speaker.may_end.set()
        for page in (other, elsewhere):
            expect(page.answers).to_contain_text("That is all.")
            expect(page.page.locator(".pw-made-by")).to_contain_text("tiny")
            expect(page.answers.get_by_role("button", name="leave.md")).to_be_visible()
        other.wait_for_end()
        expect(other.page.get_by_role("button", name="Ask again")).to_be_visible()
        expect(other.page.get_by_role("button", name="Ask another model too")).to_have_count(0)  # there is none

        third = open_chat(other.page.url)
        third.ask("Until when may unused days of leave be kept?")
        expect(other.page.locator(QUESTIONS)).to_have_count(2)
        expect(other.answers.nth(1)).to_contain_text("That is all.")
        assert other.problems == third.problems == elsewhere.problems == []


def read_id(chat: Chat) -> str:
    expect(chat.page.locator("#pw-save")).to_be_visible()
    return chat.page.url.rpartition("/")[2]


def test_a_conversation_outlives_its_server_is_found_named_saved_and_deleted(
    folder: Path, models_dir: Path, settings: dict[str, str], speaker: Speaker, open_chat: OpenChat
):
    speaker.may_end.clear()
    with serving(folder, models_dir, settings) as server:
        server.wait_until(is_settled)
        chat = open_chat(server.url)
        answer = chat.begin(QUESTION)
        expect(answer).to_contain_text("28 days [1]")
        server.process.kill()
    speaker.may_end.set()
    with serving(folder, models_dir, settings, port=server.port) as server:
        server.wait_until(is_settled)
        expect(answer.locator(".pw-notice")).to_contain_text("The server was stopped while this was written")
        expect(chat.page.locator(".loading-cursor")).to_have_count(0)
        expect(chat.ask("And until when may they be kept?").locator(".pw-searched-for")).to_be_visible()
        answer.locator(".positive-feedback-off").click()
        chat.page.locator("#submit-feedback").click()
        expect(answer.locator(".positive-feedback-on")).to_be_visible()

        chat.page.locator("#new-chat-button").click()
        expect(chat.answers).to_have_count(0)
        find(chat, "unused days").click()
        expect(chat.answers).to_have_count(2)
        expect(chat.answers.first.locator(".positive-feedback-on")).to_be_visible()

        with chat.page.expect_download() as saving:
            chat.page.locator("#pw-save").click()
        saved = saving.value.path().read_text("utf-8")
        assert f"## {QUESTION}\n\nStaff have 28 days [1]." in saved
        assert "- [1] leave.md: “Staff have 28 days of leave." in saved

        change(chat, "rename")
        chat.page.locator("#name").fill("Leave of absence")
        chat.page.get_by_role("button", name="Confirm").click()
        expect(chat.page.locator("#thread-history")).to_contain_text("Leave of absence")

        other = open_chat(chat.page.url)
        expect(other.answers).to_have_count(2)
        change(chat, "delete")
        chat.page.get_by_role("button", name="Confirm").click()
        for page in (chat, other):
            expect(page.page).to_have_url(f"{server.url}/")
        expect(chat.page.locator("#thread-history")).not_to_contain_text("Leave of absence")
        assert chat.problems == []
    kept = b"".join(path.read_bytes() for path in (folder / "index" / "page").glob("conversations*"))
    assert b"28 days" not in kept


def find(chat: Chat, words: str) -> Locator:
    chat.page.locator("#search-chats-button").click()
    chat.page.get_by_role("combobox").fill(words)
    return chat.page.get_by_role("option", name=QUESTION)


def change(chat: Chat, what: str) -> None:
    item = chat.page.locator("#thread-history li").first
    item.hover()
    item.locator("#thread-options").click()
    chat.page.locator(f"#{what}-thread").click()


def test_a_damaged_file_of_conversations_is_said_and_questions_are_answered(
    folder: Path, models_dir: Path, settings: dict[str, str], speaker: Speaker, open_chat: OpenChat
):
    speaker.may_end.set()
    (folder / "index" / "page").mkdir(parents=True)
    (folder / "index" / "page" / "conversations.sqlite3").write_bytes(b"torn" * 5000)
    with serving(folder, models_dir, settings) as server:
        server.wait_until(is_settled)
        chat = open_chat(server.url)
        expect(chat.banner).to_contain_text("The conversations so far can't be read")
        expect(chat.ask(QUESTION)).to_contain_text("That is all.")
        expect(chat.page.locator("#thread-history")).to_contain_text(QUESTION)
