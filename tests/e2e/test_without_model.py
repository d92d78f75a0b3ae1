"""The page while no model can be had, from an empty folder on; and servers that can't start."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.serving import Server, command, environment, free_port, is_settled, serving
from tests.e2e.talking import Chat

OpenChat = Callable[..., Chat]


@pytest.fixture(scope="module")
def server(
    models_dir: Path, foundry_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("bare"), models_dir, {**foundry_environment, "MODEL": "no-such-model"}
    ) as server:
        server.wait_until(is_settled)
        yield server


@pytest.fixture
def chat(server: Server, open_chat: OpenChat) -> Chat:
    return open_chat(server.url)


def test_an_empty_folder_says_where_to_drop_files(server: Server, chat: Chat):
    expect(chat.headline).to_contain_text("No documents yet")
    expect(chat.banner).to_contain_text(f"Drop files into {server.corpus.resolve()}")
    expect(chat.ask("Is anybody there?")).to_contain_text("Put documents there")


def test_answers_are_quotes_and_the_page_says_so_and_what_to_do(server: Server, chat: Chat):
    (server.corpus / "pool.md").write_text("# Pool\n\nThe pool is closed for cleaning in May.\n", "utf-8")
    server.wait_until(lambda status: status["corpus"]["documents"] == 1 and is_settled(status))
    expect(chat.headline).to_have_text("1 document · quotes only")
    expect(chat.banner).to_contain_text("no-such-model")
    expect(chat.banner).to_contain_text(server.status()["model"]["fix"])
    answer = chat.ask("When is the pool closed?")
    expect(answer).to_contain_text("The pool is closed for cleaning in May.")
    expect(answer.locator(".pw-notice")).to_have_text(
        f"{server.status()['model']['detail']} So these are quotes from your documents."
    )
    chat.open_source(answer)
    expect(chat.reader.locator("mark")).to_contain_text("closed for cleaning")


def test_a_corpus_folder_that_is_gone_is_named_and_its_return_noticed(server: Server, chat: Chat):
    mount_point = server.corpus.with_name("mount-point")
    mount_point.mkdir()  # while the other exists: a file system may give a deleted folder's inode to the next one
    shutil.rmtree(server.corpus)
    expect(chat.banner).to_contain_text(f"{server.corpus} does not exist")
    mount_point.rename(server.corpus)
    expect(chat.banner).to_contain_text("perhaps its disk is not mounted")
    before = server.status()["corpus"]
    assert before["documents"] == 1
    (server.corpus / "sauna.md").write_text("# Sauna\n\nThe sauna is heated on Fridays.\n", "utf-8")
    server.wait_until(lambda status: status["corpus"]["generation"] != before["generation"] and is_settled(status))
    expect(chat.ask("When is the sauna heated?")).to_contain_text("heated on Fridays")


def test_a_server_that_is_gone_is_said_on_the_page(models_dir: Path, open_chat: OpenChat, tmp_path: Path):
    with serving(tmp_path, models_dir, {"BASE_URL": "http://127.0.0.1:9"}) as server:
        chat = open_chat(server.url)
    expect(chat.banner).to_contain_text("The server does not answer.")
    assert "Traceback" not in server.log.read_text()


def test_a_taken_port_is_one_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, port, {})
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith(f"Port {port} of 127.0.0.1 can't be used")
    assert "--port" in ended.stderr


def test_a_wrong_setting_is_one_sentence(tmp_path: Path):
    ended = run(tmp_path, free_port(), {"RAG_TOPK": "3"})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == ["Unknown setting RAG_TOPK. Did you mean RAG_TOP_K?"]


def run(folder: Path, port: int, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    app_root = folder / "app"
    app_root.mkdir()
    return subprocess.run(
        command(port), cwd=app_root, env=environment(app_root, settings), capture_output=True, text=True, timeout=60
    )
