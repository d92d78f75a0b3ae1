"""What a sync tells: how far it is while it runs, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rag.index.catalog.records import Failure


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is; `total` is 0 while the number isn't known."""

    stage: str
    """``scan``, ``read`` (files), ``embed`` (chunks), or ``note`` (only `detail` counts)."""
    done: int = 0
    total: int = 0
    detail: str = ""


ProgressFn = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. Files are counted by added … unchanged, and `failed` names all that can't be read now."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    moved: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    chunks: int = 0
    """Chunks that are live after the sync."""
    embedded: int = 0
    """Texts given to the embedding model."""
    reused: int = 0
    """Chunks brought in whose vector was known already, or shared with another chunk of the same text."""
    pending: int = 0
    """Chunks still without a vector, when the sync was stopped early."""
    unsettled: int = 0
    """Files left for the next sync because they were still being written."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """Repairs and rebuilds, in sentences for the user."""
    generation: int = 0
    mounts: frozenset[str] = frozenset()
    """The folders that are mount points or links, or were when they were last looked into."""
    kept: tuple[str, ...] = ()
    """Which of them lost what they held, and that their documents are kept, in sentences for the user."""

    @property
    def is_noop(self) -> bool:
        """Whether the sync changed nothing."""
        return not (self.added or self.changed or self.removed or self.moved or self.embedded or self.notes)


@dataclass(slots=True)
class Tally:
    """What a sync has done so far. Each of its steps counts here."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    moved: int = 0
    unchanged: int = 0
    unsettled: int = 0
    embedded: int = 0
    new_chunks: int = 0
    unknown_texts: set[bytes] = field(default_factory=set)
    """Hashes of the new chunks' texts that no vector was known for."""
    notes: list[str] = field(default_factory=list)
    mounts: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()

    def count_file(self, *, is_known: bool) -> None:
        """Count a file that was brought in, in the place of a known one or as a new one."""
        if is_known:
            self.changed += 1
        else:
            self.added += 1

    def make_report(self) -> SyncReport:
        """The report of what was counted; what only the index knows is left at its defaults."""
        return SyncReport(
            added=self.added,
            changed=self.changed,
            removed=self.removed,
            moved=self.moved,
            unchanged=self.unchanged,
            unsettled=self.unsettled,
            embedded=self.embedded,
            reused=self.new_chunks - len(self.unknown_texts),
            notes=tuple(self.notes),
            mounts=self.mounts,
            kept=self.kept,
        )
