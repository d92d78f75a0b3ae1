"""The page over an endpoint that stalls, breaks off and misbehaves on demand."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.cable import cable_to
from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import MARKERS, Chat
from tests.endpoint import Exchange, model_server

SOCKET = re.compile("/ws/socket.io")
QUESTIONS = "[data-step-type=user_message]"
OpenChat = Callable[..., Chat]
LEAVE = "# Leave\n\nStaff have 28 days of leave. Five unused days of leave may be kept until March.\n"


STONES = ("granite", "slate", "marble", "basalt", "chalk", "sandstone", "gneiss", "quartz", "tuff", "flint")


def valley(stone: str) -> str:
    return (
        f"{stone.title()} is quarried in the valley of the {stone}. People have done so for centuries, and the"
        f" quarrymen of the place have songs of their own that nobody else can sing. The {stone} from there is loaded"
        " onto barges and brought to the towns along the coast, where it is cut into slabs for the merchants."
        f" What is left of the {stone} is ground and strewn on the paths."
    )


class Script:
    """What the endpoint does next."""

    def __init__(self) -> None:
        self.play: Callable[[Exchange], None] = lambda exchange: None
        self.was_left = threading.Event()

    def reply(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        try:
            self.play(exchange)
        except OSError:
            self.was_left.set()


def talk_for_ever(exchange: Exchange) -> None:
    """Always something new: an answer that repeats itself would be ended."""
    for number in itertools.count(1):
        exchange.send_text(f"still talking [1], {number} ")
        time.sleep(0.1)


def hang(exchange: Exchange) -> None:
    """Say nothing until the other side leaves."""
    while True:
        exchange.wfile.write(b": waiting\n\n")
        exchange.wfile.flush()
        time.sleep(0.05)


def say(*pieces: str) -> Callable[[Exchange], None]:
    def play(exchange: Exchange) -> None:
        for piece in pieces:
            exchange.send_text(piece)
        exchange.send_text("", finish="stop")
        exchange.send_event("[DONE]")

    return play


def break_off(exchange: Exchange) -> None:
    exchange.send_text("Staff have 28 days [1] and")
    exchange.connection.close()


@pytest.fixture(scope="module")
def script() -> Script:
    return Script()


@pytest.fixture(scope="module")
def server(script: Script, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("endpoint")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "leave.md").write_text(LEAVE, "utf-8")
    with (
        model_server(script.reply) as (address, _),
        serving(folder, models_dir, {"BASE_URL": address, "MODEL": "tiny", "RAG_HISTORY": "off"}) as server,
    ):
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def chat(server: Server, open_chat: OpenChat) -> Chat:
    return open_chat(server.url)


def test_the_stop_button_stops_the_answer_and_the_model_and_keeps_what_was_said(script: Script, chat: Chat):
    script.play = talk_for_ever
    script.was_left.clear()
    answer = chat.begin("How many days of leave are there?")
    expect(answer).to_contain_text("still talking [1]")
    chat.page.locator("#stop-button").click()
    chat.wait_for_end()
    assert script.was_left.wait(10)
    expect(chat.words(answer)).to_contain_text("still talking [1]")
    expect(chat.quotes(answer)).to_contain_text("Staff have 28 days of leave.")
    expect(answer.get_by_role("button", name="leave.md")).to_be_visible()


def test_a_tab_that_closes_stops_the_model(script: Script, chat: Chat):
    script.play = talk_for_ever
    script.was_left.clear()
    expect(chat.begin("How many days of leave are there?")).to_contain_text("still talking [1]")
    chat.page.close()
    assert script.was_left.wait(10)


def test_a_lost_connection_stops_the_model_and_the_page_shows_what_was_said_when_it_is_back(
    server: Server, script: Script, open_chat: OpenChat
):
    script.play = talk_for_ever
    script.was_left.clear()
    with cable_to(server.port) as cable:
        chat = open_chat(cable.url)
        answer = chat.begin("How many days of leave are there?")
        expect(answer).to_contain_text("still talking [1]")
        cable.cut()
        assert script.was_left.wait(10)
        expect(answer.locator(".pw-notice")).to_contain_text("The connection to this page was lost")
        expect(answer.get_by_role("button", name="leave.md")).to_be_visible()
        script.play = say("Until March [1].")
        expect(chat.ask("Until when may unused days of leave be kept?")).to_contain_text("Until March")


def test_the_quotes_are_read_while_the_model_reads_and_its_words_come_above_them(script: Script, chat: Chat):
    may_speak = threading.Event()

    def read_and_say(exchange: Exchange) -> None:
        assert may_speak.wait(20)
        say("There are **28** ", "[1].")(exchange)

    script.play = read_and_say
    answer = chat.begin("How many days of leave are there?")
    expect(chat.quotes(answer)).to_contain_text("Staff have 28 days of leave.")
    expect(answer.locator(".pw-reading")).to_contain_text("found 1 passage; tiny is reading 1 of them …")
    expect(chat.words(answer)).to_have_count(0)
    expect(answer.get_by_role("button", name="leave.md")).to_be_visible()
    may_speak.set()
    chat.wait_for_end()
    expect(chat.words(answer)).to_have_text("There are 28 [1].")
    expect(answer.locator(".pw-reading")).to_have_count(0)
    words, quotes = chat.words(answer).bounding_box(), chat.quotes(answer).bounding_box()
    assert words
    assert quotes
    assert words["y"] + words["height"] <= quotes["y"]


def test_what_was_not_found_is_said_first_and_the_model_is_asked_once_if_the_reader_insists(script: Script, chat: Chat):
    script.play = say("In 1954 it was *Germany*.")
    question = "Who won the world cup in 1954?"
    answer = chat.ask(question)
    expect(chat.words(answer)).to_contain_text("Your documents don't seem to answer this.")
    expect(chat.quotes(answer)).to_contain_text("days of leave")
    chat.insist.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.answers).to_have_count(2)
    chat.wait_for_end()
    second = chat.answers.nth(1)
    expect(chat.words(second)).to_have_text("In 1954 it was Germany.")
    expect(second.locator(".pw-note")).to_be_visible()
    expect(chat.page.locator(QUESTIONS)).to_have_text([question, question])
    expect(chat.insist).to_have_count(0)

    chat.page.reload()
    expect(chat.page.locator("#upload-button")).to_be_enabled()
    expect(chat.answers).to_have_count(0)
    expect(chat.words(chat.ask(question))).to_contain_text("Your documents don't seem to answer this.")
    expect(chat.insist).to_have_count(1)
    assert chat.problems == []


def test_enter_before_the_page_is_connected_sends_the_question_as_soon_as_it_is(script: Script, chat: Chat):
    script.play = say("Staff have 28 days [1].")
    held: list[Route] = []
    may_connect = threading.Event()
    chat.page.route(SOCKET, lambda route: route.continue_() if may_connect.is_set() else held.append(route))
    chat.page.reload()
    chat.write("How many days of leave are there?")
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator("#chat-submit")).to_be_disabled()
    assert chat.page.locator(QUESTIONS).count() == 0
    may_connect.set()
    for route in held:
        route.continue_()
    expect(chat.answers).to_have_count(1)
    chat.wait_for_end()
    expect(chat.page.locator(QUESTIONS)).to_have_text(["How many days of leave are there?"])


def test_two_tabs_insist_for_themselves_and_a_double_click_insists_once(
    server: Server, script: Script, chat: Chat, open_chat: OpenChat
):
    script.play = say("In 1954 it was Germany.")
    question = "Who won the world cup in 1954?"
    other = open_chat(server.url)
    for one in (chat, other):
        one.ask(question)
    chat.insist.dblclick()
    for one, count in ((chat, 2), (other, 1)):
        expect(one.answers).to_have_count(count)
        one.wait_for_end()
        expect(one.page.locator(QUESTIONS)).to_have_text([question] * count)
    other.insist.click()
    expect(other.answers).to_have_count(2)
    other.wait_for_end()
    expect(other.words(other.answers.nth(1))).to_have_text("In 1954 it was Germany.")
    assert chat.problems == other.problems == []


def test_a_marker_works_while_the_answer_is_still_streaming(script: Script, chat: Chat):
    script.play = talk_for_ever
    answer = chat.begin("How many days of leave are there?")
    expect(answer.locator(".pw-sources")).to_be_attached()
    answer.locator(MARKERS).first.dispatch_event("click")
    expect(chat.reader.locator("#text")).to_contain_text("Staff have 28 days of leave.")
    chat.page.locator("#stop-button").click()
    chat.wait_for_end()
    expect(chat.reader.locator("#text")).to_contain_text("Staff have 28 days of leave.")


def test_a_follow_up_is_rewritten_by_the_model(script: Script, chat: Chat):
    script.play = say("Staff have 28 days [1].")
    chat.ask("How many days of leave do staff have?")
    script.play = say("How many unused days of leave may be kept?")
    answer = chat.ask("How many of them may be kept?")
    expect(answer.locator(".pw-searched-for")).to_have_text("Searched for: How many unused days of leave may be kept?")


def test_the_stop_button_stops_the_rewriting_too_and_the_next_question_is_answered(script: Script, chat: Chat):
    script.play = say("Staff have 28 days [1].")
    chat.ask("How many days of leave do staff have?")
    script.play = hang
    script.was_left.clear()
    chat.write("How many of them may be kept?")
    chat.send()
    chat.page.locator("#stop-button").click()
    chat.wait_for_end()
    assert script.was_left.wait(10)
    script.play = say("Until March [1].")
    expect(chat.ask("Until when may unused days of leave be kept?")).to_contain_text("Until March")


def test_an_endpoint_that_breaks_off_leaves_the_partial_answer_and_one_sentence(script: Script, chat: Chat):
    script.play = break_off
    answer = chat.ask("How many days of leave are there?")
    expect(chat.words(answer)).to_contain_text("Staff have 28 days [1] and")
    expect(answer).to_contain_text("incomplete")
    expect(answer.get_by_role("button", name="leave.md")).to_be_visible()


def test_markers_of_several_passages_and_split_over_pieces_become_links(server: Server, script: Script, chat: Chat):
    (server.corpus / "leave-abroad.md").write_text("# Leave abroad\n\nDays of leave abroad need a visa.\n", "utf-8")
    server.wait_until(lambda status: status["corpus"]["documents"] == 2 and is_settled(status))
    script.play = say("Days of leave ", "[", "1", ", 2", "]. See ", "`days[1]` and [9].")
    answer = chat.ask("How many days of leave are there?")
    expect(chat.words(answer).locator(MARKERS)).to_have_text(["[1]", "[2]"])
    expect(answer.locator("code")).to_have_text("days[1]")
    expect(answer).to_contain_text("[9]")


def test_the_model_reads_around_a_passage_and_a_quote_far_down_in_it_is_scrolled_to(
    server: Server, script: Script, chat: Chat
):
    documents = server.status()["corpus"]["documents"]
    (server.corpus / "stones.md").write_text("# Stones\n\n" + "\n\n".join(map(valley, STONES)), "utf-8")
    server.wait_until(lambda status: status["corpus"]["documents"] == documents + 1 and is_settled(status))
    script.play = say(f"What is left of the {STONES[-3]} is ground and strewn on the paths [1].")
    answer = chat.ask(f"In which valley is {STONES[-4]} quarried?")
    chat.open_source(answer)
    expect(chat.reader.locator("#text")).to_contain_text(f"{STONES[-5].title()} is quarried")
    expect(chat.reader.locator("mark")).to_contain_text(f"What is left of the {STONES[-3]}")
    expect(chat.reader.locator("mark")).to_be_in_viewport()


def test_a_long_chat_can_be_scrolled_to_its_end_and_no_further(server: Server, script: Script, chat: Chat):
    (server.corpus / "stones.md").write_text("# Stones\n\n" + "\n\n".join(map(valley, STONES)), "utf-8")
    server.wait_until(lambda status: status["corpus"]["documents"] > 1 and is_settled(status))
    for _ in range(3):
        chat.ask("Hello!")
    chat.page.wait_for_timeout(500)  # the button comes a moment later
    expect(chat.page.get_by_role("button", name="To the end")).to_be_hidden()  # all of the answer is in sight
    script.play = say(
        "# Quarries\n\n", *(f"They quarry {stone} there [1]; it is sold on the coast [2].\n\n" for stone in STONES)
    )
    for stone in STONES[:2]:
        answer = chat.ask(f"In which valley is {stone} quarried?")
        expect(answer.locator(".pw-made-by")).to_be_attached()
    assert answer.locator("h1").evaluate("heading => parseFloat(getComputedStyle(heading).fontSize)") < 24
    box = answer.bounding_box()
    assert box
    chat.page.mouse.move(box["x"] + 50, 300)
    for _ in range(3):  # where one thing can't be scrolled any more, the next turn would go to what is around it
        chat.page.mouse.wheel(0, 20_000)
        chat.page.wait_for_timeout(200)
    expect(answer.locator(".pw-made-by")).to_be_in_viewport()


def test_an_answer_can_not_make_the_browser_fetch_anything(script: Script, chat: Chat):
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.5)
        elsewhere = f"http://127.0.0.1:{canary.getsockname()[1]}/leak.png"
        script.play = say(f"28 days [1]. ![a]({elsewhere}?a) <img src={elsewhere}?b> `\n\n![c]({elsewhere}?c)\n\n`")
        expect(chat.ask("How many days of leave are there?")).to_contain_text("28 days")
        assert [url for url in chat.fetched if url.startswith(elsewhere)] == []
        with pytest.raises(TimeoutError):
            canary.accept()
