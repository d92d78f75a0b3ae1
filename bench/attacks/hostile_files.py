"""Does a hostile file cost more than its size? Reads each attack at two sizes, in a process of its own.

    python -m bench.attacks.hostile_files [--size 200000] [--only NAME]

Twice the bytes may take about twice the time: four times is quadratic, and a reader that ends at its limit is worse.
Prints the seconds for both sizes, the growth and what became of the file. Exit code 1 if one grows faster or doesn't
end, so that a reader can be mended before a user's folder waits for it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.workers.messages import ParseConfig
from ingest.workers.program import build_splitter, parse_bytes
from rag.settings import DEFAULT_EMBED_MODEL
from rag.types import Chunk
from tests import files

LIMIT_S = 30.0
"""Seconds that a file of each size may take. The service allows two minutes."""
NOISE_S = 0.4
"""Seconds from which on growth is judged: shorter times are the machine's mood."""
MOST_GROWTH = 3.2

Attack = Callable[[int], tuple[str, bytes]]


def _repeat(name: str, piece: str, before: str = "", after: str = "") -> Attack:
    """A file that says `piece` until it has the size asked for."""
    return lambda size: (name, (before + piece * (size // len(piece.encode()) + 1) + after).encode())


def _nest(name: str, opening: str, closing: str, inside: str = "deep", before: str = "", after: str = "") -> Attack:
    def build(size: int) -> tuple[str, bytes]:
        depth = size // len(opening + closing)
        return name, (before + opening * depth + inside + closing * depth + after).encode()

    return build


def _wrap_docx(build: Callable[[int], str]) -> Attack:
    return lambda size: ("a.docx", files.docx(build(size)))


def _nest_text_boxes(size: int) -> str:
    """Text boxes as deep as the parser lets through; the size is spent on text in the innermost box."""
    depth = 40
    opening, closing = "<w:p><w:r><w:drawing><w:txbxContent>", "</w:txbxContent></w:drawing></w:r></w:p>"
    return opening * depth + files.paragraph("word " * (size // 5)) + closing * depth


def _nest_formulas(size: int) -> str:
    depth = 100
    inside = f"<m:r><m:t>{'x' * size}</m:t></m:r>"
    return "<w:p><m:oMath>" + "<m:d><m:e>" * depth + inside + "</m:e></m:d>" * depth + "</m:oMath></w:p>"


def _nest_tables(size: int) -> str:
    depth = 60
    inside = files.paragraph("word " * (size // 5))
    return "<w:tbl><w:tr><w:tc>" * depth + inside + "</w:tc></w:tr></w:tbl>" * depth


def _nest_repeated_cells(size: int) -> tuple[str, bytes]:
    depth = 50
    opening = '<table:table><table:table-row><table:table-cell table:number-columns-repeated="50">'
    closing = "</table:table-cell></table:table-row></table:table>"
    inside = f"<text:p>{'word ' * (size // 5)}</text:p>"
    return "a.odt", files.opendocument("text", f"<office:text>{opening * depth}{inside}{closing * depth}</office:text>")


def _repeat_slide(size: int) -> tuple[str, bytes]:
    return "a.pptx", files.pptx([files.shape("word " * 200, "title")] * (size // 1000))


def _widen_sheet(size: int) -> tuple[str, bytes]:
    data = files.xlsx({"a": [["word"] * (size // 100)]})
    return "a.xlsx", data


def _nest_mails(size: int) -> tuple[str, bytes]:
    depth = size // 100
    part = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return "a.eml", f"From: a@b.c\nSubject: x\n{part}Content-Type: text/plain\n\nword\n".encode()


def _forward_mails(size: int) -> tuple[str, bytes]:
    part = "Content-Type: message/rfc822\n\nFrom: a@b.c\nSubject: x\n" * (size // 60)
    return "a.eml", f"From: a@b.c\nSubject: x\n{part}\nword\n".encode()


def _attach_many(size: int) -> tuple[str, bytes]:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@b.c", "x"
    message.set_content("word")
    for number in range(size // 500):
        message.add_attachment(b"word " * 20, maintype="text", subtype="plain", filename=f"{number}.txt")
    return "a.eml", message.as_bytes()


def _fill_header(name: str, piece: str) -> Attack:
    return lambda size: ("a.eml", f"From: a@b.c\n{name}: {piece * (size // len(piece))}\n\nword\n".encode())


def _widen_table(size: int) -> tuple[str, bytes]:
    row = ",".join("ab" for _ in range(size // 12))
    return "a.csv", "\n".join([row] * 4).encode()


def _nest_numbers(size: int) -> tuple[str, bytes]:
    return "a.json", ("[" * 900 + "1," * (size // 2) + "1" + "]" * 900).encode()


def _draw_lines(size: int) -> tuple[str, bytes]:
    count = size // 40
    return "a.pdf", files.pdf([[(72, 700 - n % 600, 10, f"word {n}") for n in range(count)]])


def _draw_pages(size: int) -> tuple[str, bytes]:
    return "a.pdf", files.pdf([[(72, 700, 10, f"page {n}")] for n in range(size // 400)])


def _draw_long_word(size: int) -> tuple[str, bytes]:
    letters = "".join(chr(97 + n % 26) for n in range(100))
    return "a.pdf", files.pdf(
        [[(0, 700, 1, letters * (size // 100)), (72, 600, 10, "well\xad"), (72, 590, 10, "done")]]
    )


def _loop_outline(size: int) -> tuple[str, bytes]:
    entry = "<< /Title (a) /Parent 7 0 R /Next 8 0 R /First 8 0 R /Dest [5 0 R /Fit] >>"
    pad = "% " + "x" * size
    return "a.pdf", files.pdf(
        [[(72, 700, 10, "word")]],
        catalog="/Outlines 7 0 R",
        extra=["<< /Type /Outlines /First 8 0 R /Last 8 0 R /Count 9 >>", entry, pad + "\n<< >>"],
    )


def _loop_pages(size: int) -> tuple[str, bytes]:
    data = files.pdf([[(72, 700, 10, "word")]])
    return "a.pdf", data.replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]").replace(
        b"/Count 1", b"/Count 999999"
    ) + b"%" * size


def _stretch_page(size: int) -> tuple[str, bytes]:
    data = files.picture_pdf(1)
    return "a.pdf", data.replace(b"[0 0 200 200]", b"[0 0 9e9 9e9]") + b"%" * size


ATTACKS: dict[str, Attack] = {
    "markdown, open brackets": _repeat("a.md", "["),
    "markdown, links": _repeat("a.md", "[a]("),
    "markdown, backticks": _repeat("a.md", "` `` "),
    "markdown, stars": _repeat("a.md", "*a **b "),
    "markdown, rows": _repeat("a.md", "| a | b |\n", "| x | y |\n| --- | --- |\n"),
    "markdown, one row": _repeat("a.md", "| a "),
    "markdown, quotes in quotes": _repeat("a.md", "> "),
    "markdown, headings": _repeat("a.md", "# a\n\n"),
    "markdown, deep list": lambda size: (
        "a.md",
        "".join(" " * n + "- a\n" for n in range(int((2 * size) ** 0.5))).encode(),
    ),
    "markdown, spaces in a heading": _repeat("a.md", " ", "# x", "y"),
    "markdown, front matter": _repeat("a.md", " ", "---\ntitle: x", "y\n---\nword"),
    "text, no white space": _repeat("a.txt", "abcdefghij"),
    "text, white space": _repeat("a.txt", " \t"),
    "text, empty lines": _repeat("a.txt", "\n"),
    "text, one letter": _repeat("a.txt", "a"),
    "text, full stops": _repeat("a.txt", "."),
    "text, abbreviations": _repeat("a.txt", "e.g. "),
    "text, no full stop": _repeat("a.txt", "word "),
    "text, Chinese without marks": _repeat("a.txt", "中文"),
    "text, combining marks": _repeat("a.txt", "a\u0301\u0302\u0303"),
    "text, one late strange byte": lambda size: ("a.txt", b"word " * (size // 5) + b"\xe4"),
    "text, headers without end": _repeat("a.txt", "X-A: b\n"),
    "text, comments without end": _repeat("a.txt", "<!-- -->"),
    "code, deep braces": _nest("a.c", "{", "}"),
    "rst, adornments": _repeat("a.rst", "====\n"),
    "rst, titles": _repeat("a.rst", "a\n==\n\n"),
    "asciidoc, spaces in a title": _repeat("a.adoc", " ", "= a", "x"),
    "asciidoc, tables": _repeat("a.adoc", "|===\n|a|b\n"),
    "org, spaces": _repeat("a.org", " ", "* ", "\n"),
    "csv, columns": _widen_table,
    "csv, one line": _repeat("a.csv", "ab,"),
    "csv, open quote": _repeat("a.csv", "ab,", '"'),
    "csv, quotes": _repeat("a.csv", '"'),
    "json, deep": _nest("a.json", "[", "]"),
    "json, deep objects": _nest("a.json", '{"a":', "}", "1"),
    "json, deep and wide": _nest_numbers,
    "json, one number": _repeat("a.json", "9", '{"a": ', "}"),
    "json lines": _repeat("a.jsonl", '{"a": "\\u00fc"}\n'),
    "yaml, anchors": lambda size: (
        "a.yaml",
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, size // 40))).encode(),
    ),
    "subtitles, open tags": _repeat("a.vtt", "<v ", "WEBVTT\n\n00:01.000 --> 00:02.000\n"),
    "subtitles, spaces in a tag": _repeat("a.vtt", " ", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v", "x"),
    "html, deep": _nest("a.html", "<div>", "</div>", before="<html>"),
    "html, deep lists": _nest("a.html", "<ul><li>", "</li></ul>", before="<html>"),
    "html, deep tables": _nest("a.html", "<table><tr><td>a<td>", "</table>", before="<html>"),
    "html, deep tables, much text": lambda size: (
        "a.html",
        ("<html>" + "<table><tr><td>a<td>" * 60 + "word " * (size // 5)).encode(),
    ),
    "html, open tags": _repeat("a.html", "<", "<html>"),
    "html, empty inline": _repeat("a.html", "<b> </b>", "<html><p>"),
    "html, menus": _repeat("a.html", "<nav>a</nav>", "<html>"),
    "html, lines in a cell": _repeat("a.html", " \n", "<html><table><tr><td><pre>", "</pre><td>b</table>"),
    "html, attributes": _repeat("a.html", 'a="b" ', "<html><p ", ">word"),
    "html, metas": _repeat("a.html", '<meta name="a" content="b">', "<html><head>"),
    "html, entities": _repeat("a.html", "&amp;", "<html>"),
    "xml, deep": _nest("a.xml", "<a>", "</a>", before="<?xml version='1.0'?>"),
    "xml, authors": _nest("a.xml", "<author>", "</author>", before="<?xml version='1.0'?>"),
    "xml, entities": _repeat("a.xml", "&a;", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">]><a>', "</a>"),
    "feed, entries": _repeat(
        "a.xml", "<item><title>a</title></item>", "<?xml version='1.0'?><rss><channel>", "</channel></rss>"
    ),
    "mail, parts in parts": _nest_mails,
    "mail, forwarded": _forward_mails,
    "mail, attachments": _attach_many,
    "mail, addresses": _fill_header("To", "a@b.c, "),
    "mail, encoded words": _fill_header("Subject", "=?utf-8?q?a?= "),
    "mail, comments": _fill_header("From", "("),
    "mail, quotes": _fill_header("To", '"a" <'),
    "mail, date": _fill_header("Date", "1 "),
    "mail, header lines": lambda size: ("a.eml", ("From: a@b.c\n" + "X-A: b\n" * (size // 7) + "\nword").encode()),
    "mailbox": _repeat("a.mbox", "From a@b.c Thu Jan  1 00:00:00 2026\nFrom: a@b.c\n\nword\n\n"),
    "docx, boxes in boxes": _wrap_docx(_nest_text_boxes),
    "docx, formulas in formulas": _wrap_docx(_nest_formulas),
    "docx, tables in tables": _wrap_docx(_nest_tables),
    "docx, paragraphs": _wrap_docx(lambda size: files.paragraph("word") * (size // 60)),
    "odt, repeated cells in repeated cells": _nest_repeated_cells,
    "pptx, slides": _repeat_slide,
    "xlsx, columns": _widen_sheet,
    "rtf, deep": _nest("a.rtf", "{", "}", before="{\\rtf1 ", after="}"),
    "rtf, open boxes": _repeat("a.rtf", "{\\shptxt a", "{\\rtf1 ", "}"),
    "rtf, stars": _repeat("a.rtf", "*a ", "{\\rtf1 ", "}"),
    "rtf, notes in notes": _nest("a.rtf", "{\\footnote word ", "}", before="{\\rtf1 ", after="}"),
    "rtf, boxes in boxes": _nest("a.rtf", "{\\shptxt a\\par ", "}", before="{\\rtf1 ", after="}"),
    "rtf, fonts": _repeat("a.rtf", "{\\f1\\fcharset0 a;}\\f2 ", "{\\rtf1{\\fonttbl", "}}"),
    "rtf, styles": _repeat(
        "a.rtf", "{\\s1\\sbasedon2 a;}{\\s2\\sbasedon1 b;}", "{\\rtf1{\\stylesheet", "}\\s1 a\\par}"
    ),
    "rtf, cells": _repeat("a.rtf", "a\\cell ", "{\\rtf1 ", "\\row}"),
    "rtf, letters in two parts": _repeat("a.rtf", "\\u-10179?\\u-8704?", "{\\rtf1 ", "}"),
    "rtf, spaces": _repeat("a.rtf", " ", "{\\rtf1 ", "\\line a}"),
    "pdf, lines": _draw_lines,
    "pdf, pages": _draw_pages,
    "pdf, one long word": _draw_long_word,
    "pdf, outline in a circle": _loop_outline,
    "pdf, pages in a circle": _loop_pages,
    "pdf, a page of kilometres": _stretch_page,
}


def _read_in_child(attack: str, size: int, send: Connection) -> None:
    config = ParseConfig(DEFAULT_EMBED_MODEL, Path(tempfile.gettempdir()), 220, 32)
    splitter = build_splitter(config)
    name, data = ATTACKS[attack](size)
    chunks: list[Chunk] = []
    parse_bytes("first.md", b"# a\n\nword", config, splitter, chunks.append)
    began = time.perf_counter()
    outcome = parse_bytes(name, data, config, splitter, chunks.append)
    seconds = time.perf_counter() - began
    send.send((seconds, outcome.error or f"{outcome.chunks} chunks"))


def measure(attack: str, size: int) -> tuple[float, str]:
    """Seconds (`LIMIT_S` if it didn't end), and what became of the file."""
    receive, send = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=_read_in_child, args=(attack, size, send))
    child.start()
    send.close()
    try:
        if receive.poll(LIMIT_S + 5):
            seconds, what = receive.recv()
            return seconds, what
        return LIMIT_S, "did not end"
    except EOFError:
        return 0.0, f"the worker died ({child.exitcode})"
    finally:
        child.kill()
        child.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="Does a hostile file cost more than its size?")
    parser.add_argument("--size", type=int, default=200_000, help="bytes of the smaller file")
    parser.add_argument("--only", default="", help="attacks whose name contains this")
    arguments = parser.parse_args()
    bad = []
    print("| attack | seconds | twice the size | outcome |\n| --- | ---: | ---: | --- |")
    for name in ATTACKS:
        if arguments.only not in name:
            continue
        small, _ = measure(name, arguments.size)
        large, what = measure(name, 2 * arguments.size)
        is_bad = large >= LIMIT_S or (large > NOISE_S and large > MOST_GROWTH * small)
        bad += [name] * is_bad
        print(f"| {name} | {small:.2f} | {large:.2f} | {what[:90]}{' **bad**' if is_bad else ''} |", flush=True)
    print(json.dumps({"bad": bad}))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
