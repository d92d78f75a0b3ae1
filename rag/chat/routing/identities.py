"""Numbers that stand for a person, a card or an account, told by their form and check digits, or by the words before.

python-stdnum knows the check digits. A number of plain digits that many others pass by chance (nine digits of which one
checks the rest) is only taken for one behind words that say so, whose number then needn't check at all. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Literal

from rag.chat.routing.other_numbers import AMOUNT, DATE, OTHER_NUMBER

Kind = Literal["card number", "bank account", "identity number"]

_DIGITS = re.compile(r"(?<![\w.,/+-])\d(?:[ .-]?\d){7,22}(?![\w]|[.,-]\d)")
"""Eight digits or more, with single separators."""
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE)
_IBAN_WORD = re.compile(r"\biban\b\W{0,3}(?:\w+\W{1,3}){0,2}?[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){8,30}", re.IGNORECASE)
_SHORTEST_IBAN = 15

_PLAIN: dict[int, Sequence[str]] = {
    10: ("se.personnummer", "at.vnr", "bg.egn"),
    11: ("no.fodselsnummer", "pl.pesel", "be.nn", "tr.tckimlik", "br.cpf", "gr.amka", "ee.ik", "lt.asmens"),
    12: ("ru.inn", "se.personnummer"),
    13: ("ro.cnp", "za.idnr", "ch.ssn", "si.emso"),
    15: ("fr.nir",),
    18: ("cn.ric",),
}
"""By the count of their digits, numbers whose date of birth or second check digit hardly another number has."""

_FORMS: Sequence[tuple[re.Pattern[str], Sequence[str]]] = tuple(
    (re.compile(rf"(?<![\w.-]){form}(?![\w-]| \d)"), modules.split())
    for form, modules in (
        (r"(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}", ""),  # USA
        (r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", ""),  # Britain
        (r"\d{2} \d{3} \d{3} \d{3}", "de.idnr"),
        (r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", ""),  # Germany's pension
        (r"[12378] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?: ?\d{2})?", "fr.nir"),
        (r"[XYZ]?-?\d{7,8}[- ]?[A-Z]|\d{2}\.\d{3}\.\d{3}[- ]?[A-Z]", "es.dni es.nie"),
        (r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", ""),  # Italy
        (r"[A-Z]{3} [A-Z]{3} \d{2}[A-EHLMPRST]\d{2} [A-Z]\d{3}[A-Z]", ""),
        (r"\d{8} ?\d ?(?:[A-Z][A-Z0-9]|\d[A-Z])\d", "pt.cc"),
        (r"756\.\d{4}\.\d{4}\.\d{2}", ""),  # Switzerland
        (r"\d{4} [0-3]\d[01]\d{3}", "at.vnr"),
        (r"\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}", ""),  # Belgium
        (r"(?:19|20)?\d{2}[01]\d[0-3]\d[-+]\d{4}", "se.personnummer"),
        (r"[0-3]\d[01]\d\d\d[- ]\d{4}", "dk.cpr is_.kennitala"),
        (r"[0-3]\d[01]\d\d\d \d{5}", "no.fodselsnummer"),
        (r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-Y]", "fi.hetu"),
        (r"\d{7}[A-W][A-IW]?", "ie.pps"),
        (r"\d{6}/\d{3,4}", "cz.rc"),
        (r"\d{6}-\d{7}", ""),  # Korea
        (r"\d{17}[Xx]", "cn.ric"),
        (r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", "in_.aadhaar jp.in_"),
        (r"\d{4}[ -]\d{4}[ -]\d{4}", "jp.in_"),
        (r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", ""),  # India's tax
        (r"\d{3}\.\d{3}\.\d{3}-\d{2}", ""),  # Brazil
        (r"\d{3}-\d{3}-\d{3}[ -]\d{2}", ""),  # Russia's pension
        (r"\d{2}\.\d{3}\.\d{3}-[\dKk]|\d{7,8}-[\dKk]", "cl.rut"),
        (r"(?:20|23|24|27)-\d{8}-\d", ""),  # Argentina
        (r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", ""),  # Mexico
        (r"[1-8]-\d{4}-\d{5}-\d{2}-\d", ""),  # Thailand
        (r"[A-Z][1289]\d{8}", "tw"),
        (r"[A-Z]{1,2}\d{6}\([0-9A]\)", ""),  # Hong Kong
        (r"[STFGM]\d{7}[A-Z]", ""),  # Singapore
        (r"\d{6}-\d{2}-\d{4}", "my.nric"),
        (r"\d{3}-\d{3}-\d{3}", "ca.sin"),
        (r"\d{3} \d{3} \d{4}", "gb.nhs"),
        (r"[CFGHJKLMNPRTVWXYZ0-9]{9}\d<<?\d{7}|P<[A-Z]{3}[A-Z<]{10,}", ""),  # machine-readable lines
    )
)
"""How identity numbers are written, and the modules that check them, one of which must agree; none where the form
tells enough."""

_FORM_STARTS = re.compile(r"(?<![\w.-])(?<!\d )(?=[A-Z0-9][A-Z <-]{0,11}[\d(])(?=(?:[^\d\n]{0,8}\d){4}|P<)")
"""Where a number of such a form may begin, which saves trying each form everywhere."""

_IDENTITY_WORDS = re.compile(
    r"\b(?:ssn|social security|national insurance|insurance (?:number|no)|ni(?:no)? number|nino|nhs|itin"
    r"|tax(?:payer)? (?:id|number|file)|tfn|tin"
    r"|passport|identity (?:card|number)|id[- ]?(?:card|number|no)|national id|personal (?:id|number|code)"
    r"|driv(?:er|ing)(?:['’]?s)? licen[cs]e|sin number"
    r"|medicare|steuer-?(?:id|identifikations)?-?(?:nummer|nr)?|idnr|sozialversicherungs-?(?:nummer|nr)"
    r"|versicherten-?(?:nummer|nr)|rentenversicherungs-?(?:nummer|nr)"
    r"|personalausweis\w*|ausweis-?(?:nummer|nr)|reisepass\w*|pass-?nummer|passnr|führerschein\w*|ahv|svnr"
    r"|krankenversicherten-?nummer"
    r"|nir\b|insee|sécurité sociale|numéro de sécu\w*|carte (?:nationale d['’])?identité|carte vitale|passeport"
    r"|permis de conduire|numéro fiscal|cni"
    r"|dni|nie|nif|nuss|seguridad social|pasaporte|cédula|documento (?:nacional )?de identidad"
    r"|carn[eé] de (?:identidad|conducir)|curp|rut|cuil|cuit"
    r"|codice fiscale|cf(?=[: ])|c\.f\.|carta d['’]identità|passaporto|patente|tessera sanitaria|cpf|nif"
    r"|cartão de cidadão|bilhete de identidade|passaporte"
    r"|carta de condução|identidade|número de contribuinte|rg\b|segurança social|niss|bsn|burgerservicenummer"
    r"|sofinummer|paspoort\w*|rijbewijs\w*"
    r"|identiteitskaart\w*|rijksregisternummer|pesel|dowód osobisty|dowodu(?: osobistego)?|paszport\w*"
    r"|personnummer|cpr|fødselsnummer|henkilötunnus"
    r"|rodné číslo|cnp|egn|amka|oib|t\.?c\.? kimlik\w*|kimlik|aadhaar|aadhar|pan (?:card|number|no)|инн|снилс"
    r"|паспорт\w*|водительск\w+ удостоверени\w+)"
    r"|番号法|マイナンバー|個人番号|運転免許\w*|旅券\w*|パスポート\w*|健康保険\w*|基礎年金番号|身份证\w*|身分證\w*|护照\w*|護照\w*|社保\w*|驾驶证\w*|驾照\w*"
    r"|주민등록\w*|주민번호|여권\w*|운전면허\w*|외국인등록\w*|आधार|رقم الهوية",
    re.IGNORECASE,
)
_CARD_WORDS = re.compile(
    r"\b(?:(?:credit|debit|bank|visa|master)\s?card|card (?:number|no)|visa|mastercard|amex|american express"
    r"|kreditkarte\w*|karten-?nummer|bankkarte"
    r"|carte (?:bancaire|bleue|de crédit)|numéro de (?:ma |la )?carte|tarjeta|carta di credito|numero (?:di"
    r"|della) carta|cartão|creditcard\w*|kaartnummer"
    r"|pinpas|karta|karty|карт\w+)|カード|信用卡|银行卡|银联|卡号|카드",
    re.IGNORECASE,
)
_ACCOUNT_WORDS = re.compile(
    r"\b(?:(?:bank )?account (?:number|no)|sort code|routing number|konto-?(?:nummer|nr)|numéro de compte|rib"
    r"|número de cuenta|numero di conto"
    r"|número da conta"
    r"|rekening-?nummer|numer konta|расч[её]тн\w+ сч[её]т\w*|номер счета)|口座番号|银行账号|账号|帐号|계좌",
    re.IGNORECASE,
)
_BEFORE = 32
_REACH = 60
"""Characters before a number in which such words must stand: "my passport number, in case you need it, is"."""
_NUMBER = re.compile(r"(?<![\w,])(?=[A-Z0-9 ./-]{0,12}\d)[A-Z0-9](?:[ ./-]?[A-Z0-9]){4,22}(?!\w)")
_LEADING_WORDS = re.compile(r"^(?:[A-Z]+[ ./-]+)+(?=.*\d)")
_FEWEST_DIGITS = 5

_NAMED: Sequence[tuple[re.Pattern[str], Kind, int]] = (
    (_IDENTITY_WORDS, "identity number", _FEWEST_DIGITS),
    (_CARD_WORDS, "card number", 12),
    (_ACCOUNT_WORDS, "bank account", 6),
)
"""Words that say what a number is, and how many digits such a number has at least."""

_CARD_FORMS = re.compile(
    r"^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6\d{15,18}"
    r"|35\d{14}|50\d{14})$"
)
"""Visa, Mastercard, American Express, Diners, Discover with UnionPay and Maestro, JCB, by their first digits."""


def find_identities(text: str) -> Iterator[tuple[Kind, str]]:
    """Card numbers, accounts and identity numbers of a text, each with its kind."""
    for match in _IBAN.finditer(text):
        if found := _find_iban(match[0]):
            yield "bank account", found
    for match in _IBAN_WORD.finditer(text):
        yield "bank account", match[0]
    for match in _DIGITS.finditer(text):
        if kind := _tell_digits(re.sub(r"\D", "", match[0]), text[max(0, match.start() - _BEFORE) : match.start()]):
            yield kind, match[0]
    for start in _FORM_STARTS.finditer(text):
        for found in _match_forms(text, start.start()):
            yield "identity number", found
    for match in _NUMBER.finditer(text):
        if kind := _tell_named(text, match):
            yield kind, match[0]


def _tell_digits(digits: str, before: str) -> Kind | None:
    """What plain digits are, by their first ones and those that check the others."""
    if _CARD_FORMS.match(digits) and _is_valid("luhn", digits):
        return "card number"
    is_checked = any(_is_valid(module, digits) for module in _PLAIN.get(len(digits), ()))
    return "identity number" if is_checked and not _is_book(digits) and not OTHER_NUMBER.search(before) else None


def _match_forms(text: str, start: int) -> Iterator[str]:
    for form, modules in _FORMS:
        match = form.match(text, start)
        if match and not DATE.fullmatch(match[0]) and (not modules or any(_is_valid(m, match[0]) for m in modules)):
            yield match[0]


def _tell_named(text: str, match: re.Match[str]) -> Kind | None:
    """What a number is by the words before it; None for a date, an amount or one that no such word stands before."""
    found = _LEADING_WORDS.sub("", match[0])
    digits, letters = sum(map(str.isdigit, found)), sum(map(str.isalpha, found))
    if digits < _FEWEST_DIGITS or letters > digits or DATE.fullmatch(found) or AMOUNT.match(text[match.end() :]):
        return None
    before = text[max(0, match.start() - _REACH) : match.end()]
    return next((kind for words, kind, fewest in _NAMED if digits >= fewest and words.search(before)), None)


def _find_iban(text: str) -> str:
    """The longest beginning of the text that is an IBAN; empty if none is, since words may follow without a sign."""
    compact = re.sub(r"[ -]", "", text)
    ends = range(min(len(compact), 34), _SHORTEST_IBAN - 1, -1)
    return next((compact[:end] for end in ends if _is_valid("iban", compact[:end])), "")


def _is_book(digits: str) -> bool:
    return digits.startswith(("978", "979")) and _is_valid("isbn", digits)


def _is_valid(module: str, number: str) -> bool:
    if module == "tw":
        return _is_taiwanese(number)
    return bool(_load(module).is_valid(number))


@cache
def _load(module: str) -> Any:  # noqa: ANN401 (modules of python-stdnum, which is without types)
    return import_module(f"stdnum.{module}")


def _is_taiwanese(number: str) -> bool:
    """Taiwan's check digit: the letter counts as two digits, from A as 10 in an order of its own."""
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0]) + 10
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(int(d) * w for d, w in zip(f"{letter}{number[1:]}", weights, strict=True)) % 10 == 0
