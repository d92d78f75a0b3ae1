"""Documents, file names and answers that attack the model and the reader, through the real page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, expect

from tests.attacks import ATTACKS, SUBJECTS, Attack, find_subject, write_attacks
from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server

OpenChat = Callable[..., Chat]
DANGEROUS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")
PASSAGES = 16


class Parrot:
    """A model that was won over: it says what it is told to, in pieces of three characters."""

    def __init__(self) -> None:
        self.text = ""
        self.requests: list[dict[str, Any]] = []

    def reply(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        for start in range(0, len(self.text), 3):
            exchange.send_text(self.text[start : start + 3])
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")


@pytest.fixture(scope="module")
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture(scope="module")
def server(parrot: Parrot, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "corpus").mkdir()
    write_attacks(folder / "corpus")
    with model_server(parrot.reply) as (address, requests):
        parrot.requests = requests
        settings = {"BASE_URL": address, "MODEL": "tiny", "RAG_TOP_K": str(PASSAGES)}
        with serving(folder, models_dir, settings) as server:
            server.wait_until(is_settled)
            yield server


def ask_about(subject: str, attacks: list[Attack], parrot: Parrot, chat: Chat) -> Locator:
    markers = "".join(f"[{number}]" for number in range(1, PASSAGES + 1))
    # What ends an answer, such as a chat template's last token, may stand in an attack; so the answer comes first.
    parrot.text = "\n\n".join([f"It is about the {subject} {markers}.", *(attack.text for attack in attacks)])
    answer = chat.ask(f"What is about the {subject}?")
    expect(answer.locator(".pw-made-by")).to_be_visible()
    return answer


def test_no_attack_reaches_the_model_or_the_reader(server: Server, parrot: Parrot, open_chat: OpenChat):
    chat = open_chat(server.url)
    title = chat.page.title()
    unread = {failure["source"] for failure in server.status()["corpus"]["failed"]}  # taken for binary files
    assert len(ATTACKS) - len(unread) >= 45
    for subject in [*SUBJECTS, "register"]:
        numbers = [number for number in range(len(ATTACKS)) if find_subject(number) == subject]
        attacks = [ATTACKS[number] for number in numbers]
        answer = ask_about(subject, attacks, parrot, chat)
        read = parrot.requests[-1]["messages"][1]["content"]
        shown = answer.inner_text()
        sources = {f"{subject}-{number}.md" for number in numbers} - unread
        assert {source for source in sources if source not in read} == set()
        assert f"It is about the {subject}" in shown
        assert not DANGEROUS.search(read + shown)
        for attack in attacks:
            hidden = [trace for trace in attack.for_all if not trace.isprintable()]
            assert [trace for trace in (*hidden, *attack.for_model) if trace in read] == [], attack.name
            assert [trace for trace in attack.for_all if trace in shown] == [], attack.name
        assert answer.locator("img:not([src*='/avatars/']), script, iframe, style").count() == 0
        answer.locator(".pw-document button").last.click()
        expect(chat.reader.locator("#main[data-ready]")).to_be_attached()
        assert not DANGEROUS.search(chat.panel.inner_text() + chat.reader.locator("#text").inner_text())
        chat.page.keyboard.press("Escape")
        expect(chat.panel).to_have_count(0)
    assert chat.page.title() == title
    assert [url for url in chat.fetched if not url.startswith((server.url, server.url.replace("http", "ws")))] == []
    assert chat.problems == []
    assert not DANGEROUS.search(server.log.read_text("utf-8", "replace"))


def test_a_link_says_where_it_leads_and_asks_before_it_opens(server: Server, parrot: Parrot, open_chat: OpenChat):
    chat = open_chat(server.url)
    parrot.text = (
        "[https://bank.example](http://elsewhere.invalid/login) [there](//elsewhere.invalid)"
        " http://elsewhere.invalid/ [ours](/status)"
    )
    answer = chat.ask("What is about the atlas?")
    links = answer.locator("a[href]:not([href^='#pw-'])")
    expect(links.nth(0)).to_have_attribute("data-pw-target", "elsewhere.invalid")
    expect(links.nth(1)).to_have_attribute("data-pw-target", "elsewhere.invalid")
    assert links.nth(0).evaluate("link => getComputedStyle(link, '::after').content").count("elsewhere.invalid") == 1
    assert [links.nth(n).get_attribute("data-pw-target") for n in (2, 3)] == [None, None]
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    chat.page.on("dialog", refuse)
    for n in range(3):
        links.nth(n).click()
    links.nth(0).click(button="middle")
    assert [question.split(" Open it?")[0] for question in asked] == ["This link leads to elsewhere.invalid."] * 4
    assert len(chat.page.context.pages) == 1
