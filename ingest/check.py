"""Check the whole index against what was written, and repair what differs."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from ingest.pipeline import Pipeline
from ingest.report import SyncReport
from ingest.sync import SyncOptions, sync_corpus
from rag.errors import IndexLockedError, IndexUnusableError, advise_repair
from rag.index.index import Index
from rag.index.integrity.check import Damage


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found, and the sync that repaired it."""

    damage: tuple[Damage, ...]
    sync: SyncReport


def check_index(index: Index, pipeline: Pipeline, options: SyncOptions) -> CheckReport:
    """Read everything, repair what isn't as it was written, and bring the index up to date with the folder.

    Raises IndexUnusableError where something can't be repaired, with the cause, and what `sync_corpus` raises.
    """
    notes: tuple[str, ...] = ()
    damage = index.find_damage()
    if damage is None:  # the last run was cut short: that is put right first, and looked at again
        notes = sync_corpus(index, pipeline, options).notes
        damage = _find_damage_undisturbed(index)
    _request_repairs(index, damage)
    report = sync_corpus(index, pipeline, options)
    if damage and (left := _find_damage_undisturbed(index)):
        raise IndexUnusableError(
            f"{left[0].reason} It was repaired, and is damaged again: the disk that holds {index.folder} may be "
            "failing. Check it, and choose a folder on another disk with --index or RAG_INDEX_DIR."
        )
    return CheckReport(tuple(damage), replace(report, notes=(*notes, *report.notes)))


def _find_damage_undisturbed(index: Index) -> list[Damage]:
    damage = index.find_damage()
    if damage is None:
        raise IndexLockedError(f"The index {index.folder} is being written meanwhile. Check it when that is done.")
    return damage


def _request_repairs(index: Index, damage: list[Damage]) -> None:
    if damage and not os.access(index.folder, os.W_OK):
        raise IndexUnusableError(f"{damage[0].reason} {advise_repair(index.folder)}")
    for one in damage:
        index.request_repair(one.part, one.reason)
