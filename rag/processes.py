"""What child processes and those who wait for them share."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

_CODE = str(Path(__file__).resolve().parents[1])
"""The folder with our packages: a checkout, or where Python keeps what is installed."""


def make_command(module: str) -> list[str]:
    """The command that runs a module of ours. What lies in the current folder can't stand in for a library (-P)."""
    return [sys.executable, "-P", "-m", module]


def make_environment(**more: str) -> dict[str, str]:
    """This process's environment, and in it where to find the code that runs here, installed or not."""
    search_path = filter(None, (_CODE, os.environ.get("PYTHONPATH")))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(search_path), **more}


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C, a closed terminal and a service's stop, in a child process that ends when its input does.

    They reach the child as well as its parent, which is to end in an orderly way first, instead of wondering why its
    child has died.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def end_orderly_on_hangup() -> None:
    """Take a closed terminal for a service's stop, which the server ends on in an orderly way.

    Left to the system, it would kill the process at once. Whoever has it ignored, as nohup does, keeps that. Python
    gives signals to the main thread alone, so elsewhere nothing changes.
    """
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    is_main = threading.current_thread() is threading.main_thread()
    if hangup is not None and is_main and signal.getsignal(hangup) is signal.SIG_DFL:
        signal.signal(hangup, lambda *_: signal.raise_signal(signal.SIGTERM))


class StopSwitch:
    """Lets one thread end what another one waits for. Once thrown it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_thrown = False
        self._ends: list[Callable[[], None]] = []

    def throw(self) -> None:
        """End what is being waited for now, and from now on whatever is to be waited for."""
        with self._lock:
            self._is_thrown = True
            for end in self._ends:
                end()

    @contextlib.contextmanager
    def guard(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` if the switch is thrown while the block runs; at once if it was thrown before."""
        with self._lock:
            self._ends.append(end)
            if self._is_thrown:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)


def open_private_stdout() -> IO[str]:
    """Reserve standard output for lines written to the result; what libraries print goes to standard error."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return lines


def harden(memory_bytes: int) -> None:
    """Have the system enforce a limit of memory where it can, and refuse the network whatever a document asks for."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        raise PermissionError("a document asked for the network")


def name_signal(exit_code: int) -> str:
    """The name of the signal that ended a process, such as ``SIGKILL``; empty if none did."""
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-exit_code).name
    return ""


def read_last_line(stderr: IO[bytes]) -> str:
    """The last line that a process wrote to this file; empty if it wrote none."""
    stderr.seek(0)
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
