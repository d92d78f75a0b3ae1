"""Opens a model's export; if there is none yet, has it made by a child process and waits for that.

It is a child process because torch would keep 1 GB of the service for ever, and hold the interpreter's lock while
somebody waits for a page.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rag.errors import EmbeddingModelError
from rag.models.manifest import Manifest
from rag.models.source import KINDS, Say, Source
from rag.processes import StopSwitch, make_command, make_environment, name_signal, read_last_line

ERROR_PREFIX = "Error: "
"""Begins the line with which an exporting process ends in vain; its other lines are progress."""

_EXPORTER_END_S = 5.0  # it clears away 200 MB when its input ends


def open_export(
    source: Source, models_dir: Path, progress: Say | None = None, switch: StopSwitch | None = None
) -> tuple[Path, Manifest]:
    """The folder and the manifest of a whole export. If there is none yet it is made, which is told to `progress`.

    Raises EmbeddingModelError if the model can't be found, isn't what it should be, or can't be exported, or if the
    switch is thrown meanwhile.
    """
    folder = models_dir / source.key
    manifest = Manifest.read(folder)
    if manifest is None:
        _export_in_child(source, models_dir, progress or (lambda sentence: None), switch or StopSwitch())
        manifest = Manifest.read(folder)
    if manifest is None:
        raise EmbeddingModelError(f"The {source.kind.noun} in {folder} is damaged. Delete that folder and try again.")
    return folder, manifest


def share_exports(models_dir: Path, other_dir: Path) -> None:
    """Give `other_dir` the exports that only `models_dir` has, as links to the same files where the disk allows it."""
    for export in models_dir.glob("*"):
        if Manifest.read(export) and not (other_dir / export.name).exists():
            other_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{export.name}.", dir=other_dir) as building:
                whole = shutil.copytree(export, Path(building) / export.name, copy_function=_link)
                with contextlib.suppress(OSError):  # another process was first
                    whole.rename(other_dir / export.name)


def _link(file: str, copy: str) -> None:
    try:
        os.link(file, copy)
    except OSError:  # another disk, or one without links
        shutil.copy2(file, copy)


def _export_in_child(source: Source, models_dir: Path, progress: Say, switch: StopSwitch) -> None:
    with (
        tempfile.TemporaryFile() as stderr,
        _run_exporter(source, models_dir, stderr) as child,
        switch.guard(lambda: _end_input(child)),
    ):
        assert child.stdout
        for line in map(str.rstrip, child.stdout):
            if line.startswith(ERROR_PREFIX):
                raise EmbeddingModelError(line.removeprefix(ERROR_PREFIX))
            progress(line)
        code = child.wait()
        if code:
            raise EmbeddingModelError(
                f"The {source.kind.noun} {source.name} could not be prepared ({_explain_end(code, stderr)})."
                " Try again; it needs 2 GB of free memory, or more for a bigger model."
            )


@contextlib.contextmanager
def _run_exporter(source: Source, models_dir: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    """The exporting process. It ends when its input does: on our way out, and if we are killed."""
    kind = next(name for name, kind in KINDS.items() if kind == source.kind)
    arguments = ["--child", "--kind", kind, source.argument, str(models_dir.absolute())]
    child = subprocess.Popen(
        [*make_command("rag.models.export"), *arguments],
        env=make_environment(PYTHONUTF8="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
        errors="replace",
    )
    assert child.stdin
    assert child.stdout
    try:
        yield child
    finally:
        _end_input(child)
        try:
            child.wait(_EXPORTER_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _end_input(child: subprocess.Popen[str]) -> None:
    """Close the child's standard input, which ends the child."""
    assert child.stdin
    child.stdin.close()


def _explain_end(code: int, stderr: IO[bytes]) -> str:
    if name := name_signal(code):
        return f"its process was ended by {name}"
    return read_last_line(stderr)[:200].rstrip(".") or f"its process ended with code {code}"
