from __future__ import annotations

import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from page.access.hosts import KnownHostsOnly, list_names, require_password
from rag.errors import SettingsError
from rag.settings import Settings


async def hello(_):
    return PlainTextResponse("hello", headers={"referrer-policy": "origin"})


async def echo(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


def client_of(host, **settings):
    names = list_names(host, Settings(**settings))
    app = Starlette(routes=[Route("/", hello, methods=["GET", "POST"]), WebSocketRoute("/ws", echo)])
    app.add_middleware(KnownHostsOnly, names=names, any_address=host == "0.0.0.0")
    return TestClient(app, base_url="http://localhost:8000")


@pytest.fixture
def client():
    return client_of("127.0.0.1")


@pytest.mark.parametrize("name", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"])
def test_a_name_of_this_machine_is_answered(client, name):
    assert client.get("/", headers={"host": name}).text == "hello"


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[", ""])
def test_a_foreign_name_is_refused(client, name):
    assert client.get("/", headers={"host": name}).status_code == 403


def test_its_own_page_is_answered(client):
    assert client.post("/", headers={"origin": "http://localhost:8000"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:9999", "null", "http://[", ""])
def test_another_site_is_refused(client, origin):
    assert client.post("/", headers={"origin": origin}).status_code == 403


def test_a_websocket_of_another_site_is_refused(client):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/ws", headers={"host": "localhost:8000", "origin": "http://evil.example"}),
    ):
        pass


def test_a_websocket_of_its_own_page_is_accepted(client):
    headers = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    with client.websocket_connect("/ws", headers=headers) as websocket:
        assert websocket.receive_text() == "hello"


@pytest.mark.parametrize(
    "name", ["192.168.1.7:8000", "[2001:db8::7]:8000", "library.lan", "LIBRARY.LAN:8000", "localhost"]
)
def test_a_server_for_other_machines_answers_to_its_addresses_and_to_the_names_it_was_given(name):
    assert client_of("0.0.0.0", hosts="docs.example, library.lan").get("/", headers={"host": name}).text == "hello"


def test_a_server_for_other_machines_answers_to_the_name_of_its_machine():
    client = client_of("0.0.0.0")
    assert client.get("/", headers={"host": f"{socket.gethostname()}:8000"}).text == "hello"


@pytest.mark.parametrize("name", ["evil.example", "192.168.1.7.evil.example", ""])
def test_a_server_for_other_machines_refuses_other_names(name):
    assert client_of("0.0.0.0", hosts="library.lan").get("/", headers={"host": name}).status_code == 403


def test_a_server_for_other_machines_refuses_the_pages_of_others():
    headers = {"host": "library.lan", "origin": "http://evil"}
    assert client_of("0.0.0.0", hosts="library.lan").get("/", headers=headers).status_code == 403


@pytest.mark.parametrize("hosts", ["http://library.lan", "library.lan:8000", "*", "a b"])
def test_what_is_no_host_name_is_one_sentence(hosts):
    with pytest.raises(SettingsError, match="RAG_HOSTS names"):
        list_names("127.0.0.1", Settings(hosts=hosts))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_a_server_for_this_machine_needs_no_password(host):
    require_password(host, Settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "library.lan", "127.0.0.1.evil.example"])
def test_a_server_for_other_machines_needs_a_password_and_says_which_setting(host):
    with pytest.raises(SettingsError, match=f"{host}.*Set RAG_PASSWORD to .*eight characters.* leave out --host"):
        require_password(host, Settings())
    require_password(host, Settings(password="correct horse"))


def test_more_names_need_a_password_too():
    with pytest.raises(SettingsError, match=r"RAG_HOSTS is library\.lan.*Set RAG_PASSWORD"):
        require_password("127.0.0.1", Settings(hosts="library.lan"))


def test_pages_may_fetch_from_their_own_origin_only(client):
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_headers_that_the_page_sets_itself_stay(client):
    assert client.get("/").headers["referrer-policy"] == "origin"
