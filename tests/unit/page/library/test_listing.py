from __future__ import annotations

import pytest

from page.library.listing import Wanted, describe, make_rows
from rag.index.catalog.records import FileInfo, FileState

DAY_NS = 86_400 * 10**9


def file(source: str, date: str = "2024-05-01", reason: str | None = None, **more):
    kind = "" if reason is None else "failed"
    digest = source.encode()
    plain = FileInfo(source, "", "markdown", "", None, date, 20_000 * DAY_NS, 10, 1, digest, reason, kind)
    return plain._replace(**more)


FILES = [
    file("b/plan v1.md", "2024-01-01"),
    file("b/plan v2.md", "2024-02-01", title="Plän of the garden"),
    file("b/plan.md", "2024-03-01"),
    file("a.pdf", format="pdf", pages=12, size=900),
    file("c/a copy.pdf", format="pdf", pages=12, sha256=b"a.pdf"),
    file("locked.pdf", reason="encrypted: add its password to passwords.txt in the index folder"),
]
ROWS = make_rows(FILES, {"new.txt": FileState(5, 20_001 * DAY_NS, 0)})


def names(**wanted):
    return [row["name"] for row in describe(ROWS, Wanted(**wanted))["rows"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"search": "plan garden"}, ["plan v2.md"]),
        ({"search": "PLÄN"}, ["plan v1.md", "plan v2.md", "plan.md"]),
        ({"folder": "b", "sort": "date", "is_descending": True}, ["plan.md", "plan v2.md", "plan v1.md"]),
        ({"folder": "", "sort": "size", "is_descending": True}, ["a.pdf", "locked.pdf", "new.txt"]),
        ({"state": "failed"}, ["locked.pdf"]),
        ({"sort": "state", "limit": 2}, ["locked.pdf", "new.txt"]),
        ({"offset": 6, "limit": 5}, ["plan.md"]),
    ],
)
def test_it_is_searched_sorted_and_cut(wanted: dict[str, object], found: list[str]):
    assert names(**wanted) == found


def test_it_tells_states_folders_copies_and_versions():
    shown = describe(ROWS, Wanted())
    assert (shown["total"], shown["shown"], shown["encrypted"]) == (7, 7, 1)
    assert shown["states"] == {"ready": 5, "reading": 1, "failed": 1}
    assert shown["folders"] == [("b", 3), ("c", 1)]
    by_name = {row["name"]: row for row in shown["rows"]}
    assert by_name["a copy.pdf"]["same"] == "a.pdf"
    assert (by_name["plan v1.md"]["version"], by_name["plan.md"]["versions"]) == ("b/plan.md", 3)
    assert by_name["locked.pdf"]["isEncrypted"]
