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

from ingest.workers.messages import Outcome, ParseConfig, Parsed, ParseJob, SpooledChunks, decode_outcome, encode_config
from rag.errors import RagError, explain_system_error
from rag.processes import make_command, make_environment, name_signal, read_last_line
from rag.types import Document

START_S = 60.0
"""Time within which a worker must be ready. It takes 0.3 s on a free core."""
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

    def await_ready(self) -> None:
        """Wait until the worker can take a job. Raises RagError if it ended instead."""
        if not self._is_ready and self._read_answer() is None:
            self._process.wait()
            last_words = read_last_line(self._stderr) or self._explain_end()
            raise RagError(f"The process that reads files could not start: {last_words}")
        self._is_ready = True

    def send(self, job: ParseJob, spool: Path) -> None:
        """Give the worker a job; it writes the chunks to `spool`."""
        job_line = {"source": job.source, "path": str(job.path.absolute()), "spool": str(spool)}
        self._write(json.dumps(job_line) + "\n")

    def collect_result(self, job: ParseJob, spool: Path) -> Parsed:
        """Wait for the job's result. If the worker dies or is killed, that is the reason of the failure.

        Raises RagError if there was no room for the chunks.
        """
        digest = self._read_answer()
        answer = self._read_answer() if digest else None
        while answer is not None and "more_s" in answer:
            self.deadline = max(self.deadline, time.monotonic() + answer["more_s"])
            answer = self._read_answer()
        sha256 = bytes.fromhex(digest["sha256"]) if digest else b""
        if answer is None:
            spool.unlink(missing_ok=True)
            return Parsed(job.source, sha256, Document(job.source, ()), error=self._explain_end(), kind="failed")
        if "spool_errno" in answer:
            spool.unlink(missing_ok=True)
            raise explain_no_spool(OSError(answer["spool_errno"], os.strerror(answer["spool_errno"])), spool.parent)
        return _collect_chunks(job, sha256, decode_outcome(answer), spool)

    def measure_memory(self) -> int:
        """Bytes of memory that the worker holds; 0 if it is dead."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self, reason: str) -> None:
        """End the worker, for a reason that its file's failure will name; the first reason counts."""
        self.kill_reason = self.kill_reason or reason
        self._process.kill()

    def close(self) -> None:
        """End the worker and free what belongs to it."""
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

    def _explain_end(self) -> str:
        """Wait for the process to end, and tell a user why it did."""
        code = self._process.wait()
        if self.kill_reason:
            return self.kill_reason
        if code == -getattr(signal, "SIGABRT", 0):
            return "it needed more memory than there is, or crashed the reader (SIGABRT)"
        if name := name_signal(code):
            return f"reading it crashed the reader ({name})"
        return f"reading it ended the reader (exit code {code})"


def explain_no_spool(exc: OSError, folder: Path) -> RagError:
    """Why the chunks of documents can't be kept in the folder for a while."""
    return explain_system_error(exc, folder) or RagError(f"{folder} cannot be written ({exc}).")


def _collect_chunks(job: ParseJob, sha256: bytes, outcome: Outcome, spool: Path) -> Parsed:
    """The result with its chunks; the spool file is deleted unless they are too many to be held."""
    spooled = SpooledChunks(job.source, spool, outcome.chunks)
    labels = dict(outcome.labels)
    if outcome.error is None and spool.stat().st_size > _SMALL_BYTES:
        return Parsed(job.source, sha256, outcome.document, spooled, labels, spool=spool)
    chunks = list(spooled) if outcome.error is None else []
    spool.unlink(missing_ok=True)
    return Parsed(job.source, sha256, outcome.document, chunks, labels, outcome.error, outcome.kind)
