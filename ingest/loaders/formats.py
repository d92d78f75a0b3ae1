"""Reading a file from its bytes: its format is detected, and the loader of the table of formats reads it.

The format is told by the bytes; only kinds of text are told apart by the file's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import cast

from ingest.loaders.encoding import decode
from ingest.loaders.encrypted import decrypt
from ingest.loaders.reading import Loader, Reading, ReadOptions, make_label
from ingest.loaders.version import LOADERS_VERSION
from rag.errors import LoadError, UnsupportedError


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table of formats."""

    name: str
    loader: str
    """``module:function`` below `ingest.loaders`, imported when first needed."""
    extensions: tuple[str, ...]
    syntax: str = "markdown"
    """How the pages' text is to be split: ``markdown``, ``text`` or ``code``."""


FORMATS = (
    Format("pdf", "pdf.pages:load_pdf", (".pdf",)),
    Format("docx", "office.docx:load_docx", (".docx", ".docm", ".dotx")),
    Format("pptx", "office.pptx:load_pptx", (".pptx", ".pptm", ".ppsx")),
    Format("xlsx", "office.sheets:load_sheets", (".xlsx", ".xlsm", ".xlsb", ".xltx")),
    Format("odt", "office.odf:load_odt", (".odt", ".ott", ".fodt")),
    Format("odp", "office.odf:load_odp", (".odp", ".otp")),
    Format("ods", "office.sheets:load_sheets", (".ods", ".ots")),
    Format("rtf", "rtf:load_rtf", (".rtf",)),
    Format("doc", "office.binary:load_doc", (".doc", ".dot")),
    Format("ppt", "office.binary:load_ppt", (".ppt", ".pps")),
    Format("xls", "office.sheets:load_sheets", (".xls", ".xlt")),
    Format("epub", "web.epub:load_epub", (".epub",)),
    Format("msg", "mail:load_msg", (".msg",)),
    Format("tnef", "tnef:load_tnef", (".tnef",)),
    Format("eml", "mail:load_eml", (".eml", ".mht", ".mhtml")),
    Format("mbox", "mail:load_mbox", (".mbox", ".mbx")),
    Format("ics", "ical:load_calendar", (".ics", ".ical", ".vcs")),
    Format("vcf", "ical:load_contacts", (".vcf", ".vcard")),
    Format("html", "web.html:load_html", (".html", ".htm", ".xhtml")),
    Format("xml", "web.xml:load_xml", (".xml", ".rss", ".atom", ".nxml", ".dita", ".svg", ".xsd", ".rdf", ".opml")),
    Format("ipynb", "data:load_notebook", (".ipynb",)),
    Format("json", "data:load_json", (".json", ".jsonl", ".ndjson", ".geojson"), "code"),
    Format("yaml", "text:load_text", (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties"), "code"),
    Format("csv", "data:load_csv", (".csv", ".psv")),
    Format("tsv", "data:load_csv", (".tsv", ".tab")),
    Format("vtt", "data:load_subtitles", (".vtt",)),
    Format("srt", "data:load_subtitles", (".srt",)),
    Format("markdown", "text:load_markdown", (".md", ".markdown", ".mdx", ".mkd", ".rmd", ".qmd")),
    Format("rst", "text:load_rst", (".rst", ".rest")),
    Format("asciidoc", "text:load_asciidoc", (".adoc", ".asciidoc", ".asc")),
    Format("org", "text:load_org", (".org",)),
    Format("latex", "latex:load_latex", (".tex", ".ltx", ".latex")),
    Format(
        "code",
        "text:load_text",
        tuple(
            ".py .pyi .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .c .h .cc .cpp .cxx .hpp .hh .cs .go .rs .rb"
            " .php .swift .m .mm .sh .bash .zsh .ps1 .bat .cmd .sql .r .jl .lua .pl .pm .dart .ex .exs .erl .hs .clj"
            " .groovy .gradle .f90 .f .pas .asm .s .vb .proto .graphql .tf .cmake .mk .dockerfile .vue .svelte .css"
            " .scss .less .zig .nim .bib .sty".split()
        ),
        "code",
    ),
    Format("text", "text:load_text", (".txt", ".text", ".log"), "text"),
)
_BY_NAME = {format_.name: format_ for format_ in FORMATS}
_BY_EXTENSION = {extension: format_ for format_ in FORMATS for extension in format_.extensions}
_TEXTS = frozenset(
    "html xml ipynb json yaml csv tsv vtt srt markdown rst asciidoc org latex code text eml mbox ics vcf".split()
)

_BINARY_SIGNS = ((b"{\\rt", "rtf"), (b"\x78\x9f\x3e\x22", "tnef"))
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("__properties_version1.0", "msg"),
)
_ZIP_MIMETYPES = (
    (b"opendocument.text", "odt"),
    (b"opendocument.presentation", "odp"),
    (b"opendocument.spreadsheet", "ods"),
    (b"epub+zip", "epub"),
)
_CONTENT_TYPES = (
    (b"wordprocessingml", "docx"),
    (b"presentationml", "pptx"),
    (b"spreadsheetml", "xlsx"),
    (b"ms-word.document", "docx"),
    (b"ms-powerpoint.presentation", "pptx"),
    (b"ms-excel.sheet", "xlsx"),
)


_LONGEST_DATE = 40


def read(source: str, data: bytes, options: ReadOptions) -> tuple[Format, Reading]:
    """Begin to read a document. Raises LoadError or UnsupportedError, here or while the pages are taken."""
    if data.startswith(_OLE):
        data = decrypt(data, options) or data
    format_ = detect(source, data)
    reading = _import_loader(format_)(source, data, options)
    name = f"{reading.header.loader or format_.loader.split(':')[0].rpartition('.')[2]}/{LOADERS_VERSION}"
    header = reading.header
    reading.header = replace(
        header,
        title=make_label(header.title),
        author=make_label(header.author),
        created=make_label(header.created, _LONGEST_DATE),
        modified=make_label(header.modified, _LONGEST_DATE),
        format=header.format or format_.name,
        loader=name,
    )
    return format_, reading


def _import_loader(format_: Format) -> Loader:
    module, function = format_.loader.split(":")
    loader = getattr(import_module(f"ingest.loaders.{module}"), function)
    return cast(Callable[[str, bytes, ReadOptions], Reading], loader)


def detect(source: str, data: bytes) -> Format:
    """The format of a file. Raises UnsupportedError, saying what the file seems to be."""
    name = _detect_binary(source, data) or _detect_text(source, data)
    if not name:
        raise UnsupportedError(f"not a document that can be read: {describe_content(data)}")
    return _BY_NAME[name]


def _detect_binary(source: str, data: bytes) -> str:
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if name := next((name for sign, name in _BINARY_SIGNS if data.startswith(sign)), ""):
        return name
    if data.startswith(_OLE):
        return _detect_ole(data)
    if data.startswith(b"PK\x03\x04"):
        return _detect_zip(source, data)
    return ""


def _detect_ole(data: bytes) -> str:
    import olefile

    try:
        with olefile.OleFileIO(data) as ole:
            return next((name for stream, name in _OLE_STREAMS if ole.exists(stream)), "")
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise LoadError(f"it is a damaged Office file ({error})") from error


def _detect_zip(source: str, data: bytes) -> str:
    from ingest.loaders.archive import Archive

    expected = _find_by_extension(source)
    try:
        archive = Archive(data)
        mimetype = archive.get("mimetype") or b""
        types = archive.get("[Content_Types].xml") or b""
    except LoadError:
        if expected and expected not in _TEXTS:
            raise
        return ""
    for mark, name in _ZIP_MIMETYPES:
        if mark in mimetype:
            return name
    if "META-INF/container.xml" in archive:
        return "epub"
    if "content.xml" in archive and expected in ("odt", "odp", "ods"):
        return expected
    return _find_main_type(types)


def _find_main_type(types: bytes) -> str:
    """The format by the content type of the main part: a presentation may have documents inside."""
    main = [
        override
        for override in re.findall(rb'ContentType="([^"]*)"', types)
        if b"main+xml" in override or override.endswith(b".main")  # XLSB has no XML
    ]
    for content_type in main:
        for mark, name in _CONTENT_TYPES:
            if mark in content_type:
                return name
    return ""


def _find_by_extension(source: str) -> str:
    path = PurePosixPath(source.lower())
    found = _BY_EXTENSION.get(path.suffix)
    return found.name if found else _BY_FILE_NAME.get(path.name, "")


_BY_FILE_NAME = {"dockerfile": "code", "makefile": "code", "cmakelists.txt": "code", "jenkinsfile": "code"}


def _detect_text(source: str, data: bytes) -> str:
    """The name of the text's format; empty if the bytes are no text."""
    if not _is_text(data):
        return ""
    by_name = _find_by_extension(source)
    opening = decode(data[:8192]).lstrip("\ufeff \t\n")
    by_content = next((name for name, sign in _SIGNS if sign.match(opening)), "")
    if by_content in ("eml", "mbox", "vtt", "srt", "ics", "vcf"):
        return by_content if by_name in ("", "text", by_content) else by_name
    if by_content == "html":
        return by_name if by_name in ("markdown", "code", "ipynb", "json", "eml") else "html"
    if by_content == "xml":
        return by_name if by_name in ("html", "code", "markdown") else "xml"
    if by_content == "json":
        return by_name if by_name in _TEXTS - {"text", "html", "xml"} else "json"
    return by_name if by_name in _TEXTS - {"ipynb"} else "text"


# Each part of a sign can match in one way alone: with two, lines that end otherwise would be tried in all combinations.
_SIGNS = (
    ("vtt", re.compile(r"WEBVTT\b")),
    ("ics", re.compile(r"BEGIN:VCALENDAR\s", re.I)),
    ("vcf", re.compile(r"BEGIN:VCARD\s", re.I)),
    ("srt", re.compile(r"\d{1,5}\n\d\d:\d\d:\d\d,\d{3} --> ")),
    ("mbox", re.compile(r"From \S+.*\d\d:\d\d.*\n[\w-]+: ")),
    (
        "eml",
        re.compile(
            r"(?:[A-Z][\w-]*+: .*+\n(?:[ \t].*+\n)*+){1,60}?(?:From|To|Subject|MIME-Version|Message-ID): ",
            re.I,
        ),
    ),
    (
        "html",
        re.compile(
            r"(?:<\?xml[^>]*>\s*+)?(?:<!--(?:(?!-->).){0,2000}-->\s*+)*+(?:<!doctype html|<html\b|<head\b|<body\b)",
            re.I | re.S,
        ),
    ),
    ("xml", re.compile(r"<\?xml\b|<!DOCTYPE\b|<(?:rss|feed|article|book|svg)\b")),
    ("json", re.compile(r"[{\[]\s*(?:[\"{\[\]}]|-?\d)")),
)


_SAMPLE_BYTES = 16_384
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})
_TERMINAL = re.compile(rb"\x1b(?:\][^\x07\x1b\r\n]{0,500}(?:\x07|\x1b\\)|\[[0-?]{0,64}[@-~]\x0f?)")
"""What a terminal obeys and a log may be full of: titles, which a bell ends, and colours, which a shift may end."""
_FOREIGN_SHARE, _LETTER_SHARE = 0.25, 0.75
"""From which share of signs beyond ASCII on a text in an old encoding is looked at, and which share of them must be
letters or punctuation."""
_LONGEST_WORD, _LONGEST_RUN = 60, 200
"""Characters between two spaces on average, at most; and those of Chinese, Japanese and Korean between two marks."""


def _is_text(data: bytes) -> bool:
    """Whether it begins as a text does, and more than half of three samples of it do so."""
    head = data[:_SAMPLE_BYTES]
    if not _is_text_sample(head):
        return False
    if len(data) <= 3 * _SAMPLE_BYTES or b"\0" in head:
        return True
    middle = len(data) // 2
    return _is_text_sample(data[middle : middle + _SAMPLE_BYTES]) or _is_text_sample(data[-_SAMPLE_BYTES:])


def _is_text_sample(sample: bytes) -> bool:
    """Whether at most one character in a hundred is a control character, or one in fifty of UTF-16 and UTF-32."""
    if not sample:
        return True
    if b"\0" in sample:
        text = decode(sample[: len(sample) // 4 * 4])
        strange = sum(1 for letter in text if not letter.isprintable() and not letter.isspace())
        return strange <= len(text) * 0.02 and text.count("\ufffd") <= len(text) * 0.01
    plain = _TERMINAL.sub(b"", sample) if b"\x1b" in sample else sample
    controls = len(plain) - len(plain.translate(None, _CONTROLS))
    return controls <= len(plain) * 0.01 and _has_words(sample)


def _has_words(sample: bytes) -> bool:
    """Whether bytes that aren't UTF-8 are words in another encoding: letters, and spaces between them."""
    from ingest.loaders.encoding import decode, detect_encoding

    whole = sample.lstrip(bytes(range(0x80, 0xC0))) if len(sample) == _SAMPLE_BYTES else sample
    encoding = detect_encoding(whole[: len(whole) - 3] if len(sample) == _SAMPLE_BYTES else whole)
    if encoding.startswith("utf-8"):
        return True
    text = decode(sample)
    foreign = re.sub(r"(.)\1+", r"\1", re.sub(r"[\0-\x7f]", "", text))
    if len(foreign) <= len(text) * _FOREIGN_SHARE:
        return True
    letters = sum(unicodedata.category(letter)[0] in "LMP" or letter in "€£°" for letter in foreign)
    spaces = sum(letter.isspace() or letter in "、。，．" for letter in text)
    longest = _LONGEST_RUN if max(foreign) >= "\u3000" else _LONGEST_WORD
    return letters > len(foreign) * _LETTER_SHARE and len(text) <= longest * (spaces + 1)


def describe_content(data: bytes) -> str:
    """What the bytes seem to be, in words for the report."""
    import puremagic

    try:
        matches = puremagic.magic_string(data[:65_536])
    except (puremagic.PureError, ValueError):
        matches = []
    known = next((match for match in matches if match.name and match.confidence >= 0.3), None)
    return known.name if known else "unknown binary data"
