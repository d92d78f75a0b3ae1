from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from page.access.files import make_files_folder


def test_a_process_has_one_folder_and_keeps_it(tmp_path):
    own = make_files_folder(tmp_path / "uploads")
    (own / "upload").write_text("not taken yet", "utf-8")
    assert make_files_folder(tmp_path / "uploads") == own
    assert (own / "upload").is_file()


def test_what_a_killed_process_left_is_deleted_and_what_a_running_one_has_is_not(tmp_path):
    code = (
        "import sys, pathlib; from page.access.files import make_files_folder;"
        " own = make_files_folder(pathlib.Path(sys.argv[1])); (own / 'upload').touch(); print(own, flush=True);"
        " sys.stdin.read()"
    )
    base = tmp_path / "uploads"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        folder = other.stdout.readline().strip()
        own = make_files_folder(base)
        assert sorted(map(str, base.iterdir())) == sorted([str(own), folder])
        other.kill()
        other.wait()
    make_files_folder(base)
    assert list(base.iterdir()) == [own]


def test_a_number_that_another_process_has_by_now_keeps_nothing(tmp_path):
    (tmp_path / f"{os.getpid()}-1000000000").mkdir()
    (tmp_path / "whatever").mkdir()
    own = make_files_folder(tmp_path)
    assert list(tmp_path.iterdir()) == [own]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes.")
def test_uploads_are_their_users_alone(tmp_path):
    own = make_files_folder(tmp_path / "uploads")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (own.parent, own)] == [0o700, 0o700]
