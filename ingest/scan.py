"""The files of the corpus folder that count, and what the file system says of each. No file's content is read."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import SettingsError
from rag.index.catalog.records import FileState
from rag.private import identify_file

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".ragignore"
# What editors, browsers and file managers leave beside documents while they work.
_TEMPORARY_ENDINGS = {"tmp", "temp", "swp", "swo", "swx", "part", "partial", "crdownload", "download"}
_TEMPORARY_NAMES = {"thumbs.db", "desktop.ini"}
_is_sandboxed = re.compile(r"\.sb-.{8}-.{6}$").search  # macOS, while it saves


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look at the corpus folder found."""

    files: dict[str, FileState] = field(default_factory=dict)
    """All files that count, by source (the path below the folder, with forward slashes)."""
    failed: dict[str, str] = field(default_factory=dict)
    """Folders and files that could not even be looked at, with the reason."""
    began_ns: int = field(default_factory=time.time_ns)
    """When the look began, in nanoseconds since the epoch."""


def scan_corpus(corpus: Path, leave_out: Path | None = None) -> Scan:
    """Walk the corpus folder; symbolic links are followed as long as they stay inside it.

    Left out are hidden and temporary files, what ``.ragignore`` files (gitignore rules) name, and one folder.
    Raises SettingsError if the corpus folder doesn't exist, or is the one to be left out.
    """
    if not corpus.is_dir():
        what = "is not a folder" if corpus.exists() else "does not exist"
        raise SettingsError(
            f"The corpus folder {corpus} {what}. Create it, or name another with --corpus or RAG_CORPUS_DIR."
        )
    left_out = identify_file(leave_out) if leave_out else None
    if left_out is not None and left_out == identify_file(corpus):
        raise SettingsError(
            f"{corpus} can't be both the corpus folder and the index folder. Name another with --index."
        )
    scan = Scan()
    _Walk(os.path.realpath(corpus), scan, left_out).run(str(corpus))
    return scan


def is_left_out(name: str) -> bool:
    """Whether the name alone says that a file or folder doesn't count: that it is hidden or temporary."""
    if name[0] == "." or name[-1] == "~" or name[0] == name[-1] == "#":
        return True
    _, dot, ending = name.rpartition(".")
    if dot and (ending in _TEMPORARY_ENDINGS or ending.lower() in _TEMPORARY_ENDINGS):
        return True
    return name.startswith("~$") or name.lower() in _TEMPORARY_NAMES or _is_sandboxed(name) is not None


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of one ignore file, for what lies below its folder."""

    prefix: str
    """The source of that folder, with a slash at the end; empty for the corpus folder."""
    rules: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that is to be walked."""

    path: str
    prefix: str
    """Its source, with a slash at the end; empty for the corpus folder."""
    rules: tuple[_Rules, ...] = ()
    """Rules of the ignore files in the folders above, outermost first."""
    above: frozenset[tuple[int, int]] = frozenset()
    """Device and inode of the folders above."""


class _Walk:
    """Takes the files of a folder and of all folders below it into a scan.

    It isn't recursive, because a path of 4,096 characters can be 2,000 folders deep.
    """

    def __init__(self, root: str, scan: Scan, left_out: tuple[int, int] | None) -> None:
        self._root = root
        self._scan = scan
        self._left_out = left_out

    def run(self, corpus: str) -> None:
        folders = [_Folder(corpus, "")]
        while folders:
            folder = folders.pop()
            try:
                folders += self._take_folder(folder)
            except OSError as exc:
                self._fail(folder.prefix.rstrip("/"), exc)

    def _take_folder(self, folder: _Folder) -> list[_Folder]:
        """Take the folder's files in; returns the folders in it."""
        with os.scandir(folder.path) as found:
            entries = list(found)
        status = os.stat(folder.path)
        inode = status.st_dev, status.st_ino
        if inode in folder.above or inode == self._left_out:  # a link that leads back up, or the index
            return []
        rules = folder.rules
        if any(entry.name == IGNORE_FILE for entry in entries):
            rules += self._read_rules(folder)
        entered = replace(folder, rules=rules, above=folder.above | {inode})
        inner = (self._take_entry(entry, entered) for entry in entries if not is_left_out(entry.name))
        return [one for one in inner if one is not None]

    def _read_rules(self, folder: _Folder) -> tuple[_Rules, ...]:
        """The rules of the ignore file in the folder; none, and a failure, if they can't be used."""
        from pathspec import GitIgnoreSpec

        try:
            with open(os.path.join(folder.path, IGNORE_FILE), encoding="utf-8-sig", errors="replace") as file:
                return (_Rules(folder.prefix, GitIgnoreSpec.from_lines(file)),)
        except (OSError, ValueError) as exc:  # ValueError: a rule that isn't one
            reason = exc.strerror if isinstance(exc, OSError) else exc
            self._scan.failed[_make_printable(folder.prefix + IGNORE_FILE)] = f"its rules cannot be used ({reason})"
            return ()

    def _take_entry(self, entry: os.DirEntry[str], folder: _Folder) -> _Folder | None:
        """Take a file in; returns a folder, which is still to be walked."""
        source = folder.prefix + entry.name
        try:
            if entry.is_symlink() and not self._is_inside(entry.path):
                return None
            is_folder = entry.is_dir()
            if folder.rules and _is_ignored(source, is_folder, folder.rules):
                return None
            if is_folder:
                return _Folder(entry.path, f"{source}/", folder.rules, folder.above)
            if entry.is_file():
                self._take_file(entry, source)
        except OSError as exc:
            self._fail(source, exc)
        return None

    def _is_inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._root.rstrip(os.sep) + os.sep)

    def _take_file(self, entry: os.DirEntry[str], source: str) -> None:
        # On Windows a directory entry's own stat has no inode or change time, and its size may lag.
        stat = os.stat(entry.path) if os.name == "nt" else entry.stat()
        printable = source if source.isascii() else _make_printable(source)
        if printable == source:
            self._scan.files[source] = FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        else:
            self._scan.failed[printable] = "its name is not valid UTF-8; rename it"

    def _fail(self, source: str, exc: OSError) -> None:
        # What was removed while we looked, or is a link to itself, isn't there.
        if not isinstance(exc, FileNotFoundError | NotADirectoryError) and exc.errno != errno.ELOOP:
            self._scan.failed[_make_printable(source) or "."] = f"cannot be looked into ({exc.strerror or exc})"


def _is_ignored(source: str, is_folder: bool, found: Iterable[_Rules]) -> bool:
    """The last rule that matches decides, an inner folder's file after an outer one's, as in git."""
    ignored = False
    for one in found:
        path = source[len(one.prefix) :] + ("/" if is_folder else "")
        verdict = one.rules.check_file(path).include
        ignored = ignored if verdict is None else verdict
    return ignored


def _make_printable(source: str) -> str:
    """The source with what isn't UTF-8 in it written as escapes."""
    return source.encode("utf-8", "backslashreplace").decode()


def sort_newest_first(files: dict[str, FileState]) -> list[str]:
    """The files' sources, the most recently changed first."""
    return sorted(files, key=lambda source: (-files[source].mtime_ns, source))
