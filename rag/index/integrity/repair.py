"""Making good what a crash, a damaged disk or another program did to the index."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from rag.errors import IndexDamagedError, IndexUnusableError
from rag.index.catalog.checking import Removed, remove_damaged, restore
from rag.index.catalog.database import Catalog
from rag.index.catalog.records import FORMAT, Build, Meta
from rag.index.catalog.writing import CatalogWriter
from rag.index.integrity.damage import RepairMark
from rag.index.layout import Layout
from rag.index.writing.lexical import LexicalWriter
from rag.index.writing.vectors import VectorWriter

logger = logging.getLogger(__name__)


class Repair:
    """Compares both views with the catalog and makes them equal to it. For the writer alone."""

    def __init__(self, db: CatalogWriter, layout: Layout, lexical: LexicalWriter, vectors: VectorWriter) -> None:
        self._db = db
        self._layout = layout
        self._lexical = lexical
        self._vectors = vectors

    def remove_damaged_rows(self) -> Removed:
        """Forget documents and vectors that aren't what was written; the sync at hand reads and embeds them anew."""
        with self._db.transaction():
            removed = remove_damaged(self._db)
            self._db.increase(Meta.GENERATION, Meta.VECTOR_GENERATION)
        return removed

    def repair_views(self, *, remake_lexical: bool, remake_vectors: bool, kept: Collection[bytes] = ()) -> list[str]:
        """Put back and clear away what differs, or make a view anew; returns what was done, in words.

        Vectors of the texts `kept` stay, even if no chunk carries these now.
        """
        done = [text for build in self._db.list_builds() for text in self._repair_lexical(build, remake_lexical)]
        done += self._repair_vectors(remake_vectors)
        self.clear_leftovers(kept)
        return done

    def empty_views(self) -> None:
        """Where there is no build, nothing in the views counts, and the numbers in them would be given out again."""
        shutil.rmtree(self._layout.lexical, ignore_errors=True)
        self._vectors.empty()

    def clear_leftovers(self, kept: Collection[bytes] = ()) -> None:
        """Remove what belongs to no build, also where a crash kept it from being cleared away."""
        for folder in self._lexical.list_idle_folders():
            shutil.rmtree(folder, ignore_errors=True)
        self._vectors.drop_unused_models()
        wanted = set(kept)
        self._vectors.remove([hash_ for hash_ in self._db.list_unused_hashes() if hash_ not in wanted])

    def find_problems(self) -> list[str]:
        """How both views differ from the catalog, chunk by chunk; empty if they are equal."""
        found = [text for build in self._db.list_builds() for text in self._compare_lexical(build)]
        found += [text for model_id in self._vectors.list_model_ids() for text in self._compare_vectors(model_id)]
        found += [f"lexical index: {folder} belongs to no build" for folder in self._lexical.list_idle_folders()]
        found += [f"vectors: model {id_} belongs to no build" for id_ in self._vectors.list_unknown_models()]
        if not self._vectors.is_stamp_current():
            found.append("vectors: the files are not as they were left")
        return found

    def _repair_lexical(self, build: Build, remake: bool) -> list[str]:
        try:
            if remake or not self._layout.locate_lexical(build.id).is_dir():
                raise IndexDamagedError("It is made anew.", "lexical")
            missing, surplus = self._lexical.compare(build)
        except IndexUnusableError:
            self._lexical.empty(build)
            missing, surplus = self._db.view_build(build).read_chunk_ids(), set()
        if missing or surplus:
            self._db.begin_sweep()
            self._lexical.change(build, remove=surplus, add=missing)
        return _describe_repair("lexical index", "chunk", len(missing), len(surplus))

    def _repair_vectors(self, remake: bool) -> list[str]:
        if not remake:
            try:
                done = [self._vectors.mend(model_id) for model_id in self._vectors.list_model_ids()]
                return [text for counts in done for text in _describe_repair("vectors", "vector", *counts)]
            except IndexDamagedError as exc:
                logger.warning("%s", exc)
        return _describe_repair("vectors", "vector", self._vectors.remake(), 0)

    def _compare_lexical(self, build: Build) -> list[str]:
        try:
            missing, surplus = self._lexical.compare(build)
        except IndexUnusableError as exc:
            return [str(exc)]
        return _describe_problem("lexical index", "chunk", len(missing), len(surplus))

    def _compare_vectors(self, model_id: int) -> list[str]:
        try:
            missing, surplus = self._vectors.compare(model_id)
        except IndexUnusableError as exc:
            return [str(exc)]
        return _describe_problem("vectors", "vector", len(missing), len(surplus))


def set_aside_unusable(catalog: Catalog, mark: RepairMark) -> list[str]:
    """Before writing: move a damaged catalog or one of an older format out of the way; returns what to tell the user.

    A catalog of a newer format is refused with IndexUnusableError: its program still wants it.
    """
    if not catalog.path.is_file():
        _remove_log(catalog.path)
        return []
    try:
        found, is_damaged = catalog.read_format(), "catalog" in mark.read_parts()
    except IndexDamagedError:
        found, is_damaged = FORMAT, True
    if 0 < found < FORMAT:
        return _set_aside(catalog.path, f"had the older format {found}")
    if found > FORMAT or not is_damaged or restore(catalog):
        return []
    return _set_aside(catalog.path, "was damaged")


def _set_aside(path: Path, why: str) -> list[str]:
    aside = path.with_suffix(".sqlite3.set-aside")
    try:
        os.replace(path, aside)
        _remove_log(path)
    except OSError as exc:
        raise IndexUnusableError(
            f"{path} {why} and cannot be moved away ({exc.strerror or exc}). Stop what else uses it."
        ) from exc
    return [f"The catalog {why}; it was set aside as {aside.name} and the index is built anew."]


def _remove_log(path: Path) -> None:
    """Remove the log beside the catalog, since SQLite would take an old one for the new catalog's."""
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def describe_removed(removed: Removed) -> list[str]:
    """What was removed, in words for the user."""
    return [
        *_describe("catalog", "document", {"read anew": removed.documents}),
        *_describe("catalog", "vector", {"made anew": removed.vectors}),
    ]


def _describe_repair(view: str, noun: str, missing: int, surplus: int) -> list[str]:
    return _describe(view, noun, {"put back": missing, "cleared away": surplus})


def _describe_problem(view: str, noun: str, missing: int, surplus: int) -> list[str]:
    return _describe(view, noun, {"missing": missing, "too many": surplus})


def _describe(view: str, noun: str, counts: dict[str, int]) -> list[str]:
    parts = [f"{count} {noun}{'s' * (count != 1)} {what}" for what, count in counts.items() if count]
    return [f"{view}: {' and '.join(parts)}"] if parts else []
