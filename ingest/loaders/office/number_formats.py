"""Numbers as a spreadsheet shows them, by their format's code. Pure.

Files don't say which signs their reader's system uses, so the decimal sign is a full stop and the thousands are divided
by commas, as in the codes themselves; dates that follow the system are written as ISO 8601.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from ingest.loaders.office.format_codes import Section, Token, read_sections
from ingest.loaders.office.shown_dates import show_date
from ingest.loaders.reading import make_one_line

_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


class NumberFormat:
    """A format code, taken apart once."""

    def __init__(self, code: str) -> None:
        self._sections = read_sections(code)
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
            return make_one_line(show_date(section, value, is_1904)) or show_general(value)
        return make_one_line(_show_number(section.tokens, abs(value) if is_bare else value))

    def show_text(self, text: str) -> str:
        """The text as the format shows it, with what stands before and behind ``@``."""
        last = self._sections[-1] if self._sections else None
        if last is None or not any(token.kind == "text" for token in last.tokens):
            return text
        return make_one_line(
            "".join(text if token.kind == "text" else token.text for token in last.tokens if token.kind != "general")
        )

    def _choose(self, value: float) -> tuple[Section | None, bool]:
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


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit, "=": value == limit,
        "<>": value != limit,
    }[sign]  # fmt: skip


def _is_below_zero(condition: tuple[str, float]) -> bool:
    sign, limit = condition
    return sign in ("<", "<=", "=") and (limit < 0 or (limit == 0 and sign == "<"))


def _is_for_text(section: Section) -> bool:
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


def _read_simple(tokens: Sequence[Token]) -> _Simple | None:
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


def _show_number(tokens: tuple[Token, ...], value: float) -> str:
    if any(token.kind == "exponent" for token in tokens):
        return _show_exponent(tokens, value)
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    slash = next((at for at, token in enumerate(tokens) if token == Token("mark", "/")), 0)
    if places and places[0] < slash < places[-1] + 2:
        return _show_fraction(tokens, places, slash, value)
    number = abs(Decimal(repr(value))).scaleb(2 * tokens.count(Token("mark", "%")), _EXACT)
    shown, is_zero = _fill_digits(tokens, places, number, value)
    return f"-{shown}" if value < 0 and not is_zero else shown


def _fill_digits(tokens: tuple[Token, ...], places: Sequence[int], number: Decimal, value: float) -> tuple[str, bool]:
    """The tokens with the number's digits in their places, and whether all of these are zero."""
    point = next((at for at, token in enumerate(tokens) if token == Token("mark", ".")), len(tokens))
    whole_places = [at for at in places if at < point]
    parts = [token.text for token in tokens]
    is_grouped = False
    for at, token in enumerate(tokens):
        if token == Token("mark", ","):
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
    tokens: Sequence[Token], parts: list[str], places: Sequence[int], digits: str, is_grouped: bool
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


def _fill_decimals(tokens: Sequence[Token], parts: list[str], places: Sequence[int], digits: str) -> None:
    last = len(digits.rstrip("0"))
    for index, at in enumerate(places):
        is_shown = index < last or any(tokens[later].text == "0" for later in places[index:])
        parts[at] = digits[index] if is_shown else ""


def _show_exponent(tokens: tuple[Token, ...], value: float) -> str:
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


def _show_fraction(tokens: tuple[Token, ...], places: Sequence[int], slash: int, value: float) -> str:
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
