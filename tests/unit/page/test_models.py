"""The panel of models without a browser: who may send what where, downloads, a chat's own values."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from page.models import known
from page.models.known import Downloads
from page.models.switching import Wanted, offer_beside, read_wanted, try_wanted, use_wanted
from page.models.tuning import make_tuning_inputs, read_tuning
from rag.chat.routing.others import Named
from rag.chat.routing.router import QuestionRouter
from rag.errors import ModelUnavailableError, QuestionError, SettingsError
from rag.settings import Settings
from tests.endpoint import Exchange, model_server, say

KEY = "sk-of-the-settings"


class Backend:
    """What switching needs of one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.switched: list[tuple[str, ...]] = []
        self.router = SimpleNamespace(local_settings=settings, switch=lambda *to: self.switched.append(to))


def make_backend(**settings: Any) -> Any:
    return Backend(Settings(**settings))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "No model was named"),
        ([], "No model was named"),
        ({"address": "example.org", "model": "m"}, "must start with http:// or https://"),
    ],
)
def test_what_names_no_model_is_said(body: object, sentence: str):
    with pytest.raises(QuestionError, match=sentence):
        read_wanted(body)


def test_the_key_of_the_settings_goes_to_its_own_address_alone():
    keys: list[str] = []

    def answer(exchange: Exchange) -> None:
        keys.append(exchange.headers["authorization"])
        say("Yes.")(exchange)

    with model_server(answer) as (own, _), model_server(answer) as (other, _):
        backend = make_backend(base_url=f"{own}/v1/", api_key=KEY)
        said = try_wanted(Wanted("tiny", own), backend)
        try_wanted(Wanted("tiny", other), backend)
        try_wanted(Wanted("tiny", other, "entered"), backend)
        use_wanted(Wanted("tiny", other, "entered"), backend)
    assert keys == [f"Bearer {KEY}", "Bearer not-required", "Bearer entered", "Bearer entered"]
    assert said.startswith("tiny answers on this machine; one token took ")
    assert backend.switched == [("tiny", other, "entered")]


def test_what_does_not_answer_is_not_switched_to_and_no_setting_is_named():
    backend = make_backend()
    with pytest.raises(ModelUnavailableError) as caught:
        use_wanted(Wanted("tiny", "http://127.0.0.1:9"), backend)
    assert str(caught.value).endswith("Start the server there, or correct the address.")
    with pytest.raises(ModelUnavailableError, match=r"antwortet nichts .* oder korrigieren Sie „Adresse“"):
        use_wanted(Wanted("tiny", "http://127.0.0.1:9"), backend, "de")
    with pytest.raises(ModelUnavailableError, match=r"no-such-model is not on the disk\. Download it first"):
        use_wanted(Wanted("no-such-model"), make_backend(foundry_dir="/nowhere"))
    assert backend.switched == []


def test_where_others_can_use_the_page_nobody_names_another_server():
    with model_server(say("Yes.")) as (own, _):
        backend = make_backend(base_url=own, password="correct horse")
        try_wanted(Wanted("tiny", own), backend)
        for call in (try_wanted, use_wanted):
            with pytest.raises(QuestionError, match="documents go to no other server"):
                call(Wanted("tiny", "http://127.0.0.1:9"), backend)


def test_a_model_is_asked_beside_another_one_if_it_answers_and_is_another():
    with model_server(say("Yes."), models=("tiny", "large")) as (own, _), closing(QuestionRouter(Settings())) as router:
        router.switch("tiny", own)
        router.settle(20)
        backend: Any = SimpleNamespace(settings=Settings(), router=router)
        assert offer_beside(Wanted("large", own), backend) == Named("large", own)
        with pytest.raises(QuestionError, match="tiny answers already"):
            offer_beside(Wanted("tiny", own), backend)
        with pytest.raises(ModelUnavailableError, match="Nothing answers at"):
            offer_beside(Wanted("large", "http://127.0.0.1:9"), backend)
        with pytest.raises(ModelUnavailableError, match="no-such-model is not on the disk"):
            offer_beside(Wanted("no-such-model"), backend)


_DOWNLOADING = """
import sys, time
for percent in (0, 40, 100):
    print(f"Downloading: {percent} %", file=sys.stderr, flush=True)
    if "hang" in sys.argv and percent == 40:
        time.sleep(600)
if "fail" in sys.argv:
    print("a library's own words\\nError: The disk is too full. Free some gigabytes.", file=sys.stderr)
    sys.exit(3)
"""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "make_command", lambda module: [sys.executable, "-c", _DOWNLOADING])


def run_download(model: str) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        downloads = Downloads()
        downloads.begin(Settings(), model)
        assert downloads.latest
        while not downloads.latest.is_over:
            if model == "hang" and downloads.latest.percent == 40:
                with pytest.raises(ModelUnavailableError, match="hang is being downloaded"):
                    downloads.begin(Settings(), "another")
                await downloads.cancel()
            await asyncio.sleep(0.01)
        return downloads.latest.to_dict()

    return asyncio.run(run())


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("model", "percent", "failure"),
    [
        ("fine", 100, ""),
        ("fail", 100, "The disk is too full. Free some gigabytes."),
        ("hang", 40, ""),
    ],
)
def test_a_download_tells_how_far_it_is_and_why_it_ended(model: str, percent: int, failure: str):
    ended = {"isCancelled": model == "hang", "isOver": True}
    assert run_download(model) == {"model": model, "percent": percent, "failure": failure, **ended}


def test_a_chat_has_its_own_values_and_else_the_servers():
    settings = Settings(temperature=0.7, max_tokens=300, top_k=4)
    assert read_tuning(settings, {}) == settings
    chosen = read_tuning(settings, {"temperature": 0, "length": "40", "passages": 2})
    assert (chosen.temperature, chosen.max_tokens, chosen.top_k) == (0.0, 40, 2)
    assert [shown.initial for shown in make_tuning_inputs(settings, {"temperature": 0})] == [0.0, 300, 4]
    assert [shown.initial for shown in make_tuning_inputs(settings, {"length": "long"})] == [0.7, 300, 4]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"length": "long"}, "Length is 'long'; it must be a number."),
        ({"length": 0}, "Length is 0; it must be between 1 and 32768."),
        ({"passages": 99}, "Passages is 99; it must be between 1 and 32."),
        ({"temperature": "nan"}, "Temperature is nan; it must be between 0 and 2."),
    ],
)
def test_a_value_that_cannot_be_is_said(chosen: dict[str, Any], sentence: str):
    with pytest.raises(SettingsError) as caught:
        read_tuning(Settings(), chosen)
    assert str(caught.value) == sentence
