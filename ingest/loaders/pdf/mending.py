"""Text as PDFs have it → text as people write it: broken words, ligatures, strays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_LIGATURES = re.compile("[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc]+")
_STRAY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\uf000-\uf0ff]")
_BROKEN_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]++)(?:[\ufffe\x02]\n?|\u00ad\n)([^\W\d_]*)")


def mend_text(text: str) -> str:
    """Words joined that were broken at a line's end; ligatures spelt out; soft hyphens and strays removed."""
    if "\ufffe" in text or "\x02" in text or "\u00ad" in text:
        text = _BROKEN_WORD.sub(_make_joiner(text), text)
        text = re.sub("[\ufffe\x02]", "-", text).replace("\u00ad", "")
    text = _LIGATURES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _STRAY.sub("", text.replace("\uf0b7", "•").replace("\uf0a7", "▪"))


def _make_joiner(text: str) -> Callable[[re.Match[str]], str]:
    """With its hyphen only if the page has the word so elsewhere, or its second part begins with a capital."""
    lower = text.lower()

    def join(found: re.Match[str]) -> str:
        first, second = found[1], found[2]
        hyphenated = f"{first}-{second}"
        keeps = not second or second[0].isupper() or hyphenated.lower() in lower
        return hyphenated if keeps else first + second

    return join
