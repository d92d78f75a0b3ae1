"""Each format, read from a small file that the test itself makes; and the files that must be refused, and why."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import Reading, ReadOptions
from rag.errors import LoadError
from rag.types import Page
from tests import files


def _read(name: str, data: bytes, options: ReadOptions | None = None) -> tuple[Reading, list[Page]]:
    _, reading = read(name, data, options or ReadOptions())
    return reading, list(reading.pages)


def _text(name: str, data: bytes) -> str:
    return "\n\n".join(page.text for page in _read(name, data)[1])


# PDF ------------------------------------------------------------------------------------------------------------------


def test_a_pdf_gives_its_pages_title_author_and_date():
    data = files.pdf(
        [[(72, 700, 12, "The first page.")], [(72, 700, 12, "The second page.")]],
        info="/Title (Ducks of Europe) /Author (Ann) /CreationDate (D:20240501120000Z)",
        catalog="/Lang (en-GB)",
    )
    reading, pages = _read("a.pdf", data)
    header = reading.header
    assert [(page.number, page.text) for page in pages] == [(1, "The first page."), (2, "The second page.")]
    assert (header.title, header.author, header.created) == ("Ducks of Europe", "Ann", "2024-05-01T12:00:00Z")
    assert (header.language, header.format, header.page_kind) == ("en", "pdf", "page")
    assert header.loader.startswith("pypdfium2/")


def test_printed_page_labels_stand_beside_the_physical_number():
    labels = "/PageLabels << /Nums [0 << /S /r >> 2 << /S /D >>] >>"
    data = files.pdf([[(72, 700, 12, f"Page text {n}")] for n in range(3)], catalog=labels)
    assert [(page.number, page.label) for page in _read("a.pdf", data)[1]] == [(1, "i"), (2, "ii"), (3, "1")]


def test_cells_that_stand_apart_are_separated_by_tabs():
    row = [(72, 700, 10, "Net sales"), (300, 700, 10, "$"), (310, 700, 10, "63,355"), (400, 700, 10, "63,948")]
    assert _text("a.pdf", files.pdf([row])) == "Net sales\t$63,355\t63,948"


def test_two_columns_drawn_across_the_page_are_read_one_after_the_other():
    woven = []
    for n in range(8):
        woven += [(50, 700 - 12 * n, 10, f"the left hand column has line {'abcdefgh'[n]}")]
        woven += [(320, 700 - 12 * n, 10, f"the right hand column has line {'abcdefgh'[n]}")]
    text = _text("a.pdf", files.pdf([woven]))
    assert text.index("left hand column has line h") < text.index("right hand column has line a")


def test_form_values_and_comments_are_part_of_their_page():
    note = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (Check this) /T (Bob) >>"
    form = "<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /T (Surname) /V (Mallard) /FT /Tx >>"
    data = files.pdf([[(72, 700, 12, "Text")]], extra=[note, form])
    data = data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Annots [7 0 R 8 0 R]")
    assert _text("a.pdf", data) == "Text\n\n(Bob: Check this)\n\nSurname: Mallard"


def test_an_attached_file_is_read_too(tmp_path):
    writer = pypdf.PdfWriter(fileobj=_saved(tmp_path, files.pdf([[(72, 700, 12, "Cover letter")]])))
    writer.add_attachment("notes.txt", b"The attached notes speak of teal.")
    writer.write(tmp_path / "b.pdf")
    text = _text("b.pdf", (tmp_path / "b.pdf").read_bytes())
    assert "Cover letter" in text
    assert "## Attached: notes.txt\n\nThe attached notes speak of teal." in text


def _saved(folder: Path, data: bytes) -> Path:
    (folder / "a.pdf").write_bytes(data)
    return folder / "a.pdf"


@pytest.fixture
def locked_pdf(tmp_path: Path) -> bytes:
    writer = pypdf.PdfWriter(fileobj=_saved(tmp_path, files.pdf([[(72, 700, 12, "A secret duck")]])))
    writer.encrypt("mallard", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    return (tmp_path / "locked.pdf").read_bytes()


def test_an_encrypted_pdf_is_listed_as_such(locked_pdf):
    with pytest.raises(LoadError, match=r"^encrypted: add its password to passwords\.txt"):
        _read("a.pdf", locked_pdf)
    with pytest.raises(LoadError, match="none of the 2 known passwords opens it"):
        _read("a.pdf", locked_pdf, ReadOptions(("teal", "swan")))


def test_a_known_password_opens_it(locked_pdf):
    assert _read("a.pdf", locked_pdf, ReadOptions(("teal", "mallard")))[1][0].text == "A secret duck"


def test_a_pdf_without_its_cross_reference_is_still_read():
    data = files.pdf([[(72, 700, 12, "Still here")]])
    assert _text("a.pdf", data.replace(b"startxref\n", b"startxref\n9")) == "Still here"


def test_what_is_only_called_a_pdf_is_damaged():
    with pytest.raises(LoadError, match="damaged PDF"):
        _read("a.pdf", b"%PDF-1.7\n" + b"nothing " * 40)


@pytest.mark.skipif(shutil.which("tesseract") is not None, reason="Tesseract is installed and reads them")
def test_pages_without_text_are_told_as_scanned():
    reading, pages = _read("a.pdf", files.picture_pdf(3))
    assert [page.text for page in pages] == ["", "", ""]
    assert reading.notes == ["scanned: 3 pages without text; install Tesseract to read them"]
    assert reading.empty_kind == "scanned"


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_a_scanned_page_is_read_by_ocr():
    import pypdfium2

    drawn = pypdfium2.PdfDocument(files.pdf([[(72, 600, 32, "Mallards like water")]]))
    image = drawn[0].render(scale=2).to_pil()
    buffer = io.BytesIO()
    image.save(buffer, "PDF")
    reading, pages = _read("scan.pdf", buffer.getvalue())
    assert "Mallards like water" in pages[0].text
    assert reading.notes == ["1 of 1 pages read by OCR"]


def test_a_blank_page_is_not_a_scanned_one():
    reading, pages = _read("a.pdf", files.pdf([[], [(72, 700, 12, "Text")]]))
    assert [page.text for page in pages] == ["", "Text"]
    assert reading.notes == []


# Office ---------------------------------------------------------------------------------------------------------------


def test_word_headings_lists_tables_and_properties():
    table = "<w:tbl>" + "".join(
        f"<w:tr>{''.join(f'<w:tc>{files.paragraph(cell)}</w:tc>' for cell in row)}</w:tr>"
        for row in (("Name", "Food"), ("Duck", "ash"))
    )
    item = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr>'
    body = (
        files.paragraph("Ducks", "H1") + files.paragraph("Kinds", "Mine") + files.paragraph("Teal", properties=item)
        + files.paragraph("They swim.") + table + "</w:tbl>"
    )  # fmt: skip
    reading, pages = _read("a.docx", files.docx(body))
    assert pages[0].text == "# Ducks\n\n## Kinds\n\n  - Teal\n\nThey swim.\n\nName\tFood\nDuck\tash"
    assert (reading.header.title, reading.header.author) == ("The Title", "Ann")
    assert reading.header.created == "2024-03-15T05:45:00Z"


def test_word_equations_text_boxes_notes_and_comments_stay_with_their_paragraph():
    body = (
        "<w:p><w:r><w:t>For </w:t></w:r><m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t>"
        "</m:r></m:den></m:f></m:oMath><w:r><w:t> ducks</w:t><w:footnoteReference w:id='2'/></w:r>"
        "<w:r><w:commentReference w:id='0'/></w:r></w:p>"
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>"
        + files.paragraph("In a box")
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        + files.paragraph("In a box")
        + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    )
    note = '<w:footnote w:id="2">' + files.paragraph("Counted twice") + "</w:footnote>"
    comment = '<w:comment w:id="0" w:author="Bob">' + files.paragraph("Really?") + "</w:comment>"
    data = files.docx(
        body,
        footnotes=files.wordprocessing("footnotes", note),
        comments=files.wordprocessing("comments", comment),
        header1=files.wordprocessing("hdr", files.paragraph("Acme Letterhead")),
    )
    assert _text("a.docx", data) == (
        "For (a+b)/2 ducks\n\n(Counted twice)\n\n(Bob: Really?)\n\nIn a box\n\nnew\n\nAcme Letterhead"
    )


def test_slides_are_pages_in_the_order_of_the_show():
    table = "<p:graphicFrame><a:tbl>" + "".join(
        f"<a:tr>{''.join(f'<a:tc><a:p><a:r><a:t>{c}</a:t></a:r></a:p></a:tc>' for c in row)}</a:tr>"
        for row in ("ab", "cd")
    )
    slides = [
        files.shape("Intro text") + files.shape("Ducks", "title") + files.shape("7", "sldNum"),
        files.shape("Table", "title") + table + "</a:tbl></p:graphicFrame>",
    ]
    reading, pages = _read("a.pptx", files.pptx(slides, notes="Say hello"))
    assert [page.text for page in pages] == ["# Ducks\n\nIntro text\n\nNotes: Say hello", "# Table\n\na\tb\nc\td"]
    assert reading.header.page_kind == "slide"


def test_the_numbers_that_a_slide_counts_are_read():
    kinds = [
        ("arabicPeriod", 0, "valve"), ("alphaLcParenR", 1, "left"), ("alphaLcParenR", 1, "right"),
        ("arabicPeriod", 0, "gauge"), ("", 0, "pause"), ("arabicPeriod", 0, "lamp"), ("romanUcParenBoth", 0, "door"),
    ]  # fmt: skip
    body = ""
    for kind, level, text in kinds:
        number = f'<a:buAutoNum type="{kind}"/>' if kind else ""
        body += f'<a:p><a:pPr lvl="{level}">{number}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'
    text = _text("a.pptx", files.pptx([f"<p:sp><p:txBody>{body}</p:txBody></p:sp>"]))
    assert text.split("\n") == [
        "1. valve", "  a) left", "  b) right", "2. gauge", "pause", "1. lamp", "(I) door",
    ]  # fmt: skip


def test_sheets_are_pages_with_rows():
    data = files.xlsx({"Ducks": [["Name", "Count"], ["Teal", 12.0], ["Swan", 0.5]], "Empty": [], "More": [["x"]]})
    reading, pages = _read("a.xlsx", data)
    assert [(p.number, p.text) for p in pages] == [
        (1, "# Ducks\n\nName\tCount\nTeal\t12\nSwan\t0.5"),
        (3, "# More\n\nx"),
    ]
    assert (reading.header.page_kind, reading.header.author) == ("sheet", "Ann")


def test_opendocument_text():
    body = (
        "<office:text><text:h text:outline-level='2'>Kinds</text:h><text:p>A<text:s/>duck"
        "<text:note><text:note-body><text:p>a note</text:p></text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>Teal</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table></office:text>"
    )
    reading, pages = _read("a.odt", files.opendocument("text", body))
    assert pages[0].text == "## Kinds\n\nA duck\n\n(a note)\n\n- Teal\n\na\tb"
    assert (reading.header.title, reading.header.author) == ("The Title", "Ann")


def test_opendocument_slides():
    page = (
        "<draw:page><draw:frame presentation:class='title'><draw:text-box><text:p>{}</text:p></draw:text-box>"
        "</draw:frame><draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame></draw:page>"
    )
    body = f"<office:presentation>{page.format('One', 'first')}{page.format('Two', 'second')}</office:presentation>"
    assert [p.text for p in _read("a.odp", files.opendocument("presentation", body))[1]] == [
        "# One\n\nfirst",
        "# Two\n\nsecond",
    ]


def test_encrypted_opendocument_is_listed_as_such():
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(LoadError, match="encrypted"):
        _read("a.odt", files.opendocument("text", "", manifest=manifest))


def test_an_encrypted_office_file_opens_with_its_password():
    from msoffcrypto.format.ooxml import OOXMLFile

    data = files.docx(files.paragraph("A secret duck"), picture=random.Random(1).randbytes(9_000))
    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt("mallard", buffer)  # below 4 kB it writes a broken container
    with pytest.raises(LoadError, match=r"^encrypted"):
        _read("a.docx", buffer.getvalue())
    assert _read("a.docx", buffer.getvalue(), ReadOptions(("mallard",)))[1][0].text.startswith("A secret duck")


def test_rtf():
    assert "Grüße duck" in _text("a.rtf", b"{\\rtf1\\ansi\\ansicpg1252 Gr\\'fc\\'dfe \\b duck\\b0\\par}")


def test_rtf_text_boxes():
    box = b"{\\shp{\\*\\shpinst{\\sp{\\sn a}{\\sv 1}}{\\shptxt \\pard In a \\{box\\}\\par}}}"
    text = _text("a.rtf", b"{\\rtf1\\ansi Before " + box + b"\\par After\\par}")
    assert "Before" in text
    assert "After" in text
    assert "In a {box}" in text


def test_epub_chapters_in_reading_order():
    reading, pages = _read("a.epub", files.epub({"b": "<h1>One</h1><p>first</p>", "a": "<h1>Two</h1>"}))
    assert [page.text for page in pages] == ["# One\n\nfirst", "# Two"]
    assert (reading.header.title, reading.header.author, reading.header.language) == ("The Book", "Ann", "en")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice writes these formats, and is absent")
@pytest.mark.parametrize("ending", ["doc", "ppt", "xls"])
def test_the_old_binary_formats(tmp_path, ending):
    source, data = {
        "doc": ("a.txt", b"An old mallard"),
        "ppt": ("a.fodp", _flat_slides()),
        "xls": ("a.csv", b"An old mallard,1\n"),
    }[ending]
    (tmp_path / source).write_bytes(data)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        ending,
        "--outdir",
        str(tmp_path),
        str(tmp_path / source),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    _, pages = _read(f"a.{ending}", (tmp_path / f"a.{ending}").read_bytes())
    last = pages[-1]
    assert "An old mallard" in last.text
    assert last.number == (2 if ending == "ppt" else 1)


def _flat_slides() -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for name, long in (("office", "office"), ("draw", "drawing"), ("text", "text"), ("svg", "svg-compatible"))
    )
    slides = "".join(
        f"<draw:page><draw:frame svg:x='1cm' svg:y='1cm' svg:width='9cm' svg:height='2cm'><draw:text-box><text:p>{text}"
        "</text:p></draw:text-box></draw:frame></draw:page>"
        for text in ("First", "An old mallard")
    )
    mimetype = 'office:mimetype="application/vnd.oasis.opendocument.presentation" office:version="1.3"'
    body = f"<office:body><office:presentation>{slides}</office:presentation></office:body>"
    return f"<?xml version='1.0'?><office:document {spaces} {mimetype}>{body}</office:document>".encode()


# Mail -----------------------------------------------------------------------------------------------------------------


def _mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <a@b.c>", "d@e.f", "Größe of ducks"
    message["Date"] = "Fri, 16 Dec 2022 17:04:16 -0500"
    message.set_content("Dear Bob,\nsee the table.")
    message.add_alternative("<p>Dear Bob, see the table.</p>", subtype="html")
    message.add_attachment(b"name,count\nteal,3\nswan,4\n", maintype="text", subtype="csv", filename="ducks.csv")
    return message


def test_a_mail_with_its_attachment():
    reading, pages = _read("a.eml", _mail().as_bytes())
    text = "\n\n".join(page.text for page in pages)
    assert "From: Ann <a@b.c>\nTo: d@e.f" in text
    assert text.count("see the table") == 1
    assert "## Attached: ducks.csv\n\nname\tcount\nteal\t3" in text
    assert (reading.header.title, reading.header.created) == ("Größe of ducks", "2022-12-16T17:04:16-05:00")


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        (
            "format=flowed",
            "A kiln of \n1260 degrees.\nIt\n is old.\n> Is \n> it?\n-- \nAda",
            "A kiln of 1260 degrees.\nIt\nis old.\n> Is it?\n--\nAda",
        ),
        ("format=flowed; delsp=yes", "Ask Hil \ndegard  \ntoday.", "Ask Hildegard today."),
        ("charset=utf-8", "A kiln of \n1260 degrees.", "A kiln of \n1260 degrees."),
    ],
)
def test_a_flowed_text_has_its_paragraphs_back(kind: str, body: str, told: str):
    mail = f"Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; {kind}\n\n{body}\n"
    assert _text("a.eml", mail.encode()).partition("\n\n")[2] == told


def test_an_attached_mail_is_read_once():
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "x@y.z", "Fwd"
    outer.set_content("see below")
    outer.add_attachment(_mail())
    text = _text("a.eml", outer.as_bytes())
    assert text.count("see the table") == 1
    assert text.index("see below") < text.index("## Attached: Größe of ducks") < text.index("see the table")


def _parts(*parts: tuple[str, str], kind: str = "mixed") -> bytes:
    body = "".join(f"--b\nContent-Type: {part}\n\n{text}\n" for part, text in parts)
    return f"From: a@b.c\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode()


def test_all_parts_of_a_body_that_people_see_are_read():
    event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tea\nLOCATION:Loft\nEND:VEVENT\nEND:VCALENDAR"
    report = (
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; z@b.c\nAction: failed\nDiagnostic-Code: smtp; 550 full\n"
    )
    text = _text(
        "a.eml",
        _parts(
            ("text/plain", "Hello."), ("text/calendar; charset=utf-8", event),
            ("text/tab-separated-values", "k\tv\nx\t3"),
            ("message/delivery-status", report), ("text/x-patch", "+ added"), ("text/css", "p {}"),
            ("text/calendar; name=invite.ics", event),
        ),
    )  # fmt: skip
    failure = "Final-Recipient: z@b.c; Action: failed; Diagnostic-Code: 550 full"
    shown = ["Hello.", "Tea: Loft", "k\tv\nx\t3", failure, "+ added"]
    places = [text.index(part) for part in shown]
    assert places == sorted(places)
    assert text.count("Loft") == 1
    assert "p {}" not in text


def test_of_alternatives_the_one_that_says_more_is_read_beside_the_other_parts_of_the_body():
    def alternatives(boundary: str, plain: str, html: str) -> tuple[str, str]:
        parts = "".join(
            f"--{boundary}\nContent-Type: text/{kind}\n\n{text}\n" for kind, text in (("plain", plain), ("html", html))
        )
        return f"multipart/alternative; boundary={boundary}", f"{parts}--{boundary}--"

    text = _text(
        "a.eml",
        _parts(
            alternatives("c", "Fee: see page.", "Fee: 7 kr"),
            alternatives("d", "*Two* pears", "<b>Two</b>"),
            ("text/plain", "Ann, list owner"),
            ("application/json", '{"gate": 4410}'),
            ("text/enriched", "<bold>Red</bold> door"),
            ("application/pgp-signature", "abc"),
        ),
    )
    lines = [line for line in text.split("\n")[1:] if line]
    assert lines == ["Fee: 7 kr", "*Two* pears", "Ann, list owner", '{"gate": 4410}', "Red door"]


def test_a_mail_that_is_nothing_but_a_file_is_read():
    mail = b"From: a@b.c\nContent-Disposition: attachment; filename=ducks.txt\n\nThe teal is small."
    assert _text("a.eml", mail).endswith("## Attached: ducks.txt\n\nThe teal is small.")


def test_mails_within_mails_are_bounded():
    message = _mail()
    for _ in range(12):
        outer = EmailMessage()
        outer["From"], outer["Subject"] = "x@y.z", "Fwd"
        outer.set_content("see below")
        outer.add_attachment(message)
        message = outer
    assert "ducks" not in _text("a.eml", message.as_bytes())


def test_a_mailbox_gives_each_message_under_its_subject():
    boxed = b"".join(b"From a@b.c Thu Jan  1 00:00:00 2026\n" + _mail().as_bytes() + b"\n" for _ in range(2))
    assert _text("a.mbox", boxed).count("# Größe of ducks") == 2


# Hostile --------------------------------------------------------------------------------------------------------------


def test_an_archive_bomb_is_refused_before_it_expands():
    data = files.zipped(
        {"[Content_Types].xml": "wordprocessingml.document.main+xml", "word/document.xml": b"\0" * 450_000_000}
    )
    assert len(data) < 1_000_000
    with pytest.raises(LoadError, match=r"would expand from 0\.4 to 450 MB"):
        _read("a.docx", data)


@pytest.mark.parametrize("keep", [30, 200, 500])
def test_a_cut_office_file_is_damaged(keep):
    with pytest.raises(LoadError, match="damaged"):
        _read("a.docx", files.docx(files.paragraph("word " * 200))[:keep])


def test_nothing_is_fetched_because_a_document_says_so():
    body = files.paragraph("Text") + '<w:p><w:r><w:drawing><a:blip xmlns:a="a" r:link="rX"/></w:drawing></w:r></w:p>'
    external = '<Relationship Id="rX" Type="x/image" TargetMode="External" Target="http://127.0.0.1:1/x.png"/>'
    data = files.docx(body, **{"_rels/document.xml.rels.unused": external})
    assert _text("a.docx", data) == "Text"
