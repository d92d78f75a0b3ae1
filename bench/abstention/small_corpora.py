"""Cut a dataset of paragraphs into small corpora, with questions that each can and cannot answer, for fitting.

    uv run python -m bench.abstention.small_corpora DATASET FOLDER

Writes 60 datasets of one document, 40 of two, 24 of 5, 12 of 20 and 6 of 80 into FOLDER (form:
`rag.evaluation.retrieval`).
The questions that a corpus cannot answer are as many, of other folders of the dataset, so that no paragraph beside the
point helps.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

SIZES = ((1, 60), (2, 40), (5, 24), (20, 12), (80, 6))


def main(dataset: Path, target: Path) -> None:
    rng = random.Random(1)
    questions = [json.loads(line) for line in (dataset / "questions.jsonl").open(encoding="utf-8")]
    by_source: dict[str, list[dict[str, Any]]] = {}
    for question in questions:
        by_source.setdefault(question["relevant"][0]["source"], []).append(question)
    for size, times in SIZES:
        for number in range(times):
            sources = rng.sample(sorted(by_source), size)
            held = [question for source in sources for question in by_source[source]]
            folders = {source.split("/")[0] for source in sources}
            others = [question for question in questions if _folder(question) not in folders]
            _write(dataset, target / f"{size}-{number}", sources, held, rng.sample(others, len(held)))


def _folder(question: dict[str, Any]) -> str:
    return str(question["relevant"][0]["source"]).split("/")[0]


def _write(
    dataset: Path, folder: Path, sources: list[str], held: list[dict[str, Any]], absent: list[dict[str, Any]]
) -> None:
    for source in sources:
        path = folder / "corpus" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dataset / "corpus" / source, path)
    rows = [{**q, "answerable": True} for q in held] + [{**q, "answerable": False, "relevant": []} for q in absent]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
