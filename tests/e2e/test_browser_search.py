"""Search that runs wholly in the browser, by WASM: its runtime is the one that the docs' command brings."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.api.conftest import make_settings, serving_api

LOADING_MS = 150_000
"""How long 130 MB of model and runtime may take on busy processors."""
READY = re.compile("^Ready: 2 passages, on wasm")


def ask(page: Page, question: str) -> None:
    page.get_by_label("Question").fill(question)
    page.get_by_role("button", name="Search").click()


@pytest.mark.timeout(600)  # it loads 130 MB three times; some 20 s on idle processors
def test_a_question_is_answered_in_the_page_and_without_a_network(browser: Browser, models_dir: Path, tmp_path: Path):
    if shutil.which("npm") is None:
        pytest.skip("The runtime of the search in the browser comes from npm; install it.")
    with serving_api(make_settings(tmp_path, models_dir, base_url="http://127.0.0.1:9")) as url:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{url}/browser")
        state = page.get_by_role("status")
        expect(state).to_contain_text("npm install", timeout=LOADING_MS)
        subprocess.run(shlex.split(state.inner_text().partition("In a terminal: ")[2]), check=True, capture_output=True)

        page.reload()
        expect(state).to_have_text(READY, timeout=LOADING_MS)
        expect(page.locator("#wasm")).to_contain_text("yes (cosine 1.0000)")
        expect(page.locator("#log")).to_contain_text("isolated")
        ask(page, "What time can I sail?")
        first = page.locator("#hits li").first
        expect(first).to_contain_text("leaves at noon")
        expect(state).to_contain_text("by wasm")
        with urllib.request.urlopen(first.get_by_role("link").evaluate("link => link.href")) as source:
            assert b"leaves at noon" in source.read()

        context.set_offline(True)
        page.reload()
        expect(state).to_have_text(READY, timeout=LOADING_MS)
        ask(page, "How much water is in it?")
        expect(first).to_contain_text("18 litres")
        context.close()
