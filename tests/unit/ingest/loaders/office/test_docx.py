"""What Word shows though the text doesn't say it: numbers that it counts, values of form fields, signs of its fonts."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from tests import files


def _blocks(body: str, **parts: str) -> list[str]:
    _, reading = read("a.docx", files.docx(body, **parts), ReadOptions())
    return next(reading.pages).text.split("\n\n")


def _level(number: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def _numbering(levels: str, lists: str = '<w:num w:numId="7"><w:abstractNumId w:val="3"/></w:num>') -> str:
    return files.wordprocessing("numbering", f'<w:abstractNum w:abstractNumId="3">{levels}</w:abstractNum>{lists}')


def _item(text: str, level: int = 0, list_id: int = 7) -> str:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return files.paragraph(text, properties=place)


def test_numbers_of_several_levels_count_on_and_begin_anew_below_each_other():
    legal = _level(1, "decimal", "%1.%2", "<w:isLgl/>")
    levels = _level(0, "upperRoman", "Part %1") + legal + _level(2, "lowerLetter", "%3)")
    order = [("Hut", 0), ("Roof", 1), ("tin", 2), ("reed", 2), ("Door", 1), ("oak", 2), ("Well", 0), ("Rope", 1)]
    body = "".join(_item(text, level) for text, level in order)
    assert _blocks(body, numbering=_numbering(levels)) == [
        "Part I Hut", "1.1 Roof", "a) tin", "b) reed", "1.2 Door", "a) oak", "Part II Well", "2.1 Rope",
    ]  # fmt: skip


def test_sections_of_articles_are_numbered_in_figures_with_a_zero_as_word_shows_them():
    levels = _level(0, "upperRoman", "Article %1.") + _level(1, "decimalZero", "Section %1.%2", "<w:isLgl/>")
    body = _item("Name") + _item("Seat") + _item("in Moss", 1) + _item("by ferry", 1)
    blocks = _blocks(body, numbering=_numbering(levels))
    assert blocks == ["Article I. Name", "Article II. Seat", "Section 2.01 in Moss", "Section 2.02 by ferry"]


def test_a_list_may_begin_anew_and_lists_of_one_definition_count_together():
    again = '<w:num w:numId="{}"><w:abstractNumId w:val="3"/>{}</w:num>'
    lists = again.format(7, "") + again.format(8, "") + again.format(
        9, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    )  # fmt: skip
    body = _item("a") + _item("b", list_id=8) + _item("c", list_id=9) + _item("d", list_id=9)
    numbering = _numbering(_level(0, "decimal", "%1.", start=4), lists)
    assert _blocks(body, numbering=numbering) == ["4. a", "5. b", "1. c", "2. d"]


def test_a_level_that_never_restarts_counts_through():
    levels = _level(0, "decimal", "%1") + _level(1, "decimal", "§ %2", '<w:lvlRestart w:val="0"/>')
    body = _item("A", 0) + _item("x", 1) + _item("B", 0) + _item("y", 1)
    assert _blocks(body, numbering=_numbering(levels)) == ["1 A", "§ 1 x", "2 B", "§ 2 y"]


def test_headings_are_numbered_by_their_style():
    number = '<w:pPr><w:numPr><w:numId w:val="{}"/></w:numPr></w:pPr>'
    styles = files.wordprocessing(
        "styles",
        f'<w:style w:styleId="H1"><w:name w:val="heading 1"/>{number.format(7)}</w:style>'
        '<w:style w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/></w:style>'
        f'<w:style w:styleId="Bare"><w:basedOn w:val="H1"/>{number.format(0)}</w:style>',
    )
    levels = _level(0, "decimalZero", "%1", '<w:pStyle w:val="H1"/>')
    levels += _level(1, "decimal", "%1-%2", '<w:pStyle w:val="H2"/>')
    body = files.paragraph("Nets", "H1") + files.paragraph("Mending", "H2") + files.paragraph("Index", "Bare")
    assert _blocks(body, styles=styles, numbering=_numbering(levels)) == ["# 01 Nets", "## 01-1 Mending", "# Index"]


def test_a_table_may_number_its_rows_in_cells_without_text():
    rows = "".join(
        f"<w:tr><w:tc>{_item('')}</w:tc><w:tc>{files.paragraph(text)}</w:tc></w:tr>" for text in ("Tar", "Oakum")
    )
    assert _blocks(f"<w:tbl>{rows}</w:tbl>", numbering=_numbering(_level(0, "decimal", "%1."))) == [
        "1.\tTar\n2.\tOakum"
    ]


@pytest.mark.parametrize(
    ("form", "shown"),
    [("lowerRoman", "xxix"), ("upperLetter", "CC"), ("ordinal", "29th"), ("chineseCounting", "二十九"),
     ("russianLower", "я"), ("bullet", "-"), ("hebrew1", "29")],
)  # fmt: skip
def test_forms_of_numbers(form, shown):
    assert _blocks(_item("x"), numbering=_numbering(_level(0, form, "%1", start=29))) == [f"{shown} x"]


def _field(data: str, result: str = "") -> str:
    mark = "<w:r><w:fldChar w:fldCharType='{}'>{}</w:fldChar></w:r>"
    result = mark.format("separate", "") + f"<w:r><w:t>{result}</w:t></w:r>" if result else ""
    begin = mark.format("begin", f"<w:ffData>{data}</w:ffData>")
    return f"<w:p><w:r><w:t>Boat: </w:t></w:r>{begin}{result}{mark.format('end', '')}<w:r><w:t> ok</w:t></w:r></w:p>"


_ENTRIES = "<w:listEntry w:val='Cutter'/><w:listEntry w:val='Yawl'/>"


@pytest.mark.parametrize(
    ("data", "result", "shown"),
    [
        (f"<w:ddList><w:result w:val='1'/>{_ENTRIES}</w:ddList>", "", "Yawl"),
        (f"<w:ddList><w:default w:val='1'/>{_ENTRIES}</w:ddList>", "Yawl", "Yawl"),
        (f"<w:ddList>{_ENTRIES}</w:ddList>", "", "Cutter"),
        ("<w:checkBox><w:default w:val='1'/></w:checkBox>", "", "☒"),
        ("<w:checkBox><w:default w:val='1'/><w:checked w:val='0'/></w:checkBox>", "", "☐"),
        ("<w:textInput><w:default w:val='name'/></w:textInput>", "Albatross", "Albatross"),
    ],
)
def test_fields_of_old_forms_show_what_was_chosen(data, result, shown):
    assert _blocks(_field(data, result)) == [f"Boat: {shown} ok"]


def test_hidden_letters_are_left_out():
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>77 and </w:t></w:r>"
    shown = "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>16</w:t></w:r>"
    assert _blocks(f"<w:p><w:r><w:t>Channel </w:t></w:r>{hidden}{shown}</w:p>") == ["Channel 16"]


def test_signs_of_symbol_fonts_are_the_signs_that_they_show():
    signs = "<w:sym w:font='Wingdings 2' w:char='F052'/><w:sym w:font='Wingdings' w:char='F06F'/>"
    degrees = "<w:r><w:t>20</w:t><w:sym w:font='Symbol' w:char='F0B0'/></w:r>"
    pasted = "<w:r><w:rPr><w:rFonts w:ascii='Wingdings'/></w:rPr><w:t>\uf0fc</w:t></w:r>"
    assert _blocks(f"<w:p><w:r>{signs}</w:r>{degrees}{pasted}</w:p>") == ["☑□20°✔"]
