"""What a server says when it refuses: its words, whether the prompt was too long, and what it dislikes of the request.

Servers agree neither on words nor on codes. So nothing here is a list of their sentences: a prompt that is too long is
told by what all of them have to name, and a parameter that is disliked by its name. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.text.hostile import remove_invisible

Request = dict[str, Any]

_LONGEST_SAID = 400
_MOST_READ = 20_000
"""Characters of an error page that are read."""
_DEEPEST = 5
"""How far words are looked for in an error that holds others."""
_MOST_TOLD = 3
"""As many of several complaints are told."""
_QUOTED_WORDS = 4
"""So many words in a row that were sent are a quotation; fewer stand in any sentence."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A server's refusal in its own words, with nothing in them that nobody sees."""

    said: str
    """One line; never empty."""
    status: int | None = None
    """None for an error that came in the place of an answer."""
    code: str = ""
    """What else the error names: its code and its type."""
    parameter: str = ""
    """What of the request the error says it is about."""
    limit: int | None = None
    """The context length that stands beside the words."""
    wait_s: float | None = None
    """How long the server asks to wait; None if it doesn't say."""

    @property
    def is_about_length(self) -> bool:
        """Whether a shorter prompt could help."""
        if self.status == _TOO_LARGE:
            return True
        if self.status == _UNPAID:
            return False
        whole = _JOINT.sub(" ", f"{self.said} {self.code}")
        said = _OF_THE_ANSWER.sub(" ", whole)
        # A quota on tokens speaks of the same things; a shorter prompt helps only against "too large".
        if _QUOTA.search(said) and not _TOO_LONG.search(said):
            return False
        if all(re.search(pattern, said, re.IGNORECASE) for pattern in (_SUBJECT, _MEASURE, _EXCESS)):
            return True
        may_be = self.status in _DISLIKING and said == whole
        return may_be and bool(_TOO_LONG_ABROAD.search(said) or (_TOKENS.search(said) and _MANY.search(said)))

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be taken a moment later: the server is busy, or still starts."""
        return self.status in _PASSING

    def find_limit(self) -> int | None:
        """How many tokens the model can hold, if the server tells."""
        found = _CONTEXT_LIMIT.search(self.said)
        return self.limit or (int(found[1]) if found else None)


_PASSING = (429, 502, 503, 504)
_TOO_LARGE = 413  # "Content Too Large" in HTTP
_UNPAID = 402  # such a server may name the tokens that are still paid for
_JOINT = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
"""Where words are joined in a name."""
_OF_THE_ANSWER = re.compile(
    r"\b(?:max(?:imum)? ?)(?:completion |new |output )?tokens?\b|\b(?:completion|output|new) tokens\b", re.IGNORECASE
)
_QUOTA = re.compile(r"rate[ -]?limit|quota|try again in|per[ -](?:minute|day|hour|min)\b", re.IGNORECASE)
_TOO_LONG = re.compile(r"\btoo (?:long|large)\b", re.IGNORECASE)
_TOO_LONG_ABROAD = re.compile(
    r"\bzu lang|überschreit|\btrop long|dépass|demasiado larg|\bexced|\btroppo lung|\bsupera(?:to|do)?\b|\bmuito long"
    r"|longo demais|\bte lang|overschrijd|\bfor lang|overskrid|\bför lång|överskrid|слишком длин|превыш"
    r"|过长|過長|太长|太長|長すぎ|超过|超過|超出|초과|너무 (?:길|깁)",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"\btokens?\b|\bjetons\b|токен|トークン|토큰|词元", re.IGNORECASE)
_MANY = re.compile(r"(?<![\d.])\d{1,3}(?:[,.]?\d{3})*[,.]?\d{3}(?![\d.])|(?<![\d.])\d{4,}")
"""A number of four digits or more. With the word for tokens, which is much the same in all languages, a complaint that
is about nothing else that we know is about length."""
_SUBJECT = (
    r"\b(?:prompt|payload|inputs?|context|sequence|seq len|messages?|conversation|string|text|window|n ctx"
    r"|(?<!invalid )(?<!bad )request(?:ed)?|(?:too many|number of) tokens|tokens? (?:count|limit))\b"
)
"""What is too long, …"""
_MEASURE = r"\b(?:lengths?|size|tokens?|count|long|large|window|context|n ctx|len|bytes|characters|ids)\b"
"""… by which measure …"""
_EXCESS = (
    r"exceed|overflow|\btoo (?:long|large|many|big)\b|\b(?:longer|larger|greater|more|bigger|higher|less|fewer) than\b"
    r"|[<>]=?|≤|≥|\bmax(?:imum)?\b|\b(?:reduce|shorten|truncat|at most|up to|not enough|beyond|out of"
    r"|does not fit|range\b)"
)
"""… and that it is too much. All servers name these three; the rest of their sentences differs."""
_CONTEXT_LIMIT = re.compile(
    r"(?:context[ _](?:length|window|size)(?: of| is|:)?|n_ctx[\"']?\s*[:=]?|max_(?:seq|model)_len(?:gth)?|\bwindow of)"
    r"\D{0,12}(\d{3,8})",
    re.IGNORECASE,
)


# What the server said


def read_complaint(exc: Exception, hidden: str = "") -> Complaint:
    """What an error of openai's, or one of ours, holds; `hidden` is left out wherever a server repeats it."""
    body = getattr(exc, "body", None)
    status = getattr(exc, "status_code", None)
    said = find_words(body) or str(getattr(exc, "message", exc))
    said = said.replace(hidden, "…") if hidden else said
    fields = body if isinstance(body, Mapping) else {}
    wrapped = fields.get("error")
    fields = wrapped if isinstance(wrapped, Mapping) else fields
    named = [str(fields.get(name) or "") for name in ("code", "type", "param", "n_ctx")]
    return Complaint(
        show_words(said)[:_LONGEST_SAID] or "no reason was given",
        status if isinstance(status, int) else None,
        " ".join(named[:2]),
        named[2],
        int(named[3]) if re.fullmatch(r"\d{3,8}", named[3]) else None,
        _read_wait(exc),
    )


def _read_wait(exc: Exception) -> float | None:
    """The seconds of a ``Retry-After``; a date there counts for nothing."""
    asked = getattr(getattr(exc, "response", None), "headers", {}).get("retry-after", "")
    return float(asked) if re.fullmatch(r"\d{1,6}(?:\.\d{1,3})?", asked) else None


def show_words(text: str) -> str:
    """Another program's words on one line, without characters that nobody sees."""
    return " ".join(remove_invisible(text[:_MOST_READ]).split())


def leave_out_prompt(sentences: str, sent: Sequence[str]) -> str:
    """The sentences for the log, without the documents' text that was sent: some servers repeat what they refuse."""
    words, prompt = sentences.split(), " ".join(" ".join(text.split()) for text in sent)
    runs = (" ".join(words[start : start + _QUOTED_WORDS]) for start in range(len(words) - _QUOTED_WORDS + 1))
    first = next((start for start, run in enumerate(runs) if run in prompt), None)
    return sentences if first is None else " ".join(words[:first]) + " …"


def find_words(body: object, depth: int = _DEEPEST) -> str:
    """The sentence within an error's body, of whatever form: bare, wrapped, or a list of what is wrong."""
    if depth == 0:
        return ""
    if isinstance(body, str):
        return _read_text(body[:_MOST_READ], depth)
    if isinstance(body, list):
        return "; ".join(filter(None, (find_words(item, depth - 1) for item in body[:_MOST_TOLD])))
    if not isinstance(body, Mapping):
        return ""
    names = ("message", "msg", "detail", "error", "errors", "error_description", "title", "reason", "status_msg")
    words = next(filter(None, (find_words(body.get(name), depth - 1) for name in names)), "")
    place = body.get("loc")
    if words and isinstance(place, list):  # as pydantic tells which part of a request it means
        return f"{'.'.join(str(part) for part in place if part != 'body')}: {words}"
    return words


def _read_text(text: str, depth: int) -> str:
    text = text.strip()
    if text.startswith(("{", "[")):  # gateways put the error of the server behind them into a text
        try:
            return find_words(json.loads(text), depth - 1) or text
        except (ValueError, RecursionError):
            return text
    if not text.startswith("<"):
        return text
    return re.sub(
        r"<(style|script|head\b(?=.*<h1))\b.*?</\1>|<[^<>]*>", " ", text, flags=re.IGNORECASE | re.DOTALL
    ).strip()


# What it dislikes


@dataclass(frozen=True, slots=True)
class Change:
    """A request without what a server refuses of it; `name` is a parameter, or ``system`` for that role."""

    name: str
    replacement: str = ""
    """The parameter that takes its place; empty if it is left out."""

    def apply(self, request: Request) -> Request:
        """The request changed; the same if it has nothing of that name any more."""
        if self.name == "system":
            return request | {"messages": _join_messages(request["messages"])}
        if self.name == "stream":
            # openai must go on expecting a stream; `extra_body` is what is sent in its place.
            return request | {"extra_body": {"stream": False}}
        changed = {name: value for name, value in request.items() if name != self.name}
        if self.replacement and self.name in request:
            changed[self.replacement] = request[self.name]
        return changed


_DISLIKING = (None, 400, 404, 405, 415, 422, 500, 501)
"""Statuses of servers that dislike something of a request; templates that fail give 500."""
_MALFORMED = (400, 422)
_ROLES = re.compile(
    r"\broles?\b|\balternat|\b(?:system|developer)[ _-](?:messages?|prompts?|instructions?)\b"
    r"|角色|役割|역할|\brollen?\b|\brôles?\b|\broles\b|\bruol[oi]\b|\bpapel\b|\bрол[ьи]\b",
    re.IGNORECASE,
)
_NEW_NAME = "max_completion_tokens"
_NAMES = {
    "max_tokens": re.compile(r"\bmax_?(?:new_|output_)?tokens\b", re.IGNORECASE),
    _NEW_NAME: re.compile(rf"\b{_NEW_NAME}\b", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "stream": re.compile(
        r"\bstream(?:ing)?\b.{0,40}\b(?:not|un\w+|only|must|false)\b|\bunsupported.{0,20}\bstream", re.I
    ),
}
"""How a server names what we send, beside the model and the messages."""


def find_change(request: Request, complaint: Complaint) -> Change | None:
    """What to change of a request that was refused; None if the complaint is about nothing that we could change.

    Each change takes something away that no other brings back, so that tries come to an end.
    """
    if complaint.status not in _DISLIKING:
        return None
    said = f"{complaint.parameter} {complaint.said}"
    name = next((name for name in _NAMES if name == complaint.parameter), None) or _find_first(request, said)
    if name == "max_tokens" and name in request and _NEW_NAME in said:
        return Change(name, _NEW_NAME)
    if name in request and not (name == "stream" and "extra_body" in request):
        return Change(str(name))
    # Templates that know no such role say so in many words and languages; where nothing else is named, it may be that.
    is_named = complaint.parameter or any(pattern.search(said) for pattern in _NAMES.values())
    is_unexplained = complaint.status in _MALFORMED and not is_named
    has_system = any(message["role"] == "system" for message in request["messages"])
    return Change("system") if has_system and (is_unexplained or _ROLES.search(said)) else None


def _find_first(request: Request, said: str) -> str | None:
    """The parameter of the request that is named first."""
    found = {name: match.start() for name in request if name in _NAMES and (match := _NAMES[name].search(said))}
    return min(found, key=found.__getitem__, default=None)


def _join_messages(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The system message put before the first of the user's, for templates that know no such role."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    if not system or not others:
        return messages
    return [{**others[0], "content": "\n\n".join([*system, others[0]["content"]])}, *others[1:]]
