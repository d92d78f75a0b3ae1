from __future__ import annotations

import errno

import pytest

from rag.errors import DiskFaultError, DiskFullError, IndexUnusableError, explain_system_error, is_disk_full


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EIO, "Input/output error"), False),
        (OSError(errno.EACCES, "the folder 'database or disk is full' is closed to you"), False),
        (ValueError("An IO error occurred: 'No space left on device (os error 28)'"), True),
        (RuntimeError("error returned from database: (code: 13) database or disk is full"), True),
        (ValueError("An IO error occurred: 'Input/output error (os error 5)'"), False),
        (ValueError("(code: 10) disk I/O error"), False),
    ],
)
def test_a_full_disk_is_told_by_number_or_by_what_libraries_say(error, is_full):
    assert is_disk_full(error) == is_full


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFullError),
        (OSError(errno.EIO, "Input/output error"), DiskFaultError),
        (PermissionError(errno.EACCES, "Permission denied"), IndexUnusableError),
    ],
)
def test_what_the_system_says_is_passed_on_with_a_remedy(tmp_path, error, expected):
    assert type(explain_system_error(error, tmp_path)) is expected


def test_what_the_system_did_not_say_stays_unexplained(tmp_path):
    assert explain_system_error(ValueError("Nothing found on disk"), tmp_path) is None
