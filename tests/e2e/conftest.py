"""A browser, and pages in it that tell what they fetch and leave a picture behind when a test fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.serving import ROOT
from tests.e2e.talking import Chat
from tests.foundry.fixtures import foundry_catalog_url, foundry_dir, foundry_environment

__all__ = ["foundry_catalog_url", "foundry_dir", "foundry_environment"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 30_000
"""How long something may take to be seen. All tests run at once on few processors, so the usual 5 s are too short; what
has to be fast is tested with a limit of its own."""
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def foundry_texts() -> list[str]:
    """What the local model learns its words from: the samples, and the PDF too, which these tests ask about."""
    corpus = ROOT / "corpus"
    written = [path.read_text("utf-8") for path in sorted(corpus.iterdir()) if path.suffix in {".md", ".txt", ".html"}]
    with pypdfium2.PdfDocument(corpus / "kettle-manual.pdf") as pdf:
        return [*written, *(page.get_textpage().get_text_range() for page in pdf)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=_PATIENCE_MS)
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"The page's tests need a browser on the PATH ({', '.join(BROWSERS)}); install Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        found = metadata.distribution("axe-playwright-python")
    except metadata.PackageNotFoundError:
        pytest.skip("axe-playwright-python of the group dev isn't installed")
    return Path(str(found.locate_file("axe_playwright_python/axe.min.js"))).read_text("utf-8")


@pytest.fixture
def open_chat(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    """Opens the page at an address; keyword arguments go to the browser's context."""
    pages: list[Page] = []

    def opened(url: str, **options: Any) -> Chat:
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(_PATIENCE_MS)
        pages.append(page)
        return Chat.open(page, url)

    yield opened
    for number, page in enumerate(pages):
        if request.node.stash.get(_FAILED, False):
            page.screenshot(path=tmp_path / f"page-{number}.png")
        page.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[_FAILED] = True
    return report
