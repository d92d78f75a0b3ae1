"""Which mount points and links lost what they held."""

from __future__ import annotations

import pytest

from ingest.mounts import find_lost, list_mounts, tell_lost
from ingest.scan import Scan
from rag.index.catalog.records import FileState

NOTED = {"disks/blue", "shortcut"}


def count_three(folder: str) -> int:
    return 3


def find(scan: Scan, noted: set[str] = NOTED) -> set[str]:
    return set(find_lost(scan, noted, count_three))


def test_an_empty_folder_that_was_a_mount_point_is_lost_and_its_documents_may_be_there():
    scan = Scan(hollow={"disks/blue", "empty"})
    lost = find_lost(scan, NOTED, count_three)
    assert lost == {
        "disks/blue": "its disk seems to be unmounted; its 3 documents are kept. "
        "Mount it again, or delete the folder to have them removed."
    }
    assert tell_lost(scan, lost) == (f"disks/blue: {lost['disks/blue']}",)
    assert scan.may_hold("disks/blue/in/a.txt")
    assert not scan.may_hold("disks/bluebell.txt")
    assert list_mounts(scan, NOTED) == {"disks/blue"}


def test_a_folder_that_was_deleted_or_filled_is_not_lost():
    assert find(Scan()) == set()
    assert find(Scan(files={"disks/blue/b.txt": FileState(1, 1, 1)})) == set()
    assert list_mounts(Scan(), NOTED) == set()


def test_an_empty_disk_that_is_mounted_is_not_lost():
    assert find(Scan(hollow={"disks/blue"}, mounts={"disks/blue": "disks/blue"})) == set()


def test_where_no_document_was_nothing_is_lost():
    assert find_lost(Scan(hollow={"disks/blue"}), NOTED, lambda folder: 0) == {}


@pytest.mark.parametrize("target", ["disks/blue", "disks/blue/letters"])
def test_a_link_into_an_unmounted_disk_is_lost_with_it(target):
    scan = Scan(hollow={"disks/blue", "shortcut"}, mounts={"shortcut": target})
    assert find(scan) == {"disks/blue", "shortcut"}
    assert find_lost(scan, NOTED, count_three)["shortcut"].startswith("what this link leads to is gone; its 3")


def test_a_link_to_a_folder_that_was_emptied_is_not_lost():
    assert find(Scan(hollow={"letters", "shortcut"}, mounts={"shortcut": "letters"})) == set()


def test_a_known_link_that_leads_nowhere_is_lost_and_others_are_nobodys_business():
    assert find(Scan(broken={"shortcut", "node_modules/tool"})) == {"shortcut"}
