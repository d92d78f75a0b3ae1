"""OpenDocument's automatic numbers: a file holds its lists and the look of their numbers, but not the numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.loaders.elements import get_attribute, get_tag, parse_xml
from ingest.loaders.office.numbering import BULLET, LONGEST_LABEL, read_number, write_number

if TYPE_CHECKING:
    from lxml.etree import _Element

_OUTLINE = "\0outline"
"""Stands for the name of the style that numbers headings; no list can have it, since XML has no such letter."""
_MOST_STYLES_ABOVE = 20
"""Styles may be based on each other in a ring."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How the items of one level of a list are numbered."""

    format: str
    """As `write_number` knows it; empty for no number, as of bullets and of levels that show none."""
    prefix: str = ""
    suffix: str = ""
    template: str = ""
    """What is shown, with ``%1%`` for the number of the outermost level; if empty, prefix, numbers and suffix."""
    shown_levels: int = 1
    """How many numbers are shown, those of the levels above before its own."""
    start: int = 1


@dataclass(slots=True)
class OpenList:
    """A list whose items are being read."""

    style: str
    level: int
    """Counted from 0."""
    counts: dict[int, int] = field(default_factory=dict)
    """The latest number of each level; shared with the lists in its items and with those that continue it."""


class Styles:
    """The styles that number paragraphs, each read when it is first asked for: most files have more than they use."""

    def __init__(self, own: Iterable[_Element] = (), read_common: Callable[[], bytes | None] = lambda: None) -> None:
        """`own` are the elements that define styles for the text alone; `read_common` gives the file of all others."""
        self._read_common = read_common
        self._sources: list[Callable[[], Iterable[_Element]]] = [lambda: own, self._find_common]
        self._elements: dict[tuple[str, str], _Element] = {}
        self._levels: dict[str, dict[int, _Level]] = {}

    def numbers_headings(self) -> bool:
        """Whether the style of the outline shows a number at any level."""
        if _OUTLINE not in self._levels and _SHOWN_OUTLINE.search(self._read_common() or b"") is None:
            self._levels[_OUTLINE] = {}
        return any(level.format for level in self._read_levels("outline-style", _OUTLINE).values())

    def get_level(self, style: str, level: int) -> _Level:
        """How the level of a list is numbered; without a number if the file doesn't tell."""
        tag = "outline-style" if style == _OUTLINE else "list-style"
        return self._read_levels(tag, style).get(level, _Level(""))

    def find_list_style(self, paragraph: _Element) -> str | None:
        """The list that the paragraph's style names: empty if it wants none, None if it doesn't tell."""
        name = get_attribute(paragraph, "style-name")
        for _ in range(_MOST_STYLES_ABOVE):
            style = self._find("style", name)
            if style is None:
                break
            for key, value in style.attrib.items():
                if str(key).endswith("}list-style-name"):
                    return str(value)
            name = get_attribute(style, "parent-style-name")
        return None

    def _find_common(self) -> Iterable[_Element]:
        content = self._read_common()
        return find_styles(parse_xml(content), "styles") if content else ()

    def _read_levels(self, tag: str, name: str) -> dict[int, _Level]:
        if name not in self._levels:
            style = self._find(tag, name)
            self._levels[name] = {} if style is None else dict(_read_levels(style))
        return self._levels[name]

    def _find(self, tag: str, name: str) -> _Element | None:
        """The element that defines a style; paragraphs have others than letters of the same name."""
        while (tag, name) not in self._elements and self._sources:
            for style in self._sources.pop(0)():
                kind = get_tag(style)
                if kind == "style" and get_attribute(style, "family") != "paragraph":
                    continue
                if kind in ("style", "list-style", "outline-style"):
                    named = _OUTLINE if kind == "outline-style" else get_attribute(style, "name")
                    self._elements.setdefault((kind, named), style)
        return self._elements.get((tag, name))


_SHOWN_OUTLINE = re.compile(rb"<[\w.-]*:?outline-level-style\b[^>]*num-format=['\"][^'\"]")


def find_styles(root: _Element, container: str) -> Iterator[_Element]:
    """The elements below that of the root which is called so."""
    return (style for holder in root if get_tag(holder) == container for style in holder)


class ListNumbers:
    """Counts as LibreOffice does; lists and headings must be given in reading order."""

    def __init__(self, styles: Styles, *, joins_neighbours: bool = False) -> None:
        """`joins_neighbours` says that a list behind one of the same style continues it, as in presentations."""
        self._joins_neighbours = joins_neighbours
        self._styles = styles
        self._by_id: dict[str, dict[int, int]] = {}
        self._by_style: dict[str, dict[int, int]] = {}
        self._headings = OpenList(_OUTLINE, 0)

    def open_list(self, element: _Element, around: OpenList | None) -> OpenList:
        """The list, which goes on counting where it continues another one; `around` is the one in whose item it is."""
        style = get_attribute(element, "style-name")
        if around is not None and style in ("", around.style):
            return OpenList(around.style, around.level + 1, around.counts)
        style = style or next(filter(None, map(self._styles.find_list_style, _find_paragraphs(element))), "")
        opened = OpenList(style, 0 if around is None else around.level + 1, self._find_continued(element, style))
        self._by_style[style] = self._by_id[get_attribute(element, "id")] = opened.counts
        return opened

    def _find_continued(self, element: _Element, style: str) -> dict[int, int]:
        """The numbers that the list begins with: those of the list that it continues, or none."""
        continued = self._by_id.get(get_attribute(element, "continue-list") or "\0")
        if continued is not None:
            return continued
        continues = get_attribute(element, "continue-numbering") == "true"
        if self._joins_neighbours and (before := element.getprevious()) is not None and get_tag(before) == "list":
            continues = continues or get_attribute(before, "style-name") == get_attribute(element, "style-name")
        return self._by_style.get(style, {}) if continues else {}

    def count_item(self, item: _Element, opened: OpenList) -> str:
        """What stands before the item: its number, `BULLET`, or nothing for a list's heading.

        An item that holds a list before any text only makes sure that its level has a number.
        """
        if get_tag(item) == "list-header":
            return ""
        first = next((tag for tag in map(get_tag, item) if tag in ("p", "h", "list")), "")
        if first == "list":
            opened.counts.setdefault(opened.level, self._styles.get_level(opened.style, opened.level).start)
            return ""
        return _find_written(item) or self._count(opened, get_attribute(item, "start-value")) or BULLET

    def count_heading(self, heading: _Element, level: int) -> str:
        """The number of a heading outside of lists; empty if headings of its level, counted from 0, have none."""
        if not self._styles.numbers_headings() or get_attribute(heading, "is-list-header") == "true":
            return _find_written(heading)
        if self._styles.find_list_style(heading) is not None:
            return _find_written(heading)
        self._headings.level = level
        restart = get_attribute(heading, "start-value")
        if get_attribute(heading, "restart-numbering") == "true" and not restart:
            self._headings.counts.pop(level, None)
        return self._count(self._headings, restart) or _find_written(heading)

    def _count(self, opened: OpenList, restart: str) -> str:
        """The next number of the list's level; empty if none is shown."""
        counts, level = opened.counts, opened.level
        own = self._styles.get_level(opened.style, level)
        counts[level] = read_number(restart, counts[level] + 1 if level in counts else own.start)
        for below in [other for other in counts if other > level]:
            del counts[below]
        return self._write_label(opened) if own.format else ""

    def _write_label(self, opened: OpenList) -> str:
        own = self._styles.get_level(opened.style, opened.level)

        def write(at: int) -> str:
            other = self._styles.get_level(opened.style, at)
            return write_number(opened.counts.get(at, other.start), other.format) if other.format else ""

        if own.template:
            label = re.sub(r"%(\d\d?)%", lambda place: write(int(place[1]) - 1), own.template)
        else:
            first = max(0, opened.level + 1 - own.shown_levels)
            label = own.prefix + ".".join(filter(None, map(write, range(first, opened.level + 1)))) + own.suffix
        return label[:LONGEST_LABEL].strip()


def _find_paragraphs(element: _Element) -> Iterator[_Element]:
    return (child for child in element.iter() if get_tag(child) in ("p", "h"))


def _find_written(element: _Element) -> str:
    """The number that the program which saved the file wrote beside the text for others that can't count."""
    number = next((child for child in element if get_tag(child) == "number"), None)
    return " ".join("".join(number.itertext()).split())[:LONGEST_LABEL] if number is not None else ""


def _read_levels(style: _Element) -> Iterator[tuple[int, _Level]]:
    for element in style:
        level = read_number(get_attribute(element, "level"), 0) - 1
        if level < 0:
            continue
        if get_tag(element) not in ("list-level-style-number", "outline-level-style"):
            yield level, _Level("")
            continue
        yield (
            level,
            _Level(
                _find_format(get_attribute(element, "num-format"), get_attribute(element, "num-letter-sync") == "true"),
                get_attribute(element, "num-prefix")[:LONGEST_LABEL],
                get_attribute(element, "num-suffix")[:LONGEST_LABEL],
                get_attribute(element, "num-list-format")[:LONGEST_LABEL],
                read_number(get_attribute(element, "display-levels"), 1),
                read_number(get_attribute(element, "start-value"), 1),
            ),
        )


_FORMATS = {
    "1": "decimal",
    "i": "lowerRoman",
    "I": "upperRoman",
    "1st": "ordinal",
    "①": "decimalEnclosedCircle",
    "一": "chineseCounting",
    "А": "russianUpper",
    "а": "russianLower",
}
"""Formats by what ``style:num-format`` begins with: it names one by its first numbers, as in ``一, 二, 三, ...``."""


def _find_format(named: str, repeats_letters: bool) -> str:
    """The format as `write_number` knows it. After "z" comes "aa", and then "bb" if letters are repeated, else "ab"."""
    if named in ("a", "A"):
        case = "lower" if named == "a" else "upper"
        return f"{case}Letter" if repeats_letters else f"{case}LetterInTurn"
    if not named or re.fullmatch("0{1,9}1", named):
        return named
    return _FORMATS.get(named.partition(",")[0], "decimal")
