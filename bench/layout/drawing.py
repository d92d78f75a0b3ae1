"""Draws PDF pages as programs do: text at places, in Courier, whose every letter is 0.6 letter sizes wide."""

from __future__ import annotations

from collections.abc import Sequence

PLAIN, BOLD, WIDE, NARROW = "F1", "F2", "F3", "F4"
"""`WIDE` and `NARROW` draw all scripts: each letter as wide as its size, and half as wide."""

Drawing = list[str]
"""Operators of a page's content stream."""


def write(
    left: float,
    bottom: float,
    text: str,
    size: float = 10,
    *,
    font: str = PLAIN,
    spread: str = "",
    turned: bool = False,
) -> Drawing:
    """One string. `spread` holds operators for the space between letters or words (``2 Tc``, ``4 Tw``)."""
    matrix = "0 1 -1 0" if turned else "1 0 0 1"
    return [f"q BT {spread} /{font} {size:g} Tf {matrix} {left:g} {bottom:g} Tm {_encode(text, font)} Tj ET Q"]


def write_scaled(left: float, bottom: float, text: str, size: float) -> Drawing:
    """One string in letters of size 1 that a matrix scales."""
    return [f"BT /F1 1 Tf {size:g} 0 0 {size:g} {left:g} {bottom:g} Tm {_encode(text, PLAIN)} Tj ET"]


def write_lines(
    left: float, top: float, lines: Sequence[str], size: float = 10, *, step: float = 12, font: str = PLAIN
) -> Drawing:
    """Lines under one another; `top` is the first one's base line."""
    return [part for n, line in enumerate(lines) for part in write(left, top - step * n, line, size, font=font)]


def write_across(lefts: Sequence[float], top: float, rows: Sequence[Sequence[str]], *, step: float = 12) -> Drawing:
    """Cells row by row, each at its place; empty ones are left out."""
    return [
        part
        for n, row in enumerate(rows)
        for left, cell in zip(lefts, row, strict=True)
        if cell
        for part in write(left, top - step * n, cell)
    ]


def draw_rule(left: float, bottom: float, right: float) -> Drawing:
    return [f"{left:g} {bottom:g} m {right:g} {bottom:g} l S"]


def _encode(text: str, font: str) -> str:
    if font in (WIDE, NARROW):
        return f"<{text.encode('utf-16-be').hex()}>"
    return "(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") + ")"


_ALL_SCRIPTS = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /Same def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0000> <FFFF> <0000> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end"""


def make_pdf(pages: Sequence[Drawing], *, rotate: int = 0, outline: Sequence[tuple[int, str]] = ()) -> bytes:
    """A PDF file with these pages. `outline` holds its entries as pages, counted from 0, and titles."""
    objects = ["", "", *_make_fonts()]
    kids = []
    for drawing in pages:
        content = "\n".join(drawing)
        number = len(objects) + 1
        kids.append(number)
        fonts = "<< /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R /F4 6 0 R >> >>"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate {rotate}"
            f" /Resources {fonts} /Contents {number + 1} 0 R >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R /Outlines {len(objects) + 1} 0 R >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>"
    objects += _make_outline(len(objects) + 1, [(kids[page], title) for page, title in outline])
    return _join_objects(objects)


def _make_fonts() -> list[str]:
    """The objects 3 to 10 of the file: its fonts."""
    simple = "<< /Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont /{} >>"
    composite = (
        "<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H"
        " /DescendantFonts [{} 0 R] /ToUnicode 9 0 R >>"
    )
    parts = (
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Any /DW {} /FontDescriptor 10 0 R"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    return [
        simple.format("Courier"),
        simple.format("Courier-Bold"),
        composite.format(7),
        composite.format(8),
        parts.format(1000),
        parts.format(500),
        f"<< /Length {len(_ALL_SCRIPTS)} >>\nstream\n{_ALL_SCRIPTS}\nendstream",
        "<< /Type /FontDescriptor /FontName /Any /Flags 4 /FontBBox [0 -200 1000 800]"
        " /Ascent 800 /Descent -200 /StemV 80 >>",
    ]


def _make_outline(first: int, entries: Sequence[tuple[int, str]]) -> list[str]:
    if not entries:
        return ["<< /Type /Outlines /Count 0 >>"]
    last = first + len(entries)
    root = f"<< /Type /Outlines /First {first + 1} 0 R /Last {last} 0 R /Count {len(entries)} >>"
    items = []
    for number, (page, title) in enumerate(entries, start=first + 1):
        following = f"/Next {number + 1} 0 R" if number < last else ""
        items.append(f"<< /Title ({title}) /Parent {first} 0 R {following} /Dest [{page} 0 R /Fit] >>")
    return [root, *items]


def _join_objects(objects: Sequence[str]) -> bytes:
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
