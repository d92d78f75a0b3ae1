"""RTF: every way to write a letter, and every place where text can stand."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError

FONTS = (
    rb"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128{\*\falt Gothic} Mincho;}"
    rb"{\f3\fcharset2 Symbol;}{\f4\fcharset238 CE;}}{\colortbl;\red0\green0\blue0;}"
)
STYLES = rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2\sbasedon1 My own;}{\*\cs3 Char;}{\s4 Title;}}"
START = rb"{\rtf1\ansi\ansicpg1252\uc1\deff0" + FONTS + STYLES


def _text(body: bytes, start: bytes = START) -> str:
    return "".join(page.text for page in read("a.rtf", start + body + b"}", ReadOptions())[1].pages)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"\u1055?\u1088?\u1080? \u8364\'80 \u-10179?\u-8704? end", "При € 😀 end"),
        (rb"\uc0 \u960 is pi, \uc2\u945ab alpha {\uc3\u9731abc snow}\u946\'e2\'e2!", "πis pi, α alpha ☃ snowβ!"),
        (rb"\f1 \'cf\'f0\'e8\f0  Gr\'fc\'dfe {\f4 \'f8eka} {\f2 \'93\'fa\'83\'5c\'83]}", "При Grüße řeka 日ソゾ"),
        (
            rb"a\~b \endash \emdash  \lquote q\rquote  x\_y op\-tional \{br\} back\\slash",
            "a b –— ‘q’ x-y optional {br} back\\slash",
        ),
        (b"wo\r\nrd {\\b bo}ld \\lang1033\\'e9", "word bold é"),
    ],
)
def test_letters(body, text):
    assert _text(body) == text


@pytest.mark.parametrize(
    ("start", "body", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 ", "Договор ".encode("cp1251") + rb"\'cf\'f0\'e8", "Договор При"),
        (rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset0 A;}}", rb"\f0 \'cf\'f0\'e8", "При"),
        (rb"{\rtf1\ansi\ansicpg1250 ", rb"P\'f8\'edli\'9a", "Příliš"),
        (rb"{\rtf1\ansi\ansicpg932 ", rb"\'93\'fa\'96\'7b", "日本"),
        (rb"{\rtf1\mac ", rb"caf\'8e", "café"),
        (rb"{\rtf1\pc ", rb"\'81ber", "über"),
        (rb"{\rtf1\ansi\ansicpg1252 ", "Grüße 日本".encode(), "Grüße 日本"),
        (rb"{\rtf1\ansi\ansicpg99999 ", rb"\'fc", "ü"),
    ],
)
def test_code_pages(start, body, text):
    assert _text(body, start) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"One\par Two\line three\par\par\pard Four\page Five\sect Six", "One\n\nTwo\nthree\n\nFour\n\nFive\n\nSix"),
        (rb"\s1 A\par\pard\s2 B\par\pard\outlinelevel1 C\par\pard D", "# A\n\n# B\n\n## C\n\nD"),
        (rb"{\pntext\f3\'b7\tab}Apples\par{\listtext o\tab}\ls1\ilvl1 Pears\par", "- Apples\n  - Pears"),
        (rb"{\listtext 1.1\tab}\s1 A\par\pard{\listtext (a)\tab}\ls1\ilvl2 B\par\pard", "# 1.1 A\n\n(a) B"),
        (
            rb"A\par\trowd\pard\intbl N\par 1\cell Fee\cell\row\intbl Duck\cell 12\cell\row\pard Z",
            "A\n\nN 1\tFee\nDuck\t12\n\nZ",
        ),
        (
            rb"{\trowd\pard\intbl{A\cell}{B\cell}{\trowd\row}}\pard\intbl alone\par here\cell\row\pard Z",
            "A\tB\n\nalone\n\nhere\n\nZ",
        ),
        (
            rb"\intbl o\par\itap2 a\nestcell b\nestcell{\*\nesttableprops\nestrow}{\nonesttables\par}\cell c\cell\row",
            "o a b\tc",
        ),
        (
            rb"Claim{\super\chftn{\footnote\pard\plain{\super\chftn} The note.}} goes on.\par End",
            "Claim goes on.\n\n(The note.)\n\nEnd",
        ),
        (
            rb"Word{\*\atnid J}{\*\atnauthor Jane}\chatn{\*\annotation{\*\atndate 1}Check.} more",
            "Word more\n\n(Jane: Check.)",
        ),
        (rb"{\header Letter\par}{\headerf Letter\par}Body{\footer Foot\par}", "Body\n\nLetter\n\nFoot"),
        (
            rb"A{\shp{\*\shpinst{\sp{\sn f}{\sv 0}}{\shptxt One\par Two}}{\shprslt{\*\do{\dptxbxtext One}}}} b\par C",
            "A b\n\nOne\n\nTwo\n\nC",
        ),
        (rb"A{\*\do{\dptxbx{\dptxbxtext Old}}} b", "A b\n\nOld"),
        (rb"A {\object{\*\objclass X}{\*\objdata 01de}{\result Shown}} b", "A Shown b"),
        (
            rb'See {\field{\*\fldinst{HYPERLINK "http://x"}}{\fldrslt{\ul us}}} on {\field{\fldinst PAGE}{\fldrslt 7}}',
            "See us on 7",
        ),
        (rb"Seen{\v unseen}{\deleted gone}{\xe\v entry}{\*\bkmkstart m}{\*\new thing} only", "Seen only"),
        (rb"A{\pict\pngblip 89504e}{\*\shppict{\pict\bin9 }}}{{{\xyz}}b", "Ab"),
        (rb"{\mmath{\*\moMath{\mf{\mnum{\mr a}}{\mden{\mr b}}}{\msSup{\me{\mr c}}{\msup{\mr 2}}}}}", "a/bc^2"),
        (rb"2 * 3 _x_ <b> &amp; [a](b) | c", "2 * 3 _x_ <b> &amp; [a](b) | c"),
    ],
)
def test_places_where_text_stands(body, text):
    assert _text(body) == text


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (rb"\fftype1\ffres1\ffdefres0", "Paid: ☒ yes"),
        (rb"\fftype1\ffres0\ffdefres1", "Paid: ☐ yes"),
        (rb"\fftype1\ffres25\ffdefres1{\*\ffname a{b}}", "Paid: ☒ yes"),
        (rb"\fftype2\ffres1{\*\ffl cash}{\*\ffl Gr\'fc\'dfe}", "Paid: Grüße yes"),
        (rb"\fftype2\ffres25\ffdefres0{\*\ffl cash}{\*\ffl card}", "Paid: cash yes"),
        (rb"\fftype2\ffres9{\*\ffl cash}", "Paid: yes"),
        (rb"\fftype0", "Paid: yes"),
    ],
)
def test_the_fields_of_a_form_show_what_was_chosen(field, shown):
    body = rb"Paid: {\field{\*\fldinst FORM {\*\formfield{" + field + rb"}}}{\fldrslt }}yes\par"
    assert _text(body) == shown


def test_merged_cells_hold_for_each_row_and_column_that_they_cover():
    body = (
        rb"\trowd\cellx1\cellx2\cellx3\intbl Stable\cell Horse\cell Feed\cell\row"
        rb"\trowd\clvmgf\cellx1\cellx2\cellx3\intbl East\cell Freya\cell oats\cell\row"
        rb"\trowd\clvmrg\cellx1\clmgf\cellx2\clmrg\cellx3\intbl \cell absent\cell\cell\row"
        rb"\trowd\clvmrg\cellx1\cellx2\cellx3\intbl \cell Odin\cell hay\cell\row"
        rb"\trowd\cellx1\cellx2\cellx3\intbl \cell Balder\cell hay\cell\row\pard"
    )
    rows = ["Stable\tHorse\tFeed", "East\tFreya\toats", "East\tabsent\tabsent", "East\tOdin\thay", "\tBalder\thay"]
    assert _text(body).split("\n") == rows


def test_properties():
    info = rb"{\info{\title \u1055?\'dc}{\author Jane}{\creatim\yr2020\mo3\dy4\hr5\min6}{\revtim\yr2021\mo1\dy2}}"
    header = read("a.rtf", START + info + b"Body}", ReadOptions())[1].header
    assert (header.title, header.author) == ("ПÜ", "Jane")
    assert (header.created, header.modified) == ("2020-03-04T05:06", "2021-01-02")
    info = rb"{\info{\creatim\yr0\mo0\dy0\hr0\min0}{\printim\yr2020\mo1\dy1}}"
    header = read("a.rtf", START + info + b"Body}", ReadOptions())[1].header
    assert (header.created, header.modified) == ("", "")


def test_a_file_without_a_title_has_that_of_its_first_heading():
    assert read("a.rtf", START + rb"\s4 Ducks\par\pard fly}", ReadOptions())[1].header.title == "Ducks"


def test_what_comes_after_a_brace_too_many_or_before_a_missing_one_is_read():
    assert _text(rb"One}}\par two") == "One\n\ntwo"
    assert _text(rb"{\b{\i cut") == "cut"
    assert read("a.rtf", b"{\\rtf1 end\\", ReadOptions())[1].header.title == ""


def test_groups_that_nest_too_deep_are_told():
    with pytest.raises(LoadError, match="10,000 deep"):
        _text(b"{" * 20_000)
