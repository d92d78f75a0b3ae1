"""The files of the corpus as the page deals with them: found by their source, made of what came, taken back."""

from __future__ import annotations

import contextlib
import filecmp
import itertools
import re
import shutil
import threading
import unicodedata
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from rag.errors import SettingsError
from rag.index.catalog.records import Failure

_LONGEST_NAME = 120
"""Characters; three bytes each in UTF-8 at worst, which leaves room for a number within the 255 bytes of most disks."""

_WINDOWS_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|\Z)", re.IGNORECASE)


class Upload(NamedTuple):
    source: str
    """Source of the document that the upload becomes."""
    is_new: bool
    """Whether the file was put there now; otherwise it was there already."""


def keep_upload(corpus_dir: Path, name: str, content: Path) -> Upload:
    """Copy `content` into the corpus under a safe form of `name`.

    Nothing is ever overwritten: where another file has that name, this one becomes ``name (2).pdf``. The same bytes are
    not kept twice under a name.
    Raises SettingsError without a corpus folder, OSError when it can't be written.
    """
    if not corpus_dir.is_dir():
        raise SettingsError(
            f"There is no folder {corpus_dir}. Make it, or set RAG_CORPUS_DIR, and attach the file again."
        )
    safe = Path(make_safe_name(name))
    for number in itertools.count(1):
        target = corpus_dir / (safe.name if number == 1 else f"{safe.stem} ({number}){safe.suffix}")
        if _is_same_file(target, content):
            return Upload(target.name, is_new=False)
        if _copy_if_free(content, target):
            return Upload(target.name, is_new=True)
    raise AssertionError("unreachable")


def take_back_upload(corpus_dir: Path, source: str, content: Path) -> bool:
    """Remove a kept file from the corpus if it still is what came; whether it is gone now."""
    target = corpus_dir / source
    try:
        if _is_same_file(target, content):
            target.unlink()
        return not target.exists()
    except OSError:  # then it stays, and the page goes on naming it
        return False


def find_corpus_file(corpus_dir: Path, source: str) -> Path | None:
    """The file with that source; None if there is none or it lies outside the folder, be it by a symbolic link."""
    folder = corpus_dir.resolve()
    try:
        path = (folder / source).resolve()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return path if path.is_relative_to(folder) and path.is_file() else None


class LateUploads:
    """Uploads that nobody waits for any more: those that turn out to be unreadable are taken back all the same."""

    def __init__(self, corpus_dir: Path) -> None:
        self._corpus_dir = corpus_dir
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def note(self, source: str, before: Collection[Failure]) -> None:
        """Watch what becomes of an upload that was put there now; `before` are the failures from before it came."""
        with contextlib.suppress(OSError), self._lock:  # its user has deleted it: nothing is left to watch
            self._kept[source] = _Kept(_identify(self._corpus_dir / source), frozenset(before))

    def settle(self, failures: Collection[Failure], is_read: Callable[[str], bool]) -> list[str]:
        """Take those back that failed, and forget those that were read; returns the sources that are gone now."""
        failed = {failure.source: failure for failure in failures}
        with self._lock:
            waiting = list(self._kept.items())
        gone = []
        for source, kept in waiting:
            failure = failed.get(source)
            if failure is not None and failure not in kept.before:
                gone += [source] * self._remove(source, kept)
            elif failure is not None or not is_read(source):
                continue
            with self._lock:
                self._kept.pop(source, None)
        return gone

    def _remove(self, source: str, kept: _Kept) -> bool:
        """Remove the file if it still is the one that came; whether it is gone."""
        target = self._corpus_dir / source
        try:
            if _identify(target) != kept.state:
                return False
            target.unlink()
        except OSError:  # then it stays, and the page goes on naming it
            return False
        return True


class _Kept(NamedTuple):
    state: tuple[int, int, int, int]
    before: Collection[Failure]


def _identify(path: Path) -> tuple[int, int, int, int]:
    """Tells a file from another in its place, and from itself with other content."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def make_safe_name(name: str) -> str:
    """A file name that every system takes, never hidden and never a path."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join("_" if char in '<>:"|?*' or not char.isprintable() else char for char in name)
    name = name.strip().lstrip(".~").rstrip(". ") or "document"
    name = _WINDOWS_DEVICES.sub(r"_\g<0>", name, count=1) if _WINDOWS_DEVICES.match(name) else name
    stem, dot, suffix = name.rpartition(".")
    return (
        name if len(name) <= _LONGEST_NAME else f"{(stem or name)[: _LONGEST_NAME - 12]}{dot}{suffix[:10]}".rstrip(". ")
    )


def _copy_if_free(content: Path, target: Path) -> bool:
    try:
        with content.open("rb") as read, target.open("xb") as write:
            shutil.copyfileobj(read, write)
    except FileExistsError:
        return False
    return True


def _is_same_file(target: Path, content: Path) -> bool:
    return target.is_file() and filecmp.cmp(target, content, shallow=False)
