"""Make the index equal the folder: compare, reuse what is known, read and embed the rest.

Idempotent: a sync looks at the folder's state, never at events. What changed is readable and lexically findable first;
vectors follow, newest files first, unless the change is small enough for both at once.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pipeline import Pipeline
from ingest.plan import Plan, PlanRules, make_plan
from ingest.report import Progress, ProgressFn, SyncReport, Tally
from ingest.scan import Scan, scan_corpus
from ingest.unchanged import add_totals, report_if_unchanged
from rag.errors import IndexDamagedError
from rag.index.catalog.records import Build, KnownFile
from rag.index.reader import Index

if TYPE_CHECKING:
    from rag.index.writing.writer import IndexWriter

_PASSES = 3  # tries at files that change while they are read, before they are taken as they are
_VECTOR_PART = 64  # texts embedded between two looks at `must_stop`: about a second on two cores


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync. The defaults are those of a command that runs once."""

    rebuild: bool = False
    """Read every file anew, beside the index that serves meanwhile."""
    retry: bool = False
    """Give failed files another try."""
    settle_s: float = 0.0
    """Files changed less than so many seconds ago wait for the next sync."""
    wait_s: float = 10.0
    """Seconds that another writer is waited for."""
    is_busy: Callable[[str], bool] = lambda source: False
    """Whether a file is open for writing and waits for the next sync; asked only where `settle_s` is not 0."""
    progress: ProgressFn = lambda progress: None
    must_stop: Callable[[], bool] = lambda: False
    """Asked about once a second. What is done by then stays done."""


def sync_corpus(index: Index, pipeline: Pipeline, options: SyncOptions = SyncOptions()) -> SyncReport:
    """Bring the index up to date with the corpus folder.

    Raises SettingsError without a corpus folder, IndexLockedError, IndexUnusableError.
    """
    began = time.perf_counter()
    try:
        report = _sync_once(index, pipeline, options)
    except IndexDamagedError as exc:  # what was done before is still there, and the part is made anew now
        index.repair_mark.request(exc.part, str(exc))
        report = _sync_once(index, pipeline, options)
    return replace(report, seconds=time.perf_counter() - began)


def plan_sync(index: Index, pipeline: Pipeline) -> Plan:
    """What a sync would do now; changes nothing."""
    corpus = pipeline.settings.corpus_dir
    scan = scan_corpus(corpus, index.folder)
    known: dict[str, KnownFile] = {}
    if index.is_current_format():
        with index.catalog.view() as view:
            live = view.find_live_build()
            if live is not None and live.fingerprint == pipeline.make_fingerprint():
                known = view.read_known_files(live.id)
    return make_plan(scan, known, lambda source: _read_digest(corpus / source))


def _sync_once(index: Index, pipeline: Pipeline, options: SyncOptions) -> SyncReport:
    options.progress(Progress("scan"))
    index.layout.tidy()
    scan = scan_corpus(pipeline.settings.corpus_dir, index.folder)
    if not options.rebuild and index.exists and not index.repair_mark.read_parts():
        report = report_if_unchanged(index, pipeline, scan, retry=options.retry)
        if report is not None:
            return report

    def tell(text: str) -> None:
        options.progress(Progress("note", detail=text))

    with index.writing(wait_s=options.wait_s, on_wait=tell) as writer:
        return _Sync(index, writer, pipeline, options).run()


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
        if not self._go_live(build, is_complete and not self.tally.unsettled):
            self._remove_from_live(scan)
        self.writer.sweep()
        live = self.writer.db.find_live_build()
        assert live is not None
        report = add_totals(self.index, self.writer.db, live, self.tally.make_report())
        return replace(report, notes=(*self.writer.notes, *report.notes))

    def _open_build(self) -> Build:
        """The live build if it was made with the same settings, else one beside it."""
        live = self.writer.db.find_live_build()
        embedding = self.pipeline.read_known_embedding()
        if embedding is None and live is not None and live.model_id is not None:
            embedding = self.pipeline.embedder.fingerprint  # the model's files are gone: they are made anew first
        build = self.writer.open_build(self.pipeline.make_fingerprint(), embedding, anew=self.options.rebuild)
        if live is not None and build.id != live.id:
            difference = _tell_difference(live, build, self.options.rebuild)
            self._note(f"The index is rebuilt: {difference}. The old one serves until then.")
        return build

    def _take_folder(self, build: Build) -> tuple[Scan, bool]:
        """Make the build's words equal the folder; returns what was looked at, and False if it was stopped early.

        Files that change while they are read are given a few tries.
        """
        from ingest.intake import Intake

        waits_for_files = bool(self.options.settle_s)  # then whoever asked comes again anyway
        tries = 1 if waits_for_files else _PASSES
        for number in range(1, tries + 1):
            known = self.writer.db.read_known_files(build.id)
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
            plan = make_plan(scan, known, lambda source: _read_digest(corpus / source), rules)
            if not plan.removed:  # A file on its way between two folders may have been missed in both: look once more.
                break
        return scan, plan

    def _embed_pending(self, build: Build) -> None:
        """Give vectors to the chunks that have none, newest files first."""
        db = self.writer.db
        if not db.count_pending(build.id, build.model_id):
            return
        model_id = self.writer.set_model(build, self.pipeline.embedder.fingerprint)
        pending = db.list_pending(build.id, model_id)
        for start in range(0, len(pending), _VECTOR_PART):
            part = pending[start : start + _VECTOR_PART]
            chunks = db.read_chunks([chunk_id for _, chunk_id in part], build.id)
            vectors = self.pipeline.embed([chunks[chunk_id].chunk.embed_text for _, chunk_id in part])
            self.writer.add_vectors(build, [hash_ for hash_, _ in part], vectors)
            self.tally.embedded += len(part)
            self.options.progress(Progress("embed", start + len(part), len(pending)))
            if self.options.must_stop():  # not before the first part: a folder that is never quiet gets vectors too
                return

    def _go_live(self, build: Build, is_equal: bool) -> bool:
        """Make the build the live one if it equals the folder and has all its vectors; returns whether it is live."""
        db = self.writer.db
        live, build = db.find_live_build(), self.writer.refresh(build)
        if live is not None and live.id == build.id:
            return True
        if not is_equal or db.count_pending(build.id, build.model_id):
            return False
        self.writer.activate(build)
        return True

    def _remove_from_live(self, scan: Scan) -> None:
        """While another build is made beside it, the live one at least forgets what is no longer there."""
        live = self.writer.db.find_live_build()
        assert live is not None
        known = self.writer.db.read_known_files(live.id)
        gone = [file.document_id for source, file in known.items() if source not in scan.files]
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


def _read_digest(path: Path) -> bytes | None:
    """SHA-256 of the content; None if it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None
