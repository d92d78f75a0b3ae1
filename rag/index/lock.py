"""One writer at a time: a lock that dies with its holder, and whose refusal names who holds it. Owns filelock."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from rag.errors import IndexLockedError, IndexUnusableError

_POLL_S = 0.05


class Lock(Protocol):
    """A lock on a file. `acquire` raises TimeoutError, or OSError where the file can't be made."""

    def acquire(self, timeout: float | None = None, poll_interval: float | None = None) -> object: ...
    def release(self) -> None: ...


@contextlib.contextmanager
def lock_for_writing(
    folder: Path, *, wait_s: float = 0.0, on_wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the index folder's writer lock.

    Raises IndexLockedError, naming the holder, if it isn't free within `wait_s` seconds; `on_wait` is told once whom
    we wait for. The operating system frees the lock when its holder dies, however it dies. Local disks only: on a
    network folder two machines may both be given it.
    """
    lock = make_file_lock(folder / "writer.lock")
    holder = folder / "writer.json"
    try:
        _acquire(lock, holder, wait_s, on_wait)
        holder.write_text(json.dumps({"pid": os.getpid(), "command": _describe_command(), "since": time.time()}))
    except OSError as exc:
        lock.release()
        raise IndexUnusableError(
            f"The index folder {folder} cannot be written ({exc.strerror or exc}). "
            "Check its rights and the free space, or choose another with --index or RAG_INDEX_DIR."
        ) from exc
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def make_file_lock(path: Path) -> Lock:
    """A lock between processes, and between the objects made here; entering the same one again is allowed."""
    from filelock import FileLock  # 0.07 s

    return FileLock(path, thread_local=False)


def _acquire(lock: Lock, holder: Path, wait_s: float, on_wait: Callable[[str], None] | None) -> None:
    from filelock import Timeout

    with contextlib.suppress(Timeout):
        lock.acquire(timeout=0)
        return
    who = describe_holder(holder)
    if on_wait is not None and wait_s > 0:
        on_wait(f"Waiting up to {wait_s:.0f} s for {who}, which is writing the index.")
    try:
        lock.acquire(timeout=wait_s, poll_interval=_POLL_S)
    except Timeout:
        raise IndexLockedError(
            f"The index {holder.parent} is being written by {describe_holder(holder)}. "
            "It takes up changes of the folder too; wait for it or stop it, then try again."
        ) from None


def describe_holder(holder: Path) -> str:
    """Who holds the lock, in words: process number, command and since when."""
    try:
        told = json.loads(holder.read_text())
        since = time.strftime("%H:%M:%S", time.localtime(told["since"]))
        return f"process {told['pid']} ({told['command']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _describe_command() -> str:
    name = Path(sys.argv[0])
    words = [f"python -m {name.parent.name}" if name.name == "__main__.py" else name.name, *sys.argv[1:]]
    return " ".join(words)[:200]
