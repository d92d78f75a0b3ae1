"""Do damaged files ever take the service down? Mutates real files and reads them in the worker pool.

    python -m bench.attacks.fuzz_loaders FOLDER [--minutes 10] [--seed 1]

Every outcome is allowed but two: a hang past the limits, and an error outside the pool. Prints the outcomes by format,
and each crash of a worker (which costs one file) with what made it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ingest.workers.messages import Limits, ParseConfig, ParseJob
from ingest.workers.pool import ParsePool
from rag.settings import DEFAULT_EMBED_MODEL

LIMITS = Limits(seconds=20, ocr_seconds=5)
LARGEST_BYTES = 500_000
KEPT_JOBS = 200
"""How many mutated files are kept on disk at a time."""


def mutate(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes flipped, cut, doubled, moved, or numbers in it made huge."""
    content = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16, 64))):
        if not content:
            break
        at = chance.randrange(len(content))
        length = min(chance.choice((1, 2, 4, 16, 256, 4096)), len(content) - at)
        kind = chance.randrange(6)
        if kind == 0:
            content[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            content[at : at + length] = chance.randbytes(length)
        elif kind == 2:
            del content[at : at + length]
        elif kind == 3:
            content[at:at] = content[at : at + length] * chance.choice((1, 8, 64))
        elif kind == 4:
            del content[at:]
        else:
            content[at : at + length] = chance.choice((b"\xff", b"\0", b"9", b"<")) * length
    return bytes(content)


def make_jobs(files: list[Path], folder: Path, until: float, chance: random.Random) -> Iterator[ParseJob]:
    number = 0
    while time.monotonic() < until:
        original = chance.choice(files)
        path = folder / f"{number % KEPT_JOBS}-{original.name}"
        path.write_bytes(mutate(original.read_bytes(), chance))
        number += 1
        yield ParseJob(f"{number}:{original.name}", path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Do damaged files ever take the service down?")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    files = [p for p in sorted(arguments.folder.rglob("*")) if p.is_file() and 0 < p.stat().st_size < LARGEST_BYTES]
    outcomes: Counter[tuple[str, str]] = Counter()
    slowest = 0.0
    until = time.monotonic() + arguments.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        config = ParseConfig(DEFAULT_EMBED_MODEL, Path(folder), 220, 32, limits=LIMITS)
        with ParsePool(config, config.models_dir / "scratch", workers=arguments.workers) as pool:
            last = time.monotonic()
            for parsed in pool.parse(make_jobs(files, Path(folder), until, random.Random(arguments.seed))):
                with parsed:
                    count = sum(1 for _ in parsed.chunks)
                slowest, last = max(slowest, time.monotonic() - last), time.monotonic()
                suffix = Path(parsed.source).suffix
                outcomes[suffix, "read" if parsed.error is None and count else parsed.kind] += 1
                if parsed.error and (
                    "crash" in parsed.error or "longer than" in parsed.error or "memory" in parsed.error
                ):
                    outcomes[suffix, "crash or limit"] += 1
                    print(f"{parsed.source}: {parsed.error}", flush=True)
    print(f"\nseed {arguments.seed}, {arguments.minutes:g} minutes, longest wait for a result {slowest:.1f} s")
    for (suffix, outcome), number in sorted(outcomes.items()):
        print(f"{suffix or '(none)':12} {outcome:16} {number:6}")
    read = sum(number for (_, outcome), number in outcomes.items() if outcome != "crash or limit")
    print(f"{read} files, no crash of the service")


if __name__ == "__main__":
    main()
