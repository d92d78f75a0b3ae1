"""What lies where in the index folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.text.version import ANALYZER_VERSION

LEXICAL_FORMAT = 4
"""Raise it when the fields change; an index of another format is rebuilt."""


@dataclass(frozen=True)
class Layout:
    """The parts of the index in one folder."""

    folder: Path

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog.sqlite3"

    @property
    def vectors(self) -> Path:
        return self.folder / "chroma"

    @property
    def lexical(self) -> Path:
        return self.folder / "lexical"

    @property
    def models(self) -> Path:
        """The embedding and reranking models, which are no part of the index itself."""
        return self.folder / "models"

    @property
    def repair_mark(self) -> Path:
        return self.folder / "repair"

    def locate_lexical(self, build_id: int) -> Path:
        """One folder a build and version of the text analysis, so that a new version is simply missing."""
        return self.lexical / f"{build_id}-{LEXICAL_FORMAT}.{ANALYZER_VERSION}"

    def measure_bytes(self) -> int:
        """Size on disk, without the models."""
        files = (path for path in self.folder.rglob("*") if self.models not in path.parents)
        return sum(_measure_file(path) for path in files)


def _measure_file(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # removed meanwhile
        return 0
