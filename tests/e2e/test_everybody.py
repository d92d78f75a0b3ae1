"""The page for everybody: by keyboard, by screen reader, on a phone, in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import Chat

OpenChat = Callable[..., Chat]
KETTLE = "# Kettle\n\nIt boils.\n\n## Descaling\n\nFill the kettle with vinegar once a month, for half an hour.\n"


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("everybody"), models_dir, {"BASE_URL": "http://127.0.0.1:9"}) as server:
        server.wait_until(is_settled)
        yield server


def test_the_first_minute_in_german_by_keyboard_without_a_barrier_or_a_warning(
    server: Server, open_chat: OpenChat, axe: str, tmp_path: Path
):
    chat = open_chat(server.url, locale="de-DE", bypass_csp=True)
    expect(chat.page.locator(".pw-drop")).to_contain_text("Legen Sie Ihre Dokumente hier ab")
    assert chat.find_violations(axe) == []
    assert "Toggle" not in chat.page.evaluate("document.body.textContent + document.body.innerHTML")

    (server.corpus / "kettle.md").write_text(KETTLE, "utf-8")
    starter = chat.page.get_by_role("button", name="Was sagt „Kettle“ über „Descaling“?")
    expect(starter).to_be_enabled()
    expect(chat.page.locator(".pw-welcome")).to_contain_text("1 Dokument")
    assert chat.find_violations(axe) == []

    starter.click()
    expect(chat.page.locator(".pw-again")).to_have_text("Erneut fragen")
    expect(chat.answers.first.locator(".pw-notice")).to_contain_text("Bei http://127.0.0.1:9/v1 antwortet nichts")
    expect(chat.banner).to_contain_text("Starten Sie dort den Server, oder korrigieren Sie BASE_URL.")
    chat.banner.get_by_role("button", name="Modelle …").click()
    expect(chat.page.get_by_role("dialog", name="Modelle")).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.headline).to_be_focused()
    chat.banner.get_by_role("button", name="Schließen").click()
    expect(chat.banner).to_be_empty()
    source = chat.answers.first.get_by_role("button", name="kettle.md").first
    source.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".pw-passage iframe")).to_be_focused()
    expect(chat.reader.locator("mark").first).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_have_count(0)
    expect(source).to_be_focused()
    assert chat.warnings == chat.problems == []
    chat.page.get_by_role("button", name="Hilfe").click()
    expect(chat.page.get_by_role("dialog")).to_contain_text("Die Bibliothek")
    chat.page.keyboard.press("Escape")

    (server.corpus / "kettle.md").write_text(KETTLE.replace("vinegar", "lemon juice"), "utf-8")
    expect(chat.page.locator(".pw-changes")).to_contain_text("Ihre Dokumente haben sich seither geändert.")
    expect(chat.page.locator(".pw-changes del").first).to_have_text("vinegar")
    chat.page.reload()
    expect(chat.page.locator(".pw-changes ins").first).to_have_text("lemon juice")

    (empty := tmp_path / "leer.md").write_text("")
    chat.page.locator("input[type=file]").first.set_input_files(empty)
    expect(chat.page.locator("[data-sonner-toast]")).to_contain_text("leer.md: Die Datei ist leer.")
    expect(chat.banner).to_be_empty()  # through the reload, too
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nnothing more")
    chat.attach(broken)
    chat.send()
    expect(chat.answers.last).to_contain_text("broken.pdf kann nicht gelesen werden: sie ist ein beschädigtes PDF")
    expect(chat.answers.last).to_contain_text("Die Datei wurde daher nicht behalten.")


OVERLAPS = """() => {
  const place = (selector) => document.querySelector(selector).getBoundingClientRect();
  const [headline, banner] = [place('.pw-headline'), place('.pw-banner')];
  const [from, to] = [place('#header > div').right, place('#header > :last-child').left];
  return headline.left < from || headline.right > to || banner.left < place('#header').left;
}"""


def test_the_status_keeps_clear_of_the_buttons_and_the_conversations(server: Server, open_chat: OpenChat):
    chat = open_chat(server.url, viewport={"width": 1400, "height": 768}, locale="de-DE")
    chat.ask("Hallo!")
    for width in (1024, 768, 390):
        chat.page.set_viewport_size({"width": width, "height": 768})
        chat.page.wait_for_function(f"!({OVERLAPS})() && innerWidth === {width}")


def test_on_a_phone_nothing_is_cut_and_an_upload_without_a_word_has_no_bubble(
    server: Server, open_chat: OpenChat, tmp_path: Path
):
    chat = open_chat(server.url, viewport={"width": 390, "height": 780})
    edges = "[...document.querySelectorAll('#header *, #welcome-screen *')].map(e => e.getBoundingClientRect().right)"
    chat.page.wait_for_function(f"Math.max(...{edges}) <= 390")
    upload = tmp_path / "pool.md"
    upload.write_text("# Pool\n\nThe pool is closed in May.\n", "utf-8")
    chat.attach(upload)
    chat.send()
    expect(chat.answers.first).to_contain_text("pool.md")
    expect(chat.page.locator("[data-step-type=user_message] .bg-accent")).to_be_hidden()
    expect(chat.page).to_have_title("Pagewise")
    chat.page.locator("#sidebar-trigger-button").first.click()
    # The first time, Chainlit only gives the page the conversation's address then, and closes the list by that.
    expect(chat.page).to_have_url(re.compile("/thread/"))
    chat.page.locator("#sidebar-trigger-button").first.click()
    expect(chat.page.locator("#thread-history").last).to_contain_text("pool.md")


def test_on_a_phone_a_reload_keeps_the_conversation(server: Server, open_chat: OpenChat):
    chat = open_chat(server.url, viewport={"width": 390, "height": 780})
    chat.ask("How often is the kettle descaled?")
    expect(chat.page).to_have_url(re.compile("/thread/"))
    chat.page.reload()
    expect(chat.answers).to_have_count(1)
    chat.page.locator("#new-chat-button").click()
    expect(chat.answers).to_have_count(0)
    expect(chat.page).to_have_url(f"{server.url}/")
