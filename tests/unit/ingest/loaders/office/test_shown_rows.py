"""Rows of formatted cells: those that are told at once read as those that are looked at cell by cell."""

from __future__ import annotations

import io
import random
import re
import zipfile
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest

from ingest.loaders.formats import read
from ingest.loaders.office.number_formats import read_format
from ingest.loaders.reading import ReadOptions
from tests import files

CODES = [
    "0.0%", "0.00 %", "00000", '#,##0.00 "kg"', "#,##0;[Red]-#,##0", "0.00E+00", "# ?/?", "0.0#", "yyyy-mm-dd",
    "d mmm yyyy hh:mm", "h:mm AM/PM", "hh:mm:ss", "mm:ss.0", "[h]:mm", "[mm]:ss", "dddd", '"Nr. "@',
    '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-',
]  # fmt: skip


def _read(data: bytes) -> str:
    return "\n".join(page.text for page in read("a.xlsx", data, ReadOptions())[1].pages)


def _prefix_tags(data: bytes) -> bytes:
    """The same workbook with a prefix before all of its sheet's tags: no row of it can be told at once."""
    source = zipfile.ZipFile(io.BytesIO(data))
    members = {name: source.read(name) for name in source.namelist()}
    for name in members:
        if "worksheets/" in name:
            text = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", members[name])
            members[name] = text.replace(b"xmlns=", b"xmlns:x=")
    return files.zipped(members)


def _make_value(chance: random.Random) -> float:
    """A number, a day, a moment at or beside half a second, a day that never was, or a time alone."""
    second = chance.randrange(86_400) + chance.choice([0, 0.25, 0.4996, 0.5, 0.5004, chance.random()])
    day = chance.choice([0, 1, 59, 60, 61, chance.randrange(20_000, 60_000)])
    number = chance.choice([chance.uniform(-1, 1) * 10 ** chance.randrange(8), chance.randrange(-500, 500) / 8])
    return float(chance.choice([number, day, day + second / 86_400]))


@pytest.mark.parametrize("seed", range(3))
def test_rows_told_at_once_read_as_cell_by_cell(seed):
    chance = random.Random(seed)
    table = [chance.choice(CODES) for _ in range(8)]
    rows: list[list[files.SheetCell]] = [["head"] * 8]
    for number in range(150):
        codes = table if number % 5 else chance.sample(CODES, 8)
        row: list[files.SheetCell] = [(_make_value(chance), code) for code in codes]
        others: list[files.SheetCell] = ["", "a text", ("a text", '"Nr. "@'), 2.5]
        row[chance.randrange(8)] = chance.choice(others)
        rows.append(row[: chance.choice([8, 8, 3])])
    data = files.xlsx({"S": rows})
    assert _read(data) == _read(_prefix_tags(data))


def test_numbers_are_rounded_as_decimals():
    chance = random.Random(7)
    exact = Context(prec=400, rounding=ROUND_HALF_UP)
    for _ in range(3_000):
        decimals = chance.randrange(4)
        value = chance.choice(
            [chance.random() * 10 ** chance.randrange(9), (chance.randrange(10**6) * 10 + 5) / 10 ** (decimals + 1)]
        )
        code = "0." + "0" * decimals if decimals else "0"
        rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), context=exact)
        assert read_format(code).show(value) == f"{rounded:f}", (code, value)
