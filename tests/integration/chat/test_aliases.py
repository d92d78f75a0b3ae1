"""Several models of Foundry Local in one process: by task, side by side, and one in the place of another."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag.chat.foundry import FoundryRuntime, count_tokens
from rag.chat.routing.router import Inquiry, QuestionRouter
from rag.chat.routing.shared_runtime import SharedRuntime
from rag.evaluation.comparing import Asked, compare_models
from rag.settings import Settings
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk
from tests.endpoint import model_server, say
from tests.foundry.environment import lay_out_downloaded, model_id
from tests.foundry.extractive_model import build_extractive_model

GENERAL, CODER = "phi-4-mini", "qwen2.5-coder-7b"
PASSAGE = "Descale the boiler every 90 days."
MESSAGES = [{"role": "user", "content": "Context:\n[1] Descale the boiler every 90 days.\n\nQuestion: Who sang?"}]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, foundry_catalog_url: str) -> Settings:
    """Two models that differ: in what they say where they find nothing."""
    built, folder = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("foundry")
    models = {
        GENERAL: build_extractive_model(built / "general", [PASSAGE]),
        CODER: build_extractive_model(built / "coder", [PASSAGE], refusal="No such code here."),
    }
    lay_out_downloaded(folder, models)
    return Settings(model=GENERAL, foundry_dir=str(folder), foundry_catalog_url=foundry_catalog_url)


@pytest.fixture
def by_task(settings: Settings) -> Iterator[QuestionRouter]:
    named = Settings(
        model=GENERAL,
        route="task",
        code_model=CODER,
        foundry_dir=settings.foundry_dir,
        foundry_catalog_url=settings.foundry_catalog_url,
    )
    with closing(QuestionRouter(named)) as router:
        router.start()
        router.settle(60)
        yield router


def ask(router: QuestionRouter, question: str) -> tuple[str, str]:
    """Which model answers that question first, and what it says."""
    choice = router.choose(Inquiry(question)).choices[0]

    async def collect() -> str:
        return "".join([piece async for piece in choice.model.stream(MESSAGES, 20)])

    return choice.model.state.model_id, asyncio.run(collect())


def is_in_memory(alias: str) -> bool:
    return count_tokens(model_id(alias), MESSAGES) is not None


def test_code_goes_to_one_alias_and_the_rest_to_another_in_the_same_process(by_task: QuestionRouter):
    assert ask(by_task, "Write a Python function that parses the config file.") == (
        model_id(CODER),
        "No such code here.",
    )
    assert ask(by_task, "When does the tram leave?") == (model_id(GENERAL), "The documents don't say.")
    assert is_in_memory(GENERAL)
    assert is_in_memory(CODER)


def test_both_answer_at_once(by_task: QuestionRouter):
    questions = ["Write a Python function that sorts a list.", "When does the tram leave?"] * 2
    answers: list[tuple[str, str]] = []
    threads = [threading.Thread(target=lambda asked=asked: answers.append(ask(by_task, asked))) for asked in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(
        [(model_id(CODER), "No such code here."), (model_id(GENERAL), "The documents don't say.")] * 2
    )


def test_another_model_takes_the_place_of_the_first_whose_memory_is_freed(by_task: QuestionRouter):
    with model_server(say("Elsewhere.")) as (address, _):
        by_task.switch("tiny", address)
        by_task.settle(60)
        assert ask(by_task, "When does the tram leave?") == ("tiny", "Elsewhere.")
        assert not is_in_memory(GENERAL)
        assert is_in_memory(CODER)
        by_task.switch(GENERAL)
        by_task.settle(60)
        assert ask(by_task, "When does the tram leave?")[0] == model_id(GENERAL)
        assert is_in_memory(CODER)


def test_a_model_stays_in_memory_as_long_as_somebody_else_needs_it(settings: Settings):
    shared = SharedRuntime(FoundryRuntime, [GENERAL, CODER])
    folders = (settings.foundry_dir, settings.foundry_catalog_url)
    first, second, other = (shared.lend(*folders) for _ in range(3))
    try:
        for lent, alias in ((first, GENERAL), (second, GENERAL), (other, CODER)):
            lent.open(alias, lambda step, percent: None)
        first.close()
        assert is_in_memory(GENERAL)
        second.close()
        assert not is_in_memory(GENERAL)
        assert is_in_memory(CODER)
    finally:
        for lent in (first, second, other):
            lent.close()
    assert not is_in_memory(CODER)


def test_one_alias_that_is_not_on_the_disk_keeps_no_other_from_answering(settings: Settings):
    named = Settings(
        model=GENERAL,
        route="task",
        code_model="not-downloaded",
        foundry_dir=settings.foundry_dir,
        foundry_catalog_url=settings.foundry_catalog_url,
    )
    with closing(QuestionRouter(named)) as router:
        router.start()
        router.settle(60)
        assert ask(router, "When does the tram leave?")[0] == model_id(GENERAL)
        first = router.choose(Inquiry("Write a Python function that sorts a list.")).choices[0]
        assert first.model.state.kind == "failed"
        assert "no model not-downloaded" in first.model.state.detail


def test_two_aliases_are_compared_on_the_same_passages(settings: Settings, tmp_path: Path):
    hit = ScoredChunk(StoredChunk(1, Chunk("boiler.md", 0, PASSAGE)), 1.0)
    asked = [Asked("How often must the boiler be descaled?", ("90 days",)), Asked("Who sang the song?")]
    report = compare_models(
        asked, [GENERAL, CODER], settings, lambda question, only=None: Retrieval(question, "hybrid", (hit,), "yes", 0.9)
    )
    general, coder = report["models"]
    assert (general["place"], coder["place"]) == ("on this machine", "on this machine")
    assert general["accepted"] == coder["accepted"] == 1.0
    assert general["failed"] == coder["failed"] == 0
    assert general["first_token_ms"] > 0
