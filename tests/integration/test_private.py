"""What a killed process left, found by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rag.private import make_process_folder, make_temporary_folder


def test_what_a_killed_process_left_is_deleted_and_what_a_running_one_has_is_not(tmp_path):
    code = (
        "import sys, pathlib; from rag.private import make_process_folder;"
        " own = make_process_folder(pathlib.Path(sys.argv[1])); (own / 'upload').touch(); print(own, flush=True);"
        " sys.stdin.read()"
    )
    base = tmp_path / "uploads"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        folder = other.stdout.readline().strip()
        own = make_process_folder(base)
        assert sorted(map(str, base.iterdir())) == sorted([str(own), folder])
        other.kill()
        other.wait()
    make_process_folder(base)
    assert list(base.iterdir()) == [own]


def test_a_temporary_folder_of_a_killed_process_is_deleted_by_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "of another program").mkdir()
    code = "import os; from rag.private import *; kept = make_temporary_folder(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with make_temporary_folder() as own:
        assert {path.name for path in tmp_path.iterdir()} == {"of another program", Path(own).name}
    assert [path.name for path in tmp_path.iterdir()] == ["of another program"]
