"""What the objects of a server's answer say: its words, its thoughts, and why it ends. Pure.

Servers agree on the form of OpenAI's chunks, and none keeps to it in all: they send the whole message in place of what
is new, everything so far in each piece, thoughts under five names, or an error in the place of a choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from rag.chat.body import BodyReader
from rag.chat.complaints import find_words
from rag.chat.server import ServerError


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """What one event from the server holds; any part may be empty."""

    text: str = ""
    thought: str = ""
    """What the model thinks, where the server keeps that apart from the answer."""
    reason: str = ""
    """Why the answer ends here: ``stop``, ``length``, ``content_filter``, ``tool_calls`` or ``error``; empty if it goes
    on."""
    is_call: bool = False
    """Whether the model calls a tool."""


class PieceReader:
    """Reads the pieces of one answer from the parts of its body."""

    def __init__(self) -> None:
        self._body = BodyReader()
        self._text, self._thought = _Growth(), _Growth()
        self._said = ""
        """What the server told beside an answer; it counts if no answer comes."""
        self._has_spoken = False
        self._failure: Exception | None = None
        """What is wrong behind the pieces that were given last."""
        self.is_over = False

    @property
    def has_failed(self) -> bool:
        """Whether the next `take` raises, whatever comes."""
        return self._failure is not None

    def take(self, part: bytes | None) -> list[AnswerPiece]:
        """The pieces that the next part of the body completes; None is its end.

        Raises ServerError for an error under a status of 200, and ValueError for what is no answer of any form.
        """
        if self._failure:
            raise self._failure
        pieces: list[AnswerPiece] = []
        try:
            for value in self._body.end() if part is None else self._body.feed(part):
                if (piece := self._read(value)) != AnswerPiece():
                    pieces.append(piece)
        except (ServerError, ValueError) as exc:
            if not pieces:
                raise
            self._failure = exc
            return pieces
        self.is_over = part is None or self._body.is_done
        self._has_spoken |= bool(pieces)
        if self.is_over and not self._has_spoken and (said := self._said or self._body.words):
            if said.startswith(("{", "[")):
                raise ValueError("broken JSON")
            raise ServerError(said)
        if self._body.is_done or self._body.is_whole:  # some servers give no reason for an answer's end
            pieces.append(AnswerPiece(reason="stop"))
        return pieces

    def _read(self, value: dict[str, Any]) -> AnswerPiece:
        if value.get("error") or "error" in (value.get("object"), value.get("type")):
            raise ServerError(value)
        choice = _choose(value)
        if choice.get("error"):
            raise ServerError(choice)
        whole, delta = choice.get("message"), choice.get("delta")
        said = delta if isinstance(delta, (dict, str)) and delta else whole
        if not isinstance(said, (dict, str)) or (said is whole and isinstance(said, str)):
            said = choice
        message = said if isinstance(said, dict) else {"content": said}
        piece = _read_message(message, _read_reason(choice))
        if piece == AnswerPiece() and "choices" not in value:
            self._said = find_words(value) or self._said
        is_last = bool(piece.reason) or said is whole
        return replace(
            piece, text=self._text.add(piece.text, is_last), thought=self._thought.add(piece.thought, is_last)
        )


def _choose(value: dict[str, Any]) -> dict[str, Any]:
    """The first choice of those that an event holds; the event itself where a server knows no choices."""
    choices = value.get("choices")
    if choices is None:
        return value
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ValueError("an event of no known form")
    return next((choice for choice in choices if choice.get("index") in (None, 0, "0")), {})


_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thought")
"""Where servers put thoughts that they keep apart, and what they call such a part of a content."""
_CALLS = ("tool_calls", "function_call")
_DEEPEST = 6
"""How far parts of a content may hold others."""


def _read_message(message: dict[str, Any], reason: str) -> AnswerPiece:
    """What a message says, or the part of one; a refusal in the model's words is its answer."""
    said = next(filter(None, (message.get(name) for name in ("content", "refusal", "text"))), "")
    text, thought = _read_content(said)
    apart = next(filter(None, (message.get(name) for name in _THOUGHTS)), "")
    is_call = any(message.get(name) for name in _CALLS)
    return AnswerPiece(text, thought + "".join(_read_content(apart)), reason, is_call)


def _read_content(content: object, depth: int = _DEEPEST) -> tuple[str, str]:
    """Text and thoughts of a content: a text, a part with its type, or a list of those."""
    if depth == 0 or not isinstance(content, (list, dict)):
        if not isinstance(content or "", str):
            raise ValueError("an event of no known form")
        return str(content or ""), ""
    if isinstance(content, list):
        read = [_read_content(part, depth - 1) for part in content]
        return "".join(text for text, _ in read), "".join(thought for _, thought in read)
    kind = str(content.get("type") or "")
    inner = next((content[name] for name in ("text", "content", "value", *_THOUGHTS, kind) if content.get(name)), "")
    text, thought = _read_content(inner, depth - 1)
    is_thought = kind in _THOUGHTS or any(content.get(name) for name in _THOUGHTS)
    return ("", thought + text) if is_thought else (text, thought)


_REASONS = (
    ("", re.compile(r"^(?:|null|none|not[ _]?finished|unspecified|false|0)$|_unspecified$", re.IGNORECASE)),
    ("length", re.compile(r"length|max_?.{0,7}tokens|token_?limit", re.IGNORECASE)),
    ("tool_calls", re.compile(r"tool|function", re.IGNORECASE)),
    ("content_filter", re.compile(r"filter|safety|block|prohibit|recitation|sensitive|refus", re.IGNORECASE)),
    ("error", re.compile(r"error|abort|cancel|fail|unavailable|insufficient|overload|timeout", re.IGNORECASE)),
    ("stop", re.compile("")),
)
"""What servers call an answer's end, by words that any of their names hold; the first one that fits counts."""


def _read_reason(choice: dict[str, Any]) -> str:
    given = next((choice[name] for name in ("finish_reason", "done_reason", "stop_reason") if choice.get(name)), "")
    given = (given.get("type") if isinstance(given, dict) else given) or ("stop" if choice.get("done") is True else "")
    return next(reason for reason, names in _REASONS if names.search(str(given)))


class _Growth:
    """What is new in each text of a server that may send everything so far again, each time or at the end."""

    def __init__(self) -> None:
        self._whole = ""
        self._is_repeating = False
        self._half = ""
        """Half of a character, whose other half comes with the next text."""

    def add(self, text: str, is_last: bool) -> str:
        """The part of the text that wasn't there before, in whole characters."""
        text = self._half + self._find_new(text, is_last)
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        # JSON writes a character such as 😀 as two halves, and servers cut a text between them.
        return text.removesuffix(self._half).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _find_new(self, text: str, is_last: bool) -> str:
        whole = self._whole
        if whole.strip() and text.startswith(whole) and self._is_repetition(len(text), is_last):
            self._whole, self._is_repeating = text, True
            return text[len(whole) :]
        self._whole += text
        return text

    def _is_repetition(self, length: int, is_last: bool) -> bool:
        """Whether a text of that length, which begins like everything before it, says it again: no word does."""
        known = len(self._whole)
        return self._is_repeating or length >= max(known + 1, _LONGEST_CHANCE) or (length == known and is_last)


_LONGEST_CHANCE = 4
"""Characters from which on a piece that begins with everything before it doesn't do so by chance, as in "1", "100"."""
