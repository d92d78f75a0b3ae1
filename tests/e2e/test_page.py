"""The page over the sample documents, with a genuine local model."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.serving import ROOT, Server, is_settled, serving
from tests.e2e.talking import MARKERS, Chat

OpenChat = Callable[..., Chat]


@pytest.fixture(scope="module")
def server(
    models_dir: Path, foundry_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    with serving(folder, models_dir, foundry_environment) as server:
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def chat(server: Server, open_chat: OpenChat) -> Chat:
    return open_chat(server.url)


def has_documents(count: int) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["corpus"]["documents"] == count and is_settled(status)


def test_the_page_says_what_is_indexed_and_which_model_answers(server: Server, chat: Chat):
    documents = server.status()["corpus"]["documents"]
    expect(chat.headline).to_have_text(f"{documents} documents · phi-4-mini")
    expect(chat.banner).to_be_empty()
    expect(chat.show_details()).to_contain_text(str(server.corpus.resolve()))


def test_an_example_question_is_answered_by_one_click(chat: Chat):
    chat.page.get_by_text("What does a single ticket for the tram cost?").click()
    expect(chat.answers.first).to_contain_text("2.80 euros")


def test_a_marker_opens_the_passage_with_the_quote_and_the_page_of_the_pdf(chat: Chat):
    answer = chat.ask("How many months from the date of purchase does the guarantee last?")
    expect(answer).to_contain_text("36 months")
    chat.open_source(answer)
    expect(chat.panel).to_have_text("[1] kettle-manual.pdf, page 4")
    leaf = chat.reader.locator(".leaf[data-page='4']")
    expect(leaf.locator(".marks i").first).to_be_in_viewport()
    expect(leaf.locator(".letters")).to_contain_text("The guarantee lasts for 36 months")
    expect(leaf.locator("img")).to_have_js_property("complete", True)
    assert leaf.locator("img").evaluate("picture => picture.naturalWidth") > 300


def test_the_list_below_an_answer_opens_the_same_source(chat: Chat):
    answer = chat.ask("How many unused holidays may be carried into the next year?")
    answer.get_by_role("button", name="staff-handbook.md").first.click()
    expect(chat.reader.locator("mark")).to_contain_text("six unused days")


def test_markers_belong_to_their_own_answer(chat: Chat):
    first = chat.ask("How many unused holidays may be carried into the next year?")
    second = chat.ask("How deep is the soil on the roof?")
    chat.open_source(second)
    expect(chat.panel).to_contain_text("garden-notes.txt")
    chat.open_source(first)
    expect(chat.panel).to_contain_text("staff-handbook.md")


def test_a_marker_works_by_keyboard_and_says_where_it_leads(chat: Chat):
    link = chat.ask("How deep is the soil on the roof?").locator(MARKERS).first
    link.hover()
    expect(chat.bubble).to_contain_text("garden-notes.txt")
    expect(chat.bubble).to_contain_text("25 centimetres")
    link.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.panel).to_contain_text("garden-notes.txt")
    expect(chat.page.locator(".pw-passage iframe")).to_be_focused()
    expect(chat.reader.locator("mark")).to_be_in_viewport()
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_have_count(0)
    expect(link).to_be_focused()


def test_a_follow_up_is_understood_and_the_page_says_what_was_searched_for(chat: Chat):
    first = chat.ask("What does a single ticket for the tram cost?")
    expect(first.locator(".pw-searched-for")).to_have_count(0)
    answer = chat.ask("For how many minutes is it valid?")
    expect(answer.locator(".pw-searched-for")).to_have_text(
        "Searched for: For how many minutes is it valid? single ticket tram cost"
    )
    expect(answer).to_contain_text("90 minutes")
    expect(answer.get_by_role("button", name="tram-line-7.html").first).to_be_visible()


def test_a_new_chat_knows_nothing_of_the_one_before(chat: Chat):
    chat.ask("What does error E2 of the kettle mean?")
    chat.page.locator("#new-chat-button").click()
    expect(chat.answers).to_have_count(0)
    expect(chat.ask("And E7?").locator(".pw-searched-for")).to_have_count(0)


def test_a_question_that_the_documents_do_not_answer_is_declined(chat: Chat):
    expect(chat.ask("Who won the world cup in 1954?")).to_contain_text("don't")


def test_a_dropped_file_is_found_its_edit_followed_and_its_removal_noticed(server: Server, chat: Chat):
    documents = server.status()["corpus"]["documents"]
    note = server.corpus / "sub folder" / "Öffnung.md"
    note.parent.mkdir()
    note.write_text("# Aquarium\n\nThe aquarium opens at seven in the morning.\n", "utf-8")
    server.wait_until(has_documents(documents + 1))
    answer = chat.ask("When does the aquarium open?")
    expect(answer).to_contain_text("seven in the morning")
    expect(answer.get_by_role("button", name="sub folder/Öffnung.md")).to_be_visible()

    generation = server.status()["corpus"]["generation"]
    note.write_text("# Aquarium\n\nThe aquarium opens at noon, after the feeding.\n", "utf-8")
    server.wait_until(lambda status: status["corpus"]["generation"] > generation and is_settled(status))
    expect(chat.ask("When does the aquarium open?")).to_contain_text("noon")

    note.unlink()
    server.wait_until(has_documents(documents))
    expect(chat.ask("When does the aquarium open?")).not_to_contain_text("noon")


def test_a_file_that_cannot_be_read_is_counted_and_named(server: Server, chat: Chat):
    broken = server.corpus / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing more")
    server.wait_until(lambda status: bool(status["corpus"]["failed"]))
    expect(chat.headline).to_contain_text("1 file not read")
    expect(chat.show_details()).to_contain_text("broken.pdf")
    broken.unlink()
    server.wait_until(lambda status: not status["corpus"]["failed"])
    expect(chat.headline).not_to_contain_text("not read")


def test_an_attached_file_becomes_a_document(server: Server, chat: Chat, tmp_path: Path):
    upload = tmp_path / "minutes.md"
    upload.write_text("# Minutes\n\nThe treasurer of the chess club is Ottilie Brandt.\n", "utf-8")
    chat.attach(upload)
    chat.write("Who is the treasurer of the chess club?")
    chat.send()
    expect(chat.answers.first).to_contain_text("minutes.md is one of your documents now")
    expect(chat.answers.nth(1)).to_contain_text("Ottilie Brandt")
    assert (server.corpus / "minutes.md").read_bytes() == upload.read_bytes()


def test_an_attached_file_that_cannot_be_read_leaves_no_failure_behind(server: Server, chat: Chat, tmp_path: Path):
    upload = tmp_path / "torn:page.pdf"
    upload.write_bytes(b"%PDF-1.7\nnothing more")
    chat.attach(upload)
    chat.send()
    expect(chat.answers.first).to_contain_text("torn_page.pdf can't be read:")
    expect(chat.answers.first).to_contain_text("it was not kept")
    assert not list(server.corpus.glob("torn*"))
    server.wait_until(lambda status: not status["corpus"]["failed"])


def test_an_endless_question_gets_one_sentence(chat: Chat):
    answer = chat.ask("why " * 25_000)
    expect(answer).to_contain_text("Shorten it")


def test_nothing_is_fetched_from_another_host(server: Server, chat: Chat):
    answer = chat.ask("How many months from the date of purchase does the guarantee last?")
    chat.open_source(answer)
    expect(chat.reader.locator(".marks i").first).to_be_visible()
    chat.page.get_by_role("button", name="Help", exact=True).click()
    addresses = [urlsplit(url) for url in chat.fetched if not url.startswith(("data:", "blob:"))]
    assert {address.netloc for address in addresses} == {urlsplit(server.url).netloc}
    assert any(address.scheme == "ws" for address in addresses)
    assert chat.problems == []


def test_the_page_names_no_other_host(server: Server):
    with urllib.request.urlopen(server.url) as reply:
        html = reply.read().decode()
    assert "//" not in html.replace("</", "")


@pytest.mark.parametrize(
    "path",
    [
        "/corpus/../app/.chainlit/config.toml",
        "/corpus/..%2fapp%2f.chainlit%2fconfig.toml",
        "/corpus//etc/passwd",
        "/corpus/",
    ],
)
def test_a_path_outside_the_corpus_is_never_served(server: Server, path: str):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(server.url + path)


@pytest.mark.parametrize("header", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
@pytest.mark.parametrize("path", ["/", "/status", "/ws/socket.io/?EIO=4&transport=polling", "/project/settings"])
def test_another_site_gets_nothing(server: Server, path: str, header: dict[str, str]):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(server.url + path, headers=header))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_fits_a_phone(server: Server, open_chat: OpenChat, scheme: str):
    chat = open_chat(server.url, color_scheme=scheme, viewport={"width": 360, "height": 740})
    expect(chat.page.locator("html")).to_have_class(scheme)
    answer = chat.ask("How deep is the soil on the roof?")
    chat.page.wait_for_function("document.documentElement.scrollWidth <= 360")
    chat.open_source(answer)
    expect(chat.panel).to_contain_text("garden-notes.txt")
