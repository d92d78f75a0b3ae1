"""Where uploads are kept until they are taken: a private folder for each server process, never one for all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

_CLOCK_S = 5.0
"""A process's start, counted from the system's, may seem to change by so much when the clock is set."""


def make_files_folder(base: Path) -> Path:
    """This process's folder below `base`, made empty; those of processes that have ended are deleted."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in base.iterdir():
        if not is_in_use(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    own = base / _name_folder(psutil.Process())
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def is_in_use(name: str) -> bool:
    """Whether the process that made the folder of that name still runs, and isn't another one with its number."""
    number, _, start = name.partition("-")
    try:
        started: float = psutil.Process(int(number)).create_time()
        is_same = abs(started - float(start)) < _CLOCK_S
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:  # another user's
        return True
    return is_same


def open_privately(path: str, flags: int) -> int:
    """The `opener` of a file that only its user may read."""
    return os.open(path, flags, 0o600)


def _name_folder(process: psutil.Process) -> str:
    return f"{process.pid}-{process.create_time():.0f}"
