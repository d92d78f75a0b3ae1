"""The files of the corpus folder that count, and what the file system says of each. No file's content is read."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rag.errors import CorpusError, SettingsError
from rag.index.catalog.records import FileState
from rag.private import identify_file

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".ragignore"
# What editors, browsers and file managers leave beside documents while they work.
_TEMPORARY_ENDINGS = {"tmp", "temp", "swp", "swo", "swx", "part", "partial", "crdownload", "download"}
_TEMPORARY_NAMES = {"thumbs.db", "desktop.ini"}
_MOST_INODE = 2**63 - 1
_LONGEST_IGNORE_FILE = 1_000_000
"""Bytes of an ignore file; what follows is no rule that anybody wrote."""
_is_sandboxed = re.compile(r"\.sb-.{8}-.{6}$").search  # macOS, while it saves


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look at the corpus folder found."""

    files: dict[str, FileState] = field(default_factory=dict)
    """All files that count, by source (the path below the folder, with forward slashes)."""
    failed: dict[str, str] = field(default_factory=dict)
    """Folders and files that could not even be looked at, with the reason."""
    unlisted: set[str] = field(default_factory=set)
    """What failed and may be a folder: nobody knows what is in it."""
    mounts: dict[str, str] = field(default_factory=dict)
    """The folders whose files come from elsewhere: a mount point by its own source, a link by that of its target."""
    hollow: set[str] = field(default_factory=set)
    """Folders without anything in them that counts."""
    broken: set[str] = field(default_factory=set)
    """Links that lead nowhere."""
    inode: int = 0
    """The corpus folder's number on its disk, in 63 bits: another one than before where that disk isn't mounted."""
    began_ns: int = field(default_factory=time.time_ns)
    """When the look began, in nanoseconds since the epoch."""

    def may_hold(self, source: str) -> bool:
        """Whether there is such a file, or may be: it couldn't be looked at, or lies in a folder that couldn't."""
        if source in self.files or source in self.failed:
            return True
        return bool(self.unlisted) and any(str(above) in self.unlisted for above in PurePosixPath(source).parents)


def scan_corpus(corpus: Path, leave_out: Path | None = None) -> Scan:
    """Walk the corpus folder; symbolic links are followed as long as they stay inside it.

    Left out are hidden and temporary files, what ``.ragignore`` files (gitignore rules) name, and one folder. A link is
    also left out where the file or folder that it leads to is.
    Raises SettingsError if the corpus folder doesn't exist, or is the one to be left out; CorpusError if it can't be
    listed.
    """
    left_out = identify_file(leave_out) if leave_out else None
    try:
        _require_folder(corpus, left_out)
        scan = Scan(inode=corpus.stat().st_ino & _MOST_INODE)
        _Walk(os.path.realpath(corpus), scan, left_out).run(str(corpus))
    except OSError as exc:
        raise CorpusError(
            f"The corpus folder {corpus} cannot be read ({exc.strerror or exc}). Nothing was removed from the index. "
            "Check the folder's rights and its disk, and try again."
        ) from exc
    return scan


def _require_folder(corpus: Path, left_out: tuple[int, int] | None) -> None:
    if not corpus.is_dir():
        what = "is not a folder" if corpus.exists() else "does not exist"
        raise SettingsError(
            f"The corpus folder {corpus} {what}. Create it, or name another with --corpus or RAG_CORPUS_DIR."
        )
    if left_out is not None and left_out == identify_file(corpus):
        raise SettingsError(
            f"{corpus} can't be both the corpus folder and the index folder. Name another with --index."
        )


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
class _Way:
    """A path by which a folder can be reached, below the corpus folder."""

    prefix: str
    """The folder's source, with a slash at the end; empty for the corpus folder."""
    rules: tuple[_Rules, ...] = ()
    """Rules of the ignore files in the folders above, outermost first; of its own too, once it is entered."""

    def ignores(self, name: str, is_folder: bool) -> bool:
        """Whether the rules leave that file or folder of the folder out."""
        return bool(self.rules) and _is_ignored(self.prefix + name, is_folder, self.rules)

    def enter(self, name: str) -> _Way:
        return _Way(f"{self.prefix}{name}/", self.rules)


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder that is to be walked. Below a link there are two ways, and the rules on both hold."""

    path: str
    way: _Way
    """The way to its files' sources."""
    real_way: _Way | None = None
    """The way without links; None where that is the same."""
    above: frozenset[tuple[int, int]] = frozenset()
    """Device and inode of the folders above."""
    device: int | None = None
    """The device of the folder that it was found in; None for the corpus folder."""

    def ignores(self, name: str, is_folder: bool) -> bool:
        is_ignored = self.way.ignores(name, is_folder)
        return is_ignored or (self.real_way is not None and self.real_way.ignores(name, is_folder))


class _Walk:
    """Takes the files of a folder and of all folders below it into a scan.

    It isn't recursive, because a path of 4,096 characters can be 2,000 folders deep.
    """

    def __init__(self, root: str, scan: Scan, left_out: tuple[int, int] | None) -> None:
        self._root = root
        self._scan = scan
        self._left_out = left_out
        self._entered: dict[str, _Way | None] = {root: _Way("")}
        """By real path: the way into each folder that a link led to or through; None for one that is left out."""

    def run(self, corpus: str) -> None:
        """Raises OSError if the corpus folder itself can't be listed."""
        if os.path.lexists(os.path.join(corpus, IGNORE_FILE)):
            self._entered[self._root] = self._add_rules(corpus, _Way(""))
        folders = self._take_folder(_Folder(corpus, _Way("")))
        while folders:
            folder = folders.pop()
            try:
                folders += self._take_folder(folder)
            except OSError as exc:
                # Windows finds nothing at a junction whose target is gone, though the junction is there.
                self._fail(folder.way.prefix.rstrip("/"), exc, is_there=os.path.lexists(folder.path))

    def _take_folder(self, folder: _Folder) -> list[_Folder]:
        """Take the folder's files in; returns the folders in it."""
        with os.scandir(folder.path) as found:
            entries = list(found)
        status = stat_folder(folder.path)
        inode = status.st_dev, status.st_ino
        if inode in folder.above or inode == self._left_out:  # a link that leads back up, or the index
            return []
        if any(entry.name == IGNORE_FILE for entry in entries):
            real_way = folder.real_way and self._add_rules(folder.path, folder.real_way)
            folder = replace(folder, way=self._add_rules(folder.path, folder.way), real_way=real_way)
        counting = [entry for entry in entries if not is_left_out(entry.name)]
        source = _make_printable(folder.way.prefix.rstrip("/"))
        if folder.device not in (None, status.st_dev):
            self._scan.mounts.setdefault(source, source)
        if not counting:
            self._scan.hollow.add(source)
        entered = replace(folder, above=folder.above | {inode}, device=status.st_dev)
        inner = (self._take_entry(entry, entered) for entry in counting)
        return [one for one in inner if one is not None]

    def _add_rules(self, path: str, way: _Way) -> _Way:
        """The way with the rules of the ignore file in the folder; as it is, and a failure, if they can't be used."""
        from pathspec import GitIgnoreSpec

        name = os.path.join(path, IGNORE_FILE)
        try:
            if not stat.S_ISREG(os.stat(name).st_mode):  # a pipe would be waited for without end
                raise ValueError("it is no file")
            with open(name, encoding="utf-8-sig", errors="replace") as file:
                rules = GitIgnoreSpec.from_lines(file.read(_LONGEST_IGNORE_FILE).splitlines())
        except (OSError, ValueError) as exc:  # ValueError: a rule that isn't one
            reason = exc.strerror if isinstance(exc, OSError) else exc
            self._scan.failed[_make_printable(way.prefix + IGNORE_FILE)] = f"its rules cannot be used ({reason})"
            return way
        return replace(way, rules=(*way.rules, _Rules(way.prefix, rules)))

    def _take_entry(self, entry: os.DirEntry[str], folder: _Folder) -> _Folder | None:
        """Take a file in; returns a folder, which is still to be walked."""
        source = folder.way.prefix + entry.name
        try:
            is_folder = entry.is_dir()
            if folder.ignores(entry.name, is_folder):
                return None
            real_way = folder.real_way and folder.real_way.enter(entry.name)
            if entry.is_symlink():
                real_way = self._find_way(os.path.realpath(entry.path), is_folder)
                if real_way is None:
                    return None
                self._note_link(source, real_way, entry)
            if is_folder:
                return _Folder(entry.path, folder.way.enter(entry.name), real_way, folder.above, folder.device)
            if entry.is_file():
                self._take_file(entry, source)
        except OSError as exc:
            self._fail(source, exc)
        return None

    def _note_link(self, source: str, target: _Way, entry: os.DirEntry[str]) -> None:
        if entry.is_dir():
            self._scan.mounts[_make_printable(source)] = _make_printable(target.prefix.rstrip("/"))
        elif not entry.is_file():
            self._scan.broken.add(_make_printable(source))

    def _find_way(self, path: str, is_folder: bool) -> _Way | None:
        """The way to what a link leads to; None where that isn't within the corpus folder, or is left out of it."""
        if not path.startswith(self._root.rstrip(os.sep) + os.sep):
            return None
        above, name = os.path.split(path)
        way = self._enter(above)
        if way is None or is_left_out(name) or way.ignores(name, is_folder):
            return None
        return way.enter(name)

    def _enter(self, path: str) -> _Way | None:
        """The way into the folder with that real path, with all rules for what is in it; None if it is left out."""
        missing = []
        while path not in self._entered:
            missing.append(path)
            path = os.path.dirname(path)
        way = self._entered[path]
        for inner in reversed(missing):
            way = self._entered[inner] = way and self._enter_from(way, inner)
        return way

    def _enter_from(self, way: _Way, path: str) -> _Way | None:
        name = os.path.basename(path)
        if is_left_out(name) or way.ignores(name, is_folder=True):
            return None
        if self._left_out is not None and identify_file(path) == self._left_out:
            return None
        way = way.enter(name)
        return self._add_rules(path, way) if os.path.lexists(os.path.join(path, IGNORE_FILE)) else way

    def _take_file(self, entry: os.DirEntry[str], source: str) -> None:
        # On Windows a directory entry's own stat has no inode or change time, and its size may lag.
        status = os.stat(entry.path) if os.name == "nt" else entry.stat()
        printable = source if source.isascii() else _make_printable(source)
        if printable == source:
            self._scan.files[source] = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        else:
            self._scan.failed[printable] = "its name is not valid UTF-8; rename it"

    def _fail(self, source: str, exc: OSError, *, is_there: bool = False) -> None:
        # What was removed while we looked, or is a link to itself, isn't there.
        is_gone = isinstance(exc, FileNotFoundError) and not is_there
        if not is_gone and not isinstance(exc, NotADirectoryError) and exc.errno != errno.ELOOP:
            printable = _make_printable(source)
            self._scan.failed[printable] = f"cannot be looked into ({exc.strerror or exc})"
            self._scan.unlisted.add(printable)  # it may be a link to a folder on a disk that doesn't answer


def stat_folder(path: str) -> os.stat_result:
    """What the file system says of a folder. By the dot in it: where no file can be looked at, this fails too."""
    return os.stat(os.path.join(path, "."))


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
