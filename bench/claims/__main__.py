"""How well claims are told that their passage says from those that it doesn't: `python -m bench.claims`.

The pairs are made by `bench.claims.made`; by the first half the judgement was chosen, by the second nothing was. AUROC
is the chance that a true claim scores higher than an altered one; a claim counts as supported if its verdict is. With
`--index`, the folder of any index, its embedding model is asked too. With
FOLDERS, sentences of the documents below them are held against their own passages, and again with a number changed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from bench.claims.made import FALSE_KINDS, LANGUAGES, TRUE_KINDS, Pair, make_pairs
from bench.claims.sentences import make_pairs_of
from rag.answering.claims import Compare, Judgement, judge_claim
from rag.assembly import open_retriever
from rag.index.index import Index
from rag.settings import Settings
from rag.types import Chunk, ScoredChunk, StoredChunk

_Judged = list[tuple[Pair, Judgement]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="eval folders: their documents' own sentences")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--half", choices=("tuned", "held"), action="append")
    parser.add_argument("--errors", action="store_true", help="list what was judged wrongly")
    options = parser.parse_args()
    with ExitStack() as opened:
        compare = None
        if options.index:
            index = opened.enter_context(closing(Index(options.index)))
            compare = opened.enter_context(closing(open_retriever(index, Settings.load()))).compare_sentences
        if options.folders:
            measure_sentences(options.folders, options.errors)
            return
        measure(options.half or ("tuned", "held"), compare, options.errors)


def measure(halves: Sequence[str], compare: Compare | None, lists_errors: bool) -> None:
    for half in halves:
        pairs = [pair for pair in make_pairs() if pair.is_held_back == (half == "held")]
        began = time.process_time()
        judged = [(pair, judge(pair, compare)) for pair in pairs]
        each = (time.process_time() - began) / len(pairs) * 1e3
        title = "Held back" if half == "held" else "Chosen by these"
        show(f"{title}, {'with' if compare else 'without'} vectors ({each:.1f} ms each)", judged)
        if lists_errors:
            show_errors(judged)


def measure_sentences(folders: Sequence[Path], lists_errors: bool) -> None:
    judged = [(pair, judge(pair)) for folder in folders for pair in make_pairs_of(folder)]
    for kind, wanted in (("word for word", "supported"), ("number", "not")):
        mine = [one.verdict == wanted for pair, one in judged if pair.kind == kind]
        print(f"{kind}: {sum(mine)} of {len(mine)} {wanted}")
    if lists_errors:
        show_errors(judged)


def judge(pair: Pair, compare: Compare | None = None) -> Judgement:
    hit = ScoredChunk(StoredChunk(1, Chunk(pair.source, 0, pair.passage), pair.language), 1.0)
    return judge_claim(pair.claim, [hit], compare=compare)


def show(title: str, judged: _Judged) -> None:
    true = [one for pair, one in judged if pair.is_true]
    print(f"\n{title}: {len(judged)} pairs, {len(true)} true\n")
    print("| altered | pairs | AUROC | found |\n| --- | --- | --- | --- |")
    for kind in (*FALSE_KINDS, "all"):
        false = [one for pair, one in judged if not pair.is_true and kind in (pair.kind, "all")]
        found = sum(one.verdict != "supported" for one in false)
        auroc = measure_auroc([one.score for one in true], [one.score for one in false])
        print(f"| {kind} | {len(false)} | {auroc:.3f} | {found} of {len(false)} |")
    kept: dict[str, list[bool]] = defaultdict(list)
    for pair, one in judged:
        if pair.is_true:
            kept[pair.kind].append(one.verdict == "supported")
    print("\n| true | supported |\n| --- | --- |")
    for kind in TRUE_KINDS:
        print(f"| {kind} | {sum(kept[kind])} of {len(kept[kind])} |")
    supported = [pair.is_true for pair, one in judged if one.verdict == "supported"]
    print(f"\nsupported: precision {sum(supported) / len(supported):.3f}, recall {sum(supported) / len(true):.3f}")
    flagged = [not pair.is_true for pair, one in judged if one.verdict != "supported"]
    print(
        f"not wholly supported: precision {sum(flagged) / len(flagged):.3f},"
        f" recall {sum(flagged) / (len(judged) - len(true)):.3f}"
    )
    by_language = {}
    for language in LANGUAGES:
        mine = [(pair, one) for pair, one in judged if pair.language == language]
        by_language[language] = measure_auroc(
            [one.score for pair, one in mine if pair.is_true], [one.score for pair, one in mine if not pair.is_true]
        )
    print("AUROC by language: " + ", ".join(f"{name} {value:.3f}" for name, value in by_language.items()))


def show_errors(judged: _Judged) -> None:
    for pair, one in judged:
        if pair.is_true != (one.verdict == "supported"):
            print(
                f"{pair.language} {pair.kind}: {pair.claim}\n    {one.verdict} {one.score} {one.numbers} {one.words}"
                f" {'denied' if one.is_denied else ''} | {one.quote}"
            )


def measure_auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    """The chance that one of the first is above one of the second; a tie counts half."""
    one, other = np.array(higher)[:, None], np.array(lower)[None, :]
    return float((one > other).mean() + 0.5 * (one == other).mean())


if __name__ == "__main__":
    main()
