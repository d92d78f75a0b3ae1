"""`python -m ingest` as a process: what it prints, how it exits, what it costs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rag.index.lock import lock_for_writing
from tests.tiny import flip_bit

ROOT = Path(__file__).parents[3]
HEAVY = {
    "torch", "transformers", "sentence_transformers", "onnxruntime", "numpy", "chromadb", "tantivy", "llama_index",
    "filelock", "watchdog", "rich", "pypdf", "pypdfium2", "openai", "fastapi",
}  # fmt: skip

STOPPED = "Stopped. What was done so far is kept; run it again to go on.\n"


def start(place, *arguments, module=("-m", "ingest"), **environment):
    return subprocess.Popen(
        [sys.executable, *module, *arguments, "--corpus", str(place / "corpus"), "--index", str(place / "index")],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def ingest(place, *arguments, **options):
    """(exit code, standard output, standard error)"""
    process = start(place, *arguments, **options)
    output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def report(place, *arguments, **options):
    code, output, errors = ingest(place, "--json", *arguments, **options)
    assert code in (0, 1), errors
    return json.loads(output)


@pytest.fixture(scope="module")
def made(tmp_path_factory, models_dir):
    """Two documents, indexed. Not to be changed: copy it."""
    root = tmp_path_factory.mktemp("command")
    (root / "corpus").mkdir()
    (root / "corpus" / "a.txt").write_text("The kettle boils at noon.")
    (root / "corpus" / "b.md").write_text("# Tram\n\nThe tram leaves at seven.")
    (root / "index").mkdir()
    (root / "index" / "models").symlink_to(models_dir)
    (root / "first.json").write_text(json.dumps(report(root)))
    return root


@pytest.fixture
def place(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, symlinks=True)
    assert report(tmp_path)["unchanged"] == 2  # the copies' change times are taken note of
    return tmp_path


def test_the_first_run_reports_what_it_did(made):
    first = json.loads((made / "first.json").read_text())
    counts = {"added": 2, "changed": 0, "removed": 0, "moved": 0, "unchanged": 0, "chunks": 2, "embedded": 2}
    assert {key: first[key] for key in counts} == counts
    assert (first["reused"], first["failed"], first["pending"], first["notes"]) == (0, [], 0, [])
    assert first["seconds"] > 0


def test_a_run_with_nothing_to_do_imports_nothing_heavy(place):
    script = "import sys; from ingest.__main__ import main; main(); print('|' + ' '.join(sys.modules))"
    code, output, _ = ingest(place, "--json", module=("-c", script))
    told, _, modules = output.partition("|")
    assert code == 0
    assert json.loads(told)["unchanged"] == 2
    assert {name.partition(".")[0] for name in modules.split()} & HEAVY == set()


def test_progress_and_failures_go_to_standard_error_and_a_bad_file_exits_with_1(place):
    (place / "corpus" / "broken.pdf").write_bytes(b"%PDF-1.7 no more than that")
    code, output, errors = ingest(place, "--json")
    assert code == 1
    (failure,) = json.loads(output)["failed"]
    assert failure["source"] == "broken.pdf"
    assert failure["reason"] in errors
    assert "broken.pdf" in errors
    assert ingest(place)[0] == 1  # still so, without being read again
    assert report(place, "--retry")["changed"] == 1


def test_a_wrong_setting_exits_with_2_and_says_which(place):
    code, output, errors = ingest(place, RAG_CHUNKSIZE="100")
    assert (code, output) == (2, "")
    assert "Did you mean RAG_CHUNK_SIZE?" in errors


def test_a_missing_corpus_exits_with_2_and_says_what_to_do(tmp_path):
    code, _, errors = ingest(tmp_path)
    assert code == 2
    assert "does not exist" in errors
    assert "--corpus" in errors
    assert not (tmp_path / "index").exists()


def test_an_index_that_is_being_written_exits_with_3_and_names_the_writer(place):
    (place / "corpus" / "new.txt").write_text("new")
    with lock_for_writing(place / "index"):
        code, _, errors = ingest(place, "--wait", "0")
        assert code == 3
        assert f"process {os.getpid()}" in errors
        assert ingest(place, "status")[0] == 0
    assert report(place)["added"] == 1


def test_an_index_folder_that_cannot_be_made_exits_with_3_and_says_what_to_do(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "index").write_text("a file")
    code, _, errors = ingest(tmp_path)
    assert code == 3
    assert "--index" in errors


def test_a_dry_run_changes_nothing(place):
    (place / "corpus" / "new.txt").write_text("new")
    (place / "corpus" / "a.txt").rename(place / "corpus" / "z.txt")
    assert json.loads(ingest(place, "--dry-run", "--json")[1]) == {
        "read": ["new.txt"], "moved": ["z.txt"], "removed": 0, "unchanged": 1,
    }  # fmt: skip
    assert report(place)["added"] == 1


def test_status_tells_what_the_index_holds(place):
    code, output, _ = ingest(place, "status", "--json")
    status = json.loads(output)
    assert code == 0
    assert {"documents", "chunks", "vectors", "failed", "fingerprint", "generation", "bytes"} <= set(status)
    assert (status["documents"], status["chunks"], status["vectors"], status["failed"]) == (2, 2, 2, [])
    assert status["fingerprint"]["chunk_size"] == 220


def test_status_lists_the_documents_if_asked(place):
    files = json.loads(ingest(place, "status", "--documents", "--json")[1])["files"]
    assert [file["state"] for file in files] == ["ready", "ready"]
    assert {"source", "title", "format", "pages", "date", "bytes", "chunks"} <= set(files[0])
    listed = ingest(place, "status", "--documents")[1]
    assert all(file["source"] in listed for file in files)


def test_status_without_an_index_says_what_to_do(tmp_path):
    code, _, errors = ingest(tmp_path, "status")
    assert code == 3
    assert "Run pagewise ingest" in errors


def test_another_chunk_size_rebuilds_and_says_so(place):
    changed = report(place, RAG_CHUNK_SIZE="64")
    assert "chunk_size 220 → 64" in " ".join(changed["notes"])
    assert (changed["added"], changed["embedded"], changed["reused"]) == (2, 0, 2)


def test_a_killed_run_is_made_good_by_the_next_which_clears_away_what_it_left(place):
    temporary = place / "temporary"
    temporary.mkdir()
    (place / "corpus" / "long.txt").write_text("\n\n".join(f"Paragraph {number} of many." for number in range(20_000)))
    process = start(place, "--json", TMPDIR=str(temporary))
    spools = (place / "index" / "scratch").glob
    while not any(spools("*/*/*.jsonl")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert any(spools("*/*/*.jsonl"))
    (place / "corpus" / "long.txt").write_text("It is short now.")
    again = report(place, TMPDIR=str(temporary))
    assert again["chunks"] == 3
    assert report(place)["unchanged"] == 3
    assert list(temporary.iterdir()) == []
    assert not (place / "index" / "scratch").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_run_that_is_told_to_end_says_so_in_one_sentence_and_leaves_nothing(place):
    long = place / "corpus" / "long.txt"
    long.write_text("\n\n".join(f"Paragraph {number} of many." for number in range(20_000)))
    os.utime(long, (1, 1))  # a file changed just now would wait for the watching run's second sync
    for number, code, *options in ((signal.SIGINT, 130, "--watch"), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup, whose programs go on
            continue
        process = start(place, "--json", *options)
        while not any((place / "index" / "scratch").glob("*/*/*.jsonl")) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(number)
        output, errors = process.communicate(timeout=100)
        assert (process.returncode, output) == (code, "")
        assert errors.removeprefix(f"Watching {place / 'corpus'}. Press Ctrl+C to stop.\n") == STOPPED
        assert not (place / "index" / "scratch").exists()
    long.write_text("It is short now.")
    assert report(place)["chunks"] == 3


def list_open_to_others(folder):
    return [path for path in (folder, *folder.rglob("*")) if not path.is_symlink() and path.stat().st_mode & 0o077]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_an_index_is_its_users_alone_and_one_made_before_becomes_so(place):
    (place / "corpus" / "new.txt").write_text("new")
    report(place)
    assert list_open_to_others(place / "index") == []
    for path in (place / "index", *(place / "index").rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o055)
    report(place)
    assert list_open_to_others(place / "index") == []


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_watching_follows_changes_until_it_is_interrupted(place):
    process = start(place, "--watch", "--json")
    killer = threading.Timer(90, process.kill)
    killer.start()
    try:
        assert json.loads(process.stdout.readline())["unchanged"] == 2
        (place / "corpus" / "new.txt").write_text("The heron stands still.")
        reports: list[dict[str, int]] = []
        while not reports or not reports[-1]["added"]:
            reports.append(json.loads(process.stdout.readline()))
        assert reports[-1]["embedded"] == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    finally:
        killer.cancel()
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "Watching" in errors


def test_a_check_names_what_was_damaged_and_repairs_it(place):
    code, output, _ = ingest(place, "--check")
    assert (code, output.splitlines()[-1]) == (0, "checked: the index is sound")
    path = next((place / "index" / "lexical").rglob("*.store"))
    flip_bit(path, 5)
    assert report(place)["notes"] == []
    told = report(place, "--check")
    assert [damage["part"] for damage in told["damage"]] == ["lexical"]
    assert str(path) in told["damage"][0]["reason"]
    assert "put back" in " ".join(told["notes"])
    assert report(place, "--check")["damage"] == []
