"""What child processes and those who wait for them share."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import IO


def open_private_stdout() -> IO[str]:
    """The standard output, for our own lines alone: what libraries print to it goes to standard error from now on."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return lines


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
