"""The codes of number formats, by ECMA-376, part 1, 18.8.31, taken apart into sections and tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.loaders.office.day_names import find_language

_ISO_DAY = "yyyy-mm-dd"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0_);($#,##0)", 6: "$#,##0_);($#,##0)",
    7: "$#,##0.00_);($#,##0.00)", 8: "$#,##0.00_);($#,##0.00)", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: _ISO_DAY, 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: f"{_ISO_DAY} h:mm", 37: "#,##0_);(#,##0)", 38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)", 41: "#,##0_);(#,##0);-", 42: "$#,##0_);($#,##0);-",
    43: "#,##0.00_);(#,##0.00);-", 44: "$#,##0.00_);($#,##0.00);-", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@",
} | dict.fromkeys((*range(27, 32), 36, *range(50, 59)), _ISO_DAY) | dict.fromkeys((32, 34), "h:mm") | dict.fromkeys(
    (33, 35), "h:mm:ss"
)  # fmt: skip
"""The codes that a file needn't hold. 14, 22 and from 27 on they are the system's own: dates by ISO 8601."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<skipped>.)|\*(?P<filled>.)|\[(?P<bracket>[^\]]*)\]|(?P<general>general)'
    r"|(?P<half>am/pm|a/p|上午/下午)|(?P<exponent>e[+-])|(?P<fraction>(?<=[sS\]])\.0+)|(?P<digit>[0#?])"
    r"|(?P<run>y+|m+|d+|h+|s+|b+|e+|g+|aaa+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
_LONGEST_CODE = 1_000
"""Characters; Excel itself allows 255."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """``literal``, ``digit``, ``mark`` (of a number: ``.``, ``,``, ``%``, ``/``), ``text``, ``general``, ``exponent``,
    ``half`` (of the day), ``fraction`` (of a second), ``elapsed`` or ``run`` (of a date's letters)."""
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    tokens: tuple[Token, ...]
    language: str
    condition: tuple[str, float] | None
    is_date: bool


def read_sections(code: str) -> list[Section]:
    """The code's sections: for numbers, for those below zero, for zero, and for texts, as far as it has them."""
    return [_read_section(part) for part in _split_sections(code[:_LONGEST_CODE])][:4]


def _split_sections(code: str) -> Iterator[str]:
    start = 0
    for found in _TOKEN.finditer(code):
        if found["other"] == ";":
            yield code[start : found.start()]
            start = found.end()
    yield code[start:]


def _read_section(part: str) -> Section:
    tokens: list[Token] = []
    language, condition = "en", None
    for found in _TOKEN.finditer(part):
        bracket = found["bracket"]
        if bracket is None:
            tokens.append(_read_token(found))
        elif _ELAPSED.match(bracket):
            tokens.append(Token("elapsed", bracket.lower()))
        elif bracket.startswith("$"):
            sign, _, locale = bracket[1:].partition("-")
            tokens.extend([Token("literal", sign)] if sign else ())
            language = find_language(locale) or language
            if locale.lower() in _SYSTEM:  # the rest is what another system would show
                tokens = [_read_token(token) for token in _TOKEN.finditer(_SYSTEM[locale.lower()])]
                break
        elif compared := _CONDITION.match(bracket):
            condition = (compared[1], float(compared[2]))
    is_date = any(token.kind in ("run", "elapsed", "half") for token in tokens)
    return Section(tuple(_tell_minutes(tokens) if is_date else tokens), language, condition, is_date)


_SYSTEM = {
    "f800": _ISO_DAY, "x-sysdate": _ISO_DAY, "f400": "h:mm:ss", "x-systime": "h:mm:ss",
}  # fmt: skip
"""The locales that stand for the system's own long date and its time."""


def _read_token(found: re.Match[str]) -> Token:
    kind, text = found.lastgroup or "other", found[found.lastgroup or 0]
    if kind in ("quoted", "escaped"):
        return Token("literal", text)
    if kind in ("skipped", "filled"):  # a gap as wide as the sign that follows
        return Token("literal", " " if kind == "skipped" else "")
    if kind == "other":
        return Token("text" if text == "@" else "mark" if text in ".,%/" else "literal", text)
    return Token(kind, text.lower() if kind == "run" else text)


def _tell_minutes(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with ``n`` for minutes: ``m`` stands for them behind hours and before seconds, else for months."""
    told = list(tokens)
    places = [place for place, token in enumerate(told) if token.kind in ("run", "elapsed")]
    for index, place in enumerate(places):
        text = told[place].text
        before = told[places[index - 1]].text if index else ""
        after = told[places[index + 1]].text if index + 1 < len(places) else ""
        if told[place].kind == "run" and text in ("m", "mm") and (before[:1] == "h" or after[:1] == "s"):
            told[place] = Token("run", "n" * len(text))
    return told
