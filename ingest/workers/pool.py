"""Reads files in worker processes that can be killed: no file takes the service down or holds it up.

The workers are plain child processes with pipes (not `multiprocessing`, whose children would import the application
again). They start when first needed, are reused, and end when idle, when the pool is closed and when the parent dies.
"""

from __future__ import annotations

import contextlib
import os
import queue
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.workers.messages import MEGABYTE, ParseConfig, Parsed, ParseJob
from ingest.workers.process import START_S, WorkerProcess, explain_no_spool
from rag.errors import RagError
from rag.private import make_process_folder

_WATCH_S = 0.05
"""Time between two looks at a busy worker's memory: at 2 GB/s it can pass its limit by 100 MB."""
_CLOSING = "The service is shutting down."
_GIVEN_UP = "Nobody waits for it any more."
_IDLE_S = 60.0
"""Time after which an idle worker ends. It holds 60 MB, and another starts in 0.3 s."""


class ParsePool:
    """Workers for one configuration. `parse` may be called from several threads."""

    def __init__(
        self, config: ParseConfig, scratch: Path, *, workers: int | None = None, idle_s: float = _IDLE_S
    ) -> None:
        """In `scratch` each process gets a folder for the chunks of long documents."""
        self._scratch = scratch
        self._config = config
        self._size = workers or max(1, min(4, os.cpu_count() or 1))
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, threading.Event] = {}  # with the event that stops whoever waits for it
        self._watching = False
        self._closed = False
        self._spool_dir: tempfile.TemporaryDirectory[str] | None = None
        self._spools = 0

    def parse(self, jobs: Iterable[ParseJob]) -> Iterator[Parsed]:
        """Results as they finish. Jobs are taken as workers come free, at most two results ahead of the consumer.

        Close each result once its chunks are used; leave early by closing the iterator, which takes no longer than it
        takes to end the workers. Raises RagError if no worker can be started.
        """
        take = _share_between_threads(iter(jobs))
        results: queue.Queue[Parsed | Exception | None] = queue.Queue(maxsize=2)
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._run, args=(take, results, stop), name=f"parse-{n}", daemon=True)
            for n in range(self._size)
        ]
        for thread in threads:
            thread.start()
        try:
            running = len(threads)
            while running:
                result = results.get()
                if result is None:
                    running -= 1
                elif isinstance(result, Exception):
                    raise result
                else:
                    yield result
        finally:
            self._give_up(stop)
            _drain(results, threads)

    def _run(
        self, jobs: Iterator[ParseJob], results: queue.Queue[Parsed | Exception | None], stop: threading.Event
    ) -> None:
        """Put each job's result, or the error that ended the work, and None at the end. Runs in a thread of its own."""
        try:
            for job in jobs:
                if stop.is_set():
                    break
                results.put(self._parse_one(job, stop))
        except Exception as error:  # raised again in the consumer's thread
            results.put(error)
        finally:
            results.put(None)

    def _parse_one(self, job: ParseJob, stop: threading.Event) -> Parsed:
        worker = self._acquire(stop)
        try:
            spool = self._make_spool()
            worker.await_ready()
            worker.begin(self._count_allowed_seconds(job.path))
            worker.send(job, spool)
            parsed = worker.collect_result(job, spool)
            if self._closed and parsed.error:  # it was stopped, which says nothing about the file
                raise RagError(_CLOSING)
            return parsed
        finally:
            self._release(worker)

    def _acquire(self, stop: threading.Event) -> WorkerProcess:
        """An idle worker or a new one, watched from now on. Raises RagError if its result is of no use any more."""
        with self._lock:
            if self._closed or stop.is_set():
                raise RagError(_CLOSING if self._closed else _GIVEN_UP)
            worker = self._idle.pop() if self._idle else WorkerProcess(self._config)
            worker.begin(START_S)
            self._busy[worker] = stop
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="parse-watch", daemon=True).start()
            return worker

    def _make_spool(self) -> Path:
        """The path of a new spool file. Raises RagError if there is no folder for it."""
        with self._lock:
            if self._spool_dir is None or not os.path.isdir(self._spool_dir.name):  # deleted, with the index
                try:
                    own = make_process_folder(self._scratch)
                    self._spool_dir = tempfile.TemporaryDirectory(dir=own, ignore_cleanup_errors=True)
                except OSError as exc:
                    raise explain_no_spool(exc, self._scratch) from exc
            self._spools += 1
            return Path(self._spool_dir.name) / f"{self._spools}.jsonl"

    def _count_allowed_seconds(self, path: Path) -> float:
        limits = self._config.limits
        try:
            megabytes = path.stat().st_size / MEGABYTE
        except OSError:  # the worker will tell why
            megabytes = 0.0
        return limits.seconds + limits.seconds_per_megabyte * megabytes

    def _release(self, worker: WorkerProcess) -> None:
        """Keep the worker for the next job if it is fit for one, else end it."""
        # A big file has made it bloated, for which the next file must not be blamed.
        is_bloated = worker.measure_memory() > self._config.limits.memory_bytes // 3
        with self._lock:
            self._busy.pop(worker, None)
            keep = worker.is_alive() and worker.kill_reason is None and not is_bloated and not self._closed
            if keep:
                worker.idle_since = time.monotonic()
                self._idle.append(worker)
        if not keep:
            worker.close()

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

    def _check(self, worker: WorkerProcess) -> None:
        limits = self._config.limits
        if time.monotonic() > worker.deadline:
            worker.kill(f"reading it took longer than {worker.deadline - worker.began:.3g} s")
        elif worker.measure_memory() > limits.memory_bytes:
            worker.kill(limits.memory_reason)

    def _give_up(self, stop: threading.Event) -> None:
        """End the workers whose results nobody waits for: a long document takes minutes."""
        with self._lock:
            stop.set()
            for worker, its_stop in self._busy.items():
                if its_stop is stop:
                    worker.kill(_GIVEN_UP)

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
            with contextlib.suppress(OSError):  # another pool of this process, or another process, has its own there
                Path(self._spool_dir.name).parent.rmdir()
                self._scratch.rmdir()

    def __enter__(self) -> ParsePool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _share_between_threads(jobs: Iterator[ParseJob]) -> Iterator[ParseJob]:
    """An iterator that several threads may take from, even if `jobs` is a generator."""
    lock = threading.Lock()

    def take() -> ParseJob | None:
        with lock:
            return next(jobs, None)

    return iter(take, None)


def _drain(results: queue.Queue[Parsed | Exception | None], threads: list[threading.Thread]) -> None:
    """Let the threads end that wait to hand over a result which nobody wants any more."""
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(queue.Empty):
            result = results.get(timeout=0.05)
            if isinstance(result, Parsed):
                result.close()
