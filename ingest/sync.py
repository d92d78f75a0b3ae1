"""Make the index equal the folder: compare, reuse what is known, read and embed the rest.

Idempotent: it looks at the folder's state, never at events. What changed is readable and lexically findable first;
vectors follow, newest files first, unless the change is small enough for both at once.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ingest.pipeline import Pipeline
from ingest.scan import Scan, newest_first, scan_corpus
from rag.errors import IndexDamagedError
from rag.index.catalog import Build, CatalogView, Failure, FileState, KnownFile, NewDocument
from rag.index.reader import Index
from rag.types import Document

if TYPE_CHECKING:
    from ingest.workers import Parsed
    from rag.index.writer import Batch, IndexWriter

_BATCH_S = 1.0  # how much reading becomes visible at a time: a commit of both stores takes 0.02 to 0.1 s
_VECTOR_PART = 64  # texts embedded between two looks at `stop`: about a second on two cores
_SMALL_FILES, _SMALL_BYTES, _SMALL_TEXTS = 8, 256_000, 64  # up to here words and vectors become live together
# A file changed so shortly before it was read may change again within one tick of the file system's clock (FAT: 2 s,
# ext4: 4 ms), so its state isn't trusted and it is compared by content the next time.
_RACY_NS, _RACY_COARSE_NS = 50_000_000, 2_100_000_000
_PASSES = 3  # tries at files that change while they are read, before they are taken as they are
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is. `total` is 0 while it isn't known."""

    stage: str
    """``scan``, ``read`` (files), ``embed`` (chunks), or ``note`` (only `detail` counts)."""
    done: int = 0
    total: int = 0
    detail: str = ""


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
    """Live chunks after it."""
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

    @property
    def is_noop(self) -> bool:
        return not (self.added or self.changed or self.removed or self.moved or self.embedded or self.notes)


@dataclass(slots=True)
class Plan:
    """What must be done to make a build equal the folder."""

    unchanged: int = 0
    touched: list[tuple[int, FileState]] = field(default_factory=list)
    moved: list[tuple[KnownFile, str, FileState]] = field(default_factory=list)
    """Known content of a file that is gone, and its new path."""
    copied: list[tuple[KnownFile, str, FileState]] = field(default_factory=list)
    read: list[tuple[str, FileState]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unsettled: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.touched or self.moved or self.copied or self.read or self.unreadable or self.removed)


ProgressFn = Callable[[Progress], None]


def sync_corpus(
    index: Index,
    pipeline: Pipeline,
    *,
    rebuild: bool = False,
    retry: bool = False,
    settle_s: float = 0.0,
    wait_s: float = 10.0,
    is_busy: Callable[[str], bool] = lambda source: False,
    progress: ProgressFn = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> SyncReport:
    """Bring the index up to date with the corpus folder.

    `rebuild` reads every file anew, beside the index that serves meanwhile; `retry` gives failed files another try.
    Files changed less than `settle_s` seconds ago or said to be busy wait for the next sync. Another writer is waited
    for `wait_s` seconds. `stop` is asked about once a second; what is done by then stays done.
    Raises SettingsError without a corpus folder, IndexLockedError, IndexUnusableError.
    """
    began = time.perf_counter()

    def run() -> SyncReport:
        progress(Progress("scan"))
        scan = scan_corpus(pipeline.settings.corpus_dir, index.folder)
        must_write = rebuild or not index.exists or index.repairs_wanted()
        report = None if must_write else _report_if_equal(index, pipeline, scan, retry)
        if report is None:
            with index.writing(wait_s=wait_s, on_wait=lambda text: progress(Progress("note", detail=text))) as writer:
                step = _Run(index, writer, pipeline, progress, stop)
                report = step.sync(rebuild=rebuild, retry=retry, settle_s=settle_s, is_busy=is_busy)
        return replace(report, seconds=time.perf_counter() - began)

    try:
        return run()
    except IndexDamagedError as exc:  # the part is made anew now, and what was done before is still there
        index.request_repair(exc.part, str(exc))
        return run()


def plan_sync(index: Index, pipeline: Pipeline) -> Plan:
    """What a sync would do now; changes nothing."""
    corpus = pipeline.settings.corpus_dir
    scan = scan_corpus(corpus, index.folder)
    known: dict[str, KnownFile] = {}
    if index.is_current_format():
        with index.catalog.view() as view:
            live = view.live_build()
            if live is not None and live.fingerprint == pipeline.fingerprint():
                known = view.known_files(live.id)
    return _Comparison(corpus, scan, known).plan()


def _report_if_equal(index: Index, pipeline: Pipeline, scan: Scan, retry: bool) -> SyncReport | None:
    """The report of a sync that has nothing to do, without becoming the writer; None if there is something."""
    if not index.is_current_format():
        return None
    with index.catalog.view() as view:
        live = view.live_build()
        if live is None or len(view.builds()) > 1 or live.fingerprint != pipeline.fingerprint():
            return None
        if not _is_equal(scan, view, live, retry) or index.reasons_to_check(view):
            return None
        if not _has_model(view, live, pipeline.known_embedding()):
            return None
        report = _totals(index, view, live, SyncReport(unchanged=len(scan.files)))
    return None if report.pending else report


def _has_model(view: CatalogView, live: Build, embedding: str | None) -> bool:
    """Whether the model that made the vectors is at hand; if its files are gone or others, the writer sees to it."""
    return live.model_id is None or view.model_fingerprint(live.model_id) == embedding


def _is_equal(scan: Scan, view: CatalogView, live: Build, retry: bool) -> bool:
    count = 0
    for source, state, reason in view.file_states(live.id):
        count += 1
        if scan.files.get(source) != state and (reason is None or scan.failed.get(source) != reason):
            return False
        if retry and reason is not None:
            return False
    return count == len(scan.files) + len(scan.failed)


def _totals(index: Index, view: CatalogView, build: Build, report: SyncReport) -> SyncReport:
    _, chunks, vectors = index.counts(view, build)
    return replace(
        report,
        chunks=chunks,
        pending=chunks - vectors,
        failed=tuple(view.failures(build.id)),
        generation=view.meta("generation"),
    )


class _Comparison:
    """The folder held against what is known. Reads files whose state or place changed, to know them by content."""

    def __init__(
        self,
        corpus: Path,
        scan: Scan,
        known: dict[str, KnownFile],
        *,
        retry: bool = False,
        settle_s: float = 0.0,
        is_busy: Callable[[str], bool] = lambda source: False,
    ) -> None:
        self._corpus = corpus
        self._scan = scan
        self._known = known
        self._retry = retry
        self._settle_ns = settle_s * 1e9
        self._is_busy = is_busy
        self._gone = self._by_content(source for source in known if source not in scan.files)
        # A file that changed too is about to be replaced itself, so its old content is no source for a copy.
        self._kept = self._by_content(s for s in known if s in scan.files and scan.files[s] == known[s].state)
        self._sizes = {file.state.size for file in known.values()}

    def plan(self) -> Plan:
        scan, known = self._scan, self._known
        plan = Plan()
        plan.removed = [source for source in known if source not in scan.files and source not in scan.failed]
        plan.unreadable = [
            (source, reason)
            for source, reason in scan.failed.items()
            if source not in known or known[source].reason != reason
        ]
        for source in newest_first(scan.files):
            if is_unchanged(known.get(source), scan.files[source], self._retry):
                plan.unchanged += 1
            elif self._is_unsettled(source):
                plan.unsettled += 1
            else:
                self._plan_file(plan, source, scan.files[source])
        return plan

    def _plan_file(self, plan: Plan, source: str, state: FileState) -> None:
        file = self._known.get(source)
        sha256 = _hash_file(self._corpus / source) if file is not None or state.size in self._sizes else None
        key = (sha256 or b"", _suffix(source))
        state = self._trusted(state)
        if file is not None and file.sha256 == sha256 and not (self._retry and file.reason is not None):
            plan.unchanged += 1
            plan.touched.append((file.document_id, state))
        elif key in self._gone:
            plan.moved.append((self._gone.pop(key), source, state))
        elif key in self._kept:
            plan.copied.append((self._kept[key], source, state))
        else:
            plan.read.append((source, state))

    def _is_unsettled(self, source: str) -> bool:
        if not self._settle_ns:
            return False
        age_ns = self._scan.began_ns - self._scan.files[source].mtime_ns
        return abs(age_ns) < self._settle_ns or self._is_busy(source)

    def _trusted(self, state: FileState) -> FileState:
        """The state, spoilt if the file changed too shortly before it was looked at for that to prove anything."""
        # The change time can't be set by programs as the other can, except on Windows, where it is another thing.
        changed_ns = state.mtime_ns if os.name == "nt" else state.ctime_ns
        is_coarse = state.mtime_ns % 1_000_000_000 == state.ctime_ns % 1_000_000_000 == 0
        racy_ns = _RACY_COARSE_NS if is_coarse else _RACY_NS
        return state if self._scan.began_ns - changed_ns > racy_ns else state._replace(ctime_ns=-1)

    def _by_content(self, sources: Iterable[str]) -> dict[tuple[bytes, str], KnownFile]:
        files = ((source, self._known[source]) for source in sources)
        return {(file.sha256, _suffix(source)): file for source, file in files if file.reason is None}


def is_unchanged(file: KnownFile | None, state: FileState, retry: bool) -> bool:
    return file is not None and file.state == state and not (retry and file.reason is not None)


class _Run:
    """One sync with the lock held."""

    def __init__(
        self,
        index: Index,
        writer: IndexWriter,
        pipeline: Pipeline,
        progress: ProgressFn,
        stop: Callable[[], bool],
    ) -> None:
        self._index = index
        self._writer = writer
        self._pipeline = pipeline
        self._progress = progress
        self._stop = stop
        self._corpus = pipeline.settings.corpus_dir
        self._report = SyncReport()
        self._known: dict[str, KnownFile] = {}
        self._states: dict[str, FileState] = {}
        self._looked_at: dict[str, FileState] = {}
        self._torn: set[str] = set()
        self._missing: set[bytes] = set()
        self._added = 0

    def sync(self, *, rebuild: bool, retry: bool, settle_s: float, is_busy: Callable[[str], bool]) -> SyncReport:
        build = self._open_build(rebuild)
        passes = 1 if settle_s else _PASSES  # whoever waits for files to settle comes again anyway
        for left in reversed(range(passes)):
            first = left == passes - 1
            scan, plan = self._compare(build, retry=retry and first, settle_s=settle_s, is_busy=is_busy)
            if first:
                self._report = replace(self._report, unchanged=plan.unchanged)
            is_all_read = self._apply(build, plan, is_last=not left and not settle_s)
            if not self._torn or not is_all_read:
                break
        unsettled = plan.unsettled + len(self._torn)
        self._report = replace(self._report, unsettled=unsettled)
        if is_all_read:
            self._writer.sweep()
            self._embed_pending(build)
        return self._finish(build, scan, is_all_read and not unsettled)

    def _compare(
        self, build: Build, *, retry: bool, settle_s: float, is_busy: Callable[[str], bool]
    ) -> tuple[Scan, Plan]:
        self._known = self._writer.db.known_files(build.id)
        for _ in range(2):
            scan = self._scan()
            comparison = _Comparison(self._corpus, scan, self._known, retry=retry, settle_s=settle_s, is_busy=is_busy)
            plan = comparison.plan()
            if not plan.removed:  # A file on its way between two folders may have been missed in both: look once more.
                break
        self._looked_at, self._torn = scan.files, set()
        return scan, plan

    def _scan(self) -> Scan:
        return scan_corpus(self._corpus, self._index.folder)

    def _open_build(self, rebuild: bool) -> Build:
        live = self._writer.db.live_build()
        embedding = self._pipeline.known_embedding()
        if embedding is None and live is not None and live.model_id is not None:
            embedding = self._pipeline.embedder.fingerprint  # the model's files are gone: they are made anew first
        build = self._writer.open_build(self._pipeline.fingerprint(), embedding, anew=rebuild)
        if live is not None and build.id != live.id:
            self._note(f"The index is rebuilt: {_difference(live, build, rebuild)}. The old one serves until then.")
        return build

    def _finish(self, build: Build, scan: Scan, is_all_read: bool) -> SyncReport:
        db = self._writer.db
        build, live = self._writer.refresh(build), db.live_build()
        assert live is not None
        if live.id != build.id and is_all_read and not db.pending_count(build.id, build.model_id):
            self._writer.activate(build)
            live = build
        elif live.id != build.id:
            self._remove_from_live(live, scan)
        self._writer.sweep()
        report = _totals(self._index, db, live, self._report)
        reused = self._added - len(self._missing)
        return replace(report, reused=reused, notes=(*self._writer.notes, *report.notes))

    def _remove_from_live(self, live: Build, scan: Scan) -> None:
        """While another build is made beside it, the live one at least forgets what is no longer there."""
        known = self._writer.db.known_files(live.id)
        gone = [file.document_id for source, file in known.items() if source not in scan.files]
        if gone:
            with self._writer.batch(live) as batch:
                for document_id in gone:
                    batch.remove(document_id)

    # ---- words

    def _apply(self, build: Build, plan: Plan, *, is_last: bool) -> bool:
        """Carry the plan out, part by part; returns whether all of it, or False if it was stopped.

        Files that changed while they were read are left as they were, `_torn`, unless this is their last chance.
        """
        if plan.is_empty:
            return True
        small = self._is_small(plan)
        if small and plan.read:
            self._use_model(build)  # before the batch: it is a transaction of its own
        with closing(self._parse(plan.read)) as parsed:
            whole = parsed if is_last else self._only_whole(parsed)
            done = self._apply_part(build, whole, plan, small=small)
            while not done and not self._stop():
                done = self._apply_part(build, whole, None, small=small)
        return done

    def _apply_part(self, build: Build, parsed: Iterator[Parsed], plan: Plan | None, *, small: bool) -> bool:
        """What becomes live in one transaction; what needs no reading comes with the first part."""
        with self._writer.batch(build) as batch:
            if plan is not None:
                self._apply_known(batch, plan)
            done = self._apply_read(batch, parsed, until=None if small else time.monotonic() + _BATCH_S)
            if small and batch.has_model and 0 < len(batch.unembedded) <= _SMALL_TEXTS:
                self._embed_with(batch)
        self._added += batch.added
        self._missing |= batch.unembedded.keys()
        return done

    def _is_small(self, plan: Plan) -> bool:
        sizes = [state.size for _, state in plan.read]
        is_small = len(sizes) <= _SMALL_FILES and sum(sizes) <= _SMALL_BYTES
        return is_small and self._pipeline.known_embedding() is not None

    def _apply_known(self, batch: Batch, plan: Plan) -> None:
        for document_id, state in plan.touched:
            batch.set_state(document_id, state)
        for file, source, state in (*plan.copied, *plan.moved):
            batch.copy(file.document_id, source, state, self._replaced(source))
        for source in plan.removed:
            batch.remove(self._known[source].document_id)
        for source, reason in plan.unreadable:
            document = NewDocument(Document(source, ()), FileState.unknown(), b"", reason, "failed")
            batch.put(document, (), self._replaced(source))
        self._count_known(plan)

    def _count_known(self, plan: Plan) -> None:
        for _, source, _ in plan.copied:
            self._count_file(source)
        onto_known = [source for _, source, _ in plan.moved if source in self._known]
        for source in onto_known:
            self._count_file(source)
        moved = len(plan.moved) - len(onto_known)
        self._report = replace(self._report, moved=moved, removed=len(plan.removed) - moved)

    def _apply_read(self, batch: Batch, parsed: Iterator[Parsed], until: float | None) -> bool:
        """Take in what is read until the time; returns whether that was all."""
        for result in parsed:
            with closing(result):
                document = NewDocument(
                    result.document, self._states[result.source], result.sha256, result.error, result.kind
                )
                chunks = ((chunk, result.labels.get(chunk.page or 0)) for chunk in result.chunks)
                batch.put(document, chunks, self._replaced(result.source))
            self._count_file(result.source)
            if until is not None and time.monotonic() > until:
                return False
        return True

    def _only_whole(self, parsed: Iterator[Parsed]) -> Iterator[Parsed]:
        for result in parsed:
            if _state(self._corpus / result.source) == self._looked_at.get(result.source):
                yield result
            else:
                self._torn.add(result.source)
                result.close()

    def _parse(self, files: Sequence[tuple[str, FileState]]) -> Generator[Parsed]:
        from ingest.workers import ParseJob

        self._states = dict(files)
        jobs = (ParseJob(source, self._corpus / source) for source, _ in files)
        for done, result in enumerate(self._pipeline.parse(jobs), start=1):
            self._progress(Progress("read", done, len(files), result.source))
            yield result

    def _replaced(self, source: str) -> int | None:
        file = self._known.get(source)
        return None if file is None else file.document_id

    def _count_file(self, source: str) -> None:
        report = self._report
        if source in self._known:
            self._report = replace(report, changed=report.changed + 1)
        else:
            self._report = replace(report, added=report.added + 1)

    # ---- vectors

    def _embed_with(self, batch: Batch) -> None:
        batch.put_vectors(self._pipeline.embed(list(batch.unembedded.values())))
        self._count_embedded(len(batch.unembedded))

    def _embed_pending(self, build: Build) -> None:
        db = self._writer.db
        if not db.pending_count(build.id, build.model_id):
            return
        model_id = self._use_model(build)
        pending = db.pending(build.id, model_id)
        for start in range(0, len(pending), _VECTOR_PART):
            part = pending[start : start + _VECTOR_PART]
            chunks = db.chunks([chunk_id for _, chunk_id in part], build.id)
            vectors = self._pipeline.embed([chunks[chunk_id].chunk.embed_text for _, chunk_id in part])
            self._writer.add_vectors(build, [hash_ for hash_, _ in part], vectors)
            self._count_embedded(len(part))
            self._progress(Progress("embed", start + len(part), len(pending)))
            if self._stop():  # not before the first part: a folder that is never quiet gets its vectors too
                return

    def _use_model(self, build: Build) -> int:
        return self._writer.set_model(build, self._pipeline.embedder.fingerprint)

    def _count_embedded(self, count: int) -> None:
        self._report = replace(self._report, embedded=self._report.embedded + count)

    def _note(self, text: str) -> None:
        self._progress(Progress("note", detail=text))
        self._report = replace(self._report, notes=(*self._report.notes, text))


def _difference(old: Build, new: Build, rebuild: bool) -> str:
    names = {**old.fingerprint, **new.fingerprint}
    changes = [
        f"{name} {old.fingerprint.get(name)} → {new.fingerprint.get(name)}"
        for name in names
        if old.fingerprint.get(name) != new.fingerprint.get(name)
    ]
    if changes:
        return ", ".join(changes)
    return "as asked" if rebuild else "the embedding model's files changed"


def _suffix(source: str) -> str:
    """The name decides between formats that look alike, so only files with the same ending share their content."""
    return PurePosixPath(source).suffix.lower()


def _state(path: Path) -> FileState | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _hash_file(path: Path) -> bytes | None:
    """SHA-256 of the content; None if it can't be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    except OSError:
        return None
    return digest.digest()
