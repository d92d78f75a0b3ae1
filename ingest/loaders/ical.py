"""Calendars (ICS) and contacts (VCF): each event and each card under its name, dates as ISO dates.

Both are written in lines of one form. They are read by their lines alone, without a library: its parsers refuse what
programs really write, and all that is needed of the values is to show them.
"""

from __future__ import annotations

import calendar
import datetime
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ingest.loaders.encoding import decode
from ingest.loaders.reading import Reading, ReadOptions, make_one_line, make_single_page
from ingest.loaders.web.html import convert_html
from rag.types import Document


@dataclass(frozen=True, slots=True)
class _Property:
    """A line such as ``DTSTART;TZID=Europe/Oslo:20240318T133000``."""

    name: str
    """In capitals, without the group before it."""
    group: str
    parameters: dict[str, str]
    """By their names in capitals. Those without a name, as in ``TEL;CELL``, count as types."""
    value: str
    """As it stands, with escapes."""

    @property
    def text(self) -> str:
        """The value on one line, without escapes."""
        return make_one_line(_unescape(self.value))

    def list_parts(self, separator: str = ";") -> list[str]:
        """The parts of a value such as a name or an address; empty ones are left out."""
        parts = re.findall(rf"(?:\\.|[^\\{separator}])+", self.value, re.DOTALL)
        return [part for part in (make_one_line(_unescape(part)) for part in parts) if part]


@dataclass(slots=True)
class _Component:
    """What stands between ``BEGIN:VEVENT`` and ``END:VEVENT``."""

    kind: str
    properties: list[_Property] = field(default_factory=list)

    def find(self, *names: str) -> _Property | None:
        """The first property with one of these names that says something, in the order of the names."""
        return next((line for name in names for line in self.properties if line.name == name and line.text), None)

    def read(self, *names: str) -> str:
        """The text of that property; empty if there is none."""
        found = self.find(*names)
        return found.text if found else ""


def load_calendar(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A calendar: its events, tasks and notes."""
    components = list(_read_components(decode(data)))
    title = next((part.read("X-WR-CALNAME", "NAME") for part in components if part.kind == "VCALENDAR"), "")
    entries = [_write_entry(part) for part in components if part.kind in _ENTRIES]
    return make_single_page(Document(source, (), title=title), "\n\n".join(entry for entry in entries if entry))


def load_contacts(source: str, data: bytes, options: ReadOptions) -> Reading:
    """A file of contact cards."""
    cards = [_write_card(part) for part in _read_components(decode(data)) if part.kind == "VCARD"]
    return make_single_page(Document(source, ()), "\n\n".join(card for card in cards if card))


# Lines


def _read_components(text: str) -> Iterator[_Component]:
    """The components in the order in which they begin to end; each has its own properties, not those within it."""
    open_: list[_Component] = []
    for line in _unfold(text):
        found = _read_property(line)
        if found is None:
            continue
        if found.name == "BEGIN":
            open_.append(_Component(found.value.strip().upper()))
        elif found.name == "END" and open_:
            ended = open_.pop()
            if ended.kind == "VALARM" and open_:  # what it reminds of is read with the entry
                open_[-1].properties.extend(
                    replace(told, name="VALARM") for told in ended.properties if told.name == "DESCRIPTION"
                )
            yield ended
        elif open_:
            open_[-1].properties.append(found)
    yield from reversed(open_)  # cut off


_SOFT_BREAK = re.compile(r"[^:]*;(?:ENCODING=)?QUOTED-PRINTABLE\b", re.IGNORECASE)


def _unfold(text: str) -> Iterator[str]:
    """The lines, each with those that go on with it: they begin with a space, or follow ``=`` in quoted-printable."""
    pending: list[str] = []
    is_quoted = is_open = False
    for line in re.split(r"\r\n|\r|\n", text):
        if is_open:
            pending.append(line)
        elif line[:1] in (" ", "\t") and pending:
            pending.append(line[1:])
        else:
            if pending:
                yield "".join(pending)
            pending = [line]
            is_quoted = _SOFT_BREAK.match(line[:500]) is not None
        is_open = is_quoted and line.endswith("=")
        if is_open:
            pending[-1] = pending[-1][:-1]
    yield "".join(pending)


_LINE = re.compile(r"(?:([\w-]+)\.)?([\w-]+)((?:;(?:[^\":;]|\"[^\"]*+\")*+)*+):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([\w-]+)(?:=((?:[^\";]|\"[^\"]*+\")*+))?")


def _read_property(line: str) -> _Property | None:
    found = _LINE.match(line)
    if found is None:
        return None
    parameters: dict[str, str] = {}
    for name, value in _PARAMETER.findall(found[3]):
        name, value = (name.upper(), value.replace('"', "")) if value else ("TYPE", name)
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    value = found[4]
    if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "") + parameters.get("TYPE", "")).upper():
        value = decode(quopri.decodestring(value.encode("utf-8", "replace")), parameters.get("CHARSET", ""))
    return _Property(found[2].upper(), (found[1] or "").lower(), parameters, value)


def _unescape(text: str) -> str:
    return re.sub(r"\\([nN]|[^\w\s])", lambda found: "\n" if found[1] in "nN" else found[1], text)


# Dates

_DATE = re.compile(r"(\d{4}|--)-?(\d\d)-?(\d\d)(?:T?(\d\d):?(\d\d)(?::?\d\d(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$")


_NO_YEAR = "1604"
"""What Apple's programs write for the year of a birthday that has none."""


def write_date(value: str, zone: str = "") -> str:
    """``2024-03-18 13:30 (Europe/Oslo)`` for ``20240318T133000``; what is no date stays as it is.

    A birthday without its year is ``--03-18``.
    """
    found = _DATE.match(value.strip())
    if found is None:
        return value.strip()
    year, month, day, hour, minute, offset = found.groups()
    date = f"--{month}-{day}" if year in ("--", _NO_YEAR) else f"{year}-{month}-{day}"
    if hour is None:
        return date
    place = "UTC" if offset == "Z" else offset or (f"({zone})" if zone else "")
    return f"{date} {hour}:{minute} {place}".rstrip()


def _write_property_date(found: _Property) -> str:
    zone = found.parameters.get("TZID", "").strip("/")
    return ", ".join(write_date(part, zone) for part in found.value.split(",") if part)


def _write_period(entry: _Component) -> str:
    """When an event is: from its beginning to its end, which for whole days is the day before the one that is told."""
    start, end = entry.find("DTSTART"), entry.find("DTEND")
    first = _write_property_date(start) if start else ""
    last = _write_property_date(end) if end else ""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", first) and re.fullmatch(r"\d{4}-\d\d-\d\d", last):
        last = max(first, _find_day_before(last))
    if not last or first == last:
        length = _write_duration(entry.read("DURATION"))
        return f"{first}, {length}" if first and length else first
    day = first[:11]
    if len(first) > 10 and last.startswith(day):
        return f"{day}{first[11:16]} to {last[11:]}" if first[16:] == last[16:] else f"{first} to {last}"
    return f"{first} to {last}"


def _find_day_before(day: str) -> str:
    try:
        return (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _write_duration(value: str) -> str:
    """``1 h 30 min`` for ``PT1H30M``."""
    names = {"W": "weeks", "D": "days", "H": "h", "M": "min"}
    return " ".join(f"{number} {names[unit]}" for number, unit in re.findall(r"(\d+)([WDHM])", value.upper()))


def _write_rule(value: str) -> str:
    """``every 2 weeks, on Monday, until 2024-12-31`` for a rule by which an event repeats."""
    rules = dict(part.upper().split("=", 1) for part in value.split(";") if "=" in part)
    often, unit = rules.get("INTERVAL", "1"), _UNITS.get(rules.get("FREQ", ""), "")
    words = [f"every {often} {unit}s" if often != "1" and unit else rules.get("FREQ", "").lower()]
    positions = [_name_position(place) for place in rules.get("BYSETPOS", "").split(",") if place]
    days = ", ".join(map(_name_weekday, rules["BYDAY"].split(","))) if "BYDAY" in rules else ""
    words.append(f"on {' and '.join(f'the {place}' for place in positions)} {days}".replace("  ", " ") if days else "")
    if "BYMONTHDAY" in rules:
        words.append("on " + ", ".join(_name_day(day) for day in rules["BYMONTHDAY"].split(",")))
    if "BYMONTH" in rules:
        words.append("in " + ", ".join(_name_month(month) for month in rules["BYMONTH"].split(",")))
    words.append(f"for {rules['COUNT']} times" if "COUNT" in rules else "")
    words.append(f"until {write_date(rules['UNTIL'])}" if "UNTIL" in rules else "")
    return ", ".join(word for word in words if word)


_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour"}
_WEEKDAYS = dict(zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), calendar.day_name, strict=True))
_POSITIONS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last"}


def _name_weekday(code: str) -> str:
    """``the second Monday`` for ``2MO``."""
    place, day = code.strip()[:-2].lstrip("+"), _WEEKDAYS.get(code.strip()[-2:], code)
    return f"the {_name_position(place)} {day}" if place else day


def _name_position(place: str) -> str:
    return _POSITIONS.get(place, f"number {place}")


def _name_day(day: str) -> str:
    return "the last day" if day == "-1" else f"day {day}"


def _name_month(month: str) -> str:
    return calendar.month_name[int(month)] if month.isdecimal() and 0 < int(month) < 13 else month


# Entries

_ENTRIES = frozenset(("VEVENT", "VTODO", "VJOURNAL"))
_ENTRY_FIELDS = (
    ("DUE", "due"), ("COMPLETED", "completed"), ("RRULE", "repeats"), ("RDATE", "also on"), ("EXDATE", "except on"),
    ("RECURRENCE-ID", "instead of"), ("STATUS", "status"), ("ORGANIZER", "organizer"), ("ATTENDEE", "attendee"),
    ("CONTACT", "contact"), ("CATEGORIES", "categories"), ("RESOURCES", "resources"), ("URL", "link"),
    ("VALARM", "reminder"),
)  # fmt: skip
_DATES = frozenset("DUE COMPLETED RDATE EXDATE RECURRENCE-ID BDAY ANNIVERSARY DEATHDATE X-ABDATE".split())


def _write_entry(entry: _Component) -> str:
    """The entry with its date and place in one sentence, and its name in each line: of many, one alone may be read."""
    name, place, due = entry.read("SUMMARY"), entry.read("LOCATION"), entry.find("DUE")
    period = _write_period(entry) or (f"due {_write_property_date(due)}" if due else "")
    told = ": ".join(part for part in (name, "; ".join(part for part in (period, place) if part)) if part)
    blocks = [f"## {name}"] if name else []
    blocks.append(told if told != name else "")
    names = ("DESCRIPTION", "COMMENT") if entry.find("DESCRIPTION") else ("X-ALT-DESC", "COMMENT")
    blocks.extend(_describe(line) for line in entry.properties if line.name in names)
    of = f"{name}, " if name else ""
    listed = _list_fields(entry, _ENTRY_FIELDS)
    blocks.append("\n".join(f"- {of}{label}: {value}" for label, value in listed if not _says_nothing(value, name)))
    return "\n\n".join(block for block in blocks if block)


_MARKUP = re.compile(
    r"</?(?:a|b|br|div|em|font|h\d|html|i|li|ol|p|span|strong|table|u|ul)(?:\s[^<>]*)?/?>", re.IGNORECASE
)


def _describe(line: _Property) -> str:
    """The text of a description; Google's and Outlook's may be HTML."""
    text = _unescape(line.value).strip()
    return convert_html(text.replace("\n", "<br>")) if _MARKUP.search(text) else text


_BARE_REMINDER = re.compile(
    r"(?:this is an |default )?(?:event |mozilla )?(?:reminder|alarm|description)", re.IGNORECASE
)


def _says_nothing(value: str, name: str) -> bool:
    """Whether a field only repeats the entry's name, or is what programs write where nobody wrote anything."""
    return value == name or _BARE_REMINDER.fullmatch(value) is not None


_CARD_FIELDS = (
    ("TEL", "phone"), ("EMAIL", "email"), ("ADR", "address"), ("ORG", "organization"), ("TITLE", "job title"),
    ("ROLE", "role"), ("BDAY", "birthday"), ("ANNIVERSARY", "anniversary"), ("NICKNAME", "nickname"),
    ("IMPP", "messenger"), ("X-SOCIALPROFILE", "profile"), ("URL", "web page"), ("RELATED", "related"),
    ("X-ABRELATEDNAMES", "related"), ("X-ABDATE", "date"), ("CATEGORIES", "categories"), ("NOTE", "note"),
)  # fmt: skip


def _write_card(card: _Component) -> str:
    """The card with its owner's name in each line: of many alike in a file, one alone may be read."""
    name = card.read("FN") or _write_name(card) or card.read("ORG", "EMAIL", "TEL")
    fields = [f"- {name}, {label}: {value}" for label, value in _list_fields(card, _CARD_FIELDS) if value != name]
    return "\n".join((f"## {name}\n", *fields)) if fields else name


def _write_name(card: _Component) -> str:
    """The name as it is spoken, of family name, given name, further names, what stands before and behind."""
    found = card.find("N")
    parts = re.split(r"(?<!\\);", found.value)[:5] if found else []
    family, given, more, before, behind = [make_one_line(_unescape(part)) for part in parts] + [""] * (5 - len(parts))
    return " ".join(part for part in (before, given, more, family, behind) if part)


def _list_fields(component: _Component, names: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """Label and value of each field that is shown, in the order of `names`."""
    labels = {line.group: line.text for line in component.properties if line.group and line.name == "X-ABLABEL"}
    told: set[tuple[str, str]] = set()
    for name, label in names:
        for line in component.properties:
            if line.name == name and (value := _write_value(line)):
                kinds = _name_kinds(line, labels)
                shown = (f"{label} ({kinds})" if kinds else label), value
                if shown not in told:
                    told.add(shown)
                    yield shown


def _write_value(line: _Property) -> str:
    if line.name in _DATES:
        return _write_property_date(line)
    if line.name == "RRULE":
        return _write_rule(line.value)
    if line.name in ("ADR", "ORG"):
        return ", ".join(line.list_parts())
    if line.name in ("ORGANIZER", "ATTENDEE"):
        return _write_person(line)
    return re.sub(r"^(?:tel|mailto):", "", line.text, flags=re.IGNORECASE)


def _write_person(line: _Property) -> str:
    """``Tuva Lien <tuva@example.org> (accepted)``, as far as it is told."""
    address = re.sub(r"^mailto:", "", line.text, flags=re.IGNORECASE)
    name, answer = line.parameters.get("CN", ""), line.parameters.get("PARTSTAT", "").lower()
    person = f"{name} <{address}>" if name and name != address else address
    return f"{person} ({answer.replace('-', ' ')})" if answer else person


_KINDS_SHOWN = frozenset("TEL EMAIL ADR URL IMPP RELATED X-ABRELATEDNAMES X-ABDATE X-SOCIALPROFILE".split())
_NO_KINDS = frozenset("pref voice internet quoted-printable base64 b x400 msg other default".split())


def _name_kinds(line: _Property, labels: dict[str, str]) -> str:
    """What kind of phone or address it is: ``work``, ``cell``, or the user's own label of its group."""
    if line.name not in _KINDS_SHOWN:
        return ""
    if own := labels.get(line.group, ""):
        return re.sub(r"^_\$!<(.*)>!\$_$", r"\1", own).lower()
    kinds = line.parameters.get("TYPE", "").lower().split(",")
    return ", ".join(dict.fromkeys(kind for kind in kinds if kind and kind not in _NO_KINDS))
