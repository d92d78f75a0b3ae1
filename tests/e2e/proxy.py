"""A reverse proxy that serves the page below a path of its own, as nginx or Caddy would, and nothing beside that."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Proxy:
    target: int
    prefix: str
    strips: bool
    """Whether the server gets addresses without the prefix."""
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    strays: list[str] = field(default_factory=list)
    """Addresses beside the prefix, which belong to others."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}{self.prefix}/"

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        """One request to a connection, which may become a websocket."""
        with near, suppress(OSError):
            head, _, rest = _read_head(near)
            line, *headers = head.decode("latin-1").split("\r\n")
            method, path, version = line.split(" ")
            if not path.startswith(f"{self.prefix}/"):
                self.strays.append(path)
                near.sendall(_NOTHING)
                return
            path = path.removeprefix(self.prefix) if self.strips else path
            is_upgrade = any(header.lower().startswith("upgrade:") for header in headers)
            if not is_upgrade:
                headers = [header for header in headers if not header.lower().startswith("connection:")]
                headers.append("Connection: close")
            with socket.create_connection(("127.0.0.1", self.target)) as far:
                far.sendall("\r\n".join([f"{method} {path} {version}", *headers, "", ""]).encode("latin-1") + rest)
                threading.Thread(target=_copy, args=(near, far), daemon=True).start()
                _copy(far, near)


def _read_head(near: socket.socket) -> tuple[bytes, bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += (part := near.recv(65_536))
        if not part:
            raise OSError("the other side has left")
    return received.partition(b"\r\n\r\n")


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxying(port: int, prefix: str, *, strips: bool) -> Iterator[Proxy]:
    proxy = Proxy(port, prefix, strips)
    threading.Thread(target=proxy.accept, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.listening.close()
