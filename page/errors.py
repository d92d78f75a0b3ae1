"""What went wrong, in the language of the browser: sentences that other parts of the program say in English.

Errors, states and reasons are English where they arise, for logs, programs and the command line. A table for each
language, in ``assets/texts/errors``, has them sentence by sentence, with their values in ``{braces}``. A sentence that
isn't in the table, such as a server's own words, is shown as it is.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from page.texts import find_language

_FOLDER = Path(__file__).with_name("assets") / "texts" / "errors"
_LONGEST = 1_500
"""Characters of a text that is looked at. Longer ones hold names or words that a stranger made long, and the time grows
with the square of the length: of some 600 such texts the worst took 0.4 s."""
_VALUE = re.compile(r"\{(\w+)\}")
_OURS = ("cause", "kind")
"""The values that may be sentences or clauses of ours; others, such as ``{said}``, are somebody else's words."""
_SHAPES = dict.fromkeys(("path", "folder", "url"), r"(?:\S+?|[^/\\]*[/\\].*?)")
"""What such a value looks like at the beginning of a sentence, where any words could stand otherwise."""
_NEXT = re.compile(r".*?(?:\.\s+|\Z)", re.DOTALL)
"""A sentence that nobody knows."""
_STOPS = ".?"
"""What ends a sentence, in the table."""
_ENDS = ".?。"


class _Sentence(NamedTuple):
    pattern: re.Pattern[str]
    translation: str


@cache
def read_errors(language: str) -> dict[str, str]:
    """English sentences with what they are in the language; empty for English itself."""
    path = _FOLDER / f"{language}.json"
    errors: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return errors


def say_error(asked: str, text: str) -> str:
    """What went wrong, told in English, in the language of a browser."""
    return _translate(find_language(asked), text) if len(text) <= _LONGEST else text


@lru_cache(maxsize=4096)
def _translate(language: str, text: str) -> str:
    sentences = _compile(language)
    written, at = "", 0
    while sentences and at < len(text):
        matches = ((one, one.pattern.match(text, at)) for one in sentences)
        one, match = next(((one, match) for one, match in matches if match), (None, None))
        if one and match:
            written += _fill(one, match, language)
        else:
            match = _NEXT.match(text, at)
            assert match
            written += match[0]
        at = match.end()
    return written or text


def _fill(sentence: _Sentence, match: re.Match[str], language: str) -> str:
    values = match.groupdict()
    values |= {name: _translate(language, values[name]) for name in _OURS if name in values}
    ended = sentence.translation if match["end"] else sentence.translation.rstrip(_ENDS)
    return ended.format(**values) + match["end"].lstrip(_ENDS)


@cache
def _compile(language: str) -> list[_Sentence]:
    """What tells the sentences, those of the most words of their own first: they are the most particular."""
    errors = read_errors(language)
    ordered = sorted(errors, key=lambda english: len(_VALUE.sub("", english)), reverse=True)
    return [_Sentence(_make_pattern(english), errors[english]) for english in ordered]


def _make_pattern(english: str) -> re.Pattern[str]:
    """A clause, which has no stop, is known where it stands alone; a sentence may have lost its stop at the end."""
    body = english.rstrip(_STOPS)
    end = r"[.?](?:\s+|\Z)|\Z" if body != english else r"\.?\Z"
    literal = ""
    for at, part in enumerate(_VALUE.split(body)):
        shape = ".*?" if literal else _SHAPES.get(part, ".*?")
        literal += f"(?P<{part}>{shape})" if at % 2 else re.escape(part)
    return re.compile(f"{literal}(?P<end>{end})", re.DOTALL)
