"""Folders of one process, rights that are the user's alone, and which file is which."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from rag.private import identify_file, make_process_folder, take_rights_from_others


def test_a_process_has_one_folder_and_keeps_it(tmp_path):
    own = make_process_folder(tmp_path / "uploads")
    (own / "upload").write_text("not taken yet", "utf-8")
    assert make_process_folder(tmp_path / "uploads") == own
    assert (own / "upload").is_file()


def test_a_number_that_another_process_has_by_now_keeps_nothing(tmp_path):
    (tmp_path / f"{os.getpid()}-1000000000").mkdir()
    (tmp_path / "whatever").mkdir()
    own = make_process_folder(tmp_path)
    assert list(tmp_path.iterdir()) == [own]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes.")
def test_uploads_are_their_users_alone(tmp_path):
    own = make_process_folder(tmp_path / "uploads")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (own.parent, own)] == [0o700, 0o700]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes.")
def test_rights_are_taken_from_others_through_and_through_but_not_from_the_user(tmp_path):
    inner = tmp_path / "index" / "chroma" / "inner"
    inner.mkdir(parents=True)
    outside = tmp_path / "outside.txt"
    outside.write_text("not ours to change")
    outside.chmod(0o644)
    (inner / "link").symlink_to(outside)
    for name, mode in (("data", 0o666), ("script", 0o755), ("fixed", 0o444)):
        (inner / name).touch()
        (inner / name).chmod(mode)
    take_rights_from_others(tmp_path / "index")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "index").rglob("*")}
    assert modes == {"chroma": 0o700, "inner": 0o700, "data": 0o600, "script": 0o700, "fixed": 0o400, "link": 0o644}
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o700


def test_a_file_is_the_same_by_each_of_its_names_until_another_takes_its_place(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "c").hardlink_to(tmp_path / "a")
    before = identify_file(tmp_path / "a")
    assert before == identify_file(tmp_path / "c") != identify_file(tmp_path / "b")
    (tmp_path / "b").replace(tmp_path / "a")
    assert identify_file(tmp_path / "a") != before
    assert identify_file(tmp_path / "b") is None
