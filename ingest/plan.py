"""Compares the folder with what the index knows of it: what has to be done to make them equal.

Pure but for one thing: a file whose state or place changed is known by its content, so the caller passes a function
that reads a file's digest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ingest.scan import Scan, sort_newest_first
from rag.index.catalog.records import FileState, KnownFile

# A file changed so shortly before it was read may change again within one tick of the file system's clock (FAT: 2 s,
# ext4: 4 ms), so its state isn't trusted and it is compared by content the next time.
_RACY_NS, _RACY_COARSE_NS = 50_000_000, 2_100_000_000


@dataclass(slots=True)
class Plan:
    """What must be done to make a build equal the folder. Lists of files are in the order of `scan`, newest first."""

    unchanged: int = 0
    touched: list[tuple[int, FileState]] = field(default_factory=list)
    """Document id and new state of files whose content is the same."""
    moved: list[tuple[KnownFile, str, FileState]] = field(default_factory=list)
    """Known content of a file that is gone, and its new path."""
    copied: list[tuple[KnownFile, str, FileState]] = field(default_factory=list)
    """Known content of a file that is still there, and the path of the copy."""
    read: list[tuple[str, FileState]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Sources that could not even be looked at, with the reason, where that is news."""
    removed: list[str] = field(default_factory=list)
    unsettled: int = 0
    """Files that are still being written and wait for the next sync."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing needs to be written."""
        return not (self.touched or self.moved or self.copied or self.read or self.unreadable or self.removed)


@dataclass(frozen=True, slots=True)
class PlanRules:
    """Which files that look changed are taken up now."""

    retry: bool = False
    """Whether files that failed before are read again."""
    settle_s: float = 0.0
    """Files that were changed less than so many seconds ago wait; 0 takes them all."""
    is_busy: Callable[[str], bool] = lambda source: False
    """Whether a file is known to be open for writing; asked only where `settle_s` is not 0."""


def make_plan(
    scan: Scan,
    known: Mapping[str, KnownFile],
    read_digest: Callable[[str], bytes | None],
    rules: PlanRules = PlanRules(),
) -> Plan:
    """Compare the folder with `known`, a build's files by source.

    `read_digest` takes a source and gives the SHA-256 of its content, None if it can't be read.
    """
    return _Comparison(scan, known, read_digest, rules).make_plan()


class _Comparison:
    """One comparison, with the tables in which it looks files up by their content."""

    def __init__(
        self,
        scan: Scan,
        known: Mapping[str, KnownFile],
        read_digest: Callable[[str], bytes | None],
        rules: PlanRules,
    ) -> None:
        self._scan = scan
        self._known = known
        self._read_digest = read_digest
        self._rules = rules
        self._removed = [source for source in known if not scan.may_hold(source)]
        self._gone = self._group_by_content(self._removed)
        # A file that changed too is about to be replaced itself, so its old content is no source for a copy.
        unchanged = (source for source in known if scan.files.get(source) == known[source].state)
        self._kept = self._group_by_content(unchanged)
        self._sizes = {file.state.size for file in known.values()}

    def make_plan(self) -> Plan:
        scan, known = self._scan, self._known
        plan = Plan(removed=self._removed)
        plan.unreadable = [
            (source, reason)
            for source, reason in scan.failed.items()
            if source not in known or known[source].reason != reason
        ]
        for source in sort_newest_first(scan.files):
            if self._is_unchanged(source):
                plan.unchanged += 1
            elif self._is_unsettled(source):
                plan.unsettled += 1
            else:
                self._plan_file(plan, source, scan.files[source])
        return plan

    def _plan_file(self, plan: Plan, source: str, state: FileState) -> None:
        """Add a file whose state is new to the list of the plan that its content puts it on."""
        file = self._known.get(source)
        may_be_known = file is not None or state.size in self._sizes
        sha256 = self._read_digest(source) if may_be_known else None
        key = (sha256 or b"", _get_ending(source))
        state = self._distrust_if_racy(state)
        if file is not None and file.sha256 == sha256 and not self._is_retried(file):
            plan.unchanged += 1
            plan.touched.append((file.document_id, state))
        elif key in self._gone:
            plan.moved.append((self._gone.pop(key), source, state))
        elif key in self._kept:
            plan.copied.append((self._kept[key], source, state))
        else:
            plan.read.append((source, state))

    def _is_unchanged(self, source: str) -> bool:
        file = self._known.get(source)
        return file is not None and file.state == self._scan.files[source] and not self._is_retried(file)

    def _is_retried(self, file: KnownFile) -> bool:
        return self._rules.retry and file.reason is not None

    def _is_unsettled(self, source: str) -> bool:
        settle_ns = self._rules.settle_s * 1e9
        if not settle_ns:
            return False
        age_ns = self._scan.began_ns - self._scan.files[source].mtime_ns
        return abs(age_ns) < settle_ns or self._rules.is_busy(source)

    def _distrust_if_racy(self, state: FileState) -> FileState:
        """The state, spoilt if the file changed so shortly before the scan that it may have changed again since."""
        # The change time can't be set by programs as the other can, except on Windows, where it is another thing.
        changed_ns = state.mtime_ns if os.name == "nt" else state.ctime_ns
        is_coarse = state.mtime_ns % 1_000_000_000 == state.ctime_ns % 1_000_000_000 == 0
        racy_ns = _RACY_COARSE_NS if is_coarse else _RACY_NS
        return state if self._scan.began_ns - changed_ns > racy_ns else state._replace(ctime_ns=-1)

    def _group_by_content(self, sources: Iterable[str]) -> dict[tuple[bytes, str], KnownFile]:
        """The files that could be read, by their content's digest and their ending."""
        files = ((source, self._known[source]) for source in sources)
        return {(file.sha256, _get_ending(source)): file for source, file in files if file.reason is None}


def _get_ending(source: str) -> str:
    """The name's ending. It decides between formats that look alike, so it has to be equal if content is shared."""
    return PurePosixPath(source).suffix.lower()
