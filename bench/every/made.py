"""Invoices and minutes of meetings, made by chance from a seed, with questions whose exact answers are known."""

from __future__ import annotations

import datetime
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

_FIRMS = (
    "Holm & Sons|Bergmann GmbH|Atelier Roux|Nordlys ApS|Kestrel Roofing|Oakfield Printing|Lumen Electric|Fjord Foods"
)
_THINGS = "roof tiles|printing of flyers|garden work|a new lock|cleaning|two chairs|repair of the gutter|web hosting"
_PEOPLE = "Anna Berg|Tom Hale|Mira Kovac|Jens Aage|Ruth Lindner|Paul Martin|Ines Sousa|Olga Petrova|Sam Field|Nina Roth"
_PLACES = "the Reading Room|the town hall|the club house|the school library"


@dataclass
class MadeSet:
    """Documents by their names, and questions with what each document answers."""

    files: dict[str, str] = field(default_factory=dict)
    questions: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """The question, and by document the answer in one form; a document that holds none is missing."""
    sums: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def write(made: MadeSet, folder: Path) -> None:
    for name, text in made.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def make_invoices(seed: int, count: int = 40) -> MadeSet:
    """English, German and French invoices in several layouts; some lack a due date or the tax."""
    draw, made = random.Random(seed), MadeSet()
    facts: dict[str, dict[str, str]] = {}
    for number in range(count):
        language = draw.choice(["en", "en", "de", "fr"])
        day = datetime.date(2026, 1, 5) + datetime.timedelta(draw.randrange(300))
        due = day + datetime.timedelta(draw.choice([14, 30, 45])) if draw.random() > 0.15 else None
        net = draw.randrange(4_000, 250_000) / 100
        tax = round(net * 0.2, 2) if draw.random() > 0.15 else 0.0
        known = {
            "number": f"{draw.choice(['RE', 'INV', 'F'])}-2026-{draw.randrange(1000, 9999)}",
            "date": day.isoformat(),
            "total": f"{net + tax:.2f}",
            "firm": draw.choice(_FIRMS.split("|")),
            **({"due": due.isoformat()} if due else {}),
            **({"tax": f"{tax:.2f}"} if tax else {}),
        }
        name = f"invoices/{number:02d}-{draw.choice(['scan', 'mail', 'doc'])}.{draw.choice(['txt', 'md', 'html'])}"
        facts[name] = known
        lines = _write_invoice(draw, language, known, net, draw.choice(_THINGS.split("|")))
        is_html = name.endswith("html")
        made.files[name] = (
            "<html><body>" + "".join(f"<p>{line}</p>" for line in lines) + "</body></html>"
            if is_html
            else "\n\n".join(lines)
        )
    asks = {
        "total": [
            "What is the total of each invoice?",
            "List the total amount in every invoice",
            "How high is the amount due in each invoice?",
            "Was ist der Gesamtbetrag in jeder Rechnung?",
            "Quel est le montant total de chaque facture ?",
            "the total to pay for each of the invoices",
        ],
        "due": [
            "What is the due date in each invoice?",
            "By which date is every one of the invoices due?",
            "Wann ist jede Rechnung fällig?",
            "Quelle est la date d'échéance de chaque facture ?",
            "When is payment due for each invoice?",
        ],
        "date": [
            "What is the invoice date of each invoice?",
            "On which date was each invoice issued?",
            "Rechnungsdatum jeder Rechnung",
            "Quelle est la date de chaque facture ?",
        ],
        "number": [
            "What is the invoice number of each invoice?",
            "List the invoice number in every document",
            "Welche Rechnungsnummer hat jede Rechnung?",
            "Quel est le numéro de chaque facture ?",
        ],
        "tax": [
            "How much VAT is in each invoice?",
            "What is the tax amount of each invoice?",
            "Wie hoch ist die Mehrwertsteuer in jeder Rechnung?",
            "Quel est le montant de la TVA dans chaque facture ?",
        ],
    }
    for key, questions in asks.items():
        answers = {name: known[key] for name, known in facts.items() if key in known}
        made.questions += [(question, answers) for question in questions]
    totals = {name: float(known["total"]) for name, known in facts.items()}
    made.sums = {question: f"{sum(totals.values()):.2f}" for question in asks["total"]}
    for limit in (300, 500, 1000, 1500):
        made.counts[f"Which of these invoices have a total over {limit} euros?"] = sum(
            value > limit for value in totals.values()
        )
        made.counts[f"How many of the invoices have a total amount under {limit} euros?"] = sum(
            value < limit for value in totals.values()
        )
    return made


def read_papers(folder: Path, part: str) -> dict[str, MadeSet]:
    """Papers that were written by hand, each in a layout and words of its own, by their sorts.

    Of the parts, the rules were made by `a` and, after they had been measured, by `c` and `d`; `b` was held back.
    """
    papers = [json.loads(line) for line in (folder / "papers.jsonl").read_text("utf-8").splitlines()]
    sorts: dict[str, MadeSet] = {}
    for line in (folder / "questions.jsonl").read_text("utf-8").splitlines():
        asked = json.loads(line)
        own = [one for one in papers if one["set"] == part and one["name"].startswith(f"{asked['folder']}/")]
        made = sorts.setdefault(asked["folder"], MadeSet({one["name"]: one["text"] for one in own}))
        answers = {one["name"]: one["answers"].get(asked["answer"], "") for one in own}
        held = {name: answer for name, answer in answers.items() if answer}
        if asked["answer"] == "paid":
            made.counts[asked["question"]] = len(held)
        else:
            made.questions.append((asked["question"], held))
    return sorts


def _money(draw: random.Random, language: str, value: str) -> str:
    number = f"{float(value):,.2f}"
    if language == "de":
        number = number.replace(",", "_").replace(".", ",").replace("_", ".")
    elif language == "fr":
        number = number.replace(",", " ").replace(".", ",")
    return draw.choice([f"{number} €", f"{number} EUR"] + ([f"€{number}"] if language == "en" else []))


def _day(draw: random.Random, language: str, iso: str) -> str:
    day = datetime.date.fromisoformat(iso)
    months = {
        "en": "January February March April May June July August September October November December",
        "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    }[language].split()
    month = months[day.month - 1]
    worded = {"en": f"{day.day} {month} {day.year}", "de": f"{day.day}. {month} {day.year}"}
    return draw.choice([iso, worded.get(language, f"{day.day} {month} {day.year}"), f"{day:%d.%m.%Y}"])


def _write_invoice(draw: random.Random, language: str, known: dict[str, str], net: float, thing: str) -> list[str]:
    labels = {
        "en": (
            ["Invoice no.", "Invoice number:"],
            ["Date of invoice:", "Issued on"],
            ["Net"],
            ["VAT 20 %", "Tax (VAT)"],
            ["Total amount due:", "Grand total", "Total to pay:"],
            ["Please pay by", "Due date:", "Payment is due on"],
        ),
        "de": (
            ["Rechnungsnummer:", "Rechnung Nr."],
            ["Rechnungsdatum:", "Datum der Rechnung:"],
            ["Netto"],
            ["MwSt. 20 %", "Mehrwertsteuer"],
            ["Gesamtbetrag:", "Rechnungsbetrag gesamt:"],
            ["Fällig am", "Zahlbar bis"],
        ),
        "fr": (
            ["Facture n°", "Numéro de facture :"],
            ["Date de facture :", "Émise le"],
            ["Net HT"],
            ["TVA 20 %", "TVA"],
            ["Montant total :", "Total à payer :"],
            ["Date d'échéance :", "À régler avant le"],
        ),
    }[language]
    number, date, plain, tax, total, due = (draw.choice(one) for one in labels)
    lines = [
        known["firm"],
        f"{number} {known['number']}",
        f"{date} {_day(draw, language, known['date'])}",
        f"1 x {thing}",
        f"{plain} {_money(draw, language, f'{net:.2f}')}",
    ]
    if "tax" in known:
        lines.append(f"{tax}: {_money(draw, language, known['tax'])}")
    lines.append(f"{total} {_money(draw, language, known['total'])}")
    if "due" in known:
        lines.append(f"{due} {_day(draw, language, known['due'])}")
    return lines


def make_minutes(seed: int, count: int = 30) -> MadeSet:
    """Minutes of a society, as prose; some decide nothing on a fee, or name no next meeting."""
    draw, made = random.Random(seed), MadeSet()
    facts: dict[str, dict[str, str]] = {}
    for number in range(count):
        day = datetime.date(2023, 1, 10) + datetime.timedelta(30 * number + draw.randrange(10))
        chair, clerk, treasurer = draw.sample(_PEOPLE.split("|"), 3)
        following = day + datetime.timedelta(28)
        known = {
            "day": day.isoformat(),
            "chair": chair,
            "clerk": clerk,
            "present": str(draw.randrange(6, 29)),
            **({"fee": str(draw.randrange(20, 95))} if draw.random() > 0.3 else {}),
            **({"next": following.isoformat()} if draw.random() > 0.2 else {}),
            **({"cost": f"{draw.randrange(200, 9000)}"} if draw.random() > 0.4 else {}),
        }
        name = f"minutes/meeting-{number:02d}.{draw.choice(['txt', 'md'])}"
        facts[name] = known
        lines = [
            f"# Minutes of the meeting of {_day(draw, 'en', known['day'])}",
            f"The meeting was held in {draw.choice(_PLACES.split('|'))}. {chair} took the chair, "
            f"{clerk} kept the minutes."
            f" {known['present']} members were present.",
        ]
        if "fee" in known:
            lines.append(
                draw.choice(
                    [
                        f"It was decided that the annual fee is {known['fee']} euros from next year on.",
                        f"The yearly membership fee was set at {known['fee']} euros.",
                    ]
                )
            )
        lines.append(f"{treasurer} reported on the garden party and thanked all helpers.")
        if "cost" in known:
            lines.append(f"The repair of the club house will cost {int(known['cost']):,} euros; this was approved.")
        if "next" in known:
            lines.append(f"The next meeting is on {_day(draw, 'en', known['next'])}.")
        made.files[name] = "\n\n".join(lines) + "\n"
    asks = {
        "fee": [
            "How high is the annual fee in each of the minutes?",
            "What membership fee was decided in each meeting?",
            "the yearly fee according to every document",
            "Which annual membership fee do all the minutes name?",
            "What is the fee for members in each document?",
        ],
        "next": [
            "When is the next meeting in each of the minutes?",
            "date of the next meeting in every document",
            "On which date is the following meeting, in each document?",
            "What date has the next meeting in all of the minutes?",
        ],
        "cost": [
            "What does the repair of the club house cost in each of the minutes?",
            "cost of the repair in every document",
            "How much is spent on the repair of the club house, in each document?",
            "What amount was approved for the repair in each of the minutes?",
        ],
        "present": [
            "How many members were present in each meeting?",
            "number of members present in every document",
            "How many members came, in each of the minutes?",
            "How many people were present in each of the minutes?",
        ],
        "day": [
            "What is the date of the meeting in each of the minutes?",
            "On which date was the meeting held, in each document?",
        ],
        "chair": ["Who took the chair in each of the minutes?", "Who was in the chair in every document?"],
        "clerk": ["Who kept the minutes in each document?", "Who kept the minutes in each of the meetings?"],
    }
    for key, questions in asks.items():
        answers = {name: known[key] for name, known in facts.items() if key in known}
        made.questions += [(question, answers) for question in questions]
    fees = [float(known["fee"]) for known in facts.values() if "fee" in known]
    for limit in (30, 50, 70):
        made.counts[f"In how many of the minutes is the annual fee over {limit} euros?"] = sum(
            fee > limit for fee in fees
        )
        made.counts[f"Which of the minutes set an annual fee under {limit} euros?"] = sum(fee < limit for fee in fees)
    made.sums = {f"{asks['fee'][0]}": f"{sum(fees):.2f}"}
    return made
