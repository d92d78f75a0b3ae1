from __future__ import annotations

import re
import unicodedata
from functools import cache

import pytest

from rag.text.scripts import HAN, HANGUL, HIRAGANA, KANA, KHMER, LAO, MYANMAR, SPACELESS, THAI, TIBETAN

RANGES = {
    "HIRAGANA": HIRAGANA,
    "THAI": THAI,
    "LAO": LAO,
    "TIBETAN": TIBETAN,
    "MYANMAR": MYANMAR,
    "KHMER": KHMER,
    "CJK UNIFIED": HAN,
    "CJK COMPATIBILITY": HAN,
    "KATAKANA": KANA,
    "HANGUL SYLLABLE": HANGUL,
    "HANGUL CHOSEONG": HANGUL,
}


RARE = re.compile("[\ua9e0-\ua9fe\uaa60-\uaa7f\U000116d0-\U000116e3\U0001aff0-\U0001b168]")
"""Letters that only scholars write, in blocks of their own."""


@cache
def _list_names() -> list[str]:
    return [unicodedata.name(chr(code), "") for code in range(0x32000)]


@pytest.mark.parametrize("name", RANGES)
def test_a_script_has_its_letters(name):
    letters = {chr(code) for code, full in enumerate(_list_names()) if full.startswith(f"{name} ")}
    assert letters
    missing = {letter for letter in letters if letter.isalpha() and not re.match(f"[{RANGES[name]}]", letter)}
    assert {letter for letter in missing if not RARE.match(letter)} == set()


@pytest.mark.parametrize(
    ("characters", "is_spaceless"), [("漢字かなカナ한국어ไทยລາວမြန်မာខ្មែร々〇", True), ("aäßжαאعहিঁ1 .、。", False)]
)
def test_text_without_spaces_between_words_is_told_by_its_characters(characters, is_spaceless):
    assert {bool(re.match(f"[{SPACELESS}]", character)) for character in characters} == {is_spaceless}
