"""A chat without a browser: the page's websocket, spoken by hand. A test can have fifty of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.e2e.serving import Server

_ANSWER_S = 60.0


class SocketChat:
    """One session of Chainlit's, over socket.io."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.session_id = str(uuid.uuid4())
        self._socket = websocket

    def begin(self) -> None:
        self._socket.recv(_ANSWER_S)
        auth = {"sessionId": self.session_id, "clientType": "webapp", "threadId": "", "userEnv": "{}"}
        self._socket.send("40" + json.dumps({**auth, "chatProfile": ""}))
        self._socket.recv(_ANSWER_S)
        self.emit("connection_successful")
        self.wait_for("window_message")

    def emit(self, event: str, *values: object) -> None:
        self._socket.send("42" + json.dumps([event, *values]))

    def wait_for(self, *events: str) -> list[Any]:
        """The next of these events, with its values."""
        while True:
            packet = str(self._socket.recv(_ANSWER_S))
            if packet == "2":  # a ping
                self._socket.send("3")
            elif packet.startswith("42") and (event := json.loads(packet[2:]))[0] in events:
                return list(event)

    def wait_for_end(self) -> None:
        """Take packets until the server ends the connection."""
        while self._socket.recv(_ANSWER_S) != "1":
            pass

    def send(self, question: str, *file_ids: str) -> None:
        message = {
            "id": str(uuid.uuid4()),
            "name": "reader",
            "type": "user_message",
            "output": question,
            "createdAt": "2026-01-01T00:00:00Z",
            "threadId": "",
        }
        self.emit("client_message", {"message": message, "fileReferences": [{"id": file_id} for file_id in file_ids]})

    def ask(self, question: str, *file_ids: str) -> list[str]:
        """The messages that come in reply, each as it is in the end."""
        self.send(question, *file_ids)
        self.wait_for("task_start")
        replies: dict[str, str] = {}
        while (event := self.wait_for("new_message", "update_message", "task_end"))[0] != "task_end":
            if event[1]["type"] == "assistant_message":
                replies[event[1]["id"]] = event[1]["output"]
        return list(replies.values())


@contextmanager
def open_socket(server: Server, cookie: str = "") -> Iterator[SocketChat]:
    """A new chat; its end is a tab that closes. The cookie is that of a login."""
    address = f"ws://127.0.0.1:{server.port}/ws/socket.io/?EIO=4&transport=websocket"
    headers = {"Cookie": cookie} if cookie else None
    with connect(address, open_timeout=_ANSWER_S, additional_headers=headers) as websocket:
        chat = SocketChat(websocket)
        chat.begin()
        yield chat
