"""What lies where in the index folder."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from rag.private import clear_dead_folders, take_rights_from_others
from rag.text.version import ANALYZER_VERSION

LEXICAL_FORMAT = 7
"""The version of the lexical index's fields: raise it when they change, and each lexical index is made anew."""

_DOCUMENT_PARTS = {"catalog", "chroma", "lexical"}
_PARTS = _DOCUMENT_PARTS | {"asked", "models", "page", "passwords", "repair", "scratch", "uploads", "writer"}
"""The names of all that we put into the folder, up to their first dot."""


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
    def uploads(self) -> Path:
        """A folder for each process of the page, with what was uploaded and isn't in the corpus yet."""
        return self.folder / "uploads"

    @property
    def scratch(self) -> Path:
        """A folder for each process, with what it needs for a while."""
        return self.folder / "scratch"

    @property
    def repair_mark(self) -> Path:
        return self.folder / "repair"

    def locate_lexical(self, build_id: int) -> Path:
        """The folder of a build's lexical index: another one for each version, so that a new version finds none."""
        return self.lexical / f"{build_id}-{LEXICAL_FORMAT}.{ANALYZER_VERSION}"

    def tidy(self) -> None:
        """Leave the index to its user alone, and clear away what processes left that were killed.

        Of a folder that holds other things too, only the catalog and its views are touched.
        """
        clear_dead_folders(self.scratch)
        clear_dead_folders(self.uploads)
        with contextlib.suppress(OSError):  # there is no index yet
            parts = list(self.folder.iterdir())
            if all(part.name.partition(".")[0] in _PARTS for part in parts):
                take_rights_from_others(self.folder)
            for part in parts:
                if part.name.partition(".")[0] in _DOCUMENT_PARTS:
                    take_rights_from_others(part)

    def measure_bytes(self) -> int:
        """The index's size on disk, without the models."""
        size = 0
        for folder, folders, files in os.walk(self.folder):  # it passes over what is removed meanwhile
            if folder == str(self.folder):
                folders[:] = [name for name in folders if name != self.models.name]
            size += sum(_measure_file(Path(folder, name)) for name in files)
        return size


def _measure_file(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # removed meanwhile
        return 0
