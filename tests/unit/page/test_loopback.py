from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from page.loopback import LoopbackOnly


async def hello(_):
    return PlainTextResponse("hello", headers={"referrer-policy": "origin"})


async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


def client_of(host):
    app = Starlette(routes=[Route("/", hello, methods=["GET", "POST"]), WebSocketRoute("/ws", socket)])
    app.add_middleware(LoopbackOnly, host=host)
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


def test_a_server_bound_elsewhere_on_purpose_answers_to_any_name_but_not_to_other_sites():
    client = client_of("0.0.0.0")
    answers = [client.get("/", headers={"host": "library.lan", **more}) for more in ({}, {"origin": "http://evil"})]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_pages_may_fetch_from_their_own_origin_only(client):
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_headers_that_the_page_sets_itself_stay(client):
    assert client.get("/").headers["referrer-policy"] == "origin"
