"""Files made to cost more than their size. Read wrongly, each of these takes minutes or never ends."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions, make_label
from tests import files

SPACES = " " * 200_000


def _read(name: str, data: bytes | str) -> str:
    _, reading = read(name, data.encode() if isinstance(data, str) else data, ReadOptions())
    return "\n\n".join(page.text for page in reading.pages)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "X-A: b\n" * 1_000),
        ("a.txt", "<!---->" * 1_000),
        ("a.md", f"# a{SPACES}b"),
        ("a.md", f"---\ntitle: a{' ' * 9_000}b\n---\ntext"),
        ("a.adoc", f"= a{SPACES}b"),
        ("a.org", f"* a{SPACES}b"),
        ("a.tex", f"a{SPACES}b"),
        ("a.tex", "\\title{" * 30_000),
        ("a.tex", "$x$ & \\[ \\begin{tabular}{" * 9_000),
        ("a.tex", "\\emph{" * 30_000 + "}" * 30_000),
        ("a.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v{SPACES}"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * 60_000),
        ("a.json", "[" * 900 + "1," * 100_000 + "1" + "]" * 900),
        ("a.csv", '"' + "a," * 100_000),
        ("a.html", f"<html><table><tr><td><pre>{' ' + chr(10)}{(' ' + chr(10)) * 100_000}b</pre><td>c</table>"),
        ("a.eml", "From: a@b.c\nTo: " + "a@b.c, " * 100_000 + "\n\ntext"),
        ("a.eml", "From: a@b.c\nSubject: " + "=?utf-8?q?a?= " * 50_000 + "\n\ntext"),
        ("a.rtf", "{\\rtf1" + "{\\footnote a" * 9_000 + "word " * 200_000 + "}" * 9_000),
        ("a.rtf", "{\\rtf1" + "{\\shptxt a\\par " * 9_000 + "word\\par " * 50_000 + "}" * 9_000),
        ("a.rtf", "{\\rtf1{\\fonttbl" + "{\\f1\\fcharset0 a;}" * 50_000 + "}" + "\\f1 a" * 50_000),
    ],
)  # fmt: skip
def test_hostile_text_ends(name, text):
    assert len(_read(name, text)) <= 2 * len(text)


def test_text_boxes_in_text_boxes_are_read_once():
    opening, closing = "<w:p><w:r><w:drawing><w:txbxContent>", "</w:txbxContent></w:drawing></w:r></w:p>"
    body = opening * 40 + files.paragraph("deep") + closing * 40
    assert _read("a.docx", files.docx(body)) == "deep"


def test_formulas_in_formulas_are_written_once():
    inside = "<m:r><m:t>x</m:t></m:r>"
    body = "<w:p><m:oMath>" + "<m:d><m:e>" * 60 + inside + "</m:e></m:d>" * 60 + "</m:oMath></w:p>"
    assert _read("a.docx", files.docx(body)) == "(" * 60 + "x" + ")" * 60


def test_repeated_cells_in_repeated_cells_are_bounded():
    opening = '<table:table><table:table-row><table:table-cell table:number-columns-repeated="50">'
    closing = "</table:table-cell></table:table-row></table:table>"
    body = f"<office:text>{opening * 20}<text:p>deep</text:p>{closing * 20}</office:text>"
    assert "deep" in (text := _read("a.odt", files.opendocument("text", body)))
    assert len(text) < 100_000


def test_a_short_cell_is_repeated_as_often_as_the_table_says():
    row = '<table:table-row><table:table-cell table:number-columns-repeated="3"><text:p>a</text:p></table:table-cell>'
    body = f"<office:text><table:table>{row}</table:table-row></table:table></office:text>"
    assert _read("a.odt", files.opendocument("text", body)) == "a\ta\ta"


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        (" Annual\r\nreport\t2024 ", "Annual report 2024"),
        ("a\x00b\x07c\x1b[31md", "abcd"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("hid\u200bden\U000e0041", "hidden"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 400, "x" * 300),
    ],
)
def test_a_label_is_one_line_of_visible_characters(label, shown):
    assert make_label(label) == shown


def test_titles_authors_sheets_and_attachments_are_labels():
    page = "<html><head><title>A\u202eB\n\nC</title><meta name='author' content='D\u2066E'></head><body>x</body></html>"
    _, reading = read("a.html", page.encode(), ReadOptions())
    assert (reading.header.title, reading.header.author) == ("AB C", "DE")
    assert _read("a.xlsx", files.xlsx({"F\u202eG": [["x"]]})).startswith("# FG\n")
    mail = 'Subject: s\nContent-Type: text/plain; name="H\u202eI.txt"\nContent-Disposition: attachment\n\nx'
    assert "## Attached: HI.txt" in _read("a.eml", f"From: a@b.c\n{mail}")


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [("a.md", "# Learn C#\n", "Learn C#"), ("a.md", "# Learn ##\n", "Learn"), ("a.md", "C#\n==\n", "C#"),
     ("a.adoc", "= Title =\n", "Title")],
)  # fmt: skip
def test_a_mark_that_touches_the_title_is_part_of_it(name, text, title):
    assert read(name, text.encode(), ReadOptions())[1].header.title == title
