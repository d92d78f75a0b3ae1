"""The page below a path of a proxy's, in a browser: questions, passages, documents, uploads and the API."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.nginx import running_nginx
from tests.e2e.proxy import proxying
from tests.e2e.serving import Server, is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server

PREFIX = "/library/papers"


def answer(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Staff have 28 days of leave [1].", finish="stop")
    exchange.send_event("[DONE]")


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("proxied")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "leave & more.md").write_text("# Leave\n\nStaff have 28 days of leave.\n", "utf-8")
    with (
        model_server(answer) as (address, _),
        serving(folder, models_dir, {"BASE_URL": address, "MODEL": "tiny"}, "--root-path", PREFIX) as server,
    ):
        server.wait_until(is_settled)
        yield server


@pytest.mark.parametrize("strips", [True, False], ids=["takes away", "passes on"])
def test_everything_works_below_a_prefix(server: Server, open_chat: Callable[..., Chat], strips: bool):
    with proxying(server.port, PREFIX, strips=strips) as proxy:
        check_everything(proxy.url, open_chat)
        assert proxy.strays == []


def test_everything_works_with_the_settings_for_nginx(server: Server, open_chat: Callable[..., Chat], tmp_path: Path):
    with running_nginx(tmp_path / "nginx", server.port, PREFIX) as url:
        chat = check_everything(url, open_chat)
        assert [address for address in chat.fetched if f"{PREFIX}/" not in address] == []
        with urllib.request.urlopen(url.removesuffix("/")) as reply:
            assert reply.url == url


def check_everything(url: str, open_chat: Callable[..., Chat]) -> Chat:
    site = url.partition(PREFIX)[0]
    chat = open_chat(url)
    expect(chat.headline).to_contain_text("1 document")
    chat.open_source(chat.ask("How many days of leave do staff have?"))
    expect(chat.reader.locator("mark")).to_contain_text("28 days")
    link = chat.reader.locator('a[href*="/corpus/"]').first.get_attribute("href") or ""
    assert link.startswith(f"{PREFIX}/corpus/")
    got = chat.page.request.get(f"{site}{link}")
    assert (got.status, got.text()[:7]) == (200, "# Leave")
    chat.page.keyboard.press("Escape")
    expect(chat.page).to_have_url(re.compile(f"{PREFIX}/thread/"))
    chat.page.reload()
    expect(chat.answers).to_contain_text("28 days of leave [1]")
    chat.page.goto(f"{url}library")
    document = chat.page.get_by_role("link", name="leave & more.md")
    expect(document).to_be_visible()
    row = chat.page.locator("#room .row").bounding_box()
    assert row is not None
    assert row["width"] > 600  # also where there are no folders beside the list
    leads_to = document.get_attribute("href") or ""
    assert leads_to.startswith(f"{PREFIX}/read/")
    chat.page.goto(f"{site}{leads_to}")
    expect(chat.page.get_by_text("Staff have 28 days of leave.").first).to_be_visible()
    chat.page.goto(f"{url}browser")
    assert chat.page.url == f"{url}browser/"
    expect(chat.page.get_by_role("status")).to_contain_text("npm install")  # it got the passages and wants its runtime
    assert chat.problems == []
    _check_api(url)
    return chat


def _check_api(url: str) -> None:
    call = json.dumps({"model": "corpus", "messages": [{"role": "user", "content": "How many days of leave?"}]})
    request = urllib.request.Request(
        f"{url}v1/chat/completions", call.encode(), {"content-type": "application/json", "x-request-id": "mine-1"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.headers["x-request-id"] == "mine-1"
        text = json.load(reply)["choices"][0]["message"]
    assert f"{url}corpus/leave%20%26%20more.md" in json.dumps(text)
    with urllib.request.urlopen(f"{url}openapi.json") as reply:
        assert json.load(reply)["servers"] == [{"url": PREFIX}]
