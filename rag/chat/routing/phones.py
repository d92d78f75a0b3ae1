"""Numbers of phones in a text: behind a plus, behind words that say so, or in a form of some country. Pure.

Owns phonenumbers, which knows every country's numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from rag.chat.routing.other_numbers import AMOUNT, OTHER_NUMBER

_CANDIDATE = re.compile(r"(?<![\w.+#-])(?<!\d[:,/ ])(?:\+|00)?[ ]?\(?\d(?:[ ().\-/]{0,3}\d){5,16}(?![\w]|[.,:/-]\d)")
_WORDS = re.compile(
    r"\b(?:tel|telephone|phone|fax|mobile|cell(?:phone)?|whatsapp|signal|sms|text|call|calling|ring|reach|dial"
    r"|hotline|extension|landline"
    r"|telefon\w*|handy\w*|mobil\w*|rufnummer|durchwahl|anruf\w*|ruf\w*|erreich\w*|festnetz\w*|rückruf\w*"
    r"|téléphon\w*|tél|portable|appel\w*|joindre|joignable|numéro"
    r"|teléfono|móvil|celular|ll[aá]m\w+|localiz\w+|telefono|cellulare|chiam\w+|fisso|recapito|telefone"
    r"|telemóvel|lig\w+|contacto|contato|telefoon\w*|mobiel\w*|gsm|bel(?:len)?|bereikbaar\w*"
    r"|telefon\w*|komórk\w+|zadzwo\w+|dzwo\w+|тел|телефон\w*|звон\w+|позвон\w+|мобильн\w+|номер\w*|ring"
    r"|mobilnummer|puhelin\w*|ara\w*)\b"
    r"|電話\w*|携帯\w*|連絡先|电话\w*|手机\w*|致电|拨打|联系方式|전화\w*|휴대폰\w*|연락처\w*|핸드폰\w*|फ़?ोन|هاتف",
    re.IGNORECASE,
)
_BEFORE = 32
"""Characters before the number in which such a word must stand."""
_REGIONS = (
    "US GB DE AT CH FR BE NL LU IE ES PT IT BR MX AR CL CO PL CZ SE NO DK FI RU UA TR GR JP KR CN TW HK IN ZA AU NZ IL"
    " SG"
).split()
_NO_PHONE = re.compile(
    r"\d{1,4}[.,]\d+|(?:19|20)\d\d[-/ ]\d{2,6}|(?:19|20)\d\d[-./ ][01]?\d[-./ ][0-3]?\d(?: \d{1,2})?"
    r"|[0-3]?\d[-./ ][01]?\d[-./ ](?:19|20)?\d\d(?: \d{1,2})?"
    r"|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d(?: ?[-/] ?(?:19|20)\d\d)*|\d{1,3}(?:\.\d{1,3}){3}"
)
"""Decimals, dates, spans of years and addresses of the internet."""
_FEWEST_DIGITS = 7
_FEWEST_WITH_HYPHENS = 10
"""Digits of a number with hyphens and without a 0 or a bracket before; shorter ones are mostly of orders and parts."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .]\d{3}|(?:[ .]\d{3}){3,}|[.]\d{3}[.]\d{3})")
_AFTER = 24
"""Characters behind the number in which it may: "Is 4155552671 the phone of our tenant?"."""


def find_phones(text: str) -> Iterator[str]:
    """The phone numbers of a text as they are written there."""
    for match in _CANDIDATE.finditer(text):
        found, before = match[0].strip(), text[max(0, match.start() - _BEFORE) : match.start()]
        if AMOUNT.match(text[match.end() :]) or OTHER_NUMBER.search(before):
            continue
        digits = re.sub(r"\D", "", found)
        is_named = _WORDS.search(before + " " + text[match.end() : match.end() + _AFTER]) is not None
        if found.startswith("+"):
            if 7 <= len(digits) <= 15:
                yield found
        elif not _NO_PHONE.fullmatch(found) and (
            (is_named and len(digits) <= 15) or (len(digits) >= _FEWEST_DIGITS and _has_form(found, digits))
        ):
            yield found


def _has_form(found: str, digits: str) -> bool:
    """Whether a number without a word before it is grouped as numbers of some country are, or is a mobile's there."""
    import phonenumbers
    from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType

    if digits.startswith("00"):
        return len(digits) >= 10 and _is_valid("+" + digits[2:], None)
    if _THOUSANDS.fullmatch(found) or (found[0] not in "0(" and len(digits) < _FEWEST_WITH_HYPHENS and "-" in found):
        return False
    is_bare = found == digits
    if is_bare and not (digits.startswith("0") or re.fullmatch(r"1[3-9]\d{9}", digits)):
        return False
    for region in _REGIONS:
        if not _may_be_of(region, digits):
            continue
        if not is_bare:
            if PhoneNumberMatcher(found, region, leniency=Leniency.STRICT_GROUPING).has_next():
                return True
            continue
        number = phonenumbers.parse(found, region)
        if phonenumbers.number_type(number) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
            return True
    return False


def _is_valid(found: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(found, region))
    except phonenumbers.NumberParseException:
        return False


def _may_be_of(region: str, digits: str) -> bool:
    """Whether the digits have the length and the first digits of the region's; a hundredth of parsing."" """
    prefix, pattern = _describe(region)
    national = digits.removeprefix(prefix) if prefix else digits
    return pattern.fullmatch(national) is not None or pattern.fullmatch(digits) is not None


@cache
def _describe(region: str) -> tuple[str, re.Pattern[str]]:
    from phonenumbers import PhoneMetadata

    metadata: Any = PhoneMetadata.metadata_for_region(region)
    return metadata.national_prefix or "", re.compile(metadata.general_desc.national_number_pattern)
