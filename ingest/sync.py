"""Makes the index equal to the folder: compare, reuse what is known, read and embed the rest.

Idempotent: a sync looks at the folder's state, never at events. What changed is readable and lexically findable first;
vectors follow, newest files first, unless the change is small enough for both at once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.mounts import find_lost, list_mounts, tell_lost
from ingest.pipeline import Pipeline
from ingest.plan import Plan, PlanRules, make_plan
from ingest.report import Progress, ProgressFn, SyncReport, Tally
from ingest.scan import Scan, scan_corpus
from rag.errors import CorpusError, IndexDamagedError
from rag.index.catalog.records import Build, KnownFile
from rag.index.index import Index
from rag.index.snapshot import Snapshot
from rag.logs.steps import begin_request, log_step

if TYPE_CHECKING:
    from rag.index.writing.writer import IndexWriter

logger = logging.getLogger(__name__)

_PASSES = 3  # tries at files that change while they are read, before they are taken as they are
_UNSETTLED_S = 1.0  # for so long vectors are made while files wait that were still being written
_VECTOR_PART = 64  # texts embedded between two looks at `must_stop`: about a second on two cores


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync. The defaults suit a command that runs once."""

    rebuild: bool = False
    """Read every file anew, beside the index that serves meanwhile."""
    retry: bool = False
    """Give failed files another try."""
    settle_s: float = 0.0
    """Files changed less than so many seconds ago wait for the next sync."""
    wait_s: float = 10.0
    """How many seconds another writer is waited for."""
    is_busy: Callable[[str], bool] = lambda source: False
    """Whether a file is open for writing and waits for the next sync; asked only where `settle_s` is not 0."""
    progress: ProgressFn = lambda progress: None
    must_stop: Callable[[], bool] = lambda: False
    """Asked about once a second. What is done by then stays done."""


def sync_corpus(index: Index, pipeline: Pipeline, options: SyncOptions = SyncOptions()) -> SyncReport:
    """Bring the index up to date with the corpus folder.

    Raises SettingsError without a corpus folder, CorpusError for one that can't be read, IndexLockedError,
    IndexUnusableError.
    """
    began = time.perf_counter()
    begin_request()
    try:
        report = _sync_once(index, pipeline, options)
    except IndexDamagedError as exc:  # what was done before is still there, and the part is made anew now
        index.request_repair(exc.part, str(exc))
        report = _sync_once(index, pipeline, options)
    report = replace(report, seconds=time.perf_counter() - began)
    names = ("added", "changed", "removed", "moved", "unchanged", "chunks", "embedded", "reused", "pending")
    counts = {name: getattr(report, name) for name in names}
    level = logging.DEBUG if report.is_noop else logging.INFO
    log_step(logger, "synced", counts, level=level, failed=len(report.failed), seconds=round(report.seconds, 3))
    return report


def plan_sync(index: Index, pipeline: Pipeline) -> Plan:
    """What a sync would do now; changes nothing."""
    corpus, fingerprint = pipeline.settings.corpus_dir, pipeline.make_fingerprint()

    def read_known_files(snapshot: Snapshot) -> dict[str, KnownFile]:
        tell_lost(scan, find_lost(scan, snapshot.read_mounts(), snapshot.count_documents))
        return snapshot.read_known_files() if snapshot.build.fingerprint == fingerprint else {}

    scan = scan_corpus(corpus, index.folder)
    known = index.read(read_known_files) if index.is_current_format() else {}
    if known:
        _require_same_folder(corpus, scan, index.read(lambda snapshot: snapshot.corpus_inode))
    return make_plan(scan, known, lambda source: _read_digest(corpus / source))


def _sync_once(index: Index, pipeline: Pipeline, options: SyncOptions) -> SyncReport:
    options.progress(Progress("scan"))
    index.tidy()
    scan = scan_corpus(pipeline.settings.corpus_dir, index.folder)
    if not options.rebuild and index.looks_sound():
        report = index.read(partial(_report_if_unchanged, pipeline, scan, options.retry))
        if report is not None:
            return report

    def tell(text: str) -> None:
        options.progress(Progress("note", detail=text))

    with index.writing(wait_s=options.wait_s, on_wait=tell) as writer:
        return _Sync(index, writer, pipeline, options).run()


# ---- the quick look: whether the index equals the folder already, found out without becoming the writer


def _report_if_unchanged(pipeline: Pipeline, scan: Scan, retry: bool, snapshot: Snapshot) -> SyncReport | None:
    """The report of a sync that has nothing to do; None if there may be something to do."""
    if snapshot.is_being_rebuilt or snapshot.build.fingerprint != pipeline.make_fingerprint():
        return None
    noted = snapshot.read_mounts()
    kept = tell_lost(scan, find_lost(scan, noted, snapshot.count_documents))
    if noted != list_mounts(scan, noted):
        return None
    if not _equals_folder(snapshot, scan, retry=retry):
        return None
    if snapshot.build.model_id is not None and snapshot.embedding != pipeline.read_known_embedding():
        return None  # the files of the model that made the vectors are gone or others: the writer sees to it
    report = _add_totals(SyncReport(unchanged=len(scan.files), mounts=frozenset(noted), kept=kept), snapshot)
    return None if report.pending else report


def _equals_folder(snapshot: Snapshot, scan: Scan, *, retry: bool) -> bool:
    """Whether the index knows just the files of the folder, as they are; `retry` takes failed ones for changed."""
    count = 0
    for source, state, reason in snapshot.read_file_states():
        if source not in scan.files and source not in scan.failed and scan.may_hold(source):
            continue  # nobody can look whether it changed
        count += 1
        if scan.files.get(source) != state and (reason is None or scan.failed.get(source) != reason):
            return False
        if retry and reason is not None:
            return False
    return count == len(scan.files) + len(scan.failed)


def _add_totals(report: SyncReport, snapshot: Snapshot) -> SyncReport:
    """The report with what the index itself says: its chunks, its failed files, its generation."""
    _, chunks, vectors = snapshot.count_all()
    return replace(
        report,
        chunks=chunks,
        pending=chunks - vectors,
        failed=tuple(snapshot.list_failures()),
        generation=snapshot.generation,
    )


# ---- the sync itself


@dataclass(frozen=True, slots=True)
class _Sync:
    """One sync with the writer's lock held."""

    index: Index
    writer: IndexWriter
    pipeline: Pipeline
    options: SyncOptions
    tally: Tally = field(default_factory=Tally)

    def run(self) -> SyncReport:
        build = self._open_build()
        scan, is_complete = self._take_folder(build)
        if is_complete:
            self.writer.sweep()
            self._embed_pending(build)
        is_equal = is_complete and not self.tally.unsettled and not self._lacks_unlisted(build, scan)
        if not self._go_live(build, is_equal):
            self._remove_from_live(scan)
        self.writer.sweep()
        report = self.index.read(partial(_add_totals, self.tally.make_report()))
        return replace(report, notes=(*self.writer.notes, *report.notes))

    def _open_build(self) -> Build:
        """The live build if it was made with the same settings, else one beside it."""
        live = self.writer.find_live_build()
        embedding = self.pipeline.read_known_embedding()
        if embedding is None and live is not None and live.model_id is not None:
            # The model's files are gone: they are made anew first, unless there are words to take in meanwhile.
            embedder = self.pipeline.await_embedder(self.options.must_stop)
            embedding = None if embedder is None else embedder.fingerprint
        build = self.writer.open_build(self.pipeline.make_fingerprint(), embedding, anew=self.options.rebuild)
        if live is not None and build.id != live.id:
            difference = _tell_difference(live, build, self.options.rebuild)
            self._note(f"The index is rebuilt: {difference}. The old one serves until then.")
        return build

    def _take_folder(self, build: Build) -> tuple[Scan, bool]:
        """Make the build's chunks equal to the folder; returns the scan, and False if it was stopped early.

        Files that change while they are read are given a few tries.
        """
        from ingest.intake import Intake

        waits_for_files = bool(self.options.settle_s)  # then whoever asked comes again anyway
        tries = 1 if waits_for_files else _PASSES
        for number in range(1, tries + 1):
            known = self.writer.view(build).read_known_files()
            scan, plan = self._compare(known, retry=self.options.retry and number == 1)
            if number == 1:
                self.tally.unchanged = plan.unchanged
            takes_torn = number == tries and not waits_for_files
            intake = Intake(self.writer, self.pipeline, build, plan, known, scan.files, self.tally, takes_torn)
            is_complete = intake.run(self.options.progress, self.options.must_stop)
            if not intake.torn or not is_complete:
                break
        self.tally.unsettled = plan.unsettled + len(intake.torn)
        return scan, is_complete

    def _compare(self, known: dict[str, KnownFile], *, retry: bool) -> tuple[Scan, Plan]:
        corpus = self.pipeline.settings.corpus_dir
        rules = PlanRules(retry=retry, settle_s=self.options.settle_s, is_busy=self.options.is_busy)
        for _ in range(2):
            scan = scan_corpus(corpus, self.index.folder)
            self._heed_mounts(scan)
            plan = make_plan(scan, known, lambda source: _read_digest(corpus / source), rules)
            self._heed_folder(scan)
            if not plan.removed:  # A file on its way between two folders may have been missed in both: look once more.
                break
        return scan, plan

    def _heed_mounts(self, scan: Scan) -> None:
        """Have the documents kept of disks and links that lost them, unless a rebuild takes the folder as it is."""
        noted, live = self.writer.read_mounts(), self.writer.find_live_build()
        lost = {}
        if live is not None and not self.options.rebuild:
            lost = find_lost(scan, noted, self.writer.view(live).count_documents)
        self.tally.kept = tell_lost(scan, lost)
        mounts = list_mounts(scan, noted)
        self.tally.mounts = frozenset(mounts)
        self.writer.note_mounts(mounts)

    def _heed_folder(self, scan: Scan) -> None:
        """Remember which folder has the files, and refuse an empty one that has taken its place.

        Raises CorpusError. Whoever asks for a rebuild means the folder that is there.
        """
        if scan.files:
            self.writer.note_corpus(scan.inode)
        elif not self.options.rebuild:
            live = self.writer.find_live_build()
            if live is not None and self.writer.view(live).read_known_files():
                _require_same_folder(self.pipeline.settings.corpus_dir, scan, self.writer.corpus_inode)

    def _embed_pending(self, build: Build) -> None:
        """Give vectors to the chunks that have none, newest files first.

        The first time, the model takes a while to be prepared: words of new files don't wait for that either.
        """
        if not self.writer.view(build).count_pending():
            return
        began = time.monotonic()

        def must_stop() -> bool:
            # A file that was still being written may be whole by now, and its words come before old vectors.
            is_due = bool(self.tally.unsettled) and time.monotonic() - began > _UNSETTLED_S
            return is_due or self.options.must_stop()

        embedder = self.pipeline.await_embedder(must_stop)
        if embedder is None or not build.has_vectors_of(embedder.fingerprint):
            return  # the next sync goes on, beside this build if the model is another one now
        self.writer.set_model(build, embedder.fingerprint)
        held = self.writer.view(build)
        pending = held.list_pending()
        for start in range(0, len(pending), _VECTOR_PART):
            part = pending[start : start + _VECTOR_PART]
            chunks = held.read_chunks([chunk_id for _, chunk_id in part])
            vectors = self.pipeline.embed([chunks[chunk_id].chunk.embed_text for _, chunk_id in part])
            self.writer.add_vectors(build, [hash_ for hash_, _ in part], vectors)
            self.tally.embedded += len(part)
            self.options.progress(Progress("embed", start + len(part), len(pending)))
            if must_stop():  # not before the first part: a folder that is never quiet gets vectors too
                return

    def _go_live(self, build: Build, is_equal: bool) -> bool:
        """Make the build the live one if it equals the folder and has all its vectors; returns whether it is live."""
        live = self.writer.find_live_build()
        if live is not None and live.id == build.id:
            return True
        if not is_equal or self.writer.view(build).count_pending():
            return False
        self.writer.activate(build)
        return True

    def _lacks_unlisted(self, build: Build, scan: Scan) -> bool:
        """Whether the live build has files of folders that can't be listed now, which this build lacks."""
        live = self.writer.find_live_build()
        if not scan.unlisted or live is None or live.id == build.id:
            return False
        known = self.writer.view(live).read_known_files().keys() - self.writer.view(build).read_known_files().keys()
        return any(scan.may_hold(source) and source not in scan.files for source in known)

    def _remove_from_live(self, scan: Scan) -> None:
        """While another build is made beside it, the live one at least forgets what is no longer there."""
        live = self.writer.find_live_build()
        assert live is not None
        known = self.writer.view(live).read_known_files()
        gone = [file.document_id for source, file in known.items() if not scan.may_hold(source)]
        if gone:
            with self.writer.batch(live) as batch:
                for document_id in gone:
                    batch.remove(document_id)

    def _note(self, text: str) -> None:
        self.options.progress(Progress("note", detail=text))
        self.tally.notes.append(text)


def _tell_difference(old: Build, new: Build, rebuild: bool) -> str:
    names = {**old.fingerprint, **new.fingerprint}
    changes = [
        f"{name} {old.fingerprint.get(name)} → {new.fingerprint.get(name)}"
        for name in names
        if old.fingerprint.get(name) != new.fingerprint.get(name)
    ]
    if changes:
        return ", ".join(changes)
    return "as asked" if rebuild else "the embedding model's files changed"


def _require_same_folder(corpus: Path, scan: Scan, known_inode: int) -> None:
    """Raise CorpusError where a folder without a file isn't the one that had them: its disk isn't mounted, perhaps."""
    if not scan.files and known_inode not in (0, scan.inode):
        raise CorpusError(
            f"The corpus folder {corpus} is empty, and is another one than that which the documents were in: perhaps "
            "its disk is not mounted. Nothing was removed from the index. Mount the disk, or put a document into the "
            "folder; pagewise ingest --rebuild takes it as it is."
        )


def _read_digest(path: Path) -> bytes | None:
    """The SHA-256 of a file's content; None if it can't be read, or is larger than what is read."""
    from ingest.workers.messages import Limits  # an unchanged folder needs none

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > Limits().file_bytes:  # it would be read to its end at each change
                return None
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None
