"""Several models: real servers for the one on this machine and for the cloud, which records all that is sent to it.

The cloud is a host of another name, reached through a proxy as many a network has one; the proxy is the recording
server, so that nothing leaves the test.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.answering.answer import answer
from rag.answering.events import Done, Event, Notice, Private, Rewritten, Routed
from rag.answering.followup import Turn
from rag.chat.routing.guarding import GuardedModel
from rag.chat.routing.others import Named
from rag.chat.routing.router import Inquiry, QuestionRouter
from rag.errors import PrivateTextError
from rag.settings import Settings
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk, Verdict
from tests.endpoint import Exchange, Reply, Requests, model_server, refuse, say

CLOUD = "cloud.example"
HIT = ("boiler.md", "Descale the boiler every 90 days.")
SECRETS = (
    "anna.schmidt@beispiel.de",
    "0151 23456789",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "219-09-9999",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
)
"""One of each kind."""


class Proxy(Exchange):
    """Takes requests as a proxy gets them: with the whole address."""

    def do_GET(self) -> None:
        self.path = urlsplit(self.path).path
        super().do_GET()


@dataclass
class Models:
    settings: Settings
    local: Requests
    cloud: Requests
    hits: Sequence[tuple[str, str]] = (HIT,)
    verdict: Verdict = "yes"
    events: list[Event] = field(default_factory=list)
    _router: tuple[Settings, QuestionRouter] | None = None

    @property
    def sent(self) -> str:
        """All that the cloud got."""
        return json.dumps(self.cloud, ensure_ascii=False)

    def open_router(self) -> QuestionRouter:
        """The models of the settings as they are now, started once."""
        if self._router is None or self._router[0] != self.settings:
            self.close()
            self._router = (self.settings, QuestionRouter(self.settings))
            self._router[1].start()
            self._router[1].settle(60)
        return self._router[1]

    def close(self) -> None:
        if self._router:
            self._router[1].close()

    def ask(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        *,
        insist: bool = False,
        is_private: bool = False,
        router: QuestionRouter | None = None,
    ):
        """The report of the answer."""
        hits = tuple(ScoredChunk(StoredChunk(n, Chunk(*hit[:1], 0, hit[1])), 1.0) for n, hit in enumerate(self.hits))

        async def collect(router: QuestionRouter) -> list[Event]:
            asked = answer(
                question,
                retrieve=lambda text, only=None: Retrieval(text, "hybrid", hits, self.verdict, 0.9),
                router=router,
                settings=self.settings,
                turns=turns,
                insist=insist,
                is_private=is_private,
            )
            return [event async for event in asked]

        self.events = asyncio.run(collect(router or self.open_router()))
        last = self.events[-1]
        assert isinstance(last, Done)
        return last.report


@contextmanager
def serving(local: Reply | None = None, cloud: Reply | None = None, **settings):
    with (
        model_server(local or say("Every 90 days."), ("here",)) as (local_url, local_bodies),
        model_server(cloud or say("Every 90 days, says the cloud."), ("gpt",), handler=Proxy) as (proxy, cloud_bodies),
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("HTTP_PROXY", "http_proxy"):
            patch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        chosen = Settings(base_url=local_url, model="here", cloud_url=f"http://{CLOUD}", cloud_model="gpt")
        with closing(Models(replace(chosen, **settings), local_bodies, cloud_bodies)) as models:
            yield models


@pytest.fixture(params=["cloud-first", "local-first", "task", "local"])
def open_route(request) -> Iterator[Models]:
    """Every route, and each so that a question that isn't private reaches the cloud."""
    match request.param:
        case "cloud-first":
            settings: dict[str, Any] = {"route": "cloud-first"}
        case "local-first":
            settings = {"route": "local-first"}
        case "task":
            settings = {"route": "task", "code_model": f"gpt@http://{CLOUD}", "reasoning_model": f"gpt@http://{CLOUD}"}
        case _:
            settings = {"base_url": f"http://{CLOUD}", "model": "gpt"}
    with serving(local=refuse if request.param == "local-first" else say("Every 90 days."), **settings) as models:
        yield models


def classify_as_code(question: str) -> str:
    return "code"


@pytest.fixture(autouse=True)
def every_question_is_of_code(monkeypatch) -> None:
    made = QuestionRouter.__init__
    monkeypatch.setattr(
        QuestionRouter, "__init__", lambda self, settings: made(self, settings, classify=classify_as_code)
    )


def test_a_question_that_holds_nothing_private_may_go_to_the_cloud(open_route: Models):
    report = open_route.ask("How often is the boiler descaled?")
    assert report.answer.startswith("Every 90 days, says the cloud."), report.failure
    assert (report.model, report.place) == ("gpt", f"at {CLOUD}")
    assert "How often is the boiler descaled?" in open_route.sent
    assert not any(isinstance(event, Private) for event in open_route.events)


@pytest.mark.parametrize("insist", [False, True])
@pytest.mark.parametrize("where", ["question", "passage", "file name", "turn"])
def test_nothing_personal_is_ever_sent(open_route: Models, where: str, insist: bool):
    for secret in SECRETS if not insist else SECRETS[:1]:
        open_route.hits = (
            (f"{secret}.md" if where == "file name" else "a.md", secret if where == "passage" else HIT[1]),
        )
        open_route.verdict = "no" if insist else "yes"
        turns = [Turn(f"How often does {secret} descale the boiler?", "Every 90 days.")] if where == "turn" else []
        question = {"question": f"Whose is {secret}, the boiler's?", "turn": "And why?"}.get(where, "How often?")
        open_route.ask(question, turns, insist=insist)
        assert any(isinstance(event, Private) for event in open_route.events), secret
    assert open_route.cloud == []


def test_nothing_of_a_private_folder_is_ever_sent(open_route: Models):
    open_route.settings = replace(open_route.settings, private_folders="personnel, clients/*/contracts, *.key")
    for source in ("personnel/a.md", "PERSONNEL/deep/b.md", "clients/acme/contracts/c.pdf", "x/y.key"):
        open_route.hits = (HIT, (source, "The boiler is green."))
        open_route.ask("What colour is the boiler?")
    assert open_route.cloud == []
    open_route.hits = (HIT, ("clients/acme/plan.md", "The boiler is green."))
    open_route.ask("What colour is the boiler?")
    assert open_route.cloud != []


@pytest.mark.parametrize("question", ["And why?", "And in winter?"])
def test_a_follow_up_from_something_private_stays_private_whatever_it_says(open_route: Models, question: str):
    """The passages and words of the follow-up itself are harmless."""
    open_route.ask(question, [Turn("How often is the boiler descaled?", "Every 90 days.", is_private=True)])
    assert any(isinstance(event, Rewritten) for event in open_route.events)
    assert open_route.cloud == []


def test_a_question_that_was_made_from_something_private_stays_so_when_the_model_is_asked_anyway(open_route: Models):
    open_route.verdict = "no"
    open_route.ask("And why is the boiler descaled?", insist=True, is_private=True)
    assert open_route.cloud == []


def test_a_question_that_stands_alone_leaves_a_private_conversation_behind(open_route: Models):
    open_route.ask("How often is the boiler descaled?", [Turn("Who is the tenant?", "Ms Hale.", is_private=True)])
    assert "Hale" not in open_route.sent
    assert "boiler" in open_route.sent


def test_a_model_elsewhere_refuses_what_is_private_by_itself(open_route: Models):
    """Even if no plan had kept it from there."""

    async def send(model: GuardedModel) -> None:
        async for _ in model.stream([{"role": "user", "content": f"Call {SECRETS[1]}"}], 10):
            pass

    choices = open_route.open_router().choose(Inquiry("?")).choices
    away = [
        choice.model for choice in choices if choice.place == f"at {CLOUD}" and isinstance(choice.model, GuardedModel)
    ]
    for model in away:
        with pytest.raises(PrivateTextError, match="phone number"):
            asyncio.run(send(model))
    assert away
    assert open_route.cloud == []


def test_cloud_first_asks_the_local_model_what_is_private_and_says_why():
    with serving(route="cloud-first") as models:
        report = models.ask(f"Who is {SECRETS[0]}?")
        assert (report.model, report.place) == ("here", "on this machine")
        assert report.why == report.private == "the question holds an e-mail address"
        assert len(models.local) == 1


def test_cloud_first_asks_the_local_model_when_the_cloud_fails():
    with serving(cloud=refuse, route="cloud-first") as models:
        report = models.ask("How often?")
        assert (report.model, report.place) == ("here", "on this machine")
        assert report.why.startswith(f"gpt at {CLOUD} failed: The model gpt at http://{CLOUD}/v1 refused")


def test_cloud_first_asks_the_local_model_when_the_cloud_is_not_to_be_had():
    with serving(route="cloud-first") as models:
        models.settings = replace(models.settings, cloud_url="http://127.0.0.1:9")
        report = models.ask("How often?")
        assert (report.model, report.place) == ("here", "on this machine")
        assert "failed: Nothing answers at http://127.0.0.1:9" in report.why


def test_local_first_asks_the_local_model():
    with serving(route="local-first") as models:
        report = models.ask("How often?")
        assert (report.model, report.place, report.why) == ("here", "on this machine", "RAG_ROUTE is local-first")
        assert models.cloud == []


def test_local_first_asks_the_cloud_when_the_passages_are_more_than_the_local_model_takes():
    def refuse_length(exchange: Exchange) -> None:
        exchange.send_body('{"error": {"message": "maximum context length is 1000 tokens"}}', status=400)

    with serving(local=refuse_length, route="local-first", private_folders="secret") as models:
        report = models.ask("How often?")
        assert report.place == f"at {CLOUD}"
        models.hits = (("secret/a.md", "Descale it. " * 100),)
        report = models.ask("How often?")  # what is private is shortened instead
        assert len(models.cloud) == 1
        assert any("fewer passages" in event.text for event in models.events if isinstance(event, Notice))


def test_when_all_models_fail_the_quotes_stay_and_it_is_said_why():
    with serving(local=refuse, cloud=refuse, route="local-first") as models:
        report = models.ask("How often?")
        assert (report.model, report.place, report.route) == (None, "", "quotes")
        assert [event.place for event in models.events if isinstance(event, Routed)] == [
            "on this machine",
            f"at {CLOUD}",
        ]
        assert f"http://{CLOUD}/v1 refused" in report.failure


def test_what_is_private_gets_quotes_where_no_model_is_on_this_machine():
    with serving(base_url=f"http://{CLOUD}", model="gpt") as models:
        report = models.ask(f"Who is {SECRETS[0]}?")
        assert report.failure.startswith("The question holds an e-mail address, so only a model on this machine may")
        assert "Descale the boiler" in report.quotes


def test_a_model_that_the_user_names_is_asked_at_known_places_alone_and_guarded_like_all_others():
    with serving(route="local") as models:
        router = models.open_router()
        cloud = Named("gpt", f"http://{CLOUD}")
        assert router.find_named(cloud) is None  # it is in no route, and nobody has entered its address
        router.add_place(cloud.address, "key")
        assert router.list_named() == [Named("here", models.settings.base_url), cloud]
        model = router.find_named(Named("gpt", f"http://{CLOUD}/v1/"))
        assert model
        assert router.find_named(Named("here", models.settings.base_url)) is router.find_model("here")
        alone = router.narrow(model)
        assert models.ask("How often is the boiler descaled?", router=alone).place == f"at {CLOUD}"
        said = len(models.cloud)
        for secret in SECRETS:
            report = models.ask(f"How often does {secret} descale the boiler?", router=alone)
            assert (report.model, len(models.cloud), len(models.local)) == (None, said, 0)
            assert f"gpt at {CLOUD} was not asked" in report.failure
        assert router.stays_here


def test_a_trusted_host_may_read_what_is_private():
    with serving(base_url=f"http://{CLOUD}", model="gpt", trusted_hosts=f"other, {CLOUD.upper()}") as models:
        report = models.ask(f"Who is {SECRETS[0]}?")
        assert report.place == f"at {CLOUD}"
        assert SECRETS[0] in models.sent


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1:1", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:1", True),
        ("http://192.168.1.5:11434", False),
        ("http://10.0.0.1", False),
        ("http://nas.local", False),
        ("http://0.0.0.0:1", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com", False),
        ("https://example.com/localhost", False),
    ],
)
def test_only_a_loopback_address_is_this_machine(url: str, is_here: bool):
    router = QuestionRouter(Settings(base_url=url, model="m"))
    plan = router.choose(Inquiry(f"Who is {SECRETS[0]}?"))
    assert [choice.place for choice in plan.choices] == (["on this machine"] if is_here else [])
    assert ("Nothing leaves this machine" in router.describe_privacy()) == is_here


def test_a_key_goes_to_the_server_that_it_was_given_for():
    with serving(route="task", code_model=f"gpt@http://{CLOUD}", api_key="local-key", cloud_api_key="") as models:
        with closing(QuestionRouter(models.settings)) as router:
            keys = {key: model.router._settings.api_key for key, model in router._models.items()}
        assert keys == {"local": "local-key", "code": "not-required"}
