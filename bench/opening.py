"""How long a citation takes to open in the reader, and the library with many documents: in a real browser.

    python -m bench.opening [DOCUMENTS]

The page runs over the sample documents and so many small ones (10,000 unless said otherwise), as soon as all are read.
A citation is open when its passage is marked, and for a PDF when the picture of its page is there.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from rag.models.embedder import Embedder
from rag.settings import DEFAULT_EMBED_MODEL
from tests.e2e.conftest import BROWSERS, QUIET
from tests.e2e.serving import ROOT, Server, serving
from tests.e2e.talking import MARKERS, Chat
from tests.endpoint import Exchange, model_server

QUESTIONS = {
    "How long does the guarantee of the kettle last?": "a PDF",
    "How deep is the soil on the roof?": "a text",
    "How many days of paid holiday do full-time staff have?": "Markdown",
}
TRIES = 11
READ_S = 1_800.0
_NOTE = """
addEventListener('click', () => { window.clickedAt = Date.now(); }, true);
addEventListener('message', ({ data }) => { if (data?.pwReader === 'ready') window.openedAt = Date.now(); });
"""
_PICTURE_AT = """() => {
  const found = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/reading/picture/'));
  return found.length ? performance.timeOrigin + Math.min(...found.map((one) => one.responseEnd)) : 0;
}"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Embedder.open(DEFAULT_EMBED_MODEL, folder / "models").close()
        _write_corpus(folder / "corpus", count)
        with (
            model_server(_quote) as (address, _),
            serving(folder, folder / "models", {"BASE_URL": address, "MODEL": "tiny"}) as server,
            sync_playwright() as playwright,
        ):
            server.wait_until(lambda status: status["corpus"]["activity"] in ("embed", "idle"), READ_S)
            browser = playwright.chromium.launch(channel=None, executable_path=_find_browser(), args=list(QUIET))
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            page.set_default_timeout(120_000)
            _measure_library(server, page, count)
            page.add_init_script(_NOTE)
            _measure_citations(server, page)
            browser.close()


def _find_browser() -> str:
    import shutil

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"There is no browser on the PATH ({', '.join(BROWSERS)}).")
    return found


def _write_corpus(corpus: Path, count: int) -> None:
    corpus.mkdir()
    for path in (ROOT / "corpus").iterdir():
        (corpus / path.name).write_bytes(path.read_bytes())
    for number in range(count):
        folder = corpus / f"shelf {number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"note {number:05d}.md").write_text(f"# Note {number}\n\nShelf mark {number * 7919}.\n", "utf-8")


def _quote(exchange: Exchange) -> None:
    exchange.begin_stream()
    passage = str(exchange.body["messages"]).partition("[1]")[2][:160]  # whatever it says, the marker leads there
    exchange.send_text(f"{passage.splitlines()[0][:80]} [1].")
    exchange.send_text("", finish="stop")
    exchange.send_event("[DONE]")


def _measure_library(server: Server, page: Page, count: int) -> None:
    times = []
    for _ in range(TRIES):
        page.goto(f"{server.url}/library")
        page.locator("#room .row").nth(5).wait_for()  # the page's policy forbids to evaluate strings
        times.append(float(page.evaluate("performance.now()")))
    print(f"library with {count:,} documents: first {times[0]:.0f} ms, median {statistics.median(times):.0f} ms")


def _measure_citations(server: Server, page: Page) -> None:
    chat = Chat.open(page, server.url)
    for question, kind in QUESTIONS.items():
        answer = chat.ask(question)
        answer.locator(".pw-made-by").wait_for()
        times = []
        for _ in range(TRIES):
            page.evaluate("window.openedAt = 0")
            answer.locator(MARKERS).first.click()
            page.wait_for_function("window.openedAt > 0")
            opened = float(page.evaluate("window.openedAt"))
            if kind == "a PDF":
                chat.reader.locator("img").first.wait_for()
                frame = next(frame for frame in page.frames if "/read/" in frame.url)
                while not frame.evaluate(_PICTURE_AT):  # the reader's policy lets no page wait for more than that
                    page.wait_for_timeout(5)
                opened = max(opened, float(frame.evaluate(_PICTURE_AT)))
            times.append(opened - float(page.evaluate("window.clickedAt")))
            page.keyboard.press("Escape")
            chat.panel.wait_for(state="detached")
        print(f"citation of {kind}: first {times[0]:.0f} ms, median {statistics.median(times):.0f} ms")


if __name__ == "__main__":
    main()
