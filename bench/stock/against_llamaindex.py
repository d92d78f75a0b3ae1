"""Whole ingestion (load, split, embed, store) of a folder: ours against the stock LlamaIndex pipeline, in one run.

    uv run python -m bench.stock.against_llamaindex FOLDER

Each is a process of its own with an empty index; our embedding model is exported before the clock starts, as the
stock's is downloaded. Memory is the peak of the whole process tree, worker processes included. The stock pipeline
makes chunks of another size, so what compares is seconds and characters a second, beside chunks a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
STOCK_PACKAGES = (
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-chroma",
    "llama-index-readers-file",
)


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What one whole ingestion took."""

    chunks: int
    seconds: float
    """From the first document's loading to the last vector's storing."""
    process_s: float
    peak_mb: float


def compare(folder: Path) -> dict[str, Ingestion]:
    """Both ingestions of the folder, ours first."""
    with tempfile.TemporaryDirectory() as temporary:
        empty = Path(temporary) / "empty"
        empty.mkdir()
        (empty / "a.txt").write_text("The model is exported for this.")
        index = Path(temporary) / "index"
        command = [sys.executable, "-m", "ingest", "--json", "--index", str(index), "--corpus"]
        _run([*command, str(empty)])
        told, process_s, peak_mb = _run([*command, str(folder)])
        ours = Ingestion(told["chunks"], told["seconds"], process_s, peak_mb)
    extra = [word for package in STOCK_PACKAGES for word in ("--with", package)]
    told, process_s, peak_mb = _run(["uv", "run", *extra, "python", "bench/stock/stock_pipeline.py", str(folder)])
    return {"ours": ours, "stock": Ingestion(told["chunks"], told["seconds"]["all"], process_s, peak_mb)}


def main(folder: Path) -> None:
    found = compare(folder)
    print(f"{'':8}{'chunks':>10}{'seconds':>10}{'chunks/s':>10}{'process, s':>12}{'peak, MB':>10}")
    for name, one in found.items():
        rate = one.chunks / one.seconds
        print(f"{name:8}{one.chunks:>10,}{one.seconds:>10.1f}{rate:>10.1f}{one.process_s:>12.1f}{one.peak_mb:>10,.0f}")
    print(f"Ours is {found['stock'].seconds / found['ours'].seconds:.1f} times as fast.")


def _run(command: list[str]) -> tuple[dict[str, Any], float, float]:
    """(its JSON, seconds of the whole process, peak memory of its tree in MB)"""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _tree_bytes(process.pid))
        time.sleep(0.1)
    seconds = time.perf_counter() - began
    assert process.stdout is not None
    lines = process.stdout.read().strip().splitlines()
    return json.loads(lines[-1]), seconds, peak / 1e6


def _tree_bytes(pid: int) -> int:
    try:
        parent = psutil.Process(pid)
        return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True)))
    except psutil.Error:
        return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
