"""How retrieval, memory and disk grow with the number of passages: each size in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import make_index
from bench.speed.table import Part, Row, plot_growth
from bench.speed.texts import write_texts

ROOT = Path(__file__).parents[2]
SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (1_000, 10_000)
_GOALS = {10_000: "≤ 3 ms", 100_000: "≤ 6 ms", 1_000_000: "≤ 15 ms"}
_CODE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from bench.retrieval import measure, read_questions
print(json.dumps(asdict(measure(Path(sys.argv[2]), read_questions(Path(sys.argv[1]))))))
"""


def measure_growth(folder: Path, sizes: Sequence[int]) -> Part:
    """Whole retrievals over made passages, the question's own embedding left out."""
    texts = folder / "texts"
    write_texts(texts, 40, 60)
    found = [_measure(texts, folder / f"passages-{size}", size) for size in sizes]
    rows = [row for size, one in zip(sizes, found, strict=True) for row in _make_rows(size, one)]
    latency = {
        f"{name}, {share}": [_quantile(one, name, q) for one in found]
        for name in ("whole retrieval", "in 1 % of folders")
        for share, q in (("p50", 50), ("p95", 95))
    }
    plots = {
        "growth-latency.svg": plot_growth(sizes, latency, "milliseconds"),
        "growth-size.svg": plot_growth(
            sizes,
            {"disk": [one["disk_mb"] for one in found], "peak memory": [one["peak_mb"] for one in found]},
            "megabytes",
        ),
    }
    told = "Made passages of some 200 words; 300 questions after 20 to warm up; beyond the question's embedding."
    return Part("Growth", "python -m bench growth", told, rows, plots)


def _measure(texts: Path, index: Path, size: int) -> dict[str, Any]:
    make_index(texts, index, size)
    command = [sys.executable, "-c", _CODE, str(texts), str(index)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _make_rows(size: int, one: dict[str, Any]) -> list[Row]:
    median, inside = _quantile(one, "whole retrieval", 50), _quantile(one, "in 1 % of folders", 50)
    return [
        Row(f"{size:,} passages, p50", "ms", [median], goal=_GOALS.get(size, "")),
        Row(f"{size:,} passages, p95", "ms", [_quantile(one, "whole retrieval", 95)]),
        Row(f"{size:,} passages, in one folder of 100, p50", "ms", [inside], "whole", [median], "≤ 1.5 times"),
        Row(f"{size:,} passages, first question of a process", "ms", [one["first_ms"]]),
        Row(f"{size:,} passages, disk", "MB", [one["disk_mb"]]),
        Row(f"{size:,} passages, peak memory", "MB", [one["peak_mb"]]),
    ]


def _quantile(one: dict[str, Any], kind: str, percent: int) -> float:
    beyond = [times["total"] - times.get("embed", 0.0) for times in one["times"][kind]]
    return float(np.percentile(beyond, percent))
