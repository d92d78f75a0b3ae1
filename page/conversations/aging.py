"""Whether what an answer quotes still stands in its documents, and what stands there now. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import unquote

Change = dict[str, Any]
"""``number`` and ``source`` of the quote, ``kind`` of the change (gone, changed), and its ``parts``: pairs of what
became of a piece of text (same, old, new) and that text. JSON values only.
"""

_DOCUMENT_PATH = "/corpus/"
_LIKE = 0.35
"""Share of words that two sentences must have in common for one to be shown as what became of the other. Tried on edits
of one number or name, and on sentences put in another's place."""
_MOST_SHOWN = 3
"""Sentences of a passage whose change is shown."""
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_PIECES = re.compile(r"\w+|\W")


def find_changes(
    props: Mapping[str, Any], read_text: Callable[[str], str | None], ignored: Collection[str] = ()
) -> list[Change]:
    """What changed of the passages that an answer cites, by what is shown below it.

    `read_text` gives the text of a document as it is now; None if there is none any more. `ignored` are sentences that
    weren't found when the answer was written, by `list_missing`.
    """
    return [change for source in _list_cited(props) if (change := _compare(source, read_text, ignored))]


def list_missing(props: Mapping[str, Any], read_text: Callable[[str], str | None]) -> list[str]:
    """The sentences of those passages that don't stand in their documents, which may be for how a passage is shown."""
    return [sentence for source in _list_cited(props) for sentence in _find_missing(source, _read(source, read_text))]


def list_sources(props: Mapping[str, Any]) -> tuple[str, ...]:
    """The documents that an answer cites, in order, by what is shown below it."""
    named = {card["number"]: _find_source(card) for card in props.get("sources", ())}
    return tuple(dict.fromkeys(named[number] for number in props.get("cited", ()) if number in named))


def _find_source(card: Mapping[str, Any]) -> str:
    return unquote(str(card["url"])).partition(_DOCUMENT_PATH)[2]


def _list_cited(props: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    cited = set(props.get("cited", ()))
    return [source for source in props.get("sources", ()) if source["number"] in cited]


def _read(source: Mapping[str, Any], read_text: Callable[[str], str | None]) -> str | None:
    return read_text(_find_source(source))


def _find_missing(source: Mapping[str, Any], text: str | None) -> list[str]:
    flat = _flatten(text or "")
    sentences = _split(str(source.get("text") or source["quote"]))
    return [sentence for sentence in sentences if len(sentence) > 1 and sentence not in flat]


def _compare(
    source: Mapping[str, Any], read_text: Callable[[str], str | None], ignored: Collection[str]
) -> Change | None:
    text = _read(source, read_text)
    change = {"number": source["number"], "source": source["source"]}
    if text is None:
        return change | {"kind": "gone", "parts": [["old", source["quote"]]]}
    missing = [sentence for sentence in _find_missing(source, text) if sentence not in ignored]
    if not missing:
        return None
    parts = [list(part) for sentence in missing[:_MOST_SHOWN] for part in (*_tell_apart(sentence, text), ("same", " "))]
    return change | {"kind": "changed", "parts": parts[:-1]}


def _tell_apart(quote: str, text: str) -> Iterator[tuple[str, str]]:
    old, new = _PIECES.findall(_flatten(quote)), _PIECES.findall(_find_like(quote, text))
    if not new:
        yield "old", _flatten(quote)
        return
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[start:end])
            continue
        for name, pieces in (("old", old[start:end]), ("new", new[new_start:new_end])):
            if pieces:
                yield name, "".join(pieces)


def _find_like(quote: str, text: str) -> str:
    """As many sentences of the text as the quote has, that are the most like it; empty if none are."""
    count = max(1, len(_split(quote)))
    sentences = _split(text)
    wanted = set(re.findall(r"\w+", quote.lower()))
    best, like = "", _LIKE
    for start in range(len(sentences)):
        window = " ".join(sentences[start : start + count])
        words = set(re.findall(r"\w+", window.lower()))
        share = len(wanted & words) / (len(wanted | words) or 1)
        if share > like:
            best, like = window, share
    return best


def _split(text: str) -> list[str]:
    return [sentence for part in _SENTENCE.findall(text) if (sentence := _flatten(part))]


def _flatten(text: str) -> str:
    return " ".join(text.split())
