"""How complete and how right the table of every document is: `python -m bench.every [--seed N]`.

40 invoices and 30 minutes are made from the seed and indexed; each question is put to every document, without a model
or with the one at BASE_URL. Of the documents that hold an answer, completeness is the share that is answered rightly;
of those that were answered, precision is the share that is right. Sums and counts are exact or wrong. `--papers PART`
asks papers that were written by hand instead: invoices, minutes, contracts and letters in several languages.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench.every.made import MadeSet, make_invoices, make_minutes, read_papers, write
from ingest.pipeline import Pipeline
from ingest.sync import sync_corpus
from rag.answering.events import AnswerReport, Done
from rag.asked.asking import ask
from rag.assembly import open_retriever
from rag.chat.router import ModelRouter
from rag.index.index import Index
from rag.settings import Settings

TUNED_ON = 1
"""The seed by which the constants of `rag.asked.rows` were chosen."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=TUNED_ON + 1)
    parser.add_argument("--models", type=Path, help="a folder with exported models, so that none is exported")
    parser.add_argument("--verbose", action="store_true", help="show what was wrong")
    parser.add_argument("--papers", choices="abcd", help="a part of those written by hand; b was held back")
    options = parser.parse_args()
    sets = {"invoices": make_invoices(options.seed), "minutes": make_minutes(options.seed)}
    if options.papers:
        sets = read_papers(Path(__file__).parent, options.papers)
    for name, made in sets.items():
        with tempfile.TemporaryDirectory() as folder:
            measure(name, made, Path(folder), options.models, verbose=options.verbose)


def measure(name: str, made: MadeSet, folder: Path, models: Path | None, *, verbose: bool) -> None:
    write(made, folder / "corpus")
    settings = Settings.load(corpus_dir=folder / "corpus", index_dir=folder / "index")
    settings.index_dir.mkdir()
    if models:
        (settings.index_dir / "models").symlink_to(models.resolve())
    with closing(Index(settings.index_dir)) as index, closing(Pipeline(settings, index.models_dir)) as pipeline:
        sync_corpus(index, pipeline)
        with closing(open_retriever(index, settings)) as retriever, closing(ModelRouter(settings)) as router:
            if settings.base_url:
                router.start()
                router.settle(60)

            def report(question: str) -> AnswerReport:
                async def collect() -> AnswerReport:
                    events = ask(
                        question,
                        index=index,
                        retrieve=retriever.retrieve,
                        router=router,
                        settings=settings,
                        compare=retriever.compare_sentences,
                        every=True,
                    )
                    return [event.report async for event in events if isinstance(event, Done)][-1]

                return asyncio.run(collect())

            held = right = given = 0
            began = time.process_time()
            for question, answers in made.questions:
                found = {row["source"]: row for row in report(question).table if row["answer"]}
                good = {source for source, answer in answers.items() if is_right(found.get(source), answer)}
                held, right, given = held + len(answers), right + len(good), given + len(found)
                if verbose:
                    print(f"{len(good)}/{len(answers)} of {len(found)}  {question}")
                    for source in sorted({*answers, *found} - good)[:4]:
                        row = found.get(source, {})
                        print(f"     {source}: {answers.get(source)} / {row.get('plain')} {row.get('answer')}")
            seconds = (time.process_time() - began) / len(made.questions) / len(made.files)
            sums = sum(report(question).counts.get("sum") == value for question, value in made.sums.items())
            counts = sum(report(question).counts.get("matching") == value for question, value in made.counts.items())
            print(
                f"{name}: {len(made.questions)} questions, completeness {right / held:.3f}, precision"
                f" {right / given:.3f}; sums right {sums} of {len(made.sums)}, counts right {counts} of"
                f" {len(made.counts)}; {seconds * 1e3:.0f} ms a document"
            )


def is_right(row: Mapping[str, object] | None, answer: str) -> bool:
    if row is None:
        return False
    plain, said = str(row["plain"]), str(row["answer"])
    if "|" in answer:
        return any(is_right(row, one) for one in answer.split("|"))
    try:
        return abs(float(plain) - float(answer)) < 0.005
    except ValueError:
        return plain == answer or answer in said


if __name__ == "__main__":
    main()
