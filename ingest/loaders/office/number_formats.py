"""Numbers as a spreadsheet shows them, by the format codes of ECMA-376, part 1, 18.8.31. Pure.

Files don't say which signs their reader's system uses, so the decimal sign is a full stop and the thousands are divided
by commas, as in the codes themselves; dates that follow the system are written as ISO 8601.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from ingest.loaders.office.day_names import find_language, name_day, name_month
from ingest.loaders.reading import make_one_line

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
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``literal``, ``digit``, ``mark`` (of a number: ``.``, ``,``, ``%``, ``/``), ``text``, ``general``, ``exponent``,
    ``half`` (of the day), ``fraction`` (of a second), ``elapsed`` or ``run`` (of a date's letters)."""
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    tokens: tuple[_Token, ...]
    language: str
    condition: tuple[str, float] | None
    is_date: bool


class NumberFormat:
    """A format code, taken apart once."""

    def __init__(self, code: str) -> None:
        self._sections = [_read_section(part) for part in _split_sections(code[:_LONGEST_CODE])][:4]
        first = self._sections[0].tokens if self._sections else ()
        self.is_plain = not first or (len(self._sections) == 1 and [t.kind for t in first] in (["general"], ["text"]))
        """Whether it shows every value as it is."""
        last = self._sections[-1].tokens if self._sections else ()
        self.decorates_text = len(last) > 1 and any(token.kind == "text" for token in last)
        """Whether it shows texts with something before or behind them."""
        self._simple = _read_simple(self._sections[0].tokens) if len(self._sections) == 1 else None

    def show(self, value: float, *, is_1904: bool = False) -> str:
        """The number as the format shows it; dates count from 1900, or from 1904 in files of old Macs."""
        if self._simple and math.isfinite(value):
            return self._simple.show(value)
        section, is_bare = self._choose(value)
        if section is None or any(token.kind == "text" for token in section.tokens) or not math.isfinite(value):
            return show_general(value)
        if section.is_date:
            return make_one_line(_show_date(section, value, is_1904)) or show_general(value)
        return make_one_line(_show_number(section.tokens, abs(value) if is_bare else value))

    def show_text(self, text: str) -> str:
        """The text as the format shows it, with what stands before and behind ``@``."""
        last = self._sections[-1] if self._sections else None
        if last is None or not any(token.kind == "text" for token in last.tokens):
            return text
        return make_one_line(
            "".join(text if token.kind == "text" else token.text for token in last.tokens if token.kind != "general")
        )

    def _choose(self, value: float) -> tuple[_Section | None, bool]:
        """The section for this value, and whether it shows the sign itself."""
        numeric = self._sections[:3]
        if any(section.condition for section in numeric):
            for section in numeric:
                if section.condition is None or _holds(section.condition, value):
                    return section, bool(section.condition and _is_below_zero(section.condition))
            return None, False
        if value < 0 and len(numeric) > 1 and not _is_for_text(numeric[1]):
            return numeric[1], True
        if value == 0 and len(numeric) > 2 and not _is_for_text(numeric[2]):
            return numeric[2], False
        return (numeric[0] if numeric else None), False


@lru_cache(maxsize=2_000)
def read_format(code: str) -> NumberFormat:
    """The format of that code."""
    return NumberFormat(code)


def show_general(value: float) -> str:
    """The number without a format: whole ones in full, others with twelve digits at most."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def show_elapsed(value: datetime.timedelta) -> str:
    """A span of time as ``[h]:mm``, with seconds if it has any."""
    days = value / datetime.timedelta(days=1)
    return read_format("[h]:mm:ss" if round(value.total_seconds()) % 60 else "[h]:mm").show(days)


# Reading a code


def _split_sections(code: str) -> Iterator[str]:
    start = 0
    for found in _TOKEN.finditer(code):
        if found["other"] == ";":
            yield code[start : found.start()]
            start = found.end()
    yield code[start:]


def _read_section(part: str) -> _Section:
    tokens: list[_Token] = []
    language, condition = "en", None
    for found in _TOKEN.finditer(part):
        bracket = found["bracket"]
        if bracket is None:
            tokens.append(_read_token(found))
        elif _ELAPSED.match(bracket):
            tokens.append(_Token("elapsed", bracket.lower()))
        elif bracket.startswith("$"):
            sign, _, locale = bracket[1:].partition("-")
            tokens.extend([_Token("literal", sign)] if sign else ())
            language = find_language(locale) or language
            if locale.lower() in _SYSTEM:  # the rest is what another system would show
                tokens = [_read_token(token) for token in _TOKEN.finditer(_SYSTEM[locale.lower()])]
                break
        elif compared := _CONDITION.match(bracket):
            condition = (compared[1], float(compared[2]))
    is_date = any(token.kind in ("run", "elapsed", "half") for token in tokens)
    return _Section(tuple(_tell_minutes(tokens) if is_date else tokens), language, condition, is_date)


_SYSTEM = {
    "f800": _ISO_DAY, "x-sysdate": _ISO_DAY, "f400": "h:mm:ss", "x-systime": "h:mm:ss",
}  # fmt: skip
"""The locales that stand for the system's own long date and its time."""


def _read_token(found: re.Match[str]) -> _Token:
    kind, text = found.lastgroup or "other", found[found.lastgroup or 0]
    if kind in ("quoted", "escaped"):
        return _Token("literal", text)
    if kind in ("skipped", "filled"):  # a gap as wide as the sign that follows
        return _Token("literal", " " if kind == "skipped" else "")
    if kind == "other":
        return _Token("text" if text == "@" else "mark" if text in ".,%/" else "literal", text)
    return _Token(kind, text.lower() if kind == "run" else text)


def _tell_minutes(tokens: Sequence[_Token]) -> list[_Token]:
    """The tokens with ``n`` for minutes: ``m`` stands for them behind hours and before seconds, else for months."""
    told = list(tokens)
    places = [place for place, token in enumerate(told) if token.kind in ("run", "elapsed")]
    for index, place in enumerate(places):
        text = told[place].text
        before = told[places[index - 1]].text if index else ""
        after = told[places[index + 1]].text if index + 1 < len(places) else ""
        if told[place].kind == "run" and text in ("m", "mm") and (before[:1] == "h" or after[:1] == "s"):
            told[place] = _Token("run", "n" * len(text))
    return told


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit, "=": value == limit,
        "<>": value != limit,
    }[sign]  # fmt: skip


def _is_below_zero(condition: tuple[str, float]) -> bool:
    sign, limit = condition
    return sign in ("<", "<=", "=") and (limit < 0 or (limit == 0 and sign == "<"))


def _is_for_text(section: _Section) -> bool:
    return any(token.kind == "text" for token in section.tokens)


# Numbers


@dataclass(frozen=True, slots=True)
class _Simple:
    """What most codes are, such as ``#,##0.00 "kg"``: one run of digits. It is shown without a walk over its tokens."""

    lead: str
    tail: str
    pattern: str
    """How Python is to write the digits."""
    unit: Decimal
    """The place that is rounded to."""
    power: int
    """How many places the point moves: 2 for percent."""

    def show(self, value: float) -> str:
        number = Decimal(repr(value)).scaleb(self.power, _EXACT).quantize(self.unit, context=_EXACT)
        sign = "-" if number < 0 else ""
        return f"{sign}{self.lead}{abs(number):{self.pattern}}{self.tail}"


_SIMPLE = re.compile(r"(?P<grouped>#,##)?(?P<least>0+)(?:\.(?P<decimals>0+))?(?P<percent>%?)")


def _read_simple(tokens: Sequence[_Token]) -> _Simple | None:
    """The code as a simple one; None if it isn't."""
    kinds = [token.kind for token in tokens]
    at = [place for place, kind in enumerate(kinds) if kind in ("digit", "mark")]
    if not at or any(kind not in ("digit", "mark", "literal") for kind in kinds):
        return None
    found = _SIMPLE.fullmatch("".join(token.text for token in tokens[at[0] : at[-1] + 1]))
    if not found or "literal" in kinds[at[0] : at[-1]] or (found["grouped"] and len(found["least"]) > 1):
        return None
    decimals = len(found["decimals"] or "")
    width = "" if found["grouped"] else f"0{len(found['least']) + decimals + (decimals > 0)}"
    lead, tail = ("".join(token.text for token in part) for part in (tokens[: at[0]], tokens[at[-1] + 1 :]))
    unit, power = Decimal(1).scaleb(-decimals), 2 if found["percent"] else 0
    lead, tail = (re.sub(r"\s+", " ", text) for text in (lead.lstrip(), found["percent"] + tail.rstrip()))
    return _Simple(lead, tail, f"{width}{',' if found['grouped'] else ''}f", unit, power)


def _show_number(tokens: tuple[_Token, ...], value: float) -> str:
    if any(token.kind == "exponent" for token in tokens):
        return _show_exponent(tokens, value)
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    slash = next((at for at, token in enumerate(tokens) if token == _Token("mark", "/")), 0)
    if places and places[0] < slash < places[-1] + 2:
        return _show_fraction(tokens, places, slash, value)
    number = abs(Decimal(repr(value))).scaleb(2 * tokens.count(_Token("mark", "%")), _EXACT)
    shown, is_zero = _fill_digits(tokens, places, number, value)
    return f"-{shown}" if value < 0 and not is_zero else shown


def _fill_digits(tokens: tuple[_Token, ...], places: Sequence[int], number: Decimal, value: float) -> tuple[str, bool]:
    """The tokens with the number's digits in their places, and whether all of these are zero."""
    point = next((at for at, token in enumerate(tokens) if token == _Token("mark", ".")), len(tokens))
    whole_places = [at for at in places if at < point]
    parts = [token.text for token in tokens]
    is_grouped = False
    for at, token in enumerate(tokens):
        if token == _Token("mark", ","):
            parts[at] = "" if places else ","
            if whole_places and whole_places[0] < at < whole_places[-1]:
                is_grouped = True
            elif places and (at > places[-1] or (whole_places and whole_places[-1] < at < point)):
                number = number.scaleb(-3, _EXACT)
        elif token.kind == "general":
            parts[at] = show_general(abs(value))
    decimals = [at for at in places if at > point]
    number = number.quantize(Decimal(1).scaleb(-len(decimals)), context=_EXACT)
    whole, _, rest = f"{number:f}".partition(".")
    _fill_whole(tokens, parts, whole_places, whole.lstrip("0"), is_grouped)
    _fill_decimals(tokens, parts, decimals, rest)
    return "".join(parts), not number and bool(places)


def _fill_whole(
    tokens: Sequence[_Token], parts: list[str], places: Sequence[int], digits: str, is_grouped: bool
) -> None:
    """Digits take their places from the right; the first place takes all that are left."""
    used = 0
    for at in reversed(places):
        wanted = max(1, len(digits)) if at == places[0] else 1
        taken: list[str] = []
        for _ in range(wanted):
            digit = digits[-1:] or {"0": "0", "?": " "}.get(tokens[at].text, "")
            digits = digits[:-1]
            taken.append(f"{digit}," if is_grouped and used and used % 3 == 0 and digit.isdigit() else digit)
            used += 1
        parts[at] = "".join(reversed(taken))


def _fill_decimals(tokens: Sequence[_Token], parts: list[str], places: Sequence[int], digits: str) -> None:
    last = len(digits.rstrip("0"))
    for index, at in enumerate(places):
        is_shown = index < last or any(tokens[later].text == "0" for later in places[index:])
        parts[at] = digits[index] if is_shown else ""


def _show_exponent(tokens: tuple[_Token, ...], value: float) -> str:
    at = next(place for place, token in enumerate(tokens) if token.kind == "exponent")
    mantissa, behind = tokens[:at], tokens[at + 1 :]
    point = next((place for place, token in enumerate(mantissa) if token.text == "."), len(mantissa))
    step = max(1, sum(token.kind == "digit" for token in mantissa[:point]))
    places = [place for place, token in enumerate(mantissa) if token.kind == "digit"]
    number = abs(Decimal(repr(value)))
    power = number.adjusted() // step * step if number else 0
    scaled = number.scaleb(-power, _EXACT)
    if scaled.quantize(Decimal(1).scaleb(point - len(mantissa) + 1), context=_EXACT).adjusted() >= step:
        power, scaled = power + step, scaled.scaleb(-step, _EXACT)
    shown, _ = _fill_digits(mantissa, places, scaled, value)
    width = sum(token.kind == "digit" for token in behind)
    sign = "-" if power < 0 else "+" if tokens[at].text.endswith("+") else ""
    tail = "".join(token.text for token in behind if token.kind != "digit")
    return f"{'-' if value < 0 else ''}{shown}E{sign}{abs(power):0{width}d}{tail}"


def _show_fraction(tokens: tuple[_Token, ...], places: Sequence[int], slash: int, value: float) -> str:
    """``2 1/3`` for a code like ``# ?/?``, ``2 3/8`` for one like ``# ?/8``."""
    start = slash
    while start and tokens[start - 1].kind == "digit":
        start -= 1
    behind = re.match(r"[\d#?]*", "".join(token.text for token in tokens[slash + 1 :]))
    below = behind[0] if behind else ""
    number = Fraction(abs(value))
    has_whole = places[0] < start
    whole = int(number) if has_whole else 0
    if below.strip("?#0").isdigit():
        denominator = int(below)
        numerator = int((number - whole) * denominator + Fraction(1, 2))
    else:
        part = (number - whole).limit_denominator(10 ** min(len(below), 9) - 1 or 1)
        numerator, denominator = part.numerator, part.denominator
    if has_whole and numerator == denominator:
        whole, numerator = whole + 1, 0
    parts = [str(whole)] if has_whole and (whole or not numerator) else []
    parts += [f"{numerator}/{denominator}"] if numerator or not has_whole else []
    lead = "".join(token.text for token in tokens[: places[0]])
    tail = "".join(token.text for token in tokens[slash + 1 + len(below) :])
    return f"{'-' if value < 0 else ''}{lead}{' '.join(parts)}{tail}"


# Dates and times


def _show_date(section: _Section, value: float, is_1904: bool) -> str:
    """The moment as the section shows it; empty for what is before or behind all dates."""
    decimals = max((len(token.text) - 1 for token in section.tokens if token.kind == "fraction"), default=0)
    is_elapsed = any(token.kind == "elapsed" for token in section.tokens)
    if (value < 0 and not is_elapsed) or abs(value) > _LAST_DAY:
        return ""
    ticks = int(abs(value) * 86_400 * 10 ** min(decimals, 6) + 0.5)
    seconds, part = divmod(ticks, 10 ** min(decimals, 6))
    days, rest = divmod(seconds, 86_400)
    epoch = _EPOCH_1904 if is_1904 else _EPOCH if days > 60 else _EPOCH + 1  # Excel counts a 29 February of 1900
    day = datetime.date.fromordinal(epoch + days)
    has_halves = any(token.kind == "half" for token in section.tokens)
    moment = _Moment(day, seconds, rest, f"{part:0{min(decimals, 6)}d}", section.language, has_halves)
    return ("-" if value < 0 else "") + "".join(map(moment.show, section.tokens))


_LAST_DAY = 2_957_003
"""31 December 9999, counted from 1904."""
_EPOCH, _EPOCH_1904 = datetime.date(1899, 12, 30).toordinal(), datetime.date(1904, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class _Moment:
    day: datetime.date
    seconds: int
    """All seconds since the epoch."""
    rest: int
    """Seconds since midnight."""
    part: str
    """The digits behind the second."""
    language: str
    has_halves: bool

    def show(self, token: _Token) -> str:
        if token.kind == "elapsed":
            unit = {"h": 3_600, "m": 60, "s": 1}[token.text[0]]
            return f"{self.seconds // unit:0{len(token.text)}d}"
        if token.kind == "fraction":
            return "." + self.part[: len(token.text) - 1]
        if token.kind == "half":
            names = token.text.split("/")
            return names[self.rest >= 43_200]
        return _RUNS[token.text[0]](self, len(token.text)) if token.kind == "run" else token.text

    def show_hour(self, length: int) -> str:
        hour = self.rest // 3_600
        return f"{(hour + 11) % 12 + 1 if self.has_halves else hour:0{min(length, 2)}d}"

    def show_month(self, length: int) -> str:
        month = self.day.month
        if length < 3:
            return f"{month:0{length}d}"
        name = name_month(month, self.language, is_short=length == 3)
        return name[:1] if length == 5 else name

    def show_day(self, length: int) -> str:
        if length < 3:
            return f"{self.day.day:0{length}d}"
        return name_day(self.day.weekday(), self.language, is_short=length == 3)

    def show_year(self, length: int, added: int = 0) -> str:
        year = self.day.year + added
        return f"{year % 100:02d}" if length < 3 else f"{year:04d}"


_RUNS: dict[str, Callable[[_Moment, int], str]] = {
    "y": _Moment.show_year,
    "e": lambda moment, length: str(moment.day.year),
    "b": lambda moment, length: moment.show_year(length, 543),  # the Buddhist calendar
    "g": lambda moment, length: "",  # the name of an era
    "m": _Moment.show_month,
    "d": _Moment.show_day,
    "a": _Moment.show_day,
    "h": _Moment.show_hour,
    "n": lambda moment, length: f"{moment.rest // 60 % 60:0{length}d}",
    "s": lambda moment, length: f"{moment.rest % 60:0{min(length, 2)}d}",
}
"""How each run of letters is shown: the function takes the run's length."""
