"""Markers in the forms of other programs → ours, while a model's text arrives. Pure.

Models learnt to name their sources in many ways: ``{1}``, ``〖1〗``, ``[doc_1]``, ``(Passage 1)``, ``months¹``,
``[1, page 4]``, ``(manual.pdf, page 4)``. Whoever reads the answer further on finds one form: ``[1]``. Since the same
signs are those of code, exponents and lists, one counts only where a source may be named, if its numbers are passages',
and if what the model read has no such thing: a document's own ``{1}`` or ``(1)`` stays what it is. A list of sources
that a model writes below its answer goes, since there is one already; where nothing else names them, they are kept as
markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rag.answering.citations import MARKER, PASSAGE_WORDS, list_numbers
from rag.types import ScoredChunk

_LONGEST = 160
"""Characters between two brackets."""
_PAIRS = dict(zip("[【［〔{〖⟦⟨〈《<(（「『«‹⁅", "]】］〕}〗⟧⟩〉》>)）」』»›⁆", strict=True))
_SQUARE = "[【［〔〖⟦⁅"
"""Opening brackets that hold little else than sources; the others do so where a sentence ends, or with a word of it."""
_OPEN, _CLOSE = (re.escape("".join(signs)) for signs in zip(*_PAIRS.items(), strict=True))
_BRACKETED = re.compile(
    rf"\\?(?P<open>[{_OPEN}])(?P<twice>[{{\[])?(?P<inner>[^{_OPEN}{_CLOSE}\n\\]{{1,{_LONGEST}}})\\?[{_CLOSE}]"
    r"(?(twice)[}\]])",
    re.IGNORECASE,
)
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_DIGITS = str.maketrans(
    dict(zip(_SUPERSCRIPTS + "⁻", "0123456789-", strict=True)) | {c: f"{n} " for n, c in enumerate(_CIRCLED, 1)}
)
_RAISED = rf"[{_SUPERSCRIPTS}]{{1,2}}"
_TAG = "(?:sup|ref|cite|citation|source|passage|doc|document)"
_SET_APART = re.compile(
    rf"<{_TAG}>\s?[\[(]?(?P<tagged>[^<>\[\]()\n]{{1,40}})[\])]?\s?</{_TAG}>"
    rf"|<{_TAG}\s?[:=]?\s?(?:(?:id|name|n|ref|index)\s?=\s?)?[\"']?(?P<attribute>\d[\d, -]{{0,20}})[\"']?\s?/?>"
    r"|\\(?:cite[tp]?|footnotemark|ref)[{\[](?P<tex>[^{}\[\]\n]{1,40})[}\]]"
    # A unit has fewer letters: m², km².
    rf"|(?:(?<=[^\W\d_{_SUPERSCRIPTS}]{{4}})|(?<=[.,;:!?)”\"»。]))(?:"
    r"\$\^\{?\[?(?P<power>\d[\d, -]{0,20})\]?\}?\$|\^(?P<high>\d[\d, -]{0,20})\^"
    rf"|(?P<raised>{_RAISED}(?:[,⁻ ]{{1,2}}{_RAISED}){{0,8}})(?!\w)"
    rf"|(?P<joined>[{_CIRCLED}]{{1,8}})(?=\s*(?:[.,;。]|\n|\Z)))"
    rf"|(?<=\s)[—–]\s?(?:{PASSAGE_WORDS})\s?(?P<dashed>\d{{1,2}})(?=\s*(?:[.,;。]|\n|\Z))"
    r"|(?<=[^\W\d_]{4} )(?:\^(?P<caret>\d{1,2})(?![\w^])"
    rf"|(?P<circled>[{_CIRCLED}]{{1,8}})(?=\s*(?:[.,;。]|\n|\Z)))",
    re.IGNORECASE,
)
"""What needs no bracket: tags, TeX, superscripts. Its one group holds the numbers."""
_UNDECIDED = re.compile(
    rf"(?:\\?[{_OPEN}][{{\[]?[^{_OPEN}{_CLOSE}\n\\]{{0,{_LONGEST}}}(?:\\|\\?[{_CLOSE}]{{1,2}}\s*)?|\n\s*(?:[*_#>(\[-]{{0,4}}\s?[^\W\d_]{{0,16}}|\[\^?\d{{0,2}}\]?)"
    rf"|(?<=\s)[—–]\s?[^\W\d_]{{0,16}}\s?\d{{0,2}}\s*"
    rf"|<{_TAG}[^<>\n]{{0,30}}(?:>[^<>\n]{{0,40}}(?:</?[a-z]{{0,8}}>?)?)?"
    r"|\\[a-z]{0,14}(?:[\[{][^{}\[\]\n]{0,40}[}\]]?)?|\$(?:\^(?:\{?\[?(?:\d[\d, -]{0,20}\]?\}?\$?)?)?)?"
    rf"|\^(?:\d[\d, -]{{0,20}}\^?)?|[{_SUPERSCRIPTS}][{_SUPERSCRIPTS},⁻ ]{{0,40}}|[{_CIRCLED}]{{1,8}}\s*)\Z",
    re.IGNORECASE,
)
"""The end of a text that may still become a marker, or whose meaning depends on what follows."""

_NAMES = re.compile(
    rf"(?:{PASSAGE_WORDS}|chunks?|snippets?|results?|ids?|idx|index|auszug|auszüge|abschnitte?|stellen?|see|siehe|vgl"
    r"|voir|ver|cf|texts?|nr|or|oder|ou|o|sowie|and|und|et|y|e|en|og|och|и)",
    re.IGNORECASE,
)
"""Words that may stand beside the numbers."""
_TOO_COMMON = re.compile(r"notes?|nos?|nr|items?|results?|texts?|or|o|e|y|ou|and|ver|en|ids?|index", re.IGNORECASE)
"""Those that don't show by themselves that a source is meant."""
_PARTS = re.compile(
    r"(?P<number>\d+)|(?P<letter>[spdcq])(?=\d)|(?P<word>[^\W\d_]+)|(?P<sign>[-–.,;:&#@^*_†№~：，；、])|\s+|.",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?<=\d)\s?[,:;–-]\s?(?=.*(?:\b(?:pages?|pp?|seiten?|s|páginas?|pagina|section|chapter|kapitel|abschnitt|lines?|l\d+"
    r"|source|стр)\b|§|ページ|页|쪽|\.\w{2,5}\b)).*|(?<=\d):\d+(?:†.*)?$",
    re.IGNORECASE,
)
"""Where in its document a passage stands, as its head in the prompt says: ``1, manual.pdf, page 4``."""
_ADDRESS = re.compile(r"(?:https?:|www\.|[#/.])\S*|[\w./%-]+\.\w{2,5}(?:[#?]\S*)?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\s*(?:[.!?…。！？](?!\w)|\n|\Z)")
_LEAD = re.compile(
    r"\A(?:\W{0,3}\b(?:sources?|quellen?|see|siehe|from|passage|\d{1,2}|fuentes?|fonte)\b)*+", re.IGNORECASE
)
"""What may stand before a file's name."""
_PAGE = re.compile(r"\b(?:pages?|pp?\.?|seiten?|s\.|páginas?|pagina|页|ページ)\s?(\d{1,5})", re.IGNORECASE)


_HEADS = (
    r"sources?|references?|citations?|footnotes?|bibliography|quellen?|quellenangaben?|referenzen|nachweise?|belege"
    r"|références|sources|fuentes?|referencias|fonti|fonte|riferimenti|bron(?:nen)?|referenties|kilder?|källor|источники?"
    r"|出典|参考文献|来源|參考|参考资料|출처"
)
_LIST_START = re.compile(rf"\s*+(?<=\n)[ \t]*(?:[*_#>(\[-]{{0,4}}\s?(?:{_HEADS})\b|\[\^?\d{{1,2}}\]:)", re.IGNORECASE)
"""Where a list of sources may begin below an answer."""
_HEAD = re.compile(rf"\W*(?:(?:{_HEADS})\b)?\W*", re.IGNORECASE)
_LONGEST_TITLE = 100
_MARKED = re.compile(rf"\W{{0,3}}(?:{MARKER.pattern}|(\d{{1,2}})[.):])[\s:–-]*", re.IGNORECASE)
"""The marker or number that a source of a list begins with."""


class MarkerReader:
    """Takes a model's text piece by piece and gives it with markers of ours."""

    def __init__(self, passages: Sequence[ScoredChunk], read: str) -> None:
        """`read` is what the model was given to read."""
        self._passages = passages
        self._read = read
        self._text = ""
        self._done = 0
        self._has_marked = False

    def take(self, piece: str) -> str:
        """What can be shown now."""
        self._text += piece
        undecided = _LIST_START.search(self._text, self._done) or _UNDECIDED.search(self._text, self._done)
        is_open = undecided and not MARKER.fullmatch(undecided[0].rstrip())
        return self._write(undecided.start() if undecided and is_open else len(self._text))

    def end(self) -> str:
        """What is left when nothing more comes."""
        listed = _LIST_START.search(self._text, self._done)
        numbers = self._read_list(self._text[listed.start() :]) if listed else ()
        if not listed or not numbers:
            return self._write(len(self._text))
        rest = self._write(listed.start())
        return rest if self._has_marked else f"{rest.rstrip()} {_write_marker(numbers)}"

    def restart(self) -> MarkerReader:
        """A reader for another text of the same model."""
        return MarkerReader(self._passages, self._read)

    def _write(self, end: int) -> str:
        """The text up to `end` that wasn't written yet."""
        pieces: list[str] = []
        at = self._done
        for match in self._find_candidates(at, end):
            if match.start() < at:
                continue
            if self._is_made_up_link(match):
                pieces.append(self._text[at : match.start()])
                at = match.end()
            elif numbers := self._read_numbers(match):
                is_joined = self._text[match.start() - 1 : match.start()].isalnum()
                pieces += [self._text[at : match.start()], " " * is_joined, _write_marker(numbers)]
                at = match.end()
        self._done = end
        shown = "".join([*pieces, self._text[at:end]])
        self._has_marked |= bool(pieces or MARKER.search(shown))
        return shown

    def _find_candidates(self, start: int, end: int) -> list[re.Match[str]]:
        found = (*_SET_APART.finditer(self._text, start, end), *_BRACKETED.finditer(self._text, start, end))
        return sorted(found, key=lambda match: match.start())

    def _is_made_up_link(self, match: re.Match[str]) -> bool:
        """Whether a marker is followed by an address, as of a link, that the model read nowhere."""
        if match[0][0] != "(" or match[0] in self._read or not _ADDRESS.fullmatch(match["inner"]):
            return False
        before = self._text[max(0, match.start() - _LONGEST) : match.start()]
        ends = {found.end() for found in MARKER.finditer(before)}
        return before.endswith("]") and bool(ends & {len(before), len(before) - before.endswith("]]")})

    def _read_numbers(self, match: re.Match[str]) -> tuple[int, ...]:
        """The passages that the match names; none if it means something else."""
        is_code = self._text.count("`", 0, match.start()) % 2 == 1
        if is_code or MARKER.fullmatch(match[0]) or match[0] in self._read:
            return ()
        if match.re is _SET_APART:
            numbers = self._read_set_apart(match)
        else:
            numbers = self._find_file(match["inner"]) or self._read_bracketed(match)
        return numbers if all(1 <= number <= len(self._passages) for number in numbers) else ()

    def _read_set_apart(self, match: re.Match[str]) -> tuple[int, ...]:
        inner = str(match[match.lastgroup or 0])
        numbers = _read_inner(inner.translate(_DIGITS))
        if match["raised"] and len(inner) > 1 and max(numbers) > len(self._passages):
            return tuple(int(digit) for digit in inner.translate(_DIGITS) if digit.isdigit())
        return numbers

    def _read_bracketed(self, match: re.Match[str]) -> tuple[int, ...]:
        """The numbers between two brackets, if these can be a marker where they stand."""
        opening, inner = match["open"], match["inner"]
        before, after = self._text[max(0, match.start() - 2) : match.start()], self._text[match.end() :]
        names = [name for name in re.findall(r"[^\W\d_]{2,}", inner) if _NAMES.fullmatch(name)]
        is_sure = opening in _SQUARE or any(not _TOO_COMMON.fullmatch(name) for name in names)
        is_set_off = bool(re.search(r"[^\s*_>-]\s$|[.!?。！？\]}]$", before))
        may_end = bool(_SENTENCE_END.match(after)) or (opening == "{" and after[:1] in (",", ";", "{"))
        return _read_inner(inner) if is_sure or (is_set_off and may_end) else ()

    def _find_file(self, inner: str) -> tuple[int, ...]:
        """The passage of a file that is named, on the page that is named beside it."""
        named = _LEAD.sub("", inner, count=1).lstrip(".:,-– ").strip().casefold()
        page = _PAGE.search(named)
        found = [
            (page is not None and int(page[1]) != hit.chunk.page, number)
            for number, hit in enumerate(self._passages, start=1)
            if _is_name(named, hit.chunk.source.casefold())
        ]
        return (min(found)[1],) if found else ()

    def _read_list(self, text: str) -> tuple[int, ...]:
        """The passages that a list of sources names; none if the text says anything else."""
        numbers: list[int] = []
        for line in filter(str.strip, text.splitlines()):
            head = _HEAD.match(line)
            entry = line[head.end() :].rstrip(" .)]*_") if head else line
            marked = _MARKED.match(line)
            place = line[marked.end() :].rstrip(" .*_") if marked else entry
            own = list_numbers(marked[0]) if marked else ()
            named = self._find_file(place.strip("*_`\"'([")) or (() if marked else _read_inner(entry))
            if entry and not named and not (own and len(place) <= _LONGEST_TITLE):
                return ()
            numbers += own or named
        return tuple(dict.fromkeys(number for number in numbers if 1 <= number <= len(self._passages)))


def _write_marker(numbers: Sequence[int]) -> str:
    return f"[{', '.join(map(str, numbers))}]"


def _is_name(named: str, source: str) -> bool:
    """Whether a source is named, alone or with a place in it."""
    names = (source, PurePosixPath(source).name)
    return any(named == name or (named.startswith(name) and named[len(name)] in ",;:# †") for name in names)


def _read_inner(inner: str) -> tuple[int, ...]:
    """The numbers of a text that holds nothing else than what names passages, and perhaps a place; else none."""
    inner = _PLACE.sub("", inner)
    parts = list(_PARTS.finditer(inner))
    if not all(_is_part_of_marker(part) for part in parts):
        return ()
    return list_numbers(inner)


def _is_part_of_marker(part: re.Match[str]) -> bool:
    if part["word"]:
        return bool(_NAMES.fullmatch(part["word"]))
    is_short = bool(part["number"]) and len(part["number"]) <= 2
    return is_short or bool(part["letter"] or part["sign"]) or part[0].isspace()
