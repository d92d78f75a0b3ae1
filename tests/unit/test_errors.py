from __future__ import annotations

import errno

import pytest

from rag.errors import DiskFaultError, DiskFullError, IndexAccessError, advise_repair, explain_system_error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFullError),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DiskFullError),
        (OSError(errno.EIO, "Input/output error"), DiskFaultError),
        (PermissionError(errno.EACCES, "Permission denied"), IndexAccessError),
        (ValueError("An IO error occurred: 'No space left on device (os error 28)'"), DiskFullError),
        (RuntimeError("error returned from database: (code: 13) database or disk is full"), DiskFullError),
        (ValueError("An IO error occurred: 'Input/output error (os error 5)'"), DiskFaultError),
        (ValueError("Failed to open file for read: 'Permission denied (os error 13)'"), IndexAccessError),
    ],
)
def test_what_the_system_says_by_number_or_in_words_is_passed_on_with_a_remedy(tmp_path, error, expected):
    assert type(explain_system_error(error, tmp_path)) is expected


def test_what_the_system_did_not_say_stays_unexplained(tmp_path):
    assert explain_system_error(ValueError("(code: 10) disk I/O error"), tmp_path) is None


def test_damage_where_nothing_can_be_written_gets_another_advice(tmp_path, monkeypatch):
    assert "pagewise ingest" in advise_repair(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "pagewise ingest" not in advise_repair(tmp_path)
    assert "can't be written" in advise_repair(tmp_path)
