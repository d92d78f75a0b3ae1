"""What the page says by itself, in the language of the browser: Chainlit's texts with ours in their place, and our own.

The texts stand in ``assets/texts``, a file for each language; where a language has none, the page speaks English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ENGLISH = "en"
_ASSETS = Path(__file__).with_name("assets")
_FOLDER = _ASSETS / "texts"
_SEPARATORS = {"da": ".,", "de": ".,", "es": ".,", "fr": "\u202f,", "ru": "\xa0,"}
"""Between thousands, and before decimals, where they aren't as in English."""


def list_languages() -> list[str]:
    """The languages that the page speaks, as ISO 639-1 codes."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


@cache
def find_language(asked: str) -> str:
    """The one of them for a browser's language: a tag as ``de-AT``, or a list of tags, of which the first counts."""
    language = re.split("[^a-z]", asked.strip().lower(), maxsplit=1)[0]
    return language if language in list_languages() else ENGLISH


@cache
def read_texts(language: str) -> dict[str, Any]:
    """The file of a language: what takes the place of Chainlit's texts, and our own by their keys."""
    texts: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return texts


def read_help(asked: str) -> str:
    """What the page's help says in the language of a browser, as Markdown."""
    return (_ASSETS / "help" / f"{find_language(asked)}.md").read_text("utf-8")


def translate(asked: str, chainlits: Mapping[str, Any]) -> dict[str, Any]:
    """All texts of the page for a browser, in the form of Chainlit's translations, which are given; ours as `pagewise`.

    A language that we don't speak keeps what Chainlit says in it, but for what isn't so here.
    """
    language = find_language(asked)
    texts = read_texts(language)
    is_ours = asked.lower().startswith(language)
    own = texts["chainlit"] if is_ours else {"chat": {"watermark": texts["chainlit"]["chat"]["watermark"]}}
    return {**_merge(chainlits, own), "pagewise": {**texts["page"], "language": language}}


def list_texts(language: str) -> dict[str, str]:
    """Our own texts in one of the languages, by their keys; values stand in them in ``{braces}``."""
    texts: dict[str, str] = read_texts(language)["page"]
    return texts


def say(asked: str, key: str, **values: object) -> str:
    """A text of ours in the language of a browser."""
    return list_texts(find_language(asked))[key].format(**values)


def say_count(asked: str, key: str, number: int) -> str:
    """A text of ours that counts, in the form that its language has for that number."""
    texts, form = list_texts(find_language(asked)), _find_form(find_language(asked), number)
    return texts[f"{key}.{form}"].format(n=write_number(asked, number))


def _find_form(language: str, number: int) -> str:
    """The plural of a whole number, by the rules of Unicode's CLDR as browsers have them."""
    if language in ("ja", "ko", "zh"):
        return "other"
    if language == "ru":
        last, is_teen = number % 10, number % 100 in range(11, 15)
        return "many" if is_teen or last not in range(1, 5) else "one" if last == 1 else "few"
    return "one" if number == 1 or (language == "fr" and number == 0) else "other"


def write_number(asked: str, number: float, decimals: int = 0) -> str:
    """A number with that many decimals and with the separators of the language."""
    separators = _SEPARATORS.get(find_language(asked), ",.")
    return f"{number:,.{decimals}f}".translate(str.maketrans(",.", separators))


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        merged[name] = _merge(base.get(name, {}), value) if isinstance(value, dict) else value
    return merged
