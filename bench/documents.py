"""Are real documents read as they should be? A table by format of a folder with a ``labels.jsonl``.

    python -m bench.documents FOLDER [--all]

Each line of the labels names a ``file``, its ``format``, what to ``expect`` (text, image-only, encrypted, damaged,
empty, not-a-document), and for text a ``probe``: a phrase that must be in one chunk, compared without white space and
case. A PDF's probe counts only where the label says that several extractors agree on it (``probe_both_extractors``).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from ingest.workers.messages import ParseConfig, Parsed, ParseJob
from ingest.workers.pool import ParsePool
from rag.settings import DEFAULT_EMBED_MODEL

REFUSED = {
    "encrypted": ("failed", "encrypted"),
    "damaged": ("failed", "damaged"),
    "empty": ("empty", "no text"),
    "not-a-document": ("unsupported", "not a document"),
}
"""The kind of the refusal and a word of its reason, by what the label expects."""


def squeeze(text: str) -> str:
    return "".join(text.split()).casefold()


def judge(label: dict[str, Any], parsed: Parsed) -> str:
    """What is wrong with the way the file was handled; empty if it is as the label expects."""
    expect = label["expect"]
    if expect == "text":
        return _judge_text(label, parsed)
    if expect == "image-only":
        is_read = parsed.error is None and any("OCR" in note for note in parsed.document.notes)
        return "" if is_read or parsed.kind == "scanned" else f"not told as scanned: {parsed.error}"
    kind, word = REFUSED[expect]
    return "" if parsed.kind == kind and word in (parsed.error or "") else f"{expect}, but: {parsed.error or 'read'}"


def _judge_text(label: dict[str, Any], parsed: Parsed) -> str:
    if parsed.error is not None:
        return parsed.error
    probe = label.get("probe")
    if not probe or (label["format"] == "pdf" and not label.get("probe_both_extractors")):
        return ""
    chunks = list(parsed.chunks)
    if any(squeeze(probe) in squeeze(chunk.text) for chunk in chunks):
        return ""
    whole = squeeze("".join(chunk.text[chunk.overlap :] for chunk in chunks))
    return "its phrase lies across two chunks" if squeeze(probe) in whole else "its phrase is not in the text"


def main() -> None:
    parser = argparse.ArgumentParser(description="Are real documents read as they should be?")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="print every file, not only the wrong ones")
    arguments = parser.parse_args()
    labels = {
        label["file"]: label for label in map(json.loads, (arguments.folder / "labels.jsonl").read_text().splitlines())
    }
    began = time.perf_counter()
    right: Counter[str] = Counter()
    wrong: defaultdict[str, list[str]] = defaultdict(list)
    config = ParseConfig(DEFAULT_EMBED_MODEL, Path(tempfile.gettempdir()), 220, 32)
    with ParsePool(config, config.models_dir / "scratch") as pool:
        for parsed in pool.parse(ParseJob(name, arguments.folder / name) for name in labels):
            with parsed:
                label = labels[parsed.source]
                problem = judge(label, parsed)
                if arguments.all:
                    print(f"{'wrong' if problem else 'right'}  {parsed.source}: {problem or parsed.error or 'read'}")
                right[label["format"]] += not problem
                if problem:
                    wrong[label["format"]].append(f"{parsed.source}: {problem}")
    print_table(right, wrong)
    engine = "with" if shutil.which("tesseract") else "without"
    print(f"\n{len(labels)} files in {time.perf_counter() - began:.1f} s, {engine} Tesseract")
    sys.exit(1 if wrong else 0)


def print_table(right: Counter[str], wrong: dict[str, list[str]]) -> None:
    print("| format | files | right | wrong | why |\n| --- | ---: | ---: | ---: | --- |")
    for name in sorted(right):
        bad = wrong.get(name, [])
        print(f"| {name} | {right[name] + len(bad)} | {right[name]} | {len(bad)} | {'; '.join(bad)} |")
    total = sum(map(len, wrong.values()))
    print(f"| all | {right.total() + total} | {right.total()} | {total} | |")


if __name__ == "__main__":
    main()
