"""What a document's sentence gives in answer: an amount, a date, a number or a name, found by its form. Pure."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.answering.numbers import find_numbers
from rag.text.dates import find_days
from rag.text.units import find_unit

Wanted = Literal["amount", "date", "count", "code", "span", "person", "people", "state", "words"]
"""A span is so many days or months; people stand in a list; a state is whether something was paid."""
Relation = Literal["more", "less", "after", "before", "year", "paid", "unpaid"]

_WANTED: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    (
        "code",
        re.compile(
            r"\b(?:invoice|reference|order|customer|account|policy|contract|serial|file) (?:number|no|id)\b|\biban\b"
            r"|\b(?:tele)?(?:phone|fon)\w*|téléphone|teléfono|телефон|電話|전화|电话"
            r"|\w*nummer\b|numéro|número|номер|番号|번호|编号|号码|發票號|发票号",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(
            r"\b(?:when|date|dates|dated|due|deadline|day|until|expires?|wann|datum|fällig\w*|frist|\w*datum"
            r"|quand|date"
            r"|échéance|délai|cuándo|fecha|vencimiento|vence|hvornår|dato|forfaldsdato\w*|\w*dato\w*)\b"
            r"|когда|дата|срок|いつ|期限|日付|何日|언제|날짜|기한|일자|什么时候|日期|何时|哪天|哪一天|到期",
            re.IGNORECASE,
        ),
    ),
    (
        "amount",
        re.compile(
            r"\b(?:totals?|amounts?|costs?|price|prices|fees?|sum|vat|tax|rent|deposit|pay|charges?|how much|euros?"
            r"|dollars?|usd|eur|betrag|\w*betr[aä]ge?\w*|summe|koste[nt]|preis|gebühr\w*|beitrag|miete|kaution|wie viel"
            r"|montants?|coût|prix|loyer|caution|tva|coûte(?:nt)?|importes?|coste|cuestan?|precio|cuota|alquiler|fianza|iva"
            r"|beløb\w*|pris\w*|koster|kontingent\w*|moms)\b|[€$£]|сумм|сто(?:имост|[ия]т\b)"
            r"|цен[аыу]|взнос|合計|金額|料金|会費|税|총액|금액"
            r"|회비|합계|金额|总额|总计|费用|会费|税额",
            re.IGNORECASE,
        ),
    ),
    (
        "count",
        re.compile(
            r"\b(?:how many|number of|wie viele|anzahl|combien de|nombre de|cuánt[oa]s|hvor mange|antal)\b"
            r"|сколько|количество|いくつ|何[人名件個]|몇|多少|几",
            re.IGNORECASE,
        ),
    ),
)
_MONEY = re.compile(
    r"(?:[€$£¥₽₩]|\b(?:EUR|USD|CHF|GBP|DKK|euros?|dollars?|pounds?|Kronen)\b|\bkr\b\.?|руб\w*|円|원|元|Franken)",
    re.IGNORECASE,
)
_CURRENCIES = {
    "EUR": "€ eur euro euros",
    "USD": "$ usd dollar dollars",
    "GBP": "£ gbp pound pounds",
    "CHF": "chf franken",
    "DKK": "dkk",
    "RUB": "₽",
    "KRW": "₩ 원",
    "JPY": "円",
    "CNY": "元",
}
"""Each currency's code, and how it is written; kroner are of several countries, and so is ¥."""
_CODES = {written: code for code, many in _CURRENCIES.items() for written in many.split()}
_TOTAL = re.compile(
    r"\b(?:total|grand total|amount due|to pay|balance|gesamt\w*|endbetrag|rechnungsbetrag|zu zahlen"
    r"|zahlbetrag|à payer"
    r"|net à payer|montant dû|importe total|a pagar|i alt|at betale|итого|к оплате)\b|合計|총액|합계|总计|总额|合计",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:over|above|more than|exceed\w*|greater than|at least|über|mehr als|höher als|mindestens|plus de|dépass\w+"
    r"|supérieure?s? à|au moins|más de|superan?|mayor(?:es)? (?:de|que)|over|mere end|mindst)\b|больше|свыше"
    r"|более|выше"
    r"|以上|超え|超过|大于|高于|이상|넘는|초과",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(?:under|below|less than|at most|unter|weniger als|höchstens|moins de|inférieure?s? à|au plus|menos de"
    r"|menor(?:es)? (?:de|que)|under|mindre end|højst)\b|меньше|менее|ниже|以下|未満|小于|低于|少于|이하|미만",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\b(?:after|since|nach|seit|après|depuis|después de|desde|efter|siden)\b|после|以降|이후|之后|以后", re.I
)
_BEFORE = re.compile(r"\b(?:before|until|by|vor|bis|avant|jusqu|antes de|hasta|før|inden)\b|до\b|以前|이전|之前", re.I)
_PERIODS: tuple[tuple[Relation, re.Pattern[str]], ...] = (("after", _AFTER), ("before", _BEFORE))
_LIMITS: tuple[tuple[Relation, re.Pattern[str]], ...] = (("more", _MORE), ("less", _LESS))
YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d)")
"""A year, which is no part of a longer number."""
_CODE = re.compile(r"(?<![\w.,])(?=[A-Z\d/\-.]*\d)[A-Z\d][A-Z\d/\-.]{2,}\d?[A-Z\d](?![\w,])(?:(?: \d{2,4})+(?!\w))?")

_ONE = re.compile(
    r"\b(?:one|an?|ein(?:en|em|er|es|e)?|une?|un[ao]?|et|én|один|одн\w+)\s|一(?=[年个個か週周])", re.IGNORECASE
)
_COUNTED = re.compile(
    r"[\s\u00a0\u202f-]*(?:[a-zà-öø-ÿа-яё]+|[かヶカケヵ箇个個]?[月日天週周年]間?|개월|일|주|년|달)", re.IGNORECASE
)
_CAPITAL = "A-ZÀ-ÖØ-ÞА-ЯЁ"
_TITLE = (
    r"(?:(?:Mrs?|Ms|Miss|Dr|Prof|Rev|Sir|Herrn?|Frau|Hr|Fru|Mme|Mlle|Monsieur|Madame|M|D|Don|Dña|Doña|Sr|Sra"
    r"|Eheleute|Familie|Family|Famille|Familia)\b\.? )"
)
_PART = rf"(?:[{_CAPITAL}]\.|[{_CAPITAL}][\w’'-]*[^\W\d_])"
_NAME = re.compile(
    rf"(?<!\w)(?:{_TITLE}+{_PART}(?:[ ](?:{_PART}|von|van|de|del|della|der|den|af|la|le|und|and|et|y|og|&))*(?<=\w)"
    rf"|{_PART}(?:[ ](?:{_PART}|von|van|de|del|della|der|den|af|&))*[ ]{_PART})"
)
"""A person's or a firm's name: two words or more with capitals, or one behind "Mrs"."""
_PAID = (
    r"\b(?:paid|received)(?: in full)? (?:by|with|in|on|via|in full)\b|\b(?:amount|payment) (?:paid"
    r"|received)\b|^\W*paid\b|\bstatus\W+paid\b"
    r"|\b(?:has|have|was|were|been|is|already|fully) (?:already |fully |been )?paid\b|\bpaid in full\b"
    r"|\bpaid\b(?=\W*$)|\bthank you for your payment\b|\bsettled\b"
    r"|\b(?:bezahlt|beglichen)\b|\b(?:dankend |bar )?erhalten\b|\bbezahlt am\b|\bquittiert\b"
    r"|\b(?:payée?s?|acquittée?s?|réglée?s? (?:le|par|en))\b|\bpaiement reçu\b|\bpagad[ao]s?\b|\bcobrad[ao]\b"
    r"|(?<!bedes )\bbetalt\b(?! (?:senest|inden))|\bindbetalt den\b|оплачен[оаы]?\b|支払い?済み?|入金済み?|領収済み?"
    r"|결제 ?완료|지불 ?완료|납부 ?완료|已付|已支付|已付款"
)
_UNPAID = (
    r"\bunpaid\b|\b(?:not|n't)(?: yet)?(?: been)? (?:paid|received|settled)\b|\bnever paid\b|\boverdue\b"
    r"|\boutstanding\b|\bstill (?:open|due|unpaid|to be paid)\b"
    r"|\bpayment reminder\b|\breminder of payment\b|\bunbezahlt\w*|\b(?:nicht|kein\w*)(?: \w+)? (?:bezahlt"
    r"|beglichen|eingegangen|erhalten|zahlung\w*)\b|\b(?:noch )?offen(?:er|e|en|es)?\b|\büberfällig\w*"
    r"|\bmahnung\b|\bzahlungserinnerung\b|\bausstehend\w*|\bimpayée?s?\b|\bnon (?:payée?s?|réglée?s?"
    r"|acquittée?s?)\b|\brest\w+ due?\b|\bpas (?:encore )?(?:été )?(?:payée?|réglée?)\b"
    r"|\bimpagad[ao]s?\b|\bpendientes?(?: de pago)?\b|\bsin pagar\b|\bno (?:ha sido )?pagad[ao]s?\b"
    r"|\bubetalt\w*|\bikke (?:\w+ )?betalt\b|\bforfalden\b|\brykker\b|\bmangler betaling\b"
    r"|не оплачен|неоплачен|задолженност|просрочен|未払い?|未入金|미납|미결제|未付|未支付|逾期"
)
_PART_PAID = re.compile(
    r"\b(?:deposit|advance|part|partial|anzahlung|abschl[aä]ge?|abschlagszahlung|acomptes?|avance|anticipo"
    r"|aconto|vorauszahlung)\b|предоплат|前払|선금|预付",
    re.IGNORECASE,
)
_STATES = re.compile(rf"(?P<unpaid>{_UNPAID})|(?P<paid>{_PAID})", re.IGNORECASE | re.MULTILINE)
_ASKS_STATE = re.compile(
    rf"(?P<unpaid>{_UNPAID}|\bopen\b(?=.*\?|$)|\boffenen?\b|\båbne\b|\bto be paid\b|\bstill to pay\b)"
    r"|(?P<paid>\b(?:paid|settled|bezahlt\w*|beglichen\w*|payée?s?|acquittée?s?|réglée?s?|pagad[ao]s?|betalte?)\b"
    r"|оплачен|支払い?済み?|支払われ|결제|지불|已付|已支付)",
    re.IGNORECASE,
)
_ASKS_MORE = re.compile(
    r"\b(?:when|how much|wann|wie ?viel|quand|combien (?!de factures)|cuándo|cuánto|hvornår|hvor meget"
    r"|amounts?|who|wer|qui|quién|hvem|by)\b"
    r"|\bbis\b|когда|сколько|кто|いつ|いくら|誰|언제|얼마|누|什么时候|多少|谁",
    re.IGNORECASE,
)
"""What a question has that asks for more of a payment than whether it was made."""

_ENDLESS = re.compile(
    r"\b(?:indefinite(?:ly)?|open-ended|until further notice|(?:auf )?unbestimmte(?:r)? (?:zeit|dauer)|unbefristet\w*"
    r"|durée indéterminée|(?:tiempo|plazo) indefinido"
    r"|tidsubegrænset|på ubestemt tid)\b|бессрочн\w+|無期限|期間の定めのない|무기한|无固定期限",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_HOUR = 60
"""Minutes; what is as short is no term."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a sentence."""

    text: str
    """As the document writes it."""
    plain: str
    """In one form: an amount with a point before its decimals, a date as ``YYYY-MM-DD``."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """What a question asks of the values: above, below, after, before, or within a year."""

    kind: Relation
    limit: str

    @property
    def is_period(self) -> bool:
        return self.kind in ("year", "after", "before")

    @property
    def is_state(self) -> bool:
        return self.kind in ("paid", "unpaid")

    def holds(self, plain: str) -> bool:
        """Raises ValueError for a value of another kind."""
        if self.is_state:
            return plain == self.kind
        if self.is_period and not _ISO.fullmatch(plain):
            raise ValueError(plain)
        if self.kind == "year":
            return plain.startswith(self.limit)
        if self.kind in ("after", "before"):
            return plain > self.limit if self.kind == "after" else plain < self.limit
        return float(plain) > float(self.limit) if self.kind == "more" else float(plain) < float(self.limit)


def find_wanted(question: str) -> Wanted:
    """What kind of value the question asks for, by its words in nine languages."""
    return next((wanted for wanted, pattern in _WANTED if pattern.search(question)), "words")


def list_wanted(question: str) -> list[Wanted]:
    """All kinds of value that the question may ask for; "how many … a day" asks for a count, not for a day."""
    kinds: list[Wanted] = [wanted for wanted, pattern in _WANTED if pattern.search(question)]
    return sorted(kinds, key=lambda kind: kind != "count")


def find_condition(question: str) -> Condition | None:
    """The condition that the question sets, if any."""
    if (state := _ASKS_STATE.search(question)) and not _ASKS_MORE.search(question):
        return Condition("unpaid", "") if state["unpaid"] else Condition("paid", "")
    dates = [value.plain for value in find_dates(question)]
    for kind, pattern in _PERIODS:
        if dates and pattern.search(question):
            return Condition(kind, dates[0])
    years = YEAR.findall(question)
    numbers = [number.value for number in find_numbers(question) if number.value not in years]
    for kind, pattern in _LIMITS:
        if numbers and pattern.search(question):
            return Condition(kind, numbers[-1])
    return Condition("year", years[0]) if len(years) == 1 else None


def find_values(text: str, wanted: Wanted) -> list[Value]:
    """The values of that kind in a text, in order."""
    if wanted == "date":
        return list(find_dates(text))
    if wanted == "code":
        dates = {(one.start, one.end) for one in find_dates(text)}
        return [Value(found[0], found[0], *found.span()) for found in _CODE.finditer(text) if found.span() not in dates]
    if wanted == "amount":
        return list(_find_amounts(text))
    if wanted == "span":
        return list(_find_spans(text))
    if wanted == "person":
        return [Value(found[0], found[0], *found.span()) for found in _NAME.finditer(text)]
    if wanted == "state":
        return list(_find_states(text))
    if wanted == "count":
        return [
            Value(text[number.start : number.end], number.value, number.start, number.end)
            for number in find_numbers(text)
            if number.is_certain
        ]
    return []


def find_dates(text: str) -> Iterator[Value]:
    """The days that a text names with their year; day before month where figures don't tell."""
    for named in find_days(text):
        if named.year and named.day:
            with contextlib.suppress(ValueError):
                plain = datetime.date(named.year, named.month, named.day).isoformat()
                yield Value(text[named.start : named.end], plain, named.start, named.end)


def _find_amounts(text: str) -> Iterator[Value]:
    """Numbers with a currency beside them; where a text has none of these, numbers with two decimals."""
    numbers = [number for number in find_numbers(text) if number.is_certain and number.value.count(".") < 2]
    dates = [(one.start, one.end) for one in find_dates(text)]
    numbers = [one for one in numbers if not any(start <= one.start < end for start, end in dates)]
    numbers = [one for one in numbers if not re.match(r"\s?%", text[one.end : one.end + 2])]
    money = [one for one in numbers if _has_currency(text, one.start, one.end)]
    bare = [one for one in numbers if re.search(r"[.,]\d\d$", text[one.start : one.end])]
    for one in money or bare:
        start, end = one.start, one.end
        before = re.search(rf"{_MONEY.pattern}\s?$", text[max(0, start - 6) : start], re.IGNORECASE)
        behind = re.match(rf"\s?{_MONEY.pattern}", text[end:], re.IGNORECASE)
        start -= len(before[0]) if before else 0
        end += len(behind[0]) if behind else 0
        yield Value(text[start:end].strip(), one.value, one.start, one.end)


def _find_spans(text: str) -> Iterator[Value]:
    """So many days, weeks, months or years."""
    ones = [(found.start(), found.start() + len(found[0].rstrip()), "1") for found in _ONE.finditer(text)]
    numbers = [(number.start, number.end, number.value) for number in find_numbers(text) if ":" not in number.value]
    plain = text.replace(")", " ")  # sixty (60) days
    for start, end, count in sorted(ones + numbers):
        unit, counted = find_unit(plain, start, end), _COUNTED.match(plain, end)
        is_year = YEAR.fullmatch(count) is not None
        if unit and unit.dimension == "time" and counted and unit.size > _HOUR and not is_year:
            yield Value(text[start : counted.end()].replace(")", ""), f"{count} {unit.name}", start, counted.end())
    for found in _ENDLESS.finditer(text):
        yield Value(found[0], "", *found.span())


def _find_states(text: str) -> Iterator[Value]:
    """What says that something was paid, or wasn't; a part that was paid in advance says neither."""
    for found in _STATES.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
        if not _PART_PAID.search(line):
            yield Value(found[0].strip(), found.lastgroup or "", *found.span())


def _has_currency(text: str, start: int, end: int) -> bool:
    before, behind = text[max(0, start - 6) : start], text[end : end + 8]
    return bool(
        re.search(rf"{_MONEY.pattern}\s?$", before, re.IGNORECASE)
        or re.match(rf"\s?{_MONEY.pattern}", behind, re.IGNORECASE)
    )


def find_currency(text: str) -> str:
    """The first currency that stands there: its code, or as it is written where several countries write it so."""
    if not (found := _MONEY.search(text)):
        return ""
    written = found[0].casefold().rstrip(".")
    return "RUB" if written.startswith("руб") else _CODES.get(written, written)


def names_total(text: str) -> bool:
    """Whether the text calls its number the whole sum."""
    return bool(_TOTAL.search(text))
