"""Whether a text holds an accepted answer, and how many of its words the text has. Pure.

Words are compared as SQuAD does: case, punctuation and English articles don't count. Scripts without spaces are
compared by character. A number is one word, the same however it is written ("1,300" and "1300", "three" and "3"), so
that "90" isn't in "1990" nor "300" in "1,300". "19.30" may be a number or a time of day.

An accepted answer that is only yes or no counts where the text says it at the beginning of a clause, and where it says
both, the first one counts: "no" isn't in "Yes, but there is no lift".
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rag.answering.citations import blot_markers
from rag.answering.numbers import find_numbers, normalise
from rag.answering.substance import has_run
from rag.text.scripts import DENSE, THAI

_DENSE = f"{DENSE}{THAI}"
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_WORD = re.compile(
    r"\d{1,3}(?:[.,'’ ]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.:]\d+|,\d{1,2}(?!\d))*"
    rf"|[{_DENSE}]|[^\W\d_{_DENSE}][^\W{_DENSE}]*|_+"
)
_ROW = re.compile(r"^.*(?:[^\W\d],\S|\S,[^\W\d]|,,).*$", re.MULTILINE)
"""A line of fields with commas between them: in what people write a space follows a comma between words."""
_HOURS = re.compile(r"\b(\d{1,2}) ?h ?(\d\d)\b")
_TIME = re.compile(r"([01]?\d|2[0-3])[.:]([0-5]\d)")

_YES = frozenset("yes ja jo oui sí sì sim да 네 예 はい 是 是的 可以 能".split())
_NO = frozenset(
    "no nein nej nei nee non não nao нет 아니요 아니오 아뇨 いいえ 不 否 不是 不可以 不能 没有 沒有".split()
)
_OF_SPACELESS = tuple(word for word in _YES | _NO if re.match(r"不|[\u3040-\u30ff\u3400-\u9fff]{2}", word))
"""Those that other words follow without a space."""
_CLAUSE_END = re.compile(r"[.!?,;:\n()*\"“”„«»—–。！？、，；：「」]+")


def compute_f1(text: str, accepted: str) -> float:
    """SQuAD's F1 of the words that both have."""
    found, wanted = tokenize(text), tokenize(accepted)
    if not found or not wanted:
        return float(found == wanted)
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0


def holds_any(text: str, accepted: Sequence[str]) -> bool:
    """Whether one of the accepted answers is in the text."""
    return any(_holds(text, answer) for answer in accepted)


def tokenize(text: str, *, as_times: bool = False) -> list[str]:
    """The words that are compared. `as_times` reads "19.30" as a time of day."""
    plain = unicodedata.normalize("NFKC", blot_markers(text)).casefold().replace("\\_", "_")
    plain = _ROW.sub(lambda row: row[0].replace(",", ", "), plain)
    plain = _ARTICLE.sub(" ", _HOURS.sub(r"\1:\2", plain))
    words = (word.strip("_") for word in _WORD.findall(plain))
    return [_read_word(word, as_times) for word in words if word]


@lru_cache(maxsize=10_000)
def _read_word(word: str, as_times: bool) -> str:
    if word[0].isdecimal():
        time = _TIME.fullmatch(word) if as_times else None
        return f"{int(time[1])}:{time[2]}" if time else normalise(word)
    numbers = find_numbers(word)
    is_number = len(numbers) == 1 and numbers[0].is_certain and len(word) == numbers[0].end - numbers[0].start
    return numbers[0].value if is_number else word


def _holds(text: str, accepted: str) -> bool:
    if (wanted := _read_yes_or_no(accepted.strip(" .!。！"))) is not None:
        clauses = _CLAUSE_END.split(blot_markers(text))
        return next((said for said in map(_read_first_word, clauses) if said is not None), None) is wanted
    readings = ((tokenize(text, as_times=times), tokenize(accepted, as_times=times)) for times in (False, True))
    return any(has_run(found, wanted) for found, wanted in readings)


def _read_first_word(clause: str) -> bool | None:
    """Whether the clause begins with a yes or a no; None if with neither."""
    first = next(iter(clause.split()), "")
    begins = max((word for word in _OF_SPACELESS if first.startswith(word)), key=len, default=first)
    return _read_yes_or_no(begins)


def _read_yes_or_no(word: str) -> bool | None:
    word = word.casefold()
    return True if word in _YES else False if word in _NO else None
