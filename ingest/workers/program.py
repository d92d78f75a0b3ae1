"""The program of a worker process, ``python -m ingest.workers.program``; `ingest.workers.pool` starts and stops it.

It reads a line with the configuration, then a line for each job, all JSON. To a job it answers with two lines: first
the file's digest, so that it is known even if the rest crashes, then the outcome; between them it may ask for more
time. It ends when its input ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from ingest.splitting.splitter import Splitter
from ingest.workers.config import Limits, ParseConfig, decode_config, tell_memory_limit
from ingest.workers.parsed import encode_chunk
from ingest.workers.parsing import Outcome, SpoolError, build_splitter, clean, parse_bytes, read_bytes
from rag.errors import LoadError
from rag.processes import leave_signals_to_parent, open_private_stdout
from rag.types import Chunk


def main() -> None:
    """Serve jobs until the parent closes the pipe or dies."""
    leave_signals_to_parent()
    answers = open_private_stdout()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    config = decode_config(sys.stdin.readline())
    _harden(config.limits)
    splitter = build_splitter(config)
    threading.Thread(target=_take_lines, args=(lines,), daemon=True).start()
    _send(answers, {"ready": True})
    while line := lines.get():
        _serve(json.loads(line), config, splitter, answers)


def _take_lines(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # the parent is gone: whatever is being read is of no use any more


def _send(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _harden(limits: Limits) -> None:
    """Limits that the system enforces where it can, and no network whatever a document asks for."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        hard = limits.memory_bytes * 3 // 2  # the parent, which can name the reason, should be first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise PermissionError("a document asked for the network")


def _serve(job: dict[str, str], config: ParseConfig, splitter: Splitter, answers: IO[str]) -> None:
    source = job["source"]
    try:
        data = read_bytes(Path(job["path"]), config.limits)
    except (LoadError, MemoryError) as error:
        reason = str(error) or tell_memory_limit(config.limits)
        _send(answers, {"sha256": ""})
        _send(answers, {"document": {"source": source}, "error": reason, "kind": "failed"})
        return
    _send(answers, {"sha256": hashlib.sha256(data).hexdigest()})
    try:
        outcome = _parse_to_spool(source, data, Path(job["spool"]), config, splitter, answers)
    except OSError as error:  # the spool's: what is wrong with the file is an outcome
        _send(answers, {"spool_errno": error.errno})
    else:
        _send(answers, _encode_outcome(outcome))


def _parse_to_spool(
    source: str, data: bytes, path: Path, config: ParseConfig, splitter: Splitter, answers: IO[str]
) -> Outcome:
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as spool:
        return parse_bytes(
            source,
            data,
            config,
            splitter,
            take_chunk=lambda chunk: _write_chunk(spool, chunk),
            more_time=lambda seconds: _send(answers, {"more_s": seconds}),
        )


def _write_chunk(spool: IO[str], chunk: Chunk) -> None:
    try:
        spool.write(encode_chunk(chunk))
    except OSError as error:
        raise SpoolError(error.errno, error.strerror) from error


def _encode_outcome(outcome: Outcome) -> dict[str, Any]:
    fields = asdict(outcome.document).items()
    document = {name: clean(value) if isinstance(value, str) else value for name, value in fields if name != "pages"}
    return {
        "document": document,
        "chunks": outcome.chunks,
        "error": outcome.error,
        "kind": outcome.kind,
        "labels": outcome.labels,
    }


if __name__ == "__main__":
    main()
