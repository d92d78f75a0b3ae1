"""The page's texts: none is missing in any language, each has the same places to fill, and all that is said exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import chainlit
import pytest

from page.texts import find_language, list_languages, read_texts, say, translate

ASSETS = Path(__file__).parents[3] / "page" / "assets" / "public"
ENGLISH = json.loads((Path(chainlit.__file__).parent / "translations" / "en-US.json").read_text("utf-8"))
PLURAL = re.compile(r"\.(one|few|many|other)$")
PLACE = re.compile(r"\{(\w+)\}")


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
        own = [key for key, text in texts.items() if len(text) > 20 and text == english.get(key)]
        assert own == []


def test_what_takes_the_place_of_chainlits_texts_has_one_there():
    assert set(flatten(read_texts("en")["chainlit"])) <= set(flatten(ENGLISH))


def test_every_text_that_the_page_asks_for_exists_and_every_text_is_asked_for():
    others = {"katex", "library", "reader", "texts.js"}  # the reader and the library have a table of their own
    code = "\n".join(path.read_text("utf-8") for path in ASSETS.rglob("*.js*") if others.isdisjoint(path.parts))
    code += "\n".join(path.read_text("utf-8") for path in (ASSETS.parents[1]).glob("*.py"))
    asked = set(re.findall(r"""\b(?:say|sayCount)\((?:[a-z_.]+, )?['"`]([\w.]+)['"`]""", code)) | set(
        re.findall(r"""text:([\w.]+)""", code)
    )
    known = {PLURAL.sub("", key) for key in read_texts("en")["page"]}
    assert asked - known == set()
    assert known - asked == {"changed.changed", "changed.gone"}  # by the kind of the change


def test_a_browsers_language_finds_its_texts():
    assert [find_language(tag) for tag in ("de-AT", "zh-TW", "ru", "it-IT", "")] == ["de", "zh", "ru", "en", "en"]
    assert say("fr-CA", "again") == "Redemander"
    german = translate("de-CH", ENGLISH)
    assert german["navigation"]["header"]["readme"] == "Hilfe"
    assert german["pagewise"]["language"] == "de"


def test_a_language_that_we_do_not_speak_keeps_chainlits_texts_but_what_is_not_so_here():
    shown = translate("it", ENGLISH)
    assert shown["navigation"] == ENGLISH["navigation"]
    assert "mistakes" not in shown["chat"]["watermark"]
