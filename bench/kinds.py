"""Whether it is told what a question asks for: `python -m bench.kinds [EVAL_FOLDER …]`.

Our labelled questions in nine languages, once those by which the words were chosen and once those that were written
afterwards, each with a table of what was taken for what. Of each EVAL_FOLDER, which holds sets in the form that
`pagewise eval` reads, how many of its questions, all of which are to the passages, are lost to other kinds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.asked.kinds import Asked, find_kind
from rag.asked.naming import Named, find_documents

QUESTIONS = Path(__file__).parents[1] / "tests" / "unit" / "asked"
KINDS = ("passages", "collection", "document", "documents", "every", "small_talk")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    options = parser.parse_args()
    names = [Named(*line.split("\t")) for line in (QUESTIONS / "names.txt").read_text("utf-8").splitlines()]
    for name, title in (("tuned", "Chosen by these"), ("fresh", "Written afterwards")):
        show_table(title, read_questions(QUESTIONS / f"{name}.tsv"), names)
    for folder in options.folders:
        for questions in sorted(folder.rglob("questions.jsonl")):
            show_losses(questions)


def read_questions(path: Path) -> list[tuple[str, str, str]]:
    """Kind, language and text of each labelled question."""
    return [(kind, language, text) for kind, language, text in map(_split, path.read_text("utf-8").splitlines())]


def _split(line: str) -> list[str]:
    return line.split("\t")


def find_answering_kind(question: str, names: Sequence[Named]) -> str:
    """The kind as which it would be answered: what names no document is a question to the passages."""
    asked = find_kind(question)
    return asked.kind if all(_find_targets(asked, names)) else "passages"


def _find_targets(asked: Asked, names: Sequence[Named]) -> Iterator[bool]:
    for target in asked.targets:
        yield bool(find_documents(target, names, asked.language))


def show_table(title: str, questions: Sequence[tuple[str, str, str]], names: Sequence[Named]) -> None:
    taken = Counter((kind, find_answering_kind(text, names)) for kind, _, text in questions)
    right = sum(count for (kind, found), count in taken.items() if kind == found)
    print(f"\n{title}: {right} of {len(questions)} right ({right / len(questions):.1%})\n")
    print("| is \\ taken for | " + " | ".join(KINDS) + " |\n|" + " --- |" * (len(KINDS) + 1))
    for kind in KINDS:
        print(f"| {kind} | " + " | ".join(str(taken[kind, found] or "") for found in KINDS) + " |")


def show_losses(path: Path) -> None:
    corpus = path.parent / "corpus"
    names = [Named(file.relative_to(corpus).as_posix()) for file in corpus.rglob("*") if file.is_file()]
    texts = [json.loads(line)["question"] for line in path.read_text("utf-8").splitlines()]
    began = time.process_time()
    for text in texts:
        find_kind(text)
    each = (time.process_time() - began) / len(texts) * 1e3
    lost = [text for text in texts if find_answering_kind(text, names) != "passages"]
    print(f"{path.parent.name}: {len(lost)} of {len(texts)} lost ({len(lost) / len(texts):.2%}), {each:.2f} ms each")
    for text in lost:
        print(f"    {find_answering_kind(text, names)}: {text}")


if __name__ == "__main__":
    main()
