"""The quick look: whether the index equals the folder already, found out without becoming the writer."""

from __future__ import annotations

from dataclasses import replace

from ingest.pipeline import Pipeline
from ingest.report import SyncReport
from ingest.scan import Scan
from rag.index.catalog.reading import CatalogView
from rag.index.catalog.records import Build
from rag.index.reader import Index


def report_if_unchanged(index: Index, pipeline: Pipeline, scan: Scan, *, retry: bool) -> SyncReport | None:
    """The report of a sync that has nothing to do; None if there may be something to do."""
    if not index.is_current_format():
        return None
    with index.catalog.view() as view:
        live = view.find_live_build()
        if live is None or len(view.list_builds()) > 1 or live.fingerprint != pipeline.make_fingerprint():
            return None
        if not _equals_folder(view, live, scan, retry=retry) or index.find_reasons_to_check(view):
            return None
        if not _has_model(view, live, pipeline.read_known_embedding()):
            return None
        report = add_totals(index, view, live, SyncReport(unchanged=len(scan.files)))
    return None if report.pending else report


def add_totals(index: Index, view: CatalogView, build: Build, report: SyncReport) -> SyncReport:
    """The report with what the index itself says of the build: its chunks, its failed files, its generation."""
    _, chunks, vectors = index.counts.count_all(view, build)
    return replace(
        report,
        chunks=chunks,
        pending=chunks - vectors,
        failed=tuple(view.list_failures(build.id)),
        generation=view.generation,
    )


def _has_model(view: CatalogView, live: Build, embedding: str | None) -> bool:
    """Whether the model that made the vectors is at hand; if its files are gone or others, the writer sees to it."""
    return live.model_id is None or view.find_model_fingerprint(live.model_id) == embedding


def _equals_folder(view: CatalogView, live: Build, scan: Scan, *, retry: bool) -> bool:
    count = 0
    for source, state, reason in view.read_file_states(live.id):
        count += 1
        if scan.files.get(source) != state and (reason is None or scan.failed.get(source) != reason):
            return False
        if retry and reason is not None:
            return False
    return count == len(scan.files) + len(scan.failed)
