"""The reader and the library: documents looked at, chosen, added, opened by a password and removed."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.attacks import ATTACKS
from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import MARKERS, Chat
from tests.endpoint import Exchange, model_server
from tests.files import pdf

OpenChat = Callable[..., Chat]
HOURS = (
    "# Pool\n\nThe pool opens at seven.\n\nDay\tFee\nMonday\t4 euros\nSunday\t6 euros\n\n"
    + "Nobody swims alone. " * 400
)
LOG = "The harbour master keeps a log of ships in the tower.\n" * 40
LOCKED = "The vault key hangs behind the clock."
SAID = "The pool opens at nine [1]. On Sunday the fee is 6 euros [1]."


def say(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text(SAID)
    exchange.send_text("", finish="stop")
    exchange.send_event("[DONE]")


def lock(data: bytes, path: Path, password: str) -> None:
    path.write_bytes(data)
    writer = pypdf.PdfWriter(clone_from=path)
    writer.encrypt(password)
    writer.write(path)


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reading")
    corpus = folder / "corpus"
    (corpus / "notes").mkdir(parents=True)
    (corpus / "pool.md").write_text(HOURS, "utf-8")
    (corpus / "notes" / "pool in winter.md").write_text("# Winter\n\nIn winter the pool opens at eleven.\n", "utf-8")
    attacks = "\n\n".join(attack.text for attack in ATTACKS)  # among enough text not to be taken for a binary file
    (corpus / "hostile.md").write_text(f"{LOG}\n\n{attacks}\n\n{LOG}", "utf-8", "replace")
    lock(pdf([[(72, 700, 12, LOCKED)], [(72, 700, 12, "A second page.")]]), corpus / "locked.pdf", "open sesame")
    with (
        model_server(say) as (address, _),
        serving(folder, models_dir, {"BASE_URL": address, "MODEL": "tiny"}) as server,
    ):
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context(viewport={"width": 1200, "height": 800}).new_page()
    page.set_default_timeout(30_000)
    yield page
    page.context.close()


def row(page: Any, name: str) -> Any:
    return page.locator(f"#room .row[data-source='{name}']")


def test_a_marker_leads_to_its_own_sentence_and_what_no_passage_has_is_underlined(server: Server, open_chat: OpenChat):
    chat = open_chat(server.url)
    answer = chat.ask("When does the pool open, and what is the fee on Sunday?")
    expect(answer.locator(".pw-made-by")).to_be_visible()
    lacking = "[...(CSS.highlights.get('pw-lacking') ?? [])].map(String).join()"
    chat.page.wait_for_function(f"{lacking} === 'nine'")
    first, second = answer.locator(MARKERS).nth(0), answer.locator(MARKERS).nth(1)
    first.hover()
    expect(chat.bubble).to_contain_text("Not in the cited passage: nine.")
    second.click()
    expect(chat.reader.locator("th, td").filter(has_text="Sunday")).to_have_count(1)  # the table is one
    expect(chat.reader.locator("mark").first).to_contain_text("Sunday")
    expect(chat.reader.locator("mark").first).to_be_in_viewport()
    assert chat.page.evaluate("[...document.querySelectorAll('*')].every(one => one.scrollLeft === 0)")
    chat.reader.locator("#main").press("Escape")
    expect(chat.panel).to_have_count(0)
    answer.get_by_text("Why this answer?").click()
    expect(answer.locator(".pw-why")).to_contain_text("read by the model · cited")
    assert chat.problems == []


def test_a_link_opens_a_document_at_its_quote_and_nothing_in_it_runs(server: Server, page: Page):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{server.url}/read/pool.md?quote={quote('Sunday 6 euros')}")
    expect(page.locator("mark").first).to_be_in_viewport()
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator("#pages .raw")).to_contain_text("Sunday\t6 euros")
    reply = page.goto(f"{server.url}/read/hostile.md?quote={quote(ATTACKS[0].text[:200])}")
    assert reply is not None
    assert reply.status == 200
    policy = reply.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    expect(page.locator("#main[data-ready]")).to_be_attached()
    assert page.locator("#text :is(script, img, iframe, style, a, form, svg, object)").count() == 0
    assert {url for url in fetched if not url.startswith(server.url)} == set()
    assert problems == []
    for path in ("/read/none.md", "/reading/text/..%2findex%2fcatalog.sqlite3", "/reading/picture/pool.md?page=9"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(server.url + path)


def test_the_library_lists_chooses_unlocks_adds_and_removes(server: Server, open_chat: OpenChat, tmp_path: Path):
    chat = open_chat(server.url, viewport={"width": 1200, "height": 800})
    chat.page.locator("a[href='/library']").click()
    library = chat.page.frame_locator("#pw-library iframe")
    expect(library.locator("#count")).to_have_text("4 documents")
    row(library, "locked.pdf").get_by_role("button", name="locked.pdf", exact=True).click()
    why = library.get_by_role("dialog", name="locked.pdf")
    expect(why).to_contain_text("encrypted: add its password to passwords.txt in the index folder")
    why.get_by_role("button", name="Password").click()
    library.get_by_role("textbox", name="Password").fill("open sesame")
    library.get_by_role("button", name="Add and try again").click()
    expect(row(library, "locked.pdf").locator(".state")).to_have_text("ready")
    expect(row(library, "locked.pdf").locator(".pages")).to_have_text("2")
    with chat.page.context.expect_page() as opened:
        row(library, "locked.pdf").get_by_role("link").click()
    expect(opened.value.locator(".leaf[data-page='1'] .letters")).to_contain_text("vault key")
    opened.value.close()

    upload = tmp_path / "raft.md"
    upload.write_text("# Raft\n\nThe raft holds four people.\n", "utf-8")
    (broken := tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing more")
    library.locator("input[type=file]").set_input_files([broken, upload])
    expect(library.locator("#live")).to_contain_text("raft.md was added.")
    expect(library.locator("#live")).to_contain_text("broken.pdf can't be read: it is a damaged PDF")
    expect(row(library, "raft.md").locator(".state")).to_have_text("ready")
    row(library, "raft.md").get_by_role("button", name=re.compile("Actions")).click()
    library.get_by_role("menuitem", name="Remove").click()
    library.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row(library, "raft.md")).to_have_count(0)
    assert not (server.corpus / "raft.md").exists()

    library.get_by_role("searchbox").fill("winter")
    expect(library.locator("#count")).to_have_text("1 of 4 documents")
    row(library, "notes/pool in winter.md").get_by_role("checkbox").check()
    library.get_by_role("button", name="Ask only these 1").click()
    expect(chat.page.locator("#pw-only")).to_contain_text("notes/pool in winter.md")
    answer = chat.ask("When does the pool open?")
    expect(answer.locator(".pw-searched-in")).to_contain_text("among notes/pool in winter.md")
    expect(answer.locator(".pw-document")).to_have_count(1)
    chat.page.get_by_role("button", name="Ask all documents again").click()
    expect(chat.page.locator("#pw-only")).to_be_hidden()
    assert chat.problems == []


def test_the_reader_and_the_library_speak_the_language_of_the_browser(server: Server, browser: Browser):
    context = browser.new_context(locale="de-AT", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{server.url}/library")
    expect(page).to_have_title("Bibliothek")
    expect(row(page, "pool.md").locator(".state")).to_have_text("bereit")
    for width in (760, 390):  # a tablet, and a phone: names can be read, and the list has the most of the height
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function("document.querySelector('#room .title')?.offsetWidth > 100")
        assert page.locator("#list").evaluate("list => list.getBoundingClientRect().y") < 200
    row(page, "pool.md").get_by_role("link").click()
    expect(page.get_by_role("button", name="Nebeneinander")).to_be_visible()
    page.goto(f"{server.url}/read/pool.md?quote={quote('No such sentence stands in it')}")
    expect(page.get_by_role("status")).to_contain_text("Diese Stelle steht nicht mehr im Dokument")
    expect(page.locator("#text")).to_be_in_viewport(ratio=0.5)  # the sentence leaves it its place
    page.goto(f"{server.url}/read/none.md")
    expect(page.get_by_role("alert")).to_have_text("none.md ist keines Ihrer Dokumente oder ist es nicht mehr.")
    assert page.evaluate("document.documentElement.lang") == "de"
    (server.corpus / "leer.txt").write_text("")
    server.wait_until(lambda status: "leer.txt" in [one["source"] for one in status["corpus"]["failed"]])
    page.goto(f"{server.url}/read/leer.txt")
    expect(page.get_by_role("alert")).to_have_text("leer.txt kann nicht gelesen werden: sie hat keinen Text.")
    (server.corpus / "leer.txt").unlink()
    context.close()


def test_another_site_can_neither_remove_a_file_nor_frame_the_library(server: Server):
    headers = {"Origin": "http://evil.example", "content-type": "application/json"}
    body = json.dumps({"source": "pool.md"}).encode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/library/remove", body, headers))
    with urllib.request.urlopen(f"{server.url}/library") as reply:
        assert "frame-ancestors 'self'" in reply.headers["content-security-policy"]
    assert (server.corpus / "pool.md").exists()
