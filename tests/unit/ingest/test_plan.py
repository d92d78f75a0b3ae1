"""What a sync would do, from the folder's files and the known ones alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.plan import PlanRules, make_plan
from ingest.scan import Scan
from rag.index.catalog.records import FileState, KnownFile

HOUR_NS = 3_600_000_000_000
NOW_NS = 100 * HOUR_NS + 1
TAKE_ALL = PlanRules()


def make_state(size: int, *, age_ns: int = HOUR_NS) -> FileState:
    return FileState(size, NOW_NS - age_ns, NOW_NS - age_ns)


def make_file(state: FileState, content: bytes, reason: str | None = None) -> KnownFile:
    return KnownFile(document_id=state.size, state=state, sha256=content, reason=reason)


KNOWN = {"a.txt": make_file(make_state(1), b"A"), "b.txt": make_file(make_state(2), b"B")}


def plan(files, contents=(), rules=TAKE_ALL, known=KNOWN, failed=None):
    scan = Scan(files, failed or {}, began_ns=NOW_NS)
    return make_plan(scan, known, dict(contents).get, rules)


def sources(entries):
    return [source for _, source, _ in entries]


def test_an_equal_folder_needs_nothing_and_no_file_is_read():
    found = plan({source: file.state for source, file in KNOWN.items()})
    assert found.is_empty
    assert found.unchanged == 2


def test_content_decides_between_touched_moved_copied_and_read():
    files = {
        "a.txt": make_state(1, age_ns=2 * HOUR_NS),
        "z.txt": make_state(2),
        "copy.txt": make_state(2),
        "new.txt": make_state(9),
    }
    contents = {"a.txt": b"A", "z.txt": b"B", "copy.txt": b"B"}  # nothing known is as long as new.txt
    found = plan(files, contents)
    assert [id_ for id_, _ in found.touched] == [1]
    assert sources(found.moved) == ["copy.txt"]  # the first of two with the content of what is gone
    assert {source for source, _ in found.read} == {"new.txt", "z.txt"}
    assert found.removed == ["b.txt"]


def test_a_copy_of_an_unchanged_file_is_known_but_not_under_another_ending():
    files = {source: file.state for source, file in KNOWN.items()} | {"c.txt": make_state(1), "c.md": make_state(1)}
    found = plan(files, {"c.txt": b"A", "c.md": b"A"})
    assert sources(found.copied) == ["c.txt"]
    assert [source for source, _ in found.read] == ["c.md"]


def test_files_to_be_read_come_newest_first():
    files = {f"{hours}.txt": make_state(50, age_ns=hours * HOUR_NS) for hours in (3, 1, 2)}
    assert [source for source, _ in plan(files, known={}).read] == ["1.txt", "2.txt", "3.txt"]


def test_what_cannot_be_looked_at_is_told_once_and_not_taken_for_removed():
    failed = {"a.txt": "cannot be looked into"}
    found = plan({"b.txt": KNOWN["b.txt"].state}, failed=failed)
    assert (found.removed, found.unreadable) == ([], [("a.txt", "cannot be looked into")])
    known = KNOWN | {"a.txt": make_file(make_state(1), b"", reason="cannot be looked into")}
    assert plan({"b.txt": KNOWN["b.txt"].state}, known=known, failed=failed).unreadable == []


@pytest.mark.parametrize(("retry", "read"), [(False, []), (True, ["a.txt"])])
def test_a_failed_file_is_read_again_only_when_asked(retry, read):
    known = {"a.txt": make_file(make_state(1), b"A", reason="is bad")}
    found = plan({"a.txt": make_state(1)}, {"a.txt": b"A"}, PlanRules(retry=retry), known)
    assert [source for source, _ in found.read] == read


def test_a_file_just_written_or_said_to_be_open_waits_where_the_rules_say_so():
    files = {"young.txt": make_state(8, age_ns=1_000_000_000), "open.txt": make_state(8), "old.txt": make_state(8)}
    rules = PlanRules(settle_s=60, is_busy=lambda source: source == "open.txt")
    found = plan(files, rules=rules, known={})
    assert (found.unsettled, [source for source, _ in found.read]) == (2, ["old.txt"])
    assert plan(files, rules=replace(rules, settle_s=0), known={}).unsettled == 0


@pytest.mark.parametrize(
    ("state", "is_trusted"),
    [
        (make_state(5, age_ns=1_000_000), False),
        (make_state(5, age_ns=10_000_000_000), True),
        # Whole seconds are the mark of a file system with a coarse clock.
        (FileState(5, NOW_NS - 1_000_000_001, NOW_NS - 1_000_000_001), False),
        (FileState(5, NOW_NS - 3_000_000_001, NOW_NS - 3_000_000_001), True),
    ],
)
def test_the_state_of_a_file_changed_just_before_the_look_is_not_trusted(state, is_trusted):
    ((_, kept),) = plan({"a.txt": state}, known={}).read
    assert (kept == state) is is_trusted
    assert kept.mtime_ns == state.mtime_ns
