"""Filters on the page: a chat that keeps to a folder, a file type or a period. Answers are quotes, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import Chat

OpenChat = Callable[..., Chat]
QUESTION = "How many days of leave do lecturers have?"
LECTURERS = "# Leave\n\nLecturers have 28 days of leave.\n"
STUDENTS = "# Leave\n\nStudents have 35 days of leave.\n"


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("filters")
    for source, text in (("staff/leave.md", LECTURERS), ("study/rules/leave.txt", STUDENTS)):
        path = folder / "corpus" / source
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    with serving(folder, models_dir, {"BASE_URL": "http://127.0.0.1:9"}) as server:
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def chat(server: Server, open_chat: OpenChat) -> Chat:
    return open_chat(server.url)


def test_a_filtered_chat_cites_only_what_it_keeps_to_and_says_so_until_it_is_cleared(chat: Chat):
    chat.set_filters(folder="study/", type=".txt", since="2001-02")
    kept_to = "txt files in study since 2001-02"
    expect(chat.headline).to_contain_text(f"Only {kept_to} · 2 documents")
    answer = chat.ask(QUESTION)
    expect(answer.locator(".pw-searched-in")).to_have_text(f"Searched only {kept_to}")
    expect(answer.locator(".pw-source")).to_have_text(["study/rules/leave.txt"])
    expect(answer).to_contain_text("35 days")

    chat.set_filters(folder="All folders", type="All types", since="")
    expect(chat.headline).not_to_contain_text("Only")
    answer = chat.ask(QUESTION)
    expect(answer.locator(".pw-source").first).to_have_text("staff/leave.md")
    expect(answer).to_contain_text("28 days")
    expect(answer.locator(".pw-searched-in")).to_have_count(0)


def test_a_wrong_date_is_one_sentence_and_nothing_is_searched_until_it_is_right(chat: Chat):
    chat.set_filters(since="last year")
    sentence = "Since is 'last year'; it must be a year, month or day: 2023, 2023-07 or 2023-07-31."
    expect(chat.answers.first).to_contain_text(sentence)
    expect(chat.headline).to_contain_text("Filters need attention")
    answer = chat.ask(QUESTION)
    expect(answer).to_contain_text(sentence)
    expect(answer).not_to_contain_text("28 days")
    chat.set_filters(since="2001")
    expect(chat.headline).to_contain_text("Only documents since 2001")
    expect(chat.ask(QUESTION)).to_contain_text("28 days")


def test_filters_that_leave_no_document_are_said_at_once_and_with_each_question(chat: Chat):
    chat.set_filters(folder="staff/", until="1980")
    sentence = "There are no documents in staff until 1980."
    expect(chat.answers.first).to_contain_text(sentence)
    answer = chat.ask(QUESTION)
    expect(answer).to_contain_text(sentence)
    expect(answer).not_to_contain_text("answer this")


def test_a_new_chat_begins_without_filters(chat: Chat):
    chat.set_filters(folder="study/")
    expect(chat.headline).to_contain_text("Only documents in study")
    chat.page.locator("#new-chat-button").click()
    expect(chat.headline).not_to_contain_text("Only")
    expect(chat.open_filters().locator("#folder")).to_have_text("All folders")
    chat.page.keyboard.press("Escape")
    expect(chat.ask(QUESTION)).to_contain_text("28 days")


def test_a_folder_that_is_added_can_be_chosen_on_an_open_page_and_what_was_chosen_stays(server: Server, chat: Chat):
    chat.set_filters(until="2100")
    (server.corpus / "guests").mkdir()
    (server.corpus / "guests" / "leave.md").write_text("# Leave\n\nGuests leave at noon.\n", "utf-8")
    expect(chat.headline).to_contain_text("3 documents")
    chat.set_filters(folder="guests/")
    expect(chat.headline).to_contain_text("Only documents in guests until 2100")
    expect(chat.ask("When do guests leave?").locator(".pw-source")).to_have_text(["guests/leave.md"])


def test_what_is_attached_is_found_whatever_the_filters_say(chat: Chat, tmp_path: Path):
    upload = tmp_path / "sabbatical.md"
    upload.write_text("# Sabbatical\n\nA sabbatical takes eleven months.\n", "utf-8")
    chat.set_filters(folder="staff/", until="1980")
    expect(chat.answers.first).to_contain_text("There are no documents")
    chat.attach(upload)
    chat.write("How many months does a sabbatical take?")
    chat.send()
    expect(chat.answers.last).to_contain_text("eleven months")
    expect(chat.answers.last.locator(".pw-searched-in")).to_have_text(
        "Searched only documents in staff until 1980, and sabbatical.md"
    )
