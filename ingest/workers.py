"""Reads files in worker processes that can be killed: no file takes the service down or holds it up.

The workers are plain child processes with pipes (not `multiprocessing`, whose children would import the application
again). They start when first needed, are reused, and end when idle, when the pool is closed and when the parent dies.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ingest.parsing import Limits, ParseConfig, allowed_s, chunk_from, config_json, memory_reason
from rag.errors import RagError
from rag.processes import name_signal, read_last_line
from rag.types import Chunk, Document

__all__ = ["Limits", "ParseConfig", "ParseJob", "ParsePool", "Parsed"]

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",  # one thread a worker: the workers are what runs in parallel
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "PYTHONUTF8": "1",
}
_WATCH_S = 0.05
"""Between two looks at a busy worker's memory: at 2 GB/s it can pass its limit by 100 MB."""
_CLOSING = "The service is shutting down."
_IDLE_S = 60.0
"""A worker holds 60 MB and starts in 0.3 s."""
_START_S = 60.0
_SMALL_BYTES = 1_000_000
"""Chunks up to this size come as a list, more stay in their spool file."""


@dataclass(frozen=True, slots=True)
class ParseJob:
    source: str
    path: Path


class SpooledChunks:
    """Chunks in a file, read anew by every iteration."""

    def __init__(self, source: str, path: Path, count: int) -> None:
        self._source, self._path, self._count = source, path, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Chunk]:
        with self._path.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield chunk_from(self._source, line)


@dataclass(slots=True)
class Parsed:
    """A file that was read, or why it was not."""

    source: str
    sha256: bytes
    """Of the bytes that were read; empty if the file could not be opened."""
    document: Document
    """Without pages."""
    chunks: SpooledChunks | list[Chunk] = field(default_factory=list)
    """May be iterated several times, until `close`."""
    labels: dict[int, str] = field(default_factory=dict)
    """Page number → the number printed on it, where it differs."""
    error: str | None = None
    kind: str = ""
    """Of a failure: ``failed``, ``unsupported``, ``empty``, ``scanned``."""
    _spool: Path | None = None

    def close(self) -> None:
        """Delete the spool file, if there is one."""
        if self._spool:
            self._spool.unlink(missing_ok=True)

    def __enter__(self) -> Parsed:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class _Worker:
    """One child process. Used by one thread at a time; `kill` may come from another."""

    def __init__(self, config: ParseConfig) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.parsing"],
            cwd=_ROOT,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": f"{_ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
        )
        self.begin(_START_S)
        self.kill_reason: str | None = None
        self.idle_since = time.monotonic()
        self._write(config_json(config))
        self._is_ready = False

    def begin(self, seconds: float) -> None:
        """A new job, or the start: the clock runs anew."""
        self.began = time.monotonic()
        self.deadline = self.began + seconds

    def allow(self, seconds: float) -> None:
        """At least so many seconds from now."""
        self.deadline = max(self.deadline, time.monotonic() + seconds)

    def _write(self, text: str) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):  # a dead worker shows when its answer is read
            self._process.stdin.write(text)
            self._process.stdin.flush()

    def answer(self) -> dict[str, Any] | None:
        """The next message; None if the worker is dead."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def await_ready(self) -> None:
        if not self._is_ready and self.answer() is None:
            raise RagError(f"The process that reads files could not start: {self._last_words()}")
        self._is_ready = True

    def _last_words(self) -> str:
        self._process.wait()
        return read_last_line(self._stderr) or self.death()

    def send(self, job: ParseJob, spool: Path) -> None:
        job_line = {"source": job.source, "path": str(job.path.absolute()), "spool": str(spool)}
        self._write(json.dumps(job_line) + "\n")

    def memory_bytes(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def death(self) -> str:
        """Why the process ended, for a user."""
        code = self._process.wait()
        if self.kill_reason:
            return self.kill_reason
        if code == -getattr(signal, "SIGABRT", 0):
            return "it needed more memory than there is, or crashed the reader (SIGABRT)"
        if name := name_signal(code):
            return f"reading it crashed the reader ({name})"
        return f"reading it ended the reader (exit code {code})"

    def kill(self, reason: str | None = None) -> None:
        self.kill_reason = self.kill_reason or reason
        self._process.kill()

    def close(self) -> None:
        self._process.kill()  # it holds nothing that needs an orderly end
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


class ParsePool:
    """Workers for one configuration. `parse` may be called from several threads."""

    def __init__(self, config: ParseConfig, *, workers: int | None = None, idle_s: float = _IDLE_S) -> None:
        self._config = config
        self._size = workers or max(1, min(4, os.cpu_count() or 1))
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._watching = False
        self._closed = False
        self._spool_dir: tempfile.TemporaryDirectory[str] | None = None
        self._spools = 0

    def parse(self, jobs: Iterable[ParseJob]) -> Iterator[Parsed]:
        """Results as they finish. Jobs are taken as workers come free, at most two results ahead of the consumer.

        Close each result once its chunks are used. Raises RagError if no worker can be started.
        """
        take = _locked(iter(jobs))
        results: queue.Queue[Parsed | Exception | None] = queue.Queue(maxsize=2)
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._run, args=(take, results, stop), name=f"parse-{n}", daemon=True)
            for n in range(self._size)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from _until_done(results, len(threads))
        finally:
            stop.set()
            _drain(results, threads)

    def _run(
        self, jobs: Iterator[ParseJob], results: queue.Queue[Parsed | Exception | None], stop: threading.Event
    ) -> None:
        try:
            for job in jobs:
                if stop.is_set():
                    break
                results.put(self._parse_one(job))
        except Exception as error:  # raised again in the consumer's thread
            results.put(error)
        finally:
            results.put(None)

    def _parse_one(self, job: ParseJob) -> Parsed:
        worker = self._acquire()
        spool = self._new_spool()
        try:
            worker.await_ready()
            worker.begin(allowed_s(self._config.limits, _size(job.path)))
            worker.send(job, spool)
            parsed = _collect(worker, job, spool)
            if self._closed and parsed.error:  # it was stopped, which says nothing about the file
                raise RagError(_CLOSING)
            return parsed
        finally:
            self._release(worker)

    def _acquire(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise RagError(_CLOSING)
            worker = self._idle.pop() if self._idle else _Worker(self._config)
            worker.begin(_START_S)
            self._busy.add(worker)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="parse-watch", daemon=True).start()
            return worker

    def _release(self, worker: _Worker) -> None:
        is_bloated = (
            worker.memory_bytes() > self._config.limits.memory_bytes // 3
        )  # by a big file: the next isn't at fault
        with self._lock:
            self._busy.discard(worker)
            keep = worker.is_alive() and worker.kill_reason is None and not is_bloated and not self._closed
            if keep:
                worker.idle_since = time.monotonic()
                self._idle.append(worker)
        if not keep:
            worker.close()

    def _new_spool(self) -> Path:
        with self._lock:
            if self._spool_dir is None:
                self._spool_dir = tempfile.TemporaryDirectory(prefix="pagewise-", ignore_cleanup_errors=True)
            self._spools += 1
            return Path(self._spool_dir.name) / f"{self._spools}.jsonl"

    def _watch(self) -> None:
        """Kill what passes a limit and end what is idle; ends itself when no worker is left."""
        while True:
            time.sleep(_WATCH_S)
            with self._lock:
                for worker in self._busy:
                    self._check(worker)
                stale = [w for w in self._idle if time.monotonic() - w.idle_since > self._idle_s]
                self._idle = [w for w in self._idle if w not in stale]
                self._watching = bool(self._busy or self._idle)
                keep_on = self._watching
            for worker in stale:
                worker.close()
            if not keep_on:
                return

    def _check(self, worker: _Worker) -> None:
        limits = self._config.limits
        if time.monotonic() > worker.deadline:
            worker.kill(f"reading it took longer than {worker.deadline - worker.began:.3g} s")
        elif worker.memory_bytes() > limits.memory_bytes:
            worker.kill(memory_reason(limits))

    def close(self) -> None:
        """End the workers and delete the spool files. What is being read is given up."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for worker in self._busy:
                worker.kill(_CLOSING)
        for worker in idle:
            worker.close()
        if self._spool_dir:
            self._spool_dir.cleanup()

    def __enter__(self) -> ParsePool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _locked(jobs: Iterator[ParseJob]) -> Iterator[ParseJob]:
    """An iterator that several threads may take from, even if `jobs` is a generator."""
    lock = threading.Lock()

    def take() -> ParseJob | None:
        with lock:
            return next(jobs, None)

    return iter(take, None)


def _until_done(results: queue.Queue[Parsed | Exception | None], running: int) -> Iterator[Parsed]:
    while running:
        result = results.get()
        if result is None:
            running -= 1
        elif isinstance(result, Exception):
            raise result
        else:
            yield result


def _drain(results: queue.Queue[Parsed | Exception | None], threads: list[threading.Thread]) -> None:
    """Let the threads end that wait to hand over a result which nobody wants any more."""
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(queue.Empty):
            result = results.get(timeout=0.05)
            if isinstance(result, Parsed):
                result.close()


def _collect(worker: _Worker, job: ParseJob, spool: Path) -> Parsed:
    digest = worker.answer()
    outcome = worker.answer() if digest else None
    while outcome is not None and "more_s" in outcome:
        worker.allow(outcome["more_s"])
        outcome = worker.answer()
    sha256 = bytes.fromhex(digest["sha256"]) if digest else b""
    if outcome is None:
        spool.unlink(missing_ok=True)
        return Parsed(job.source, sha256, Document(job.source, ()), error=worker.death(), kind="failed")
    document = Document(pages=(), **{**outcome["document"], "notes": tuple(outcome["document"].get("notes", ()))})
    parsed = Parsed(job.source, sha256, document, error=outcome.get("error"), kind=outcome["kind"])
    if parsed.error is not None:
        spool.unlink(missing_ok=True)
        return parsed
    parsed.labels = {number: label for number, label in outcome["labels"]}
    chunks = SpooledChunks(job.source, spool, outcome["chunks"])
    if spool.stat().st_size <= _SMALL_BYTES:
        parsed.chunks = list(chunks)
        spool.unlink()
    else:
        parsed.chunks, parsed._spool = chunks, spool
    return parsed
