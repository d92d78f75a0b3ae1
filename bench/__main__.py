"""Measures on this machine how fast everything is, and writes it to docs/benchmarks.md with its plots.

    uv run python -m bench                     # all of it, some 20 minutes
    uv run python -m bench --quick             # two minutes: fewer runs, nothing that needs the package index
    uv run python -m bench commands page       # parts of it

The parts are commands, page, growth and ingestion. What is compared runs in turns in one run; figures are medians, with
the smallest and the largest of the runs behind them. Other work on the machine spoils them.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.speed.commands import measure_commands
from bench.speed.growth import QUICK_SIZES, SIZES, measure_growth
from bench.speed.ingestion import measure_ingestion
from bench.speed.serving import measure_page
from bench.speed.table import Part

_LIBRARIES = ("chromadb", "chainlit", "llama-index-core", "numpy", "onnxruntime", "tantivy", "tokenizers")


def main() -> None:
    options = _read_options()
    parts: dict[str, Callable[[Path], Part]] = {
        "commands": lambda folder: measure_commands(folder, is_quick=options.quick),
        "page": lambda folder: measure_page(folder, is_quick=options.quick),
        "growth": lambda folder: measure_growth(folder, options.sizes or (QUICK_SIZES if options.quick else SIZES)),
    }
    if not options.quick:
        parts["ingestion"] = lambda folder: measure_ingestion(folder, options.folder)
    unknown = set(options.parts) - parts.keys()
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))} in this run; there are {', '.join(parts)}.")
    measured = []
    for name in options.parts or parts:
        print(f"Measuring {name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            measured.append(parts[name](Path(folder)))
        print(measured[-1].to_markdown())
    _write(options.out, measured, is_quick=options.quick)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--quick", action="store_true", help="two minutes, and less exact")
    parser.add_argument("--folder", type=Path, help="documents for the ingestion, in place of made texts")
    parser.add_argument("--sizes", type=int, nargs="+", help="passages for the growth, such as 1000 1000000")
    parser.add_argument("--work", type=Path, help="folder for what is made and deleted again; the system's own if none")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"), help="the report's file")
    return parser.parse_args()


def _write(path: Path, parts: list[Part], *, is_quick: bool) -> None:
    """The report, and its plots beside it."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    memory = psutil.virtual_memory().total / 2**30
    head = (
        f"# Benchmarks\n\nMade by `python -m bench{' --quick' if is_quick else ''}` on {_name_processor()}, "
        f"{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}; "
        f"{libraries}. Medians; smallest and largest in brackets.\n"
    )
    path.write_text("\n".join([head, *(part.to_markdown() for part in parts)]))
    for name, svg in ((name, svg) for part in parts for name, svg in part.plots.items()):
        (path.parent / name).write_text(svg)


def _name_processor() -> str:
    """As the system calls it; Linux tells it in a file."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
