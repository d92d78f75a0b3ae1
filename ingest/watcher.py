"""Follow the corpus folder: events say when, the sync says what. Sole owner of watchdog.

One thread runs every sync, the first one too, so that two never overlap and no change slips in between.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pipeline import Pipeline
from ingest.report import Progress, SyncReport
from ingest.scan import IGNORE_FILE, is_left_out
from ingest.sync import SyncOptions, sync_corpus
from rag.errors import IndexLockedError, IndexMissingError, RagError
from rag.index.index import Index
from rag.private import identify_file

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver

logger = logging.getLogger(__name__)

QUIET_S = 0.3
"""A burst is over when nothing happened for so long; editors and copies write at shorter intervals."""
LONGEST_WAIT_S = 5.0
"""A folder that is never quiet is synced at least this often."""
SETTLE_S = 0.25
"""A file changed more recently than this is taken to be still being written. Less than QUIET_S."""
LONGEST_WRITE_S = 30.0
"""A file that has been open for writing for so long is read as it is."""
POLL_S = 2.0
"""The time between two looks at the folder where the operating system can't watch it, or while it isn't there; and
between two looks whether the index still is."""
LOOK_S = 300.0
"""The time between two looks at a folder that is watched, for events that a network file system never sent."""
RETRY_S = 1.0
"""Files that were still being written are looked at again after so long."""
CHECK_AFTER_S, CHECK_EVERY_S = 600.0, 86_400.0
"""The whole index is checked when nothing has changed for so long, and again at this interval."""
LOCKED_S = 3.0
"""A sync that failed, or that found another process writing the index, is tried again after so long."""
_EVENTS = ("created", "modified", "moved", "deleted", "closed", "attrib")
# Not "opened" or "closed_no_write": the sync's own reads would wake it for ever.


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """What the watcher is doing, for the page."""

    activity: str = "starting"
    """``starting``, ``scan``, ``read``, ``embed``, ``idle``, ``waiting`` (for another writer), ``failed``."""
    done: int = 0
    total: int = 0
    detail: str = ""
    """A sentence, if there is something to tell: what failed, and what to do; what is waited for; or why the index is
    made anew."""
    kept: str = ""
    """Which disks and links lost what they held, and that their documents are kept; empty while none did."""
    is_polling: bool = False
    report: SyncReport | None = None
    """What the last sync that ended did; None before the first has."""


class CorpusWatcher:
    """Keeps the index equal to the folder. It begins as if something had changed: the first sync is like any other."""

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
        self._retry_at = float("inf")
        self._check_at = 0.0
        self._root = os.path.realpath(self._corpus)
        self._writes = _OpenWrites()
        self._observer: BaseObserver | None = None
        self._observed: tuple[int, int] | None = None
        self._observe_again_at = 0.0
        self._mounts: dict[str, tuple[int, int] | None] = {}
        """What is at the mount points and links that the last sync saw: no event tells of a disk that comes or goes."""
        self._catalog: tuple[int, int] | None = None
        """The index's catalog, as the last sync left it."""
        self._retries = False
        """Whether the next sync gives failed files another try."""
        self._options = SyncOptions(
            settle_s=SETTLE_S,
            wait_s=0,
            is_busy=self._writes.is_busy,
            progress=self._note_progress,
            must_stop=self._must_stop,
        )
        self._thread = threading.Thread(target=self._run, name="corpus-watcher", daemon=True)

    def start(self) -> None:
        self._index.call_when_damaged(self.wake)
        self._changed.set()
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have the folder looked at now."""
        self._last_event = time.monotonic()
        self._changed.set()

    def retry(self) -> None:
        """Have the files read again that failed before."""
        self._retries = True
        self.wake()

    def close(self) -> None:
        """Stop in about a second; what is done stays done, what is being read or prepared is given up."""
        self._index.call_when_damaged(lambda: None)
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._pipeline.stop()
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
        """Return when something changed and the folder has been quiet since, or has not been quiet for too long."""
        look_at = time.monotonic() + (LOOK_S if self._observer is not None else POLL_S)
        # In short waits: no event tells that the folder itself was moved away or made anew, nor does one of the index.
        while not self._changed.wait(min(POLL_S, max(0.0, min(look_at, self._retry_at) - time.monotonic()))):
            if time.monotonic() >= min(look_at, self._retry_at) or identify_file(self._corpus) != self._observed:
                return
            if not self._index.exists or self._index.identify() != self._catalog:
                return
            if self._identify_mounts(self._mounts) != self._mounts:
                self._stop_observer()  # it watches what is below a folder, not what takes its place
                return
            if time.monotonic() >= self._check_at:
                self._check()
        began = time.monotonic()
        while not self._closing.is_set():
            quiet = time.monotonic() - self._last_event
            if quiet >= QUIET_S or time.monotonic() - began > LONGEST_WAIT_S:
                return
            self._closing.wait(min(QUIET_S - quiet + 0.01, QUIET_S))

    def _check(self) -> None:
        """Look for damage that no size and no time shows, and have it repaired."""
        try:
            damage = self._index.find_damage(must_stop=self._changed.is_set)
        except Exception as exc:  # the watcher must outlive whatever a damaged disk brings about
            logger.warning("The index could not be checked (%s: %s).", type(exc).__name__, exc)
            damage = []
        self._check_at = time.monotonic() + (CHECK_AFTER_S if damage is None else CHECK_EVERY_S)
        for one in damage or ():
            self._index.request_repair(one.part, one.reason)

    def _sync(self) -> None:
        self._changed.clear()
        if self._catalog is not None and not self._index.exists:
            self._begin_anew()
        self._check_at = max(self._check_at, time.monotonic() + CHECK_AFTER_S)
        self._retry_at = float("inf")
        try:
            retries, self._retries = self._retries, False
            report = sync_corpus(self._index, self._pipeline, replace(self._options, retry=retries))
        except IndexLockedError as exc:
            self._rest("waiting", str(exc))
        except IndexMissingError:  # it was deleted meanwhile
            self._begin_anew()
            self._retry_at = time.monotonic() + RETRY_S
        except RagError as exc:
            self._rest("failed", str(exc))
        except Exception as exc:  # the watcher must outlive whatever one sync runs into
            if not self._closing.is_set():
                logger.exception("The sync failed")
            self._rest("failed", f"The folder could not be read in ({type(exc).__name__}: {exc}). It is tried again.")
        else:
            self._catalog = self._index.identify()
            self._mounts = self._identify_mounts(report.mounts)
            self._tell_kept(report.kept)
            self.status = replace(self.status, activity="idle", detail="", report=report)
            if report.unsettled:
                self._retry_at = time.monotonic() + RETRY_S
            if report.pending and not self._closing.is_set():
                self._changed.set()
            self._on_report(report)

    def _identify_mounts(self, mounts: Iterable[str]) -> dict[str, tuple[int, int] | None]:
        return {source: identify_file(self._corpus / source) for source in mounts}

    def _tell_kept(self, sentences: Iterable[str]) -> None:
        from rag.text.hostile import show_name

        kept = " ".join(map(show_name, sentences))
        if kept and kept != self.status.kept:
            logger.warning("%s", kept)
        self.status = replace(self.status, kept=kept)

    def _begin_anew(self) -> None:
        """Tell that the index was deleted, and let go of what the pipeline had in its folder: models, and scratch."""
        reason = f"The index in {self._index.folder} was deleted, so it is made anew from the documents."
        logger.warning("%s", reason)
        self.status = replace(self.status, activity="scan", detail=reason)
        self._catalog = None
        self._pipeline.close()

    def _rest(self, activity: str, detail: str) -> None:
        if self._closing.is_set():  # then the sync was given up, and nothing failed
            return
        if self.status.detail != detail:
            logger.warning("%s", detail)
        self.status = replace(self.status, activity=activity, detail=detail)
        self._closing.wait(LOCKED_S)
        self._changed.set()

    def _must_stop(self) -> bool:
        """Whether the sync at hand should leave the rest for later: words of new files come before old vectors."""
        quiet = time.monotonic() - self._last_event
        is_due = self._changed.is_set() and quiet >= QUIET_S
        return self._closing.is_set() or is_due or not self._index.exists

    def _note_progress(self, progress: Progress) -> None:
        if progress.stage != "note":
            self.status = replace(self.status, activity=progress.stage, done=progress.done, total=progress.total)
        self._on_progress(progress)

    # ---- events

    def _watch_folder(self) -> None:
        inode = identify_file(self._corpus)
        if self._observer is not None and inode == self._observed and _is_whole(self._observer):
            return
        self._stop_observer()
        if inode is None or time.monotonic() < self._observe_again_at:
            return
        try:
            self._root = os.path.realpath(self._corpus)
            self._observer, self._observed = _observe(self._root, self._on_event), inode
            self._changed.set()  # by what came before it was watched
            self.status = replace(self.status, is_polling=False)
        except OSError as exc:  # the limit of watches, most of the time
            self._observe_again_at = time.monotonic() + LOOK_S
            if not self.status.is_polling:
                logger.warning(
                    "The system can't watch %s (%s); it is looked at every %.0f s instead. "
                    "On Linux a higher fs.inotify.max_user_watches helps.",
                    self._corpus, exc.strerror or exc, POLL_S,
                )  # fmt: skip
            self.status = replace(self.status, is_polling=True)

    def _on_event(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if event.event_type in _EVENTS and any(self._matters(path) for path in paths):
            if not event.is_directory:
                self._writes.note(event.event_type, self._find_source(paths[0]))
            self.wake()

    def _find_source(self, path: str) -> str:
        return os.path.relpath(path, self._root).replace(os.sep, "/")

    def _matters(self, path: str) -> bool:
        """Whether a change at the path can matter; our own index may lie in the corpus, in a hidden folder or not."""
        index = Path(os.path.realpath(self._index.folder))
        if index.is_relative_to(self._root) and Path(path).is_relative_to(index):
            return False
        source = self._find_source(path)
        parts = source.split("/")
        return source == "." or parts[-1] == IGNORE_FILE or not any(is_left_out(part) for part in parts)

    def _stop_observer(self) -> None:
        if self._observer is not None:
            _end_observer(self._observer)
        self._observer = self._observed = None


class _OpenWrites:
    """The files that events tell were written to and not closed since; on Linux, which alone tells of closing."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, event_type: str, source: str) -> None:
        with self._lock:
            if event_type == "modified" and sys.platform.startswith("linux"):
                self._since.setdefault(source, time.monotonic())
            elif event_type != "attrib":
                self._since.pop(source, None)

    def is_busy(self, source: str) -> bool:
        with self._lock:
            since = self._since.get(source)
            if since is not None and time.monotonic() - since > LONGEST_WRITE_S:
                del self._since[source]  # its next change begins another such time
                since = None
            return since is not None


def _is_whole(observer: BaseObserver) -> bool:
    return observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)


def _observe(folder: str, on_event: Callable[[FileSystemEvent], None]) -> BaseObserver:
    """Have events of the folder told. Raises OSError if the system can't watch it with all its subfolders."""
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            on_event(event)

    observer = _start_observer(folder, Handler(), recursive=True)
    try:
        # At the limit of watches, watchdog (7.1) leaves out subfolders without a word; one more watch tells.
        _end_observer(_start_observer(folder, FileSystemEventHandler(), recursive=False))
    except OSError:
        _end_observer(observer)
        raise
    return observer


def _start_observer(folder: str, handler: FileSystemEventHandler, *, recursive: bool) -> BaseObserver:
    from watchdog.observers import Observer

    observer = Observer()
    try:
        observer.schedule(handler, folder, recursive=recursive)
        observer.start()
    except OSError:
        _end_observer(observer)
        raise
    return observer


def _end_observer(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join(timeout=5)
