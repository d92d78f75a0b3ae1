"""Which files of the corpus folder count, and what the file system says of each. Reads no file's content."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.catalog import FileState
from rag.errors import SettingsError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".ragignore"
# What editors, browsers and file managers leave beside documents while they work.
_TEMPORARY = (
    "~$*", "*~", "#*#", "*.tmp", "*.temp", "*.swp", "*.swo", "*.swx", "*.bak~", "*.part", "*.partial", "*.crdownload",
    "*.download", "*.sb-????????-??????", "thumbs.db", "desktop.ini",
)  # fmt: skip
_is_temporary = re.compile("|".join(fnmatch.translate(pattern) for pattern in _TEMPORARY), re.IGNORECASE).match


@dataclass(frozen=True, slots=True)
class Scan:
    """All files of the corpus that count, by source (the path below the folder, with forward slashes)."""

    files: dict[str, FileState] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Folders and files that could not even be looked at, with the reason."""
    began_ns: int = field(default_factory=time.time_ns)
    """When the look began, in nanoseconds since the epoch."""


def scan_corpus(corpus: Path) -> Scan:
    """Walk the corpus folder; symbolic links are followed as long as they stay inside it.

    Hidden and temporary files are left out, and what ``.ragignore`` files (gitignore rules) name.
    Raises SettingsError if the folder doesn't exist.
    """
    if not corpus.is_dir():
        what = "is not a folder" if corpus.exists() else "does not exist"
        raise SettingsError(f"The corpus folder {corpus} {what}. Create it, or name another with --corpus.")
    scan = Scan()
    walk = _Walk(os.path.realpath(corpus), scan)
    walk.folder(str(corpus), "", (), frozenset())
    return scan


class _Walk:
    def __init__(self, root: str, scan: Scan) -> None:
        self._root = root
        self._scan = scan

    def folder(self, path: str, prefix: str, specs: tuple[_Spec, ...], above: frozenset[tuple[int, int]]) -> None:
        """`prefix` is the folder's source with a slash at its end; `above` are the folders that we are in, by inode."""
        try:
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            stat = os.stat(path)
        except OSError as exc:
            self._fail(prefix.rstrip("/"), exc)
            return
        inode = (stat.st_dev, stat.st_ino)
        if inode in above:  # a link that leads back up
            return
        if any(entry.name == IGNORE_FILE for entry in entries):
            specs = (*specs, _read_spec(os.path.join(path, IGNORE_FILE), prefix))
        for entry in entries:
            if entry.name[0] != "." and not _is_temporary(entry.name):
                self._entry(entry, prefix, specs, above | {inode})

    def _entry(
        self, entry: os.DirEntry[str], prefix: str, specs: tuple[_Spec, ...], above: frozenset[tuple[int, int]]
    ) -> None:
        source = prefix + entry.name
        try:
            if entry.is_symlink() and not self._is_inside(entry.path):
                return
            is_folder = entry.is_dir()
            if specs and _is_ignored(source, is_folder, specs):
                return
            if is_folder:
                self.folder(entry.path, source + "/", specs, above)
            elif entry.is_file():
                self._file(entry, source)
        except OSError as exc:
            self._fail(source, exc)

    def _file(self, entry: os.DirEntry[str], source: str) -> None:
        # On Windows a directory entry's own stat has no inode or change time, and its size may lag.
        stat = os.stat(entry.path) if os.name == "nt" else entry.stat()
        if source.isascii() or _is_utf8(source):
            self._scan.files[source] = FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        else:
            shown = source.encode("utf-8", "backslashreplace").decode()
            self._scan.failed[shown] = "its name is not valid UTF-8; rename it"

    def _is_inside(self, path: str) -> bool:
        target = os.path.realpath(path)
        return target.startswith(self._root + os.sep)

    def _fail(self, source: str, exc: OSError) -> None:
        if not isinstance(exc, FileNotFoundError):  # removed while we looked
            self._scan.failed[source or "."] = f"cannot be looked into ({exc.strerror or exc})"


@dataclass(frozen=True, slots=True)
class _Spec:
    """The rules of one ignore file, for what lies below its folder."""

    prefix: str
    rules: GitIgnoreSpec


def _read_spec(path: str, prefix: str) -> _Spec:
    from pathspec import GitIgnoreSpec

    with open(path, encoding="utf-8", errors="replace") as file:
        return _Spec(prefix, GitIgnoreSpec.from_lines(file))


def _is_ignored(source: str, is_folder: bool, specs: Iterable[_Spec]) -> bool:
    """The last rule that matches decides, an inner folder's file after an outer one's, as in git."""
    ignored = False
    for spec in specs:
        path = source[len(spec.prefix) :] + ("/" if is_folder else "")
        verdict = spec.rules.check_file(path).include
        ignored = ignored if verdict is None else verdict
    return ignored


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def newest_first(files: dict[str, FileState]) -> list[str]:
    """Sources, the most recently changed first."""
    return sorted(files, key=lambda source: (-files[source].mtime_ns, source))
