"""Write the figures of all searches on all sets at hand, beside those that others publish.

    RAG_INDEX_DIR=FOLDER uv run python -m bench.results SETS [FILE]

SETS holds datasets, or folders of small ones that count as one set (form: `python -m rag eval --help`). Each corpus is
indexed below FOLDER, once. FILE, docs/results.md unless it is named, gets nothing but what was measured now: a table of
all sets and searches, the protocols of named rivals, where ours is behind, and the figures by language and kind where
the questions have ``lang``, ``kind`` or ``cross_lingual``. Sets by which a constant was chosen are marked, by
`_TUNED`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rag.assembly import open_retriever
from rag.evaluation.protocols import measure_protocols
from rag.evaluation.retrieval import Dataset, build_index, compute_auroc, list_units, rank_metrics
from rag.index.index import Index
from rag.settings import Settings
from rag.types import MODES, Retrieval

_INTRODUCTION = """\
Made by `python -m bench.results`; every figure of ours was measured in one run, with the default settings. What has to
be found is the document, or its page where the set names pages. Passages count in characters as a model is given them:
those of five that fit far worse than the best are left out, and what stands around them isn't added yet."""

_HITS = 60
_LANGUAGE_GAP = 0.05
"""How far a language may stay below English."""
_FIGURES = ("hit@1", "recall@5", "recall@10", "ndcg@10")

_TUNED = {
    "squad": "depth, weight of a cosine, name, opening and window",
    "squad2": "weight of an unknown language's cosine",
    "squad-absent": "verdict, passages that a model reads",
    "jaquad-sample": "weight of an unknown language's cosine, name, opening and window",
    "sec10q": "weights of a cosine and of a lexical score, name, opening and window, codes in small folders alone, "
    "which words name a document",
    "everyday": "verdict and its thresholds, sentences of the best passages, passages that a model reads",
    "code": "verdict, worth of a definition, passages that a model reads",
    "claude-docs": "verdict, sentences of the best passages, passages that a model reads",
    "chunking": "verdict, passages that a model reads",
}
"""By the set's name: what was chosen with its help, or with that of the other half of its questions."""

_CHARACTERS = ("character_recall", "character_precision", "character_iou")
_PASSES = ("pass@5", "pass@10", "pass@20")
_FIRST = ("precision@3", "recall@3", "mrr@3")
_CONTEXTUAL = "anthropics/claude-cookbooks, contextual-embeddings"
_GUIDE = "anthropics/claude-cookbooks, retrieval_augmented_generation"
_CHROMA = "Chroma, Evaluating Chunking Strategies for Retrieval"

_RIVALS = {
    "code": (
        _PASSES,
        [
            ("voyage-2", _CONTEXTUAL, (0.809, 0.872, 0.901)),
            ("voyage-2 and BM25, a context by an LLM for each chunk", _CONTEXTUAL, (0.864, 0.932, 0.950)),
        ],
    ),
    "claude-docs": (
        _FIRST,
        [
            ("voyage-2", _GUIDE, (0.43, 0.66, 0.74)),
            ("voyage-2 with summaries, reranked by Claude", _GUIDE, (0.44, 0.69, 0.87)),
        ],
    ),
    "chunking": (
        _CHARACTERS,
        [
            ("all-MiniLM-L6-v2", _CHROMA, (0.824, 0.036, 0.035)),
            ("text-embedding-3-large, longer passages", _CHROMA, (0.913, 0.045, 0.045)),
            ("text-embedding-3-large, shorter passages", _CHROMA, (0.873, 0.080, 0.080)),
        ],
    ),
}
"""By the set's name: the protocol's figures, and what others published: who, where, the figures. Theirs are of all
questions; a set may have a part of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a set and what a search found for it."""

    mode: str
    tags: tuple[str, ...]
    answerable: bool
    confidence: float
    figures: dict[str, float]
    """Empty if nothing can be found for it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A set, asked by all searches."""

    name: str
    asked: list[Asked]
    protocols: dict[str, dict[str, float]]
    """By the search; empty for a set of several datasets."""


def measure(name: str, folders: Sequence[Path], settings: Settings) -> Measured:
    """`folders` are the set's datasets."""
    asked: list[Asked] = []
    protocols: dict[str, dict[str, float]] = {}
    for folder in folders:
        dataset, tags = Dataset.load(folder), _read_tags(folder)
        with (
            closing(Index(build_index(dataset, settings))) as index,
            closing(open_retriever(index, settings)) as retriever,
        ):
            for mode in MODES:
                retrieve = partial(retriever.retrieve, mode=mode)
                found = [retrieve(question.text, top_k=_HITS) for question in dataset.questions]
                asked += _judge(dataset, mode, tags, found)
                if len(folders) == 1:
                    protocols[mode] = measure_protocols(dataset, found, retrieve)
    return Measured(name, asked, protocols)


def _judge(dataset: Dataset, mode: str, tags: Sequence[tuple[str, ...]], found: Sequence[Retrieval]) -> Iterator[Asked]:
    for question, own, hits in zip(dataset.questions, tags, found, strict=True):
        can_be_found = question.answerable and question.relevant
        figures = rank_metrics(list_units(hits, dataset.unit), question.relevant) if can_be_found else {}
        yield Asked(mode, own, question.answerable, hits.confidence, figures)


def _read_tags(folder: Path) -> list[tuple[str, ...]]:
    rows = [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8") if line.strip()]
    return [tuple(_name_tags(row)) for row in rows]


def _name_tags(row: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} {row[name]}" for name in ("lang", "kind") if row.get(name))
    if row.get("cross_lingual"):
        yield "in another language than the documents"


def find_sets(folder: Path) -> dict[str, list[Path]]:
    """The datasets of each set, by the set's name; a folder of datasets is one set."""
    found = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        inner = [place] if (place / "questions.jsonl").is_file() else sorted(place.glob("*/questions.jsonl"))
        if inner:
            found[place.name] = [path if path.is_dir() else path.parent for path in inner]
    return found


def format_page(sets: Sequence[Measured]) -> str:
    """The whole page."""
    parts = [
        "# Results",
        _INTRODUCTION,
        *_format_sets(sets),
        *_format_misses(sets),
        *(part for one in sets if one.name in _RIVALS for part in _format_rivals(one)),
        *(part for one in sets for part in _format_tags(one)),
    ]
    return "\n\n".join(parts) + "\n"


def _format_sets(sets: Sequence[Measured]) -> list[str]:
    rows = [
        [one.name, str(_count(one)), mode, *_average_all(one.asked, mode), _compute_verdict(one, mode)]
        for one in sets
        for mode in MODES
    ]
    tuned = [[one.name, _TUNED.get(one.name, "nothing")] for one in sets]
    return [
        "## All sets",
        _format_table(["set", "questions", "search", *_FIGURES, "verdict, AUROC"], rows),
        "What was chosen with a set's help, so that its figures are no proof of it:",
        _format_table(["set", "constants"], tuned),
    ]


def _format_misses(sets: Sequence[Measured]) -> list[str]:
    """Where the search by both is behind: the better of its two parts, the best rival, or the questions in English."""
    lines = [f"- {one.name}: {miss}" for one in sets for miss in _find_misses(one)]
    return ["## Where ours is behind", "\n".join(lines) or "Nowhere."]


def _find_misses(one: Measured) -> Iterator[str]:
    both, better = _compute_scores(one)
    if both < better:
        yield f"nDCG@10 is {both:.3f}, that of one of its two parts alone {better:.3f}."
    names, rivals = _RIVALS.get(one.name, ((), []))
    for place, name in enumerate(names):
        who, best = max(((who, figures[place]) for who, _, figures in rivals), key=lambda rival: rival[1])
        ours = one.protocols[MODES[0]].get(name, 0.0)
        if ours < best:
            yield f"{name} is {ours:.3f}, that of {who} {best:.3f}."
    groups = _group_by_tag(one)
    english = _compute_means(groups.get("lang en", []), MODES[0]).get("hit@1", 0.0)
    for tag, asked in groups.items():
        first = _compute_means(asked, MODES[0])["hit@1"]
        if tag.startswith("lang ") and first < english - _LANGUAGE_GAP:
            yield f"{tag}: hit@1 is {first:.3f} ({len(asked)} questions), in English {english:.3f}."


def _format_rivals(one: Measured) -> list[str]:
    names, rivals = _RIVALS[one.name]
    ours = [[f"ours, {mode}", "this page", *_format(one.protocols[mode].get(name) for name in names)] for mode in MODES]
    theirs = [[who, source, *_format(figures)] for who, source, figures in rivals]
    note = f"Ours are of the {_count(one)} questions of the set at hand; the others' are of all that were published."
    return [f"## {one.name}, beside others", note, _format_table(["", "source", *names], theirs + ours)]


def _format_tags(one: Measured) -> list[str]:
    rows = [[tag, str(len(asked)), *_average_all(asked, MODES[0])] for tag, asked in _group_by_tag(one).items()]
    head = f"## {one.name}, by language and kind of the question ({MODES[0]})"
    return [head, _format_table(["", "questions", *_FIGURES], rows)] if len(rows) > 1 else []


def _group_by_tag(one: Measured) -> dict[str, list[Asked]]:
    """The questions that can be found, as the search by both did, by their tags in alphabetical order."""
    groups: dict[str, list[Asked]] = defaultdict(list)
    for asked in one.asked:
        for tag in asked.tags if asked.mode == MODES[0] and asked.figures else ():
            groups[tag].append(asked)
    return dict(sorted(groups.items()))


def _count(one: Measured) -> int:
    return sum(asked.mode == MODES[0] and bool(asked.figures) for asked in one.asked)


def _compute_means(asked: Iterable[Asked], mode: str) -> dict[str, float]:
    rows = [one.figures for one in asked if one.mode == mode and one.figures]
    return {name: sum(row[name] for row in rows) / len(rows) for name in _FIGURES} if rows else {}


def _average_all(asked: Iterable[Asked], mode: str) -> list[str]:
    means = _compute_means(asked, mode)
    return _format(means.get(name) for name in _FIGURES)


def _compute_scores(one: Measured) -> tuple[float, float]:
    """nDCG@10 of the search by both, and of the better of its two parts."""
    both, *parts = (_compute_means(one.asked, mode).get("ndcg@10", 0.0) for mode in MODES)
    return both, max(parts)


def _compute_verdict(one: Measured, mode: str) -> str:
    held, absent = ([a.confidence for a in one.asked if a.mode == mode and a.answerable is is_held]
                    for is_held in (True, False))  # fmt: skip
    return _format([compute_auroc(held, absent)])[0]


def _format(figures: Iterable[float | None]) -> list[str]:
    return ["–" if figure is None else f"{figure:.3f}" for figure in figures]


def _format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(folder: Path, page: Path) -> None:
    settings = Settings.load()
    sets = []
    for name, folders in find_sets(folder).items():
        print(f"{name}: {len(folders)} to be asked", file=sys.stderr)
        sets.append(measure(name, folders, settings))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(format_page(sets), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "docs/results.md"))
