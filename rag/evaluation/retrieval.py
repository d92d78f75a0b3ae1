"""How well retrieval finds, and how well it declines, on a folder of documents with questions.

A dataset is a folder with ``corpus/`` (the documents) and ``questions.jsonl``: one object a line with ``question``,
``answerable`` (default true), ``relevant`` (a list of ``{"source", "page"?}``, the source below ``corpus/``),
``answers`` (a list of accepted answers, for scoring a model's), ``kind`` and ``language`` or ``lang`` (words of one's
own, by which figures are told apart). What has to be found is the page where every relevant place names one, else the
document. For the protocols of others (`rag.evaluation.protocols`), ``gold`` lists the sources of the golden documents,
and ``spans`` the excerpts that answer: ``[start, end]`` in characters of the relevant file.

The dataset's corpus is indexed by ``python -m ingest`` into an index of its own, which later runs use again.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from rag.errors import IndexUnusableError, SettingsError
from rag.index.layout import Layout
from rag.models.cache import share_exports
from rag.processes import make_command, make_environment
from rag.settings import Settings
from rag.types import MODES, Retrieval

DEPTH = 10
"""How many distinct pages or documents of a ranking count."""

_HITS = 60
"""How many passages are asked for, so that ten distinct documents are among them."""

_TIMED_QUESTIONS = 300
"""About how many questions are timed."""

METRICS = ("hit@1", "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10")

Unit = tuple[str, int | None]
"""A source and a page; the page is None where documents are what is looked for."""

Span = tuple[int, int]
"""Characters of a file: the first, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Question:
    """A line of the dataset."""

    id: str
    text: str
    answerable: bool
    relevant: frozenset[Unit]
    """The places where the answer stands."""
    answers: tuple[str, ...]
    """The accepted answers; empty if answers are not to be scored."""
    kind: str = ""
    """What sort of question it is, in the dataset's own word; ``far`` and ``near`` say how far off an absent one is."""
    language: str = ""
    """In the dataset's own word."""
    golden: tuple[str, ...] = ()
    """The documents that Pass@k counts; empty if it isn't to be measured."""
    spans: tuple[Span, ...] = ()
    """The excerpts of the one relevant document that answer; empty if they aren't marked."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder of documents with questions on them."""

    folder: Path
    questions: tuple[Question, ...]
    unit: str
    """What has to be found: ``page`` or ``source``."""

    @property
    def corpus(self) -> Path:
        """The folder of documents."""
        return self.folder / "corpus"

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """Read the questions. Raises SettingsError, naming the line, for a folder that isn't of this form."""
        path = folder / "questions.jsonl"
        if not path.is_file() or not (folder / "corpus").is_dir():
            raise SettingsError(f"{folder} is no dataset: it must hold questions.jsonl and a folder named corpus.")
        rows = [
            _parse_row(path, number, line) for number, line in enumerate(path.open(encoding="utf-8"), 1) if line.strip()
        ]
        if not rows:
            raise SettingsError(f"{path} has no questions. Write one JSON object a line.")
        places = [place for row in rows for place in row["relevant"]]
        unit = "page" if places and all(place.get("page") is not None for place in places) else "source"
        return cls(folder, tuple(_make_question(number, row, unit) for number, row in enumerate(rows)), unit)


def _parse_row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        text, relevant = row["question"], row.setdefault("relevant", [])
        if not isinstance(text, str) or any(not isinstance(place["source"], str) for place in relevant):
            raise TypeError
        _check_protocols(row, relevant)
    except (ValueError, KeyError, TypeError, AttributeError):
        wanted = '{"question": "…", "relevant": [{"source": "file.pdf", "page": 3}]}'
        raise SettingsError(f"{path}, line {number}, is no question; it must look like {wanted}.") from None
    return dict(row)


def _check_protocols(row: Mapping[str, Any], places: Sequence[Mapping[str, Any]]) -> None:
    """Raises TypeError or ValueError if the golden documents or the excerpts aren't of the form."""
    spans, golden = row.get("spans", []), row.get("gold", [])
    if spans and len({place["source"] for place in places}) != 1:
        raise ValueError
    if any(not 0 <= start < end for start, end in spans) or any(not isinstance(source, str) for source in golden):
        raise ValueError


def _make_question(number: int, row: Mapping[str, Any], unit: str) -> Question:
    relevant = frozenset((place["source"], place["page"] if unit == "page" else None) for place in row["relevant"])
    answers = tuple(str(answer) for answer in row.get("answers") or ())
    answerable, kind = bool(row.get("answerable", True)), str(row.get("kind") or "")
    return Question(
        id=str(row.get("id", number)),
        text=row["question"],
        answerable=answerable,
        relevant=relevant,
        answers=answers,
        kind=kind,
        language=str(row.get("language") or row.get("lang") or ""),
        golden=tuple(row.get("gold", ())),
        spans=tuple((start, end) for start, end in row.get("spans", ())),
    )


def build_index(dataset: Dataset, settings: Settings) -> Path:
    """Index the corpus as the product does, in a process that shows its progress; returns the index's folder.

    A model that was prepared for the user's index, or for another dataset's, isn't prepared again.

    Raises IndexUnusableError if that fails; files that can't be read are reported and left out.
    """
    folder = index_folder(dataset, settings)
    prepared, own = Layout(settings.index_dir).models, Layout(folder).models
    command = [*make_command("ingest"), "--corpus", str(dataset.corpus), "--index", str(folder), "--json"]
    share_exports(prepared, own)
    done = subprocess.run(command, env=make_environment(), stdout=subprocess.PIPE, text=True, check=False)
    share_exports(own, prepared)
    if done.returncode not in (0, 1):
        raise IndexUnusableError(f"{dataset.corpus} could not be indexed; the reason is above.")
    return folder


def index_folder(dataset: Dataset, settings: Settings) -> Path:
    """The folder of the dataset's own index, below the user's index."""
    path = str(dataset.folder.resolve())
    key = hashlib.blake2b(path.encode(), digest_size=4).hexdigest()
    return settings.index_dir / "eval" / f"{dataset.folder.resolve().name}-{key}"


class Retrieve(Protocol):
    def __call__(self, question: str, *, mode: str, top_k: int | None) -> Retrieval: ...


class RetrieveBy(Protocol):
    """`Retrieve` with one of the modes."""

    def __call__(self, question: str, *, top_k: int | None) -> Retrieval: ...


Measure = Callable[["Dataset", Sequence[Retrieval], RetrieveBy], dict[str, float]]
"""Figures of further protocols, from what was found for all questions and what is asked beside that."""


def evaluate(
    dataset: Dataset,
    retrieve: Retrieve,
    modes: Sequence[str] = MODES,
    progress: Callable[[int, int], None] = lambda done, total: None,
    measure: Measure = lambda dataset, found, retrieve: {},
) -> dict[str, Any]:
    """The figures of ``python -m rag eval --json``. Latency and abstention are those of the first of `modes`."""
    found: dict[str, list[Retrieval]] = {mode: [] for mode in modes}
    total = len(modes) * len(dataset.questions)
    for mode in modes:
        for question in dataset.questions:
            found[mode].append(retrieve(question.text, mode=mode, top_k=_HITS))
            progress(sum(map(len, found.values())), total)
    milliseconds = _time_questions(dataset, lambda text: retrieve(text, mode=modes[0], top_k=None))
    return {
        "questions": len(dataset.questions),
        "unit": dataset.unit,
        "modes": {mode: compute_ranking(dataset, found[mode]) for mode in modes},
        "protocols": {mode: measure(dataset, found[mode], partial(retrieve, mode=mode)) for mode in modes},
        "abstention": compute_abstention(dataset, found[modes[0]]),
        "milliseconds": {f"p{percent}": find_percentile(milliseconds, percent) for percent in (50, 95)},
    }


def _time_questions(dataset: Dataset, retrieve: Callable[[str], Retrieval]) -> list[float]:
    """Milliseconds of questions spread over the dataset, with as many passages as a user gets."""
    step = max(1, len(dataset.questions) // _TIMED_QUESTIONS)
    taken = []
    for question in dataset.questions[::step]:
        began = time.perf_counter()
        retrieve(question.text)
        taken.append((time.perf_counter() - began) * 1e3)
    return taken


def compute_ranking(dataset: Dataset, found: Sequence[Retrieval]) -> dict[str, float]:
    """The means of `rank_metrics` over the answerable questions; empty if there are none."""
    pairs = zip(dataset.questions, found, strict=True)
    rows = [
        rank_metrics(list_units(hits, dataset.unit), q.relevant) for q, hits in pairs if q.answerable and q.relevant
    ]
    return {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in METRICS} if rows else {}


def list_units(retrieval: Retrieval, unit: str) -> list[Unit]:
    """The distinct pages or documents of the hits, best first."""
    places = ((hit.chunk.source, hit.chunk.page if unit == "page" else None) for hit in retrieval.hits)
    return list(dict.fromkeys(places))


def rank_metrics(ranking: Sequence[Unit], relevant: frozenset[Unit]) -> dict[str, float]:
    """The metrics of one ranking, by their usual definitions, with equal gains. Only the first ten places count."""
    gains = [unit in relevant for unit in ranking[:DEPTH]]
    first = next((place for place, gain in enumerate(gains, 1) if gain), None)
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(len(relevant), DEPTH) + 1))
    return {
        "hit@1": float(any(gains[:1])),
        **{f"recall@{k}": sum(gains[:k]) / len(relevant) for k in (1, 5, 10)},
        "mrr@10": 1 / first if first else 0.0,
        "ndcg@10": sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1)) / ideal,
    }


def compute_abstention(dataset: Dataset, found: Sequence[Retrieval]) -> dict[str, Any]:
    """How well the confidence tells answerable questions from others, and which verdicts each kind gets.

    A figure is None where the dataset has no question of that kind. ``risk@50%`` is the share of unanswerable questions
    among the half that the confidence is highest for; ``ece`` is the expected calibration error over ten bins.
    """
    pairs = list(zip(dataset.questions, found, strict=True))
    held = [retrieval for question, retrieval in pairs if question.answerable]
    absent = [retrieval for question, retrieval in pairs if not question.answerable]
    by_kind = {kind: [r for q, r in pairs if q.kind == kind] for kind in sorted({q.kind for q, _ in pairs} - {""})}
    of_kind = {kind: [r for q, r in pairs if not q.answerable and q.kind == kind] for kind in ("far", "near")}
    confident = [r.confidence for r in held]
    outcomes = [(retrieval.confidence, question.answerable) for question, retrieval in pairs]
    return {
        "auroc": compute_auroc(confident, [r.confidence for r in absent]),
        **{f"auroc_{kind}": compute_auroc(confident, [r.confidence for r in of_kind[kind]]) for kind in of_kind},
        "ece": compute_calibration_error(outcomes),
        "risk@50%": compute_risk(outcomes, 0.5),
        "risk@80%": compute_risk(outcomes, 0.8),
        "false_answer_rate": measure_share(r.answerable for r in absent),
        "false_decline_rate": measure_share(not r.answerable for r in held),
        "no_rate_answerable": measure_share(r.verdict == "no" for r in held),
        "no_rate_absent": measure_share(r.verdict == "no" for r in absent),
        "no_precision": measure_share(not question.answerable for question, r in pairs if r.verdict == "no"),
        "yes_rate_absent": measure_share(r.verdict == "yes" for r in absent),
        "unsure_rate": measure_share(r.verdict == "unsure" for r in found),
        "verdicts_by_kind": {kind: dict(Counter(r.verdict for r in rs)) for kind, rs in by_kind.items()},
    }


def compute_calibration_error(outcomes: Sequence[tuple[float, bool]], bins: int = 10) -> float | None:
    """The mean distance between confidence and truth over equal bins of confidence, weighed by how many are in each.

    Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    total = 0.0
    for place in range(bins):
        mine = [(p, truth) for p, truth in outcomes if min(int(p * bins), bins - 1) == place]
        total += abs(sum(p - truth for p, truth in mine))
    return round(total / len(outcomes), 4) if outcomes else None


def compute_risk(outcomes: Sequence[tuple[float, bool]], coverage: float) -> float | None:
    """The share of unanswerable questions among the `coverage` (0…1) that the confidence is highest for."""
    best = sorted(outcomes, key=lambda outcome: -outcome[0])[: round(coverage * len(outcomes))]
    return measure_share(not truth for _, truth in best)


def compute_auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """The chance that a random value of `positive` is above a random one of `negative`; ties count half."""
    if not positive or not negative:
        return None
    import numpy as np

    below = np.sort(np.asarray(negative))
    wins = np.searchsorted(below, positive, "left") + np.searchsorted(below, positive, "right")
    return round(float(wins.mean()) / (2 * len(negative)), 4)


def measure_share(claims: Iterable[bool]) -> float | None:
    """The share of true ones; None of nothing."""
    values = list(claims)
    return round(sum(values) / len(values), 4) if values else None


def find_percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that `percent` of them don't exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def save_baseline(path: Path, report: Mapping[str, Any]) -> None:
    """Write the report for `load_baseline` to read."""
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def load_baseline(path: Path) -> dict[str, Any]:
    """The report that `save_baseline` wrote. Raises SettingsError if the file is none."""
    try:
        report = json.loads(path.read_text("utf-8"))
        if "modes" in report and "questions" in report:
            return dict(report)
    except (OSError, ValueError, TypeError):
        pass
    raise SettingsError(f"{path} is no saved evaluation. Make one with --save.")
