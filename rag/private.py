"""Files and folders of ours: they are the user's alone, and the next process clears away what one leaves behind.

On Windows the modes below mean nothing, except that from 3.11.10 on Python makes a folder private that is made with
mode 0700; an index that was made earlier keeps the rights of the folder that it lies in. None of this is tested there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tempfile

    import psutil

_CLOCK_S = 5.0
"""By how much a process's start may seem to change when the clock is set, since it is counted from the system's."""
_PREFIX = "pagewise-"
"""The beginning of our folders' names where other programs have theirs."""


def write_privately() -> None:
    """Let what this process and its children make from now on be readable by their user alone."""
    os.umask(0o077)


def open_privately(path: str, flags: int) -> int:
    """Open a file that only its user may read: an `opener` for `open`, whatever rights the process gives otherwise."""
    return os.open(path, flags, 0o600)


def take_rights_from_others(path: Path) -> None:
    """Leave a file, or a folder with all that is in it, to its user alone.

    A folder that is private already isn't looked into. Links and other users' files are left as they are.
    """
    if _is_open_to_others(path):
        for folder, _, names in os.walk(path):
            for one in (folder, *(os.path.join(folder, name) for name in names)):
                _take_rights_of_one(one)
        _take_rights_of_one(path)


def _is_open_to_others(path: str | Path) -> bool:
    if os.name == "nt":
        return False
    try:
        status = os.lstat(path)
    except OSError:
        return False
    is_ours = status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode)
    return is_ours and bool(status.st_mode & 0o077)


def _take_rights_of_one(path: str | Path) -> None:
    if _is_open_to_others(path):
        with contextlib.suppress(OSError):  # a read-only disk: then it was somebody else's decision
            os.chmod(path, stat.S_IMODE(os.lstat(path).st_mode) & 0o700)


def make_process_folder(base: Path) -> Path:
    """Make this process's own folder below `base`, and delete the folders of processes that have ended."""
    import psutil  # 0.02 s

    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear_dead_folders(base)
    own = base / _name_process(psutil.Process())
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def clear_dead_folders(base: Path, prefix: str = "") -> None:
    """Delete the folders below `base` of processes that have ended."""
    with contextlib.suppress(OSError):  # there is no such folder, most of the time
        for folder in list(base.iterdir()):
            if folder.name.startswith(prefix) and not is_running(folder.name.removeprefix(prefix)):
                shutil.rmtree(folder, ignore_errors=True)


def make_temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for what can't be kept beside the index, and delete those that ended processes of ours left."""
    import tempfile

    import psutil

    clear_dead_folders(Path(tempfile.gettempdir()), _PREFIX)
    prefix = f"{_PREFIX}{_name_process(psutil.Process())}-"
    return tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)


def name_this_process() -> str:
    """A name for this process that no other has, be it later: for `is_running`."""
    import psutil

    return _name_process(psutil.Process())


def _name_process(process: psutil.Process) -> str:
    return f"{process.pid}-{process.create_time():.0f}"


def is_running(name: str) -> bool:
    """Whether the process of that name still runs; another may have its number by now."""
    import psutil

    number, _, start = name.partition("-")
    try:
        started: float = psutil.Process(int(number)).create_time()
        return abs(started - float(start.partition("-")[0])) < _CLOCK_S
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:  # another user's process
        return True


def identify_file(path: str | Path) -> tuple[int, int] | None:
    """Device and inode of a file or folder, equal only for the same one; None if it can't be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
