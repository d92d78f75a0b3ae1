"""Formulas as people write them, from the tokens that XLS ([MS-XLS] 2.5.198) and XLSB ([MS-XLSB] 2.5.97) keep. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

_FUNCTIONS = """
0:COUNT 1:IF 2:ISNA/1 3:ISERROR/1 4:SUM 5:AVERAGE 6:MIN 7:MAX 8:ROW 9:COLUMN 10:NA/0 11:NPV 12:STDEV 13:DOLLAR
14:FIXED 15:SIN/1 16:COS/1 17:TAN/1 18:ATAN/1 19:PI/0 20:SQRT/1 21:EXP/1 22:LN/1 23:LOG10/1 24:ABS/1 25:INT/1
26:SIGN/1 27:ROUND/2 28:LOOKUP 29:INDEX 30:REPT/2 31:MID/3 32:LEN/1 33:VALUE/1 34:TRUE/0 35:FALSE/0 36:AND 37:OR
38:NOT/1 39:MOD/2 40:DCOUNT/3 41:DSUM/3 42:DAVERAGE/3 43:DMIN/3 44:DMAX/3 45:DSTDEV/3 46:VAR 47:DVAR/3 48:TEXT/2
49:LINEST 50:TREND 51:LOGEST 52:GROWTH 56:PV 57:FV 58:NPER 59:PMT 60:RATE 61:MIRR/3 62:IRR 63:RAND/0 64:MATCH
65:DATE/3 66:TIME/3 67:DAY/1 68:MONTH/1 69:YEAR/1 70:WEEKDAY 71:HOUR/1 72:MINUTE/1 73:SECOND/1 74:NOW/0
75:AREAS/1 76:ROWS/1 77:COLUMNS/1 78:OFFSET 82:SEARCH 83:TRANSPOSE/1 86:TYPE/1 97:ATAN2/2 98:ASIN/1 99:ACOS/1
100:CHOOSE 101:HLOOKUP 102:VLOOKUP 105:ISREF/1 109:LOG 111:CHAR/1 112:LOWER/1 113:UPPER/1 114:PROPER/1 115:LEFT
116:RIGHT 117:EXACT/2 118:TRIM/1 119:REPLACE/4 120:SUBSTITUTE 121:CODE/1 124:FIND 125:CELL 126:ISERR/1
127:ISTEXT/1 128:ISNUMBER/1 129:ISBLANK/1 130:T/1 131:N/1 140:DATEVALUE/1 141:TIMEVALUE/1 142:SLN/3 143:SYD/4
144:DDB 148:INDIRECT 162:CLEAN/1 163:MDETERM/1 164:MINVERSE/1 165:MMULT/2 167:IPMT 168:PPMT 169:COUNTA
183:PRODUCT 184:FACT/1 189:DPRODUCT/3 190:ISNONTEXT/1 193:STDEVP 194:VARP 195:DSTDEVP/3 196:DVARP/3 197:TRUNC
198:ISLOGICAL/1 199:DCOUNTA/3 204:USDOLLAR 205:FINDB 206:SEARCHB 207:REPLACEB/4 208:LEFTB 209:RIGHTB 210:MIDB/3
211:LENB/1 212:ROUNDUP/2 213:ROUNDDOWN/2 214:ASC/1 215:DBCS/1 216:RANK 219:ADDRESS 220:DAYS360 221:TODAY/0
222:VDB 227:MEDIAN 228:SUMPRODUCT 229:SINH/1 230:COSH/1 231:TANH/1 232:ASINH/1 233:ACOSH/1 234:ATANH/1
235:DGET/3 244:INFO/1 247:DB 252:FREQUENCY/2 261:ERROR.TYPE/1 269:AVEDEV 270:BETADIST 271:GAMMALN/1 272:BETAINV
273:BINOMDIST/4 274:CHIDIST/2 275:CHIINV/2 276:COMBIN/2 277:CONFIDENCE/3 278:CRITBINOM/3 279:EVEN/1
280:EXPONDIST/3 281:FDIST/3 282:FINV/3 283:FISHER/1 284:FISHERINV/1 285:FLOOR/2 286:GAMMADIST/4 287:GAMMAINV/3
288:CEILING/2 289:HYPGEOMDIST/4 290:LOGNORMDIST/3 291:LOGINV/3 292:NEGBINOMDIST/3 293:NORMDIST/4 294:NORMSDIST/1
295:NORMINV/3 296:NORMSINV/1 297:STANDARDIZE/3 298:ODD/1 299:PERMUT/2 300:POISSON/3 301:TDIST/3 302:WEIBULL/4
303:SUMXMY2/2 304:SUMX2MY2/2 305:SUMX2PY2/2 306:CHITEST/2 307:CORREL/2 308:COVAR/2 309:FORECAST/3 310:FTEST/2
311:INTERCEPT/2 312:PEARSON/2 313:RSQ/2 314:STEYX/2 315:SLOPE/2 316:TTEST/4 317:PROB 318:DEVSQ 319:GEOMEAN
320:HARMEAN 321:SUMSQ 322:KURT 323:SKEW 324:ZTEST 325:LARGE/2 326:SMALL/2 327:QUARTILE/2 328:PERCENTILE/2
329:PERCENTRANK 330:MODE 331:TRIMMEAN/2 332:TINV/2 336:CONCATENATE 337:POWER/2 342:RADIANS/1 343:DEGREES/1
344:SUBTOTAL 345:SUMIF 346:COUNTIF/2 347:COUNTBLANK/1 350:ISPMT/4 351:DATEDIF/3 354:ROMAN 358:GETPIVOTDATA
359:HYPERLINK 360:PHONETIC/1 361:AVERAGEA 362:MAXA 363:MINA 364:STDEVPA 365:VARPA 366:STDEVA 367:VARA
368:BAHTTEXT/1 379:RTD 480:IFERROR/2 481:COUNTIFS 482:SUMIFS 483:AVERAGEIF 484:AVERAGEIFS
"""
"""Numbers and names of the functions ([MS-XLS] 2.5.198.17), with the number of their arguments where it is fixed."""
_NAMES = {int(number): name for number, _, name in (entry.partition(":") for entry in _FUNCTIONS.split())}
_SIGNS = {
    0x03: "+", 0x04: "-", 0x05: "*", 0x06: "/", 0x07: "^", 0x08: "&", 0x09: "<", 0x0A: "<=", 0x0B: "=", 0x0C: ">=",
    0x0D: ">", 0x0E: "<>", 0x0F: " ", 0x10: ",", 0x11: ":",
}  # fmt: skip
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_USER_DEFINED = 255
"""The function whose name is its first argument."""
_CHOOSES, _SUMS = 0x04, 0x10
_MOST_LETTERS = 2_000
"""A longer formula is given up: a hostile one joins its parts with themselves."""


class FormulaWriter:
    """Writes the formulas of one workbook."""

    def __init__(self, sheets: Sequence[str], names: Sequence[str], *, is_wide: bool) -> None:
        """`sheets` has the name by each number that tokens give to a sheet; `is_wide` says that the file is an XLSB."""
        self._sheets, self._names = sheets, names
        self._place, self._area, self._text = ("<IH", "<IIHH", "<H") if is_wide else ("<HH", "<HHHH", "<BB")
        self._skipped_name = 0 if is_wide else 2

    def write(self, tokens: bytes) -> str:
        """The formula with ``=`` before it; empty if it has parts that aren't known, such as lists of constants."""
        try:
            parts = _Parts(tokens)
            while parts.at < len(tokens):
                self._take(parts, parts.take("<B"))
            return f"={parts.stack[0]}" if len(parts.stack) == 1 else ""
        except (struct.error, LookupError, ValueError):
            return ""

    def _take(self, parts: _Parts, token: int) -> None:
        """Read the token's operands and put what it means on the stack. Raises LookupError for what isn't known."""
        kind = token & 0x1F | 0x20 if token >= 0x20 else token  # the higher bits tell the class of the result
        if kind in _SIGNS:
            second, first = parts.pop(), parts.pop()
            parts.push(f"{first}{_SIGNS[kind]}{second}")
        elif kind in (0x3A, 0x3B):  # on another sheet
            sheet = self._sheets[parts.take("<H")]
            parts.push(f"{sheet}!{self._take_place(parts) if kind == 0x3A else self._take_area(parts)}")
        elif kind in (0x22, 0x21):
            count = parts.take("<B") & 0x7F if kind == 0x22 else None
            self._call(parts, parts.take("<H") & 0x7FFF, count)
        else:
            _OTHERS[kind](self, parts)

    def _call(self, parts: _Parts, number: int, count: int | None) -> None:
        if number == _USER_DEFINED and count:
            arguments = parts.pop_several(count)
            parts.push(f"{arguments[0]}({','.join(arguments[1:])})")
            return
        name, _, fixed = _NAMES[number].partition("/")
        parts.push(f"{name}({','.join(parts.pop_several(int(fixed) if count is None else count))})")

    def _take_place(self, parts: _Parts) -> str:
        row, column = parts.take_several(self._place)
        return _write_place(row, column)

    def _take_area(self, parts: _Parts) -> str:
        top, bottom, left, right = parts.take_several(self._area)
        return f"{_write_place(top, left)}:{_write_place(bottom, right)}"

    def _take_text(self, parts: _Parts) -> None:
        length, *flags = parts.take_several(self._text)
        is_wide = not flags or flags[0] & 1
        text = parts.take_bytes(length * (2 if is_wide else 1)).decode("utf-16-le" if is_wide else "latin-1")
        parts.push('"' + text.replace('"', '""') + '"')

    def _take_name(self, parts: _Parts) -> None:
        number = parts.take("<H" if self._skipped_name else "<I")
        parts.at += self._skipped_name
        parts.push(self._names[number - 1])

    def _take_attribute(self, parts: _Parts) -> None:
        flags, value = parts.take_several("<BH")
        if flags & _SUMS:
            parts.push(f"SUM({parts.pop()})")
        parts.at += 2 * (value + 1) if flags & _CHOOSES else 0


class _Parts:
    """The tokens of a formula that are still to be read, and the texts that the others gave."""

    def __init__(self, tokens: bytes) -> None:
        self._tokens = tokens
        self.at = 0
        self.stack: list[str] = []

    def take(self, form: str) -> int:
        return int(self.take_several(form)[0])

    def take_several(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self._tokens, self.at)
        self.at += struct.calcsize(form)
        return found

    def take_bytes(self, count: int) -> bytes:
        self.at += count
        return self._tokens[self.at - count : self.at]

    def skip(self, count: int) -> None:
        self.at += count

    def push(self, text: str) -> None:
        if len(text) > _MOST_LETTERS:
            raise ValueError
        self.stack.append(text)

    def pop(self) -> str:
        return self.stack.pop()

    def pop_several(self, count: int) -> list[str]:
        if count > len(self.stack):
            raise LookupError
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken


def _write_place(row: int, column: int) -> str:
    """``$B$3``; the highest bits of the column say which of both moves along when the formula is copied."""
    letters, left = "", (column & 0x3FFF) + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(0x41 + letter) + letters
    return f"{'' if column & 0x4000 else '$'}{letters}{'' if column & 0x8000 else '$'}{row + 1}"


_OTHERS: dict[int, Callable[[FormulaWriter, _Parts], None]] = {
    0x12: lambda _, parts: parts.push(f"+{parts.pop()}"),
    0x13: lambda _, parts: parts.push(f"-{parts.pop()}"),
    0x14: lambda _, parts: parts.push(f"{parts.pop()}%"),
    0x15: lambda _, parts: parts.push(f"({parts.pop()})"),
    0x16: lambda _, parts: parts.push(""),
    0x17: FormulaWriter._take_text,
    0x19: FormulaWriter._take_attribute,
    0x1C: lambda _, parts: parts.push(ERRORS[parts.take("<B")]),
    0x1D: lambda _, parts: parts.push("TRUE" if parts.take("<B") else "FALSE"),
    0x1E: lambda _, parts: parts.push(str(parts.take("<H"))),
    0x1F: lambda _, parts: parts.push(f"{parts.take_several('<d')[0]:.15g}"),
    0x23: FormulaWriter._take_name,
    0x24: lambda writer, parts: parts.push(writer._take_place(parts)),
    0x25: lambda writer, parts: parts.push(writer._take_area(parts)),
    0x26: lambda _, parts: parts.skip(6),
    0x29: lambda _, parts: parts.skip(2),
}
"""What the tokens without a rule of their own do, by their kind."""
