"""The page below a path of a proxy's, in a browser: questions, passages, documents, uploads and the API."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.proxy import proxying
from tests.e2e.serving import is_settled, serving
from tests.e2e.talking import Chat
from tests.endpoint import Exchange, model_server

PREFIX = "/library/papers"


def answer(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Staff have 28 days of leave [1].", finish="stop")
    exchange.send_event("[DONE]")


def test_everything_works_below_a_prefix_which_the_proxy_passes_on_or_takes_away(
    tmp_path: Path, models_dir: Path, open_chat: Callable[..., Chat]
):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "leave & more.md").write_text("# Leave\n\nStaff have 28 days of leave.\n", "utf-8")
    with (
        model_server(answer) as (address, _),
        serving(tmp_path, models_dir, {"BASE_URL": address, "MODEL": "tiny"}, "--root-path", PREFIX) as server,
    ):
        server.wait_until(is_settled)
        for strips in (True, False):
            with proxying(server.port, PREFIX, strips=strips) as proxy:
                chat = open_chat(proxy.url)
                expect(chat.headline).to_contain_text("1 document")
                chat.open_source(chat.ask("How many days of leave do staff have?"))
                expect(chat.reader.locator("mark")).to_contain_text("28 days")
                link = chat.reader.locator('a[href*="/corpus/"]').first.get_attribute("href") or ""
                assert link.startswith(f"{PREFIX}/corpus/")
                got = chat.page.request.get(f"{proxy.url.partition(PREFIX)[0]}{link}")
                assert (got.status, got.text()[:7]) == (200, "# Leave")
                chat.page.keyboard.press("Escape")
                chat.page.goto(f"{proxy.url}library")
                expect(chat.page.get_by_role("link", name="leave & more.md")).to_be_visible()
                row = chat.page.locator("#room .row").bounding_box()
                assert row is not None
                assert row["width"] > 600  # also where there are no folders beside the list
                leads_to = chat.page.get_by_role("link", name="leave & more.md").get_attribute("href") or ""
                assert leads_to.startswith(f"{PREFIX}/read/")
                chat.page.goto(f"{proxy.url.partition(PREFIX)[0]}{leads_to}")
                expect(chat.page.get_by_text("Staff have 28 days of leave.").first).to_be_visible()
                assert proxy.strays == []
                assert chat.problems == []
                _check_api(proxy.url)


def _check_api(url: str) -> None:
    call = json.dumps({"model": "corpus", "messages": [{"role": "user", "content": "How many days of leave?"}]})
    request = urllib.request.Request(
        f"{url}v1/chat/completions", call.encode(), {"content-type": "application/json", "x-request-id": "mine-1"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert reply.headers["x-request-id"] == "mine-1"
        text = json.load(reply)["choices"][0]["message"]
    assert f"{url}corpus/leave%20%26%20more.md" in json.dumps(text)
