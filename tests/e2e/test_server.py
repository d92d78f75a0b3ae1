"""What the page's server answers, keeps and refuses; mostly without a browser."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.asking import SocketChat, open_socket
from tests.e2e.serving import Server, command, environment, free_port, is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server
from tests.integration.api.test_tools import connecting_by_http

OpenChat = Callable[..., Chat]
LEAVE = "# Leave\n\nStaff have 28 days of leave. Five unused days of leave may be kept until March.\n"
QUESTION = "How many days of leave do staff have?"
PASSWORD = "correct horse battery"


def answer_at_length(exchange: Exchange) -> None:
    exchange.begin_stream()
    for _ in range(20):
        exchange.send_text("Staff have 28 days of leave [1]. ")
    exchange.send_text("", finish="stop")
    exchange.send_event("[DONE]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    corpus = folder / "corpus"
    (corpus / "private").mkdir(parents=True)
    (corpus / "leave.md").write_text(LEAVE, "utf-8")
    (corpus / ".secret").write_text("secret", "utf-8")
    (corpus / ".ragignore").write_text("private/\n", "utf-8")
    (corpus / "private" / "diary.md").write_text("# Diary\n\nA day.\n", "utf-8")
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (corpus / "program.bin").write_bytes(bytes(range(256)) * 40)
    return folder


@pytest.fixture(scope="module")
def endpoint() -> Iterator[dict[str, str]]:
    with model_server(answer_at_length) as (address, _):
        yield {"BASE_URL": address, "MODEL": "tiny"}


@pytest.fixture(scope="module")
def server(folder: Path, endpoint: dict[str, str], models_dir: Path) -> Iterator[Server]:
    with serving(folder, models_dir, endpoint) as server:
        server.wait_until(is_settled)
        yield server
        assert "Traceback" not in server.log.read_text()


def call(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    reply = connection.getresponse()
    return reply.status, reply.read()


def upload(server: Server, chat: SocketChat, name: str, content: bytes) -> tuple[int, dict[str, str]]:
    """Send a file as a browser does; returns the reply's status and JSON."""
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    body = head.encode() + content + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    status, reply = call(server, "POST", f"/project/file?session_id={chat.session_id}", body, content_type=kind)
    return status, json.loads(reply)


def list_kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "index" / "uploads").rglob("*") if path.is_file()]


def test_programs_are_answered_beside_the_page(server: Server):
    """What they can ask is tested without a page."""
    asked = {"model": "corpus", "messages": [{"role": "user", "content": QUESTION}]}
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", json.dumps(asked).encode())
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as reply:
        text = json.load(reply)["choices"][0]["message"]["content"]
    assert "28 days" in text
    assert text.endswith(f"[1] leave.md <{server.url}/corpus/leave.md>")

    async def search() -> Any:
        async with connecting_by_http(server.url) as session:
            return (await session.call_tool("search", {"question": QUESTION})).structuredContent

    with ThreadPoolExecutor(1) as apart:  # the browser's driver has a loop in this thread
        assert apart.submit(asyncio.run, search()).result()["hits"][0]["source"] == "leave.md"
    assert b"Search in the browser" in call(server, "GET", "/browser/")[1]


def test_whether_it_works_and_what_it_counted_is_told_without_a_word_of_a_document(server: Server):
    assert json.loads(call(server, "GET", "/health")[1]) == {"service": "pagewise", "status": "alive"}
    status, ready = call(server, "GET", "/ready")
    assert (status, json.loads(ready)) == (
        200,
        {
            "ready": True,
            "parts": {
                "server": {"ok": True},
                "index": {"ok": True, "activity": "idle"},
                "model": {"ok": True, "kind": "ready", "route": "endpoint"},
            },
        },
    )
    before = count_questions(server)
    with open_socket(server) as chat:
        chat.ask(QUESTION)
    assert count_questions(server) == before + 1
    text = call(server, "GET", "/metrics")[1].decode()
    assert 'pagewise_index{what="documents"} 1.0' in text
    assert "leave" not in text.casefold()


def count_questions(server: Server) -> float:
    told = call(server, "GET", "/metrics")[1].decode()
    return sum(float(line.split()[-1]) for line in told.splitlines() if line.startswith("pagewise_questions_total{"))


def test_a_document_is_served(server: Server):
    assert call(server, "GET", "/corpus/leave.md") == (200, LEAVE.encode())


@pytest.mark.parametrize(
    "source",
    [".secret", ".ragignore", "private/diary.md", "broken.pdf", "program.bin", "LEAVE.md", "./leave.md", "%00"],
)
def test_what_is_no_document_of_the_index_is_not_served(server: Server, source: str):
    assert call(server, "GET", f"/corpus/{source}")[0] == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/element/1", "/anything"])
def test_what_the_page_does_not_need_is_closed(server: Server, path: str):
    assert call(server, "GET", path)[0] == 404


NEEDED = {
    *("HEAD /", "GET /auth/config", "GET /user", "POST /login", "POST /logout", "POST /set-session-cookie"),
    *("GET /project/translations", "GET /project/settings", "POST /project/file"),
    *("GET /assets/x", "GET /public/x", "GET /favicon", "GET /logo", "GET /avatars/x"),
    *("POST /project/threads", "PUT /project/thread", "DELETE /project/thread", "PUT /feedback", "DELETE /feedback"),
    *("GET /health", "POST /mcp"),  # ours stand before Chainlit's
}
LIST_ROUTES = """
import json
from chainlit.server import router
print(json.dumps([(method, route.path) for route in router.routes for method in route.methods]))
"""


def test_every_other_route_of_chainlits_is_closed(server: Server, tmp_path: Path):
    listed = subprocess.run(
        [sys.executable, "-c", LIST_ROUTES],
        cwd=tmp_path,
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    routes = {(method, re.sub(r"{[^}]*}", "x", path)) for method, path in json.loads(listed.stdout)}
    assert {f"{method} {path}" for method, path in routes} > NEEDED
    open_routes = {f"{method} {path}" for method, path in routes if call(server, method, path)[0] not in (404, 405)}
    assert open_routes <= NEEDED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/"),
        ("PATCH", "/status"),
        ("GET", "/public/" + "x" * 300),
        ("GET", "/corpus/" + "x" * 5000),
        ("GET", "/public/%00"),
        ("GET", "/avatars/%2e%2e%2fx"),
        ("GET", "/project/settings?language=%00"),
        ("POST", "/project/file?session_id=nobody"),
        ("POST", "/login"),
    ],
)
def test_a_wrong_request_is_refused_without_a_traceback(server: Server, method: str, path: str):
    assert 400 <= call(server, method, path)[0] < 500


def test_an_upload_is_read_into_the_folder_and_its_copy_is_deleted_at_once(server: Server, folder: Path):
    with open_socket(server) as chat:
        status, reply = upload(server, chat, "minutes.md", b"# Minutes\n\nThe treasurer is Ottilie Brandt.\n")
        assert status == 200
        assert len(list_kept(folder)) == 1
        assert chat.ask("", reply["id"]) == ["**minutes.md** is one of your documents now."]
        assert list_kept(folder) == []
    assert call(server, "GET", "/corpus/minutes.md")[0] == 200


def test_an_empty_upload_is_refused_with_a_reason(server: Server):
    with open_socket(server) as chat:
        assert upload(server, chat, "empty.md", b"") == (400, {"detail": "The file is empty."})


def test_a_huge_upload_is_refused_while_it_arrives_and_takes_no_memory(server: Server):
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    sent = 0
    with open_socket(server) as chat:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest("POST", f"/project/file?session_id={chat.session_id}")
        connection.putheader("Content-Type", "multipart/form-data; boundary=b")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n', encode_chunked=True
        )
        piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        try:
            for _ in range(600):
                connection.send(piece)
                sent += 1
        except OSError:  # the server has closed the connection
            pass
        assert sent < 300
        announced = {"content_type": "multipart/form-data; boundary=b", "content_length": str(600_000_000)}
        status, reply = call(server, "POST", f"/project/file?session_id={chat.session_id}", b"", **announced)
    assert status == 413
    assert json.loads(reply)["detail"].startswith("A file of more than 200 MB can't be attached.")
    assert process.memory_info().rss - before < 50_000_000


def test_fifty_people_at_once_leave_no_traceback(server: Server):
    def ask(_: int) -> list[str]:
        with open_socket(server) as chat:
            return chat.ask(QUESTION)

    with ThreadPoolExecutor(50) as people:
        answers = list(people.map(ask, range(50)))
    assert all("28 days" in answer for [answer] in answers)
    assert "Exception ignored" not in server.log.read_text()


def test_one_of_two_servers_of_a_folder_can_stop_and_the_other_goes_on(
    server: Server, folder: Path, endpoint: dict[str, str], models_dir: Path
):
    with serving(folder, models_dir, endpoint) as second:
        second.wait_until(lambda status: status["model"]["kind"] == "ready")
        with open_socket(second) as chat:
            assert "28 days" in chat.ask(QUESTION)[0]
            assert upload(second, chat, "left.md", b"# Left\n\nNot sent.\n")[0] == 200
    assert list_kept(folder) == []
    with open_socket(server) as chat:
        assert "28 days" in chat.ask(QUESTION)[0]
        status, reply = upload(server, chat, "after.md", b"# After\n\nStill there.\n")
        assert status == 200
        assert chat.ask("", reply["id"]) == ["**after.md** is one of your documents now."]


def test_an_index_that_is_deleted_is_made_anew_while_questions_are_answered(models_dir: Path, tmp_path: Path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "leave.md").write_text(LEAVE, "utf-8")
    with serving(tmp_path, models_dir, {"BASE_URL": "http://127.0.0.1:9"}) as server:
        server.wait_until(is_settled)
        for delete in (_delete_catalog, _delete_folder):
            with open_socket(server) as chat:
                assert "28 days" in chat.ask(QUESTION)[0]
                delete(tmp_path / "index")
                [answer] = chat.ask(QUESTION)
                assert "28 days" in answer or "made from the documents" in answer or "No text was found" in answer
            server.wait_until(lambda status: status["corpus"]["vectors"] == 1 and is_settled(status))
            with open_socket(server) as chat:
                assert "28 days" in chat.ask(QUESTION)[0]
                status, reply = upload(server, chat, "rota.md", b"# Rota\n\nThe rota hangs in the hall.\n")
                assert status == 200
                assert "is one of your documents now" in chat.ask("", reply["id"])[0]
            (tmp_path / "corpus" / "rota.md").unlink()
            server.wait_until(lambda status: status["corpus"]["documents"] == 1 and is_settled(status))
        log = server.log.read_text()
        assert log.count("was deleted, so it is made anew from the documents") == 2
        assert "Traceback" not in log


def _delete_catalog(index: Path) -> None:
    for path in index.glob("catalog.sqlite3*"):
        path.unlink()


def _delete_folder(index: Path) -> None:
    shutil.rmtree(index.rename(index.with_name("deleted")))


def test_listening_beyond_this_machine_without_a_password_is_refused_in_one_sentence(tmp_path: Path):
    ended = subprocess.run(
        [*command(free_port()), "--host", "0.0.0.0"],
        cwd=tmp_path,
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(
        r"The page is to listen on 0\.0\.0\.0, .* Set RAG_PASSWORD .* leave out --host\.\n", ended.stderr
    )


@pytest.fixture(scope="module")
def guarded(endpoint: dict[str, str], models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "leave.md").write_text(LEAVE, "utf-8")
    settings = {**endpoint, "RAG_PASSWORD": PASSWORD, "RAG_HOSTS": "library.lan"}
    with serving(folder, models_dir, settings, "--host", "0.0.0.0") as server:
        cookie = log_in(server, PASSWORD)[1]
        while json.loads(call(server, "GET", "/status", cookie=cookie)[1])["corpus"]["documents"] == 0:
            time.sleep(0.1)
        yield server
        assert "Traceback" not in server.log.read_text()


def log_in(server: Server, password: str, **headers: str) -> tuple[int, str]:
    """Log in; returns the status, and the cookie that a browser would keep."""
    form = urlencode({"username": "anyone", "password": password})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded", **sent})
    reply = connection.getresponse()
    reply.read()
    return reply.status, (reply.getheader("set-cookie") or "").partition(";")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/status",
        "/corpus/leave.md",
        "/read/leave.md",
        "/library/list",
        "/project/settings",
        "/ws/socket.io/?EIO=4&transport=polling",
    ],
)
def test_without_the_password_nothing_is_told_and_with_it_everything(guarded: Server, path: str):
    assert call(guarded, "GET", path)[0] == 401
    status, cookie = log_in(guarded, PASSWORD)
    assert status == 200
    assert call(guarded, "GET", path, cookie=cookie)[0] == 200
    assert call(guarded, "GET", path, cookie=cookie[:-2] + "xx")[0] == 401


def test_the_password_is_asked_for_on_the_page_and_then_questions_are_answered(guarded: Server, browser: Browser):
    page = browser.new_page()
    page.goto(guarded.url)
    expect(page.locator("#password")).to_be_visible()
    expect(page.locator("#pw-status")).to_be_hidden()
    expect(page.locator("#email")).to_be_hidden()
    page.locator("#password").fill("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".pw-headline")).to_contain_text("1 document")
    chat = Chat(page)
    expect(chat.ask(QUESTION)).to_contain_text("28 days")
    page.close()


def test_it_answers_to_the_names_it_was_given_and_to_no_others(guarded: Server):
    assert call(guarded, "GET", "/", host="library.lan")[0] == 200
    assert call(guarded, "GET", "/", host="evil.example")[0] == 403


def test_logging_out_ends_the_cookie_and_the_open_pages_of_this_browser_alone(
    guarded: Server, models_dir: Path, endpoint: dict[str, str]
):
    leaver, stayer = (log_in(guarded, PASSWORD)[1] for _ in range(2))
    with open_socket(guarded, leaver) as chat, open_socket(guarded, stayer) as other:
        assert call(guarded, "POST", "/logout", cookie=leaver) == (200, b'{"success":true}')
        chat.wait_for_end()
        assert "28 days" in other.ask(QUESTION)[0]
    for path in ("/status", "/user", "/corpus/leave.md", "/ws/socket.io/?EIO=4&transport=polling"):
        assert call(guarded, "GET", path, cookie=leaver)[0] == 401
        assert call(guarded, "GET", path, cookie=stayer)[0] == 200
    with serving(guarded.corpus.parent, models_dir, {**endpoint, "RAG_PASSWORD": PASSWORD}) as next_server:
        assert call(next_server, "GET", "/status", cookie=leaver)[0] == 401
        assert call(next_server, "GET", "/status", cookie=stayer)[0] == 200


def test_wrong_passwords_are_limited_whatever_address_they_claim_to_come_from(guarded: Server):
    tries = [log_in(guarded, "wrong password", x_forwarded_for=f"10.0.0.{number}")[0] for number in range(7)]
    assert tries == [401] * 5 + [429] * 2
