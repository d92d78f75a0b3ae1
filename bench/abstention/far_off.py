"""Give datasets questions that lie far off, and one large folder of all of them, for fitting the verdict.

    uv run python -m bench.abstention.far_off FOLDER LINES DATASET …

Writes into FOLDER for each DATASET (form: `rag.evaluation.retrieval`) one of the same name with its documents, its own
questions and 28 answerable ones of the others, which it can't answer (``kind`` is ``cross``): 20 in a language of its
own questions (``lang``), 8 in others. Beside them come ``mixed`` with all their documents and own questions, and
``strewn``, the same with LINES lines of the text files below the folder ``LINES/corpus``: a file each, 5,000 in all.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

_ALIKE, _OTHERS = 20, 8
_LINES = 5_000
_LENGTHS = range(40, 200)
"""Characters of a line that is taken."""

Row = dict[str, Any]


def main(target: Path, lines: Path, datasets: list[Path]) -> None:
    rng = random.Random(3)
    rows = {dataset: _read(dataset) for dataset in datasets}
    for dataset, own in rows.items():
        others = [row for other, theirs in rows.items() if other != dataset for row in theirs if row["answerable"]]
        spoken = {row.get("lang") for row in own}
        alike = [row for row in others if row.get("lang") in spoken]
        foreign = [row for row in others if row.get("lang") not in spoken]
        crossing = rng.sample(alike, min(_ALIKE, len(alike))) + rng.sample(foreign, min(_OTHERS, len(foreign)))
        absent = [{**row, "answerable": False, "relevant": [], "kind": "cross"} for row in crossing]
        _write(target / dataset.name, {"": dataset}, own + absent)
    everything = [
        {**row, "relevant": [{**place, "source": f"{dataset.name}/{place['source']}"} for place in row["relevant"]]}
        for dataset, own in rows.items()
        for row in own
    ]
    for name in ("mixed", "strewn"):
        _write(target / name, {dataset.name: dataset for dataset in datasets}, everything)
    _strew(target / "strewn" / "corpus", lines / "corpus", rng)


def _read(dataset: Path) -> list[Row]:
    rows = [json.loads(line) for line in (dataset / "questions.jsonl").open(encoding="utf-8")]
    return [{"answerable": True, "relevant": [], **row} for row in rows]


def _write(folder: Path, sources: dict[str, Path], rows: list[Row]) -> None:
    for place, dataset in sources.items():
        shutil.copytree(dataset / "corpus", folder / "corpus" / place, dirs_exist_ok=True)
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "questions.jsonl").write_text(text + "\n", "utf-8")


def _strew(corpus: Path, texts: Path, rng: random.Random) -> None:
    sentences = [
        sentence.strip()
        for path in sorted(texts.rglob("*"))
        if path.is_file()
        for sentence in path.read_text("utf-8").replace("\n", " ").split(". ")
    ]
    folder = corpus / "lines"
    folder.mkdir()
    taken = [sentence for sentence in sentences if len(sentence) in _LENGTHS]
    for number, sentence in enumerate(rng.sample(taken, min(_LINES, len(taken)))):
        (folder / f"{number:04}.txt").write_text(f"{sentence}.\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(argument) for argument in sys.argv[3:]])
