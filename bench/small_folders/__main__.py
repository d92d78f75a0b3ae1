"""How often the right file stands first in folders of one to fifteen notes, in nine languages.

    uv run python -m bench.small_folders FOLDER [CASES]

The folders and their questions stand in CASES: `cases.txt` unless it is named, or `unseen.txt`, by which no number in
the ranking was chosen, though a feature was left out because of it, or `collections.txt`, of longer notes and reworded
questions, written before any number was chosen and used for none;
`absent.txt` has more questions that its folders don't answer than others, and the verdict was fitted on it, too;
`verdicts.txt` has as many of both, in ten languages, and no number was chosen by it, though it was looked at when the
verdict's signals were. `named.txt` has series of documents that differ by what their names have (minutes by month,
leases by tenant, reports by year, invoices by number, manuals by model),
`codes.txt` has notes that differ by one code, asked for as it is written (`same`) and not (`otherwise`). `filings.txt`
has filings whose company only their first lines name, reports and versions; `editions.txt` and `editions_unseen.txt`
have series of which the newest or the oldest is asked for, and questions that only sound like that (`trap`).
`competing.txt` has 27 folders of four to six longer documents on related matters, with accepted answers; more than half
of its questions are reworded, and no number was chosen by it. Each becomes a dataset below FOLDER (form:
`rag.evaluation.retrieval`), which `bench.quotes` reads too, with an index of its own beside it, which later runs use
again.
The table has a row for each language, each kind of question and each size of a folder: the share with the right file
first, and among the first three. Below it come the verdicts, where there are questions that the notes don't answer, and
the questions that missed.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset, compute_auroc, list_units
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Retrieval, Verdict

_CASES = Path(__file__).with_name("cases.txt")
_HITS = 10
_SMALL = 3
"""Notes of a folder up to which it counts as the smallest."""


@dataclass
class Folder:
    """A folder of notes and the questions on it."""

    name: str
    language: str
    notes: dict[str, str] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)


def read_folders(lines: list[str]) -> list[Folder]:
    """A line begins a folder (``== name language``), is a note of it (``file: text``, with ``\\n``), a question
    on it (``? kind | file | question``, behind it an accepted answer if one is known) or one that it can't answer
    (``! kind | question``)."""
    folders: list[Folder] = []
    for line in filter(None, lines):
        if line.startswith("== "):
            name, language = line[3:].split()
            folders.append(Folder(name, language))
        elif line.startswith("? "):
            kind, source, question, *answers = line[2:].split(" | ")
            assert source in folders[-1].notes, line
            row = {"question": question, "relevant": [{"source": source}], "kind": kind, "lang": folders[-1].language}
            folders[-1].questions.append(row | ({"answers": answers} if answers else {}))
        elif line.startswith("! "):
            kind, question = line[2:].split(" | ")
            absent: dict[str, Any] = {"answerable": False, "kind": kind, "lang": folders[-1].language}
            folders[-1].questions.append({"question": question, **absent})
        else:
            source, text = line.split(": ", 1)
            folders[-1].notes[source] = text.replace("\\n", "\n")
    return folders


def write_dataset(folder: Folder, target: Path) -> Path:
    """The folder as a dataset with an index, both made unless they are there as they should be."""
    home = target / folder.name
    wanted = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in folder.questions)
    corpus = home / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True)
    for source, text in folder.notes.items():
        (corpus / source).parent.mkdir(parents=True, exist_ok=True)
        (corpus / source).write_text(text + "\n", "utf-8")
    (home / "questions.jsonl").write_text(wanted, "utf-8")
    settings = Settings(corpus_dir=corpus, index_dir=home / "index")
    models = target / "models"
    with closing(Index(settings.index_dir)) as index, closing(Pipeline(settings, index.models_dir)) as pipeline:
        if models.is_dir() and not index.models_dir.is_dir():
            shutil.copytree(models, index.models_dir)  # exporting the model takes longer than all the rest
        sync_corpus(index, pipeline)
        if not models.is_dir():
            shutil.copytree(index.models_dir, models)
    return home


def measure(home: Path) -> Iterator[tuple[int, Retrieval, list[str]]]:
    """For each question the place of the right file, from 1 (0 if it isn't found), what was found, and the files in
    order."""
    dataset = Dataset.load(home)
    with closing(Index(home / "index")) as index, closing(open_retriever(index, Settings())) as retriever:
        for question in dataset.questions:
            found = retriever.retrieve(question.text, top_k=_HITS)
            ranking = list_units(found, dataset.unit)
            place = next((place for place, unit in enumerate(ranking, 1) if unit in question.relevant), 0)
            yield place, found, [source for source, _ in ranking]


def main(target: Path, cases: Path) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    confidence: dict[str, list[Retrieval]] = defaultdict(list)
    missed = []
    for folder in read_folders(cases.read_text("utf-8").splitlines()):
        size = f"{1 if len(folder.notes) == 1 else '2–3' if len(folder.notes) <= _SMALL else '4+'} notes"
        for row, (place, found, ranking) in zip(folder.questions, measure(write_dataset(folder, target)), strict=True):
            is_answerable = row.get("answerable", True)
            confidence["answerable" if is_answerable else row["kind"]].append(found)
            if is_answerable:
                for group in ("all", folder.language, row["kind"], size):
                    places[group].append(place)
                if place != 1:
                    missed.append(f"{folder.language} {row['kind']:9} {found.question}  → {' '.join(ranking[:3])}")
    for group, ranks in places.items():
        first, three = (sum(0 < place <= most for place in ranks) / len(ranks) for most in (1, 3))
        print(f"{group:10} {len(ranks):4}  first {first:.3f}  first three {three:.3f}")
    held = [found.confidence for found in confidence["answerable"]]
    for kind, retrievals in confidence.items():
        verdicts = "  ".join(f"{v} {sum(r.verdict == v for r in retrievals):4}" for v in get_args(Verdict))
        auroc = compute_auroc(held, [found.confidence for found in retrievals])
        print(f"{kind:10} {len(retrievals):4}  {verdicts}" + ("" if kind == "answerable" else f"  AUROC {auroc}"))
    print(*missed, sep="\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else _CASES)
