"""Which files of the corpus folder count, and what the file system says of each. Reads no file's content."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import SettingsError
from rag.index.catalog.records import FileState

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".ragignore"
# What editors, browsers and file managers leave beside documents while they work.
_TEMPORARY_ENDINGS = {"tmp", "temp", "swp", "swo", "swx", "part", "partial", "crdownload", "download"}
_TEMPORARY_NAMES = {"thumbs.db", "desktop.ini"}
_is_sandboxed = re.compile(r"\.sb-.{8}-.{6}$").search  # macOS, while it saves


@dataclass(frozen=True, slots=True)
class Scan:
    """All files of the corpus that count, by source (the path below the folder, with forward slashes)."""

    files: dict[str, FileState] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Folders and files that could not even be looked at, with the reason."""
    began_ns: int = field(default_factory=time.time_ns)
    """When the look began, in nanoseconds since the epoch."""


def scan_corpus(corpus: Path, leave_out: Path | None = None) -> Scan:
    """Walk the corpus folder; symbolic links are followed as long as they stay inside it.

    Hidden and temporary files are left out, what ``.ragignore`` files (gitignore rules) name, and one folder.
    Raises SettingsError if the folder doesn't exist, or is the one to be left out.
    """
    if not corpus.is_dir():
        what = "is not a folder" if corpus.exists() else "does not exist"
        raise SettingsError(
            f"The corpus folder {corpus} {what}. Create it, or name another with --corpus or RAG_CORPUS_DIR."
        )
    if leave_out is not None and find_inode(leave_out) == find_inode(corpus):
        raise SettingsError(
            f"{corpus} can't be both the corpus folder and the index folder. Name another with --index."
        )
    scan = Scan()
    _Walk(os.path.realpath(corpus), scan, find_inode(leave_out)).run(str(corpus))
    return scan


def is_left_out(name: str) -> bool:
    """Whether the name alone says that a file or folder doesn't count."""
    return name[0] == "." or _is_temporary(name)


def _is_temporary(name: str) -> bool:
    if name[-1] in "~#" and (name[-1] == "~" or name[0] == "#"):
        return True
    _, dot, ending = name.rpartition(".")
    if dot and (ending in _TEMPORARY_ENDINGS or ending.lower() in _TEMPORARY_ENDINGS):
        return True
    return name.startswith("~$") or name.lower() in _TEMPORARY_NAMES or _is_sandboxed(name) is not None


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    prefix: str
    """Its source, with a slash at the end; empty for the corpus folder."""
    specs: tuple[_Spec, ...] = ()
    above: frozenset[tuple[int, int]] = frozenset()
    """The folders that it is in, by inode."""


class _Walk:
    """Not recursive: a path of 4,096 characters can be 2,000 folders deep."""

    def __init__(self, root: str, scan: Scan, leave_out: tuple[int, int] | None) -> None:
        self._root = root
        self._scan = scan
        self._leave_out = leave_out

    def run(self, corpus: str) -> None:
        folders = [_Folder(corpus, "")]
        while folders:
            folder = folders.pop()
            try:
                folders += self._take_folder(folder)
            except OSError as exc:
                self._fail(folder.prefix.rstrip("/"), exc)

    def _take_folder(self, folder: _Folder) -> list[_Folder]:
        """Take in its files; returns the folders in it."""
        with os.scandir(folder.path) as found:
            entries = list(found)
        inode = find_inode(folder.path)
        if inode is None or inode in folder.above or inode == self._leave_out:  # gone, or a link that leads back up
            return []
        specs = folder.specs
        if any(entry.name == IGNORE_FILE for entry in entries):
            specs = (*specs, *self._read_spec(folder))
        above = folder.above | {inode}
        return [
            _Folder(entry.path, f"{folder.prefix}{entry.name}/", specs, above)
            for entry in entries
            if not is_left_out(entry.name) and self._is_folder(entry, folder.prefix + entry.name, specs)
        ]

    def _is_folder(self, entry: os.DirEntry[str], source: str, specs: tuple[_Spec, ...]) -> bool:
        """Whether it is to be walked; a file is taken in."""
        try:
            if entry.is_symlink() and not self._is_inside(entry.path):
                return False
            is_folder = entry.is_dir()
            if specs and _is_ignored(source, is_folder, specs):
                return False
            if not is_folder and entry.is_file():
                self._take_file(entry, source)
            return is_folder
        except OSError as exc:
            self._fail(source, exc)
            return False

    def _take_file(self, entry: os.DirEntry[str], source: str) -> None:
        # On Windows a directory entry's own stat has no inode or change time, and its size may lag.
        stat = os.stat(entry.path) if os.name == "nt" else entry.stat()
        if source.isascii() or _is_utf8(source):
            self._scan.files[source] = FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        else:
            self._scan.failed[_make_printable(source)] = "its name is not valid UTF-8; rename it"

    def _is_inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._root.rstrip(os.sep) + os.sep)

    def _read_spec(self, folder: _Folder) -> Iterator[_Spec]:
        try:
            yield _load_spec(os.path.join(folder.path, IGNORE_FILE), folder.prefix)
        except (OSError, ValueError) as exc:  # ValueError: a rule that isn't one
            reason = exc.strerror if isinstance(exc, OSError) else exc
            self._scan.failed[_make_printable(folder.prefix + IGNORE_FILE)] = f"its rules cannot be used ({reason})"

    def _fail(self, source: str, exc: OSError) -> None:
        # Removed while we looked, or a link to itself: nothing is there.
        if not isinstance(exc, FileNotFoundError | NotADirectoryError) and exc.errno != errno.ELOOP:
            self._scan.failed[_make_printable(source) or "."] = f"cannot be looked into ({exc.strerror or exc})"


@dataclass(frozen=True, slots=True)
class _Spec:
    """The rules of one ignore file, for what lies below its folder."""

    prefix: str
    rules: GitIgnoreSpec


def _load_spec(path: str, prefix: str) -> _Spec:
    from pathspec import GitIgnoreSpec

    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return _Spec(prefix, GitIgnoreSpec.from_lines(file))


def _is_ignored(source: str, is_folder: bool, specs: Iterable[_Spec]) -> bool:
    """The last rule that matches decides, an inner folder's file after an outer one's, as in git."""
    ignored = False
    for spec in specs:
        path = source[len(spec.prefix) :] + ("/" if is_folder else "")
        verdict = spec.rules.check_file(path).include
        ignored = ignored if verdict is None else verdict
    return ignored


def find_inode(path: str | Path | None) -> tuple[int, int] | None:
    try:
        stat = os.stat(path) if path is not None else None
    except FileNotFoundError:
        return None
    return None if stat is None else (stat.st_dev, stat.st_ino)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _make_printable(source: str) -> str:
    return source.encode("utf-8", "backslashreplace").decode()


def sort_newest_first(files: dict[str, FileState]) -> list[str]:
    """Sources, the most recently changed first."""
    return sorted(files, key=lambda source: (-files[source].mtime_ns, source))
