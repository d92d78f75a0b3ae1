"""Whether a text holds personal data that has a form: an address of e-mail, a number of a phone, card, bank account or
person, a key or a password. Names, postal addresses and illnesses have none, so they aren't looked for. Pure.

Recall goes before precision: what is taken for personal in error costs an answer from the model on this machine in
place of another one, what is overlooked would leave the machine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from rag.chat.routing.identities import find_identities
from rag.chat.routing.phones import find_phones
from rag.chat.routing.secrets import find_secrets
from rag.text.scripts import SPACELESS

Kind = Literal["e-mail address", "phone number", "card number", "bank account", "identity number", "key or password"]

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Characters without width, which would hide a number between its digits."""
_SEAM = re.compile(f"(?<=[{SPACELESS}])(?=[0-9A-Za-z+])|(?<=[0-9A-Za-z])(?=[{SPACELESS}])")
"""Where a number or a word in Latin letters touches a script without spaces, in which it would seem part of a word."""
_SIGNS = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-") | dict.fromkeys("\t\u00a0\u202f", " ")
)
"""What stands for a hyphen or a space."""

_AT = (
    r"(?:@|\s?[\[({]\s?(?:at|ät|arroba|chez|chiocciola|собака|アット|골뱅이)\s?[\])}]\s?"
    r"|\s(?:arroba|\(a\)|chiocciola)\s)"
)
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|punkt|punto|point|ponto|punt|точка)\s?[\])}]\s?|\s(?:punto|ponto|punkt)\s)"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}{_AT}(?:[^\W_](?:[\w-]{{0,61}}[^\W_])?{_DOT}){{1,8}}"
    r"(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,50})(?![\w])",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    kind: Kind
    text: str


@lru_cache(maxsize=4096)
def find_personal(text: str) -> Kind | None:
    """What kind of personal data stands first in the text, in the order of this search; None without any.

    It is remembered, since the same passages are found again and again.
    """
    found = next(iter_personal(text), None)
    return found.kind if found else None


def iter_personal(text: str) -> Iterator[Finding]:
    """All personal data of the text, kind by kind. One number may be found as more than one kind."""
    text = _normalise(text)
    for match in _EMAIL.finditer(text) if "@" in text or _may_spell_out(text) else ():
        yield Finding("e-mail address", match[0])
    for found in find_secrets(text):
        yield Finding("key or password", found)
    for kind, found in find_identities(text):
        yield Finding(kind, found)
    for found in find_phones(text):
        yield Finding("phone number", found)


def _may_spell_out(text: str) -> bool:
    return (
        re.search(
            r"[\[({]\s?(?:at|ät|a|arroba|chez)\s?[\])}]|\s(?:arroba|chiocciola)\s|собака|アット|골뱅이", text, re.I
        )
        is not None
    )


def _normalise(text: str) -> str:
    """The text with plain digits, hyphens and spaces, and nothing between them that can't be seen."""
    if text.isascii():
        return text.replace("\t", " ")
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    plain = _SEAM.sub(" ", plain)
    return "".join(str(unicodedata.digit(sign)) if sign.isdecimal() and not sign.isascii() else sign for sign in plain)
