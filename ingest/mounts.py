"""Disks and links in the corpus folder: when one is gone, what it held is kept. Pure.

An unmounted disk leaves an empty folder, and a link whose target is gone leads nowhere. Neither says that anybody
deleted a document; that the folder or the link itself is deleted does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from pathlib import PurePosixPath

from ingest.scan import Scan

_UNMOUNTED = "its disk seems to be unmounted; {kept}. Mount it again, or delete the folder to have them removed."
_BROKEN = "what this link leads to is gone; {kept}. Bring it back, or delete the link to have them removed."


def find_lost(scan: Scan, noted: Set[str], count_documents: Callable[[str], int]) -> dict[str, str]:
    """The mount points and links that lost what they held, with what to tell of each.

    `noted` are those that were known before; an empty folder that never was one is just empty. `count_documents` gives
    the number of indexed documents below a folder: where there were none, nothing is lost.
    """
    empty = noted & (scan.hollow | scan.broken)
    away = empty - scan.mounts.keys()
    links = {source for source in empty - away if _leads_into(scan.mounts[source], away)}
    counts = {source: count_documents(source) for source in sorted(away | links)}
    return {
        source: (_BROKEN if source in links or source in scan.broken else _UNMOUNTED).format(kept=_tell_kept(count))
        for source, count in counts.items()
        if count
    }


def tell_lost(scan: Scan, lost: Mapping[str, str]) -> tuple[str, ...]:
    """Have the scan say that nobody knows what is in these folders; returns sentences for the user."""
    scan.failed.update(lost)
    scan.unlisted.update(lost)
    return tuple(f"{source}: {reason}" for source, reason in lost.items())


def list_mounts(scan: Scan, noted: Set[str]) -> set[str]:
    """The mount points and links to note: those that are there now, and known ones that nobody can look at."""
    return scan.mounts.keys() | {source for source in noted if scan.may_hold(source)}


def _leads_into(target: str, folders: Set[str]) -> bool:
    return target in folders or any(str(above) in folders for above in PurePosixPath(target).parents)


def _tell_kept(count: int) -> str:
    return "its document is kept" if count == 1 else f"its {count:,} documents are kept"
