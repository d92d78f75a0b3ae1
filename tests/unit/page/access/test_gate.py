from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from page.access.gate import ADDRESSES, LARGEST_BODY, Gate


async def hello(request: Request):
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def greet(websocket: WebSocket):
    await websocket.accept()
    await websocket.close()


def open_client(is_logged_in=None):
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    everything = [WebSocketRoute("/{path:path}", greet), Route("/{path:path}", hello, methods=methods)]
    app = Starlette(routes=everything)
    app.add_middleware(Gate, is_logged_in=is_logged_in, largest_upload=3_000_000)
    return TestClient(app)


async def nobody(_):
    return False


@pytest.mark.parametrize("path", ["/", "/status", "/corpus/a b/c.md", "/public/page.js", "/project/settings"])
def test_what_the_page_needs_is_answered(path):
    assert open_client().get(path).text == "0 bytes"


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/redoc",
        "/healthz",
        "/mcp/more",
        "/project/thread/x",
        "/project/share/x",
        "/element/x",
        "/statuses",
        "/public",
        "/avatars",
    ],
)
def test_nothing_else_is(path):
    answer = open_client().get(path)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is nothing at this address.")
    assert answer.json()["error"]["message"] == "There is nothing at this address."


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_refused_and_the_right_ones_are_named(method):
    answer = open_client().request(method, "/status")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/public/" + "x" * 256,
        "/public/%00",
        "/public/%2e%2e/x",
        "/assets/a%00b",
        "/avatars/" + "ä" * 128,
        "/v1/models/a%0Ab",
    ],
)
def test_a_path_that_no_file_can_have_is_refused_before_a_file_is_looked_for(path):
    assert open_client().get(path).status_code == 404


def test_an_endless_path_is_refused():
    assert open_client().get("/corpus/" + "a/" * 2100).status_code == 414


def pieces(count):
    return (b"x" * 100_000 for _ in range(count))


def test_a_body_is_refused_by_its_announced_size_before_it_is_read():
    answer = open_client().post("/login", headers={"content-length": str(LARGEST_BODY + 1)}, content=b"x")
    assert (answer.status_code, answer.json()["detail"]) == (413, "This request has more than 1000 kB.")


def test_a_body_is_refused_by_its_real_size_as_soon_as_it_is_too_large():
    read = []

    def endless():
        for piece in pieces(1_000):
            read.append(len(piece))
            yield piece

    assert open_client().post("/login", content=endless()).status_code == 413


def test_an_upload_may_be_larger_and_says_its_own_limit():
    client = open_client()
    assert client.post("/project/file", content=pieces(30)).text == "3000000 bytes"
    answer = client.post("/project/file", content=pieces(31))
    assert answer.status_code == 413
    assert answer.text == "A file of more than 3 MB can't be attached. Put it into the folder instead."


OPEN = {"/", "/login", "/logout", "/auth/config", "/favicon", "/logo", "/project/translations", "/health", "/ready"}


def test_without_a_login_only_the_login_page_is_answered():
    client = open_client(nobody)
    asked = {path: "GET" if "GET" in one.methods else min(one.methods) for path, one in ADDRESSES.items()}
    told = {path: client.request(method, path).status_code for path, method in asked.items()}
    is_open = OPEN | {"/assets/", "/public/", "/thread/"}
    assert told == {path: 200 if path in is_open else 401 for path in ADDRESSES}


def test_without_a_login_no_websocket_opens():
    with pytest.raises(WebSocketDisconnect), open_client(nobody).websocket_connect("/ws/socket.io/"):
        pass
    with open_client().websocket_connect("/ws/socket.io/"):
        pass
