"""The page's texts: none is missing in any language, each has the same places to fill, and all that is said exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import chainlit
import pytest

from page.texts import (
    find_language,
    list_languages,
    list_texts,
    read_help,
    read_texts,
    say,
    say_count,
    translate,
    write_number,
)

PAGE = Path(__file__).parents[3] / "page"
ENGLISH = json.loads((Path(chainlit.__file__).parent / "translations" / "en-US.json").read_text("utf-8"))
PLURAL = re.compile(r"\.(one|few|many|other)$")
PLACE = re.compile(r"\{(\w+)\}")
ASKED = re.compile(r"""\b(?:say|sayCount|say_count)\(\s*(?:[\w.()]+,\s+)?f?['"`]([\w.${}]+)['"`]""")
"""A key where code asks for its text."""
IN_HTML = re.compile(r"\$\{([a-z.]+)\}")
VALUE = re.compile(r"(?:\\\$)?\\\{[^}]+\}")
"""A part of a key, escaped for a pattern, that is known when the code runs."""


def flatten(texts: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in texts.items():
        found |= flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def test_the_page_speaks_nine_languages():
    assert list_languages() == ["da", "de", "en", "es", "fr", "ja", "ko", "ru", "zh"]


@pytest.mark.parametrize("language", list_languages())
def test_no_text_is_missing_or_lacks_a_place(language: str):
    texts, english = flatten(read_texts(language)), flatten(read_texts("en"))
    assert {PLURAL.sub("", key) for key in texts} == {PLURAL.sub("", key) for key in english}
    assert all(text.strip() for text in texts.values())
    for key, text in texts.items():
        like = english.get(key) or english[PLURAL.sub(".other", key)]
        assert set(PLACE.findall(text)) == set(PLACE.findall(like)), key
    if language != "en":
        own = [key for key, text in texts.items() if len(PLACE.sub("", text)) > 15 and text == english.get(key)]
        assert own == []


def test_the_help_says_the_same_in_each_language():
    helps = {language: read_help(language) for language in list_languages()}
    assert len(set(helps.values())) == len(helps)
    shapes = {
        (text.count("\n- "), text.count("\n\n"), text.count("**"), text.count("`[1]`")) for text in helps.values()
    }
    assert shapes == {(6, 3, 12, 1)}


def test_what_takes_the_place_of_chainlits_texts_has_one_there():
    assert set(flatten(read_texts("en")["chainlit"])) <= set(flatten(ENGLISH))


def read_code() -> str:
    folders = (PAGE / "assets" / "public", PAGE / "assets" / "browser")
    scripts = [path for folder in folders for path in folder.rglob("*.js*") if "katex" not in path.parts]
    return "\n".join(path.read_text("utf-8") for path in (*scripts, *PAGE.rglob("*.py")))


def test_every_text_that_the_page_asks_for_exists_and_every_text_is_asked_for():
    pages = "".join(path.read_text("utf-8") for path in (PAGE / "assets").rglob("*.html"))
    asked = {*ASKED.findall(read_code()), *IN_HTML.findall(pages)}
    known = {PLURAL.sub("", key) for key in list_texts("en")}
    found = {key: {one for one in known if re.fullmatch(VALUE.sub(r"[a-z]+", re.escape(key)), one)} for key in asked}
    assert {key for key, texts in found.items() if not texts} == set()
    assert known - set().union(*found.values()) == set()


def test_a_browsers_language_finds_its_texts():
    assert [find_language(tag) for tag in ("de-AT", "zh-TW,zh;q=0.9", "ru;q=1", "it-IT", "")] == [
        *("de", "zh", "ru", "en", "en")
    ]
    assert say("fr-CA", "again") == "Redemander"
    german = translate("de-CH", ENGLISH)
    assert german["navigation"]["header"]["readme"] == "Hilfe"
    assert german["pagewise"]["language"] == "de"


def test_a_language_that_we_do_not_speak_keeps_chainlits_texts_but_what_is_not_so_here():
    shown = translate("it", ENGLISH)
    assert shown["navigation"] == ENGLISH["navigation"]
    assert "mistakes" not in shown["chat"]["watermark"]


def test_what_is_counted_has_the_plural_and_the_separators_of_its_language():
    russian = [say_count("ru", "documents", number) for number in (1, 2, 5, 11, 12, 21, 25, 112, 1_000)]
    assert [text.replace("\xa0", " ").rpartition(" ")[2] for text in russian] == [
        *("документ", "документа", "документов", "документов", "документов"),
        *("документ", "документов", "документов", "документов"),
    ]
    assert [say_count("fr", "documents", number) for number in (0, 1, 2)] == ["0 document", "1 document", "2 documents"]
    assert say_count("en", "documents", 0) == "0 documents"
    assert say_count("ja", "documents", 1) == "文書1件"
    assert (write_number("de", 1234.5, 1), write_number("ko", 1234.5, 1)) == ("1.234,5", "1,234.5")
