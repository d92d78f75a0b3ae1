"""Noticing damage: what gives the next writer a reason to check or to make a part anew."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Meta
from rag.index.integrity.files import stamp_lexical, stamp_vectors
from rag.index.layout import Layout

logger = logging.getLogger(__name__)


class RepairMark:
    """A file that names the parts which the next writer makes anew: ``catalog``, ``lexical``, ``vectors``."""

    def __init__(self, path: Path) -> None:
        self.on_request: Callable[[], None] = lambda: None
        """Called when a part is newly found damaged, so that a sync repairs it."""
        self._path = path
        self._told: set[str] = set()

    def request(self, part: str, reason: str) -> None:
        """Have the next writer make a part anew. `reason` is a sentence for the log."""
        if not os.access(self._path.parent, os.W_OK):
            self._warn_once(reason)
        elif part not in self.read_parts():
            logger.warning("%s", reason)
            with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as mark:
                mark.write(f"{part}\n")
            self.on_request()

    def read_parts(self) -> set[str]:
        """The parts that are to be made anew."""
        try:
            return set(self._path.read_text("utf-8", errors="replace").split())
        except OSError:
            return set()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _warn_once(self, reason: str) -> None:
        if reason not in self._told:
            logger.warning("%s", reason)
            self._told.add(reason)


def find_reasons_to_check(layout: Layout, mark: RepairMark, view: CatalogView) -> dict[str, str]:
    """Which parts are damaged or may be, and why; cheap.

    A part is ``catalog``, ``lexical`` or ``vectors``, or ``all`` after a crash.
    """
    builds, meta = view.list_builds(), view.read_meta()
    if not builds:
        return {}
    reasons = dict.fromkeys(mark.read_parts(), "A part of the index was found damaged")
    changed = "The index folder was changed by another program"
    if meta[Meta.UNCLEAN]:
        reasons["all"] = "The last run was cut short"
    elif meta[Meta.LEXICAL_STAMP] != stamp_lexical(layout.lexical):
        reasons["lexical"] = changed
    if meta[Meta.VECTORS_STAMP] != stamp_vectors(layout.vectors):
        reasons["vectors"] = changed
    if not all(layout.locate_lexical(build.id).is_dir() for build in builds):
        reasons["lexical"] = "The lexical index was missing or of an older version"
    return reasons
