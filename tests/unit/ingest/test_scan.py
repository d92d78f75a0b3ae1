from __future__ import annotations

import errno
import os
import subprocess
import unicodedata

import pytest

import ingest.scan
from ingest.scan import scan_corpus
from rag.errors import CorpusError, SettingsError

POSIX = pytest.mark.skipif(os.name == "nt", reason="the file system has no such names or links")


def put(folder, *sources):
    for source in sources:
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def found(folder, **options):
    return set(scan_corpus(folder, **options).files)


def test_files_are_named_by_their_path_below_the_folder(tmp_path):
    put(tmp_path, "a.txt", "one/b.txt", "one/two/c.txt")
    assert found(tmp_path) == {"a.txt", "one/b.txt", "one/two/c.txt"}


def test_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SettingsError, match="nowhere does not exist"):
        scan_corpus(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    put(tmp_path, "a.txt")
    with pytest.raises(SettingsError, match="is not a folder"):
        scan_corpus(tmp_path / "a.txt")


def test_hidden_files_and_folders_are_left_out(tmp_path):
    put(tmp_path, ".secret", ".git/config", "a/.b/c.txt", "seen.txt")
    assert found(tmp_path) == {"seen.txt"}


@pytest.mark.parametrize(
    "name",
    ["~$report.docx", "notes.txt~", "#notes.txt#", "a.tmp", "a.TMP", ".a.swp", "a.part", "film.crdownload", "Thumbs.db",
     "report.pdf.sb-1a2b3c4d-AbCdEf"],
)  # fmt: skip
def test_temporary_files_are_left_out(tmp_path, name):
    put(tmp_path, name, "seen.txt")
    assert found(tmp_path) == {"seen.txt"}


@pytest.mark.parametrize("name", ["tmp", "part", "#1.txt", "a#", "sb-1.txt", "temporary.txt"])
def test_names_that_only_look_temporary_are_kept(tmp_path, name):
    put(tmp_path, name)
    assert found(tmp_path) == {name}


@POSIX
@pytest.mark.parametrize(
    "name",
    ["two words.txt", "50% #1.txt", "🐟 (final).md", "ü" * 125 + ".txt", "a\nb.txt", "quote'\".txt", "back\\slash.txt",
     "-rf.txt", " leading.txt"],
)  # fmt: skip
def test_odd_names_are_kept_as_they_are(tmp_path, name):
    put(tmp_path, name)
    assert found(tmp_path) == {name}


@POSIX
def test_two_spellings_of_one_name_are_two_files_where_the_system_says_so(tmp_path):
    names = {unicodedata.normalize(form, "é.txt") for form in ("NFC", "NFD")}
    put(tmp_path, *names)
    assert found(tmp_path) == {entry.name for entry in tmp_path.iterdir()}


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are Unicode there")
def test_a_name_that_is_no_utf8_is_a_failure_that_shows_it(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    scan = scan_corpus(tmp_path)
    assert scan.files == {}
    assert "UTF-8" in scan.failed["caf\\udce9.txt"]


@POSIX
def test_links_are_followed_inside_the_folder_only(tmp_path):
    put(tmp_path, "outside.txt", "corpus/real/a.txt", "elsewhere/b.txt")
    corpus = tmp_path / "corpus"
    (corpus / "link.txt").symlink_to("real/a.txt")
    (corpus / "folder").symlink_to(corpus / "real")
    (corpus / "out.txt").symlink_to(tmp_path / "outside.txt")
    (corpus / "out").symlink_to(tmp_path / "elsewhere")
    (corpus / "gone.txt").symlink_to("nothing")
    assert found(corpus) == {"real/a.txt", "link.txt", "folder/a.txt"}


@POSIX
def test_a_link_to_what_is_left_out_is_left_out_too(tmp_path):
    corpus = tmp_path / "corpus"
    put(corpus, ".env", ".ssh/id.txt", "private/diary/a.txt", "open/drafts/b.txt", "open/c.txt", "x.tmp", "index/d.txt")
    put(corpus, "secret.txt")
    (corpus / ".ragignore").write_text("/private/\nsecret.*\n/open/drafts\n")
    (corpus / "open" / ".ragignore").write_text("e.txt\n")
    put(corpus, "open/e.txt")
    links = {"1.txt": ".env", "2": ".ssh", "3": "private/diary", "4.txt": "private/diary/a.txt", "5.txt": "secret.txt"}
    links |= {"6.txt": "x.tmp", "7": "index", "8.txt": "index/d.txt", "9.txt": "open/e.txt", "10.txt": "1.txt"}
    for name, target in {**links, "way": "open", "good.txt": "open/c.txt", "way2": "way"}.items():
        (corpus / name).symlink_to(target)
    assert found(corpus, leave_out=corpus / "index") == {"open/c.txt", "good.txt", "way/c.txt", "way2/c.txt"}


@POSIX
def test_rules_beside_a_link_hold_for_what_it_leads_to(tmp_path):
    put(tmp_path, "real/a.txt", "real/b.log", "shelf/c.txt")
    (tmp_path / "shelf" / "link").symlink_to("../real")
    (tmp_path / "shelf" / ".ragignore").write_text("*.log\n/link/a.txt\n")
    assert found(tmp_path) == {"real/a.txt", "real/b.log", "shelf/c.txt"}


@POSIX
def test_loops_of_links_end(tmp_path):
    put(tmp_path, "a/b/c.txt")
    (tmp_path / "a" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "b" / "root").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "ping").symlink_to("pong")
    (tmp_path / "pong").symlink_to("ping")
    scan = scan_corpus(tmp_path)
    assert set(scan.files) == {"a/b/c.txt"}
    assert scan.failed == {}


@POSIX
def test_the_corpus_folder_may_be_a_link_itself(tmp_path):
    put(tmp_path, "real/a.txt", "real/b/c.txt")
    (tmp_path / "corpus").symlink_to("real")
    (tmp_path / "real" / "again.txt").symlink_to("a.txt")
    assert found(tmp_path / "corpus") == {"a.txt", "b/c.txt", "again.txt"}


@POSIX
def test_what_is_no_file_is_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    put(tmp_path, "a.txt")
    assert found(tmp_path) == {"a.txt"}


@POSIX
def test_a_very_deep_tree_is_walked(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_050):
        os.mkdir("d", dir_fd=folder)
        deeper = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(os.open("leaf.txt", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    try:
        assert found(tmp_path) == {"d/" * 1_050 + "leaf.txt"}
    finally:  # too deep for shutil.rmtree, and so for pytest
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


@pytest.fixture
def shut(monkeypatch):
    """Shuts a folder, as missing rights do: even a user to whom nothing is forbidden can't look into it."""
    forbidden: set[str] = set()
    really_stat, really_scan = os.stat, os.scandir

    def stat(path, **options):
        if os.path.dirname(str(path)) in forbidden:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_stat(path, **options)

    def scandir(path):
        if f"!{path}" in forbidden:
            raise OSError(errno.EIO, "Input/output error")
        return really_scan(path)

    monkeypatch.setattr("ingest.scan.os.stat", stat)
    monkeypatch.setattr("ingest.scan.os.scandir", scandir)
    return forbidden.add


@pytest.mark.parametrize(("mark", "reason"), [("", "Permission denied"), ("!", "Input/output error")])
def test_a_folder_that_cannot_be_listed_is_a_failure_and_the_rest_is_found(tmp_path, shut, mark, reason):
    put(tmp_path, "shut/a.txt", "shut/in/c.txt", "b.txt")
    shut(f"{mark}{tmp_path / 'shut'}")
    scan = scan_corpus(tmp_path)
    assert set(scan.files) == {"b.txt"}
    assert scan.failed == {"shut": f"cannot be looked into ({reason})"}
    assert [scan.may_hold(source) for source in ("shut/a.txt", "shut/in/c.txt", "shutter.txt")] == [True, True, False]


@pytest.mark.parametrize("mark", ["", "!"])
def test_a_corpus_that_cannot_be_listed_is_an_error(tmp_path, shut, mark):
    put(tmp_path, "a.txt")
    shut(f"{mark}{tmp_path}")
    with pytest.raises(CorpusError, match=r"cannot be read .* Nothing was removed"):
        scan_corpus(tmp_path)


def test_the_index_folder_is_left_out_wherever_it_lies(tmp_path):
    put(tmp_path, "index/chroma/x.bin", "a.txt")
    assert found(tmp_path, leave_out=tmp_path / "index") == {"a.txt"}


def test_ignore_rules_are_those_of_git(tmp_path):
    put(tmp_path, "a.log", "keep.log", "build/x.txt", "docs/build/y.txt", "docs/private.md", "docs/b.md")
    (tmp_path / ".ragignore").write_text("# comment\n*.log\n!keep.log\n/build/\n")
    (tmp_path / "docs" / ".ragignore").write_text("private.md\n")
    assert found(tmp_path) == {"keep.log", "docs/build/y.txt", "docs/b.md"}


def test_an_inner_ignore_file_overrules_an_outer_one(tmp_path):
    put(tmp_path, "a.log", "logs/b.log")
    (tmp_path / ".ragignore").write_text("*.log\n")
    (tmp_path / "logs" / ".ragignore").write_text("!b.log\n")
    assert found(tmp_path) == {"logs/b.log"}


@POSIX
@pytest.mark.parametrize("is_folder", [True, False], ids=["a folder", "a pipe, which nobody writes to"])
def test_an_ignore_file_that_cannot_be_read_is_a_failure_not_a_stop(tmp_path, is_folder):
    put(tmp_path, "a.txt")
    (tmp_path / ".ragignore").mkdir() if is_folder else os.mkfifo(tmp_path / ".ragignore")
    scan = scan_corpus(tmp_path)
    assert set(scan.files) == {"a.txt"}
    assert "cannot be used" in scan.failed[".ragignore"]


def test_a_mount_point_is_told_by_its_device_and_an_empty_folder_by_what_counts_in_it(tmp_path, monkeypatch):
    put(tmp_path, "disk/a.txt", "disk/in/b.txt", "plain/c.txt", "bare/.hidden")

    def stat_folder(path):
        status = list(really_stat(path))
        status[2] += 1 if path.startswith(str(tmp_path / "disk")) else 0  # the device
        return os.stat_result(status)

    really_stat = ingest.scan.stat_folder
    monkeypatch.setattr(ingest.scan, "stat_folder", stat_folder)
    scan = scan_corpus(tmp_path)
    assert (scan.mounts, scan.hollow, scan.broken) == ({"disk": "disk"}, {"bare"}, set())


@POSIX
def test_links_are_told_with_their_targets_and_those_that_lead_nowhere(tmp_path):
    put(tmp_path, "deep/letters/a.txt")
    (tmp_path / "short").symlink_to("deep/letters")
    (tmp_path / "file.txt").symlink_to("deep/letters/a.txt")
    (tmp_path / "nowhere").symlink_to("deep/gone")
    scan = scan_corpus(tmp_path)
    assert (scan.mounts, scan.broken) == ({"short": "deep/letters"}, {"nowhere"})


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_in_which_nothing_is_found_though_it_is_there_is_a_failure(tmp_path, monkeypatch, is_there):
    """As Windows says of a junction whose target is gone."""
    put(tmp_path, "junction/a.txt")
    really_scan = os.scandir

    def scandir(path):
        if path == str(tmp_path / "junction"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return really_scan(path)

    monkeypatch.setattr("ingest.scan.os.scandir", scandir)
    monkeypatch.setattr("ingest.scan.os.path.lexists", lambda path: is_there)
    assert scan_corpus(tmp_path).may_hold("junction/a.txt") == is_there
