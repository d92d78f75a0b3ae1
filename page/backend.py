"""A folder that is followed and asked: all that the page's server holds of it."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from ingest.pipeline import Pipeline
from ingest.report import SyncReport
from ingest.terminal import Display
from ingest.watcher import CorpusWatcher
from page.addresses.metrics import Metrics
from page.api.given import GivenAnswers
from page.errors import say_error
from page.filtering.filters import Choices, find_choices
from page.library.listing import Wanted
from page.library.shelf import Shelf
from page.markdown import escape_markdown
from page.reader.process import Drawer
from page.starters import Outline
from page.texts import ENGLISH, say
from page.uploads import LateUploads, keep_upload, take_back_upload
from page.why import Coverage
from rag.answering.prompt import make_around
from rag.answering.quoting import quote_answer
from rag.assembly import open_retriever
from rag.chat.routing.router import QuestionRouter
from rag.errors import RagError
from rag.index.catalog.records import Failure
from rag.index.index import Index, IndexStatus
from rag.index.snapshot import Snapshot
from rag.settings import Settings
from rag.text.hostile import remove_invisible, show_name
from rag.types import Restriction

logger = logging.getLogger(__name__)

_WARM_UP_LIMIT_S = 20.0

ADDING_S = 20.0
"""How long a new file is waited for before it is said that it will be read later."""


_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
_MOST_OUTLINES = 12
"""Documents that are looked into for questions to begin with."""


class Addition(NamedTuple):
    source: str
    outcome: str
    """A sentence for the user, as Markdown."""
    is_kept: bool = True
    reason: str = ""
    """Why it can't be read, as plain text."""


class Backend:
    """There is one in a server. From `start` on, the folder is read and the model started in the background."""

    def __init__(self, settings: Settings) -> None:
        display = Display()
        self.settings = settings
        self.index = Index(settings.index_dir)
        self.pipeline = Pipeline(settings, self.index.models_dir, display.note)
        self._has_synced = threading.Event()
        self._closing = threading.Event()

        self._late = LateUploads(settings.corpus_dir)

        def on_report(report: SyncReport) -> None:
            display.pause()
            self._settle_late(report.failed)
            self._has_synced.set()

        self.watcher = CorpusWatcher(self.index, self.pipeline, on_report=on_report, on_progress=display.show)
        self.retriever = open_retriever(self.index, settings, in_background=True, progress=display.note)
        self.around = make_around(self.index, settings.top_k)
        self.router = QuestionRouter(settings)
        self.metrics = Metrics()
        self.given = GivenAnswers(doubts=bool(settings.private_folders))
        self.drawer = Drawer()
        self.shelf = Shelf(self.index, self.watcher, settings)
        self._choices: tuple[tuple[int, ...], Choices] | None = None
        self._warming = threading.Thread(target=self._warm_up, name="warm-up", daemon=True)

    def start(self) -> None:
        self.watcher.start()
        self.router.start()
        self._warming.start()

    def _warm_up(self) -> None:
        """Quote once, as soon as there is something to find, since the first answer loads what the next ones need.

        On the samples that is half a second, at 100,000 chunks two.
        """
        while not self._closing.is_set():
            self._has_synced.clear()
            with contextlib.suppress(RagError):
                if hits := self.retriever.retrieve("warm up").hits:
                    quote_answer("warm up", hits)
                    self.drawer.warm_up()
                    self.shelf.show(Wanted())
                    return
            self._has_synced.wait()

    def close(self) -> None:
        self._closing.set()
        self._has_synced.set()
        if self._warming.is_alive():
            self._warming.join(_WARM_UP_LIMIT_S)
        for part in (self.drawer, self.watcher, self.router, self.pipeline, self.retriever, self.index):
            part.close()

    def explain_missing_index(self) -> str:
        """What a question gets while there is no index, which is made as soon as that is known."""
        self.watcher.wake()
        now = self.watcher.status
        made = f"There is no index in {self.index.folder} now: it is made from the documents. Ask again in a moment."
        return now.detail if now.activity == "failed" else made

    def explain_gap(self) -> str:
        """Why the index lacks documents just now, while it is made anew; empty otherwise."""
        now = self.watcher.status
        return now.detail if now.activity in ("scan", "read", "embed") else ""

    def measure_coverage(self) -> Coverage:
        """How many documents can be searched just now, and how many files of how many were read."""
        now = self.watcher.status
        done, total = (now.done, now.total) if now.activity in ("scan", "read") else (0, 0)
        return Coverage(self._read_index_status().documents, done, total)

    def make_status(self, language: str = ENGLISH) -> dict[str, Any]:
        """What the page shows of the corpus and the model, in the language of a browser; JSON values only."""
        return {"corpus": self._describe_corpus(language), "model": self._describe_model(language)}

    def describe_parts(self) -> dict[str, dict[str, Any]]:
        """Whether each part works, without a name or a path, since whoever asks need not be logged in."""
        activity, model = self.watcher.status.activity, self.router.state
        return {
            "index": {"ok": self.index.exists and activity != "failed", "activity": activity},
            "model": {"ok": model.is_ready, "kind": model.kind, "route": model.route},
        }

    def render_metrics(self) -> bytes:
        """What was counted, in Prometheus' text format."""
        return self.metrics.render(self._read_index_status(), is_model_ready=self.router.state.is_ready)

    def find_choices(self) -> Choices:
        """What the documents can be filtered by. It is remembered until they change: 50,000 documents take 0.13 s."""
        try:
            self._choices = self.index.read(self._read_choices)
        except RagError:  # nothing was indexed yet, or else the watcher's detail says why
            return Choices()
        return self._choices[1]

    def _read_choices(self, snapshot: Snapshot) -> tuple[tuple[int, ...], Choices]:
        key, known = snapshot.version, self._choices
        return known if known and known[0] == key else (key, find_choices(snapshot.list_sources()))

    def read_outlines(self) -> list[Outline]:
        """What some documents from all over the folder call themselves, and their headings."""
        try:
            return self.index.read(_read_outlines)
        except RagError:  # nothing was indexed yet, or else the watcher's detail says why
            return []

    def is_emptied_by(self, only: Restriction) -> bool:
        """Whether the index holds something to find, but nothing in the documents that `only` leaves."""
        return self.index.exists and self.index.read(lambda held: held.chunk_count > 0 and not held.count(only))

    def has_document(self, source: str) -> bool:
        """Whether the index holds a document with exactly that source."""
        try:
            return self.index.read(lambda snapshot: snapshot.find_document(source) is not None)
        except RagError:  # nothing was indexed yet, or else the watcher's detail says why
            return False

    def add_document(self, name: str, content: Path, language: str = ENGLISH) -> Addition:
        """Put a file into the corpus and wait until it is read, at most `ADDING_S`; what can't be read is not kept.

        What became of it is told in the language of a browser.

        Raises SettingsError without a corpus folder, RagError when it can't be written.
        """
        before = self._read_index_status().failures
        try:
            source, is_new = keep_upload(self.settings.corpus_dir, name, content)
        except OSError as exc:
            raise RagError(
                f"{show_name(name)} can't be put into {self.settings.corpus_dir} ({exc.strerror or exc})."
            ) from exc
        shown = f"**{escape_markdown(show_name(source))}**"
        self.watcher.wake()
        deadline = time.monotonic() + ADDING_S
        while time.monotonic() < deadline:
            if self.has_document(source):
                return Addition(source, say(language, "document.added", name=shown))
            # A file that was deleted a moment ago may have failed under the same name.
            failure = self.find_failure(source)
            if failure and not (is_new and failure in before):
                is_kept = not (is_new and self._take_back(source, content, deadline))
                reason = remove_invisible(say_error(language, failure.reason))
                told = say(language, "document.unread", name=shown, reason=escape_markdown(reason))
                unkept = "" if is_kept else f" {say(language, 'document.unkept')}"
                return Addition(source, told + unkept, is_kept, reason)
            time.sleep(0.1)
        if is_new:
            self._late.note(source, before)
            self._settle_late(self._read_index_status().failures)  # it may have failed this very moment
        told = say(language, "document.later", name=shown)
        return Addition(source, f"{told} {say(language, 'document.later.unkept')}" if is_new else told)

    def _settle_late(self, failures: Collection[Failure]) -> None:
        """Remove uploads that failed when nobody waited any more, so that they don't stay as failures for ever."""
        for source in self._late.settle(failures, self.has_document):
            logger.warning("%s was attached and can't be read, so it was not kept.", show_name(source))
            self.watcher.wake()

    def _take_back(self, source: str, content: Path, deadline: float) -> bool:
        """Remove an upload from the corpus, and wait until its failure is forgotten; whether it is gone."""
        if not take_back_upload(self.settings.corpus_dir, source, content):
            return False
        self.watcher.wake()
        while self.find_failure(source) and time.monotonic() < deadline:
            time.sleep(0.1)
        return True

    def find_failure(self, source: str) -> Failure | None:
        """Why a file could not be read; None if it was, or isn't there."""
        return next((failure for failure in self._read_index_status().failures if failure.source == source), None)

    def _describe_corpus(self, language: str) -> dict[str, Any]:
        now, held = self.watcher.status, self._read_index_status()
        return {
            "folder": str(self.settings.corpus_dir.resolve()),
            "activity": now.activity,
            "detail": say_error(language, now.detail or now.kept),
            "done": now.done,
            "total": now.total,
            "documents": held.documents,
            "passages": held.chunks,
            "vectors": held.vectors,
            "generation": held.generation,
            "failed": [
                {"source": show_name(failure.source), "reason": say_error(language, remove_invisible(failure.reason))}
                for failure in held.failures
            ],
        }

    def _describe_model(self, language: str) -> dict[str, Any]:
        now = self.router.state
        shown = {"kind": now.kind, "percent": now.percent, "route": now.route, "staysHere": self.router.stays_here}
        said = {"detail": now.detail, "fix": now.fix, "privacy": self.router.describe_privacy()}
        return {"name": self.router.name, **shown, **{name: say_error(language, text) for name, text in said.items()}}

    def _read_index_status(self) -> IndexStatus:
        try:
            return self.index.status()
        except RagError:  # nothing was indexed yet, or else the watcher's detail says why
            return IndexStatus(0, 0, 0, (), {}, 0, 0, rebuilding=False)


def _read_outlines(snapshot: Snapshot) -> list[Outline]:
    outlines = []
    documents = snapshot.list_documents()
    for info in documents[:: 1 + len(documents) // _MOST_OUTLINES]:
        chunks = [stored.chunk for stored in snapshot.read_source_chunks(info.source)]
        found = [name for one in chunks for name in (one.section.rpartition(" > ")[2], *_HEADING.findall(one.text))]
        headings = [remove_invisible(heading).strip() for heading in found]
        outlines.append(Outline(show_name(info.source), remove_invisible(info.title), headings))
    return outlines
