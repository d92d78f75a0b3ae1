"""Fifty browsers at once at a real page server, of which every fifth vanishes in the middle of an answer.

    python -m bench.load [CLIENTS] [SECONDS]

The model is an endpoint of the tests' own, which quotes the passage that holds the answer, or talks for ever to a
client that is going to vanish. Each answer is compared with what the sample documents say. The table shows whether the
server's memory and descriptors stay flat and whether a stream is left; the exit code is 1 if something is wrong.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import socketio  # type: ignore[import-untyped]  # it comes without types

from page.conversations.live import BELOW
from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL
from tests.e2e.serving import ROOT, Server, is_settled, serving
from tests.endpoint import Exchange, Reply, Requests, model_server

FACTS = {
    "How often should I descale the kettle?": ("every six weeks", "kettle-manual.pdf"),
    "How long does the guarantee of the kettle last?": ("36 months", "kettle-manual.pdf"),
    "How deep is the soil on the roof?": ("25 centimetres", "garden-notes.txt"),
    "How much does the rain barrel hold?": ("300 litres", "garden-notes.txt"),
    "How many days of paid holiday do full-time staff have?": ("28 days", "staff-handbook.md"),
    "How long are things found in the reading rooms kept?": ("fourteen days", "staff-handbook.md"),
    "What does a single ticket for the tram cost?": ("2.80 euros", "tram-line-7.html"),
    "When does the last tram leave on Saturday?": ("1:30", "tram-line-7.html"),
}
"""Questions, with what the sample documents answer and in which of them."""

EVERY_NTH_VANISHES = 5
PAUSE_S = 0.05
"""Between two words of the model's."""
READ_S = 2.0
"""How long a client that vanishes reads before, and how long it stays away."""
QUESTIONS_A_VISIT = 10
ANSWER_LIMIT_S = 60.0
LEAVE_LIMIT_S = 1.0
KEEP_CHATS_S = 20
ROWS = 12


@dataclass
class Tally:
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of each answer."""
    vanished_at: dict[str, float] = field(default_factory=dict)
    """When the client of an endless answer vanished, by the answer's tag."""
    left_at: dict[str, float] = field(default_factory=dict)
    """When the model was told."""

    @property
    def delays(self) -> list[float]:
        """Seconds from each client's end to its stream's; infinite for a stream that is left."""
        return [self.left_at.get(tag, float("inf")) - at for tag, at in self.vanished_at.items()]


def make_reply(tally: Tally) -> Reply:
    """What the model says."""

    def reply(exchange: Exchange) -> None:
        prompt = read_prompt(exchange.body)
        question, _, tag = prompt.rpartition("Question: ")[2].partition(" #")
        exchange.begin_stream()
        if not tag:
            for word in quote(question, prompt).split(" "):
                exchange.send_text(f"{word} ")
                time.sleep(PAUSE_S)
            exchange.send_text("", finish="stop")
            return
        try:
            exchange.send_endlessly(b'data: {"choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n', PAUSE_S)
        finally:
            tally.left_at[tag] = time.monotonic()

    return reply


def read_prompt(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def quote(question: str, prompt: str) -> str:
    """The answer with the number of the passage that has it."""
    fact = FACTS[question][0]
    passages = re.split(r"^\[(\d+)\] ", prompt.rpartition("Question: ")[0], flags=re.MULTILINE)
    found = (n for n, text in zip(passages[1::2], passages[2::2], strict=True) if fact in " ".join(text.split()))
    return f"The answer to that is {fact} as it says [{next(found, '?')}]."


class Browser:
    """One tab: a socket.io client that says what Chainlit's page says."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket = socketio.AsyncClient(reconnection=False)
        self._is_answered = asyncio.Event()
        self._has_token = asyncio.Event()
        self._outputs: dict[str, str] = {}
        self._sources: dict[str, Any] = {}
        for event, react in {
            "task_end": self._note_end,
            "stream_start": self._note_token,
            "new_message": self._take_message,
            "update_message": self._take_message,
            "element": self._take_element,
            "window_message": self._take_news,
        }.items():
            self._socket.on(event, react)

    async def open(self) -> None:
        session = {"sessionId": str(uuid.uuid4()), "clientType": "webapp", "userEnv": "{}", "threadId": ""}
        await self._socket.connect(
            self._url,
            auth=session,
            transports=["websocket"],
            socketio_path="/ws/socket.io",
            wait_timeout=ANSWER_LIMIT_S,
        )
        await self._socket.emit("connection_successful")

    async def ask(self, question: str) -> tuple[str, str]:
        """The answer as it is shown in the end, and the first source that it cites."""
        await self._send(question)
        await asyncio.wait_for(self._is_answered.wait(), ANSWER_LIMIT_S)
        cited = self._sources.get("cited") or [0]
        cards = {card["number"]: card["source"] for card in self._sources.get("sources", ())}
        return "\n".join(self._outputs.values()), cards.get(cited[0], "")

    async def ask_and_vanish(self, question: str, *, politely: bool) -> None:
        """Close the tab in the middle of the answer, or let the browser die without a word to the server."""
        await self._send(question)
        await asyncio.wait_for(self._has_token.wait(), ANSWER_LIMIT_S)
        await asyncio.sleep(READ_S)
        await (self.close() if politely else self._socket.eio.http.close())

    async def close(self) -> None:
        await self._socket.disconnect()

    async def _send(self, question: str) -> None:
        self._outputs.clear()
        self._sources = {}
        self._is_answered.clear()
        self._has_token.clear()
        message = {"id": str(uuid.uuid4()), "name": "User", "type": "user_message", "output": question, "createdAt": ""}
        await self._socket.emit("client_message", {"message": message, "fileReferences": []})

    def _note_end(self, *_: object) -> None:
        if self._sources.get("madeBy"):  # else it is the end of something that Chainlit does at the start
            self._is_answered.set()

    def _note_token(self, *_: object) -> None:
        self._has_token.set()

    def _take_message(self, step: dict[str, Any]) -> None:
        if step["type"] == "assistant_message":
            self._outputs[step["id"]] = step["output"]

    def _take_element(self, element: dict[str, Any]) -> None:
        if element.get("name") == "Sources":
            self._sources = element.get("props") or {}

    def _take_news(self, message: dict[str, Any]) -> None:
        self._sources = message.get(BELOW) or self._sources


async def come_and_go(url: str, number: int, tally: Tally, until: float, tags: itertools.count[int]) -> None:
    """Open the page, ask, leave, and come again; every fifth client vanishes in the middle of its answer."""
    questions = itertools.islice(itertools.cycle(FACTS), number, None)
    while time.monotonic() < until:
        browser = Browser(url)
        try:
            await browser.open()
            if number % EVERY_NTH_VANISHES == 0:
                await vanish(browser, next(questions), next(tags), tally)
                continue
            for question in itertools.islice(questions, QUESTIONS_A_VISIT):
                if time.monotonic() < until:
                    await ask_and_check(browser, question, tally)
        except (TimeoutError, socketio.exceptions.SocketIOError) as exc:
            tally.wrong.append(f"client {number}: {type(exc).__name__} {exc}")
        await browser.close()


async def vanish(browser: Browser, question: str, tag: int, tally: Tally) -> None:
    await browser.ask_and_vanish(f"{question} #{tag}", politely=tag % 2 == 0)
    tally.vanished_at[str(tag)] = time.monotonic()
    await asyncio.sleep(READ_S)


async def ask_and_check(browser: Browser, question: str, tally: Tally) -> None:
    begin = time.monotonic()
    text, source = await browser.ask(question)
    tally.answers += 1
    tally.seconds.append(time.monotonic() - begin)
    fact, expected = FACTS[question]
    if fact not in text or source != expected or "[?]" in text:
        tally.wrong.append(f"{question} → {text!r} from {source or 'nowhere'}")


async def watch(server: Server, requests: Requests, tally: Tally, seconds: float) -> None:
    """Print a row now and then."""
    process, begin = psutil.Process(server.process.pid), time.monotonic()
    print("| seconds | answers | wrong | vanished | streams open | memory, MB | descriptors |\n|" + " --- |" * 7)
    for row in range(1, ROWS + 1):
        await asyncio.sleep(begin + row * seconds / ROWS - time.monotonic())
        use = (requests.open_count, process.memory_info().rss / 1e6, process.num_fds())
        counts = (time.monotonic() - begin, tally.answers, len(tally.wrong), len(tally.vanished_at))
        print(f"| {' | '.join(f'{number:.0f}' for number in (*counts, *use))} |", flush=True)


async def run(server: Server, requests: Requests, tally: Tally, clients: int, seconds: float) -> None:
    until, tags = time.monotonic() + seconds, itertools.count(1)
    await asyncio.gather(
        watch(server, requests, tally, seconds),
        *(come_and_go(server.url, number, tally, until, tags) for number in range(clients)),
    )
    await asyncio.sleep(LEAVE_LIMIT_S)


def find_faults(tally: Tally, requests: Requests, log: str) -> list[str]:
    late = sum(delay > LEAVE_LIMIT_S for delay in tally.delays)
    signs = log.count("Traceback") + log.count("Exception ignored")
    return [
        *tally.wrong[:20],
        *([f"{requests.open_count} streams are left"] if requests.open_count else []),
        *([f"{late} streams ended later than {LEAVE_LIMIT_S:.0f} s after their client"] if late else []),
        *([f"{signs} tracebacks in the terminal"] if signs else []),
    ]


def write_app(path: Path) -> Path:
    """Our page, but for chats that are forgotten soon, so that what is kept of them levels off during the run."""
    path.write_text(f"""\
from chainlit.config import config
import page.chat
config.project.session_timeout = {KEEP_CHATS_S}
""")
    return path


def main() -> int:
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, model_server(make_reply(tally)) as (url, requests):
        folder = Path(name)
        Embedder.open(DEFAULT_EMBED_MODEL, folder / "index" / "models")
        (folder / "corpus").symlink_to(ROOT / "corpus")
        app = write_app(folder / "load_app.py")
        with serving(folder, folder, {"BASE_URL": url, "MODEL": "tiny"}, app=app) as server:
            server.wait_until(is_settled)
            asyncio.run(run(server, requests, tally, clients, seconds))
            log = server.log.read_text()
    faults = find_faults(tally, requests, log)
    print(
        f"\n{tally.answers:,} answers by {clients} clients, median {statistics.median(tally.seconds):.1f} s; "
        f"{len(tally.vanished_at):,} vanished, their streams ended {statistics.median(tally.delays):.2f} s later, "
        f"at most {max(tally.delays):.2f} s"
    )
    print("\n".join(["WRONG:", *faults, log[-3000:]]) if faults else "no wrong answer, no stream left, no traceback")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
