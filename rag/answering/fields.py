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
    asked: re.Pattern[str]
    """Finds it in a question."""
    labels: tuple[re.Pattern[str], ...]
    """Find it in a document: the words that mean nothing else first."""
    instead: str = ""
    """The field that answers where a document doesn't name this one."""


# Of each: its name, the kind of its value, what both questions and documents call it, what questions alone do, and what
# documents alone do: in the second line of these, what may mean something else as well. The first that a question
# names is meant.
_FIELDS: tuple[tuple[str, Wanted, str, str, tuple[str, ...], str], ...] = (
    (
        "next",
        "date",
        r"\b(?:next|following) (?:[\w']+ ){0,2}?(?:meetings?|sessions?|assembly|agm|sync|call|gathering)\b"
        r"|\b(?:nächste\w*|kommende\w*) (?:\w+)?(?:sitzung|versammlung|treffen|termin|besprechung)|\bfolgetermin"
        r"|\bprochaine? (?:réunion|séance|assemblée|rencontre|rendez-vous)"
        r"|\b(?:próxim[ao]|siguiente) (?:reunión|junta|sesión|asamblea|encuentro)"
        r"|\bnæste (?:\w+)?(?:møde|generalforsamling)|следующ\w+ (?:собрани|заседани|встреч)|次回|다음 (?:회의|모임)"
        r"|下一?次(?:的)?会议",
        r"\b(?:meet|meets|come together|convene) again\b|\btr(?:ifft|effen) .*\bwieder\b"
        r"|\bréuni\w+ .*\b(?:nouveau|prochain)"
        r"|\bmødes .*\bigen\b|\bvuelven? a reunir",
        (
            r"\b(?:(?:meet|meets|speak|talk|gather|convene) again|reconvenes?"
            r"|will (?:next )?meet|next date|adjourned (?:to|until))\b"
            r"|\btr(?:ifft|effen) sich\b(?: \w+){0,4} wieder|\bwieder am\b|\bréunira\b|\bse reunirá\b"
            r"|\bvolver\w* a reunir\w*|\bmødes (?:\w+ )?(?:næste gang|igen)|\bnæste gang\b",
        ),
        "",
    ),
    (
        "due",
        "date",
        r"(?<!amount )(?<!balance )(?<!total )\bdue\b(?! to\b| for renewal)|\bdeadline for payment"
        r"|\bfällig\w*|\bzahlbar\b|\bzahlungs(?:ziel|frist|termin)\w*|\béchéance"
        r"|\bvencimiento|\bvence\b|\bforfald\w*|\bbetalingsfrist\w*|срок оплаты|оплатить до|支払期限|お?支払い?期限"
        r"|지급 ?기한|납부 ?기한|到期|付款期限|截止",
        r"\b(?:by when|until when|when)\b.*\b(?:pay|paid|payment|payable)\b|\b(?:bis wann|wann)\b.*\b(?:zahl"
        r"|überweis|begleich)"
        r"|\bbis wann\b.*\bzu (?:be)?zahlen|\bquand\b.*\b(?:payer|régler|payée?s?|réglée?s?)\b"
        r"|\bcuándo\b.*\bpag|\bhvornår\b.*\bbetal|когда.*(?:оплат|платить)|いつまで|언제까지",
        (
            r"\bpayable (?:by|until|on|within)\b|\b(?:pay|paid|payment|transfer|settle|remit"
            r"|settlement)\b(?: [\w']+){0,4}"
            r" (?:by|before|until|within|no later than|not later than)\b"
            r"|\b(?:\w*zahl\w*|\w*überweis\w*|begleich\w*"
            r"|entricht\w*)(?: [\wäöüß]+){0,5} (?:bis|binnen|innerhalb|innert)\b"
            r"|\b(?:pay|payer|payable|paiement|régler|règlement|verser|prélevée?s?)\b(?: [\w'’]+){0,5}"
            r" (?:avant|le|au plus tard|sous|dans)\b|\bdate limite\b|\bavant le\b|\bau plus tard\b"
            r"|\b(?:fecha|día) límite\b|\bpag\w+(?: \w+){0,3} (?:antes|hasta)\b|\bantes del?\b"
            r"|\bbetal\w*(?: \w+){0,3} (?:senest|inden|før)\b|\bsenest\b"
            r"|\b(?:no|not) later than\b|\bspätestens\b|\bcarg\w+ en cuenta\b|\b(?:payment )?terms(?=:)"
            r"|\bzahlungsbedingungen(?=:)|\bconditions de paiement\b|(?:оплат|уплат)\w*(?: \w+){0,4} до\b",
        ),
        "span",
    ),
    (
        "number present",
        "count",
        r"",
        r"\b(?:how many|number of)\b.*\b(?:present|attend\w*|came|there)\b|\b(?:wie ?viele"
        r"|anzahl)\b.*\b(?:anwesend|teil|da)"
        r"|\bcombien\b.*\bprésent|\bcuánt[ao]s\b.*\b(?:asist|present)|\bhvor mange\b.*\b(?:mødt|til stede|deltog)"
        r"|сколько.*присутств|出席者数|何人.*出席|몇 ?명.*참석|多少人.*(?:出席|到会)|出席人数",
        (
            r"\b(?:present|attend\w*|participants?|anwesend\w*|teilnehmer\w*|teilgenommen|présent\w*"
            r"|participants|presentes"
            r"|asistentes|asisten|fremmødte|til stede|deltagere|mødt)\b|присутств\w+|участник\w+|出席者?|참석자?|到会",
        ),
        "",
    ),
    (
        "absent",
        "people",
        r"\babsen(?:t|ts|te|tes|ces?)\b|\bapologies\b|\bexcused\b|\babwesend\w*|\bentschuldigt\w*|\bfehl(?:t"
        r"|te|ten|en|end\w*)\b"
        r"|\bexcusée?s?\b|\bausentes?\b|\bausencia|\bafbud\b"
        r"|\bfraværende\b|отсутств\w+|欠席者?|불참자?|결석|缺席|请假",
        r"\b(?:not|n't) (?:there|present|attend\w*|come)\b|\bnicht (?:da|anwesend|dabei)\b|\bmissing\b"
        r"|\bfaltó|\bfaltaron|\bno asisti",
        (
            r"\bnot (?:present|attending|there)\b|\bregrets(?=:)|\bnicht (?:anwesend|erschienen|teilgenommen)\b"
            r"|\bunable to attend\b|\bexcusan?\b|\bno asisten?\b|\bmissing(?=:)|\bkrank(?=:)|\b(?:couldn't"
            r"|could not|can't) (?:make it|attend|come|be there)\b",
        ),
        "",
    ),
    (
        "present",
        "people",
        r"\bpresent\b(?! (?:a|the)\b)|\battendees?\b|\battend(?:ed|ing|ance)\b|\bparticipants?\b"
        r"|\banwesend\w*|\bteilnehm(?:er|ende)\w*"
        r"|\bprésent(?:s|es)\b|\bpresentes\b|\basistentes?\b|\basist(?:en|ieron|ió)\b|\bfremmødte?\b"
        r"|\btil stede\b|\bdeltagere\b"
        r"|присутств(?:овал|ующ)\w*|участник\w+|出席者?|참석자?|与会|出席|到会",
        r"\bwho (?:was|were) (?:there|at)\b|\bwho (?:came|took part)\b|\bwer (?:war|waren) (?:\w+ )?(?:da|dabei)\b"
        r"|\bwer nahm\b|\bqui (?:était|étaient|a participé|a assisté|assistait)\b|\bquiénes? estuv"
        r"|\bhvem (?:var|deltog|mødte)\b",
        (
            r"\bteilgenommen haben\b|\bdabei(?=:)|\bon the call\b|\bparticipan\b|\bin attendance\b",
            r"\balso there (?:was|were)\b|\bassistaient\b|\bdeltog\b|\bpresent\b|\bprésente?\b|\bmembers\b",
        ),
        "",
    ),
    (
        "clerk",
        "person",
        r"\bminutes (?:were )?(?:taken|kept|written|recorded)\b|\b(?:took|taking|kept|keeping|wrote"
        r"|writing) (?:the )?minutes\b|\bminute[- ]taker\b"
        r"|\b(?:protokoll|schrift)führ\w*|\bsecrétaire(?: de séance)?\b|\bsecretari[ao]\b|\breferent\b"
        r"|секретар\w+|書記|議事録作成|서기|记录人?",
        r"\bwer\b.*\b(?:protokoll|mitgeschrieben)|\bqui\b.*\b(?:rédigé|compte[- ]rendu|procès-verbal)"
        r"|\bquién\b.*\bacta\b|\bhvem\b.*\breferat",
        (r"\bclerk\b|\bsecretary\b|\bprotokoll(?=\s*[:：])|\bscribe\b|\bnotes by\b|\breferat(?: ved)?(?=\s*[:：])",),
        "",
    ),
    (
        "chair",
        "person",
        r"\b(?:in|took|takes|taking|has|had) the chair\b|\bchair(?:s|ed|ing|man|woman|person)?\b"
        r"|\b(?:sitzungs|versammlungs|diskussions|gesprächs)leit(?:er|erin|ung)\b|\bvorsitz\w*"
        r"|\bpréside(?:nce|nt de séance|nte de séance)?\b"
        r"|\bpresid(?:e|ió|ida|ido|encia)\b|\bmødeleder\w*|\bdirigent\w*|\bordstyrer\w*|председател\w+"
        r"|председательств\w+|議長|司会|座長|의장|사회자?|主席|主持人?",
        r"\bwho (?:led|ran|headed|presided|opened|conducted|moderated|facilitated)\b|\bgeleitet\b|\bleitete\b"
        r"|\bprésidé\b|\bdirigé\b"
        r"|\bdirigió\b|\bledede\b|вёл|вел\b",
        (
            r"\bfacilitat\w+|\bmoderat(?:or|ion|ed by|eur|orin)\b|\bpresid(?:ing|ed)\b|\b(?:led|chaired) by\b"
            r"|\bprésidée? par\b|\bpresidid[ao] por\b|\bledet af\b|\bleitung\b"
            r"|\bgeleitet (?:von|durch)\b|\bleitete\b",
            r"\bpresident\b|\bprésidente?\b|\bpresidente\b|\bopened (?:the meeting|by)\b|\beröffnet\b"
            r"|\bformand\w*|\bforperson",
        ),
        "",
    ),
    (
        "votes",
        "words",
        r"\bvot(?:e|es|ed|ing)\b|\b(?:ab)?stimm(?:t|ten|en|te|ung\w*|verhältnis)\b|\babstimmung\w*|\bvot(?:é"
        r"|ée|ent|es)\b"
        r"|\bvot(?:os?|aron|ación|ó)\b|\bstem(?:mer|te|t|ning\w*)\b|голос\w+|投票|採決|票|투표|표결|表决",
        r"",
        (
            r"\bunanim\w+|\bnem\. con\b|\ball in favou?r\b|\babst(?:ention|ain)\w*"
            r"|\b(?:\w+-)?stimmen\b|\beinstimmig\w*|\benthaltung\w*"
            r"|\bdafür\b|\bdagegen\b|\bvoix\b"
            r"|\bunanimité\b|\bunanimidad\b|\ba favor\b|\benstemmigt?\b"
            r"|\bfor:? \d+\b(?=[^\n]{0,20}against)|(?<![\d.,])\d+ for\b(?=\W)"
            r"|\bin favou?r\b|\bcarried\b|\bja,? \d* ?nein\b"
            r"|единоглас\w+|賛成|全会一致|찬성|만장일치|赞成|一致",
        ),
        "",
    ),
    (
        "notice",
        "span",
        r"\bnotice\b|\bkündigungsfrist\w*|\bpréavis\b|\bpreaviso\b|\bopsigelsesvarsel\b|\bopsigelsesfrist\w*"
        r"|\bvarsel\b|срок уведомлени\w+|уведомлени\w+"
        r"|予告期間|解約予告|前までに|提前|통지 ?기간|해지 ?통보|通知期",
        r"\bfrist\b.*\bkünd|\bkünd\w+\b.*\bfrist|\bhow (?:early|long before)\b.*\b(?:cancel|terminat)|\bopsigelse\b",
        (
            r"\bkünd(?:igung|bar)\w*|\bkündigen\b|\bgekündigt\b|\bmit einer frist\b|\bopsig(?:es|else|e)\w*"
            r"|\brésili\w+|\brescind\w+",
            r"\bterminat\w+|\bcancel\w*",
        ),
        "",
    ),
    (
        "deposit",
        "amount",
        r"\b(?:security )?deposit\b|\b(?:miet)?kaution\b|\bmietsicherheit\b|\bdépôt de garantie\b|\bcaution\b"
        r"|\bfianza\b|\bdepositum\b|залог|депозит|\bsicherheit(?:sleistung)?\b"
        r"|敷金|保証金|보증금|押金|保证金",
        r"",
        (),
        "",
    ),
    (
        "rent",
        "amount",
        r"\brent\b|\b(?:kalt|warm|monats|grund|netto)?miete\b|\bpacht(?:zins)?\b|\bmietzins\b|\bloyer\b|\balquiler\b"
        r"|\brenta\b|\b(?:hus)?leje\b"
        r"|аренд\w+ плат\w+|家賃|賃料|월세|임대료|차임|房租|租金",
        r"\bwie viel\b.*\bmiete",
        (),
        "",
    ),
    (
        "excess",
        "amount",
        r"\bexcess\b|\bdeductible\b|\bselbst(?:beteiligung|behalt)\b|\bfranchise\b|\bfranquicia\b"
        r"|\bselvrisiko\b|франшиз\w+|免責(?:金額)?|자기 ?부담금|免赔额",
        r"",
        (),
        "",
    ),
    (
        "salary",
        "amount",
        r"\bsalar(?:y|ies)\b|\bwages?\b|\b(?:\w+)?gehalt\b|\b(?:\w+)?lohn\b|\bsalaire\b|\bsalario\b"
        r"|\bsueldo\b|\b(?:\w+)?løn\b|зарплат\w+|оклад|給与|給料|월급|급여|工资|薪",
        r"\bearns?\b|\bverdient\b",
        (r"\bremuneration\b|\bvergütung\b|\brémunération\b|\bremuneración\b|\bpay of\b",),
        "",
    ),
    (
        "premium",
        "amount",
        r"\bpremiums?\b|\bprämie\b|\b(?:versicherungs|jahres|monats)?beitrag\b|\bprime d['’]assurance\b|\bcotisation\b"
        r"|\bprimas?\b|\bcuota\b|\bpræmie\w*|страхов\w+ (?:взнос|преми)\w*|保険料|보험료|保费",
        r"",
        (
            r"\bprime\b|\bbeiträge\b",
            r"\byou(?: will)? pay\b|\bzahlen sie\b|\bvous payez\b|\bkoster\b|\bkostet\b"
            r"|\bkontingent\w*|\bfees?\b|\bdues\b|\bsubscription\b"
            r"|взнос\w*|会費|회비|会费",
        ),
        "",
    ),
    (
        "fee",
        "amount",
        r"\bfees?\b|\bdues\b|\bsubscriptions?\b|\b(?:mitglieds|jahres|monats|vereins)?beitr[aä]ge?s?\b"
        r"|\bgebühr(?:en)?\b|\bcotisations?\b|\bcuotas?\b|\bkontingent\w*|\bgebyr\b"
        r"|взнос\w*|会費|회비|会费",
        r"",
        (r"", r"\b(?:\w+)?pauschale\b|\bredevance\b|\babonnement\b|\bvederlag\b|\bper day\b"),
        "",
    ),
    (
        "tax",
        "amount",
        r"\bt\.v\.a\.|\bi\.v\.a\.|\b(?:vat|(?:sales |value added )tax|tax(?:es)?|gst"
        r"|mwst|mehrwertsteuer|umsatzsteuer|ust|tva|iva"
        r"|moms|impuestos?)\b|\bндс\b"
        r"|消費税|부가세|부가가치세|增值税|税额|税額",
        r"\bsteuer\b",
        (),
        "",
    ),
    (
        "net",
        "amount",
        r"\bnet(?:to)?\b(?! [àa] )|\bnetto\w*|\b(?:sub|sous-?|zwischen)[- ]?(?:total|summe)\b|\bht\b"
        r"|\bhors tax\w*|\bbase imponible\b"
        r"|\b(?:before|without|excluding|excl\.?) (?:vat|tax)\b|\bohne (?:mwst|ust|umsatzsteuer|steuer)"
        r"|\bsin iva\b|\b(?:uden|ekskl\.?|excl\.?) moms\b"
        r"|без ндс|小計|税抜|소계|공급가액|小计|不含税",
        r"",
        (),
        "",
    ),
    (
        "payable",
        "amount",
        r"\bamount (?:due|payable|to pay|owed|outstanding)\b|\bbalance(?: due)?\b|\b(?:left|remaining"
        r"|still) to (?:be )?pa(?:y|id)\b|\boutstanding\b|\bto pay\b(?! by)"
        r"|\bzu (?:be)?zahlen\w*\b(?! bis)|\bzu überweisen\w*|\bzahlbetrag\b|\b(?:net |reste )?à (?:payer"
        r"|régler|verser)\b(?! avant)|\b(?:total )?a pagar\b"
        r"|\b(?:til|at) betal(?:ing|e)\b|к оплате|ご?請求額|お支払い?額|청구 ?금액|결제 ?금액|应付",
        r"\b(?:how much|what)\b.*\b(?:pay|owe)\b|\bwie ?viel\b.*\bzahlen\b|\bcombien\b.*\b(?:payer|régler"
        r"|dois|doit)\b"
        r"|\bcuánto\b.*\b(?:pagar|debo)\b|\bhvor meget\b.*\bbetale\b|сколько.*(?:платить|оплатить)|いくら払"
        r"|얼마.*(?:내|지불)|(?:付|支付)多少",
        (
            r"\btotal due\b|\bamount now due\b|\brest(?:betrag|zahlung)\b|\boffener? (?:\w+)?betrag\b"
            r"|\bnoch offen\b|\bmontant dû\b|\bsolde\b|\bpendiente\b|\bsaldo\b",
            r"\bto be (?:transferred|paid)\b|\byou owe\b|\bremit\b",
        ),
        "total",
    ),
    (
        "total",
        "amount",
        r"\btotals?\b|\b(?:invoice|bill|total|full) amount\b|\bgesamt(?:betrag|summe|preis|kosten)?\b"
        r"|\b(?:end|rechnungs|brutto|gesamt)(?:betrag|summe)\b|\bmontants?\b"
        r"|\bimportes?\b|\bi alt\b|\bsamlede?t? (?:beløb|pris)\b|итого"
        r"|общая сумма|сумма|合計|総額|총액|합계|총 ?금액|总计"
        r"|总额|合计|总金额",
        r"\b(?:how much|what amount|sum|how high)\b.*\b(?:invoices?|bills?|receipts?)\b|\b(?:invoices?|bills?"
        r"|receipts?)\b.*\b(?:amounts?|sums?)\b"
        r"|\bamounts? (?:of|in|on)\b.*\b(?:invoices?|bills?|receipts?)\b"
        r"|\b(?:betrag|summe|wie ?viel|wie hoch)\b.*\b(?:rechnung|beleg|quittung)"
        r"|\brechnung\w*\b.*\b(?:betr[aä]ge?|summe|hoch)\b|\b(?:combien|somme)\b.*\bfactures?\b"
        r"|\b(?:cuánto|suma)\b.*\bfacturas?\b|\b(?:hvor meget|beløb\w*)\b.*\b(?:faktura|regning)",
        (
            r"\bgrand total\b|\b\w+total\b(?<!subtotal)|\bgross\b|\bbrutto\b|\bthat makes\b|\bpay this amount\b"
            r"|\btotal (?:due|ttc|amount|to pay|payable|general)\b|\bttc\b"
            r"|\btotal,? \(?(?:incl\w*|inkl\w*)\.?(?: [^\W\d]+)*|\bsomme (?:due|totale)\b"
            r"|\bamount (?:due|payable|credited)\b",
            r"金额|\b(?:\w+)?summe\b|\bsum\b|\b(?:in the )?amount of\b|\bin höhe von\b|\bd'un montant de\b"
            r"|\bbalance due\b|\bzu (?:be)?zahlen\w*\b(?! bis)|\bzu überweisen\w*"
            r"|\bzahlbetrag\b"
            r"|\b(?:net )?à (?:payer|régler)\b(?! avant)|\ba pagar\b|\b(?:til|at) betal(?:ing|e)\b|к оплате"
            r"|ご?請求額|应付|\bto pay\b(?! by)|\bmontant\b|\bbetrag\b",
        ),
        "payable",
    ),
    (
        "policy number",
        "code",
        r"\bpolicy (?:no\b\.?|number|nr)|\bversicherungs(?:schein)?-?\s?(?:nummer|nr)"
        r"|\bpolice(?:n-?\s?(?:nummer|nr))?\b|\bnuméro de (?:police|contrat)"
        r"|\bpóliza\b|\bpolicenummer\b|номер полиса|証券番号|증권 ?번호|保单号",
        r"",
        (
            r"\bversicherungsschein\w*-?(?:nr)?|\bvertragsnummer\b",
            r"\bpolicy\b|\bcontrat (?:n°|nº|no)|\bcontract (?:no|number)|\bvertrag\b(?: nr)?",
        ),
        "",
    ),
    (
        "customer number",
        "code",
        r"\b(?:customer|client|member(?:ship)?|account) (?:no\b\.?|number|nr|id)|\b(?:kunden|mitglieds"
        r"|konto)-?\s?(?:nummer|nr)|\bnuméro (?:de )?(?:client|compte)"
        r"|\bnúmero de (?:cliente|socio|cuenta)|\b(?:kunde|medlems)(?:nummer"
        r"|nr)|номер клиента|客户(?:编?号)|顧客番号|고객 ?번호",
        r"",
        (),
        "",
    ),
    (
        "number",
        "code",
        r"\b(?:invoice|bill|receipt|credit note|document|order|contract|claim|case|file) ?(?:numbers?\b"
        r"|no\b\.?|nr\b\.?|id\b|#)"
        r"|\b(?:rechnungs?|beleg|vertrags?|auftrags?|bestell|schaden|akten)-? ?(?:nummer|nr\b|zeichen)"
        r"|\bn(?:uméro|°|º|o\.) (?:de )?(?:(?:la |chaque )?facture|contrat|dossier|avoir)|\b(?:facture"
        r"|avoir) (?:n°|nº|no|n\b)"
        r"|\bn(?:úmero|º|°) de (?:(?:la |cada )?factura|contrato|expediente)|\bfactura (?:n\.?º|n°|nº|núm)"
        r"|\bfaktura-?\s?(?:nummer|nr)"
        r"|номер сч[её]та|сч[её]т (?:№|n)|請求書番号|伝票番号|송장 ?번호|청구서 ?번호|发票号码?|发票编号",
        r"\breference(?: number)?\b|\baktenzeichen\b|\bnumber\b.*\b(?:invoice|bill)|\bnummer\b.*\brechnung",
        (
            r"\b(?:invoice|credit note|receipt|rechnung|beleg|gutschrift|facture|avoir|factura|faktura"
            r"|regning|kreditnota)\b(?=\W{0,3}[A-Z]{0,4}[-/.]?\d)"
            r"|\b(?:rechnung|factura|invoice|facture|faktura)(?=:)",
            r"\b(?:our |your )?r[eé]f(?:[eé]rence|erencia|erenz|eranse)?\b\.?"
            r"|\bno\.|\bnr\.|\bn[°º]|№|番号|번호|编号|号码",
        ),
        "file name",
    ),
    (
        "landlord",
        "person",
        r"\blandlord\b|\blandlady\b|\b(?:sub)?lessor\b|\bver(?:mieter|pächter)(?:in)?\b|\bbailleur\b|\bbailleresse\b"
        r"|\bpropriétaire\b|\barrendador(?:a)?\b|\budlejer\b|арендодател\w+|貸主|賃貸人|大家|임대인|出租(?:方|人)",
        r"",
        (),
        "",
    ),
    (
        "tenant",
        "person",
        r"\btenant\b|\b(?:sub)?lessee\b|\b(?:mieter|pächter)(?:in)?\b"
        r"|\blocataire\b|\barrendatari[oa]\b|\binquilin[oa]\b"
        r"|\blejer\b|арендатор\w*|借主|賃借人|임차인|承租(?:方|人)|租客",
        r"",
        (),
        "",
    ),
    (
        "employer",
        "person",
        r"\bemployer\b|\barbeitgeber(?:in)?\b|\bemployeur\b|\bempleador(?:a)?\b|\barbejdsgiver\b"
        r"|работодател\w+|雇用主|사용자|雇主|用人单位",
        r"",
        (),
        "",
    ),
    (
        "employee",
        "person",
        r"\bemployee\b|\barbeitnehmer(?:in)?\b|\bsalariée?\b|\bemployée?\b|\btrabajador(?:a)?\b"
        r"|\bemplead[oa]\b|\bmedarbejder\b|\blønmodtager\b|работник\w*|従業員|근로자|员工|雇员",
        r"",
        (),
        "",
    ),
    (
        "buyer",
        "person",
        r"\b(?:customer|buyer|purchaser)\b(?! (?:no|nu|service|support))|\bbill(?:ed)? to\b|\b(?:invoiced?"
        r"|sold|ship) to\b|\b(?:hired|ordered|booked) by\b|\bguest\b|\bgast\b|\bpaciente\b|\bmandant(?:in)?\b"
        r"|\b(?:regning|faktura) til\b|\bfacturée? à\b|\bfacturad[oa] a\b"
        r"|\bkundin\b|\bkunde\b|\bauftraggeber(?:in)?\b|\bkäufer(?:in)?\b|\brechnungsempfänger\w*"
        r"|\bclient(?:e|s)?\b|\bacheteu[rs]e?\b|\bcomprador(?:a)?\b|\bkøber\b|заказчик\w*|покупател\w+"
        r"|клиент\w*|お客様|宛先|고객|구매자|客户|买方",
        r"\bwho (?:is|was) (?:\w+ )*(?:billed|invoiced)\b|\ban wen\b|\bà qui\b|\ba quién\b|\btil hvem\b",
        (
            r"\b(?:titulaire|titular|abonn[eé]e?|adressée?|hirer|account|patient(?:in)?|forbruger"
            r"|destinatario|destinataire|empfänger(?:in)?|recipient)\b",
            r"(?<![^\n*| ])\b(?:to|for|an|für|pour|à|para|til)(?=\**:)",
            r"\brechnung für\b|\bfor the attention of\b|\balumn[oa]\b|\bpropriétaire\b|\bherrn\b|\bfrau\b(?=\n)"
            r"|(?m:^)[ \t]*(?=(?:frau|herrn?|mr|mrs|ms|mme|m\.)\.? [^\n,]{3,40}$)|\bfacture pour\b",
        ),
        "",
    ),
    (
        "seller",
        "person",
        r"\b(?:seller|supplier|vendor|issuer|biller|contractor)\b|\b(?:rechnungs|aus)steller(?:in)?\b"
        r"|\blieferant(?:in)?\b|\bverkäufer(?:in)?\b|\bauftragnehmer(?:in)?\b|\bfournisseur\b|\bémetteur\b"
        r"|\bvendeu[rs]e?\b|\bprestataire\b"
        r"|\bproveedor(?:a)?\b|\bemisor(?:a)?\b|\bvendedor(?:a)?\b|\bleverandør\b|\bsælger\b|\budsteder\b"
        r"|поставщик\w*|продав\w+|исполнител\w+|請求元|発行元|販売者|공급자|판매자|供应商|卖方|开票方",
        r"\bwho\b.*\b(?:sent|issued?|wrote|billed|invoiced|sends)\b|\bwho (?:is|are)\b.*\bfrom\b"
        r"|\bfrom who(?:m)?\b|\b(?:von wem|wer hat)\b.*\b(?:rechnung|gestellt|geschickt|ausgestellt)"
        r"|\bwhich (?:company|firm)\b|\bwelche firma\b|\bquelle (?:entreprise|société)\b|\bde qui\b"
        r"|\bqui a (?:envoyé|émis)\b|\bqué empresa\b|\bde quién\b|\bquién (?:envió|emitió)\b"
        r"|\bhvem har (?:sendt|udstedt)\b|\bhvilket firma\b",
        (r"(?<![^\n*| ])\b(?:from|von|de|fra)(?=\**:)",),
        "head",
    ),
    (
        "start",
        "date",
        r"\b(?:begin|begins|began|beginning|start|starts|started|starting|commence\w*|start date)\b"
        r"|\btakes? effect\b|\beffective (?:date|from)\b|\b\w*beginn(?:t|en)?\b|\bprend(?:re)? effet\b"
        r"|\bdébut(?:e|er)?\b|\bcommence\b"
        r"|\bcomienz[ao]\b|\binicio\b|\bempieza\b|\bbegynd(?:er|else)\b|\bstarter\b|\bstartdato\b"
        r"|\bikrafttræd\w+|начал\w+|начин\w+|вступает|開始|시작|开始|生效|起始",
        r"\b(?:since|from) when\b|\bab wann\b|\bseit wann\b|\bà partir de quand\b|\bdesde cuándo\b",
        (
            r"\bactivation\b|\bin kraft\b|\bà compter du\b|\bà partir du\b"
            r"|\ba partir del?\b|\bgælder fra\b|\bovertagelse\w*"
            r"|\bindflytning\w*|\bruns? from\b|\bvalid from\b|\bgültig ab\b",
            r"\bfrom\b|\bab (?:dem )?(?=\d)|\bdesde\b|\bfra\b|\bwirkung\b|\bvon\b(?= \d)|自(?=\d)",
        ),
        "",
    ),
    (
        "expiry",
        "date",
        r"\bexpir\w+|\b(?:ends?|ended) on\b|\bvalid until\b|\bterm ends\b|\bvertragsende\b|\bläuft (?:bis"
        r"|aus)\b|\bgültig bis\b|\bablauf\w*|\bprend fin\b|\bexpire\w*|\bcaduc\w+|\bválid\w+ hasta\b"
        r"|\budløb\w*|\bgælder til\b"
        r"|истека\w+|действует до|заканчивается|有効期限|満了|만료|유효 ?기간|有效期|到期",
        r"\bwhen\b.*\bends?\b|\bwann\b.*\bend(?:et|en)\b|\bquand\b.*\b(?:finit|termine)\b"
        r"|\bcuándo\b.*\btermina\b|\bhvornår\b.*\b(?:slutter|ophører)\b",
        (
            r"\bend(?:s|ing|et|en)?\b|\bruns? until\b|\btermina\b|\bslut\w*|\bophør\w*|\blaufzeit bis\b|\bvalid to\b",
            r"\buntil\b|\bbis (?:zum )?(?=\d)|\bjusqu'au\b|\bau (?=\d)|\bhasta\b|\btil (?:den )?(?=\d)|\bthrough\b",
        ),
        "",
    ),
    (
        "term",
        "span",
        r"\b(?:minimum )?term\b|\bduration\b|\b(?:mindest|vertrags)?laufzeit\b|\b(?:vertrags)?dauer\b"
        r"|\bdurée\b|\bduración\b|\bløbetid\b|\bvarighed\b|срок (?:действия"
        r"|договора|аренды)|契約期間|계약 ?기간|合同期限"
        r"|租期|期限",
        r"\bhow long\b|\bwie lange?\b|\bcombien de temps\b|\bcuánto (?:tiempo|dura)\b|\bhvor længe\b"
        r"|как долго|多久|多长时间",
        (
            r"\bengagement\b|\bcommitment\b|\b(?:in force|valid) for\b|\bunbefristet\w*|\bindefinite\w*"
            r"|\bunbestimmte\b|\bindéterminée\b|\bfor a (?:period|term) of\b|\bperiod of\b"
            r"|\bruns? for\b|\bbinding\w*|\bläuft\b|\bgeschlossen\b"
            r"|\bauf die dauer\b|\bfür die dauer\b|\bpour une\b",
        ),
        "expiry",
    ),
    (
        "issued",
        "date",
        r"\b(?:invoice|letter|bill|document|contract|meeting|issue|receipt) date\b|\bdate of (?:(?:the|each"
        r"|this|every|an?) )*(?:invoice|letter|bill|document|contract|meeting|receipt|minutes|writing)\b"
        r"|\bdate of issue\b|\bissued\b|\bdated\b"
        r"|\b(?:rechnungs|ausstellungs|brief|sitzungs|beleg)datum\b|\bdatum (?:der|des|jeder|jedes)\b"
        r"|\bausgestellt\b|\bdate (?:de|du) (?:(?:la|le|l'|chaque|l’) ?)?(?:facture|lettre|document|courrier"
        r"|réunion|contrat|séance)|\bdate d['’](?:émission|établissement)\b|\bémise? le\b"
        r"|\bfecha de (?:(?:la|el|cada) )?(?:factura|carta|documento|reunión|contrato|emisión|expedición"
        r"|junta)|\bemitid[ao]\b|\bfakturadato\b|\bdato for (?:mødet|fakturaen|brevet)|\budstedt\b"
        r"|\budskrevet\b"
        r"|дата (?:сч[её]та|выставления|письма|собрания|документа)|発行日|請求日"
        r"|開催日|발행일|작성일|개최일|开票日期|签发|会议日期|签署日期",
        r"\b(?:when|on (?:which|what) (?:date|day)|what date)\b.*\b(?:issued|written|sent|dated|held"
        r"|take place|took place|meeting|signed|met)\b"
        r"|\b(?:wann|von wann|wann war|vom)\b.*\b(?:rechnung|brief|schreiben|sitzung|versammlung|treffen"
        r"|statt|ausgestellt|geschrieben|dokument|vertrag geschlossen)\b"
        r"|\b(?:quand|de quand)\b.*\b(?:facture|lettre|réunion|séance|courrier|émise?|écrite?|lieu)\b"
        r"|\bcuándo\b.*\b(?:factura|carta|reunión|junta|celebró|emitió|escribió|lugar)\b"
        r"|\bhvornår\b.*\b(?:faktura|brev|mødet|holdt|afholdt|udstedt|sendt|fandt)\w*|когда.*(?:выставлен"
        r"|состоял|проход|написан)|いつ.*(?:開|発行)|언제.*(?:열|발행|개최)|什么时候.*(?:召开|开具|举行)",
        (
            r"(?m)^\W*(?:tax )?(?:invoice|rechnung|facture|factura|faktura|regning|letter|schreiben)\b[^\n]{0,25}?"
            r"\b(?:vom|dated|of|du|del|de|af|den|от)\b(?= \d)|\bheld on\b|\braised on\b|\bmade on\b"
            r"|\bsigned on\b|\bvisés? le\b|\bfait (?:à \w+,? )?le\b",
            r"\bdate\b(?=\W{0,4}\w*\W?\d)|\bdatum\b|\bfecha\b|\bdato\b"
            r"|\btag\b(?=:)|\bday\b(?=:)|дата|日付|日期|날짜|일시|日時",
        ),
        "head",
    ),
)  # fmt: skip


@cache
def list_fields() -> tuple[Field, ...]:
    """All fields, in the order in which a question is held against them."""
    fields = []
    for name, wanted, both, asked, labels, instead in _FIELDS:
        first, *others = labels or ("",)
        patterns = ("|".join(filter(None, (first, both))), *others)
        fields.append(
            Field(
                name,
                wanted,
                re.compile("|".join(filter(None, (asked, both))), re.IGNORECASE),
                tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns),
                instead,
            )
        )
    return tuple(fields)


def find_field(question: str) -> Field | None:
    """What the question asks for, if it is one of these."""
    return next((one for one in list_fields() if one.asked.search(question)), None)


def get_field(name: str) -> Field | None:
    """The field of that name."""
    return next((one for one in list_fields() if one.name == name), None)
