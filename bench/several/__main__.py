"""Whether documents that answer differently are told: `RAG_INDEX_DIR=FOLDER python -m bench.several [EVAL_FOLDER …]`.

Small folders of ours, in two halves, of which only the first was looked at while the rules were chosen: those where
two versions of a document contradict each other, those where a question may mean several things, in both also questions
with one answer; and questions of two parts, of which one may not be in the folder. Of each EVAL_FOLDER, a set in the
form that `pagewise eval` reads, at how many of its questions any of this is told.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.answering.parts import KNOWN, find_missing_part
from rag.answering.quoting import Compare
from rag.answering.several import find_several
from rag.assembly import open_retriever
from rag.evaluation.retrieval import Dataset, build_index
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Restriction, Retrieval

_SEVERAL = ("versions", "choices", "versions_reworded", "choices_reworded")
"""The last two were written by somebody who knew neither the rules nor the questions of the others."""


@dataclass(slots=True)
class Folder:
    """A folder of ours with its questions, each with what must be found: versions, choices, or one answer."""

    name: str
    is_held_back: bool
    files: dict[str, str] = field(default_factory=dict)
    questions: list[tuple[str, str]] = field(default_factory=list)


def read_folders(name: str) -> list[Folder]:
    folders: list[Folder] = []
    for line in filter(None, Path(__file__).with_name(f"{name}.txt").read_text("utf-8").splitlines()):
        mark, rest = line[0], line[2:]
        if mark == "=":
            folders.append(Folder(rest, len(folders) % 2 == 1))
            continue
        first, _, text = rest.partition(": ")
        if mark == "-":
            folders[-1].files[first] = text.replace("\\n", "\n")
        else:
            folders[-1].questions.append((first, text))
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--half", choices=("tuned", "held"), action="append")
    parser.add_argument("--languages", help="put two-part questions in de,fr,es instead, as if these were told apart")
    options = parser.parse_args()
    if options.languages:
        measure_parts(read_folders("parts_otherwise"), frozenset(options.languages.split(",")))
        return
    halves = options.half or ["tuned", "held"]
    folders = [one for name in _SEVERAL for one in read_folders(name)]
    measure_ours([one for one in folders if ("held" if one.is_held_back else "tuned") in halves])
    measure_parts([one for one in read_folders("parts") if ("held" if one.is_held_back else "tuned") in halves])
    for folder in options.folders:
        for questions in sorted(folder.rglob("questions.jsonl")):
            measure_set(questions.parent)


def measure_ours(folders: list[Folder]) -> None:
    def tell(question: str, found: Retrieval, compare: Compare) -> str:
        several = find_several(found, compare=compare)
        return several.kind if several else "one"

    show(_take(folders, tell), ("versions", "choices", "one"))


def measure_parts(folders: list[Folder], languages: Set[str] = KNOWN) -> None:
    def tell(question: str, found: Retrieval, compare: Compare) -> str:
        is_part = found.verdict != "no" and find_missing_part(question, found.hits, compare, languages)
        return "part" if is_part else "whole"

    show(_take(folders, tell), ("part", "whole"))


Taken = Counter[tuple[bool, str, str]]


def _take(folders: list[Folder], tell: Callable[[str, Retrieval, Compare], str]) -> Taken:
    """How often what is wanted of a question is taken for what, in each half."""
    with TemporaryDirectory() as made:
        corpus = Path(made) / "corpus"
        for folder in folders:
            for name, text in folder.files.items():
                path = corpus / folder.name / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        settings = Settings.load(corpus_dir=corpus)
        dataset = Dataset(Path(made), (), "source")
        with (
            closing(Index(build_index(dataset, settings))) as index,
            closing(open_retriever(index, settings)) as retriever,
        ):
            taken: Taken = Counter()
            for folder in folders:
                for wanted, question in folder.questions:
                    found = retriever.retrieve(question, only=Restriction(folder=folder.name))
                    told = tell(question, found, retriever.compare_sentences)
                    taken[folder.is_held_back, wanted, told] += 1
                    if told != wanted and not folder.is_held_back:
                        print(f"  {folder.name}: {question} {wanted} taken for {told} ({found.verdict})")
    return taken


def show(taken: Taken, kinds: Sequence[str]) -> None:
    for half, title in ((False, "Chosen by these"), (True, "Held back")):
        print(f"\n{title}\n\n| is \\ told | " + " | ".join(kinds) + " |\n|" + " --- |" * (len(kinds) + 1))
        for wanted in kinds:
            print(f"| {wanted} | " + " | ".join(str(taken[half, wanted, told] or "") for told in kinds) + " |")


def measure_set(folder: Path) -> None:
    dataset = Dataset.load(folder)
    settings = Settings.load(corpus_dir=dataset.corpus)
    with closing(Index(build_index(dataset, settings))) as index, closing(open_retriever(index, settings)) as retriever:
        spoken = list(_list_spoken(dataset, retriever.retrieve, retriever.compare_sentences))
    print(f"{folder.name}: {len(spoken)} of {len(dataset.questions)}")
    for line in spoken:
        print(f"  {line}")


def _list_spoken(dataset: Dataset, retrieve: Callable[[str], Retrieval], compare: Compare) -> Iterator[str]:
    for question in dataset.questions:
        found = retrieve(question.text)
        if found.verdict == "no":
            continue
        if several := find_several(found, compare=compare):
            yield f"{several.kind}: {question.text}"
        if part := find_missing_part(question.text, found.hits, compare):
            yield f"part: {question.text} ({part})"


if __name__ == "__main__":
    main()
