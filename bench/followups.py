"""Follow-ups of two-turn conversations: how often is their passage found, by what is searched for in their place?

    uv run python -m bench.followups INDEX

Makes the index in the folder INDEX, of the sample documents and those in tests/conversations, and asks it the
follow-ups there: as they are; with the terms of the question before carried over, as is done without a model; rewritten
by the model of the settings (MODEL, BASE_URL, …) if it is ready within a minute; and written out by hand, the best that
a rewriting could do. The questions that stand alone are only told from follow-ups, behind each question of the set.
"""

from __future__ import annotations

import asyncio
import csv
import json
import operator
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.followup import Turn, make_standalone
from rag.answering.standing import stands_alone
from rag.assembly import open_retriever
from rag.chat.router import ModelRouter
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Retrieval

ROOT = Path(__file__).parents[1]
CONVERSATIONS = ROOT / "tests" / "conversations"
_MODEL_START_S = 60.0


@dataclass(frozen=True, slots=True)
class FollowUp:
    before: str
    question: str
    standalone: str
    """The same written out by hand."""
    says: str
    """What stands in the passage that answers it."""


def follow_ups() -> list[FollowUp]:
    lines = (CONVERSATIONS / "follow_ups.jsonl").read_text("utf-8").splitlines()
    return [FollowUp(**json.loads(line)) for line in lines]


def standalone_questions() -> list[str]:
    return (CONVERSATIONS / "standalone.txt").read_text("utf-8").splitlines()


def make_index(folder: Path) -> Settings:
    """Below `folder`, of the sample documents and those of the conversations."""
    corpus = folder / "corpus"
    shutil.copytree(ROOT / "corpus", corpus, dirs_exist_ok=True)
    shutil.copytree(CONVERSATIONS / "documents", corpus, dirs_exist_ok=True)
    settings = Settings.load(corpus_dir=corpus, index_dir=folder)
    with closing(Index(folder)) as index, closing(Pipeline(settings, index.models_dir)) as pipeline:
        sync_corpus(index, pipeline)
    return settings


def hit_share(retrieve: Callable[[str], Retrieval], asked: Callable[[FollowUp], str], depth: int) -> float:
    """Of the follow-ups, those whose passage is among the first `depth`."""
    every = follow_ups()
    return sum(_is_found(retrieve(asked(one)), one.says, depth) for one in every) / len(every)


def _is_found(found: Retrieval, says: str, depth: int) -> bool:
    return any(says in " ".join(hit.chunk.text.split()) for hit in found.hits[:depth])


def carried(one: FollowUp) -> str:
    return asyncio.run(make_standalone(one.question, [Turn(one.before)]))


def left_alone_share() -> float:
    """Of the questions that stand alone, behind each of the questions before."""
    befores = {one.before for one in follow_ups()}
    told = [stands_alone(question, before) for question in standalone_questions() for before in befores]
    return sum(told) / len(told)


def seen_share() -> float:
    """Of the follow-ups, those that are told from questions that stand alone."""
    every = follow_ups()
    return sum(not stands_alone(one.question, one.before) for one in every) / len(every)


def tell_apart() -> tuple[float, float]:
    """Precision and recall of what is told to be a follow-up, on the list of both kinds in nine languages."""
    with (CONVERSATIONS / "told.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    told = [not stands_alone(row["question"], row["before"]) for row in rows]
    are = [row["follows"] == "yes" for row in rows]
    right = sum(map(operator.and_, told, are))
    return right / sum(told), right / sum(are)


def accepted_share(reply: Callable[[FollowUp], str]) -> float:
    """Of the follow-ups, those for which a model's reply is searched for as it is, after the passage as the answer."""

    def is_accepted(one: FollowUp) -> bool:
        said = reply(one)

        async def stream(messages: Sequence[dict[str, str]], max_tokens: int) -> AsyncGenerator[str, None]:
            yield said

        turns = [Turn(follow_ups()[0].before), Turn(one.before, f"{one.says}.")]
        return asyncio.run(make_standalone(one.question, turns, stream)) == said

    every = [one for one in follow_ups() if not stands_alone(one.question, one.before)]
    return sum(map(is_accepted, every)) / len(every)


WEAK_REPLIES: dict[str, Callable[[FollowUp], str]] = {
    "the question before": lambda one: one.before,
    "the same with other small words": lambda one: f"So, {one.before[0].lower()}{one.before[1:]}",
    "the first question": lambda _: follow_ups()[0].before,
    "the question itself": lambda one: one.question,
    "the answer before": lambda one: f"{one.says}.",
    "an answer with a question": lambda one: f"{one.says}. {one.standalone}",
    "an answer asked": lambda one: f"{one.before.rstrip('?？')}: {one.says}?",
    "both questions": lambda one: f"{one.before} {one.standalone}",
    "another follow-up's": lambda one: follow_ups()[(follow_ups().index(one) + 17) % len(follow_ups())].standalone,
    "another language's": lambda one: (
        f"Mitä tietoja on aiheesta {one.standalone}" if one.standalone.isascii() else f"What is known about {one.says}?"
    ),
    "a refusal": lambda one: f"I don't know what you mean by {one.question}",
    "one overlong": lambda one: f"{one.standalone.rstrip('?？')} {one.before.rstrip('?？')} {one.standalone}",
}
"""What weak models write in place of a rewriting."""


def main(folder: Path) -> None:
    settings = make_index(folder)
    ways: dict[str, Callable[[FollowUp], str]] = {"as asked": lambda one: one.question, "carried over": carried}
    with (
        closing(Index(folder)) as index,
        closing(ModelRouter(settings)) as router,
        closing(open_retriever(index, settings)) as retriever,
    ):
        router.start()
        if router.settle(_MODEL_START_S).is_ready:
            ways["by the model"] = lambda one: asyncio.run(
                make_standalone(one.question, [Turn(one.before)], router.stream)
            )
        else:
            print(f"not rewritten by a model: {router.state.detail}", file=sys.stderr)
        ways["by hand"] = lambda one: one.standalone
        print(f"{len(follow_ups())} follow-ups   hit@1  hit@3")
        for name, asked in ways.items():
            print(f"{name:14} " + " ".join(f"{hit_share(retriever.retrieve, asked, depth):7.3f}" for depth in (1, 3)))
    print(f"follow-ups seen as such {seen_share():.3f}, questions left alone {left_alone_share():.3f}")
    print(f"rewritings by hand that are taken {accepted_share(lambda one: one.standalone):.3f}; of what is none:")
    for name, reply in WEAK_REPLIES.items():
        print(f"  {name:34} {accepted_share(reply):.3f}")
    print("of both kinds in nine languages: precision {:.3f}, recall {:.3f}".format(*tell_apart()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
