from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.loaders.encoding import decode, decode_blocks, detect_encoding

RUSSIAN = "Привет мир, это просто текст на русском языке"
JAPANESE = "日本語のテキスト。これは短い文章です。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße aus München, schöne Straße", "cp1252"),
        ("Ça va être l'été à Noël, déjà vu cœur", "cp1252"),
        ("It’s “quoted” – dash € 5", "cp1252"),
        ("## können\n\näöüß\n", "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        ("中文文本测试，这是一个简单的例子。", "gb18030"),
        ("中文文本測試，這是一個簡單的例子。", "big5"),
        ("한국어 텍스트 예제입니다. 안녕하세요.", "euc_kr"),
        ("한국어 텍스트 예제입니다. 안녕하세요.", "iso2022_kr"),
        ("Zażółć gęślą jaźń, dobry wieczór państwu", "cp1250"),
        ("Καλημέρα κόσμε, αυτό είναι ένα κείμενο", "cp1253"),
        ("שלום עולם, זה טקסט בעברית", "cp1255"),
        ("مرحبا بالعالم هذا نص عربي قصير", "cp1256"),
        ("สวัสดีชาวโลก นี่คือข้อความภาษาไทย", "cp874"),
        ("Hello world, this is a text", "utf-16-le"),
        ("Hello world, this is a text", "utf-16-be"),
        ("Hello world, this is a text", "utf-32-le"),
        ("Hello world, this is a text", "utf-32-be"),
    ],
)
def test_a_text_without_mark_is_read_in_its_encoding(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_decides(encoding):
    assert decode(f"{RUSSIAN} {JAPANESE}".encode(encoding)) == f"{RUSSIAN} {JAPANESE}"


def test_big_endian_marks_are_known():
    assert decode(codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be")) == RUSSIAN
    assert decode(codecs.BOM_UTF32_BE + RUSSIAN.encode("utf-32-be")) == RUSSIAN


def test_a_declared_encoding_is_believed_unless_the_bytes_are_utf8():
    assert decode("ação".encode("cp1252"), "iso-8859-1") == "ação"
    assert decode("é".encode(), "iso-8859-1") == "é"


@pytest.mark.parametrize("declared", ["no-such-code", "base64", "rot13", "zlib"])
def test_a_nonsensical_declaration_is_ignored(declared):
    assert decode("für".encode("cp1252"), declared) == "für"


def test_line_ends_become_newlines_even_across_blocks():
    data = b"a" * ((1 << 20) - 1) + b"\r\nb\rc\n"
    assert "".join(decode_blocks(data)) == "a" * ((1 << 20) - 1) + "\nb\nc\n"


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(data):
    assert isinstance(decode(data), str)
    assert codecs.lookup(detect_encoding(data))


@given(st.text(st.characters(blacklist_characters="\r\0\ufeff", blacklist_categories=["Cs"]), max_size=200))
def test_utf8_comes_back_unchanged(text):
    assert decode(text.encode()) == text
