"""What the library does with the folder: lists it, removes a file, has failed ones read again, keeps a password."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.passwords import add_password
from ingest.scan import scan_corpus
from ingest.watcher import CorpusWatcher
from page.library.listing import Row, Wanted, describe, make_rows
from page.texts import ENGLISH
from page.uploads import find_corpus_file
from rag.errors import QuestionError, RagError, explain_system_error
from rag.index.catalog.records import FileInfo, FileState
from rag.index.index import Index
from rag.settings import Settings
from rag.text.hostile import show_name

_LOOK_EVERY_S = 2.0
"""How often the folder itself is looked at while files are being read."""
_BUSY = frozenset({"starting", "scan", "read"})


class Shelf:
    """The library of one folder. Its list is kept until something changes; 10,000 rows take a fifth of a second."""

    def __init__(self, index: Index, watcher: CorpusWatcher, settings: Settings) -> None:
        self._index = index
        self._watcher = watcher
        self._settings = settings
        self._lock = threading.Lock()
        self._version: tuple[int, ...] | None = None
        self._files: list[FileInfo] = []
        self._rows: list[Row] = []
        self._listed: Mapping[str, FileState] = {}
        self._looked_at = float("-inf")
        self._found: Mapping[str, FileState] = {}

    def show(self, wanted: Wanted, language: str = ENGLISH) -> dict[str, Any]:
        """What is wanted of the list, for a browser's language. Raises RagError if the folder can't be looked at."""
        with self._lock:
            rows = self._read_rows()
        activity = self._watcher.status.activity
        folder = str(self._settings.corpus_dir.resolve())
        return {"corpus": folder, "isBusy": activity in _BUSY, **describe(rows, wanted, language)}

    def _read_rows(self) -> list[Row]:
        is_changed = self._read_files()
        found = self._look() if self._watcher.status.activity in _BUSY else {}
        if is_changed or found != self._listed:
            known = {file.source for file in self._files}
            waiting = {source: state for source, state in found.items() if source not in known}
            self._rows, self._listed = make_rows(self._files, waiting), found
        return self._rows

    def _read_files(self) -> bool:
        """Read the files of the index if they are others than before; whether they are."""
        index = self._index
        version: tuple[int, ...] = ()
        files: list[FileInfo] = []
        if index.exists:
            known = self._version
            version, files = index.read(
                lambda held: (held.version, self._files if held.version == known else list(held.list_files()))
            )
        is_changed = version != self._version
        self._version, self._files = version, files
        return is_changed

    def _look(self) -> Mapping[str, FileState]:
        """The files of the folder, as they were at most two seconds ago."""
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            settings = self._settings
            self._found = scan_corpus(settings.corpus_dir, settings.index_dir).files
            self._looked_at = time.monotonic()
        return self._found

    def remove(self, source: str) -> None:
        """Delete a file from the folder, for good. Raises QuestionError if it is no file of the list, RagError if it
        can't be deleted.
        """
        folder = self._settings.corpus_dir
        if find_corpus_file(folder, source) is None or not self._knows(source):
            raise QuestionError(f"{show_name(source)} is none of your documents, or not any more.")
        path = folder / source  # of a link, the link itself
        try:
            path.unlink()
        except OSError as exc:
            raise explain_system_error(exc, path) or RagError(f"{path} can't be deleted ({exc.strerror}).") from exc
        self._watcher.wake()

    def _knows(self, source: str) -> bool:
        with self._lock:
            return any(row.source == source for row in self._read_rows())

    def retry(self) -> None:
        """Have the files read again that could not be read."""
        self._watcher.retry()

    def keep_password(self, password: str) -> None:
        """Try a password on encrypted documents from now on. Raises SettingsError for what can be none."""
        folder: Path = self._settings.index_dir
        try:
            add_password(folder, password)
        except OSError as exc:
            raise RagError(f"{folder} can't be written ({exc.strerror}).") from exc
        self.retry()
