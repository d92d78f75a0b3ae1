"""What a question asks for: code, reasoning, or something to look up. Pure.

A linear model of groups of words, of the question's own words, their beginnings and its signs, each counted in one of
`BUCKETS` by its hash. Its weights, fitted by ``bench/tasks.py``, stand in ``task_weights.json``. It needs no other
model, and takes less than a millisecond.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

from rag.chat.routing.task_words import GROUPS, OF_TASK
from rag.text.scripts import SPACELESS

TASKS = ("code", "reasoning", "general")
BUCKETS = 4096
WEIGHTS_FILE = Path(__file__).with_name("task_weights.json")

_TOKEN = re.compile(rf"[{SPACELESS}]|[^\W\d_{SPACELESS}]+|\d+|[^\w\s]")
_SEAM = re.compile(f"(?<=[{SPACELESS}])(?=[a-z])|(?<=[a-z+#])(?=[{SPACELESS}])")
"""Where a word in Latin letters touches a script without spaces, in which it would seem part of a word."""
_SHAPES = {
    "call": re.compile(r"\w\(\w*\)"),
    "joined": re.compile(r"[a-z]_[a-z]|[a-z][A-Z]|\w::\w|->|=>"),
    "brackets": re.compile(r"[{}\[\]<>;=]"),
    "ending": re.compile(r"\.(?:py|js|ts|c|h|cpp|rs|go|java|sh|sql|json|ya?ml|xml|html|css|toml)\b"),
    "percent": re.compile(r"\d\s?%"),
}
"""What a text looks like, whatever it says."""
_WORD_WEIGHT = 0.5
"""What all single words together count beside one group: so few questions teach more of groups than of words."""
_BEGINNING = 5
"""Letters of a word that stand for all its forms."""


def classify_task(question: str) -> str:
    """One of `TASKS`, the likeliest."""
    scores = rate_tasks(question)
    return max(TASKS, key=lambda task: scores[task])


def rate_tasks(question: str) -> dict[str, float]:
    """The probability of each task, by the model."""
    weights, bias = _read_weights()
    values = list(bias)
    for bucket, value in find_features(question).items():
        for place, weight in enumerate(weights.get(bucket, ())):
            values[place] += weight * value
    exponentials = [math.exp(value - max(values)) for value in values]
    return {task: value / sum(exponentials) for task, value in zip(TASKS, exponentials, strict=True)}


def find_features(question: str) -> dict[int, float]:
    """The buckets that the question has something in. Groups of words count whole, single words by how few they are."""
    text = unicodedata.normalize("NFKC", question)
    folded = _SEAM.sub(" ", text.casefold())
    tokens = [token if len(token) == 1 else "0" if token.isdigit() else token for token in _TOKEN.findall(folded)]
    shapes = [name for name, shape in _SHAPES.items() if shape.search(text)]
    telling = [f"s:{name}" for name in shapes]
    groups = [name for name, words in GROUPS.items() if words.search(folded)]
    telling += [f"g:{name}" for name in groups]
    telling += [f"t:{task}" for task, of_task in OF_TASK.items() if not of_task.isdisjoint([*groups, *shapes])]
    names = {f"w:{token}" for token in tokens} | {f"p:{first} {second}" for first, second in pairwise(["^", *tokens])}
    names |= {f"b:{token[:_BEGINNING]}" for token in tokens if len(token) > _BEGINNING}
    buckets = {_find_bucket(name): _WORD_WEIGHT / math.sqrt(len(names)) for name in sorted(names)}
    return buckets | {_find_bucket(name): 1.0 for name in telling}


def _find_bucket(name: str) -> int:
    return crc32(name.encode()) % BUCKETS


@cache
def _read_weights() -> tuple[dict[int, list[float]], list[float]]:
    stored = json.loads(WEIGHTS_FILE.read_text("utf-8"))
    return {int(bucket): values for bucket, values in stored["weights"].items()}, stored["bias"]
