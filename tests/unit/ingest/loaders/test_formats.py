"""What a file is: by its bytes, by its name only among texts."""

from __future__ import annotations

import json
import math
import random
import struct

import pytest

from ingest.loaders.formats import FORMATS, detect, read
from ingest.loaders.office.binary import make_plain
from ingest.loaders.reading import ReadOptions
from rag.errors import LoadError, UnsupportedError


def _read(name: str, data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    _, reading = read(name, raw, ReadOptions())
    return "\n\n".join(page.text for page in reading.pages)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", b"%PDF-1.7 ...", "pdf"),
        ("a.pdf", b"only text", "text"),
        ("a.dat", b"{\\rtf1 hello}", "rtf"),
        ("a.txt", b"<!DOCTYPE html><html><body>x", "html"),
        ("README", b"plain words", "text"),
        ("a.unknown", b"plain words", "text"),
        ("a.md", b"# x", "markdown"),
        ("a.rst", b"x", "rst"),
        ("a.adoc", b"= x", "asciidoc"),
        ("a.org", b"* x", "org"),
        ("a.txt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nhi", "vtt"),
        ("a.txt", b"1\n00:00:01,000 --> 00:00:02,000\nhi", "srt"),
        ("a.txt", b"From: a@b.c\nTo: d@e.f\nSubject: x\n\nhello", "eml"),
        ("mail", b"From a@b.c Thu Jan  1 00:00:00 2026\nFrom: a@b.c\nSubject: x\n\nhello", "mbox"),
        ("a.bin", b'{"a": 1}', "json"),
        ("a.ipynb", b'{"cells": []}', "ipynb"),
        ("a.xml", b"<?xml version='1.0'?><a/>", "xml"),
        ("a.csv", b"a,b\n1,2", "csv"),
        ("a.py", b"import os", "code"),
        ("Makefile", b"all:\n\techo", "code"),
        ("a.yaml", b"a: 1", "yaml"),
        ("a.txt", "Hello there".encode("utf-16"), "text"),
        ("a.txt", "Hello there, you".encode("utf-16-le"), "text"),
    ],
)
def test_a_format_is_told_by_content_first(name, data, expected):
    assert detect(name, data).name == expected


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0\x08\2\0\0\0", "(?i)png|portable network"),
        (b"\x7fELF\2\1\1\0" + b"\0" * 60, "(?i)elf|executable"),
        (bytes(range(256)) * 8, "unknown binary data|not a document"),
    ],
)
def test_what_is_no_document_is_named(data, what):
    with pytest.raises(UnsupportedError, match=what):
        detect("a.txt", data)


RANDOM = random.Random(7)
WORDS = b"A line of plain words, as people write them.\n" * 2_000


@pytest.mark.parametrize(
    "data",
    [
        bytes(RANDOM.choices(range(32, 256), k=20_000)),
        bytes(RANDOM.choices(range(192, 256), k=20_000)),
        bytes(int(128 + 60 * math.sin(n / 7)) for n in range(20_000)),
        b"\x89\xab\xcd\xef\xfe\xdc\xba\x98",
        b"#!/bin/sh\n" + WORDS[:20_000] + RANDOM.randbytes(80_000),
        struct.pack("<9000f", *(RANDOM.random() for _ in range(9_000))),
    ],
    ids=["no controls", "high bytes", "sound", "a digest", "a script that unpacks itself", "numbers"],
)
@pytest.mark.parametrize("name", ["a.txt", "a.log", "a"])
def test_binary_bytes_are_no_text(name, data):
    with pytest.raises(UnsupportedError):
        detect(name, data)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "№5 — «Договор о поставке муки для пекарни», подписанный в городе."),
        ("koi8-r", "Привет! Это старое письмо о погоде."),
        ("cp1253", "Η θερμοκρασία του νερού είναι υψηλή."),
        ("cp1255", "שלום עולם, זה מסמך ישן על מזג האוויר."),
        ("cp874", "สวัสดีชาวโลก นี่คือเอกสารเก่าเกี่ยวกับสภาพอากาศในเมืองหลวงของเรา"),
        ("shift_jis", "これは古い文書です。天気について書かれています。"),
        ("gb18030", "这是一个关于天气的旧文件，水压是三个大气压。"),
        ("cp1252", "Größe über Öl, ähnlich “Fuß” – 5 €"),
        ("cp850", "Größe: ─────┬────\r\n│ Öl │ 5 │\r\n"),
    ],
)
@pytest.mark.parametrize("times", [1, 50, 2_000])
def test_a_text_in_an_old_encoding_is_one(codec, text, times):
    assert detect("a.txt", f"{text}\n".encode(codec) * times).name == "text"


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[32mINFO\x1b[0m started\n" * 99,
        b"\x1b[1m\x1b[31mERR\x1b(B\x1b[m\x0f x\n" * 99,
        b"\x1b]0;user@host: ~\x07\x1b[?2004h$ ls\r\n\x1b[01;34mdir\x1b[0m\r\n" * 99,
        WORDS + bytes(RANDOM.choices(range(128), k=9_000)),
    ],
    ids=["colours", "tput", "a recorded session", "a damaged end"],
)
def test_a_log_is_text(data):
    assert detect("pump.log", data).name == "text"


def test_no_extension_is_claimed_twice():
    extensions = [extension for format_ in FORMATS for extension in format_.extensions]
    assert len(extensions) == len(set(extensions))


def test_markdown_takes_title_author_and_language_from_its_front_matter():
    _, reading = read("a.md", b"---\ntitle: The Book\nauthor: Ann\nlang: de-DE\n---\n# Other\n", ReadOptions())
    assert (reading.header.title, reading.header.author, reading.header.language) == ("The Book", "Ann", "de")


def test_tables_that_markdown_has_as_html_become_rows():
    table = "<table><tr><th>Kiln</th><th>Cone</th></tr>\n<tr><td>Tim</td><td>04</td></tr></table>"
    text = _read("a.md", f"# Kilns\n\n{table}\nFired.\n\n```\n{table}\n```")
    assert text == f"# Kilns\n\n\nKiln\tCone\nTim\t04\n\nFired.\n\n```\n{table}\n```"


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\section*{Tides}Springs rise $5\,m$.% draft", "## Tides\n\nSprings rise $5\\,m$."),
        (r"Caf\'e M\"uller, \c{C}a \v{s} \ss, 50\,\% \& 1--2~km", "Café Müller, Ça š ß, 50 % & 1–2 km"),
        (r"Wool\footnote{From \emph{Jæren}.} and \href{https://a.b}{dye}", "Wool (From Jæren.) and dye (https://a.b)"),
        (r"\begin{enumerate}\item Shear\item[b)] Wash\item Spin\end{enumerate}", "1. Shear\n- b): Wash\n2. Spin"),
        (
            r"\begin{tabular}{l|rr}\toprule Port & \multicolumn{2}{c}{Rise}\\ & ebb & flood\\\midrule"
            r" \textbf{Wick} & 1 & $3$\\ \end{tabular}",
            "Port\tRise ebb\tRise flood\nWick\t1\t$3$",
        ),
        (r"\newcommand{\lab}{Kelp Lab}\begin{document}At \lab{} we \verb|x_y|.\end{document}", "At Kelp Lab we x_y."),
        (r"\begin{verbatim}a \emph{b}\end{verbatim}", "```\na \\emph{b}\n```"),
    ],
)
def test_latex_is_read_as_it_is_typeset(latex, shown):
    assert _read("a.tex", latex) == shown


def test_latex_tells_its_title_and_author():
    _, reading = read("a.tex", rb"\title{On \emph{Kelp}}\author{K. Aas}\begin{document}x\end{document}", ReadOptions())
    assert (reading.header.title, reading.header.author) == ("On Kelp", "K. Aas")


@pytest.mark.parametrize("mark", [",", ";", "|", "\t"])
def test_csv_becomes_rows_whatever_separates_the_cells(mark):
    text = _read("a.csv", f'name{mark}town\n"Bob{mark}jr"{mark}Rome\nEve{mark}Bonn\n')
    assert text == f"name\ttown\nBob{' ' if mark.isspace() else mark}jr\tRome\nEve\tBonn"


def test_a_record_of_a_list_in_json_is_one_line_and_settings_are_not():
    pumps = [{"id": "P-11", "at": "shed"}, {"id": "P-12", "at": "ladder", "tags": ["a", "b"]}]
    lines = _read("a.json", json.dumps({"pumps": pumps, "site": {"name": "weir", "lamp": 7}}, indent=2)).splitlines()
    assert '    { "id": "P-11", "at": "shed" },' in lines
    assert '    { "id": "P-12", "at": "ladder", "tags": [ "a", "b" ] }' in lines
    assert '    "name": "weir",' in lines


def test_one_long_line_of_json_is_laid_out():
    text = _read("a.json", '{"a": [' + ", ".join('"word"' for _ in range(200)) + ', "\\u00fcber"]}')
    assert "über" in text
    assert max(map(len, text.splitlines())) < 100


def test_a_notebook_gives_its_cells_and_outputs():
    notebook = (
        '{"metadata": {"kernelspec": {"language": "python"}}, "cells": ['
        '{"cell_type": "markdown", "source": ["# Ducks\\n", "Text"]},'
        '{"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\\n"]}]}]}'
    )
    assert _read("a.ipynb", notebook) == "# Ducks\nText\n\n```python\nprint(1)\n```\n\n```\n1\n```"


def test_subtitles_keep_speaker_and_time():
    text = _read("a.vtt", "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Ann>Hello <b>you</b> &amp; me\n")
    assert text == "[00:00:01] Ann: Hello you & me"


@pytest.mark.parametrize(
    ("name", "text", "headings"),
    [
        ("a.rst", "Title\n=====\n\nText\n\nPart\n----\n\nMore", ["# Title", "## Part"]),
        ("a.rst", "=====\nTitle\n=====\n\nText\n\nPart\n====\n\nMore", ["# Title", "## Part"]),
        ("a.adoc", "= Title\n\n== Part\n\nText", ["# Title", "## Part"]),
        ("a.org", "#+TITLE: T\n* Title\n** Part\nText", ["# Title", "## Part"]),
    ],
)
def test_headings_of_other_markups_become_markdowns(name, text, headings):
    assert [line for line in _read(name, text).splitlines() if line.startswith(("# ", "## "))] == headings


def test_an_old_word_text_shows_results_not_instructions():
    text = "Figure \x13 SEQ \x13 X \x14Fig\x15\x141\x15: a\x1eb\rName\x07Age\x07\x07Bob\x0730\x07\x07\x08\r"
    assert make_plain(text) == "Figure 1: a-b\n\nName\tAge\nBob\t30"


def test_a_feed_gives_its_entries_under_their_titles():
    feed = (
        "<?xml version='1.0'?><rss><channel><title>News</title><item><title>Ducks fly</title>"
        "<description>&lt;p&gt;They &lt;b&gt;really&lt;/b&gt; do.&lt;/p&gt;</description></item></channel></rss>"
    )
    assert _read("a.xml", feed) == "# News\n\n## Ducks fly\n\nThey really do."


def test_records_in_xml_name_their_values():
    organs = (
        "<organs><organ id='op12'><builder>Dorn</builder><year>1784</year></organ><organ><builder>Ost</builder>"
        "<fee unit='EUR'>5</fee><empty/><pipes><wood>22</wood></pipes></organ><lock on='yes'/></organs>"
    )
    assert _read("a.xml", f"<?xml version='1.0'?>{organs}") == (
        "lock: on: yes\n\nid: op12; builder: Dorn; year: 1784\n\nbuilder: Ost; fee: 5, unit: EUR\n\nwood: 22"
    )


def test_an_articles_sections_become_headings():
    text = (
        "<article><front><article-title>On ducks</article-title></front>"
        "<body><sec><title>Method</title><p>We <i>looked</i>.</p></sec></body></article>"
    )
    assert _read("a.xml", text) == "## On ducks\n\n### Method\n\nWe looked."


def test_an_entity_bomb_is_not_expanded():
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    with pytest.raises(LoadError, match="amplification"):
        _read("a.xml", bomb + "]><a>&a11; text</a>")


def test_an_external_entity_is_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    text = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x; text</a>'
    assert "the secret" not in _read("a.xml", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a>" * 100_000 + "deep" + "</a>" * 100_000, "Excessive depth"),
        (f"<a>{'x' * 10_100_000}</a>", "Resource limit"),
    ],
)
def test_xml_that_cannot_be_read_whole_is_refused(text, reason):
    with pytest.raises(LoadError, match=reason):
        _read("a.xml", "<?xml version='1.0'?>" + text)
