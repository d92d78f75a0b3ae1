"""Numbers as a spreadsheet shows them, by their format's code. Pure.

Files don't say which signs their reader's system uses, so the decimal sign is a full stop and the thousands are divided
by commas, as in the codes themselves; dates that follow the system are written as ISO 8601.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from ingest.loaders.office.format_codes import Section, Token, read_sections
from ingest.loaders.office.shown_dates import Moments
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
        self.shows_fractions = any(token.kind == "fraction" for part in self._sections for token in part.tokens)
        """Whether it shows more of a moment than its second."""
        self._numeric = [_Choice(section) for section in self._sections[:3]]
        self.quick = self._numeric[0].simple.show if len(self._numeric) == 1 and self._numeric[0].simple else None
        """Shows numbers by a code that is one simple section; None for other codes."""
        self._has_conditions = any(section.condition for section in self._sections[:3])

    def show(self, value: float, *, is_1904: bool = False) -> str:
        """The number as the format shows it; dates count from 1900, or from 1904 in files of old Macs."""
        chosen, is_bare = self._choose(value)
        if chosen is None or not math.isfinite(value):
            return show_general(value)
        shown = abs(value) if is_bare else value
        if chosen.simple and (len(self._numeric) == 1 or shown >= 0):
            return chosen.simple.show(shown)
        if chosen.is_for_text:
            return show_general(value)
        if chosen.moments:
            return make_one_line(chosen.moments.show(value, is_1904)) or show_general(value)
        return make_one_line(_show_number(chosen.section.tokens, shown))

    def show_text(self, text: str) -> str:
        """The text as the format shows it, with what stands before and behind ``@``."""
        last = self._sections[-1] if self._sections else None
        if last is None or not any(token.kind == "text" for token in last.tokens):
            return text
        return make_one_line(
            "".join(text if token.kind == "text" else token.text for token in last.tokens if token.kind != "general")
        )

    def _choose(self, value: float) -> tuple[_Choice | None, bool]:
        """The section for this value, and whether it shows the sign itself."""
        numeric = self._numeric
        if len(numeric) == 1 and (not self._has_conditions or numeric[0].simple):
            return numeric[0], False
        if self._has_conditions:
            for choice in numeric:
                condition = choice.section.condition
                if condition is None or _holds(condition, value):
                    return choice, bool(condition and _is_below_zero(condition))
            return None, False
        if value < 0 and len(numeric) > 1 and not numeric[1].is_for_text:
            return numeric[1], True
        if value == 0 and len(numeric) > 2 and not numeric[2].is_for_text:
            return numeric[2], False
        return (numeric[0] if numeric else None), False


class _Choice:
    """One of the sections for numbers, with what is known of it beforehand."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.is_for_text = any(token.kind == "text" for token in section.tokens)
        self.simple = _read_simple(section.tokens) or _read_scientific(section.tokens)
        self.moments = Moments(section) if section.is_date and not self.is_for_text else None


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


# Numbers


class _Simple:
    """What most codes are, such as ``#,##0.00 "kg"``: one run of digits. It is shown without a walk over its tokens."""

    def __init__(self, lead: str, tail: str, pattern: str, decimals: int, power: int) -> None:
        """`pattern` is how Python is to write the number. The point moves by `power` places: 2 for percent."""
        self._lead, self._tail, self._pattern, self._power = lead, tail, pattern, power
        self._unit = Decimal(1).scaleb(-decimals)
        self._write = f"{_escape(lead)}{{:{pattern}}}{_escape(tail)}".format
        self._factor, self._units = 10**power, 10 ** (power + decimals)

    def show(self, value: float) -> str:
        size = abs(value)
        units = size * self._units
        # Between halves, floating-point rounding is right: its error is smaller than the distance to them.
        if units < _MOST_UNITS and not _BELOW_HALF < units % 1 < _ABOVE_HALF:
            shown = self._write(size * self._factor)
            return f"-{shown}" if value < 0 and units > 0.5 else shown
        if not math.isfinite(value):
            return show_general(value)
        number = Decimal(repr(value)).scaleb(self._power, _EXACT).quantize(self._unit, context=_EXACT)
        return f"{'-' if number < 0 else ''}{self._lead}{abs(number):{self._pattern}}{self._tail}"


_MOST_UNITS = 1e11
_BELOW_HALF, _ABOVE_HALF = 0.4999, 0.5001


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


_SIMPLE = re.compile(r"(?P<grouped>#,##)?(?P<least>0+)(?:\.(?P<decimals>0+))?(?P<percent>%?)")


def _read_simple(tokens: Sequence[Token]) -> _Simple | None:
    """The code as a simple one; None if it isn't."""
    kinds = [token.kind for token in tokens]
    if "digit" not in kinds or any(kind not in ("digit", "mark", "literal") for kind in kinds):
        return None
    start, end = kinds.index("digit"), len(kinds) - kinds[::-1].index("digit")
    marks = "".join(token.text for token in tokens[end:] if token.kind == "mark")
    found = _SIMPLE.fullmatch("".join(token.text for token in tokens[start:end]) + marks)
    if not found or not {"literal"}.isdisjoint(kinds[start:end]) or "mark" in kinds[:start]:
        return None
    if (found["grouped"] and len(found["least"]) > 1) or (marks and kinds[end] == "literal" and _is_spaced(tokens[0])):
        return None
    decimals = len(found["decimals"] or "")
    width = "" if found["grouped"] else f"0{len(found['least']) + decimals + (decimals > 0)}"
    lead, tail = ("".join(token.text for token in part) for part in (tokens[:start], tokens[end:]))
    lead, tail = (re.sub(r"\s+", " ", text) for text in (lead.lstrip(), tail.rstrip()))
    pattern = f"{width}{',' if found['grouped'] else ''}.{decimals}f"
    return _Simple(lead, tail, pattern, decimals, 2 if found["percent"] else 0)


class _Scientific:
    """A code such as ``0.00E+00``."""

    def __init__(self, tokens: Sequence[Token], decimals: int, width: int) -> None:
        self._tokens, self._decimals, self._width = tuple(tokens), decimals, width

    def show(self, value: float) -> str:
        exact = f"{value:.{self._decimals + 4}e}".partition("e")[0]
        # The number's own digits decide a half; Python would look at those of its binary form.
        if not value or not math.isfinite(value) or _BELOW_HALF <= int(exact[-4:]) / 10_000 <= _ABOVE_HALF:
            return make_one_line(_show_exponent(self._tokens, value))
        number, _, power = f"{value:.{self._decimals}e}".partition("e")
        return f"{number}E{power[0]}{power[1:].lstrip('0').zfill(self._width)}"


def _read_scientific(tokens: Sequence[Token]) -> _Scientific | None:
    found = re.fullmatch(r"0(?:\.(0+))?E\+(0+)", "".join(token.text for token in tokens), re.IGNORECASE)
    is_plain = found and all(token.kind in ("digit", "mark", "exponent") for token in tokens)
    return _Scientific(tokens, len(found[1] or ""), len(found[2])) if found and is_plain else None


def _is_spaced(token: Token) -> bool:
    return token.text[:1].isspace()


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
