"""Writes small files of the formats that we read, with nothing but the standard library."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

Text = tuple[float, float, float, str]
"""Left, bottom, letter size, text."""


def zipped(members: Mapping[str, str | bytes], *, packed: bool = True) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pdf(pages: Sequence[Sequence[Text]], *, info: str = "", catalog: str = "", extra: Sequence[str] = ()) -> bytes:
    """A PDF with Helvetica text. `extra` objects are numbered from 5 + 2 × pages."""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< {info} >>",
    ]
    kids = []
    for texts in pages:
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        drawn = "\n".join(f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(text)}) Tj ET" for x, y, size, text in texts)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {number + 1} 0 R >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return _pdf_file([*objects, *extra])


def picture_pdf(pages: int = 1) -> bytes:
    """Pages with a grey square and no text, as a scanner makes them."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< >>", "<< >>"]
    kids = []
    for _ in range(pages):
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents {number + 1} 0 R >>")
        objects.append("<< /Length 27 >>\nstream\n0.5 g 10 10 150 150 re f    \nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return _pdf_file(objects)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _pdf_file(objects: Sequence[str]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_RELATION = f"{_OFFICE}/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    f' xmlns:m="{_OFFICE}/math" xmlns:r="{_RELATION}"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:t="t"><dc:title>The Title</dc:title>'
    "<dc:creator>Ann</dc:creator><t:created>2024-03-15T05:45:00Z</t:created></cp:coreProperties>"
)


def relations(**parts: str) -> str:
    """``rId=kind:target``."""
    entries = (value.split(":", 1) for value in parts.values())
    rows = "".join(
        f'<Relationship Id="{name}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for name, (kind, target) in zip(parts, entries, strict=True)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'


def _package(main: str, part: str) -> dict[str, str | bytes]:
    """What every Office Open XML file begins with."""
    kind = f"application/vnd.openxmlformats-officedocument.{main}.main+xml"
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{part}" ContentType="{kind}"/></Types>',
        "_rels/.rels": relations(r1=f"officeDocument:{part}"),
        "docProps/core.xml": CORE,
    }


def paragraph(text: str, style: str = "", *, properties: str = "") -> str:
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{style}{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str, **parts: str | bytes) -> bytes:
    """`body` is the content of ``w:body``; further parts by name, with ``__`` for a slash and ``_xml`` for its end."""
    styles = (
        f'<w:styles {_W}><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:styleId="Mine"><w:basedOn w:val="H2"/></w:style></w:styles>'
    )
    members: dict[str, str | bytes] = {
        **_package("wordprocessingml.document", "word/document.xml"),
        "word/document.xml": f"<w:document {_W}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relations(
            r1="styles:styles.xml",
            r2="footnotes:footnotes.xml",
            r3="comments:comments.xml",
            r4="header:header1.xml",
            r5="numbering:numbering.xml",
        ),
        "word/styles.xml": styles,
    }
    return zipped({**members, **{f"word/{name}.xml": content for name, content in parts.items()}})


def wordprocessing(root: str, content: str) -> str:
    return f"<w:{root} {_W}>{content}</w:{root}>"


_P = f'xmlns:p="p" xmlns:a="a" xmlns:r="{_RELATION}" xmlns:c="c"'


def shape(text: str, placeholder: str = "") -> str:
    kind = f'<p:nvPr><p:ph type="{placeholder}"/></p:nvPr>' if placeholder else ""
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return f"<p:sp>{kind}<p:txBody>{lines}</p:txBody></p:sp>"


def pptx(slides: Sequence[str], *, notes: str = "") -> bytes:
    """Slides in order; their parts are numbered backwards, as moved slides are."""
    count = len(slides)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="r{n}"/>' for n in range(1, count + 1))
    members: dict[str, str | bytes] = {
        **_package("presentationml.presentation", "ppt/presentation.xml"),
        "ppt/presentation.xml": f"<p:presentation {_P}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            **{f"r{n}": f"slide:slides/slide{count + 1 - n}.xml" for n in range(1, count + 1)}
        ),
        "ppt/notesSlides/notesSlide1.xml": f"<p:notes {_P}>{shape(notes)}</p:notes>",
    }
    for number, content in enumerate(slides, start=1):
        name = f"slide{count + 1 - number}.xml"
        members[f"ppt/slides/{name}"] = f"<p:sld {_P}><p:spTree>{content}</p:spTree></p:sld>"
        if number == 1 and notes:
            members[f"ppt/slides/_rels/{name}.rels"] = relations(n="notesSlide:../notesSlides/notesSlide1.xml")
    return zipped(members)


SheetCell = str | float | tuple[str | float, str]
"""A text, a number, a formula (a text that begins with ``=``), or one of them with its number format."""


def xlsx(
    sheets: Mapping[str, Sequence[Sequence[SheetCell]]],
    *,
    merged: Sequence[str] = (),
    hidden: Sequence[str] = (),
    result: str = "",
    calculation: str = "",
) -> bytes:
    """`merged` holds for each sheet; `hidden` names sheets; `result` is that of each formula. No cell has a reference.

    `calculation` is the workbook's element of that kind.
    """
    names = list(sheets)
    cells = [cell for rows in sheets.values() for row in rows for cell in row]
    codes = list(dict.fromkeys(cell[1] for cell in cells if isinstance(cell, tuple)))
    space = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_RELATION}"'
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}" state="{"hidden" if name in hidden else "visible"}"/>'
        for n, name in enumerate(names, start=1)
    )
    members: dict[str, str | bytes] = {
        **_package("spreadsheetml.sheet", "xl/workbook.xml"),
        "xl/workbook.xml": f"<workbook {space}><sheets>{listed}</sheets>{calculation}</workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            **{f"r{n}": f"worksheet:worksheets/sheet{n}.xml" for n in range(1, len(names) + 1)}, s="styles:styles.xml"
        ),
        "xl/styles.xml": f"<styleSheet {space}>{_styles(codes)}</styleSheet>",
    }
    spans = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    for number, rows in enumerate(sheets.values(), start=1):
        data = "".join(f"<row>{''.join(_cell(cell, codes, result) for cell in row)}</row>" for row in rows)
        members[f"xl/worksheets/sheet{number}.xml"] = (
            f"<worksheet {space}><sheetData>{data}</sheetData>"
            f"{f'<mergeCells>{spans}</mergeCells>' if spans else ''}</worksheet>"
        )
    return zipped(members)


def _styles(codes: Sequence[str]) -> str:
    formats = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{escape(code)}"/>' for n, code in enumerate(codes))
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(codes)))
    return f'<numFmts>{formats}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs>'


def _cell(cell: SheetCell, codes: Sequence[str], result: str) -> str:
    value, code = cell if isinstance(cell, tuple) else (cell, "")
    style = f' s="{codes.index(code) + 1}"' if code else ""
    if isinstance(value, str) and value.startswith("="):
        return f"<c{style}><f>{escape(value[1:])}</f><v>{result}</v></c>"
    if value in ("#N/A", "#DIV/0!"):
        return f'<c{style} t="e"><v>{value}</v></c>'
    if isinstance(value, str):
        return f'<c{style} t="inlineStr"><is><t>{value}</t></is></c>' if value else f"<c{style}/>"
    return f"<c{style}><v>{value}</v></c>"


def compound_file(**streams: bytes) -> bytes:
    """A compound file with one sector of allocations: streams of up to 60 kB in all, under names without spaces."""
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    padded = {name: data.ljust(4_096, b"\0") + bytes(-max(4_096, len(data)) % 512) for name, data in streams.items()}
    folder_sectors = len(streams) // 4 + 1
    table = [0xFFFFFFFD, *(1 + n for n in range(1, folder_sectors)), end]
    entries = [_entry("Root Entry", 5, end, 0, child=1)]
    for number, (name, data) in enumerate(padded.items(), start=1):
        shown = name if name.startswith("__") else name.replace("_", " ")
        entries.append(_entry(shown, 2, len(table), len(data), right=(number + 1) % (len(padded) + 1)))
        table += [*range(len(table) + 1, len(table) + len(data) // 512), end]
    entries += [bytes(128)] * (4 * folder_sectors - len(entries))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIIII", 1, 1, 0, 4_096, end, 0, end, 0, 0) + struct.pack("<I", free) * 108
    return head + struct.pack("<128I", *table, *[free] * (128 - len(table))) + b"".join((*entries, *padded.values()))


def _entry(name: str, kind: int, start: int, size: int, *, child: int = 0, right: int = 0) -> bytes:
    none, raw = 0xFFFFFFFF, (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII", kind, 1, none, right or none, child or none)
    return raw.ljust(64, b"\0") + struct.pack("<H", len(raw)) + links + bytes(36) + struct.pack("<III", start, size, 0)


_ODF = (
    'xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:presentation="p" xmlns:dc="c" xmlns:meta="m" '
    'xmlns:style="s" xmlns:xml="http://www.w3.org/XML/1998/namespace"'
)


def opendocument(
    kind: str, body: str, *, manifest: str = "<manifest/>", automatic: str = "", styles: str = ""
) -> bytes:
    """`kind` is ``text``, ``presentation`` or ``spreadsheet``; `automatic` are the styles beside the body."""
    automatic = f"<office:automatic-styles>{automatic}</office:automatic-styles>"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document {_ODF}>{automatic}<office:body>{body}</office:body></office:document>",
            "styles.xml": f"<office:styles-file {_ODF}><office:styles>{styles}</office:styles></office:styles-file>",
            "meta.xml": f"<office:meta {_ODF}><dc:title>The Title</dc:title><dc:creator>Ann</dc:creator></office:meta>",
            "META-INF/manifest.xml": manifest,
        }
    )


def epub(chapters: Mapping[str, str]) -> bytes:
    items = "".join(f'<item id="{name}" href="{name}.xhtml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="OEBPS/b.opf"/></container>',
            "OEBPS/b.opf": '<package xmlns:dc="d"><metadata><dc:title>The Book</dc:title><dc:creator>Ann</dc:creator>'
            f"<dc:language>en</dc:language></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
            **{f"OEBPS/{name}.xhtml": f"<html><body>{text}</body></html>" for name, text in chapters.items()},
        }
    )
