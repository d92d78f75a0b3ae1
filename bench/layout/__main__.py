"""How many labelled PDF pages are read in the right order, and what each threshold of the layout does to them.

    python -m bench.layout [--show] [--vary] [--folder FOLDER]

The pages are those of this package; a page is right if its text is the expected one, line by line. With
`--vary` each number that a module of the loader names is multiplied by 0.5, 0.8, 1.25 and 2 (whole numbers change by
one at least). `--folder` counts beside that how many pages of real PDF files below a folder are read differently by it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from bench.layout.judging import PAGES, Texts, judge, read_texts
from ingest.loaders.pdf import grids, gutters, headings, heads, layout, line, lines, signs

MODULES = (line, lines, signs, layout, grids, gutters, heads, headings)
FACTORS = (0.5, 0.8, 1.25, 2.0)


def find_constants() -> Iterator[tuple[ModuleType, str]]:
    """The numbers that the loader's modules name."""
    for module in MODULES:
        for name, value in vars(module).items():
            if re.fullmatch(r"_[A-Z_]+", name) and isinstance(value, int | float):
                yield module, name


def change_value(value: float, factor: float) -> float:
    if isinstance(value, float):
        return value * factor
    step = round(value * factor) - value
    return value + step if step else value + (1 if factor > 1 else -1)


def vary(module: ModuleType, name: str, factor: float, real: Sequence[bytes], usual: list[Texts]) -> tuple[int, int]:
    """How many labelled pages are wrong then, and how many real ones read differently."""
    before = getattr(module, name)
    setattr(module, name, change_value(before, factor))
    headings.make_key.cache_clear()
    try:
        wrong = sum(1 for page in PAGES if judge(page))
        changed = sum(_count_differences(read_texts(data), texts) for data, texts in zip(real, usual, strict=True))
    finally:
        setattr(module, name, before)
        headings.make_key.cache_clear()
    return wrong, changed


def _count_differences(texts: Texts, usual: Texts) -> int:
    return sum(1 for one, other in zip(texts, usual, strict=True) if one != other)


def print_effects(folder: Path | None) -> None:
    """Print a line for each constant: how many pages are wrong with each factor, and real ones read differently."""
    real = [path.read_bytes() for path in sorted(folder.rglob("*.pdf"))] if folder else []
    usual = [read_texts(data) for data in real]
    print(f"\n| constant | value | {' | '.join(f'×{factor:g}' for factor in FACTORS)} |\n| --- " + "| ---: " * 5 + "|")
    for module, name in find_constants():
        effects = [vary(module, name, factor, real, usual) for factor in FACTORS]
        cells = [f"{wrong} / {changed}" if folder else str(wrong) for wrong, changed in effects]
        module_name = module.__name__.rpartition(".")[2]
        print(f"| `{module_name}.{name}` | {getattr(module, name):g} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How many labelled PDF pages are read in the right order?")
    parser.add_argument("--show", action="store_true", help="print how the wrong pages differ")
    parser.add_argument("--vary", action="store_true", help="tell what changing each threshold does")
    parser.add_argument(
        "--folder", type=Path, help="real PDF files, to count those pages that a change reads differently"
    )
    arguments = parser.parse_args()
    problems = {page.name: judge(page) for page in PAGES}
    for name, problem in problems.items():
        print(f"{'wrong' if problem else 'right'}  {name}")
        if problem and arguments.show:
            print(problem)
    print(f"{sum(not problem for problem in problems.values())} of {len(PAGES)} pages right")
    if arguments.vary:
        print_effects(arguments.folder)


if __name__ == "__main__":
    main()
