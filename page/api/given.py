"""Which answers were given to programs, and which of them nothing may repeat to a model on another machine.

A program brings its conversation along itself, so it could bring an answer from a private folder to a question that a
model elsewhere reads. What was given is remembered as digests, as long as the server runs; no words are kept.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator

from page.api.writing import cut_sources
from rag.answering.citations import find_markers

_MOST = 20_000
"""Answers that are remembered, the newest ones; a digest takes some hundred bytes."""
_MOST_RUNS = 400_000
_RUN = 16
"""Letters and digits of a run by which private text is recognised within another text: three words or four."""
_EVERY = 4
"""Every so manieth run of an answer is remembered, and all of a text are looked up: 19 letters in a row are found."""


class GivenAnswers:
    """There is one in a server. All methods may be called from any thread.

    With `doubts`, what an assistant is said to have answered counts as private unless it is one of our answers, word
    for word, that wasn't: it may be changed, or from before the server's last start.
    """

    def __init__(self, *, doubts: bool) -> None:
        self._doubts = doubts
        self._lock = threading.Lock()
        self._open: OrderedDict[int, None] = OrderedDict()
        self._private: OrderedDict[int, None] = OrderedDict()

    def note_open(self, text: str) -> None:
        """An answer was given that any model may read."""
        with self._lock:
            _remember(self._open, [hash(_read_letters(text))], _MOST)

    def note_private(self, text: str) -> None:
        """A text was given that no model on another machine may read."""
        letters = _read_letters(text)
        with self._lock:
            _remember(self._private, [hash(run) for run in _cut_runs(letters, _EVERY)], _MOST_RUNS)

    def is_private(self, text: str, *, is_answer: bool) -> bool:
        """Whether a text holds something private that was given; `is_answer` says that it is said to be an answer."""
        letters = _read_letters(text)
        with self._lock:
            if any(hash(run) in self._private for run in _cut_runs(letters, 1)):
                return True
            return self._doubts and is_answer and bool(letters) and hash(letters) not in self._open


def _read_letters(text: str) -> str:
    """The letters and digits alone, without our markers and sources, which programs set in many ways."""
    text = cut_sources(text)
    for marker in reversed(list(find_markers(text))):
        text = text[: marker.start] + text[marker.end :]
    return re.sub(r"[\W_]+", "", text.casefold())


def _cut_runs(letters: str, every: int) -> Iterator[str]:
    """Runs of letters at every so manieth place; what is shorter than one is one."""
    return (letters[at : at + _RUN] for at in range(0, max(1, len(letters) - _RUN + 1), every) if letters)


def _remember(known: OrderedDict[int, None], digests: list[int], most: int) -> None:
    for digest in digests:
        known[digest] = None
        known.move_to_end(digest)
    while len(known) > most:
        known.popitem(last=False)
