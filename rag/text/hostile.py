"""Other people's text, made harmless for those who get it. Pure, and linear in the text's length.

- For all: characters that nobody sees, control characters, terminal escapes and what turns the order of reading are
  taken out, except for joiners where a language or an emoji needs them: `remove_invisible`, `VisibleStream`.
- Names, of files above all: the same characters are shown by their codes: `show_name`.
- For the model besides: control tokens of chat templates are broken up by a space, and the names of roles that begin a
  line or a heading are put into round brackets: `neutralise_for_model`.
- JSON that a terminal may show: the same characters as JSON's own escapes, so that no value changes: `escape_json`.

Ordinary text of any language stays as it is.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import chain

from rag.text.scripts import HAN, JOINING, KHMER, LAO, MONGOLIAN, MYANMAR, RIGHT_TO_LEFT, THAI, TIBETAN

INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Control characters, and those that Unicode lets a program ignore: ranges for a class of a pattern."""

_SYMBOLS = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff"
)
_NEEDED_AFTER = (
    ("\u200c\u200d", JOINING),  # joiners: Persian, Hindi, Sinhala, …
    ("\u200d", f"{_SYMBOLS}\ufe0f"),  # emoji of several
    ("\ufe00-\ufe0f", f"0-9#*{_SYMBOLS}{HAN}{MYANMAR}"),  # variants of a sign
    ("\U000e0100-\U000e01ef", HAN),
    ("\u180b-\u180f", MONGOLIAN),
    ("\u200b", f"{THAI}{LAO}{TIBETAN}{MYANMAR}{KHMER}"),  # between words where there are no spaces
    ("\u200e\u200f\u061c", RIGHT_TO_LEFT),
    ("\u034f", "\u0591-\u05c7"),  # between Hebrew points
)
"""Characters that nobody sees, and those that need them. One of the first stays directly behind one of the second."""
_NEEDED = re.compile("|".join(f"[{before}][{signs}]" for signs, before in _NEEDED_AFTER))

_FLAG = "\U0001f3f4(?:{})\U000e007f".format(
    "|".join("".join(chr(0xE0000 + ord(c)) for c in region) for region in ("gbeng", "gbsct", "gbwls"))
)
_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\r\n]{0,500}"
"""What a terminal obeys, without the last character: a control sequence, and a command that takes a text, a title say,
which is removed with it."""
_ESCAPES = re.compile(
    rf"{_SEQUENCE}[@-~]\x0f?|{_STRING}(?:\x07|\x1b\\|\x9c)|\x1b[ -/]{{1,3}}[0-~]\x0f?|\x1b[0-~]|[^\n\b]\x08"
)
_HANDLED = re.compile(
    rf"{_SEQUENCE}[@-~]|{_STRING}(?:\x07|\x1b\\|\x9c)"
    r"|(?P<line>\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029])"
    rf"|(?P<flag>{_FLAG})"
    r"|(?P<broken>[\ud800-\udfff])"
    rf"|[\x1f{INVISIBLE}]"
)
_UNDECIDED = re.compile(rf"(?:\r|\U0001f3f4[\U000e0020-\U000e007e]{{0,8}}|\x1b|{_SEQUENCE}|{_STRING}\x1b?)\Z")
_NEW_LINE, _REPLACEMENT = "\n", "\ufffd"


def remove_invisible(text: str, before: str = "") -> str:
    """The text as a reader sees it, in lines that end with a line feed; `before` is the character it goes on from."""
    return _replace_handled(text, before, lambda found: "", _NEW_LINE)


def remove_escapes(text: str) -> str:
    """The text without a terminal's colours, titles and overstrikes, which logs and manuals are full of.

    What was printed in two passes, for bold letters and underlined ones, stands there once.
    """
    return _ESCAPES.sub("", text) if "\x1b" in text or "\x9b" in text or "\b" in text else text


def show_name(name: str) -> str:
    """The name on one line, with the code of each character that nobody would see: ``invoice‹U+202E›fdp.exe``."""
    shown = _replace_handled(name, "", _show_codes, "")
    return re.sub(r"[\n\t]", lambda match: _show_code(match[0]), shown)


def escape_json(encoded: str) -> str:
    """JSON with the same values, which does nothing to a terminal that shows it."""
    return re.sub(rf"[\x1f\x85\u2028\u2029{INVISIBLE}\ud800-\udfff]", lambda match: json.dumps(match[0])[1:-1], encoded)


class VisibleStream:
    """`remove_invisible` for a text that comes in pieces.

    Where the end of a piece may still become part of something to remove, it is held back until more comes.
    """

    def __init__(self) -> None:
        self._undecided = ""
        self._last = ""

    def add(self, piece: str) -> str:
        """What can be shown now that `piece` has come."""
        text = self._undecided + piece
        undecided = _UNDECIDED.search(text)
        decided = text[: undecided.start()] if undecided else text
        self._undecided = text[len(decided) :]
        return self._remove(decided)

    def end(self) -> str:
        """What is left to show when nothing more comes."""
        text, self._undecided = self._undecided, ""
        return self._remove(text)

    def _remove(self, text: str) -> str:
        shown = remove_invisible(text, self._last)
        self._last = shown[-1:] or self._last
        return shown


def _replace_handled(text: str, before: str, replace: Callable[[str], str], new_line: str) -> str:
    """The text with `replace(found)` for what is to go; `before` is the character that stood before it."""
    pieces: list[str] = []
    at, last = 0, before
    for match in _HANDLED.finditer(text):
        if match.start() > at:
            pieces.append(text[at : match.start()])
            last = text[match.start() - 1]
        at = match.end()
        kept = _find_kept(match, last, new_line)
        pieces.append(replace(match[0]) if kept is None else kept)
        last = pieces[-1][-1:] or last
    return "".join([*pieces, text[at:]]) if at else text


def _find_kept(match: re.Match[str], last: str, new_line: str) -> str | None:
    """What stands in the text for a match behind the character `last`; None if the match is to go."""
    if match["line"]:
        return new_line or None
    if match["broken"]:
        return _REPLACEMENT
    if match["flag"] or _NEEDED.fullmatch(last + match[0]):
        return match[0]
    return None


def _show_codes(found: str) -> str:
    return "".join(_show_code(c) if _HANDLED.match(c) else c for c in found)


def _show_code(character: str) -> str:
    return f"‹U+{ord(character):04X}›"


# Markers of chat templates, and names of roles at the beginning of a line or a heading

_TOKENS = r"(?:s|bos|eos|pad|unk|sep|cls|mask|sop|eop)"
_ACTING = (
    r"(?:[\w.-]{0,24}[_:.-])?(?:system|user|assistant|human|bot|think|tools?|toolcalls?|functions?|instructions?|prompt"
    r"|invoke|parameter)(?:[_:=.-][\w.:=-]{0,40})?(?: \w{1,16}=[^<>\x02\x03\n]{0,60})?"
)
"""A tag that names who speaks, or a call, in whatever form: ``<_user>``, ``<system_prompt>``, ``<function=find>``."""
_NUMBERED = r"(?:(?:start|end|begin)_of_\w+|extra_id_\d+|special_\d+|unused_?\d+|fim_\w+|reserved_\w+|0x[0-9a-f]{2})"
_NAMES = (
    r"(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS?|TOOL_RESULTS?|TOOL_CONTENT|MODEL_SETTINGS|ARGS|CALL_ID"
    r"|THINK|PREFIX|MIDDLE|SUFFIX|gMASK|control_\d+|unused_token_\d+|SYSTEM|USER|ASSISTANT|BOT)"
)
_ROLES = r"(?:system|user|assistant|human|developer|ai)"
_ROLES_ABROAD = (
    r"(?:système|systém|systeem|sistema|benutzer|assistente?|utilisateur|usuario|asistente|utente|usuário|utilizador"
    r"|gebruiker|användare|bruger|bruker|система|пользователь|ассистент|系统|系統|用户|用戶|助手|システム|ユーザー|アシスタント"
    r"|시스템|사용자|어시스턴트)"
)
_HEADED = rf"(?:{_ROLES}|tool|model|function|instructions?|response|input|output|context)"

_ANGLES, _BRACKETS = "\x02\x03", "\x04\x05"
"""What stands in a likeness for the brackets that ASCII doesn't have; no text holds these characters any more."""
_TEMPLATE = re.compile(
    r"[<\x02\x04](?=\|)|[<\x02](?=[^\s<>|\x02\x03]{1,40}\|[>\x03])"
    rf"|[<\x02](?=/?(?:{_TOKENS}|{_NUMBERED}|{_ACTING})[>\x03])"
    r"|[<\x02](?=[<\x02]/?sys[>\x03]{2})"
    rf"|[\[\x02\x04](?=/?{_NAMES}[\]\x03\x05])",
    re.IGNORECASE,
)
"""Finds the first character of a control token, which is no token once a space follows it."""


def _make_role_pattern(abroad: str) -> re.Pattern[str]:
    """Finds the name of a role before a colon, and as a heading; the name is its group."""
    roles = f"(?:{_ROLES}|{abroad})"
    return re.compile(
        rf"\#[ \t*_]{{0,8}}({_HEADED}|{abroad})(?=[ \t*_]{{0,8}}:)"
        # A list's number or letter may go before, and any sign; a round bracket behind is what we write ourselves.
        rf"|^(?:[^\w\n]|[\d_]|[a-z]{{1,3}}[.)])*+({roles})(?=(?:[^\w\n:)]|_){{0,8}}:)"
        rf"|^(?=[^\w\n#*=]*+(?:#|\*\*|==|__))(?:[^\w\n]|_)*+({roles})(?=(?:[^\w\n)]|_)*+$)"
        rf"|^[ \t>]{{0,8}}({roles})(?=[ \t]*+\n[ \t>]{{0,8}}(?:==|--))",
        re.IGNORECASE | re.MULTILINE,
    )


@cache
def _find_role_pattern(*, is_ascii: bool) -> re.Pattern[str]:
    """In texts that aren't all ASCII, Cyrillic letters count as those that they look like."""
    alike = "" if is_ascii else f"|{_ROLES_ABROAD.translate(_make_look_alikes())}"
    return _make_role_pattern(_ROLES_ABROAD + alike)


def neutralise_for_model(text: str) -> str:
    """The text without what nobody sees, and with what a model could take for its chat template broken up."""
    text = replace_alike(_TEMPLATE, lambda found: f"{found} ", remove_invisible(text))
    return replace_alike(_find_role_pattern(is_ascii=text.isascii()), lambda found: f"({found})", text)


def replace_alike(pattern: re.Pattern[str], replace: Callable[[str], str], text: str) -> str:
    """The text with `replace(found)` for what looks like a match of an ASCII pattern, whatever letters it is made of.

    Where the pattern has groups, only the one that matched is replaced. `text` has been through `remove_invisible`.
    """
    likeness = text if text.isascii() else text.translate(_make_look_alikes())
    pieces: list[str] = []
    at = 0
    for match in pattern.finditer(likeness):
        start, end = match.span(match.lastindex or 0)
        pieces += [text[at:start], replace(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


_SEARCHED = ((0x80, 0x3400), (0xA000, 0xAC00), (0xF900, 0x10000), (0x1D400, 0x1D800), (0x1F110, 0x1F200))
"""Where Unicode has signs and letters; the rest is ideographs."""
_OPENING, _CLOSING = ("Ps", "Pi"), ("Pe", "Pf")
_POINTING = re.compile(r"ANGLE|LESS-THAN|GREATER-THAN|PRECEDES|SUCCEEDS|ARROWHEAD|CHEVRON")
_ROUND = re.compile(r"PARENTHESIS|CURLY|^[^A]*QUOTATION(?! MARK ORNAMENT)")
_LETTER_IN_NAME = re.compile(
    r"(?:LATIN LETTER SMALL CAPITAL|(?:NEGATIVE |CROSSED NEGATIVE )?(?:SQUARED|CIRCLED) LATIN CAPITAL LETTER"
    r"|PARENTHESIZED LATIN (?:CAPITAL|SMALL) LETTER|REGIONAL INDICATOR SYMBOL LETTER) ([A-Z])"
)
_BAR_LETTERS = {0x3163: "|", 0x4E28: "|"}
"""Letters of Korean and Chinese that are nothing but a bar."""
_BAR = re.compile(
    r"VERTICAL (?:BAR|LINE)|BOX DRAWINGS (?:LIGHT|HEAVY|DOUBLE)(?: \w+ DASH)? VERTICAL$|BROKEN BAR|^PARALLEL TO$"
)


@cache
def _make_look_alikes() -> dict[int, str]:
    """For `str.translate`: what stands for ASCII in a reader's eyes, by Unicode's own tables.

    These are its compatibility forms (full width, circles, mathematics), its confusable letters, and by category and
    name its spaces, brackets and bars.
    """
    table = _read_confusables() | _BAR_LETTERS
    for code in chain.from_iterable(map(range, *zip(*_SEARCHED, strict=True))):
        character = chr(code)
        plain = unicodedata.normalize("NFKC", character)
        if len(plain) == 1 and plain.isascii():
            table[code] = plain
        elif code not in table and (likeness := _find_sign(character) or _read_letter_in_name(character)):
            table[code] = likeness
    return table


def _read_confusables() -> dict[int, str]:
    """The characters that Unicode's list of confusables (UTS 39) gives for one of ASCII, or for a small capital."""
    from confusable_homoglyphs.confusables import confusables_data  # reading it takes 20 ms

    table: dict[int, str] = {}
    for one, others in confusables_data.items():
        for character, alike in ((one, other["c"]) for other in others):
            # The list names what is alike once, from the one or from the other.
            for code, letter in ((character, _read_letter(alike)), (alike, _read_small_capital(character))):
                if letter and len(code) == 1 and not code.isascii():
                    table[ord(code)] = _tell_bar(code) if letter == "l" else letter
    # It has some letters in one size alone.
    other_case = {chr(code).swapcase(): letter for code, letter in table.items()}
    return {ord(code): letter for code, letter in other_case.items() if len(code) == 1 and not code.isascii()} | table


def _read_letter(character: str) -> str:
    return character if len(character) == 1 and character.isascii() else _read_small_capital(character)


def _read_small_capital(character: str) -> str:
    """The letter that is written as a small capital; nothing for other characters."""
    name = unicodedata.name(character, "") if len(character) == 1 else ""
    small_capital = re.fullmatch(r"LATIN LETTER SMALL CAPITAL ([A-Z])", name)
    return small_capital[1].lower() if small_capital else ""


def _read_letter_in_name(character: str) -> str:
    """The letter that is written as a small capital or in a frame; nothing for other characters."""
    named = _LETTER_IN_NAME.fullmatch(unicodedata.name(character, ""))
    return named[1].lower() if named else ""


def _tell_bar(character: str) -> str:
    """To Unicode's list a bar, a capital I and a small L are one; the category tells which of them is meant."""
    return {"Lu": "I", "Ll": "l"}.get(unicodedata.category(character), "|")


def _find_sign(character: str) -> str:
    """What stands in a likeness for a space, a bracket or a bar; nothing for other characters."""
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category[0] not in "PS":
        return ""
    name = unicodedata.name(character, "")
    if _BAR.search(name):
        return "|"
    is_pair = category in (*_OPENING, *_CLOSING) or (unicodedata.mirrored(character) and _POINTING.search(name))
    if not is_pair or _ROUND.search(name):
        return ""
    closes = category in _CLOSING or re.search("RIGHT|GREATER|SUCCEEDS", name)
    return (_ANGLES if _POINTING.search(name) else _BRACKETS)[bool(closes)]
