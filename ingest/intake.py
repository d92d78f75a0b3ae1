"""Carries a plan out: what is known by its content first, then what has to be read, part by part.

Each part becomes live in one transaction, for the search by words; a small change brings its vectors along.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pipeline import Pipeline
from ingest.plan import Plan
from ingest.report import Progress, ProgressFn, Tally
from rag.index.catalog.records import Build, FileState, KnownFile, NewDocument
from rag.logs.steps import log_step
from rag.types import Document

if TYPE_CHECKING:
    from ingest.workers.messages import Parsed
    from rag.index.writing.writer import Batch, IndexWriter

logger = logging.getLogger(__name__)

_BATCH_S = 1.0  # how much reading becomes visible at a time: a commit of both stores takes 0.02 to 0.1 s
_SMALL_FILES, _SMALL_BYTES, _SMALL_TEXTS = 8, 256_000, 64  # up to here words and vectors become live together


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes what one plan names into a build."""

    writer: IndexWriter
    pipeline: Pipeline
    build: Build
    plan: Plan
    known: dict[str, KnownFile]
    """The build's files by source, as they were when the plan was made."""
    seen: dict[str, FileState]
    """The folder's files, as they were when the plan was made."""
    tally: Tally
    takes_torn: bool
    """Whether files that change while they are read are taken as they are, and not left for another try."""
    torn: set[str] = field(default_factory=set)
    """Files that changed while they were read and were left."""

    def run(self, progress: ProgressFn, must_stop: Callable[[], bool]) -> bool:
        """Carry the plan out, part by part; returns False if it was stopped before the end."""
        if self.plan.is_empty:
            return True
        is_small = self._is_small()
        if is_small and self.plan.read:  # before the batch, because that is a transaction of its own
            self.writer.set_model(self.build, self.pipeline.embedder.fingerprint)
        with closing(self._read_files(progress)) as results:
            is_done = self._take_part(results, is_first=True, is_small=is_small)
            while not is_done and not must_stop():
                is_done = self._take_part(results, is_first=False, is_small=is_small)
        return is_done

    def _is_small(self) -> bool:
        sizes = [state.size for _, state in self.plan.read]
        is_small = len(sizes) <= _SMALL_FILES and sum(sizes) <= _SMALL_BYTES
        return is_small and self.pipeline.read_known_embedding() is not None

    def _read_files(self, progress: ProgressFn) -> Generator[Parsed]:
        from ingest.workers.messages import ParseJob

        files = self.plan.read
        jobs = (ParseJob(source, self._corpus / source) for source, _ in files)
        for done, result in enumerate(self.pipeline.parse(jobs), start=1):
            progress(Progress("read", done, len(files), result.source))
            yield result

    def _take_part(self, results: Iterator[Parsed], *, is_first: bool, is_small: bool) -> bool:
        """Make one part live; what needs no reading comes with the first. Returns whether it was the last."""
        with self.writer.batch(self.build) as batch:
            if is_first:
                self._take_known(batch)
            is_done = self._take_results(batch, results, until=None if is_small else time.monotonic() + _BATCH_S)
            if is_small and batch.has_model and 0 < len(batch.unembedded) <= _SMALL_TEXTS:
                batch.put_vectors(self.pipeline.embed(list(batch.unembedded.values())))
                self.tally.embedded += len(batch.unembedded)
        self.tally.new_chunks += batch.added
        self.tally.unknown_texts |= batch.unembedded.keys()
        return is_done

    def _take_known(self, batch: Batch) -> None:
        """Take in what needs no reading: files of known content, files that are gone, and those that can't be read."""
        plan = self.plan
        for document_id, state in plan.touched:
            batch.set_state(document_id, state)
        for file, source, state in (*plan.copied, *plan.moved):
            batch.copy(file.document_id, source, state, self._get_replaced(source))
        for source in plan.removed:
            batch.remove(self.known[source].document_id)
        for source, reason in plan.unreadable:
            document = NewDocument(Document(source, ()), FileState.make_unknown(), b"", reason, "failed")
            batch.put(document, (), self._get_replaced(source))
        for _, source, _ in plan.copied:
            self.tally.count_file(is_known=source in self.known)
        moved = sum(source not in self.known for _, source, _ in plan.moved)
        self.tally.changed += len(plan.moved) - moved  # what was moved onto another file has changed that file
        self.tally.moved += moved
        self.tally.removed += len(plan.removed) - moved

    def _take_results(self, batch: Batch, results: Iterator[Parsed], until: float | None) -> bool:
        """Take in results until the time `until`; returns whether those were all."""
        states = dict(self.plan.read)
        for result in results:
            with closing(result):
                if self.takes_torn or self._is_as_planned(result.source):
                    self._take_result(batch, result, states[result.source])
                else:
                    self.torn.add(result.source)
            if until is not None and time.monotonic() > until:
                return False
        return True

    def _take_result(self, batch: Batch, result: Parsed, state: FileState) -> None:
        document = NewDocument(result.document, state, result.sha256, result.error, result.kind)
        chunks = ((chunk, result.labels.get(chunk.page or 0)) for chunk in result.chunks)
        batch.put(document, chunks, self._get_replaced(result.source))
        self.tally.count_file(is_known=result.source in self.known)
        log_step(logger, "file read", source=result.source, failure=result.kind or None, bytes=state.size)

    def _is_as_planned(self, source: str) -> bool:
        """Whether the file is still as it was when the plan was made."""
        try:
            stat = (self._corpus / source).stat()
        except OSError:
            return source not in self.seen
        return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) == self.seen.get(source)

    def _get_replaced(self, source: str) -> int | None:
        file = self.known.get(source)
        return None if file is None else file.document_id

    @property
    def _corpus(self) -> Path:
        return self.pipeline.settings.corpus_dir
