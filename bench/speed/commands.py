"""Commands as whole processes, from their start to their end, in turns with what they are compared with."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.speed.table import Part, Row
from bench.stock.against_llamaindex import STOCK_PACKAGES

ROOT = Path(__file__).parents[2]
QUESTION = "How often should I descale the kettle?"
_LIBRARIES = "import numpy, onnxruntime, tantivy, tokenizers"


def measure_commands(folder: Path, *, is_quick: bool) -> Part:
    """Search, ask without a model, and an ingestion with nothing to do, on the sample documents."""
    corpus, index = folder / "corpus", folder / "samples"
    shutil.copytree(ROOT / "corpus", corpus)
    places = ["--index", str(index)]
    here = {"BASE_URL": "http://127.0.0.1:9/v1"}  # where nobody listens
    ingest = [sys.executable, "-m", "ingest", *places, "--corpus", str(corpus)]
    search = [sys.executable, "-m", "rag", "search", *places, QUESTION]
    commands = {
        "search": search,
        "libraries": [sys.executable, "-c", _LIBRARIES],
        "ask": [sys.executable, "-m", "rag", "ask", *places, QUESTION],
        "ingest": ingest,
        "python": [sys.executable, "-c", "pass"],
    }
    _run(ingest, here)
    seconds, processor = _run_in_turns(commands, here, 5 if is_quick else 15)
    rows = [
        Row("`rag search`, whole process", "s", seconds["search"], "its four libraries alone", seconds["libraries"]),
        Row("the same, processor time", "s", processor["search"], "its libraries", processor["libraries"], "≤ 0.6 s"),
        Row("`rag ask` without a model", "s", seconds["ask"], "search", seconds["search"], "search + 0.3 s"),
        Row("`ingest`, nothing to do", "s", seconds["ingest"], "`python -c pass`", seconds["python"]),
    ]
    if not is_quick:
        theirs = _search_stock(corpus, folder / "stock", 5)
        rows.append(Row("`rag search`", "s", seconds["search"], "stock LlamaIndex script", theirs, "≥ 20 times"))
    told = "Four sample documents; the commands run in turns. The stock script opens its stored index and asks once."
    return Part("Commands", "python -m bench commands", told, rows)


def _run_in_turns(
    commands: dict[str, list[str]], settings: dict[str, str], times: int
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    processor: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            took, used = _run(command, settings)
            seconds[name].append(took)
            processor[name].append(used)
    return seconds, processor


def _run(command: Sequence[str], settings: dict[str, str]) -> tuple[float, float]:
    """(seconds, processor seconds) of one process and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, check=True, capture_output=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _search_stock(corpus: Path, store: Path, times: int) -> list[float]:
    """Seconds of the stock script from its process's start, uv's own time left out."""
    extra = [word for package in STOCK_PACKAGES for word in ("--with", package)]
    command = ["uv", "run", *extra, "python", "bench/stock/stock_search.py", str(corpus), str(store), QUESTION]
    found = []
    for _ in range(times + 1):  # the first one makes the index
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found.append(float(json.loads(done.stdout.splitlines()[-1])["seconds"]))
    return found[1:]
