"""A model server of the tests' own, for what the genuine one never does on demand: break off, hang, talk nonsense."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request. A `Reply` uses the methods below to answer it as it likes."""

    models: Sequence[str] | None = ()
    reply: Reply
    bodies: list[dict[str, object]]

    def do_GET(self) -> None:
        if self.path == "/v1/models" and self.models is not None:
            self.send_body(json.dumps({"object": "list", "data": [{"id": name} for name in self.models]}))
        else:
            self.send_body('{"error": {"message": "no such page"}}', status=404)

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        type(self).reply(self)

    def send_body(self, body: str, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()

    def send_event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def send_text(self, text: str, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        self.send_event(json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice]}))

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def model_server(
    reply: Reply, models: Sequence[str] | None = ("tiny",), port: int = 0
) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Its address without ``/v1``, and the requests as they come in; `models` is None for a server without a list."""
    bodies: list[dict[str, object]] = []
    handler = type("Scripted", (Exchange,), {"models": models, "reply": staticmethod(reply), "bodies": bodies})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()
