"""A crowd on the page: many chats at once, of which some vanish in mid-answer, against a scripted model.

    python -m bench.crowd [MINUTES] [PEOPLE]

Each person opens a chat, asks what one document answers, reads, and comes again; every fifth closes the connection in
mid-answer. Printed: the server's memory and descriptors over time, the streams that are open, and how many answers
differ from what one person alone was told.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil

from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL
from tests.e2e.asking import open_socket
from tests.e2e.serving import Server, is_settled, serving
from tests.endpoint import Exchange, Requests, model_server

TOPICS = 40
QUESTION = "What is the code of locker room{}?"
WORDS_AN_ANSWER = 60
BETWEEN_WORDS_S = 0.05
READING_S = 2.0
LOOK_EVERY_S = 15.0


def answer_slowly(exchange: Exchange) -> None:
    """Say the number that stands in the first passage, again and again."""
    exchange.begin_stream()
    number = str(exchange.body).partition("The code is ")[2].split(".")[0]
    for _ in range(WORDS_AN_ANSWER):
        exchange.send_text(f"{number} [1] ")
        time.sleep(BETWEEN_WORDS_S)
    exchange.send_text("", finish="stop")
    exchange.send_event("[DONE]")


def write_documents(corpus: Path) -> None:
    corpus.mkdir()
    for topic in range(TOPICS):
        text = f"# Locker room{topic}\n\nLocker room{topic} stands in the hall. The code is {7919 * (topic + 1)}.\n"
        (corpus / f"room{topic}.md").write_text(text, "utf-8")


def ask_alone(server: Server, topic: int) -> str:
    with open_socket(server) as chat:
        return chat.ask(QUESTION.format(topic))[0]


def visit(server: Server, person: int, until: float, alone: list[str], seen: Counter[str]) -> None:
    turn = person
    while time.monotonic() < until:
        topic = turn % TOPICS
        turn += 7
        with open_socket(server) as chat:
            question = QUESTION.format(topic)
            if person % 5 == 0:
                chat.send(question)
                chat.wait_for("stream_token", "stream_start")
                seen["vanished"] += 1
            else:
                [answer] = chat.ask(question)
                seen["answered"] += 1
                seen["wrong"] += answer != alone[topic]
        time.sleep(READING_S)


def look(server: Server, requests: Requests, begin: float) -> None:
    process = psutil.Process(server.process.pid)
    with process.oneshot():
        memory, descriptors, threads = process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()
    print(
        f"{time.monotonic() - begin:6.0f} s  {memory:6.0f} MB  {descriptors:4} descriptors  {threads:3} threads"
        f"  {requests.open_count:3} streams of {len(requests)}",
        flush=True,
    )


def main() -> None:
    minutes, people = (float(sys.argv[1]) if sys.argv[1:] else 10.0), (int(sys.argv[2]) if sys.argv[2:] else 50)
    seen = Counter[str]()
    folder = Path(tempfile.mkdtemp(prefix="crowd"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        write_documents(folder / "corpus")
        Embedder.open(DEFAULT_EMBED_MODEL, folder / "models")
        address, requests = stack.enter_context(model_server(answer_slowly))
        server = stack.enter_context(serving(folder, folder / "models", {"BASE_URL": address, "MODEL": "tiny"}))
        server.wait_until(is_settled)
        alone = [ask_alone(server, topic) for topic in range(TOPICS)]
        begin = time.monotonic()
        look(server, requests, begin)
        until = begin + 60 * minutes
        crowd = [threading.Thread(target=visit, args=(server, person, until, alone, seen)) for person in range(people)]
        for person in crowd:
            person.start()
        while any(person.is_alive() for person in crowd):
            time.sleep(LOOK_EVERY_S)
            look(server, requests, begin)
        time.sleep(2)
        look(server, requests, begin)
        print(dict(seen), "tracebacks:", server.log.read_text().count("Traceback"))


if __name__ == "__main__":
    main()
