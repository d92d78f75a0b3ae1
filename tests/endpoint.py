"""A model server of the tests' own, for what the genuine one never does on demand: break off, hang, talk nonsense.

The functions at the end are replies: `say` and `refuse`, and what it can do without ever coming to an end.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

Reply = Callable[["Exchange"], None]


class Requests(list[dict[str, object]]):
    """The requests as they came in."""

    def __init__(self) -> None:
        super().__init__()
        self._answering: set[object] = set()

    @property
    def open_count(self) -> int:
        """How many are being answered."""
        return len(self._answering)

    def wait_until_left(self, within_s: float = 10.0) -> bool:
        """Whether nobody waits for an answer any more, at once or after a while that is long on a busy machine.

        Whoever is not told to leave stays for longer: as long as the server talks, or a minute while it is silent.
        """
        deadline = time.monotonic() + within_s
        while self._answering and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self._answering

    @contextmanager
    def answering(self, exchange: Exchange) -> Iterator[None]:
        self.append(exchange.body)
        self._answering.add(exchange)
        try:
            yield
        finally:
            self._answering.discard(exchange)


class Exchange(BaseHTTPRequestHandler):
    """One request. A `Reply` uses the methods below to answer it as it likes."""

    models: Sequence[str] | None = ()
    reply: Reply
    bodies: Requests
    body: dict[str, object]

    def do_GET(self) -> None:
        if self.path == "/v1/models" and self.models is not None:
            self.send_body(json.dumps({"object": "list", "data": [{"id": name} for name in self.models]}))
        else:
            self.send_body('{"error": {"message": "no such page"}}', status=404)

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.bodies.answering(self), suppress(OSError):  # the other side has left
            type(self).reply(self)

    def send_body(self, body: str, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def begin_stream(self, kind: str = "text/event-stream", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send_event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def send_text(self, text: str, finish: str | None = None, **delta: str) -> None:
        choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}
        self.send_event(json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice]}))

    def send_endlessly(self, data: bytes, pause_s: float = 0.0) -> None:
        """Until the other side leaves."""
        while True:
            self.wfile.write(data)
            time.sleep(pause_s)

    def wait_for_leaving(self) -> None:
        """Say nothing until the other side leaves."""
        self.connection.settimeout(60)
        self.connection.recv(1)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # fifty clients at once would else be turned away


@contextmanager
def model_server(
    reply: Reply, models: Sequence[str] | None = ("tiny",), port: int = 0, handler: type[Exchange] = Exchange
) -> Iterator[tuple[str, Requests]]:
    """Its address without ``/v1``, and the requests as they come in; `models` is None for a server without a list."""
    bodies = Requests()
    scripted = type("Scripted", (handler,), {"models": models, "reply": staticmethod(reply), "bodies": bodies})
    server = _Server(("127.0.0.1", port), scripted)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()


def say(text: str) -> Reply:
    """The text and nothing else, whatever is asked."""

    def reply(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text(text)
        exchange.send_text("", finish="stop")

    return reply


def refuse(exchange: Exchange) -> None:
    exchange.send_body('{"error": {"message": "out of order"}}', status=500)


def talk(exchange: Exchange, text: str = "word ", pause_s: float = 0.0, **delta: str) -> None:
    exchange.begin_stream()
    while True:
        exchange.send_text(text, None, **delta)
        time.sleep(pause_s)


def talk_slowly(exchange: Exchange) -> None:
    """Another word each time: an answer that repeats itself would be ended after some seconds."""
    exchange.begin_stream()
    for number in count(1):
        exchange.send_text(f"word{number} ")
        time.sleep(0.1)


def send_spaces(exchange: Exchange) -> None:
    talk(exchange, " \n")


def think(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("<think>")
    talk(exchange, "Hm. ")


def think_apart(exchange: Exchange) -> None:
    talk(exchange, "", reasoning_content="Hm. ")


def send_huge_pieces(exchange: Exchange) -> None:
    talk(exchange, "word " * 180_000)


def keep_alive(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_endlessly(b": still here\n\n", 0.02)


def flood_with_comments(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_endlessly(b": still here\n\n" * 1000)


def send_endless_line(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.wfile.write(b"data: ")
    exchange.send_endlessly(b"word " * 10_000)


def send_endless_event(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_endlessly(b"data: word\n" * 1000)


def send_empty_events(exchange: Exchange) -> None:
    talk(exchange, "")


def send_endless_body(exchange: Exchange) -> None:
    exchange.begin_stream("application/json")
    exchange.send_endlessly(b"word " * 10_000)


def send_endless_error(exchange: Exchange) -> None:
    exchange.begin_stream("application/json", status=500)
    exchange.send_endlessly(b"word " * 10_000)


def fall_silent(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Every 90 ")
    exchange.wait_for_leaving()


def begin_and_hang(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.wait_for_leaving()


def hang(exchange: Exchange) -> None:
    exchange.wait_for_leaving()
