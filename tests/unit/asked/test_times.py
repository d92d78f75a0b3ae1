from __future__ import annotations

import datetime

import pytest

from rag.asked.times import find_time

TODAY = datetime.date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "language", "since"),
    [
        ("what is new since Monday", "en", "2026-11-23"),
        ("what is new since Friday", "en", "2026-11-20"),
        ("files of the last 3 days", "en", "2026-11-22"),
        ("new since December", "en", "2025-12-01"),
        ("changed last month", "en", "2026-10-01"),
        ("seit gestern", "de", "2026-11-24"),
        ("seit dem 1. Mai", "de", "2026-05-01"),
        ("depuis cette semaine", "fr", "2026-11-23"),
        ("desde el 3 de marzo de 2025", "es", "2025-03-03"),
        ("i de sidste 2 uger", "da", "2026-11-11"),
        ("с понедельника", "ru", "2026-11-23"),
        ("先週から", "ja", "2026-11-16"),
        ("11월 3일 이후", "ko", "2026-11-03"),
        ("最近3天", "zh", "2026-11-22"),
    ],
)
def test_a_time_is_reckoned_from_today(text, language, since):
    found = find_time(text, language, TODAY)
    assert found
    assert found.since == since


def test_a_day_that_there_is_not_is_no_time():
    assert find_time("since 2026-02-31", "en", TODAY) is None
