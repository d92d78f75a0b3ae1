"""What the page says by itself, in the language of the browser: Chainlit's texts with ours in their place, and our own.

The texts stand in ``assets/texts``, a file for each language; where a language has none, the page speaks English.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ENGLISH = "en"
_FOLDER = Path(__file__).with_name("assets") / "texts"


def list_languages() -> list[str]:
    """The languages that the page speaks, as ISO 639-1 codes."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def find_language(asked: str) -> str:
    """The one of them for a language tag of a browser, as ``de-AT``."""
    language = asked.partition("-")[0].lower()
    return language if language in list_languages() else ENGLISH


@cache
def read_texts(language: str) -> dict[str, Any]:
    """The file of a language: what takes the place of Chainlit's texts, and our own by their keys."""
    texts: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return texts


def translate(asked: str, chainlits: Mapping[str, Any]) -> dict[str, Any]:
    """All texts of the page for a browser, in the form of Chainlit's translations, which are given; ours as `pagewise`.

    A language that we don't speak keeps what Chainlit says in it, but for what isn't so here.
    """
    language = find_language(asked)
    texts = read_texts(language)
    is_ours = asked.lower().startswith(language)
    own = texts["chainlit"] if is_ours else {"chat": {"watermark": texts["chainlit"]["chat"]["watermark"]}}
    return {**_merge(chainlits, own), "pagewise": {**texts["page"], "language": language}}


def say(asked: str, key: str, **values: object) -> str:
    """A text of ours in the language of a browser."""
    text: str = read_texts(find_language(asked))["page"][key]
    return text.format(**values)


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        merged[name] = _merge(base.get(name, {}), value) if isinstance(value, dict) else value
    return merged
