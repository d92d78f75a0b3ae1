"""A worker process as its parent sees it: given a job, watched, killed if it costs too much, asked how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from ingest.workers.config import ParseConfig, encode_config
from ingest.workers.parsed import Parsed, ParseJob, SpooledChunks
from rag.errors import RagError, explain_system_error
from rag.processes import make_command, make_environment, name_signal, read_last_line
from rag.types import Document

START_S = 60.0
"""Within which a worker must be ready. It takes 0.3 s on a free core."""
_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",  # one thread a worker: the workers are what runs in parallel
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "PYTHONUTF8": "1",
}
_SMALL_BYTES = 1_000_000
"""Chunks up to this size come as a list, more stay in their spool file."""


class WorkerProcess:
    """One child process. Used by one thread at a time; `kill` may come from another."""

    def __init__(self, config: ParseConfig) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._process = subprocess.Popen(
            make_command("ingest.workers.program"),
            env=make_environment(**_ENVIRONMENT),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
        )
        self.kill_reason: str | None = None
        self.idle_since = time.monotonic()
        self._is_ready = False
        self.begin(START_S)
        self._write(encode_config(config))

    def begin(self, seconds: float) -> None:
        """Let the clock run anew, for a job or for the start."""
        self.began = time.monotonic()
        self.deadline = self.began + seconds

    def allow(self, seconds: float) -> None:
        """Give it at least so many seconds from now."""
        self.deadline = max(self.deadline, time.monotonic() + seconds)

    def await_ready(self) -> None:
        """Wait until it can take a job. Raises RagError if it ended instead."""
        if not self._is_ready and self._read_answer() is None:
            raise RagError(f"The process that reads files could not start: {self._read_last_words()}")
        self._is_ready = True

    def send(self, job: ParseJob, spool: Path) -> None:
        """Give it a job; it writes the chunks to `spool`."""
        job_line = {"source": job.source, "path": str(job.path.absolute()), "spool": str(spool)}
        self._write(json.dumps(job_line) + "\n")

    def collect_result(self, job: ParseJob, spool: Path) -> Parsed:
        """Wait for the job's result. If the worker dies or is killed, that is the reason of the failure.

        Raises RagError if there was no room for the chunks.
        """
        digest = self._read_answer()
        outcome = self._read_outcome() if digest else None
        if outcome is not None and "spool_errno" in outcome:
            spool.unlink(missing_ok=True)
            raise explain_no_spool(OSError(outcome["spool_errno"], os.strerror(outcome["spool_errno"])), spool.parent)
        sha256 = bytes.fromhex(digest["sha256"]) if digest else b""
        if outcome is None:
            spool.unlink(missing_ok=True)
            return Parsed(job.source, sha256, Document(job.source, ()), error=self.explain_end(), kind="failed")
        return _decode_outcome(outcome, job, sha256, spool)

    def measure_memory(self) -> int:
        """Bytes that it holds; 0 if it is dead."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def explain_end(self) -> str:
        """Why the process ended, for a user."""
        code = self._process.wait()
        if self.kill_reason:
            return self.kill_reason
        if code == -getattr(signal, "SIGABRT", 0):
            return "it needed more memory than there is, or crashed the reader (SIGABRT)"
        if name := name_signal(code):
            return f"reading it crashed the reader ({name})"
        return f"reading it ended the reader (exit code {code})"

    def kill(self, reason: str) -> None:
        """End it, for a reason that the file's failure will name; the first reason counts."""
        self.kill_reason = self.kill_reason or reason
        self._process.kill()

    def close(self) -> None:
        """End it and free what belongs to it."""
        self._process.kill()  # it holds nothing that needs an orderly end
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()

    def _write(self, text: str) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):  # a dead worker shows when its answer is read
            self._process.stdin.write(text)
            self._process.stdin.flush()

    def _read_answer(self) -> dict[str, Any] | None:
        """The next message; None if the worker is dead."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def _read_outcome(self) -> dict[str, Any] | None:
        """The message that ends a job, after any that ask for more time."""
        outcome = self._read_answer()
        while outcome is not None and "more_s" in outcome:
            self.allow(outcome["more_s"])
            outcome = self._read_answer()
        return outcome

    def _read_last_words(self) -> str:
        self._process.wait()
        return read_last_line(self._stderr) or self.explain_end()


def explain_no_spool(exc: OSError, folder: Path) -> RagError:
    """Why the chunks of documents can't be kept in the folder for a while."""
    return explain_system_error(exc, folder) or RagError(f"{folder} cannot be written ({exc}).")


def _decode_outcome(outcome: dict[str, Any], job: ParseJob, sha256: bytes, spool: Path) -> Parsed:
    header = Document(pages=(), **{**outcome["document"], "notes": tuple(outcome["document"].get("notes", ()))})
    if outcome.get("error") is not None:
        spool.unlink(missing_ok=True)
        return Parsed(job.source, sha256, header, error=outcome["error"], kind=outcome["kind"])
    labels = {number: label for number, label in outcome["labels"]}
    chunks = SpooledChunks(job.source, spool, outcome["chunks"])
    if spool.stat().st_size > _SMALL_BYTES:
        return Parsed(job.source, sha256, header, chunks, labels, kind=outcome["kind"], spool=spool)
    parsed = Parsed(job.source, sha256, header, list(chunks), labels, kind=outcome["kind"])
    spool.unlink()
    return parsed
