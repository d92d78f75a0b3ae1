"""What letters, invoices, contracts and minutes name again and again, in nine languages, each in many words. Pure.

A question for "the amount due" means what an invoice calls "Gesamtbetrag" or "à payer".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from rag.answering.values import Wanted


@dataclass(frozen=True, slots=True)
class Field:
    """One such thing."""

    name: str
    wanted: Wanted
    pattern: re.Pattern[str]


_FIELDS: tuple[tuple[str, Wanted, str], ...] = (
    (
        "number",
        "code",
        r"\b(?:invoice|bill|reference|order|customer|policy|contract) ?(?:number|no\b\.?|nr\b\.?|id\b|#)"
        r"|\binvoice [A-Z]*-?\d"
        r"|\b(?:rechnungs|kunden|auftrags|vertrags|policen|bestell|aktenzeichen)\w*(?:nummer|nr)\b\.?"
        r"|\b(?:rechnung|vertrag|auftrag)s? ?(?:nr\.?|nummer)|\b(?:numéro|n°|nº)|\bfacture n|\bnúmero"
        r"|\bfaktura(?:nummer|nr)"
        r"|\bномер|№|請求書番号|番号|번호|编号|号码|发票号",
    ),
    (
        "tax",
        "amount",
        r"\b(?:vat|(?:sales |value added )?tax|mwst|mehrwertsteuer|umsatzsteuer|ust|tva|iva|moms|impuesto)\b|\bндс\b"
        r"|消費税|부가세|增值税|税额",
    ),
    (
        "total",
        "amount",
        r"\b(?:totals?|grand total|amount due|amount payable|to pay(?! by)|balance due|invoice amount|gesamt\w*"
        r"|endbetrag|rechnungsbetrag|rechnungssumme"
        r"|zu zahlen(?! bis)|zahlbetrag|summe|montant total|à payer(?! avant)|net à payer|montant dû"
        r"|importe total|a pagar|total a pagar|i alt|at betale|samlet beløb)\b"
        r"|итого|к оплате|общая сумма|合計|総額|ご請求額|총액|합계|总计|总额|合计|应付",
    ),
    (
        "due",
        "date",
        r"\b(?:due(?: date| on| by)|is due|are due|be due|payable (?:by|until)|pay(?:ment)?(?: is)? (?:due|by"
        r"|until)|deadline"
        r"|please pay by|fällig\w*|zahlbar(?: bis)?|zahlungsziel|zu zahlen bis|échéance|à régler avant"
        r"|payable avant|vencimiento|vence"
        r"|pagar antes|forfalds?\w*|betales senest|forfalder)\b|\bdue\b(?=.*\?|$)|срок оплаты|оплатить до"
        r"|支払期限|お支払い?期限|지급 ?기한|납부 ?기한|到期|付款期限|截止",
    ),
    (
        "next",
        "date",
        r"\b(?:next|following) (?:meeting|session|assembly)|\bnächste\w* (?:sitzung|versammlung|treffen)"
        r"|\bprochaine (?:réunion|séance|assemblée)"
        r"|\bpróxima (?:reunión|junta)|\bnæste (?:møde|generalforsamling)|следующ\w+ (?:собрани|заседани)|次回"
        r"|다음 (?:회의|모임)|下次会议|下一次会议",
    ),
    (
        "expiry",
        "date",
        r"\b(?:expir\w+|ends? on|runs? until|valid until|term ends|läuft (?:bis|aus)|endet|gültig bis|ablauf\w*"
        r"|laufzeit|expire\w*|prend fin"
        r"|jusqu'au|termina|caduca|válido hasta|udløber|gælder til)\b|истекает|действует до|заканчивается|有効期限"
        r"|満了|만료|유효 ?기간|有效期|到期",
    ),
    (
        "issued",
        "date",
        r"\b(?:invoice date|date of (?:the )?invoice|dated|issued|date of issue|rechnungsdatum"
        r"|datum der rechnung|ausgestellt|ausstellungsdatum"
        r"|date de (?:la |chaque )?facture|émise? le|date d'émission|fecha de (?:la )?factura|emitida"
        r"|fecha de emisión|fakturadato|udstedt)\b"
        r"|дата (?:счёта|счета|выставления)|выставлен|発行日|請求日|발행일|开票日期|签发",
    ),
    (
        "net",
        "amount",
        r"\b(?:net(?: amount)?|subtotal|netto\w*|zwischensumme|net ht|montant ht|sous-total|base imponible"
        r"|subtotal)\b|без ндс|小計|소계|小计|不含税",
    ),
    (
        "present",
        "count",
        r"\b(?:present|attend\w*|participants?|anwesend\w*|teilnehmer\w*|présent\w*|participants|presentes"
        r"|asistentes|fremmødte|til stede|deltagere)\b"
        r"|присутств\w+|участник\w+|出席者|出席|참석|出席人数|到会",
    ),
    (
        "deposit",
        "amount",
        r"\b(?:deposit|security|kaution|mietsicherheit|dépôt de garantie|caution|fianza|depositum)\b|залог"
        r"|敷金|보증금|押金",
    ),
    (
        "rent",
        "amount",
        r"\b(?:rent|miete|kaltmiete|loyer|alquiler|renta|husleje)\b|аренд\w+ плат|家賃|월세|임대료|房租|租金",
    ),
    (
        "fee",
        "amount",
        r"\b(?:fees?|dues|subscription|beitrag|mitgliedsbeitrag|gebühr|cotisation|cuota|kontingent)\b|взнос|会費|회비|会费",
    ),
)


@cache
def _list_fields() -> tuple[Field, ...]:
    return tuple(Field(name, wanted, re.compile(pattern, re.IGNORECASE)) for name, wanted, pattern in _FIELDS)


def find_field(question: str) -> Field | None:
    """What the question asks for, if it is one of these."""
    return next((one for one in _list_fields() if one.pattern.search(question)), None)


def measure_distance(field: Field, text: str, start: int) -> int | None:
    """How many characters before the place the field was named last; None if it isn't named before it."""
    places = [found.end() for found in field.pattern.finditer(text[:start])]
    return start - places[-1] if places else None
