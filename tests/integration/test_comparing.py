"""Two model servers that differ, compared on the same questions and passages."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.evaluation.comparing import Asked, compare_models, format_table, read_questions
from rag.evaluation.comparison_page import make_page
from rag.settings import Settings
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk
from tests.endpoint import Exchange, model_server, refuse, say

HIT = ScoredChunk(StoredChunk(1, Chunk("boiler.md", 0, "Descale the boiler every 90 days.")), 1.0)
QUESTIONS = [Asked("How often is the boiler descaled?", ("90 days",)), Asked("What is done with the <boiler>?")]


def find(question: str, *, only=None) -> Retrieval:
    return Retrieval(question, "hybrid", (HIT,), "no", 0.1)


def test_models_are_asked_the_same_and_measured_side_by_side():
    right, wrong = say("Descale the boiler every 90 days."), say("Descale the boiler every 12 weeks, says Mr Brown.")
    with (
        model_server(right, ("good",)) as (here, asked),
        model_server(wrong, ("bad",)) as (there, also),
        model_server(refuse, ("broken",)) as (last, _),
    ):
        models = ["good", f"bad@{there}", f"broken@{last}"]
        report = compare_models(QUESTIONS, models, Settings(base_url=here), find)
    assert [body["messages"] for body in asked] == [body["messages"] for body in also]
    good, bad, broken = report["models"]
    assert (good["supported"], good["accepted"], good["failed"], good["place"]) == (1.0, 1.0, 0, "on this machine")
    assert (bad["supported"], bad["accepted"], bad["failed"]) == (0.0, 0.0, 0)
    assert (broken["answered"], broken["failed"], broken["first_token_ms"], broken["accepted"]) == (0, 2, None, None)
    assert "out of order" in broken["failure"]
    assert good["words"] < bad["words"]
    assert good["first_token_ms"] > 0
    assert good["memory_mb"] > 10
    table = format_table(report).splitlines()
    assert len(table) == 4
    assert table[0].split()[0] == "model"
    page = make_page(report)
    assert page.count("<svg") == 1
    assert not re.search(r"(?:src|href)=\"(?!#)|@import|url\((?!#)", page)
    assert "&lt;boiler&gt;" in page
    assert "<boiler>" not in page


def test_what_a_model_takes_to_wake_up_is_not_measured():
    woken: list[Exchange] = []

    def wake_up_first(exchange: Exchange) -> None:
        if not woken:
            woken.append(exchange)
            time.sleep(1.5)
        say("Descale the boiler every 90 days.")(exchange)

    with model_server(wake_up_first) as (here, asked), model_server(say("90 days.")) as (there, _):
        models = ["tiny", f"tiny@{there}"]
        first, _ = compare_models(QUESTIONS, models, Settings(base_url=here), find)["models"]
    assert len(asked) == len(QUESTIONS) + 1
    assert first["first_token_ms"] < 700


def test_questions_are_lines_or_objects(tmp_path: Path):
    path = tmp_path / "questions.txt"
    path.write_text('How?\n\n{"question": "Why?", "answers": ["so"]}\n', "utf-8")
    assert read_questions(path) == [Asked("How?"), Asked("Why?", ("so",))]


@pytest.mark.parametrize("text", ["", "\n", '{"answers": []}', '{"question": '])
def test_a_file_that_holds_no_questions_is_an_error_that_says_so(tmp_path: Path, text: str):
    path = tmp_path / "questions.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"questions\.txt"):
        read_questions(path)
