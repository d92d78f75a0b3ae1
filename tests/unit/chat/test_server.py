from __future__ import annotations

import httpx2 as httpx  # what openai is made with
import openai
import pytest

from rag.chat.probing import pick_model, probe
from rag.chat.server import ModelMissingError, ServerError, describe_place, is_loopback, translate_errors
from rag.errors import ModelUnavailableError, PromptTooLongError
from rag.types import Endpoint

URL = "http://127.0.0.1:9/v1"
REQUEST = httpx.Request("POST", f"{URL}/chat/completions")


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def refused(status: int, message: str) -> openai.APIStatusError:
    return openai.APIStatusError(message, response=httpx.Response(status, request=REQUEST), body=None)


def translate(error: Exception) -> ModelUnavailableError:
    with pytest.raises(ModelUnavailableError) as caught, translate_errors(Endpoint(URL, "key", "tiny")):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "sentences"),
    [
        (
            caused_by(openai.APITimeoutError(REQUEST), httpx.ConnectTimeout("slow")),
            f"{URL} did not accept a connection within 5 seconds. "
            "Check that the server runs and that no firewall is in the way.",
        ),
        (
            caused_by(openai.APIConnectionError(request=REQUEST), httpx.ConnectError("[Errno 111] {refused}")),
            f"Nothing answers at {URL} ({{refused}}). Start the server there, or correct BASE_URL.",
        ),
        (
            caused_by(openai.APIConnectionError(request=REQUEST), httpx.ReadError("reset")),
            f"The connection to {URL} broke in the middle of the answer. "
            "See that the server still runs, then ask again.",
        ),
        (ValueError("no JSON {"), f"{URL} sent something that is no answer (no JSON {{)."),
        (refused(401, "bad key"), f"{URL} does not accept the key. Set API_KEY."),
        (
            refused(403, "no such region"),
            f"{URL} does not accept the key (no such region). Set API_KEY, or MODEL to one that it may use.",
        ),
        (refused(400, "Model is Not Loaded"), f"The model tiny is not loaded at {URL}. Load it there."),
        (refused(404, "model not loaded"), f"The model tiny is not loaded at {URL}. Load it there."),
        (refused(500, "out  of\nmemory."), f"The model tiny at {URL} refused: out of memory."),
        (openai.APIError("out of memory", REQUEST, body=None), f"The model tiny at {URL} refused: out of memory."),
        (ServerError("{broken}"), f"The model tiny at {URL} refused: {{broken}}."),
    ],
)
def test_every_error_is_told_in_its_own_sentences(error: Exception, sentences: str):
    assert str(translate(error)) == sentences


def test_a_model_that_is_missing_can_be_told_from_other_refusals():
    error = translate(refused(404, "no such model"))
    assert isinstance(error, ModelMissingError)
    assert str(error) == f"{URL} has no model tiny."


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.", 4096),
        ("the request exceeds the available context size. n_ctx: 2048", 2048),
        ("prompt is too long: 300 tokens", None),
        ("Too many tokens in the prompt", None),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_prompt_that_is_too_long_comes_before_any_status(message: str, limit: int | None, status: int):
    error = translate(refused(status, message))
    assert isinstance(error, PromptTooLongError)
    assert error.context_length == limit


def test_our_own_errors_and_unknown_ones_stay_what_they_are():
    for error in (ModelUnavailableError("Ours."), RuntimeError("unknown")):
        with pytest.raises(type(error)) as caught, translate_errors(Endpoint(URL, "key", "tiny")):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[::1", "http://host:0"])
def test_an_address_that_is_none_is_named(url: str):
    with pytest.raises(ModelUnavailableError) as caught:
        probe(f" {url}/ ", "", "tiny")
    assert str(caught.value) == f"BASE_URL is {url.rstrip('/')!r}, which is no address of a server. Correct it."


@pytest.mark.parametrize(
    ("model", "offered", "picked"),
    [
        ("phi-4-mini", ["qwen:1", "phi-4-mini"], "phi-4-mini"),
        ("phi-4-mini", ["phi-4-mini-instruct-generic-cpu:5", "qwen:1"], "phi-4-mini-instruct-generic-cpu:5"),
        ("phi-4-mini", ["phi-4-mini-cpu:9", "phi-4-mini-cpu:12"], "phi-4-mini-cpu:12"),
        ("Phi4-mini", ["phi4-mini:latest"], "phi4-mini:latest"),
        ("phi-4", ["phi-40:1", "my-phi-4:1"], None),
        (
            "phi-4-mini",
            ["Phi-4-mini-reasoning-cuda-gpu:7", "Phi-4-mini-instruct-generic-cpu:5"],
            "Phi-4-mini-instruct-generic-cpu:5",
        ),
        ("phi-4-mini", [], None),
    ],
)
def test_the_model_is_picked_by_name_then_as_an_alias(model: str, offered: list[str], picked: str | None):
    assert pick_model(model, offered) == picked


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://[::1]:80/v1", "on this machine"),
        ("https://models.example.org/v1", "at models.example.org"),
        ("http://192.168.0.7:8080", "at 192.168.0.7"),
    ],
)
def test_it_is_told_where_a_model_runs(url: str, place: str):
    assert describe_place(url) == place


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:80", True),
        ("https://example.org", False),
        ("http://[::1", False),
        ("http://localhost.example.org", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, local: bool):
    assert is_loopback(url) == local
