"""The files of the two views: what they looked like when we left them, and checksums of what is in them.

Opening a damaged graph crashes the process inside Chroma's native code (1.5.9), or finds nonsense in silence; no
exception tells. So a stamp of sizes and times shows before a view is opened whether something else changed its files.
A flipped bit changes neither; the checksums show it. Each file is read once after it was written, and again only to
check it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.errors import IndexDamagedError, advise_repair
from rag.index.catalog.records import FileDigest
from rag.index.layout import Layout

BEING_MADE = -1
"""In place of the vectors' stamp, while they are made anew."""

_DIGEST_BYTES = 6
_SMALL_BYTES = 10_000_000

_FileEntry = tuple[str, int, int]
"""Path below the folder, bytes, time of change in nanoseconds."""


# ---- stamps


def stamp_lexical(folder: Path) -> int:
    """A number that changes when a file of the lexical index does; reading it changes nothing. 0 without any file."""
    return _digest_entries(_list_lexical_files(folder))


def stamp_vectors(folder: Path) -> int:
    """A number that changes when the graph's files or the size of Chroma's database do. Searching changes neither."""
    return _digest_entries(sorted(_list_vector_files(folder)))


def _digest_entries(seen: list[_FileEntry]) -> int:
    if not seen:
        return 0
    return int.from_bytes(hashlib.blake2b(repr(seen).encode(), digest_size=_DIGEST_BYTES).digest(), "big")


# ---- checksums


def make_file_digests(layout: Layout, known: Mapping[str, FileDigest]) -> dict[str, FileDigest]:
    """The state of all files that are there. Files of the same size and time as the `known` ones aren't read again."""
    digests = {}
    for name, size, mtime_ns in _list_view_files(layout):
        old = known.get(name)
        if old is not None and (old.size, old.mtime_ns) == (size, mtime_ns):
            digests[name] = old
        elif (digest := _digest_file(layout.folder / name)) is not None:
            digests[name] = FileDigest(size, mtime_ns, digest)
    return digests


def find_damaged_files(layout: Layout, known: Mapping[str, FileDigest], below: Path) -> Iterator[str | None]:
    """Names of files in the folder `below` whose content isn't what was written; None for each that is sound.

    Files of another size or time are left out: the stamps tell of them, or a writer is at work.
    """
    prefix = f"{below.relative_to(layout.folder).as_posix()}/"
    for name, size, mtime_ns in _list_view_files(layout):
        noted = known.get(name)
        if noted is not None and name.startswith(prefix) and (noted.size, noted.mtime_ns) == (size, mtime_ns):
            yield name if _digest_file(layout.folder / name) not in (noted.digest, None) else None


def require_sound_files(layout: Layout, known: Mapping[str, FileDigest], below: Path, part: str) -> None:
    """Raises IndexDamagedError if a file in the folder `below` isn't what was written; `part` is whose it is.

    For whoever opens it: a few hundredths of a second at most, so that a large part is left to `check`.
    """
    prefix = f"{below.relative_to(layout.folder).as_posix()}/"
    if sum(noted.size for name, noted in known.items() if name.startswith(prefix)) > _SMALL_BYTES:
        return
    for name in find_damaged_files(layout, known, below):
        if name is not None:
            raise IndexDamagedError(f"{layout.folder / name} is damaged. {advise_repair(layout.folder)}", part)


def require_whole_segments(layout: Layout, known: Mapping[str, FileDigest]) -> None:
    """Raises IndexDamagedError if a file of the lexical index is shorter than what was written.

    For whoever opens it, however large it is: tantivy maps these files, and what is missing of one ends the process.
    """
    prefix = f"{layout.lexical.name}/"
    for name, size in _list_segments(layout.lexical):
        noted = known.get(prefix + name)
        if noted is not None and size < noted.size:
            raise _explain_short_file(layout, layout.lexical / name)


class MappedSizes:
    """The sizes of the lexical index's files when they were mapped, to be compared before each use: 1 µs a file.

    Files of a segment never change once they are written; that they vanish harms nobody who has them open.
    """

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._layout = layout
        self._sizes = [(os.path.join(folder, name), size) for name, size in _list_segments(folder)]

    def require_unchanged(self) -> None:
        """Raises IndexDamagedError if one has been cut short since."""
        for path, size in self._sizes:
            try:
                is_short = os.stat(path).st_size < size
            except OSError:
                continue
            if is_short:
                raise _explain_short_file(self._layout, Path(path))


def _list_segments(folder: Path) -> Iterator[tuple[str, int]]:
    return ((name, size) for name, size, _ in _list_lexical_files(folder) if not name.endswith(".json"))


def _explain_short_file(layout: Layout, path: Path) -> IndexDamagedError:
    return IndexDamagedError(f"{path} was cut short. {advise_repair(layout.folder)}", "lexical")


def _digest_file(path: Path) -> int | None:
    """None if the file is gone meanwhile. Other OSErrors are raised: a disk that can't be read is no empty file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
    except FileNotFoundError:
        return None
    return int.from_bytes(digest.digest(), "big")


# ---- the files


def _list_view_files(layout: Layout) -> Iterator[_FileEntry]:
    """The files that only a writer changes, by their path below the index folder: not Chroma's database."""
    for name, size, mtime_ns in _list_lexical_files(layout.lexical):
        yield f"{layout.lexical.name}/{name}", size, mtime_ns
    for name, size, mtime_ns in _list_vector_files(layout.vectors):
        if mtime_ns:
            yield f"{layout.vectors.name}/{name}", size, mtime_ns


def _list_lexical_files(folder: Path) -> list[_FileEntry]:
    return [entry for entry in _list_files(folder) if not entry[0].endswith(".lock")]


def _list_vector_files(folder: Path) -> Iterator[_FileEntry]:
    """Chroma's database, without its time, and the files of the graphs that are written."""
    files = list(_list_files(folder))
    # Until Chroma first writes a graph, at 2,000 vectors, its files are empty forms that every opening makes anew.
    written = {os.path.dirname(name) for name, size, _ in files if name.endswith("link_lists.bin") and size}
    for name, size, mtime_ns in files:
        if os.path.dirname(name) in written:
            yield name, size, mtime_ns
        elif name == "chroma.sqlite3":  # opening it changes its time
            yield name, size, 0


def _list_files(folder: Path, prefix: str = "") -> Iterator[_FileEntry]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir():
            yield from _list_files(Path(entry.path), f"{prefix}{entry.name}/")
        else:
            try:
                stat = entry.stat()
            except OSError:  # gone meanwhile
                continue
            yield prefix + entry.name, stat.st_size, stat.st_mtime_ns
