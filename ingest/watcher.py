"""Follow the corpus folder: events say when, the sync says what. Sole owner of watchdog.

One thread runs every sync, the first one too, so that two never overlap and no change slips in between.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pipeline import Pipeline
from ingest.sync import Progress, SyncReport, sync_corpus
from rag.errors import IndexLockedError, RagError
from rag.index import Index

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

logger = logging.getLogger(__name__)

QUIET_S = 0.3
"""A burst is over when nothing happened for so long; editors and copies write at shorter intervals."""
LONGEST_WAIT_S = 5.0
"""A folder that is never quiet is synced at least this often."""
SETTLE_S = 0.25
"""A file changed more recently than this is taken to be still being written. Less than QUIET_S."""
POLL_S = 2.0
"""Between two looks at the folder where the operating system can't watch it."""
LOOK_S = 300.0
"""Between two looks at a folder that is watched, for events that a network file system never sent."""
LOCKED_S = 3.0
"""Until another try while another process writes the index."""
_EVENTS = ("created", "modified", "moved", "deleted")
# Not "opened" or "closed_no_write": the sync's own reads would wake it for ever.


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """How the watcher is, for the page."""

    activity: str = "starting"
    """``starting``, ``scan``, ``read``, ``embed``, ``idle``, ``waiting`` (for another writer), ``failed``."""
    done: int = 0
    total: int = 0
    detail: str = ""
    """A sentence, if there is something to tell: what failed, and what to do; or what is waited for."""
    is_polling: bool = False
    report: SyncReport | None = None
    """Of the last sync that ended."""


class CorpusWatcher:
    """Begins "dirty": the first sync is a change like any other."""

    def __init__(
        self,
        index: Index,
        pipeline: Pipeline,
        *,
        on_report: Callable[[SyncReport], None] = lambda report: None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """The callbacks come from the watcher's own thread. The pipeline is the watcher's alone while it runs."""
        self.status = WatchStatus()
        self._index = index
        self._pipeline = pipeline
        self._corpus = pipeline.settings.corpus_dir
        self._on_report = on_report
        self._on_progress = on_progress
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._last_event = 0.0
        self._observer: BaseObserver | None = None
        self._thread = threading.Thread(target=self._run, name="corpus-watcher", daemon=True)

    def start(self) -> None:
        self._changed.set()
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have the folder looked at now."""
        self._note_event()

    def close(self) -> None:
        """Stop after the step at hand, in about a second; what is done stays done."""
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._stop_observer()

    # ---- the thread

    def _run(self) -> None:
        while not self._closing.is_set():
            self._watch_folder()
            self._wait_for_change()
            if not self._closing.is_set():
                self._sync()

    def _wait_for_change(self) -> None:
        """Until something changed and the folder has been quiet, or has not been quiet for too long."""
        self._changed.wait(POLL_S if self.status.is_polling or self._observer is None else LOOK_S)
        began = time.monotonic()
        while not self._closing.is_set():
            quiet = time.monotonic() - self._last_event
            if quiet >= QUIET_S or time.monotonic() - began > LONGEST_WAIT_S:
                return
            time.sleep(min(QUIET_S - quiet + 0.01, QUIET_S))

    def _sync(self) -> None:
        self._changed.clear()
        try:
            report = sync_corpus(
                self._index, self._pipeline, settle_s=SETTLE_S, wait_s=0, progress=self._progress, stop=self._must_stop
            )
        except IndexLockedError as exc:
            self._rest("waiting", str(exc))
        except RagError as exc:
            self._rest("failed", str(exc))
        except Exception as exc:  # the watcher must outlive whatever one sync runs into
            logger.exception("The sync failed")
            self._rest("failed", f"The folder could not be read in ({type(exc).__name__}: {exc}). It is tried again.")
        else:
            self.status = replace(self.status, activity="idle", detail="", report=report)
            if report.unsettled or (report.pending and not self._closing.is_set()):
                self._note_event()
            self._on_report(report)

    def _rest(self, activity: str, detail: str) -> None:
        if self.status.detail != detail:
            logger.warning("%s", detail)
        self.status = replace(self.status, activity=activity, detail=detail)
        self._changed.clear()
        self._closing.wait(LOCKED_S)
        self._changed.set()

    def _must_stop(self) -> bool:
        """Whether the sync at hand should leave the rest for later: words of new files come before old vectors."""
        quiet = time.monotonic() - self._last_event
        return self._closing.is_set() or (self._changed.is_set() and quiet >= QUIET_S)

    def _progress(self, progress: Progress) -> None:
        if progress.stage != "note":
            self.status = replace(self.status, activity=progress.stage, done=progress.done, total=progress.total)
        self._on_progress(progress)

    # ---- events

    def _watch_folder(self) -> None:
        if self._observer is not None and self._observer.is_alive():
            return
        self._stop_observer()
        if not self._corpus.is_dir():
            return
        try:
            self._observer = _observe(self._corpus, self._note_event)
        except OSError as exc:  # the limit of watches, most of the time
            if not self.status.is_polling:
                logger.warning(
                    "The system can't watch %s (%s); it is looked at every %.0f s instead. "
                    "On Linux a higher fs.inotify.max_user_watches helps.",
                    self._corpus, exc.strerror or exc, POLL_S,
                )  # fmt: skip
            self.status = replace(self.status, is_polling=True)

    def _note_event(self) -> None:
        self._last_event = time.monotonic()
        self._changed.set()

    def _stop_observer(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():
                self._observer.join(timeout=5)
        self._observer = None


def _observe(folder: Path, on_event: Callable[[], None]) -> BaseObserver:
    """Raises OSError if the system can't watch the folder."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in _EVENTS:
                on_event()

    observer = Observer()
    observer.schedule(Handler(), str(folder), recursive=True)
    observer.start()
    return observer
