"""Calendars and contacts as phones and mail programs write them."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import detect
from ingest.loaders.ical import load_calendar, load_contacts
from ingest.loaders.reading import ReadOptions


def _calendar(lines: str) -> str:
    data = f"BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n".encode()
    return next(load_calendar("a.ics", data, ReadOptions()).pages).text


def _card(lines: str, encoding: str = "utf-8") -> list[str]:
    data = f"BEGIN:VCARD\n{lines}\nEND:VCARD\n".encode(encoding)
    return next(load_contacts("a.vcf", data, ReadOptions()).pages).text.split("\n")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("DTSTART;VALUE=DATE:20251231\nDTEND;VALUE=DATE:20260101", "2025-12-31"),
        ("DTSTART;VALUE=DATE:20260227\nDTEND;VALUE=DATE:20260302", "2026-02-27 to 2026-03-01"),
        ("DTSTART:20260227T081500Z\nDTEND:20260227T101500Z", "2026-02-27 08:15 to 10:15 UTC"),
        (
            "DTSTART;TZID=Asia/Tokyo:20260227T233000\nDTEND;TZID=Asia/Tokyo:20260228T003000",
            "2026-02-27 23:30 (Asia/Tokyo) to 2026-02-28 00:30 (Asia/Tokyo)",
        ),
        ("DTSTART:20260227T081500\nDURATION:PT1H30M", "2026-02-27 08:15, 1 h 30 min"),
        ("DUE:20260227", "due 2026-02-27\n\n- Launch, due: 2026-02-27"),
        ("DTSTART:some day", "some day"),
    ],
)
def test_when_something_is(lines, told):
    assert _calendar(f"BEGIN:VTODO\nSUMMARY:Launch\n{lines}\nEND:VTODO") == f"## Launch\n\nLaunch: {told}"


def test_an_event_with_all_that_is_told_of_it():
    text = _calendar(
        "X-WR-CALNAME:Club\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTART:20260227\r\n"
        "SUMMARY:Regatta\\, first\r\n  round\r\nLOCATION:Pier 4\r\n"
        "DESCRIPTION:Bring:\\n- oars\\; and\\n- lam\r\n ps\r\n"
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;UNTIL=20260501T000000Z\r\nEXDATE:20260313,20260410\r\n"
        'ATTENDEE;CN="Moe: Liv";PARTSTAT=NEEDS-ACTION:mailto:liv@example.org\r\n'
        "BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT"
    )
    assert text == (
        "## Regatta, first round\n\nRegatta, first round: 2026-02-27; Pier 4\n\nBring:\n- oars; and\n- lamps\n\n"
        "- Regatta, first round, repeats: every 2 weeks, on Friday, until 2026-05-01 00:00 UTC\n"
        "- Regatta, first round, except on: 2026-03-13, 2026-04-10\n"
        "- Regatta, first round, attendee: Moe: Liv <liv@example.org> (needs action)"
    )


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("FREQ=WEEKLY;BYDAY=TU,TH", "weekly, on Tuesday, Thursday"),
        ("FREQ=MONTHLY;BYDAY=2MO;COUNT=6", "monthly, on the second Monday, for 6 times"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "monthly, on the last Monday, Tuesday, Wednesday, Thursday, Friday",
        ),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYDAY=-1SU", "yearly, on the last Sunday, in March"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1;INTERVAL=3", "every 3 months, on day 15, the last day"),
        ("freq=odd;interval=2;bymonth=99", "odd, in 99"),
    ],
)
def test_a_rule_by_which_something_repeats_is_told_in_words(rule, told):
    text = _calendar(f"BEGIN:VEVENT\nSUMMARY:Launch\nRRULE:{rule}\nRDATE:20260703\nEND:VEVENT")
    assert text == f"## Launch\n\n- Launch, repeats: {told}\n- Launch, also on: 2026-07-03"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("FN:Bo\nitem1.TEL:tel:+1-22\nitem1.X-ABLabel:_$!<Boat>!$_", "Bo, phone (boat): +1-22"),
        ("FN:Bo\nTEL;type=CELL;type=VOICE;type=pref:22", "Bo, phone (cell): 22"),
        ("N:van Dam;Bo;J.;Dr;\nBDAY:--0704", "Dr Bo J. van Dam, birthday: --07-04"),
        ("FN:Bo\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-07-04", "Bo, birthday: --07-04"),
        ("FN:Bo\ni.X-ABRELATEDNAMES:Ola\ni.X-ABLabel:_$!<Spouse>!$_", "Bo, related (spouse): Ola"),
        ("FN:Bo\ni.X-ABDATE:2010-06-19\ni.X-ABLabel:_$!<Anniversary>!$_", "Bo, date (anniversary): 2010-06-19"),
        ("FN:Bo\nADR;HOME:;;Quay 1\\, rear;Turku;;20100;", "Bo, address (home): Quay 1, rear, Turku, 20100"),
        ("FN:Bo\nORG:Yard;Sails", "Bo, organization: Yard, Sails"),
        ("ORG:Yard\nEMAIL;INTERNET:a@b.c", "Yard, email: a@b.c"),
    ],
)  # fmt: skip
def test_a_card_tells_whose_each_line_is(lines, told):
    assert _card(lines)[-1] == f"- {told}"


def test_quoted_printable_goes_on_over_lines_in_its_own_charset():
    lines = (
        "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Zo=EB F=\n=FCrst\nNOTE;QUOTED-PRINTABLE:one=0D=0Atwo=\n three"
    )
    assert _card(lines) == ["## Zoë Fürst", "", "- Zoë Fürst, note: one two three"]


def test_a_cut_off_file_and_one_under_another_name_are_read_still():
    assert _card("FN:Bo\nTEL:22\nBEGIN:VCARD\nFN:Cy\nTEL:23")[0] == "## Cy"
    assert detect("a.txt", b"BEGIN:VCARD\r\nFN:Bo\r\n").name == "vcf"
    assert detect("a", b"BEGIN:VCALENDAR\nEND:VCALENDAR").name == "ics"


def test_what_an_event_reminds_of_is_read_with_it_unless_a_program_wrote_it():
    alarm = "BEGIN:VALARM\nTRIGGER:-P1D\nDESCRIPTION:{}\nEND:VALARM\n"
    alarms = "".join(map(alarm.format, ("Pack the clocks", "This is an event reminder", "Chess")))
    assert _calendar(f"BEGIN:VEVENT\nSUMMARY:Chess\nDTSTART:20260227\n{alarms}END:VEVENT") == (
        "## Chess\n\nChess: 2026-02-27\n\n- Chess, reminder: Pack the clocks"
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            r"DESCRIPTION:Bring <b>oars</b>.<br>Call <a href='tel:1'>Signe</a>\nby noon",
            "Bring oars.\nCall Signe\nby noon",
        ),
        ("DESCRIPTION:a < b and <oars> > 3", "a < b and <oars> > 3"),
        ("X-ALT-DESC;FMTTYPE=text/html:<html><body>Pump <i>four</i></body></html>", "Pump four"),
        ("X-ALT-DESC;FMTTYPE=text/html:<p>the same</p>\nDESCRIPTION:the same", "the same"),
    ],
)
def test_a_description_in_html_is_read_as_it_looks(line, told):
    assert _calendar(f"BEGIN:VEVENT\nSUMMARY:Camp\n{line}\nEND:VEVENT") == f"## Camp\n\n{told}"
