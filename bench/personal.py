"""How much made-up private text is found, how many other numbers are taken for it, and how long it takes.

``python -m bench.personal [FOLDER …]``. The numbers aren't those that the rules were written on: phone numbers of 30
countries as phonenumbers forms them, cards and accounts with their check digits, keys of the usual makers, in
sentences that don't say what they are. A folder's text files tell how many passages of real documents are held back.
"""

from __future__ import annotations

import random
import re
import statistics
import string
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from stdnum import iban, luhn

from rag.chat.routing.personal import find_personal

_CARRIERS = ("Wem gehört {}?", "{}", "Can you check {} for me?", "Qui a écrit {} ?", "¿De quién es {}?", "Di chi è {}?",
             "De quem é {}?", "Van wie is {}?", "{}は誰のですか", "{}是谁的", "In the file: {}.")  # fmt: skip
_REGIONS = "US GB DE AT CH FR BE NL ES PT IT BR MX PL SE NO DK RU TR GR JP KR CN TW IN AU CZ FI IE ZA".split()
_CARDS = (("4", 16), ("51", 16), ("34", 15), ("37", 15), ("2221", 16), ("6011", 16), ("62", 16), ("36", 14), ("35", 16))
_ACCOUNTS = {
    "DE": "370400440532013000", "FR": "20041010050500013M02606", "GB": "NWBK60161331926819", "NL": "ABNA0417164300",
    "ES": "21000418450200051332", "IT": "X0542811101000000123456", "PL": "109010140000071219812874",
    "CH": "00762011623852957", "SE": "50000000058398257466", "PT": "000201231234567890154", "NO": "86011117947",
}  # fmt: skip
_CHUNK = 1000
"""Characters of a passage."""


def make_phones(chance: random.Random) -> Iterator[str]:
    """Valid numbers of each region, as they are written there and abroad."""
    for region in _REGIONS:
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
            example = phonenumbers.example_number_for_type(region, kind)
            assert example is not None, region
            for _ in range(8):
                example.national_number = int(str(example.national_number)[:-4] + _draw(chance, string.digits, 4))
                if phonenumbers.is_valid_number(example):
                    for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL):
                        yield phonenumbers.format_number(example, form)


def _draw(chance: random.Random, signs: str, count: int) -> str:
    return "".join(chance.choice(signs) for _ in range(count))


def make_personal(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Kinds and texts."""
    draw = partial(_draw, chance)
    yield from (("phone number", text) for text in make_phones(chance))
    for start, length in _CARDS * 20:
        digits = start + draw(string.digits, length - len(start) - 1)
        digits += luhn.calc_check_digit(digits)
        sign = chance.choice(("", " ", "-"))
        yield "card number", sign.join(re.findall(".{1,4}", digits)) if sign else digits
    for country, account in _ACCOUNTS.items():
        whole = country + iban.calc_check_digits(f"{country}00{account}") + account
        yield from (("bank account", text) for text in (whole, " ".join(re.findall(".{1,4}", whole)), whole.lower()))
    letters, both = string.ascii_letters, string.ascii_letters + string.digits
    for _ in range(20):
        for key in (
            "AKIA" + draw(string.ascii_uppercase + "234567", 16), "ghp_" + draw(both, 36), "sk-" + draw(both, 48),
            "sk-ant-api03-" + draw(both + "-_", 80), "hf_" + draw(letters, 34), "AIza" + draw(both + "-_", 35),
            "sk_live_" + draw(both, 24), "glpat-" + draw(both, 20), "npm_" + draw(both, 36), draw(both + "/+", 40),
            f"{draw(string.digits, 9)}:AA{draw(both, 33)}", f"mongodb+srv://bob:{draw(both, 9)}@c.example.net/x",
            f"api_key={draw('abcdef' + string.digits, 32)}", f'password = "{draw(letters, 9)}"',
            f"Passwort: {draw(both, 9)}", f"client_secret: {draw(both + '~-', 34)}",
        ):  # fmt: skip
            yield "key or password", key


def make_harmless(chance: random.Random) -> Iterator[str]:
    """Orders, dates, prices, parts, books and plain numbers."""
    starts = ("order ", "Rechnung ", "", "ref ", "Bestellnummer: ", "part no. ", "in ", "commande n° ")

    def draw(count: int) -> str:
        return "".join(chance.choice(string.digits) for _ in range(count))

    for _ in range(2000):
        letters = "".join(chance.choice(string.ascii_uppercase) for _ in range(3))
        year, day, month = chance.randint(1990, 2030), chance.randint(1, 28), chance.randint(1, 12)
        yield chance.choice(starts) + chance.choice(
            (f"{year}-{draw(5)}", f"{draw(3)}-{draw(4)}-{draw(2)}", f"{day:02d}.{month:02d}.{year}", f"${draw(4)}.99",
             f"{chance.randint(1, 999)}.{draw(3)},{draw(2)} €", draw(7), draw(9), draw(10), draw(12),
             f"{letters[:2]}-{draw(6)}", f"{letters}{draw(5)}{letters[0]}", f"{year}/{draw(2)}", f"{draw(4)}-{draw(4)}",
             f"v{chance.randint(1, 20)}.{draw(1)}.{draw(4)}", f"ISBN 978-3-{draw(2)}-{draw(6)}-{draw(1)}")
        )  # fmt: skip


def main() -> None:
    chance = random.Random(7)
    made, found = Counter[str](), Counter[str]()
    for kind, text in make_personal(chance):
        made[kind] += 1
        found[kind] += find_personal(chance.choice(_CARRIERS).format(text)) is not None
    for kind, count in made.items():
        print(f"{kind}: {found[kind]} of {count}, recall {found[kind] / count:.3f}")
    print(f"all: recall {found.total() / made.total():.3f}")
    harmless = list(make_harmless(chance))
    print(f"other numbers taken for private: {sum(map(bool, map(find_personal, harmless)))} of {len(harmless)}")
    for folder in sys.argv[1:]:
        _measure_documents(Path(folder))


def _measure_documents(folder: Path) -> None:
    texts = [path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*")) if path.suffix in (".md", ".txt")]
    passages = [text[start : start + _CHUNK] for text in texts for start in range(0, len(text), _CHUNK)]
    kinds, times = Counter[str](), []
    for passage in passages:
        began = time.thread_time()
        kinds[find_personal(passage) or "none"] += 1
        times.append((time.thread_time() - began) * 1e3)
    print(f"{folder}: {len(passages)} passages of {_CHUNK} characters, {dict(kinds)}")
    if times:
        slow = sorted(times)[int(len(times) * 0.95)]
        print(f"milliseconds for a passage: p50 {statistics.median(times):.2f}, p95 {slow:.2f}")


if __name__ == "__main__":
    main()
