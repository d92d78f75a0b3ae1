"""Checksums of the views' files. Each file is read once after it was written, and again only to check it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.errors import IndexDamagedError, advise_repair
from rag.index.catalog.records import FileDigest
from rag.index.integrity.stamps import list_graph_files, list_lexical_files
from rag.index.layout import Layout

_DIGEST_BYTES = 6
_SMALL_BYTES = 10_000_000


def make_file_digests(layout: Layout, known: Mapping[str, FileDigest]) -> dict[str, FileDigest]:
    """Of all files that are there. What is known of files of the same size and time is taken over unread."""
    digests = {}
    for name, size, mtime_ns in _list_files(layout):
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
    for name, size, mtime_ns in _list_files(layout):
        noted = known.get(name)
        if noted is not None and name.startswith(prefix) and (noted.size, noted.mtime_ns) == (size, mtime_ns):
            yield name if _digest_file(layout.folder / name) not in (noted.digest, None) else None


def require_sound_files(layout: Layout, known: Mapping[str, FileDigest], below: Path, part: str) -> None:
    """Raises IndexDamagedError if a file in the folder `below` isn't what was written; `part` is whose it is.

    For whoever opens it: a few hundredths of a second at most, so that a large part is left to `check`.
    """
    if _measure_files(known, layout, below) > _SMALL_BYTES:
        return
    for name in find_damaged_files(layout, known, below):
        if name is not None:
            raise IndexDamagedError(f"{layout.folder / name} is damaged. {advise_repair(layout.folder)}", part)


def _measure_files(known: Mapping[str, FileDigest], layout: Layout, below: Path) -> int:
    """Bytes that `find_damaged_files` would read."""
    prefix = f"{below.relative_to(layout.folder).as_posix()}/"
    return sum(noted.size for name, noted in known.items() if name.startswith(prefix))


def _list_files(layout: Layout) -> Iterator[tuple[str, int, int]]:
    for folder, entries in (
        (layout.lexical, list_lexical_files(layout.lexical)),
        (layout.vectors, list_graph_files(layout.vectors)),
    ):
        for name, size, mtime_ns in entries:
            yield f"{folder.name}/{name}", size, mtime_ns


def _digest_file(path: Path) -> int | None:
    """None if the file is gone meanwhile. Other OSErrors are raised: a disk that can't be read is no empty file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
    except FileNotFoundError:
        return None
    return int.from_bytes(digest.digest(), "big")
