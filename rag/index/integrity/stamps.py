"""What the files of the two views looked like when we left them, so that damage shows before they are opened.

Opening a damaged graph crashes the process inside Chroma's native code (1.5.9), or finds nonsense in silence; no
exception tells.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

FileEntry = tuple[str, int, int]
"""Path below the folder, bytes, time of change in nanoseconds."""
BEING_MADE = -1
"""In place of the vectors' stamp, while they are made anew."""


def stamp_lexical(folder: Path) -> int:
    """Changes when a file of the lexical index does; reading it changes nothing. 0 without any."""
    return _digest(list_lexical_files(folder))


def stamp_vectors(folder: Path) -> int:
    """Changes when the graph's files or the size of Chroma's database do. Searching changes neither."""
    return _digest(sorted(_list_vector_files(folder)))


def list_lexical_files(folder: Path) -> list[FileEntry]:
    """Files that only a writer changes."""
    return [entry for entry in _list_files(folder) if not entry[0].endswith(".lock")]


def list_graph_files(folder: Path) -> list[FileEntry]:
    """Files that only a writer changes: those of written graphs, not Chroma's database."""
    return [entry for entry in _list_vector_files(folder) if entry[2]]


def _list_vector_files(folder: Path) -> Iterator[FileEntry]:
    files = list(_list_files(folder))
    # Until Chroma first writes a graph, at 2,000 vectors, its files are empty forms that every opening makes anew.
    written = {os.path.dirname(name) for name, size, _ in files if name.endswith("link_lists.bin") and size}
    for name, size, mtime_ns in files:
        if os.path.dirname(name) in written:
            yield name, size, mtime_ns
        elif name == "chroma.sqlite3":  # opening it changes its time
            yield name, size, 0


def _list_files(folder: Path, prefix: str = "") -> Iterator[FileEntry]:
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


def _digest(seen: list[FileEntry]) -> int:
    if not seen:
        return 0
    return int.from_bytes(hashlib.blake2b(repr(seen).encode(), digest_size=6).digest(), "big")
