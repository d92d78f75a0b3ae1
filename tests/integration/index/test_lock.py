"""The writer's lock, held by another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import IndexLockedError
from rag.index.lock import lock_for_writing

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from rag.index.lock import lock_for_writing
with lock_for_writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path, holder):
    with (
        pytest.raises(IndexLockedError, match=rf"process {holder.pid} .*since \d\d:\d\d:\d\d"),
        lock_for_writing(tmp_path),
    ):
        pass


def test_a_second_writer_waits_for_the_first_and_is_told_once(tmp_path, holder):
    told = []

    def end_holder(text):
        told.append(text)
        holder.stdin.close()

    with lock_for_writing(tmp_path, wait_s=30, on_wait=end_holder):
        assert len(told) == 1
        assert str(holder.pid) in told[0]


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with lock_for_writing(tmp_path):
        assert str(os.getpid()) in (tmp_path / "writer.json").read_text()
