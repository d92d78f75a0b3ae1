"""Files made to cost more than their size. Read wrongly, a long one of each takes minutes or never ends."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions, make_label
from tests import files
from tests.growth import check_linear

LINES = " \n"


def _read(name: str, data: bytes | str) -> str:
    _, reading = read(name, data.encode() if isinstance(data, str) else data, ReadOptions())
    return "\n\n".join(page.text for page in reading.pages)


@pytest.mark.parametrize(
    ("name", "size", "write"),
    [
        ("a.txt", 2_000, lambda times: "X-A: b\n" * times),
        ("a.txt", 2_000, lambda times: "<!---->" * times),
        ("a.md", 2_000, lambda times: f"# a{' ' * times}b"),
        ("a.md", 1_000, lambda times: f"---\ntitle: a{' ' * times}b\n---\ntext"),
        ("a.adoc", 2_000, lambda times: f"= a{' ' * times}b"),
        ("a.org", 2_000, lambda times: f"* a{' ' * times}b"),
        ("a.tex", 2_000, lambda times: f"a{' ' * times}b"),
        ("a.tex", 500, lambda times: "\\title{" * times),
        ("a.tex", 500, lambda times: "$x$ & \\[ \\begin{tabular}{" * times),
        ("a.tex", 500, lambda times: "\\emph{" * times + "}" * times),
        ("a.vtt", 2_000, lambda times: f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v{' ' * times}"),
        ("a.vtt", 2_000, lambda times: "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * times),
        ("a.json", 2_000, lambda times: "[" * 900 + "1," * times + "1" + "]" * 900),
        ("a.csv", 2_000, lambda times: '"' + "a," * times),
        ("a.html", 2_000, lambda times: f"<html><table><tr><td><pre>{LINES * times}b</pre><td>c</table>"),
        ("a.eml", 50, lambda times: "From: a@b.c\nTo: " + "a@b.c, " * times + "\n\ntext"),
        ("a.eml", 100, lambda times: "From: a@b.c\nSubject: " + "=?utf-8?q?a?= " * times + "\n\ntext"),
        ("a.rtf", 200, lambda times: "{\\rtf1" + "{\\footnote a" * times + "word " * 20 * times + "}" * times),
        ("a.rtf", 50, lambda times: "{\\rtf1" + "{\\shptxt a\\par " * times + "word\\par " * 5 * times + "}" * times),
        ("a.rtf", 200, lambda times: "{\\rtf1{\\fonttbl" + "{\\f1\\fcharset0 a;}" * times + "}" + "\\f1 a" * times),
    ],
)  # fmt: skip
def test_hostile_text_is_read_in_linear_time(name, size, write):
    def read_it(times):
        text = write(times)
        assert len(_read(name, text)) <= 2 * len(text)

    check_linear(read_it, size)


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
