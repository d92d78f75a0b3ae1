"""Makes a file that came through the page a file of the corpus."""

from __future__ import annotations

import filecmp
import itertools
import re
import shutil
import unicodedata
from pathlib import Path
from typing import NamedTuple

from rag.errors import SettingsError

_LONGEST_NAME = 120
"""Characters; three bytes each in UTF-8 at worst, which leaves room for a number within the 255 bytes of most disks."""

_WINDOWS_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|\Z)", re.IGNORECASE)


class Upload(NamedTuple):
    source: str
    """Source of the document that the upload becomes."""
    is_new: bool
    """Whether the file was put there now; otherwise it was there already."""


def keep_upload(corpus_dir: Path, name: str, content: Path) -> Upload:
    """Copy `content` into the corpus under a safe form of `name`.

    Nothing is ever overwritten: where another file has that name, this one becomes ``name (2).pdf``. The same bytes are
    not kept twice under a name.
    Raises SettingsError without a corpus folder, OSError when it can't be written.
    """
    if not corpus_dir.is_dir():
        raise SettingsError(
            f"There is no folder {corpus_dir}. Make it, or set RAG_CORPUS_DIR, and attach the file again."
        )
    safe = Path(make_safe_name(name))
    for number in itertools.count(1):
        target = corpus_dir / (safe.name if number == 1 else f"{safe.stem} ({number}){safe.suffix}")
        if _is_same_file(target, content):
            return Upload(target.name, is_new=False)
        if _copy_if_free(content, target):
            return Upload(target.name, is_new=True)
    raise AssertionError("unreachable")


def take_back_upload(corpus_dir: Path, source: str, content: Path) -> bool:
    """Remove a kept file from the corpus if it still is what came; whether it is gone now."""
    target = corpus_dir / source
    try:
        if _is_same_file(target, content):
            target.unlink()
        return not target.exists()
    except OSError:  # then it stays, and the page goes on naming it
        return False


def make_safe_name(name: str) -> str:
    """A file name that every system takes, never hidden and never a path."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join("_" if char in '<>:"|?*' or not char.isprintable() else char for char in name)
    name = name.strip().lstrip(".~").rstrip(". ") or "document"
    name = _WINDOWS_DEVICES.sub(r"_\g<0>", name, count=1) if _WINDOWS_DEVICES.match(name) else name
    stem, dot, suffix = name.rpartition(".")
    return (
        name if len(name) <= _LONGEST_NAME else f"{(stem or name)[: _LONGEST_NAME - 12]}{dot}{suffix[:10]}".rstrip(". ")
    )


def _copy_if_free(content: Path, target: Path) -> bool:
    try:
        with content.open("rb") as read, target.open("xb") as write:
            shutil.copyfileobj(read, write)
    except FileExistsError:
        return False
    return True


def _is_same_file(target: Path, content: Path) -> bool:
    return target.is_file() and filecmp.cmp(target, content, shallow=False)
